/*
 * Reading ELF without believing it.
 *
 * pread() instead of mmap(): a file that is cut short under a mapping kills the
 * reader with SIGBUS.
 */
#include "lib/base/elfview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int pread_all(int fd, uint64_t off, uint8_t *out, size_t n)
{
	ssize_t done;

	while (n > 0) {
		done = pread(fd, out, n, (off_t)off);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			return -ENODATA;
		out += done;
		off += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

int elfview_read(const struct elfview *v, uint64_t off, void *out, size_t n)
{
	if (off > v->size || n > v->size - off)
		return -ENODATA;
	if (v->fd >= 0)
		return pread_all(v->fd, off, out, n);
	memcpy(out, v->image + off, n);
	return 0;
}

/* Headers are ENTSIZE apart in the file and at least as big as we know them. */
static int read_header(const struct elfview *v, uint64_t table,
		       uint32_t entsize, uint32_t i, void *out, size_t n)
{
	uint64_t off;

	if (!table || entsize < n)
		return -ENODATA;
	if (__builtin_add_overflow(table, (uint64_t)i * entsize, &off))
		return -ENODATA;
	return elfview_read(v, off, out, n);
}

int elfview_phdr(const struct elfview *v, uint32_t i, Elf64_Phdr *out)
{
	return i < v->phnum ?
	       read_header(v, v->ehdr.e_phoff, v->ehdr.e_phentsize, i, out,
			   sizeof(*out)) : -ENODATA;
}

int elfview_shdr(const struct elfview *v, uint32_t i, Elf64_Shdr *out)
{
	return i < v->shnum ?
	       read_header(v, v->ehdr.e_shoff, v->ehdr.e_shentsize, i, out,
			   sizeof(*out)) : -ENODATA;
}

/* Counts that do not fit the ELF header are in section 0. */
static void read_counts(struct elfview *v)
{
	Elf64_Shdr zero;

	v->phnum = v->ehdr.e_phnum;
	v->shnum = v->ehdr.e_shnum ? v->ehdr.e_shnum : 1;
	if (elfview_shdr(v, 0, &zero) < 0) {
		v->shnum = 0;
		return;
	}
	if (!v->ehdr.e_shnum)
		v->shnum = zero.sh_size < UINT32_MAX ?
			   (uint32_t)zero.sh_size : 0;
	if (v->phnum == PN_XNUM)
		v->phnum = zero.sh_info;
}

static int read_ehdr(struct elfview *v)
{
	int rc = elfview_read(v, 0, &v->ehdr, sizeof(v->ehdr));

	if (rc < 0)
		return rc == -ENODATA ? -ENOEXEC : rc;
	if (memcmp(v->ehdr.e_ident, ELFMAG, SELFMAG) ||
	    v->ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    v->ehdr.e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	read_counts(v);
	return 0;
}

int elfview_file(struct elfview *v, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	*v = (struct elfview){ .fd = fd, .size = (uint64_t)st.st_size };
	return read_ehdr(v);
}

int elfview_image(struct elfview *v, const void *image, uint64_t size)
{
	*v = (struct elfview){ .fd = -1, .image = image, .size = size };
	return read_ehdr(v);
}

int elfview_load(const struct elfview *v, uint64_t off, uint64_t n,
		 uint64_t cap, uint8_t **out)
{
	uint8_t *bytes;
	int rc;

	if (off > v->size || n > v->size - off)
		return -ENODATA;
	if (n > cap)
		return -EFBIG;
	bytes = malloc(n + 2);
	if (!bytes)
		return -ENOMEM;
	rc = elfview_read(v, off, bytes, n);
	if (rc < 0) {
		free(bytes);
		return rc;
	}
	bytes[n] = bytes[n + 1] = '\0';
	*out = bytes;
	return 0;
}
