/*
 * Buckets hang together in one list, newest first: a header, the stack, then
 * the counts.  They are never freed, so a list that is read while it grows is
 * whole.
 *
 * The runtime carves them from large pieces one behind the other, so that the
 * next one in the list mostly lies just below.  What is read is therefore a
 * window of pages that ends behind the bucket wanted: some hundred buckets a
 * system call.
 *
 * Counts of the cycles of collection that are not yet complete stand aside
 * (`future`), and what they count is not looked at, as Go does; only where no
 * collection has ended yet they are all there is.
 *
 * Source: src/runtime/mprof.go.
 */
#include "lib/target/go/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"

enum {
	PAGE = 4096,
	PAGES = 32,             /* of the window */
	HEADER_MAX = 256,       /* bytes of a bucket before its stack */
	RECORD_MAX = 512,       /* and behind it */
	BUCKET_BYTES_MAX = HEADER_MAX + 8 * GO_HEAP_DEPTH_MAX + RECORD_MAX,
	CYCLES = 3,             /* len(memRecord.future) */
	MEM_PROFILE = 1,        /* bucketType */
};

#define OBJECT_MAX (UINT64_C(1) << 48)
#define COUNT_MAX (UINT64_C(1) << 62)

struct window {
	struct space *space;
	uint64_t base;          /* address of the first page; 0: empty */
	bool ok[PAGES];
	uint8_t bytes[PAGES * PAGE];
};

struct reading {
	struct go *go;
	struct go_heap *h;
	struct window w;
	bool all;               /* cycles to come too */
	uint64_t header, record, cycle;         /* their sizes */
};

/* Memory ------------------------------------------------------------------ */

static bool has(const struct window *w, uint64_t at, uint32_t n)
{
	if (!w->base || at < w->base || at - w->base > PAGES * PAGE - n)
		return false;
	for (uint64_t p = (at - w->base) / PAGE;
	     p <= (at - w->base + n - 1) / PAGE; p++)
		if (!w->ok[p])
			return false;
	return true;
}

/* Moves the window so that N bytes at AT are near its end. */
static int move(struct window *w, uint64_t at, uint32_t n)
{
	uint64_t end = (at + n + PAGE - 1) / PAGE * PAGE;
	struct space_piece pages[PAGES];
	int rc;

	w->base = end > PAGES * PAGE ? end - PAGES * PAGE : PAGE;
	for (int i = 0; i < PAGES; i++)
		pages[i] = (struct space_piece){
			w->base + (uint64_t)i * PAGE, w->bytes + i * PAGE,
			PAGE, false,
		};
	rc = space_readv(w->space, pages, PAGES);
	for (int i = 0; i < PAGES; i++)
		w->ok[i] = pages[i].ok;
	return rc;
}

/* N bytes at AT, until the next call.  0, -EBADMSG or as space_read(). */
static int look(struct window *w, uint64_t at, uint32_t n,
		const uint8_t **out)
{
	int rc = 0;

	if (at % 8 || at > UINT64_MAX - BUCKET_BYTES_MAX)
		return -EBADMSG;
	if (!has(w, at, n))
		rc = move(w, at, n);
	if (rc < 0)
		return rc;
	if (!has(w, at, n))
		return -EBADMSG;
	*out = w->bytes + (at - w->base);
	return 0;
}

static uint64_t word(const struct reading *r, const uint8_t *from,
		     enum go_field f)
{
	uint64_t v;

	memcpy(&v, from + go_at(r->go, f), 8);
	return v;
}

/* Buckets ----------------------------------------------------------------- */

static void add_cycle(const struct reading *r, const uint8_t *cycle,
		      struct go_heap_bucket *b)
{
	b->allocs += word(r, cycle, GO_MEM_ALLOCS);
	b->frees += word(r, cycle, GO_MEM_FREES);
}

/* The counts behind the stack.  False when they make no sense. */
static bool count(const struct reading *r, const uint8_t *record,
		  struct go_heap_bucket *b)
{
	const uint8_t *future = record + go_at(r->go, GO_MEM_FUTURE);

	add_cycle(r, record + go_at(r->go, GO_MEM_ACTIVE), b);
	for (int i = 0; r->all && i < CYCLES; i++)
		add_cycle(r, future + (uint64_t)i * r->cycle, b);
	return b->bytes <= OBJECT_MAX && b->allocs <= COUNT_MAX &&
	       b->frees <= b->allocs;
}

static int keep(struct go_heap *h, struct go_heap_bucket *b,
		const uint8_t *stack)
{
	if (b->depth > GO_HEAP_PCS_MAX - h->pcs_n)
		return -EBADMSG;
	if (grow(&h->buckets, &h->room, h->n, sizeof(*h->buckets)) < 0 ||
	    grow_by(&h->pcs, &h->pcs_room, h->pcs_n, b->depth,
		    sizeof(*h->pcs)) < 0)
		return -ENOMEM;
	b->first = (uint32_t)h->pcs_n;
	memcpy(h->pcs + h->pcs_n, stack, 8 * b->depth);
	h->pcs_n += b->depth;
	h->buckets[h->n++] = *b;
	return 0;
}

