/*
 * Loops that call nothing, which a signal may take off their thread at any
 * instruction: of integers, x87, vectors, flags, and in the red zone of a
 * leaf.
 */
#include <immintrin.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

enum { TURNS = 3000 };

CALLED static uint64_t of_integers(uint64_t x)
{
	uint64_t a = x, b = x ^ 1, c = x + 2, d = ~x, e = x * 3, f = x >> 1;

	for (int i = 0; i < TURNS; i++) {
		a += b ^ e;
		b = (b << 7 | b >> 57) + c;
		c ^= a * 5;
		d -= a % 1021;
		e += d > b ? c : f;
		f = f * 3 + e;
	}
	return a ^ b ^ c ^ d ^ e ^ f;
}

/* Carried from one word to the next by a flag. */
CALLED static uint64_t of_flags(uint64_t x)
{
	unsigned long long low = x, high = 0;
	unsigned char carry = 0;

	for (int i = 0; i < TURNS; i++) {
		carry = _addcarry_u64(carry, low, x * 0x9e3779b97f4a7c15u,
				      &low);
		carry = _addcarry_u64(carry, high, 12345, &high);
	}
	return low ^ high ^ carry;
}

/* Many values on its stack of registers. */
CALLED static uint64_t of_x87(uint64_t x)
{
	long double a = (long double)x, b = 1, c = 2, d = 0.5L, e = 3, f = 7;

	for (int i = 1; i < TURNS; i++) {
		a = a / 3 + b;
		b = b * d + (long double)i;
		c = c / (b + 1) + e;
		e = e * 0.75L + f;
		f = f - c / 2;
	}
	return (uint64_t)(int64_t)((a + b + c + e + f) * 1024);
}

CALLED static uint64_t of_doubles(uint64_t x)
{
	double v[4] = { (double)(x % 1000), 1, 2, 3 }, sum = 0;

	for (int i = 1; i < TURNS; i++) {
		v[i % 4] = v[(i + 1) % 4] * 0.5 + v[(i + 2) % 4] / (i + 1);
		sum += v[i % 4];
	}
	return (uint64_t)(sum * 65536);
}

CALLED __attribute__((target("avx"))) static uint64_t of_ymm(uint64_t x)
{
	__m256d a = _mm256_set1_pd((double)(x % 997)), b = a * 2, c = a + b;
	double v[4];

	for (int i = 0; i < TURNS; i++) {
		a = a * 0.5 + b;
		b = b * 0.25 + c;
		c = c * 0.125 + 1;
	}
	_mm256_storeu_pd(v, a + b + c);
	return (uint64_t)((v[0] + v[1] + v[2] + v[3]) * 1024);
}

CALLED __attribute__((target("avx512f"))) static uint64_t of_zmm(uint64_t x)
{
	__m512i a = _mm512_set1_epi64((long long)x), b = a, sum = a;
	uint64_t v[8];

	for (int i = 0; i < TURNS; i++) {
		__mmask8 odd = _mm512_test_epi64_mask(a, _mm512_set1_epi64(1));

		b = _mm512_mask_add_epi64(b, odd, b, a);
		a = _mm512_rol_epi64(a, 9) ^ b;
		sum = _mm512_add_epi64(sum, a);
	}
	_mm512_storeu_si512(v, sum);
	return v[0] + v[1] + v[2] + v[3] + v[4] + v[5] + v[6] + v[7];
}

/* A leaf: its array lies below the stack pointer. */
CALLED static uint64_t of_red_zone(uint64_t x)
{
	volatile uint64_t v[12];

	for (unsigned i = 0; i < 12; i++)
		v[i] = x + i;
	for (unsigned i = 0; i < TURNS; i++)
		v[i % 12] = v[(i + 5) % 12] * 3 + v[(i + 7) % 12];
	return v[0] ^ v[1] ^ v[2] ^ v[3] ^ v[4] ^ v[11];
}

uint64_t sum_loops(uint64_t seed)
{
	uint64_t sum = mix(1, of_integers(seed));

	sum = mix(sum, of_flags(seed));
	sum = mix(sum, of_x87(seed));
	sum = mix(sum, of_doubles(seed));
	sum = mix(sum, of_red_zone(seed));
	if (__builtin_cpu_supports("avx"))
		sum = mix(sum, of_ymm(seed));
	if (__builtin_cpu_supports("avx512f"))
		sum = mix(sum, of_zmm(seed));
	pgo_yield();
	return mix(sum, of_red_zone(sum));
}
