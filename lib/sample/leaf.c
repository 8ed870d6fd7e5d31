/*
 * The innermost frame is the only hard one: a signal hits it at any
 * instruction, while rbp may still, or again, be the caller's.
 *
 * First choice is the call frame information at that pc, which is exact; it is
 * evaluated here because only the walk knows which memory may be read.  Where
 * no CFI covers the pc (code built with -fno-asynchronous-unwind-tables) the
 * bytes at the pc are compared with the few shapes below.
 */
#include "lib/sample/leaf.h"

#include <stdbool.h>
#include <string.h>

#define EXPR_STACK 8

/* Expressions ------------------------------------------------------------- */

/*
 * A handful of DWARF operations: what gcc writes for realigned stacks (breg,
 * deref) and the linker for the PLT (breg, lit, and, ge, shl, plus).
 */
struct expr {
	const uint8_t *p, *end;
	uint64_t v[EXPR_STACK];
	int n;
};

static bool push(struct expr *x, uint64_t v)
{
	if (x->n == EXPR_STACK)
		return false;
	x->v[x->n++] = v;
	return true;
}

static int64_t expr_sleb(struct expr *x)
{
	uint64_t v = 0;
	uint8_t b = 0x80;
	int shift = 0;

	while (x->p < x->end && (b & 0x80) && shift < 63) {
		b = *x->p++;
		v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	}
	if (b & 0x40)
		v |= ~(uint64_t)0 << shift;
	return (int64_t)v;
}

static bool binary_op(struct expr *x, uint8_t op)
{
	uint64_t a, b;

	if (x->n < 2)
		return false;
	b = x->v[--x->n];
	a = x->v[--x->n];
	switch (op) {
	case 0x1a:
		return push(x, a & b);
	case 0x1c:
		return push(x, a - b);
	case 0x22:
		return push(x, a + b);
	case 0x24:
		return push(x, b < 64 ? a << b : 0);
	case 0x2a:
		return push(x, (int64_t)a >= (int64_t)b);
	default:
		return false;
	}
}

static bool expr_op(struct load *l, const struct walk_regs *r, struct expr *x)
{
	uint8_t op = *x->p++;
	uintptr_t v;

	if (op >= 0x30 && op <= 0x4f)                   /* lit0.. */
		return push(x, op - 0x30);
	if (op >= 0x70 && op <= 0x7f)                   /* breg0.. */
		return push(x, r->r[op - 0x70] + (uint64_t)expr_sleb(x));
	if (op == 0x80)                                 /* breg16: rip */
		return push(x, r->pc + (uint64_t)expr_sleb(x));
	if (op != 0x06)
		return binary_op(x, op);
	if (x->n < 1 || !load_word(l, x->v[x->n - 1], &v))      /* deref */
		return false;
	x->v[x->n - 1] = v;
	return true;
}

static bool evaluate(struct load *l, const struct walk_regs *r,
		     const struct cfi_expr *e, uintptr_t *v)
{
	struct expr x = { .p = e->bytes, .end = e->bytes + e->n };

	while (x.p < x.end)
		if (!expr_op(l, r, &x))
			return false;
	if (x.n < 1)
		return false;
	*v = x.v[x.n - 1];
	return true;
}

/* CFI --------------------------------------------------------------------- */

static bool cfa_of(struct load *l, const struct walk_regs *r,
		   const struct cfi_row *row, uintptr_t *cfa)
{
	if (row->cfa_reg < 0)
		return evaluate(l, r, &row->cfa_expr, cfa);
	*cfa = r->r[row->cfa_reg] + (uintptr_t)row->cfa_off;
	return true;
}

/*
 * Where gcc realigns a stack, it says that rbp is saved "where rbp points to",
 * up to the ret, which is wrong once rbp has been popped.  The slot is then
 * outside this frame, and rbp the caller's.
 */
static bool is_in_frame(const struct walk_regs *r, uintptr_t at, uintptr_t cfa)
{
	const uintptr_t red_zone = 128;

	return at >= r->r[WALK_SP] - red_zone && at < cfa;
}

static bool apply(struct load *l, const struct walk_regs *r,
		  const struct cfi_rule *rule, uintptr_t cfa, uintptr_t *v)
{
	uintptr_t at;

	switch (rule->kind) {
	case CFI_AT:
		return load_word(l, cfa + (uintptr_t)rule->off, v);
	case CFI_EXPR:
		if (!evaluate(l, r, &rule->expr, &at))
			return false;
		if (is_in_frame(r, at, cfa))
			return load_word(l, at, v);
		*v = r->r[WALK_FP];
		return true;
	case CFI_SAME:
		*v = r->r[WALK_FP];
		return true;
	default:
		*v = 0;
		return true;
	}
}

