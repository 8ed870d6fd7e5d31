/*
 * Reading .eh_frame at one pc, in a signal handler.
 *
 * .eh_frame_hdr is a table sorted by pc, so finding the FDE is a binary search
 * (some 15 steps for 30,000 functions); running its instructions up to the pc
 * is a dozen bytes more.  That is 100 to 200 ns, paid once a sample and not
 * once a frame: above the leaf, frame pointers are exact.
 *
 * No lock: the object is found beforehand and must stay loaded.  No trust: each
 * read is checked against the mapped segment the section lies in, so that a
 * damaged section gives -EINVAL and not a fault.
 *
 * Not chosen: recognizing prologues by their bytes.  At -O2 gcc moves
 * instructions between `push %rbp` and `mov %rsp,%rbp` and leaves whole paths
 * of a function without a frame (shrink-wrapping); no pattern tells.
 */
#include "lib/sample/cfi.h"

#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>

#define REG_FP 6
#define REG_RA 16
#define ENC_PCREL_SDATA4 0x1b
#define ENC_UDATA4 0x03
#define ENC_DATAREL_SDATA4 0x3b
#define SAVED_MAX 4             /* remember_state depth; gcc uses 1 */
#define TABLE_ROW 8             /* two sdata4 */

/* A reader that cannot leave [p, end): past it, zeros and bad. */
struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static const uint8_t *take(struct cursor *k, uint64_t n)
{
	const uint8_t *p = k->p;

	if (n > (uint64_t)(k->end - k->p)) {
		k->bad = true;
		k->p = k->end;
		return NULL;
	}
	k->p += n;
	return p;
}

static uint64_t take_uint(struct cursor *k, size_t n)
{
	const uint8_t *p = take(k, n);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, n);
	return v;
}

static int32_t take_s32(struct cursor *k)
{
	return (int32_t)take_uint(k, 4);
}

static uint64_t take_uleb(struct cursor *k)
{
	uint64_t v = 0;
	uint8_t b;
	int shift = 0;

	do {
		b = (uint8_t)take_uint(k, 1);
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	return v;
}

static int64_t take_sleb(struct cursor *k)
{
	uint64_t v = 0;
	uint8_t b;
	int shift = 0;

	do {
		b = (uint8_t)take_uint(k, 1);
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	if (shift < 64 && (b & 0x40))
		v |= ~(uint64_t)0 << shift;
	return (int64_t)v;
}

/* Finding the object ------------------------------------------------------ */

struct search {
	uintptr_t addr;
	struct cfi *cfi;
	int rc;
};

static bool holds(const struct dl_phdr_info *info, const ElfW(Phdr) *ph,
		  uintptr_t addr)
{
	uintptr_t low = info->dlpi_addr + ph->p_vaddr;

	return addr >= low && addr - low < ph->p_memsz;
}

static const ElfW(Phdr) *load_holding(const struct dl_phdr_info *info,
				      uintptr_t addr)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && holds(info, ph, addr))
			return ph;
	}
	return NULL;
}

/* Checks the header at c->base and points c->table behind it. */
static int read_header(struct cfi *c)
{
	struct cursor k = { c->base, c->high, false };
	uint32_t encodings = (uint32_t)take_uint(&k, 4);

	if (encodings != (1 | ENC_PCREL_SDATA4 << 8 | ENC_UDATA4 << 16 |
			  (uint32_t)ENC_DATAREL_SDATA4 << 24))
		return -ENOTSUP;
	take_s32(&k);
	c->table_rows = (size_t)take_uint(&k, 4);
	c->table = k.p;
	if (k.bad || c->table_rows > (size_t)(c->high - c->table) / TABLE_ROW)
		return -ENOTSUP;
	return 0;
}

