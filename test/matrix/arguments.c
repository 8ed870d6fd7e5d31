/* More arguments than registers, of both kinds, down a descent. */
#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

CALLED static double many(int depth, double a, double b, double c, double d,
			  double e, double f, double g, double h, double i,
			  double j, long k, long l, long m, long n, long o,
			  long p, long q, long r)
{
	PAD(300);
	if (depth)
		return many(depth - 1, b, c, d, e, f, g, h, i, j, a, l, m, n,
			    o, p, q, r, k) + a * (double)k;
	pgo_yield();
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h +
	       9 * i + 10 * j + (double)(k + 2 * l + 3 * m + 4 * n + 5 * o +
					 6 * p + 7 * q + 8 * r);
}

CALLED static long small(char a, short b, float c, unsigned char d, long e,
			 char f, short g, unsigned h, float *i)
{
	pgo_yield();
	return a + b + (long)c + d + e + f + g + (long)h + (long)*i;
}

CALLED static __int128 wide(__int128 a, int n, __int128 b, __int128 c)
{
	pgo_yield();
	return a * n + b / (c | 1);
}

uint64_t sum_arguments(uint64_t seed)
{
	float x = (float)(seed % 100);
	int n = (int)(seed % 40);
	__int128 w = wide((__int128)seed << 40, n, (__int128)seed << 64,
			  (__int128)n);
	uint64_t sum = (uint64_t)many(n, n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, n,
				      3, 4, 5, 6, 7, 8);

	sum = mix(sum, (uint64_t)small('a', -3, x, 200, n, 'z', 300, 7, &x));
	return mix(mix(sum, (uint64_t)w), (uint64_t)(w >> 64));
}
