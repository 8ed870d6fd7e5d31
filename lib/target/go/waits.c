/*
 * Wait records (struct sudog) of channels hang on their goroutine, one for
 * each case of a select.  Those of semaphores did not before Go 1.26: there
 * they are looked for in the table of semaphores, 251 trees of addresses with
 * a list of waiters at each.  All of it is followed in step, a round of many
 * reads at a time.
 *
 * Since 1.26 pointers in records are pairs, of which the garbage collector may
 * hide the first; the second is always true.
 */
#include "lib/target/go/waits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 1024,
	CASES_MAX = 64,                 /* of a select */
	INSIDES_MAX = 1 << 16,          /* channels looked into */
	RECORD_GAP = 256,
	STRUCT_MAX = 1024,              /* bytes of one; they are some 100 */
	WIDE_SINCE = 26,                /* minor version */
	ROOTS = 251,                    /* of semaphores, a cache line each */
	ROOT_BYTES = 64,
	ROOT_TREE = 8,
};

struct waiter {
	uint64_t g, record;
	uint32_t row;
	uint8_t kind;                   /* enum snap_wait_kind */
};

struct found {
	uint64_t object;
	uint32_t row;
	uint8_t kind;
	uint8_t object_kind;
};

struct record {
	uint64_t g, chan, elem, next, prev, link;
	bool select;
};

static struct waiter *waiters(const struct go_waits *w, size_t *n)
{
	*n = w->waiters.len / sizeof(struct waiter);
	return (struct waiter *)(void *)w->waiters.data;
}

static uint64_t word(const uint8_t *at, int32_t offset)
{
	uint64_t v;

	memcpy(&v, at + offset, sizeof(v));
	return v;
}

/* Bytes of a struct of which all N members F are parsed; 0: one is not known,
 * or lies too far out to be believed. */
static uint32_t bytes_for(const struct go *go, const enum go_field *f,
			  size_t n)
{
	uint32_t bytes = go_offsets_span(&go->offsets, f, n);

	for (size_t i = 0; i < n; i++)
		if (go_at(go, f[i]) < 0)
			return 0;
	return bytes <= STRUCT_MAX ? bytes : 0;
}

static uint32_t record_bytes(const struct go *go)
{
	static const enum go_field fields[] = {
		GO_SUDOG_G, GO_SUDOG_NEXT, GO_SUDOG_PREV, GO_SUDOG_ELEM,
		GO_SUDOG_ISSELECT, GO_SUDOG_WAITLINK, GO_SUDOG_C,
	};

	return bytes_for(go, fields, sizeof(fields) / sizeof(*fields));
}

static uint32_t channel_bytes(const struct go *go)
{
	static const enum go_field fields[] = {
		GO_HCHAN_QCOUNT, GO_HCHAN_DATAQSIZ, GO_HCHAN_ELEMSIZE,
		GO_HCHAN_CLOSED, GO_HCHAN_RECVQ, GO_HCHAN_SENDQ,
	};

	return bytes_for(go, fields, sizeof(fields) / sizeof(*fields));
}

static void parse(const struct go *go, const uint8_t *at, struct record *r)
{
	int32_t wide = go->minor >= WIDE_SINCE ? 8 : 0;

	r->g = word(at, go_at(go, GO_SUDOG_G));
	r->chan = word(at, go_at(go, GO_SUDOG_C) + wide);
	r->elem = word(at, go_at(go, GO_SUDOG_ELEM) + wide);
	r->next = word(at, go_at(go, GO_SUDOG_NEXT));
	r->prev = word(at, go_at(go, GO_SUDOG_PREV));
	r->link = word(at, go_at(go, GO_SUDOG_WAITLINK));
	r->select = at[go_at(go, GO_SUDOG_ISSELECT)] & 1;
}

void go_waits_begin(struct go_waits *w)
{
	buf_reset(&w->waiters);
	buf_reset(&w->found);
	buf_reset(&w->front);
}

void go_waits_note(struct go_waits *w, uint64_t g, uint64_t record,
		   uint32_t row, enum snap_wait_kind kind)
{
	struct waiter one = { g, record, row, (uint8_t)kind };

	buf_put(&w->waiters, &one, sizeof(one));
}

