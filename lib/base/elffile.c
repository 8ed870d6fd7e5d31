/*
 * A file is either a descriptor or bytes in memory; everything above sees
 * elffile_read() only, where the one check against the size is.
 */
#include "lib/base/elffile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"

int elffile_read(const struct elffile *f, uint64_t off, void *out, size_t n)
{
	char *to = out;

	if (off > f->size || n > f->size - off)
		return -EINVAL;
	if (f->image) {
		memcpy(out, f->image + off, n);
		return 0;
	}
	while (n > 0) {
		ssize_t got = pread(f->fd, to, n, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EINVAL;
		to += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static bool is_kind(const Elf64_Ehdr *h, bool core)
{
	if (core)
		return h->e_type == ET_CORE;
	return h->e_type == ET_EXEC || h->e_type == ET_DYN;
}

static bool is_ours(const Elf64_Ehdr *h, bool core)
{
	return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 &&
	       h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_ident[EI_DATA] == ELFDATA2LSB &&
	       h->e_machine == EM_X86_64 &&
	       is_kind(h, core) &&
	       (h->e_phnum == 0 || h->e_phentsize == sizeof(Elf64_Phdr)) &&
	       (h->e_shoff == 0 || h->e_shentsize == sizeof(Elf64_Shdr));
}

static int read_at(const struct elffile *f, uint64_t table, uint32_t i,
		   void *out, size_t n)
{
	uint64_t off;

	if (__builtin_add_overflow(table, (uint64_t)i * n, &off))
		return -EINVAL;
	return elffile_read(f, off, out, n);
}

int elffile_segment(const struct elffile *f, uint32_t i, Elf64_Phdr *out)
{
	if (i >= f->segments)
		return -EINVAL;
	return read_at(f, f->header.e_phoff, i, out, sizeof(*out));
}

int elffile_section(const struct elffile *f, uint32_t i, Elf64_Shdr *out)
{
	if (i >= f->sections)
		return -EINVAL;
	return read_at(f, f->header.e_shoff, i, out, sizeof(*out));
}

/* Where the count does not fit the header, the first section has it. */
static int count_sections(struct elffile *f)
{
	uint64_t n = f->header.e_shnum;
	Elf64_Shdr first;
	int rc;

	if (f->header.e_shoff == 0)
		return 0;
	if (n == 0) {
		f->sections = 1;
		rc = elffile_section(f, 0, &first);
		f->sections = 0;
		if (rc < 0)
			return rc;
		n = first.sh_size;
	}
	if (n > ELFFILE_SECTIONS_MAX)
		return -EFBIG;
	f->sections = (uint32_t)n;
	return 0;
}

/* The same for segments. */
static int count_segments(struct elffile *f)
{
	Elf64_Shdr first;
	int rc;

	f->segments = f->header.e_phnum;
	if (f->segments != PN_XNUM)
		return 0;
	rc = elffile_section(f, 0, &first);
	if (rc < 0)
		return rc;
	if (first.sh_info > ELFFILE_SEGMENTS_MAX)
		return -EFBIG;
	f->segments = first.sh_info;
	return 0;
}

static int read_header(struct elffile *f, bool core, struct err *e)
{
	int rc = elffile_read(f, 0, &f->header, sizeof(f->header));

	if (rc < 0 && rc != -EINVAL)
		return err_set(e, rc, "%s", f->name);
	if (rc < 0 || !is_ours(&f->header, core))
		return err_say(e, -EINVAL, "%s: no x86-64 %s", f->name,
			       core ? "core file" : "program or library");
	rc = count_sections(f);
	if (rc < 0)
		return err_say(e, rc, "%s: bad section headers", f->name);
	rc = count_segments(f);
	if (rc < 0)
		return err_say(e, rc, "%s: its segments cannot be counted",
			       f->name);
	return 0;
}

static int open_image(struct elffile *f, const void *image, uint64_t size,
		      bool core, struct err *e)
{
	*f = (struct elffile){ .fd = -1, .image = image, .size = size,
			       .name = "image" };
	return read_header(f, core, e);
}

int elffile_open_image(struct elffile *f, const void *image, uint64_t size,
		       struct err *e)
{
	return open_image(f, image, size, false, e);
}

int elffile_open_core_image(struct elffile *f, const void *image,
			    uint64_t size, struct err *e)
{
	return open_image(f, image, size, true, e);
}

static int open_path(struct elffile *f, const char *path, bool core,
		     struct err *e)
{
	struct stat st;
	int rc;

	*f = (struct elffile){ .name = path };
	/* A fifo must not block, a terminal not become ours. */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd < 0)
		return err_set(e, -errno, "%s", path);
	if (fstat(f->fd, &st) < 0)
		rc = err_set(e, -errno, "%s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_say(e, -EINVAL, "%s: not a regular file", path);
	else {
		f->size = (uint64_t)st.st_size;
		rc = read_header(f, core, e);
	}
	if (rc < 0)
		elffile_close(f);
	return rc;
}

int elffile_open(struct elffile *f, const char *path, struct err *e)
{
	return open_path(f, path, false, e);
}

int elffile_open_core(struct elffile *f, const char *path, struct err *e)
{
	return open_path(f, path, true, e);
}

void elffile_close(struct elffile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
