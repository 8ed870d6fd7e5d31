/* Anything as the answer of net/http/pprof, in either form: what is read of it
 * can be listed, folded and looked through. */
#include "lib/snapshot/parse_pprof.h"

#include "lib/snapshot/group.h"
#include "lib/snapshot/rows.h"
#include "test/fuzz/must.h"

static void look(const struct snapshot *s)
{
	const struct row_choice all = { .system = true };
	struct groups g;
	struct rows *r;
	int64_t n = 0;

	must(groups_init(&g, s) == 0);
	for (uint32_t i = 0; i < g.n; i++)
		n += g.at[i].number[GROUP_COUNT];
	must(n == s->row_count && n == g.goroutines);
	must(rows_new(&r, s, &all, (struct row_order){ ROW_WHERE, true }) == 0);
	must(rows_count(r) == s->row_count);
	if (rows_count(r))
		must(rows_search(r, 0, "") == 0);
	rows_free(r);
	groups_release(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot s;

	for (int full = 0; full < 2; full++) {
		snapshot_init(&s);
		if (parse_pprof(&s, (const char *)data, size, full, NULL) == 0)
			look(&s);
		snapshot_release(&s);
	}
	return 0;
}
