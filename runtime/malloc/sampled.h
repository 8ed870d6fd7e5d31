/*
 * Sampling of the heap: every so many bytes, by chance, an object whose stack
 * is remembered.  A small one gets a span of its own, so that free() sees which
 * it is without asking.
 */
#ifndef PGO_RUNTIME_MALLOC_SAMPLED_H
#define PGO_RUNTIME_MALLOC_SAMPLED_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/malloc/span.h"

/* Bytes from one sample to the next, on average; 0: none are taken. */
extern uint64_t sampled_rate;

/* An object of CLASS, sampled; NULL, and errno, when memory is out.  [g] */
void *sampled_new(unsigned class);

/* S is one new object, which may be due to be sampled; it goes; its object
 * becomes BYTES long.  They keep heap's counters.  [g] */
void sampled_count(struct span *s);
void sampled_uncount(struct span *s);
void sampled_recount(struct span *s, size_t bytes);

#endif
