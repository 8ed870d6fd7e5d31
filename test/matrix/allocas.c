/* alloca() and variable arrays: small, large, in loops, under recursion. */
#include <alloca.h>
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

#pragma GCC diagnostic ignored "-Wvla"

static uint64_t sum_of(const unsigned char *p, size_t n)
{
	uint64_t sum = n;

	for (size_t i = 0; i < n; i += 1 + n / 16)
		sum = mix(sum, p[i]);
	return mix(sum, p[n - 1]);
}

/* Everything lives until the function returns. */
CALLED static uint64_t in_a_loop(int turns, uint64_t seed)
{
	unsigned char *all[24];
	size_t bytes[24];
	uint64_t sum = 3;

	for (int i = 0; i < turns; i++) {
		bytes[i] = 1 + draw(&seed) % (i % 6 == 5 ? 9000 : 120);
		all[i] = alloca(bytes[i]);
		memset(all[i], i + 1, bytes[i]);
		if (i % 4 == 0)
			pgo_yield();
	}
	for (int i = 0; i < turns; i++)
		sum = mix(sum, sum_of(all[i], bytes[i]));
	return sum;
}

/* Each turn's array is gone before the next one's. */
CALLED static uint64_t by_scope(int turns, uint64_t seed)
{
	uint64_t sum = 5;

	for (int i = 0; i < turns; i++) {
		unsigned char array[1 + draw(&seed) % 3000];

		memset(array, i + 7, sizeof(array));
		pgo_yield();
		sum = mix(sum, sum_of(array, sizeof(array)));
	}
	return sum;
}

CALLED static uint64_t descend(int depth, uint64_t seed)
{
	unsigned char array[1 + draw(&seed) % 700];
	long grid[1 + depth % 5][3];
	uint64_t sum;

	memset(array, depth, sizeof(array));
	memset(grid, depth + 1, sizeof(grid));
	sum = depth ? descend(depth - 1, seed) : by_scope(3, seed);
	sum = mix(sum, (uint64_t)grid[depth % 5][2]);
	return mix(sum, sum_of(array, sizeof(array)));
}

uint64_t sum_allocas(uint64_t seed)
{
	uint64_t sum = in_a_loop(1 + (int)(seed % 24), seed);

	sum = mix(sum, by_scope((int)(seed % 12), seed));
	return mix(sum, descend((int)(seed % 40), seed));
}
