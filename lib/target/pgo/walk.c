#include "lib/target/pgo/walk.h"

#include <stdbool.h>
#include <string.h>

enum {
	FRAME = 16,             /* the caller's rbp, the return address */
	JUMPS_MAX = 64,         /* segments double, so few have twenty */
	STEPS_MAX = 2 * PGO_PCS_MAX,    /* each jump adds a hidden frame */
};

static bool is_hidden(const struct pgo_hidden *h, uint64_t pc)
{
	for (size_t i = 0; i < h->n; i++)
		if (pc >= h->at[i].low && pc < h->at[i].high)
			return true;
	return false;
}

void pgo_walk_begin(struct pgo_walk *w, const struct pgo_hidden *h,
		    uint64_t pc, uint64_t fp)
{
	w->state = fp ? PGO_WALK_MORE : PGO_WALK_DONE;
	w->fp = fp;
	w->n = w->steps = w->jumps = 0;
	if (pc && !is_hidden(h, pc))
		w->pcs[w->n++] = pc;
}

void pgo_walk_add(struct pgo_walk *w, const struct pgo_hidden *h, uint64_t ra)
{
	if (is_hidden(h, ra - 1))
		return;
	if (w->n < PGO_PCS_MAX)
		w->pcs[w->n++] = ra;
	else
		w->state = PGO_WALK_LOST;
}

/* One frame. */
static void step(struct pgo_walk *w, const struct pgo_hidden *h,
		 const uint8_t *frame)
{
	uint64_t next, ra;

	memcpy(&next, frame, 8);
	memcpy(&ra, frame + 8, 8);
	if (!ra || !next)
		w->state = PGO_WALK_DONE;
	w->jumps += next <= w->fp;
	if (++w->steps > STEPS_MAX || w->jumps > JUMPS_MAX)
		w->state = PGO_WALK_LOST;
	if (ra)
		pgo_walk_add(w, h, ra);
	w->fp = next;
}

void pgo_walk_on(struct pgo_walk *w, const struct pgo_hidden *h,
		 const uint8_t *bytes, uint64_t at, size_t n)
{
	while (w->state == PGO_WALK_MORE) {
		if (!w->fp)
			w->state = PGO_WALK_DONE;
		else if (w->fp & 7)
			w->state = PGO_WALK_LOST;
		else if (w->fp < at || n < FRAME || w->fp - at > n - FRAME)
			return;
		else
			step(w, h, bytes + (w->fp - at));
	}
}
