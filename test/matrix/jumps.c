/*
 * setjmp() and longjmp(): inside a function, over frames and segments, out of
 * a callback of libc, past arrays that alloca() made, to the outer of two.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

struct trip {
	jmp_buf out;
	uint64_t seed;
	int compared;
};

CALLED static uint64_t inside(int turns)
{
	volatile int n = 0;
	jmp_buf again;

	if (setjmp(again) < turns) {
		n++;
		pgo_yield();
		longjmp(again, n);
	}
	return (uint64_t)n;
}

/* It ends by a jump. */
#pragma GCC diagnostic ignored "-Winfinite-recursion"

CALLED static _Noreturn void dive(struct trip *t, int depth)
{
	PAD(200);
	if (depth % 7 == 3)
		*(volatile char *)alloca((size_t)depth * 40) = 1;
	if (!depth) {
		pgo_yield();
		longjmp(t->out, (int)(t->seed % 1000) + 1);
	}
	dive(t, depth - 1);
}

CALLED static uint64_t over_frames(uint64_t seed)
{
	struct trip t = { .seed = seed };
	volatile uint64_t sum = 11;
	int back = setjmp(t.out);

	if (!back)
		dive(&t, (int)(seed % 90));
	pgo_yield();
	return mix(sum, (uint64_t)back);
}

static int by_number_or_out(const void *a, const void *b, void *arg)
{
	struct trip *t = arg;

	if (++t->compared == 20)
		longjmp(t->out, 20);
	return *(const int *)a - *(const int *)b;
}

CALLED static uint64_t out_of_qsort(uint64_t seed)
{
	struct trip t = { .seed = seed };
	int v[30];

	for (int i = 0; i < 30; i++)
		v[i] = (int)(draw(&seed) % 100);
	if (setjmp(t.out) == 0)
		qsort_r(v, 30, sizeof(v[0]), by_number_or_out, &t);
	return (uint64_t)t.compared;
}

/* Frames of the inner one are left by the jump to the outer. */
CALLED static uint64_t to_the_outer(uint64_t seed)
{
	struct trip outer = { .seed = seed };
	volatile uint64_t sum = 17;
	int back = sigsetjmp(outer.out, 1);

	if (back > 2)
		return mix(sum, (uint64_t)back);
	sum = mix(sum, over_frames(seed + (uint64_t)back));
	pgo_yield();
	siglongjmp(outer.out, back + 1);
}

uint64_t sum_jumps(uint64_t seed)
{
	uint64_t sum = inside((int)(seed % 9));

	for (int i = 0; i < 3; i++)
		sum = mix(sum, over_frames(seed + (uint64_t)i));
	sum = mix(sum, out_of_qsort(seed));
	return mix(sum, to_the_outer(seed));
}
