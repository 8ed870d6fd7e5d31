/*
 * Where segments come from.
 *
 * Powers of two.  Up to SEG_POOLED they are carved from 64 MiB reservations
 * and kept on free lists for ever: a first segment costs what it touches.
 * Larger ones are mapped and unmapped, so that a deep descent gives its memory
 * back.
 *
 * Most of what a first touch costs is the kernel's, a page at a time.  Huge
 * pages take a tenth of it, and are asked for where the small ones would all be
 * touched: segments of a page or less fill their reservation one after the
 * other, and a recursion as deep as a huge page goes on into the next.  Who has
 * less than RESERVE_SMALL of stacks does without.
 *
 * Compiled for general registers only and free of libc calls, because
 * growth happens with a call's vector arguments still in their registers.
 */
#include "runtime/seg.h"

#include <stdatomic.h>

#include "runtime/amd64/offsets.h"
#include "runtime/env.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/lock.h"

enum {
	SEG_MIN = 2048,
	SEG_POOLED = 32768,
	SEG_CLASSES = 5,        /* 2, 4, 8, 16, 32 KiB */
	SEG_FIRST_MAX = 1 << 20,
	SEG_DENSE = 2,          /* classes of a page or less */
	RESERVE_BYTES = 64 << 20,
	RESERVE_SMALL = 4 << 20,
	LARGE_HUGE = 2 << 20,
	SLACK_PLAIN = 1024,
	SLACK_FOREIGN = 2048,
	SLACK_CXX = 64 << 10,
	FRAME_ROOM = 128,       /* __morestack's own words on a new segment,
				 * and what aligns arguments there */
};

/* An archive member that pgo-cc pulls in when the program links more than
 * libc, libm and libpthread: those bind lazily on a goroutine's stack. */
extern const char pgo_stack_foreign[] __attribute__((weak));

/* Another for C++, whose virtual calls into unsplit libraries no linker sees:
 * a long double printed in full takes 39 KB. */
extern const char pgo_stack_cxx[] __attribute__((weak));

/* What nobody has had yet of a reservation. */
struct reserve {
	char *next;
	size_t left;
};

static struct {
	struct lock lock;               /* everything below */
	struct seg *free[SEG_CLASSES];  /* linked by ->next */
	struct reserve dense;           /* for SEG_DENSE */
	struct reserve sparse;          /* for the larger ones */
	size_t first_bytes;             /* constant after seg_setup() */
	size_t slack;                   /* constant after seg_setup() */
} pool;

_Atomic size_t seg_inuse;

void seg_setup(size_t first_bytes)
{
	size_t bytes = SEG_MIN;

	pool.slack = pgo_stack_cxx ? SLACK_CXX :
		     pgo_stack_foreign ? SLACK_FOREIGN : SLACK_PLAIN;
	if (first_bytes < 2 * pool.slack)
		first_bytes = 2 * pool.slack;
	while (bytes < first_bytes && bytes < SEG_FIRST_MAX)
		bytes *= 2;
	pool.first_bytes = bytes;
}

void seg_in_child(void)
{
	if (lock_try(&pool.lock)) {
		lock_put(&pool.lock);
		return;
	}
	/* The holder, who is not here, may have been half through. */
	for (int i = 0; i < SEG_CLASSES; i++)
		pool.free[i] = NULL;
	pool.dense.left = 0;
	pool.sparse.left = 0;
	pool.lock = (struct lock){ 0 };
}

size_t seg_first_bytes(void)
{
	return pool.first_bytes;
}

void seg_count(long bytes)
{
	atomic_fetch_add_explicit(&seg_inuse, (size_t)bytes,
				  memory_order_relaxed);
}

size_t seg_inuse_bytes(void)
{
	return atomic_load_explicit(&seg_inuse, memory_order_relaxed);
}

static unsigned class_of(size_t bytes)
{
	unsigned class = 0;

	while ((size_t)SEG_MIN << class < bytes)
		class++;
	return class;
}

/* pool.lock held */
static bool reserve_more(struct reserve *r, bool dense)
{
	r->next = fiber_map(RESERVE_BYTES);
	r->left = r->next ? RESERVE_BYTES : 0;
	if (r->next && dense && env.huge_pages)
		sys_huge(r->next + RESERVE_SMALL,
			 RESERVE_BYTES - RESERVE_SMALL);
	return r->next;
}

