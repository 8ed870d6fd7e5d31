/* Vectors as arguments and results, as wide as this CPU has them. */
#include <immintrin.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

CALLED static __m128d two(__m128d a, __m128d b, int depth)
{
	PAD(300);
	if (depth)
		return two(b, _mm_add_pd(a, b), depth - 1);
	pgo_yield();
	return _mm_mul_pd(a, b);
}

/* Eight in registers, the ninth in memory. */
__attribute__((noipa, target("avx"))) static __m256d
four(__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f,
     __m256d g, __m256d h, __m256d in_memory, int depth)
{
	PAD(600);
	if (depth)
		return four(b, c, d, e, f, g, h, in_memory, a, depth - 1);
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 +
	       in_memory * 9;
}

__attribute__((noipa, target("avx512f"))) static __m512d
eight(__m512d a, __m512d b, __m512d c, __m512d in_between, int depth)
{
	PAD(900);
	if (depth)
		return eight(b, c, in_between, a, depth - 1);
	return a + b * 2 + c * 3 + in_between * 4;
}

static uint64_t sum_of(const double *v, int n)
{
	uint64_t sum = 1;

	for (int i = 0; i < n; i++)
		sum = mix(sum, (uint64_t)v[i]);
	return sum;
}

__attribute__((noipa, target("avx"))) static uint64_t sum_of_four(int n)
{
	__m256d x = _mm256_set_pd(1, n, 3, 4), y = _mm256_set1_pd(n);
	double v[4];

	_mm256_storeu_pd(v, four(x, y, x + y, x, y, x, y * x, y, x, n % 9));
	pgo_yield();
	return sum_of(v, 4);
}

__attribute__((noipa, target("avx512f"))) static uint64_t sum_of_eight(int n)
{
	__m512d x = _mm512_set_pd(1, 2, 3, 4, 5, n, 7, 8);
	double v[8];

	_mm512_storeu_pd(v, eight(x, x + x, x * x, x, n % 9));
	pgo_yield();
	return sum_of(v, 8);
}

uint64_t sum_vectors(uint64_t seed)
{
	int n = (int)(seed % 29);
	double v[2];
	uint64_t sum;

	_mm_storeu_pd(v, two(_mm_set_pd(1, n), _mm_set_pd(n, 3), n));
	sum = sum_of(v, 2);
	if (__builtin_cpu_supports("avx"))
		sum = mix(sum, sum_of_four(n));
	if (__builtin_cpu_supports("avx512f"))
		sum = mix(sum, sum_of_eight(n));
	return sum;
}
