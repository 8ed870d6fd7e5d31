/*
 * Functions inside functions: the frame of the outer one comes by r10, which
 * a stack check needs for itself.  And frames that align themselves, whose
 * arguments come by r10 too.  clang has no nested functions.
 */
#include <stdarg.h>
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

#ifdef __clang__
static uint64_t nested(uint64_t seed)
{
	return seed;
}
#else
CALLED static uint64_t nested(uint64_t seed)
{
	uint64_t sum = seed;
	char text[64];

	__attribute__((noipa)) uint64_t inner(int depth, long a, long b, long c,
					      long d, long e, long on_stack)
	{
		volatile char frame[150];

		frame[depth % 150] = text[depth % 64];
		sum = mix(sum, (uint64_t)(a + b + c + d + e + on_stack));
		if (depth % 8 == 0)
			pgo_yield();
		if (depth)
			return inner(depth - 1, b, c, d, e, on_stack, a);
		return (uint64_t)frame[0] + sum;
	}

	memset(text, (int)(seed & 127), sizeof(text));
	return inner((int)(seed % 50), 1, 2, 3, 4, 5, 6);
}

#endif

struct line {
	_Alignas(64) unsigned char bytes[64];
};

CALLED static uint64_t aligned(int depth, long a, long b, long c, long d,
			       long e, long on_stack, ...)
{
	struct line here;
	uint64_t sum;
	va_list ap;

	va_start(ap, on_stack);
	memset(&here, depth, sizeof(here));
	sum = (uintptr_t)&here % 64;
	if (depth)
		sum += aligned(depth - 1, b, c, d, e, on_stack, a, 4, a);
	else
		pgo_yield();
	sum += (uint64_t)va_arg(ap, int) * 3 + (uint64_t)va_arg(ap, long);
	va_end(ap);
	return mix(sum, here.bytes[63]);
}

uint64_t sum_nested(uint64_t seed)
{
	return mix(nested(seed),
		   aligned((int)(seed % 60), 1, 2, 3, 4, 5, 6, 7, 8L));
}