static int fill(struct cfi *c, const struct dl_phdr_info *info,
		const ElfW(Phdr) *text)
{
	uintptr_t hdr = 0;
	const ElfW(Phdr) *load;

	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
			hdr = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
	load = hdr ? load_holding(info, hdr) : NULL;
	if (!load)
		return -ENOENT;
	c->text_low = info->dlpi_addr + text->p_vaddr;
	c->text_high = c->text_low + text->p_memsz;
	c->base = (const uint8_t *)hdr;
	c->low = (const uint8_t *)(info->dlpi_addr + load->p_vaddr);
	c->high = c->low + load->p_filesz;
	if (c->base < c->low || c->base > c->high)
		return -ENOTSUP;
	return read_header(c);
}

static int on_object(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct search *s = arg;
	const ElfW(Phdr) *text = load_holding(info, s->addr);

	(void)bytes;
	if (!text)
		return 0;
	s->rc = fill(s->cfi, info, text);
	return 1;
}

int cfi_init(struct cfi *c, const void *addr)
{
	struct search s = { (uintptr_t)addr, c, -ENOENT };

	memset(c, 0, sizeof(*c));
	dl_iterate_phdr(on_object, &s);
	if (s.rc < 0)
		memset(c, 0, sizeof(*c));
	return s.rc;
}

/* One entry --------------------------------------------------------------- */

struct entry {
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_reg;
	struct cursor cie_ops;
	struct cursor fde_ops;
	uintptr_t start;        /* the pcs the FDE covers */
	uint32_t range;
	bool augmented;         /* z: both carry a length to skip by */
};

static int32_t table_at(const struct cfi *c, size_t row, size_t col)
{
	int32_t v;

	memcpy(&v, c->table + row * TABLE_ROW + col * 4, sizeof(v));
	return v;
}

/* The last row at or below PC, or NULL. */
static const uint8_t *find_fde(const struct cfi *c, uintptr_t pc)
{
	int64_t off = (int64_t)(pc - (uintptr_t)c->base);
	size_t low = 0, high = c->table_rows;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (table_at(c, mid, 0) <= off)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? c->base + table_at(c, low - 1, 1) : NULL;
}

/* A cursor over the body of the entry at P, behind its length. */
static struct cursor body_of(const struct cfi *c, const uint8_t *p)
{
	struct cursor k = { p, c->high, false };
	uint32_t n;

	if (p < c->low || p > c->high) {
		k.p = c->high;
		k.bad = true;
		return k;
	}
	n = (uint32_t)take_uint(&k, 4);
	/* The 64-bit form, 0xffffffff, is no exception: never written for
	 * x86-64 programs, and too long for any segment. */
	if (n > (size_t)(k.end - k.p))
		k.bad = true;
	else
		k.end = k.p + n;
	return k;
}

/* The letters this knows; each may come once, R and P take a byte or more. */
static bool read_augmentation(struct cursor *k, const char *letters)
{
	const uint64_t bytes = take_uleb(k);
	struct cursor a = { k->p, k->p, false };

	if (!take(k, bytes))
		return false;
	a.end = k->p;
	for (const char *l = letters + 1; *l; l++) {
		if (*l == 'R' && take_uint(&a, 1) != ENC_PCREL_SDATA4)
			return false;
		if (*l == 'L')
			take_uint(&a, 1);
		if (*l == 'P')          /* encodings ?3 take 4 bytes */
			take(&a, (take_uint(&a, 1) & 7) == 3 ? 4 : 8);
		if (!strchr("RLPSB", *l))
			return false;
	}
	return !a.bad;
}

static bool read_cie(const struct cfi *c, const uint8_t *p, struct entry *e)
{
	struct cursor k = body_of(c, p);
	const char *letters;
	uint8_t version;

	if (take_uint(&k, 4) != 0)
		return false;
	version = (uint8_t)take_uint(&k, 1);
	letters = (const char *)k.p;
	while (!k.bad && take_uint(&k, 1))
		;
	if (k.bad || (version != 1 && version != 3))
		return false;
	e->code_align = take_uleb(&k);
	e->data_align = take_sleb(&k);
	e->ra_reg = version == 1 ? take_uint(&k, 1) : take_uleb(&k);
	e->augmented = *letters == 'z';
	if (!e->augmented || !read_augmentation(&k, letters))
		return false;
	e->cie_ops = k;
	return !k.bad && e->ra_reg == REG_RA;
}

