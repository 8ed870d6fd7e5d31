/*
 * The map of compilation units: their ranges, by start.  Ranges of different
 * units may overlap (in broken files any number of times), so every entry
 * knows how far anything before it reaches, and a search goes back until
 * nothing reaches the address any more.
 *
 * A unit that claims no range at all is walked at once, and what its functions
 * cover counts as claimed.
 *
 * Ranges and rows of all units together have a budget: any number of units may
 * share one table, so the size of the file is no bound.
 */
#include "symbolizer/cumap.h"

#include <stdlib.h>

#include <dwarf.h>

#include "lib/base/grow.h"

#define ENTRIES_MAX ((size_t)32 << 20)  /* of a file, some 1.5 GB */
#define BACK_MAX 64                     /* units tried for an address */

static int put_range(struct cumap *m, uint64_t lo, uint64_t hi, size_t unit)
{
	if (lo >= hi || lo <= 1 || lo >= UINT64_MAX - 1)
		return 0;
	if (!m->budget) {
		m->cut = true;
		return 0;
	}
	m->budget--;
	if (grow(&m->ranges, &m->room, m->n, sizeof(*m->ranges)))
		return -ENOMEM;
	m->ranges[m->n++] = (struct cu_range){ lo, hi, 0, (uint32_t)unit };
	return 0;
}

static int put_claimed(struct cumap *m, size_t unit)
{
	Dwarf_Addr base, lo, hi;
	ptrdiff_t at = 0;
	int rc = 0;

	while (!rc && (at = dwarf_ranges(&m->units[unit].cu, at, &base, &lo,
					 &hi)) > 0)
		rc = put_range(m, lo, hi, unit);
	return rc;
}

/* What a call that may use up the budget returned. */
static int note_cut(struct cumap *m, int rc)
{
	if (rc == -E2BIG)
		m->cut = true;
	return rc == -ENOMEM ? rc : 0;
}

static int put_covered(struct cumap *m, size_t unit)
{
	const struct segs *s = &m->units[unit].segs;
	int rc = note_cut(m, unit_walk(&m->units[unit], &m->budget));

	for (size_t i = 0; !rc && i + 1 < s->n; i++)
		if (s->segs[i].id)
			rc = put_range(m, s->segs[i].start,
				       s->segs[i + 1].start, unit);
	return rc;
}

static int put_unit(struct cumap *m, const Dwarf_Die *cu)
{
	size_t before = m->n;
	int rc;

	if (m->nunits >= UINT32_MAX)
		return 0;
	if (grow(&m->units, &m->units_room, m->nunits, sizeof(*m->units)))
		return -ENOMEM;
	m->units[m->nunits++] = (struct unit){ .cu = *cu };
	rc = put_claimed(m, m->nunits - 1);
	if (!rc && m->n == before)
		rc = put_covered(m, m->nunits - 1);
	return rc;
}

static int by_start(const void *a, const void *b)
{
	const struct cu_range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	if (x->hi != y->hi)
		return x->hi > y->hi ? -1 : 1;
	return (x->unit > y->unit) - (x->unit < y->unit);
}

static void sort_ranges(struct cumap *m)
{
	uint64_t max = 0;

	if (m->n)
		qsort(m->ranges, m->n, sizeof(*m->ranges), by_start);
	for (size_t i = 0; i < m->n; i++) {
		if (m->ranges[i].hi > max)
			max = m->ranges[i].hi;
		m->ranges[i].hi_max = max;
	}
}

int cumap_read(struct cumap *m, Dwarf *dw)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Half version;
	Dwarf_Die die;
	uint8_t type;
	int rc = 0;

	m->budget = ENTRIES_MAX;
	while (!rc && !dwarf_get_units(dw, cu, &cu, &version, &type, &die,
				       NULL)) {
		if (type == DW_UT_compile || type == DW_UT_skeleton)
			rc = put_unit(m, &die);
	}
	sort_ranges(m);
	return rc;
}

/* The number of ranges that start at ADDR or before. */
static size_t ranges_until(const struct cumap *m, uint64_t addr)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->ranges[mid].lo <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t cumap_lookup(struct cumap *m, uint64_t addr, struct sym_frame *out,
		    size_t max, bool *mangles)
{
	size_t i = ranges_until(m, addr), n, best = 0;
	unsigned int tried = 0;

	while (i-- && m->ranges[i].hi_max > addr && tried < BACK_MAX) {
		struct unit *u = &m->units[m->ranges[i].unit];

		tried++;
		if (m->ranges[i].hi <= addr)
			continue;
		if (note_cut(m, unit_index(u, &m->budget)))
			continue;
		n = unit_lookup(u, addr, out, max);
		*mangles = u->mangles;
		if (n && out[0].func)
			return n;
		if (n)
			best = n;
	}
	return best;
}

void cumap_release(struct cumap *m)
{
	for (size_t i = 0; i < m->nunits; i++)
		unit_release(&m->units[i]);
	free(m->units);
	free(m->ranges);
}
