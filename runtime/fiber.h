/*
 * What those who watch a program's memory must be told of goroutines.
 *
 * Valgrind: where stacks are, or it takes a jump to another one for an enormous
 * frame.  The address sanitizer: when a thread goes to another stack.  The
 * thread sanitizer: who runs, and whose doings come before whose.  The leak
 * sanitizer: where pointers may lie.
 *
 * Nothing of it costs more than a test of one word when nobody watches.  The
 * runtime itself is never compiled for a sanitizer; see
 * docs/notes/sanitizers.md.
 */
#ifndef PGO_RUNTIME_FIBER_H
#define PGO_RUNTIME_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/seg.h"
#include "runtime/sys.h"

struct g;
struct m;

/* Constant after fiber_setup(). */
struct fiber_watch {
	bool sanitized;         /* first: the assembly knows it */
	bool threads;           /* by the thread sanitizer; from the start */
	bool valgrind;          /* the program runs under valgrind */
};

extern struct fiber_watch fiber_watch __attribute__((visibility("hidden")));

/* What sanitizers know a goroutine's or a thread's stack by. */
struct fiber {
	void *tsan;             /* constant while it lives */
	void *fake;             /* asan's, while another stack is used */
};

/* Looks who watches.  [any, once] */
void fiber_setup(void);

/* Bytes of frames a goroutine needs at least, when BYTES would do if nobody
 * watched.  [any] */
size_t fiber_stack_bytes(size_t bytes);

/* The slow halves of what follows. */
void fiber_made(struct g *gp);
void fiber_gone(struct g *gp);
void fiber_thread(struct m *m);
void fiber_switch_to_g(struct m *m, struct g *gp);
void fiber_switched_to_sched(struct m *m);
void fiber_switch_to_sched(struct m *m, struct g *gp);
void fiber_switched_to_g(struct g *gp);
void fiber_roots(const void *p, size_t bytes, bool are);
void fiber_unmap_told(void *p, size_t bytes);
void fiber_tell_release(const void *what);
void fiber_tell_acquire(const void *what);
void fiber_tell_unseen(bool begins);
void fiber_tell_heap(const void *p, size_t bytes);
void fiber_tell_owned(const void *p, size_t bytes, const void *from);
void fiber_tell_free(const void *p, size_t bytes);

/* The same for valgrind.  General registers only, for segments are made while
 * a call's vector arguments are live. */
bool fiber_under_valgrind(void);
void *fiber_map_apart(size_t bytes);
void fiber_unmap_apart(void *p, size_t bytes);
void fiber_register(struct seg *s);
void fiber_deregister(struct seg *s);
void fiber_begin_calls(void);
void fiber_end_calls(void);

#define FIBER_IF(watched) if (__builtin_expect(fiber_watch.watched, 0))

/* Stacks ------------------------------------------------------------------- */

/* As sys_unmap(), of memory that the program has used.  [any] */
static inline void fiber_unmap_used(void *p, size_t bytes)
{
	FIBER_IF(threads)
		fiber_unmap_told(p, bytes);
	else
		sys_unmap(p, bytes);
}

/* As sys_map() and sys_unmap(), for memory that becomes stacks.  [any] */
static inline void *fiber_map(size_t bytes)
{
	FIBER_IF(valgrind)
		return fiber_map_apart(bytes);
	return sys_map(bytes);
}

static inline void fiber_unmap(void *p, size_t bytes)
{
	FIBER_IF(valgrind)
		fiber_unmap_apart(p, bytes);
	else
		fiber_unmap_used(p, bytes);
}

/* S, canary and all, is a stack from now on; it will not be one any more.
 * [any] */
static inline void fiber_stack_made(struct seg *s)
{
	FIBER_IF(valgrind)
		fiber_register(s);
}

static inline void fiber_stack_gone(struct seg *s)
{
	FIBER_IF(valgrind)
		fiber_deregister(s);
}

/* Goroutines and threads --------------------------------------------------- */

/* GP will run for the first time, made by the caller; it never runs again.
 * [any] [m] */
static inline void fiber_new(struct g *gp)
{
	FIBER_IF(sanitized)
		fiber_made(gp);
}

static inline void fiber_free(struct g *gp)
{
	FIBER_IF(sanitized)
		fiber_gone(gp);
}

/* The calling thread begins to run goroutines: what it calls for them in C
 * lies on its stack from about here on down.  [m] */
static inline void fiber_m_begin(struct m *m)
{
	FIBER_IF(sanitized)
		fiber_thread(m);
	FIBER_IF(valgrind)
		fiber_begin_calls();
}

/* The process ends, not by exit().  [any] [sig] */
static inline void fiber_end(void)
{
	FIBER_IF(valgrind)
		fiber_end_calls();
}

/* Right before and after a switch, each on its side of it. */
static inline void fiber_to_g(struct m *m, struct g *gp)
{
	FIBER_IF(sanitized)
		fiber_switch_to_g(m, gp);
}

static inline void fiber_in_sched(struct m *m)
{
	FIBER_IF(sanitized)
		fiber_switched_to_sched(m);
}

static inline void fiber_to_sched(struct m *m, struct g *gp)
{
	FIBER_IF(sanitized)
		fiber_switch_to_sched(m, gp);
}

static inline void fiber_in_g(struct g *gp)
{
	FIBER_IF(sanitized)
		fiber_switched_to_g(gp);
}

/* Memory ------------------------------------------------------------------- */

/* The program's pointers may lie in BYTES at P; no more.  [any] */
static inline void fiber_root(const void *p, size_t bytes)
{
	FIBER_IF(sanitized)
		fiber_roots(p, bytes, true);
}

static inline void fiber_no_root(const void *p, size_t bytes)
{
	FIBER_IF(sanitized)
		fiber_roots(p, bytes, false);
}

/* What the caller has done so far comes before what anyone does after an
 * acquire of the same address.  [any] */
static inline void fiber_release(const void *what)
{
	FIBER_IF(threads)
		fiber_tell_release(what);
}

static inline void fiber_acquire(const void *what)
{
	FIBER_IF(threads)
		fiber_tell_acquire(what);
}

/* What the calling thread or goroutine does in between is the runtime's own, in
 * libc's functions, below locks that the sanitizer does not know.  [any] */
static inline void fiber_unseen_begin(void)
{
	FIBER_IF(threads)
		fiber_tell_unseen(true);
}

static inline void fiber_unseen_end(void)
{
	FIBER_IF(threads)
		fiber_tell_unseen(false);
}

#endif