/* pool.lock held */
static char *carve(unsigned class)
{
	bool dense = class < SEG_DENSE;
	struct reserve *r = dense ? &pool.dense : &pool.sparse;
	size_t bytes = (size_t)SEG_MIN << class;

	if (r->left < bytes && !reserve_more(r, dense))
		return NULL;
	r->next += bytes;
	r->left -= bytes;
	return r->next - bytes;
}

static char *pooled_new(unsigned class)
{
	struct seg *s;
	char *p;

	lock_get(&pool.lock);
	s = pool.free[class];
	if (s) {
		pool.free[class] = s->next;
		p = s->low;
	} else {
		p = carve(class);
	}
	lock_put(&pool.lock);
	return p;
}

static void pooled_free(char *p, unsigned class)
{
	struct seg *s = (struct seg *)(p + ((size_t)SEG_MIN << class)) - 1;

	s->low = p;
	lock_get(&pool.lock);
	s->next = pool.free[class];
	pool.free[class] = s;
	lock_put(&pool.lock);
}

/* Under valgrind what was a segment stays one for it. */
static bool is_pooled(size_t bytes)
{
	return bytes <= SEG_POOLED && !fiber_watch.valgrind;
}

void *seg_block_new(size_t *bytes)
{
	unsigned class = class_of(*bytes);

	if (is_pooled(*bytes)) {
		*bytes = (size_t)SEG_MIN << class;
		return pooled_new(class);
	}
	*bytes = (*bytes + SEG_PAGE - 1) & ~(size_t)(SEG_PAGE - 1);
	return sys_map(*bytes);
}

void seg_block_free(void *block, size_t bytes)
{
	if (is_pooled(bytes))
		pooled_free(block, class_of(bytes));
	else
		sys_unmap(block, bytes);
}

uintptr_t seg_limit(const struct seg *s)
{
	return (uintptr_t)s->low +
	       (seg_is_fixed(s) ? (size_t)SEG_FIXED_SLACK : pool.slack);
}

void seg_open(struct seg *s)
{
	bool never_fits = env.seg_always && !seg_is_fixed(s);

	s->limit = never_fits ? LIMIT_POISON : seg_limit(s);
	s->cap = (uintptr_t)s - seg_limit(s) - FRAME_ROOM;
}

void seg_close(struct seg *s)
{
	s->limit = LIMIT_POISON;
	s->cap = 0;
}

void seg_init(struct seg *s, char *low, size_t bytes)
{
	s->blocks = NULL;
	s->prev = NULL;
	s->next = NULL;
	s->ret = NULL;
	s->low = low;
	s->bytes = bytes;
	seg_open(s);
}

static char *large_new(size_t bytes, bool dense)
{
	char *p = fiber_map(bytes);

	if (p && dense && bytes >= LARGE_HUGE && env.huge_pages)
		sys_huge(p, bytes);
	return p;
}

/* DENSE: all of it is going to be touched, if it is large. */
static struct seg *new_seg(size_t bytes, bool dense)
{
	unsigned class = class_of(bytes);
	size_t whole = (size_t)SEG_MIN << class;
	struct seg *s;
	char *p;

	p = class < SEG_CLASSES ? pooled_new(class) :
				  large_new(whole, dense);
	if (!p)
		return NULL;
	s = (struct seg *)(p + whole) - 1;
	s->guard = 0;
	s->pages = 0;
	s->canary = (uint64_t *)p;
	seg_init(s, p, whole);
	*(uint64_t *)p = SEG_CANARY;
	fiber_stack_made(s);
	seg_count((long)whole);
	return s;
}

struct seg *seg_new(size_t bytes)
{
	return new_seg(bytes, false);
}

struct seg *seg_new_for(size_t frame_and_args, size_t at_least)
{
	size_t need = frame_and_args + sizeof(struct seg) + pool.slack +
		      2 * FRAME_ROOM;

	if (need < frame_and_args)
		return NULL;
	/* A frame that is larger than all before it has arrays, which may stay
	 * untouched for the most part. */
	return need > at_least ? new_seg(need, false) :
				 new_seg(at_least, true);
}

void seg_free(struct seg *s)
{
	unsigned class = class_of(s->bytes);

	if (!seg_is_whole(s))
		fatal_overrun(s);
	fiber_stack_gone(s);
	seg_count(-(long)s->bytes);
	if (class < SEG_CLASSES)
		pooled_free(s->low, class);
	else
		fiber_unmap(s->low, s->bytes);
}
