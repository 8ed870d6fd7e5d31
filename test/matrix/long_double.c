/* x87 values: in arguments they lie in memory, results come back in st(0). */
#include <math.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

CALLED static long double blend(long double a, int n, long double b, double c,
				long double d)
{
	PAD(260);
	pgo_yield();
	return a * 2 + b * 3 + c + d * n;
}

/* A result waits in the caller's frame while others go below it. */
CALLED static long double descend(int depth, long double x)
{
	long double half = x / 2;

	if (!depth)
		return blend(x, 3, half, 1.5, 2.25L);
	return descend(depth - 1, x + 0.25L) + half;
}

CALLED static __float128 quad(__float128 a, __float128 b)
{
	pgo_yield();
	return a * b + a / (b + 1);
}

uint64_t sum_long_double(uint64_t seed)
{
	long double x = (long double)(seed % 4096) / 16;
	uint64_t sum = (uint64_t)(descend((int)(seed % 23), x) * 16);

	sum = mix(sum, (uint64_t)(sqrtl(x * x + 1) * 1024));
	sum = mix(sum, (uint64_t)(fabsl(sinl(x)) * 1048576));
	return mix(sum, (uint64_t)(quad((__float128)x, 3) * 64));
}
