/*
 * Wants are put in order of their addresses and runs of them become pieces.
 * A piece that fails as a whole, since one of its pages is gone, is read again
 * want by want.
 */
#include "lib/target/gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	WANT_MAX = 1 << 20,             /* bytes */
	PIECE_MAX = 1 << 16,            /* bytes a run grows to */
};

struct gather_order {
	uint64_t address;
	uint32_t want;
	uint32_t piece;
};

static int by_address(const void *a, const void *b)
{
	const struct gather_order *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static int make_room(struct gather *g, size_t n)
{
	if (n <= g->wants_room)
		return 0;
	free(g->pieces);
	free(g->order);
	g->pieces = malloc(n * sizeof(*g->pieces));
	g->order = malloc(n * sizeof(*g->order));
	g->wants_room = g->pieces && g->order ? n : 0;
	return g->wants_room ? 0 : -ENOMEM;
}

/* Those of the wants that want something, by address; how many. */
static size_t put_in_order(struct gather *g, struct gather_want *w, size_t n)
{
	bool sorted = true;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		w[i].at = NULL;
		if (w[i].bytes == 0 || w[i].bytes > WANT_MAX ||
		    w[i].address > UINT64_MAX - WANT_MAX)
			continue;
		g->order[k].address = w[i].address;
		g->order[k].want = (uint32_t)i;
		sorted &= k == 0 || g->order[k - 1].address <= w[i].address;
		k++;
	}
	if (!sorted)
		qsort(g->order, k, sizeof(*g->order), by_address);
	return k;
}

/* Makes pieces of the first N of the order, whose places in memory are
 * offsets yet; how many, and their bytes. */
static size_t make_pieces(struct gather *g, const struct gather_want *w,
			  size_t n, uint32_t gap, size_t *bytes)
{
	struct space_piece *p = NULL;
	size_t count = 0;

	*bytes = 0;
	for (size_t i = 0; i < n; i++) {
		struct gather_order *o = &g->order[i];
		uint64_t end = o->address + w[o->want].bytes;

		if (!p || o->address > p->address + p->bytes + gap ||
		    end > p->address + PIECE_MAX) {
			if (p)
				*bytes += p->bytes;
			p = &g->pieces[count++];
			*p = (struct space_piece){ .address = o->address };
		}
		if (end > p->address + p->bytes)
			p->bytes = (uint32_t)(end - p->address);
		o->piece = (uint32_t)(count - 1);
	}
	*bytes += p ? p->bytes : 0;
	return count;
}

static int read_pieces(struct gather *g, struct gather_bytes *b,
		       struct space *s, size_t n, size_t bytes)
{
	uint8_t *to;

	if (bytes > b->room) {
		free(b->at);
		b->at = malloc(bytes);
		b->room = b->at ? bytes : 0;
		if (!b->at)
			return -ENOMEM;
	}
	to = b->at;
	for (size_t i = 0; i < n; i++) {
		g->pieces[i].to = to;
		to += g->pieces[i].bytes;
	}
	return space_readv(s, g->pieces, n);
}

/* Tells the first N of the order where they are.  Those of failed runs stay
 * in it, at its beginning; how many. */
static size_t hand_out(struct gather *g, struct gather_want *w, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		struct gather_order o = g->order[i];
		const struct space_piece *p = &g->pieces[o.piece];

		if (p->ok)
			w[o.want].at = (const uint8_t *)p->to +
				       (o.address - p->address);
		else if (p->bytes > w[o.want].bytes)
			g->order[failed++] = o;
	}
	return failed;
}

/* Reads the first N of the order one by one. */
static int read_rest(struct gather *g, struct space *s, struct gather_want *w,
		     size_t n)
{
	size_t bytes = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		const struct gather_want *x = &w[g->order[i].want];

		g->pieces[i] = (struct space_piece){ .address = x->address,
						     .bytes = x->bytes };
		g->order[i].piece = (uint32_t)i;
		bytes += x->bytes;
	}
	rc = read_pieces(g, &g->rest, s, n, bytes);
	if (rc == 0)
		hand_out(g, w, n);
	return rc;
}

int gather(struct gather *g, struct space *s, struct gather_want *w, size_t n,
	   uint32_t gap)
{
	size_t pieces, bytes;
	int rc;

	rc = make_room(g, n);
	if (rc < 0)
		return rc;
	n = put_in_order(g, w, n);
	if (n == 0)
		return 0;
	pieces = make_pieces(g, w, n, gap, &bytes);
	rc = read_pieces(g, &g->runs, s, pieces, bytes);
	if (rc < 0)
		return rc;
	n = hand_out(g, w, n);
	return n ? read_rest(g, s, w, n) : 0;
}

void gather_release(struct gather *g)
{
	free(g->runs.at);
	free(g->rest.at);
	free(g->pieces);
	free(g->order);
	*g = (struct gather){ .wants_room = 0 };
}
