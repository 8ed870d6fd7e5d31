/*
 * Prefixes, opcode, modrm, displacement, immediate: two tables of one letter
 * for each opcode tell what follows it.  No instruction is longer than 15
 * bytes; what compilers never write (far jumps, AMD's XOP) is not known.
 */
#include "lib/sample/insn.h"

#include <string.h>

enum { INSN_MAX = 15 };

/*
 * -  nothing             m  modrm             o  an absolute address
 * b  1 byte              B  modrm, 1 byte     e  enter's 3
 * z  2 or 4 bytes        Z  modrm, 2 or 4     g  as B for /0 and /1, else as m
 * d  4 bytes             w  2 bytes           G  as Z for /0 and /1, else as m
 * v  2, 4 or 8 bytes     !  no instruction, or a prefix
 */
static const char one_byte[] =
	"mmmmbz!!mmmmbz!!" "mmmmbz!!mmmmbz!!"
	"mmmmbz!!mmmmbz!!" "mmmmbz!!mmmmbz!!"
	"!!!!!!!!!!!!!!!!" "----------------"
	"!!!m!!!!zZbB----" "bbbbbbbbbbbbbbbb"
	"BZ!Bmmmmmmmmmmmm" "----------!-----"
	"oooo----bz------" "bbbbbbbbvvvvvvvv"
	"BBw-!!BZe-w--b!-" "mmmm!!!-mmmmmmmm"
	"bbbbbbbbdd!b----" "!-!!--gG------mm";

static const char two_bytes[] =         /* behind 0f */
	"mmmm!-----!-!m-B" "mmmmmmmmmmmmmmmm"
	"mmmm!!!!mmmmmmmm" "------!-!!!!!!!!"
	"mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm"
	"mmmmmmmmmmmmmmmm" "BBBBmmm-mmmmmmmm"
	"dddddddddddddddd" "mmmmmmmmmmmmmmmm"
	"---mBm!!---mBmmm" "mmmmmmmmmmBmmmmm"
	"mmBmBBBm--------" "mmmmmmmmmmmmmmmm"
	"mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm";

enum { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_FP16 = 5, MAP_FP16_MORE };

struct reader {
	const uint8_t *p, *end;
	bool failed;
	bool data16, addr32, wide, rep; /* 66, 67, REX.W, F3 */
	uint8_t opcode, modrm;
};

static uint8_t next(struct reader *r)
{
	if (r->p < r->end)
		return *r->p++;
	r->failed = true;
	return 0;
}

static void skip(struct reader *r, size_t n)
{
	if ((size_t)(r->end - r->p) >= n)
		r->p += n;
	else
		r->failed = true;
}

static int32_t displacement(struct reader *r, size_t n)
{
	const uint8_t *at = r->p;
	int32_t v = 0;

	skip(r, n);
	if (r->failed)
		return 0;
	if (n == 1)
		return (int8_t)*at;
	memcpy(&v, at, n);
	return v;
}

/* The first byte that is no prefix; REX counts when it is the last of them. */
static uint8_t prefixes(struct reader *r, struct insn *in)
{
	uint8_t b = next(r);

	for (;; b = next(r)) {
		if (b == 0x64)
			in->fs = true;
		else if (b == 0x66)
			r->data16 = true;
		else if (b == 0x67)
			r->addr32 = true;
		else if (b == 0xf3)
			r->rep = true;
		else if ((b & 0xf0) == 0x40)
			r->wide = b & 8;
		else if (b != 0x26 && b != 0x2e && b != 0x36 && b != 0x3e &&
			 b != 0x65 && b != 0xf0 && b != 0xf2)
			return b;
		if ((b & 0xf0) != 0x40)
			r->wide = false;
	}
}

/* The opcode's map; the opcode itself is in R. */
static unsigned opcode(struct reader *r, uint8_t b)
{
	unsigned map = MAP_ONE;

	if (b == 0xc5) {                        /* VEX, two bytes */
		skip(r, 1);
		map = MAP_0F;
	} else if (b == 0xc4) {                 /* VEX, three */
		map = next(r) & 0x1f;
		skip(r, 1);
	} else if (b == 0x62) {                 /* EVEX */
		map = next(r) & 7;
		skip(r, 2);
	} else if (b == 0x0f) {
		b = next(r);
		if (b != 0x38 && b != 0x3a) {
			r->opcode = b;
			return MAP_0F;
		}
		map = b == 0x38 ? MAP_0F38 : MAP_0F3A;
	} else {
		r->opcode = b;
		return map;
	}
	r->opcode = next(r);
	return map;
}

static char shape_of(unsigned map, uint8_t op)
{
	switch (map) {
	case MAP_ONE:
		return one_byte[op];
	case MAP_0F:
		return two_bytes[op];
	case MAP_0F3A:
		return 'B';
	case MAP_0F38:
	case MAP_FP16:
	case MAP_FP16_MORE:
		return 'm';
	default:
		return '!';
	}
}

static void memory(struct reader *r, struct insn *in)
{
	uint8_t mod = r->modrm >> 6, rm = r->modrm & 7, sib = 0;

	if (mod == 3)
		return;
	if (rm == 4)
		sib = next(r);
	if (mod == 1)
		in->disp = displacement(r, 1);
	else if (mod == 2 || rm == 5 || (rm == 4 && (sib & 7) == 5))
		in->disp = displacement(r, 4);
	in->absolute = mod == 0 && rm == 4 && sib == 0x25;
}

static void immediate(struct reader *r, char shape)
{
	size_t z = r->data16 && !r->wide ? 2 : 4;

	if (shape == 'g')
		shape = (r->modrm & 0x30) ? 'm' : 'B';
	else if (shape == 'G')
		shape = (r->modrm & 0x30) ? 'm' : 'Z';
	if (shape == 'b' || shape == 'B')
		skip(r, 1);
	else if (shape == 'z' || shape == 'Z')
		skip(r, z);
	else if (shape == 'd')
		skip(r, 4);
	else if (shape == 'w')
		skip(r, 2);
	else if (shape == 'e')
		skip(r, 3);
	else if (shape == 'v')
		skip(r, r->wide ? 8 : z);
	else if (shape == 'o')
		skip(r, r->addr32 ? 4 : 8);
}

/* rdfsbase, rdgsbase, wrfsbase, wrgsbase. */
static bool is_base(const struct reader *r, unsigned map)
{
	return map == MAP_0F && r->opcode == 0xae && r->rep &&
	       (r->modrm & 0xe0) == 0xc0;
}

bool insn_read(const uint8_t *p, size_t n, struct insn *in)
{
	struct reader r = { .p = p, .end = p + (n < INSN_MAX ? n : INSN_MAX) };
	unsigned map;
	char shape;

	*in = (struct insn){ 0 };
	map = opcode(&r, prefixes(&r, in));
	shape = shape_of(map, r.opcode);
	if (shape == '!')
		return false;
	if (strchr("mBZgG", shape)) {
		r.modrm = next(&r);
		memory(&r, in);
	}
	immediate(&r, shape);
	in->tls_call = map == MAP_ONE && r.data16 &&
		       (r.opcode == 0xe8 ||
			(r.opcode == 0xff && (r.modrm & 0x38) == 0x10));
	in->base = is_base(&r, map);
	in->bytes = (size_t)(r.p - p);
	return !r.failed;
}
