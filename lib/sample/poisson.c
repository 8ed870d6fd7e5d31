/*
 * The distance between events of a Poisson process is exponential: the
 * logarithm of a random number.  It is found bit by bit, by squaring, because
 * a caller on a goroutine's stack in the middle of a call has no floating
 * point.
 */
#include "lib/sample/poisson.h"

enum { LOG_BITS = 12 };         /* off by 1 in 10,000 at most */

#define LN2_16 45426u                   /* ln 2 * 2^16 */

uint32_t poisson_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

/* -log2(X / 2^32) in 2^-LOG_BITSths; X is not 0. */
static uint32_t minus_log2(uint32_t x)
{
	unsigned top = 31 - (unsigned)__builtin_clz(x);
	uint64_t y = (uint64_t)x << (31 - top); /* from 1 to 2, by 2^31 */
	uint32_t log = top;

	for (int i = 0; i < LOG_BITS; i++) {
		y = y * y >> 31;
		log = log << 1 | (y >> 32 != 0);
		y >>= y >> 32;
	}
	return (32u << LOG_BITS) - log;
}

uint64_t poisson_draw(uint32_t *state, uint64_t mean)
{
	uint64_t log = minus_log2(poisson_random(state));

	return (log * LN2_16 >> 16) * mean >> LOG_BITS;
}
