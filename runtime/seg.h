/*
 * Stack segments.
 *
 *      low                limit                               struct seg
 *       | canary |  slack  |        frames grow downwards       | header |
 *
 * The header lies at the top, so that a goroutine that never went deep has
 * touched one page.  Below the limit is the slack: frames under 256 bytes,
 * which the compiler does not check, the runtime's own [g] functions, and lazy
 * binding in programs that link foreign libraries.
 *
 * A segment is owned by its goroutine; nothing in it ever moves, so pointers
 * into stacks stay good until their function returns.
 *
 * A contiguous stack is one segment that never has another: see arena.h.
 */
#ifndef PGO_RUNTIME_SEG_H
#define PGO_RUNTIME_SEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alloca_block;

struct seg {
	struct alloca_block *blocks; /* alloca() that did not fit */
	uint32_t guard;         /* bytes kept free below low; 0: one of many */
	uint32_t pages;         /* of a contiguous one: touched, last look */
	/* One cache line, at the very top of the segment. */
	struct seg *prev;       /* where the caller's frames are */
	struct seg *next;       /* cached: the last one used above this */
	uintptr_t limit;        /* low + slack, or poison: see seg_close() */
	size_t cap;             /* what one frame and its arguments may take */
	void *ret;              /* __morestack's real way back */
	const uint64_t *canary; /* at low; NULL: a guard page does better */
	char *low;
	size_t bytes;           /* all of it, header included */
};

#define SEG_CANARY 0x5afe57ac5afe57acULL

/* Of contiguous stacks, which have pages to spare: leaves of libc, and lazy
 * binding where a program does not bind at its start. */
enum { SEG_FIXED_SLACK = 8192, SEG_PAGE = 4096 };

/* Fixes the sizes; FIRST_BYTES 0 takes what the link chose.  [any, once] */
void seg_setup(size_t first_bytes);

/* After fork(): segments are to be had, whatever other threads held.  [m] */
void seg_in_child(void);

/* Bytes of a first segment: 2048 or 4096 by the link, or PGODEBUG=stackmin. */
size_t seg_first_bytes(void);

/* What is common to all: an open segment without neighbours, whose stack is
 * from LOW to S.  The caller sets the rest before. */
void seg_init(struct seg *s, char *low, size_t bytes);

/* A segment of at least BYTES in all; NULL when memory is out.  General
 * registers only: vector arguments are live.  [any] */
struct seg *seg_new(size_t bytes);
void seg_free(struct seg *s);

/* A segment with room for a frame and its arguments. */
struct seg *seg_new_for(size_t frame_and_args, size_t at_least);

/*
 * Memory of at least *BYTES, on a page or on the next power of two of what
 * there is, and how much it came to be; NULL when memory is out.  [m]
 */
void *seg_block_new(size_t *bytes);
void seg_block_free(void *block, size_t bytes);

/* Where its slack begins, whatever ->limit says now. */
uintptr_t seg_limit(const struct seg *s);

/* A closed segment sends every prologue and every entry to the slow path. */
void seg_close(struct seg *s);
void seg_open(struct seg *s);

/* A contiguous stack: no other segment comes before or after it. */
static inline bool seg_is_fixed(const struct seg *s)
{
	return s->guard;
}

/* What it takes of memory, as far as is known. */
static inline size_t seg_memory(const struct seg *s)
{
	return seg_is_fixed(s) ? (size_t)s->pages * SEG_PAGE : s->bytes;
}

/* False when something ran past the low end. */
static inline bool seg_is_whole(const struct seg *s)
{
	return !s->canary ||
	       *(const volatile uint64_t *)s->canary == SEG_CANARY;
}

/* Whether ADDR lies in the segment's stack. */
static inline bool seg_holds(const struct seg *s, uintptr_t addr)
{
	return addr >= (uintptr_t)s->low && addr <= (uintptr_t)s;
}

/* Bytes of segments in use by goroutines, for the view; of contiguous ones
 * what is touched.  [any] */
extern _Atomic size_t seg_inuse;
void seg_count(long bytes);
size_t seg_inuse_bytes(void);

#endif
