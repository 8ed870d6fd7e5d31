/* Locals of a megabyte, one on top of the other. */
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

enum { BYTES = 1 << 20, STEP = 16411 };

CALLED static uint64_t fill(int depth, uint64_t seed)
{
	unsigned char here[BYTES];
	uint64_t sum = (uint64_t)depth;

	for (int i = (int)(seed % STEP); i < BYTES; i += STEP)
		here[i] = (unsigned char)(i + depth);
	here[BYTES - 1] = 1;
	here[0] = 2;
	if (depth)
		sum = fill(depth - 1, seed + 1);
	else
		pgo_yield();
	for (int i = (int)(seed % STEP); i < BYTES; i += STEP)
		sum = mix(sum, here[i]);
	return mix(sum, here[0] + here[BYTES - 1]);
}

uint64_t sum_megabyte(uint64_t seed)
{
	return fill((int)(seed % 3), seed);
}
