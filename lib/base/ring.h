/*
 * A ring of records between one producer and one consumer, made for a signal
 * handler on one side and a thread on the other.
 *
 * A record is 1 to RING_RECORD_MAX words of 64 bits.  The memory is the
 * caller's.  Nothing blocks, nothing allocates; what does not fit is dropped
 * and counted.
 */
#ifndef LIB_BASE_RING_H
#define LIB_BASE_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define RING_RECORD_MAX 4096    /* words; more is -EMSGSIZE */

struct ring {
	uint64_t *words;        /* set once by ring_init() */
	uint64_t mask;          /* words in all - 1; set once */

	/* The producer's line. */
	_Alignas(64) _Atomic uint64_t head;     /* producer only; words put */
	_Atomic uint64_t dropped;               /* producer only; records */

	/* The consumer's line. */
	_Alignas(64) _Atomic uint64_t tail;     /* consumer only; words taken */
};

/*
 * Makes R an empty ring over WORDS, N of them: a power of two, at least 2.
 * 0, or -EINVAL.  WORDS must outlive the ring.  [any, before it is shared]
 */
int ring_init(struct ring *r, uint64_t *words, size_t n);

/*
 * Appends the N words at REC as one record.  0; -ENOSPC when there is no
 * room; -EMSGSIZE when N is 0, above RING_RECORD_MAX or could never fit.  Both
 * errors count as one dropped record.  One producer at a time.  [sig]
 */
int ring_put(struct ring *r, const uint64_t *rec, size_t n);

/*
 * Takes the oldest record: copies up to MAX of its words to OUT and returns
 * how many it has, which may exceed MAX (the rest is gone); 0 when the ring is
 * empty.  One consumer at a time.  [any]
 */
size_t ring_get(struct ring *r, uint64_t *out, size_t max);

/* Records dropped since ring_init().  [any] */
uint64_t ring_dropped(const struct ring *r);

#endif
