/*
 * Line tables.  libdw decodes and sorts them; here is a compact copy, one row
 * an address: of rows at the same address the last one holds, as every other
 * reader has it.
 */
#include "symbolizer/lines.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/grow.h"

static bool row_of(struct row *r, Dwarf_Line *line)
{
	unsigned int discriminator = 0;
	int number = 0, column = 0;
	bool end = false;

	if (dwarf_lineaddr(line, &r->addr) || dwarf_lineendsequence(line, &end))
		return false;
	dwarf_lineno(line, &number);
	dwarf_linecol(line, &column);
	dwarf_linediscriminator(line, &discriminator);
	r->file = end ? NULL : dwarf_linesrc(line, NULL, NULL);
	r->line = (uint32_t)number;
	r->column = (uint32_t)column;
	r->discriminator = discriminator;
	return true;
}

static int put_row(struct lines *l, const struct row *r)
{
	struct row *last = l->n ? &l->rows[l->n - 1] : NULL;

	if (last && last->addr == r->addr) {
		*last = *r;
		return 0;
	}
	if (last && !last->file && !r->file)
		return 0;
	if (grow(&l->rows, &l->room, l->n, sizeof(*l->rows)))
		return -ENOMEM;
	l->rows[l->n++] = *r;
	return 0;
}

int lines_read(struct lines *l, Dwarf_Die *cu, size_t *budget)
{
	Dwarf_Lines *table;
	size_t n;
	int rc = 0;

	if (dwarf_getsrclines(cu, &table, &n))
		return 0;
	if (n > *budget)
		return -E2BIG;
	*budget -= n;
	for (size_t i = 0; !rc && i < n; i++) {
		struct row r;

		if (row_of(&r, dwarf_onesrcline(table, i)))
			rc = put_row(l, &r);
	}
	return rc;
}

const struct row *lines_find(const struct lines *l, uint64_t addr)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->rows[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && l->rows[lo - 1].file ? &l->rows[lo - 1] : NULL;
}

void lines_release(struct lines *l)
{
	free(l->rows);
	*l = (struct lines){ 0 };
}
