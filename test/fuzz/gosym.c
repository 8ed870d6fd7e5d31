/*
 * gosym over a table that says anything.
 *
 * The input is a head and bytes.  The bytes are the table, and what lies at
 * address 1 MB in the program's data, so that inline trees are made up too.
 */
#include "symbolizer/gosym.h"

#include <errno.h>
#include <string.h>

#include "test/fuzz/must.h"

#define DATA UINT64_C(0x100000)
#define FUNCS_MAX 64
#define FRAMES_MAX 40

struct head {
	uint64_t text;
	uint32_t trees;         /* offset in the bytes; 0: not known */
	uint8_t minor;
	uint8_t unused[3];
};

struct input {
	const uint8_t *bytes;
	size_t n;
};

static int copy(const struct input *in, uint64_t off, void *out, size_t n)
{
	if (off > in->n || n > in->n - off)
		return -EFAULT;
	memcpy(out, in->bytes + off, n);
	return 0;
}

static int read_table(void *ctx, uint64_t off, void *out, size_t n)
{
	return copy(ctx, off, out, n);
}

static int read_data(void *ctx, uint64_t address, void *out, size_t n)
{
	return copy(ctx, address - DATA, out, n);
}

static void ask_at(struct gosym *g, uint64_t pc)
{
	struct sym_frame frames[FRAMES_MAX];
	struct gosym_func f;
	size_t n = gosym_frames(g, pc, frames, FRAMES_MAX);
	int32_t depth;

	must(n <= FRAMES_MAX);
	for (size_t i = 0; i < n; i++) {
		must(!frames[i].func || strlen(frames[i].func));
		must(!frames[i].file || strlen(frames[i].file));
		must(frames[i].inlined == (i + 1 < n) || n == FRAMES_MAX);
	}
	if (gosym_depth(g, pc, &depth))
		must(depth >= 0);
	if (gosym_func(g, pc, &f))
		must(f.entry <= pc && pc < f.end && strlen(f.name));
}

static void ask(struct gosym *g)
{
	struct gosym_func f = { 0 }, again;
	uint64_t before = 0;

	for (int i = 0; i < FUNCS_MAX && gosym_next(g, f.end, &f); i++) {
		must(f.entry >= before && f.entry < f.end);
		before = f.end;
		ask_at(g, f.entry);
		ask_at(g, f.entry + (f.end - f.entry) / 2);
		ask_at(g, f.end - 1);
	}
	if (gosym_named(g, "main.main", &again))
		must(!strcmp(again.name, "main.main"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gosym_source src = { .table = read_table, .data = read_data };
	struct input in;
	struct head head;
	struct gosym *g;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	in = (struct input){ data + sizeof(head), size - sizeof(head) };
	src.ctx = &in;
	src.table_bytes = in.n;
	src.text = head.text;
	src.gofunc = head.trees ? DATA + head.trees : 0;
	src.minor = head.minor;
	if (gosym_open(&g, &src, NULL) == 0) {
		ask(g);
		gosym_close(g);
	}
	return 0;
}
