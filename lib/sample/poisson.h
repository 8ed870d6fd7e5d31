/* Chance in bytes: where the next sample is. */
#ifndef LIB_SAMPLE_POISSON_H
#define LIB_SAMPLE_POISSON_H

#include <stdint.h>

/* Steps *STATE, which is not 0; as good as needed for samples.  [any] */
uint32_t poisson_random(uint32_t *state);

/* How far it is to the next of events that come at random, MEAN (at most 2^32)
 * apart on average.  No floating point.  [any] */
uint64_t poisson_draw(uint32_t *state, uint64_t mean);

#endif
