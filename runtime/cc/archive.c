/*
 * ar, the GNU form: "/" is the symbol table (big-endian member offsets, then
 * names), "//" the long names, then the members, each at an even offset.
 * No times, no owners: the same input gives the same bytes.
 */

#include "runtime/cc/archive.h"

#include <stdio.h>
#include <string.h>

#include "runtime/cc/mem.h"

static void add_header(struct bytes *b, const char *name, size_t bytes)
{
	char h[61];

	snprintf(h, sizeof(h), "%-16.16s%-12u%-6u%-6u%-8o%-10zu`\n",
		 name, 0, 0, 0, 0644, bytes);
	bytes_add(b, h, 60);
}

void archive_symbol(struct archive *a, const char *symbol)
{
	bytes_be32(&a->offsets, (uint32_t)a->body.n);
	bytes_str(&a->symbols, symbol);
	a->n_symbols++;
}

void archive_add(struct archive *a, const char *name,
		 const struct bytes *member)
{
	char at[32];

	snprintf(at, sizeof(at), "/%zu", a->long_names.n);
	bytes_add(&a->long_names, name, strlen(name));
	bytes_add(&a->long_names, "/\n", 2);
	add_header(&a->body, at, member->n);
	bytes_add(&a->body, member->p, member->n);
	bytes_pad(&a->body, 2, '\n');
}

void archive_write(struct archive *a, const char *path)
{
	struct bytes out = { 0 };
	uint32_t off, shift, i;
	size_t table;

	bytes_pad(&a->symbols, 2, 0);
	bytes_pad(&a->long_names, 2, '\n');
	table = 4 + a->offsets.n + a->symbols.n;
	shift = (uint32_t)(8 + 60 + table + 60 + a->long_names.n);
	bytes_add(&out, "!<arch>\n", 8);
	add_header(&out, "/", table);
	bytes_be32(&out, a->n_symbols);
	for (i = 0; i < a->n_symbols; i++) {
		memcpy(&off, a->offsets.p + 4 * i, 4);
		bytes_be32(&out, __builtin_bswap32(off) + shift);
	}
	bytes_add(&out, a->symbols.p, a->symbols.n);
	add_header(&out, "//", a->long_names.n);
	bytes_add(&out, a->long_names.p, a->long_names.n);
	bytes_add(&out, a->body.p, a->body.n);
	file_write(path, out.p, out.n);
}
