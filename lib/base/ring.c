/*
 * One producer, one consumer, no lock.
 *
 * head and tail count words and never wrap (64 bits), so that head - tail is
 * what is in the ring and full and empty need no spare slot.  A record is its
 * length in one word, then its words; it may wrap round the end of the memory.
 *
 * The producer publishes by a release store of head, the consumer gives room
 * back by a release store of tail.  Each reads the other's with acquire and its
 * own relaxed.  A producer that interrupts the consumer's own thread is just
 * another interleaving.
 *
 * Not chosen: overwriting the oldest record.  It needs a consumer that can see
 * its record torn; a profile would rather lose the newest and say how many.
 */
#include "lib/base/ring.h"

#include <errno.h>

int ring_init(struct ring *r, uint64_t *words, size_t n)
{
	if (n < 2 || (n & (n - 1)) != 0)
		return -EINVAL;
	r->words = words;
	r->mask = n - 1;
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
	atomic_init(&r->dropped, 0);
	return 0;
}

static int drop(struct ring *r, int why)
{
	/* One writer: a plain load and store, no locked instruction. */
	uint64_t n = atomic_load_explicit(&r->dropped, memory_order_relaxed);

	atomic_store_explicit(&r->dropped, n + 1, memory_order_relaxed);
	return why;
}

/* Word by word: a signal handler copies, where no sanitizer's memcpy() may be
 * called. */
static void copy(uint64_t *to, const uint64_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = from[i];
		/* Or the compiler would call memcpy() for the loop. */
		atomic_signal_fence(memory_order_acq_rel);
	}
}

static void copy_in(struct ring *r, uint64_t at, const uint64_t *from, size_t n)
{
	size_t i = at & r->mask;
	size_t first = r->mask + 1 - i;

	if (first > n)
		first = n;
	copy(r->words + i, from, first);
	copy(r->words, from + first, n - first);
}

static void copy_out(struct ring *r, uint64_t at, uint64_t *to, size_t n)
{
	size_t i = at & r->mask;
	size_t first = r->mask + 1 - i;

	if (first > n)
		first = n;
	copy(to, r->words + i, first);
	copy(to + first, r->words, n - first);
}

int ring_put(struct ring *r, const uint64_t *rec, size_t n)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail;

	if (n == 0 || n > RING_RECORD_MAX || n > r->mask)
		return drop(r, -EMSGSIZE);
	/* Acquire: what lies before tail has been read.  Pairs with the
	 * release in ring_get(). */
	tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	if (n + 1 > r->mask + 1 - (head - tail))
		return drop(r, -ENOSPC);
	r->words[head & r->mask] = n;
	copy_in(r, head + 1, rec, n);
	/* Release: the record is written.  Pairs with the acquire in
	 * ring_get(). */
	atomic_store_explicit(&r->head, head + 1 + n, memory_order_release);
	return 0;
}

size_t ring_get(struct ring *r, uint64_t *out, size_t max)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint64_t head;
	size_t n;

	/* Acquire: pairs with the release in ring_put(). */
	head = atomic_load_explicit(&r->head, memory_order_acquire);
	if (head == tail)
		return 0;
	n = r->words[tail & r->mask];
	copy_out(r, tail + 1, out, n < max ? n : max);
	/* Release: the words are read.  Pairs with the acquire in
	 * ring_put(). */
	atomic_store_explicit(&r->tail, tail + 1 + n, memory_order_release);
	return n;
}

uint64_t ring_dropped(const struct ring *r)
{
	return atomic_load_explicit(&r->dropped, memory_order_relaxed);
}