static void add(struct go_waits *w, uint32_t row, const struct record *r,
		uint8_t kind)
{
	struct found f = {
		.object = r->chan ? r->chan : r->elem, .row = row,
		.kind = r->chan ? kind : SNAP_WAIT_ACQUIRE,
		.object_kind = r->chan ? SNAP_CHANNEL : SNAP_SEMAPHORE,
	};

	if (f.object)
		buf_put(&w->found, &f, sizeof(f));
}

/* Records of goroutines ---------------------------------------------------- */

/* Reads the records of N waiters, and then those behind them. */
static int follow(struct go_waits *w, struct go *go, struct waiter *at,
		  size_t n)
{
	size_t open = n;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		w->want[i] = (struct gather_want){ at[i].record, 0, NULL };
	for (int round = 0; open && rc == 0 && round < CASES_MAX; round++) {
		for (size_t i = 0; i < n; i++)
			w->want[i].bytes = w->want[i].address
					   ? record_bytes(go) : 0;
		rc = gather(&w->gather, go->space, w->want, n, RECORD_GAP);
		open = 0;
		for (size_t i = 0; rc == 0 && i < n; i++) {
			struct record r = { .g = 0 };

			if (w->want[i].at)
				parse(go, w->want[i].at, &r);
			w->want[i].address = 0;
			if (r.g != at[i].g)
				continue;
			add(w, at[i].row, &r, r.select ? SNAP_WAIT_UNKNOWN
						       : at[i].kind);
			if (r.select)
				w->want[i].address = r.link;
			open += w->want[i].address != 0;
		}
	}
	return rc;
}

static int read_records(struct go_waits *w, struct go *go)
{
	size_t n;
	struct waiter *at = waiters(w, &n);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i += BATCH)
		rc = follow(w, go, at + i, n - i < BATCH ? n - i : BATCH);
	return rc;
}

/* The table of semaphores -------------------------------------------------- */

/* Finds who waits by a record of the table.  [0, n) are by address. */
static const struct waiter *waiter_at(const struct waiter *at, size_t n,
				      uint64_t g)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (at[mid].g < g)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && at[lo].g == g ? &at[lo] : NULL;
}

static void push(struct go_waits *w, uint64_t record)
{
	if (record)
		buf_put(&w->front, &record, sizeof(record));
}

/* Reads the N records at FRONT, at most BATCH, and pushes what they lead to. */
static int read_front(struct go_waits *w, struct go *go,
		      const uint64_t *front, size_t n)
{
	size_t count;
	const struct waiter *all = waiters(w, &count), *who;
	int rc;

	for (size_t i = 0; i < n; i++)
		w->want[i] = (struct gather_want){ front[i], record_bytes(go),
						   NULL };
	rc = gather(&w->gather, go->space, w->want, n, RECORD_GAP);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct record r;

		if (!w->want[i].at)
			continue;
		parse(go, w->want[i].at, &r);
		who = waiter_at(all, count, r.g);
		if (who && !who->record && !r.chan)
			add(w, who->row, &r, SNAP_WAIT_ACQUIRE);
		push(w, r.prev);
		push(w, r.next);
		push(w, r.link);
	}
	return rc;
}

static int read_semaphores(struct go_waits *w, struct go *go)
{
	uint8_t table[ROOTS * ROOT_BYTES];
	uint64_t front[BATCH];
	size_t n, budget;
	int rc;

	(void)waiters(w, &budget);
	budget = 2 * budget + ROOTS;
	if (!go->roots.semtable)
		return 0;
	rc = space_read(go->space, go->roots.semtable, table, sizeof(table));
	if (rc < 0)
		return rc == -EFAULT ? 0 : rc;
	for (size_t i = 0; i < ROOTS; i++)
		push(w, word(table, (int32_t)(i * ROOT_BYTES + ROOT_TREE)));
	/* Lists are long where trees are wide: the last pushed are read first,
	 * and the rest waits. */
	while (rc == 0 && w->front.len && budget) {
		n = w->front.len / sizeof(*front);
		n = n < BATCH ? n : BATCH;
		n = n < budget ? n : budget;
		w->front.len -= n * sizeof(*front);
		memcpy(front, w->front.data + w->front.len,
		       n * sizeof(*front));
		rc = read_front(w, go, front, n);
		budget -= n;
	}
	return rc;
}

/* Into the snapshot -------------------------------------------------------- */

static int by_row(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->row != y->row ? (x->row > y->row) - (x->row < y->row)
				: (x->object > y->object) -
				  (x->object < y->object);
}

