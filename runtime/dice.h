/* Chance, where even odds are all that is asked: not for secrets. */
#ifndef PGO_RUNTIME_DICE_H
#define PGO_RUNTIME_DICE_H

#include <stdint.h>

/* The numbers that follow depend on SEED; 0 is how a program begins.
 * [any, once] */
void dice_seed(uint32_t seed);

/* A number below N.  [any] */
uint32_t dice(uint32_t n);

#endif
