/*
 * A P's timers, the first of them at hand: a 4-ary heap by time.
 *
 * Times lie in the heap's own slots, four children to a cache line, so that
 * putting in and taking out touches nothing of what the timers belong to.  A
 * sleeping goroutine is a slot with no timer behind it, which nobody takes out
 * but who finds it due; a struct timer is told where it is, for it may be
 * removed from the middle.
 */
#ifndef PGO_RUNTIME_TIMERHEAP_H
#define PGO_RUNTIME_TIMERHEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/lock.h"

struct g;
struct timer;

/* A struct timer, or a sleeping struct g with TIMERSLOT_SLEEPS set. */
struct timerslot {
	int64_t when_ns;
	uintptr_t who;
};

#define TIMERSLOT_SLEEPS ((uintptr_t)1)

struct timerheap {
	struct lock lock;       /* everything but next_ns and now_ns */
	uint32_t end;           /* slots in use end here; 0: never used */
	uint32_t size;          /* slots there is memory for */
	struct timerslot *slot;
	_Atomic int64_t next_ns; /* lock writes: the first's; INT64_MAX: none */
	int64_t now_ns;         /* the P's owner: when it last looked */
};

/* An empty one, with no memory. */
void timerheap_init(struct timerheap *h);

/* The heap's lock held: ------------------------------------------------------
 * Puts S in; fatal when memory is out.  Returns whether it is the first now.
 * [any] */
bool timerheap_put(struct timerheap *h, struct timerslot s);

/* Takes the first into *S when its time is up to LAST_NS.  [any] */
bool timerheap_take(struct timerheap *h, int64_t last_ns, struct timerslot *s);

/* Takes out T, which is in.  [any] */
void timerheap_remove(struct timerheap *h, struct timer *t);

/* What is due up to LAST_NS goes to TO, whose lock is held too.  Meanwhile
 * one of them has a next_ns that early.  [any] */
void timerheap_move(struct timerheap *from, struct timerheap *to,
		    int64_t last_ns);

/* When the first is due.  Lock or none.  [any] */
static inline int64_t timerheap_next_ns(const struct timerheap *h)
{
	return __atomic_load_n((const int64_t *)&h->next_ns, __ATOMIC_RELAXED);
}

#endif
