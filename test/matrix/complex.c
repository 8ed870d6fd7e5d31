/* _Complex in three sizes: in one register, in two, in memory. */
#include <complex.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

CALLED static float _Complex of_float(float _Complex a, float _Complex b)
{
	pgo_yield();
	return a * b + 1;
}

CALLED static double _Complex of_double(double _Complex a, int n,
					double _Complex b)
{
	PAD(300);
	pgo_yield();
	return n ? of_double(b, n - 1, a + 1) : a * b;
}

CALLED static long double _Complex of_long(long double _Complex a,
					   long double _Complex b)
{
	pgo_yield();
	return a * b - conjl(a);
}

static uint64_t sum_of(long double _Complex v)
{
	return mix((uint64_t)(int64_t)(creall(v) * 4),
		   (uint64_t)(int64_t)(cimagl(v) * 4));
}

uint64_t sum_complex(uint64_t seed)
{
	int n = (int)(seed % 31);
	double x = n / 2.;
	uint64_t sum = sum_of(of_float((float)x + 2 * I, 3 - I));

	sum = mix(sum, sum_of(of_double(x + 1 * I, n, 2 - x * I)));
	sum = mix(sum, sum_of(of_long(x + 2 * I, 3 - x * I)));
	return mix(sum, (uint64_t)(cabs(x + 4 * I) * 4096));
}
