/*
 * Small pclntabs, made by tests as Go's linker makes large ones.
 */
#ifndef TEST_PCLNTAB_H
#define TEST_PCLNTAB_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/buf.h"
#include "symbolizer/gosym.h"

#define PTAB_TEXT UINT64_C(0x401000)
#define PTAB_TREES UINT64_C(0x500000)   /* where inline trees are */
#define PTAB_ROWS 6

/* VALUE holds up to the pc UPTO from the function's entry. */
struct ptab_row {
	uint32_t upto;          /* 0: no more rows */
	int32_t value;
};

struct ptab_call {
	const char *name;       /* NULL: no more calls */
	uint32_t parent_pc;     /* from the function's entry */
	uint32_t start_line;
	uint8_t id;
};

struct ptab_func {
	const char *name;
	uint32_t entry;         /* from PTAB_TEXT; by it they are sorted */
	uint32_t start_line;
	uint8_t id;
	uint8_t flags;
	struct ptab_row depth[PTAB_ROWS];
	struct ptab_row file[PTAB_ROWS];        /* numbers of files */
	struct ptab_row line[PTAB_ROWS];
	struct ptab_row inlined[PTAB_ROWS];     /* numbers of calls, -1 */
	struct ptab_call calls[PTAB_ROWS];
};

struct ptab {
	int minor;              /* of Go */
	uint32_t pc_bytes;
	struct buf names, units, files, values, records, functab, trees;
	struct buf table;       /* all of it */
};

static inline uint32_t ptab_string(struct buf *b, const char *s)
{
	uint32_t at = (uint32_t)b->len;

	buf_put(b, s, strlen(s) + 1);
	return at;
}

/* The offset of a table of values with ROWS; 0 when there are none. */
static inline uint32_t ptab_values(struct ptab *t, const struct ptab_row *rows)
{
	uint32_t at = (uint32_t)t->values.len, pc = 0;
	int32_t before = -1;

	if (!rows[0].upto)
		return 0;
	for (; rows->upto; rows++) {
		int32_t delta = rows->value - before;

		buf_put_varint(&t->values, (uint32_t)delta << 1 ^
			       (uint32_t)(delta >> 31));
		buf_put_varint(&t->values, rows->upto - pc);
		before = rows->value;
		pc = rows->upto;
	}
	buf_put_u8(&t->values, 0);
	return at;
}

/* The offset of a tree of CALLS. */
static inline uint32_t ptab_tree(struct ptab *t, const struct ptab_call *calls)
{
	uint32_t at = (uint32_t)t->trees.len;

	for (; calls->name; calls++) {
		uint32_t name = ptab_string(&t->names, calls->name);

		if (t->minor < 20) {
			buf_put_u16(&t->trees, UINT16_MAX);
			buf_put_u16(&t->trees, calls->id);
			buf_put_u64(&t->trees, 0);      /* file, line */
		} else {
			buf_put_u32(&t->trees, calls->id);
		}
		buf_put_u32(&t->trees, name);
		buf_put_u32(&t->trees, calls->parent_pc);
		if (t->minor >= 20)
			buf_put_u32(&t->trees, calls->start_line);
	}
	return at;
}

static inline void ptab_pc(struct ptab *t, struct buf *b, uint32_t entry)
{
	if (t->pc_bytes == 8)
		buf_put_u64(b, PTAB_TEXT + entry);
	else
		buf_put_u32(b, entry);
}

/* The record's end: pcdata, funcdata, of which only inlining is there. */
static inline void ptab_inlined(struct ptab *t, const struct ptab_func *f,
				uint32_t inlined)
{
	struct buf *b = &t->records;

	buf_put_u64(b, 0);
	buf_put_u32(b, inlined);
	if (!f->calls[0].name)
		return;
	while (t->pc_bytes == 8 && b->len % 8)
		buf_put_u8(b, 0);
	for (int i = 0; i < 3; i++) {
		buf_put_u32(b, UINT32_MAX);
		if (t->pc_bytes == 8)
			buf_put_u32(b, UINT32_MAX);
	}
	if (t->pc_bytes == 8)
		buf_put_u64(b, PTAB_TREES + ptab_tree(t, f->calls));
	else
		buf_put_u32(b, ptab_tree(t, f->calls));
}