/* Reads the bucket at AT, which becomes the next one's address. */
static int read_bucket(struct reading *r, uint64_t *at)
{
	struct go_heap_bucket b = { 0 };
	uint64_t depth, address = *at;
	const uint8_t *bucket;
	int rc;

	rc = look(&r->w, address, (uint32_t)r->header, &bucket);
	if (rc < 0)
		return rc;
	depth = word(r, bucket, GO_BUCKET_NSTK);
	if (word(r, bucket, GO_BUCKET_TYP) != MEM_PROFILE ||
	    depth > GO_HEAP_DEPTH_MAX)
		return -EBADMSG;
	b.depth = (uint32_t)depth;
	rc = look(&r->w, address,
		  (uint32_t)(r->header + 8 * depth + r->record), &bucket);
	if (rc < 0)
		return rc;
	*at = word(r, bucket, GO_BUCKET_ALLNEXT);
	b.bytes = word(r, bucket, GO_BUCKET_BYTES);
	if (!count(r, bucket + r->header + 8 * depth, &b))
		return -EBADMSG;
	return b.allocs ? keep(r->h, &b, bucket + r->header) : 0;
}

static int read_list(struct reading *r, uint64_t first)
{
	int rc = 0;

	r->h->n = r->h->pcs_n = 0;
	for (int i = 0; rc == 0 && first; i++)
		rc = i < GO_HEAP_BUCKETS_MAX ? read_bucket(r, &first) :
		     -EBADMSG;
	return rc;
}

static bool is_known(const struct go *go)
{
	static const enum go_field fields[] = {
		GO_BUCKET_SIZE, GO_BUCKET_ALLNEXT, GO_BUCKET_TYP,
		GO_BUCKET_BYTES, GO_BUCKET_NSTK, GO_MEM_SIZE, GO_MEM_ACTIVE,
		GO_MEM_FUTURE, GO_MEM_CYCLE_SIZE, GO_MEM_ALLOCS, GO_MEM_FREES,
	};
	int32_t cycle = go_at(go, GO_MEM_CYCLE_SIZE);

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (go_at(go, fields[i]) < 0)
			return false;
	return go_at(go, GO_BUCKET_SIZE) <= HEADER_MAX &&
	       go_at(go, GO_MEM_SIZE) <= RECORD_MAX &&
	       go_at(go, GO_MEM_ACTIVE) + cycle <= go_at(go, GO_MEM_SIZE) &&
	       go_at(go, GO_MEM_FUTURE) + CYCLES * cycle <=
		       go_at(go, GO_MEM_SIZE);
}

/* The rate and the first bucket, or why there are none. */
static int begin(struct go_heap *h, struct go *go, uint64_t *first,
		 struct err *e)
{
	const char *name = go->space->name;
	int rc;

	if (!go->roots.mem_profile_rate || !go->roots.mbuckets)
		return err_say(e, -ENODATA, "%s: its memory profile is not "
			       "found (stripped, and %s hides it)", name,
			       go->version);
	if (!is_known(go))
		return err_say(e, -ENODATA, "%s: the memory profile of %s is "
			       "not understood", name, go->version);
	rc = space_read(go->space, go->roots.mem_profile_rate, &h->rate, 8);
	if (rc == 0)
		rc = space_read(go->space, go->roots.mbuckets, first, 8);
	if (rc < 0)
		return err_set(e, rc, "%s: memory profile", name);
	if (h->rate <= 0)
		return err_say(e, -ENODATA, "%s: it keeps no memory profile: "
			       "its MemProfileRate is 0, as where nothing "
			       "calls runtime.MemProfile", name);
	return 0;
}

int go_heap_read(struct go_heap *h, struct go *go, struct err *e)
{
	struct reading *r;
	uint64_t first = 0;
	int rc;

	*h = (struct go_heap){ 0 };
	rc = begin(h, go, &first, e);
	if (rc < 0)
		return rc;
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, -ENOMEM, "%s", go->space->name);
	r->go = go;
	r->h = h;
	r->w.space = go->space;
	r->header = (uint64_t)go_at(go, GO_BUCKET_SIZE);
	r->record = (uint64_t)go_at(go, GO_MEM_SIZE);
	r->cycle = (uint64_t)go_at(go, GO_MEM_CYCLE_SIZE);
	rc = read_list(r, first);
	if (rc == 0 && h->n == 0) {
		r->all = true;
		r->w.base = 0;
		rc = read_list(r, first);
	}
	free(r);
	if (rc == -EBADMSG)
		return err_say(e, rc, "%s: its memory profile makes no sense",
			       go->space->name);
	return rc < 0 ? err_set(e, rc, "%s: memory profile",
				go->space->name) : 0;
}

void go_heap_release(struct go_heap *h)
{
	free(h->buckets);
	free(h->pcs);
	*h = (struct go_heap){ 0 };
}