static int read_entry(const struct cfi *c, uintptr_t pc, struct entry *e)
{
	const uint8_t *fde = find_fde(c, pc);
	struct cursor k;
	const uint8_t *here;
	uint32_t back;

	if (pc < c->text_low || pc >= c->text_high || !fde)
		return -ENOENT;
	k = body_of(c, fde);
	here = k.p;
	back = (uint32_t)take_uint(&k, 4);
	if (k.bad || back > (size_t)(here - c->low) ||
	    !read_cie(c, here - back, e))
		return -EINVAL;
	here = k.p;
	e->start = (uintptr_t)here + (uintptr_t)(intptr_t)take_s32(&k);
	e->range = (uint32_t)take_uint(&k, 4);
	take(&k, take_uleb(&k));
	e->fde_ops = k;
	if (k.bad)
		return -EINVAL;
	return pc - e->start < e->range ? 0 : -ENOENT;
}

/* Its instructions -------------------------------------------------------- */

struct machine {
	struct cfi_row row;
	struct cfi_row initial;         /* after the CIE; what restore means */
	struct cfi_row saved[SAVED_MAX];
	int n_saved;
	const struct entry *e;
	uintptr_t at;                   /* the pc the row holds from */
	bool bad;
};

static struct cfi_rule *rule_of(struct cfi_row *row, uint64_t reg)
{
	if (reg == REG_FP)
		return &row->fp;
	return reg == REG_RA ? &row->ra : NULL;
}

static void set_rule(struct machine *m, uint64_t reg, enum cfi_kind kind,
		     int64_t off)
{
	struct cfi_rule *r = rule_of(&m->row, reg);

	if (r) {
		r->kind = kind;
		r->off = off;
	}
}

static void restore(struct machine *m, uint64_t reg)
{
	struct cfi_rule *r = rule_of(&m->row, reg);

	if (r)
		*r = *rule_of(&m->initial, reg);
}

static struct cfi_expr take_expr(struct cursor *k)
{
	struct cfi_expr x;

	x.n = (size_t)take_uleb(k);
	x.bytes = take(k, x.n);
	return x;
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t off)
{
	m->bad |= reg >= REG_RA;
	m->row.cfa_reg = (int)reg;
	m->row.cfa_off = off;
}

static void remember(struct machine *m)
{
	if (m->n_saved == SAVED_MAX)
		m->bad = true;
	else
		m->saved[m->n_saved++] = m->row;
}

static void recall(struct machine *m)
{
	if (m->n_saved == 0)
		m->bad = true;
	else
		m->row = m->saved[--m->n_saved];
}

/* DW_CFA_def_cfa and its kin; false when OP is none of them. */
static bool run_cfa_op(struct machine *m, struct cursor *k, uint8_t op)
{
	uint64_t reg;

	switch (op) {
	case 0x0c:              /* def_cfa */
		reg = take_uleb(k);
		set_cfa(m, reg, (int64_t)take_uleb(k));
		return true;
	case 0x0d:              /* def_cfa_register */
		set_cfa(m, take_uleb(k), m->row.cfa_off);
		return true;
	case 0x0e:              /* def_cfa_offset */
		m->row.cfa_off = (int64_t)take_uleb(k);
		return true;
	case 0x0f:              /* def_cfa_expression */
		m->row.cfa_reg = -1;
		m->row.cfa_expr = take_expr(k);
		return true;
	case 0x12:              /* def_cfa_sf */
		reg = take_uleb(k);
		set_cfa(m, reg, take_sleb(k) * m->e->data_align);
		return true;
	case 0x13:              /* def_cfa_offset_sf */
		m->row.cfa_off = take_sleb(k) * m->e->data_align;
		return true;
	default:
		return false;
	}
}

