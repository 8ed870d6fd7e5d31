/*
 * 32 bytes that begin with a magic at a multiple of 16, in a section of their
 * own in the data segment:
 *
 *      0  "\xff Go buildinf:"
 *      14 bytes of a pointer
 *      15 flags: 1 big endian, 2 strings follow inline (Go 1.18)
 *      16 without flag 2: pointers to two Go strings, of which the first is
 *         the version
 *      32 with flag 2: a varint, so many bytes of version, and so on
 */
#include "lib/target/go/buildinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER_BYTES = 32,
	MAGIC_BYTES = 14,
	VERSION_BYTES_MAX = 1024,
};

static const char magic[MAGIC_BYTES + 1] = "\xff Go buildinf:";

struct search {
	uint64_t address;       /* 0: not found */
};

/* The magic begins a multiple of 16, and so a word. */
static bool see(void *ctx, uint64_t address, const uint64_t *words, size_t n)
{
	struct search *s = ctx;

	for (size_t i = address % 16 ? 1 : 0; i + 2 <= n; i += 2) {
		if (memcmp(&words[i], magic, MAGIC_BYTES))
			continue;
		s->address = address + i * 8;
		return true;
	}
	return false;
}

/* 0 when there is none. */
static uint64_t find(const struct image *im)
{
	struct search s = { 0 };
	struct image_part part;

	if (image_section(im, ".go.buildinfo", &part) &&
	    image_scan(im, &part, see, &s))
		return s.address;
	for (size_t i = 0; i < im->count; i++) {
		part = im->segments[i];
		part.bytes = part.file_bytes;
		if (part.flags & PF_W && image_scan(im, &part, see, &s))
			return s.address;
	}
	return 0;
}

static int read_inline(struct space *s, uint64_t address, char *out,
		       size_t max)
{
	uint8_t b[2];
	size_t n;
	int rc = space_read(s, address, b, 2);

	if (rc < 0)
		return rc;
	/* Two bytes of a varint tell lengths of up to 16383. */
	n = b[0] & 0x7f;
	address++;
	if (b[0] & 0x80) {
		n |= (size_t)b[1] << 7;
		address++;
	}
	if (!n || n > VERSION_BYTES_MAX)
		return -EFAULT;
	n = n < max ? n : max - 1;
	out[n] = '\0';
	return space_read(s, address, out, (uint32_t)n);
}

static int read_version(struct space *s, uint64_t address, char *out,
			size_t max)
{
	uint8_t header[HEADER_BYTES];
	uint64_t pointer;
	int rc = space_read(s, address, header, sizeof(header));

	out[0] = '\0';
	if (rc < 0)
		return rc;
	if (header[15] & 2)
		return read_inline(s, address + HEADER_BYTES, out, max);
	memcpy(&pointer, header + 16, 8);
	rc = space_read_string(s, pointer, out, max);
	return rc == -E2BIG ? 0 : rc;
}

/* Whether the program needs a shared library whose name begins with NAME. */
static bool needs(const struct image *im, const char *name)
{
	char strings[65536];
	struct image_part part;
	size_t n;

	if (!image_section(im, ".dynstr", &part))
		return false;
	n = part.file_bytes < sizeof(strings) ? part.file_bytes :
	    sizeof(strings);
	return elffile_read(&im->file, part.offset, strings, n) == 0 &&
	       memmem(strings, n, name, strlen(name));
}

/* Programs in Go that Go's own compiler did not make. */
static int other_compiler(const struct image *im, struct err *e)
{
	static const char *const made_by[] = { "gccgo", "TinyGo", "TinyGo" };
	struct image_symbol functions[] = {
		{ .name = "__go_go" }, { .name = "tinygo_startTask" },
		{ .name = "tinygo_scanCurrentStack" },
	};
	const char *by = needs(im, "libgo.so.") ? made_by[0] : NULL;

	image_symbols(im, STT_FUNC, functions, 3);
	for (size_t i = 0; i < 3 && !by; i++)
		if (functions[i].address)
			by = made_by[i];
	if (by)
		return err_say(e, -ENOTSUP, "%s: built by %s: only programs "
			       "of the Go toolchain can be read",
			       im->space->name, by);
	return err_say(e, -ENOENT, "%s: no Go program", im->space->name);
}

int go_buildinfo(const struct image *im, char *out, size_t max, struct err *e)
{
	uint64_t address = find(im);
	int rc;

	out[0] = '\0';
	if (!address)
		return other_compiler(im, e);
	rc = read_version(im->space, address, out, max);
	if (rc == -EFAULT || (rc == 0 && go_version_minor(out) < 0))
		return err_say(e, -ENOTSUP, "%s: a Go program, but its version "
			       "cannot be read", im->space->name);
	return rc < 0 ? err_set(e, rc, "%s", im->space->name) : 0;
}

int go_version_minor(const char *version)
{
	const char *s = strstr(version, "go1.");
	int minor;

	if (!s || s[4] < '0' || s[4] > '9')
		return -1;
	minor = atoi(s + 4);
	return minor < 1000 ? minor : -1;
}

int go_version_patch(const char *version)
{
	const char *s = strstr(version, "go1.");
	int patch;

	s = s ? s + 4 + strspn(s + 4, "0123456789") : "";
	patch = *s == '.' ? atoi(s + 1) : 0;
	return patch > 0 && patch < 1000 ? patch : 0;
}