static void put_all(struct go_waits *w, struct snapshot *s)
{
	struct found *f = (struct found *)(void *)w->found.data;
	size_t n = w->found.len / sizeof(*f);

	if (n == 0)
		return;
	qsort(f, n, sizeof(*f), by_row);
	for (size_t i = 0; i < n; i++) {
		/* Two cases of a select may be the same. */
		if (i && by_row(&f[i], &f[i - 1]) == 0 &&
		    f[i].kind == f[i - 1].kind)
			continue;
		snapshot_wait(s, f[i].row,
			      snapshot_object(s, f[i].object_kind,
					      f[i].object), f[i].kind);
	}
}

/* Which of its queues has somebody in it says what a select's case is, unless
 * both do. */
static void put_inside(const struct go *go, const uint8_t *at,
		       struct snap_object *o, uint8_t *kind)
{
	bool receivers = word(at, go_at(go, GO_HCHAN_RECVQ));
	bool senders = word(at, go_at(go, GO_HCHAN_SENDQ));
	uint16_t elem;
	uint32_t closed;

	memcpy(&elem, at + go_at(go, GO_HCHAN_ELEMSIZE), sizeof(elem));
	memcpy(&closed, at + go_at(go, GO_HCHAN_CLOSED), sizeof(closed));
	o->len = (int64_t)word(at, go_at(go, GO_HCHAN_QCOUNT));
	o->cap = (int64_t)word(at, go_at(go, GO_HCHAN_DATAQSIZ));
	o->elem_bytes = elem;
	o->closed = closed != 0;
	*kind = receivers == senders ? SNAP_WAIT_UNKNOWN :
		receivers ? SNAP_WAIT_RECEIVE : SNAP_WAIT_SEND;
}

/* Looks into objects [FROM, FROM + N); what their waiters do goes to KIND. */
static int read_channels(struct go_waits *w, struct go *go,
			 struct snapshot *s, size_t from, size_t n,
			 uint8_t *kind)
{
	uint32_t bytes = channel_bytes(go);
	int rc;

	for (size_t i = 0; i < n; i++) {
		const struct snap_object *o = &s->objects[from + i];

		w->want[i] = (struct gather_want){
			o->address, o->kind == SNAP_CHANNEL ? bytes : 0, NULL,
		};
	}
	rc = gather(&w->gather, go->space, w->want, n, RECORD_GAP);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (w->want[i].at)
			put_inside(go, w->want[i].at, &s->objects[from + i],
				   &kind[from + i]);
	return rc;
}

static void settle(struct snapshot *s, const uint8_t *kind, size_t n)
{
	for (uint32_t i = 0; i < s->wait_count; i++) {
		struct snap_wait *wait = &s->waits[i];
		struct snap_object *o = &s->objects[wait->object];

		if (wait->kind != SNAP_WAIT_UNKNOWN || wait->object >= n)
			continue;
		wait->kind = kind[wait->object];
		o->receivers += wait->kind == SNAP_WAIT_RECEIVE;
		o->senders += wait->kind == SNAP_WAIT_SEND;
	}
}

static int look_inside(struct go_waits *w, struct go *go, struct snapshot *s)
{
	size_t n = s->object_count < INSIDES_MAX ? s->object_count
						 : INSIDES_MAX;
	uint8_t *kind;
	int rc = 0;

	if (n == 0 || !channel_bytes(go))
		return 0;
	kind = calloc(1, n);
	if (!kind)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < n; i += BATCH)
		rc = read_channels(w, go, s, i, n - i < BATCH ? n - i : BATCH,
				   kind);
	if (rc == 0)
		settle(s, kind, n);
	free(kind);
	return rc;
}

int go_waits_read(struct go_waits *w, struct go *go, struct snapshot *s)
{
	int rc;

	if (!record_bytes(go))
		return 0;
	if (!w->want)
		w->want = calloc(BATCH, sizeof(*w->want));
	if (!w->want)
		return -ENOMEM;
	rc = read_records(w, go);
	if (rc == 0 && go->minor < WIDE_SINCE)
		rc = read_semaphores(w, go);
	if (rc < 0)
		return rc;
	put_all(w, s);
	return look_inside(w, go, s);
}

void go_waits_release(struct go_waits *w)
{
	buf_release(&w->waiters);
	buf_release(&w->found);
	buf_release(&w->front);
	gather_release(&w->gather);
	free(w->want);
}
