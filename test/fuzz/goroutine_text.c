/*
 * What a server says its goroutines are.
 *
 * The first byte tells which of the two texts the others are.
 */
#include "lib/snapshot/parse_pprof.h"

#include "test/fuzz/must.h"

static void check(const struct snapshot *s)
{
	uint32_t depth;

	must(s->row_count <= SNAP_ROWS_MAX && s->dropped >= 0);
	for (uint32_t i = 0; i < s->row_count && i < 1000; i++) {
		must(s->rows[i].state < SNAP_STATES);
		must(s->rows[i].stack == SNAP_NONE ||
		     snapshot_frames(s, s->rows[i].stack, &depth));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot s;

	if (size == 0)
		return 0;
	snapshot_init(&s);
	if (parse_pprof(&s, (const char *)data + 1, size - 1, data[0] & 1,
			NULL) == 0)
		must(s.total >= 0);
	check(&s);
	snapshot_release(&s);
	return 0;
}
