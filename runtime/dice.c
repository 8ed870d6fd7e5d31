/* One Weyl sequence for all threads, each step of it mixed. */
#include "runtime/dice.h"

#include <stdatomic.h>

static _Atomic uint32_t weyl;

static uint32_t mix(uint32_t x)
{
	x = (x ^ x >> 16) * 0x21f0aaad;
	x = (x ^ x >> 15) * 0x735a2d97;
	return x ^ x >> 15;
}

void dice_seed(uint32_t seed)
{
	/* Mixed, or the next seed would only be a step further. */
	atomic_store_explicit(&weyl, mix(seed), memory_order_relaxed);
}

uint32_t dice(uint32_t n)
{
	uint32_t x = atomic_fetch_add_explicit(&weyl, 0x9e3779b9,
					       memory_order_relaxed);

	return (uint32_t)((uint64_t)mix(x) * n >> 32);
}
