/*
 * Vector registers: wide ones count only when the kernel saves them, which
 * xgetbv tells (Intel SDM volume 1, chapter 13).
 */
#include "runtime/vec.h"

#include <cpuid.h>
#include <stdint.h>

enum { XCR0_YMM = 0x6, XCR0_ZMM = 0xe6 };

int pgo_vec_kind;

static uint32_t enabled_state(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

void vec_setup(void)
{
	uint32_t a, b, c, d;
	uint32_t state;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return;
	state = enabled_state();
	if ((c & bit_AVX) && (state & XCR0_YMM) == XCR0_YMM)
		pgo_vec_kind = VEC_YMM;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512F) &&
	    (state & XCR0_ZMM) == XCR0_ZMM)
		pgo_vec_kind = VEC_ZMM;
}