/* The offset of the record of F. */
static inline uint32_t ptab_record(struct ptab *t, const struct ptab_func *f)
{
	struct buf *b = &t->records;
	uint32_t at;

	while (b->len % 8)
		buf_put_u8(b, 0);
	at = (uint32_t)b->len;
	ptab_pc(t, b, f->entry);
	buf_put_u32(b, ptab_string(&t->names, f->name));
	buf_put_u64(b, 0);                      /* arguments, deferreturn */
	buf_put_u32(b, ptab_values(t, f->depth));
	buf_put_u32(b, ptab_values(t, f->file));
	buf_put_u32(b, ptab_values(t, f->line));
	buf_put_u32(b, 3);                      /* pcdata */
	buf_put_u32(b, 0);                      /* unit */
	if (t->minor >= 20)
		buf_put_u32(b, f->start_line);
	buf_put_u8(b, f->id);
	buf_put_u8(b, f->flags);
	buf_put_u8(b, 0);
	buf_put_u8(b, f->calls[0].name ? 4 : 0);        /* funcdata */
	ptab_inlined(t, f, ptab_values(t, f->inlined));
	return at;
}

static inline void ptab_header(struct ptab *t, size_t funcs)
{
	static const uint8_t tail[] = { 0, 0, 1, 8 };
	const struct buf *parts[] = {
		&t->names, &t->units, &t->files, &t->values
	};
	uint64_t at = t->minor < 18 ? 64 : 72;

	buf_put_u32(&t->table, t->minor < 18 ? 0xfffffffa :
		    t->minor < 20 ? 0xfffffff0 : 0xfffffff1);
	buf_put(&t->table, tail, sizeof(tail));
	buf_put_u64(&t->table, funcs);
	buf_put_u64(&t->table, 1);
	if (t->minor >= 18)
		buf_put_u64(&t->table, t->minor < 26 ? PTAB_TEXT : 0);
	for (size_t i = 0; i < 4; i++) {
		buf_put_u64(&t->table, at);
		at += (parts[i]->len + 7) & ~(size_t)7;
	}
	buf_put_u64(&t->table, at);
}

static inline void ptab_part(struct ptab *t, const struct buf *part)
{
	buf_put(&t->table, part->data, part->len);
	while (t->table.len % 8)
		buf_put_u8(&t->table, 0);
}

/* Makes the table of Go 1.MINOR with N functions, the last of which ends at
 * END, in the FILES, up to NULL. */
static inline void ptab_make(struct ptab *t, int minor,
			     const struct ptab_func *f, size_t n, uint32_t end,
			     const char *const *files)
{
	*t = (struct ptab){ .minor = minor, .pc_bytes = minor < 18 ? 8 : 4 };
	buf_put_u8(&t->values, 0);              /* offset 0: no table */
	for (; *files; files++)
		buf_put_u32(&t->units, ptab_string(&t->files, *files));
	for (size_t i = 0; i < n; i++) {
		uint32_t record = (uint32_t)(n * 2 + 1) * t->pc_bytes;

		record = (record + 7) & ~7u;
		record += ptab_record(t, &f[i]);
		ptab_pc(t, &t->functab, f[i].entry);
		buf_put_u32(&t->functab, record);
		if (t->pc_bytes == 8)
			buf_put_u32(&t->functab, 0);
	}
	ptab_pc(t, &t->functab, end);
	ptab_header(t, n);
	ptab_part(t, &t->names);
	ptab_part(t, &t->units);
	ptab_part(t, &t->files);
	ptab_part(t, &t->values);
	ptab_part(t, &t->functab);
	ptab_part(t, &t->records);
}

static inline void ptab_release(struct ptab *t)
{
	struct buf *all[] = { &t->names, &t->units, &t->files, &t->values,
			      &t->records, &t->functab, &t->trees, &t->table };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		buf_release(all[i]);
}

static inline int ptab_copy(const struct buf *b, uint64_t off, void *out,
			    size_t n)
{
	if (off > b->len || n > b->len - off)
		return -EFAULT;
	memcpy(out, b->data + off, n);
	return 0;
}

static inline int ptab_read_table(void *ctx, uint64_t off, void *out, size_t n)
{
	const struct ptab *t = ctx;

	return ptab_copy(&t->table, off, out, n);
}

static inline int ptab_read_data(void *ctx, uint64_t address, void *out,
				 size_t n)
{
	const struct ptab *t = ctx;

	return ptab_copy(&t->trees, address - PTAB_TREES, out, n);
}

/* What to open it by. */
static inline struct gosym_source ptab_source(struct ptab *t)
{
	return (struct gosym_source){
		.table = ptab_read_table,
		.data = ptab_read_data,
		.table_bytes = t->table.len,
		.ctx = t,
		.text = t->minor < 26 ? 0 : PTAB_TEXT,
		.gofunc = PTAB_TREES,
		.minor = t->minor,
	};
}

#endif
