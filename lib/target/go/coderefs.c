/*
 * A ModRM byte of mod 0 and r/m 5 says: 32 bits follow, which count from the
 * end of the instruction.  That is behind them, or behind an immediate that
 * the opcode before the ModRM byte promises.
 *
 * Every byte is taken for a ModRM byte.  Whoever asks must test what lies at
 * an address anyway, and chance seldom hits the variables of a program.
 */
#include "lib/target/go/coderefs.h"

#include <stdbool.h>
#include <string.h>

/* Bytes of immediate behind an operand of the instruction OPCODE, which is the
 * second of two after 0x0f. */
static unsigned int immediate(uint8_t before, uint8_t opcode, uint8_t modrm)
{
	if (before == 0x0f)
		return opcode == 0xba;          /* bt, bts... $imm8 */
	switch (opcode) {
	case 0x80: case 0x83:                   /* add, cmp... $imm8 */
	case 0x6b:                              /* imul $imm8 */
	case 0xc0: case 0xc1:                   /* shifts $imm8 */
	case 0xc6:                              /* mov $imm8 */
		return 1;
	case 0x81: case 0x69: case 0xc7:
		return 4;
	case 0xf6:                              /* test $imm8, else none */
		return modrm == 0x05;
	case 0xf7:
		return modrm == 0x05 ? 4 : 0;
	default:
		return 0;
	}
}

static bool is_known(const uint64_t *out, size_t n, uint64_t address)
{
	for (size_t i = 0; i < n; i++)
		if (out[i] == address)
			return true;
	return false;
}

size_t coderefs(const uint8_t *code, size_t n, uint64_t address, uint64_t lo,
		uint64_t hi, uint64_t *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 2; i + 5 <= n && count < max; i++) {
		uint64_t to;
		int32_t by;

		if ((code[i] & 0xc7) != 0x05)
			continue;
		memcpy(&by, code + i + 1, 4);
		to = address + i + 5 + (uint64_t)(int64_t)by +
		     immediate(code[i - 2], code[i - 1], code[i]);
		if (to >= lo && to < hi && !is_known(out, count, to))
			out[count++] = to;
	}
	return count;
}
