/* Computed goto: a small machine whose every instruction may yield. */
#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

enum { ADD, TIMES, CALL, YIELD, AGAIN, OPCODES };

CALLED static uint64_t interpret(const unsigned char *code, uint64_t seed,
				 int depth)
{
	static const void *const label[OPCODES] = {
		&&add, &&times, &&call, &&yield, &&again,
	};
	uint64_t stack[8] = { seed };
	int sp = 0, turns = 0;

#define NEXT goto *label[*code++]
	NEXT;
add:
	stack[sp] += seed;
	NEXT;
times:
	stack[(sp + 1) % 8] = stack[sp] * 31;
	sp = (sp + 1) % 8;
	NEXT;
call:
	if (depth)
		stack[sp] ^= interpret(code, stack[sp], depth - 1);
	NEXT;
yield:
	pgo_yield();
	NEXT;
again:
	if (++turns < 3) {
		code -= 4;
		NEXT;
	}
	return mix(stack[sp], stack[(sp + 7) % 8]);
}

uint64_t sum_gotos(uint64_t seed)
{
	static const unsigned char code[] = {
		ADD, TIMES, CALL, YIELD, ADD, TIMES, TIMES, ADD, AGAIN,
	};

	return interpret(code, seed, (int)(seed % 5));
}
