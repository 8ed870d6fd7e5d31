/*
 * Who writes times makes their count odd meanwhile.  So they are read twice:
 * where both are the same, and even, they are of one moment.  That needs no
 * order among the bytes of one piece, of which the kernel promises none.
 *
 * They are read between the rows, so that those of an accepted look are not of
 * who has the slot next.
 */
#include "lib/target/pgo/times.h"

#include <string.h>

enum { TRIES = 3, STATES = 3 };

/* The runtime's numbers: its states are in this order. */
static const struct {
	enum pgo_field field;
	enum snap_number row;
} sums[STATES] = {
	{ PGO_TIMES_RUN, ROW_RUN },
	{ PGO_TIMES_READY, ROW_READY },
	{ PGO_TIMES_BLOCKED, ROW_BLOCKED },
};

/* Whether the table tells all of it, and a chunk has them for all slots. */
static bool are_told(const struct pgo_offsets *o)
{
	for (int f = PGO_KEPT; f <= PGO_TIMES_BLOCKED; f++)
		if (!o->bytes[f])
			return false;
	return o->bytes[PGO_CHUNK_TIMES] / o->bytes[PGO_TIMES] >=
	       o->bytes[PGO_CHUNK_G] / o->bytes[PGO_G];
}

int pgo_times_begin(struct pgo_program *p)
{
	const struct pgo_offsets *o = &p->o;
	uint8_t kept[PGO_STRUCT_BYTES_MAX] = { 0 };
	int rc;

	if (!are_told(o))
		return 0;
	rc = space_read(p->space, o->address[PGO_KEPT], kept,
			o->bytes[PGO_KEPT]);
	p->times_begin_ns = (int64_t)pgo_number(o, kept, PGO_KEPT_BEGIN);
	p->times_kept = rc == 0 &&
			p->now_ns < (int64_t)pgo_number(o, kept, PGO_KEPT_END);
	return rc;
}

/* Reading ------------------------------------------------------------------ */

static uint8_t *copy_of(const struct pgo_batch *b, uint32_t i, uint32_t copy)
{
	return b->times + (size_t)(copy * PGO_BATCH + i) *
			  b->p->o.bytes[PGO_TIMES];
}

/* N of them from look I on, twice. */
static void add_twice(struct pgo_batch *b, uint32_t i, uint32_t n)
{
	uint32_t bytes = b->p->o.bytes[PGO_TIMES];

	for (uint32_t copy = 0; copy < 2; copy++) {
		/* What cannot be read is odd. */
		memset(copy_of(b, i, copy), 0xff, (size_t)n * bytes);
		pgo_batch_add(b, b->times_at + (uint64_t)i * bytes,
			      copy_of(b, i, copy), n * bytes);
	}
}

static bool is_to_do(const struct pgo_batch *b, uint32_t i)
{
	return !b->look[i].accepted && !b->look[i].timed;
}

/* All that are to do, at first; then those that moved, each ALONE: a moment
 * passes then between one copy and the other. */
static void plan(struct pgo_batch *b, bool alone)
{
	b->pieces = 0;
	for (uint32_t i = b->from, n; i < b->to; i += n ? n : 1) {
		n = alone ? is_to_do(b, i) : pgo_batch_run(b, i);
		if (n)
			add_twice(b, i, n);
	}
}

static bool is_whole(const struct pgo_batch *b, uint32_t i)
{
	const uint8_t *one = copy_of(b, i, 0), *other = copy_of(b, i, 1);

	return !memcmp(one, other, b->p->o.bytes[PGO_TIMES]) &&
	       pgo_number(&b->p->o, one, PGO_TIMES_SEQ) % 2 == 0;
}

int pgo_times_read(struct pgo_batch *b)
{
	int rc = 0;

	for (uint32_t i = b->from; i < b->to; i++)
		if (!b->look[i].accepted)
			b->look[i].timed = false;
	for (int try = 0; rc == 0 && try < TRIES && b->times_at; try++) {
		plan(b, try > 0);
		if (!b->pieces)
			break;
		rc = pgo_batch_read_pieces(b);
		for (uint32_t i = b->from; rc == 0 && i < b->to; i++)
			if (is_to_do(b, i))
				b->look[i].timed = is_whole(b, i);
	}
	return rc;
}

/* Rows --------------------------------------------------------------------- */

/* Of one that nobody has touched since times are kept. */
static uint64_t state_of(const struct pgo_look *l)
{
	switch (l->status & PGO_G_STATE_MASK) {
	case PGO_G_RUNNING:
		return 0;
	case PGO_G_RUNNABLE:
		return 1;
	default:
		return 2;
	}
}

/* Adds to *SUM the time from SINCE to NOW.  False: it makes no sense. */
static bool add_until(int64_t *sum, int64_t since, int64_t now)
{
	int64_t ns;

	if (since >= now)
		return true;
	return !__builtin_sub_overflow(now, since, &ns) &&
	       !__builtin_add_overflow(*sum, ns, sum);
}

void pgo_times_set(const struct pgo_batch *b, uint32_t i,
		   struct snap_row *row)
{
	const struct pgo_offsets *o = &b->p->o;
	const struct pgo_look *l = &b->look[i];
	const uint8_t *times = copy_of(b, i, 0);
	int64_t since = (int64_t)pgo_number(o, times, PGO_TIMES_SINCE);
	uint64_t state = pgo_number(o, times, PGO_TIMES_STATE);
	int64_t ns[STATES] = { 0 };

	if (!l->accepted || !l->timed || state >= STATES)
		return;
	for (int k = 0; k < STATES; k++)
		ns[k] = (int64_t)pgo_number(o, times, sums[k].field);
	if (since < b->p->times_begin_ns) {
		memset(ns, 0, sizeof(ns));
		since = b->p->times_begin_ns;
		state = state_of(l);
	}
	if (ns[0] < 0 || ns[1] < 0 || ns[2] < 0 ||
	    !add_until(&ns[state], since, b->p->now_ns))
		return;
	for (int k = 0; k < STATES; k++)
		row->number[sums[k].row] = ns[k];
}
