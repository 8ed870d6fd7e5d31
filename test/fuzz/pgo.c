/*
 * The reader of pgo's own programs over one that lies.
 *
 * The program is pgo_program.h's.  The input is how many changes are made
 * before it is looked at, then changes; those that are left are made while it
 * is read, one a read.
 */
#include "lib/target/pgo/pgo.h"

#include "test/fuzz/changes.h"
#include "test/fuzz/must.h"
#include "test/fuzz/pgo_program.h"

static struct changes left;

static void change(struct made_program *p)
{
	changes_next(&left, (uint8_t *)&p->memory, sizeof(p->memory));
}

static void check(const struct snapshot *s)
{
	must(s->row_count <= SNAP_ROWS_MAX);
	must(s->torn <= s->row_count);
	for (uint32_t i = 0; i < s->row_count; i++) {
		const struct snap_row *r = &s->rows[i];
		uint32_t depth;
		const struct snap_frame *f =
			snapshot_frames(s, r->stack, &depth);

		must(r->number[ROW_ID] > 0 && r->state < SNAP_STATES);
		for (int k = 0; k < ROW_NUMBERS; k++)
			must(r->number[k] >= SNAP_UNKNOWN);
		must(r->stack == SNAP_NONE || (f && depth));
		must(depth <= SNAP_DEPTH_MAX);
		must(!r->moving || r->stack == SNAP_NONE);
	}
}

static void read_it(struct pgo_program *p)
{
	const struct source_wants wants = { .running = true };
	struct snapshot s;

	for (int i = 0; i < 2; i++) {
		snapshot_init(&s);
		if (pgo_read(p, &wants, &s, NULL) == 0)
			check(&s);
		snapshot_release(&s);
	}
	snapshot_init(&s);
	if (pgo_read_one(p, 4, &s, NULL) == 0)
		must(s.row_count <= 1);
	snapshot_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct made_program *made;
	struct pgo_program *p;

	if (!size)
		return 0;
	made = made_program();
	must(made != NULL);
	left = (struct changes){ data + 1, size - 1 };
	for (int i = data[0] % 16; i > 0; i--)
		change(made);
	made->before = change;
	if (pgo_attach(&p, &made->space, NULL) == 0) {
		read_it(p);
		pgo_detach(p);
	}
	space_close(&made->space);
	return 0;
}
