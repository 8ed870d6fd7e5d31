/*
 * Contiguous stacks: one segment for all of a goroutine's frames.
 *
 *   |  guard  |  slack  |    frames grow downwards    | header | | canary |
 *            low      limit                          struct seg
 *
 * Strides of one size lie side by side in large reservations; pages cost
 * memory when they are touched, and a goroutine that never went deep has
 * touched one.  Code with split prologues stops at the limit; code without
 * runs into the guard pages.  Where the kernel gives none, the guard's bytes
 * are there all the same, and behind them a canary at the top of the stride
 * below tells, late, that somebody went through.
 */
#ifndef PGO_RUNTIME_ARENA_H
#define PGO_RUNTIME_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seg;

/* How guards are made. */
enum arena_guard {
	GUARD_PROBE,            /* the first of these that works */
	GUARD_MADVISE,          /* MADV_GUARD_INSTALL, Linux 6.13 */
	GUARD_MPROTECT,         /* two mappings a stack: up to about 28,000 */
	GUARD_NONE,
};

/* Fixes the usual size, for frames of LEAST_BYTES at least, and how guards are
 * made; a wish the kernel cannot fulfil is a line.  [m, once] */
void arena_setup(size_t least_bytes, enum arena_guard wish);

/* Whether a stack for BYTES of frames has the usual size. */
bool arena_is_usual(size_t bytes);

/* A stack for BYTES of frames, or somewhat more; NULL when memory is out.
 * BYTES is at most 1 << 47.  [any] */
struct seg *arena_new(size_t bytes);

/* Gives the stack back; its memory stays, see arena_trim().  [any] */
void arena_free(struct seg *s);

/*
 * Looks how many pages of S are touched, and gives back those that lie wholly
 * below SP.  Returns how many bytes were touched; s->pages is what is left.
 * S stands still.  [m]
 */
size_t arena_trim(struct seg *s, uintptr_t sp);

/* Whether ADDR is in the guard of S, a contiguous stack.  [sig] */
bool arena_guards(const struct seg *s, uintptr_t addr);

/* Bytes of frames S has room for. */
size_t arena_room(const struct seg *s);

#endif