/* Rules of one register; false when OP is none of them. */
static bool run_rule_op(struct machine *m, struct cursor *k, uint8_t op)
{
	uint64_t reg;
	struct cfi_rule *r;

	if ((op < 0x05 || op > 0x08) && op != 0x10 && op != 0x11)
		return false;
	reg = take_uleb(k);
	switch (op) {
	case 0x05:              /* offset_extended */
		set_rule(m, reg, CFI_AT,
			 (int64_t)take_uleb(k) * m->e->data_align);
		break;
	case 0x06:              /* restore_extended */
		restore(m, reg);
		break;
	case 0x07:              /* undefined */
		set_rule(m, reg, CFI_UNDEFINED, 0);
		break;
	case 0x08:              /* same_value */
		set_rule(m, reg, CFI_SAME, 0);
		break;
	case 0x10:              /* expression */
		set_rule(m, reg, CFI_EXPR, 0);
		r = rule_of(&m->row, reg);
		*(r ? &r->expr : &(struct cfi_expr){ 0 }) = take_expr(k);
		break;
	case 0x11:              /* offset_extended_sf */
		set_rule(m, reg, CFI_AT, take_sleb(k) * m->e->data_align);
		break;
	}
	return true;
}

static void run_other_op(struct machine *m, struct cursor *k, uint8_t op)
{
	switch (op) {
	case 0x00:              /* nop */
		break;
	case 0x02:              /* advance_loc1, 2, 4 */
	case 0x03:
	case 0x04:
		m->at += take_uint(k, (size_t)1 << (op - 2)) *
			 m->e->code_align;
		break;
	case 0x0a:
		remember(m);
		break;
	case 0x0b:
		recall(m);
		break;
	case 0x2e:              /* GNU_args_size */
		take_uleb(k);
		break;
	default:                /* a rule no compiler writes for rbp or ra */
		m->bad = true;
	}
}

/* Runs K until it ends or the row holds only beyond PC. */
static bool run(struct machine *m, struct cursor k, uintptr_t pc)
{
	while (k.p < k.end && !k.bad && !m->bad) {
		uint8_t b = (uint8_t)take_uint(&k, 1);
		uint8_t low = b & 0x3f;

		if (b >> 6 == 1)
			m->at += low * m->e->code_align;
		else if (b >> 6 == 2)
			set_rule(m, low, CFI_AT, (int64_t)take_uleb(&k) *
				 m->e->data_align);
		else if (b >> 6 == 3)
			restore(m, low);
		else if (!run_cfa_op(m, &k, b) && !run_rule_op(m, &k, b))
			run_other_op(m, &k, b);
		if (m->at > pc)         /* an advance: the row is as it was */
			return true;
	}
	return !k.bad && !m->bad;
}

int cfi_row_at(const struct cfi *c, uintptr_t pc, struct cfi_row *row)
{
	struct entry e;
	struct machine m;
	int rc;

	rc = read_entry(c, pc, &e);
	if (rc < 0)
		return rc;
	memset(&m, 0, sizeof(m));
	m.e = &e;
	m.at = e.start;
	m.row.cfa_reg = REG_RA;         /* none yet */
	if (!run(&m, e.cie_ops, UINTPTR_MAX))
		return -EINVAL;
	m.initial = m.row;
	m.at = e.start;
	if (!run(&m, e.fde_ops, pc) || m.row.cfa_reg == REG_RA)
		return -EINVAL;
	*row = m.row;
	return 0;
}

int cfi_extent(const struct cfi *c, uintptr_t pc, uintptr_t *low,
	       uintptr_t *high)
{
	struct entry e;
	int rc = read_entry(c, pc, &e);

	if (rc < 0)
		return rc;
	*low = e.start;
	*high = e.start + e.range;
	return 0;
}