/* True when the row decides; false leaves it to the bytes or to rbp. */
static bool by_cfi(struct load *l, const struct walk_regs *r, enum leaf *how,
		   struct walk_regs *up)
{
	uintptr_t *cfa = &up->r[WALK_SP];
	struct cfi_row row;

	if (!l->w->cfi || cfi_row_at(l->w->cfi, r->pc - r->called, &row) < 0)
		return false;
	if (row.ra.kind == CFI_UNDEFINED) {
		*how = LEAF_LAST;
		return true;
	}
	*how = LEAF_CALLER;
	return row.ra.kind != CFI_SAME && cfa_of(l, r, &row, cfa) &&
	       apply(l, r, &row.ra, *cfa, &up->pc) &&
	       apply(l, r, &row.fp, *cfa, &up->r[WALK_FP]);
}

/* Bytes ------------------------------------------------------------------- */

/*
 * What the bytes at a pc say about where the return address is: at sp, or one
 * word above it, behind the saved rbp.  Only shapes that mean one thing in code
 * that keeps frame pointers; the limit's compare is %fs:0x70.
 */
struct shape {
	uint8_t n;              /* bytes compared */
	uint8_t any;            /* bytes skipped behind the first four */
	uint8_t above_sp;       /* 0 or 8 */
	uint8_t bytes[13];      /* without those skipped */
};

static const struct shape shapes[] = {
	/* cmp limit,%rsp */
	{ 9, 0, 0, { 0x64, 0x48, 0x3b, 0x24, 0x25, 0x70 } },
	/* cmp limit,%r11 */
	{ 9, 0, 0, { 0x64, 0x4c, 0x3b, 0x1c, 0x25, 0x70 } },
	/* lea -N(%rsp),%r11; cmp limit,%r11 */
	{ 13, 4, 0, { 0x4c, 0x8d, 0x9c, 0x24,
		      0x64, 0x4c, 0x3b, 0x1c, 0x25, 0x70 } },
	/* push %rbp; mov %rsp,%rbp */
	{ 4, 0, 0, { 0x55, 0x48, 0x89, 0xe5 } },
	/* mov %rsp,%rbp */
	{ 3, 0, 8, { 0x48, 0x89, 0xe5 } },
	/* ret */
	{ 1, 0, 0, { 0xc3 } },
	/* pop %rbp; ret */
	{ 2, 0, 8, { 0x5d, 0xc3 } },
};

static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

static bool shape_is(const struct shape *s, const uint8_t *code, size_t room)
{
	size_t skip = s->any;

	if (room < s->n + skip)
		return false;
	return memcmp(code, s->bytes, s->n < 4 ? s->n : 4) == 0 &&
	       (s->n <= 4 ||
		memcmp(code + 4 + skip, s->bytes + 4, s->n - 4u) == 0);
}

static const struct shape *shape_of(const struct walk *w, uintptr_t pc)
{
	const uint8_t *code = (const uint8_t *)pc;
	size_t room = w->text.high - pc;

	if (room >= sizeof(endbr64) &&
	    memcmp(code, endbr64, sizeof(endbr64)) == 0) {
		code += sizeof(endbr64);
		room -= sizeof(endbr64);
	}
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shape_is(&shapes[i], code, room))
			return &shapes[i];
	/* jb, jae: a shape only right behind the limit's compare. */
	if (room == 0 || pc - w->text.low < shapes[0].n ||
	    (code[0] != 0x72 && code[0] != 0x73))
		return NULL;
	for (size_t i = 0; i < 2; i++)
		if (shape_is(&shapes[i], code - shapes[i].n, shapes[i].n))
			return &shapes[i];
	return NULL;
}

static bool by_bytes(struct load *l, const struct walk_regs *r,
		     struct walk_regs *up)
{
	uintptr_t sp = r->r[WALK_SP];
	const struct shape *s;

	if (r->pc < l->w->text.low || r->pc >= l->w->text.high)
		return false;
	s = shape_of(l->w, r->pc);
	if (!s)
		return false;
	up->r[WALK_FP] = r->r[WALK_FP];
	if (s->above_sp && !load_word(l, sp, &up->r[WALK_FP]))
		return false;
	up->r[WALK_SP] = sp + s->above_sp + 8;
	return load_word(l, sp + s->above_sp, &up->pc);
}

enum leaf leaf_step(struct load *l, const struct walk_regs *r,
		    struct walk_regs *up)
{
	enum leaf how;

	*up = (struct walk_regs){ .called = true };
	if (by_cfi(l, r, &how, up))
		return how;
	if (r->called)
		return LEAF_FRAME;
	return by_bytes(l, r, up) ? LEAF_CALLER : LEAF_FRAME;
}
