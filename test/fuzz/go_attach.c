/*
 * Readers of Go programs over one that lies: build info, moduledata, pclntab,
 * symbols, the offsets ladder, and snapshots of its goroutines.
 *
 * The program is go_program.h's.  The input is how many changes are made before
 * it is looked at, then changes; those that are left are made while it is read,
 * one a read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/target/go/attach.h"
#include "lib/target/go/read.h"
#include "test/fuzz/changes.h"
#include "test/fuzz/go_program.h"

/* Nobody waits here for a program to settle. */
int nanosleep(const struct timespec *want, struct timespec *left)
{
	(void)want, (void)left;
	return 0;
}

struct liar {
	struct space space;
	struct go_program program;
	struct changes left;    /* still to be made */
};

static bool change(struct liar *l)
{
	return changes_next(&l->left, l->program.bytes,
			    sizeof(l->program.bytes));
}

static const uint8_t *memory(const struct liar *l, uint64_t address,
			     uint32_t n)
{
	if (address >= PROGRAM + TEXT_AT && address < PROGRAM + SYMBOLS_AT &&
	    n <= PROGRAM + SYMBOLS_AT - address)
		return l->program.bytes + (address - PROGRAM);
	if (address >= HEAP && address < HEAP + HEAP_BYTES &&
	    n <= HEAP + HEAP_BYTES - address)
		return l->program.bytes + FILE_BYTES + (address - HEAP);
	return NULL;
}

static int lie_readv(struct space *s, struct space_piece *at, size_t n)
{
	struct liar *l = (struct liar *)s;

	s->beats++;
	change(l);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = memory(l, at[i].address, at[i].bytes);

		at[i].ok = p;
		if (p)
			memcpy(at[i].to, p, at[i].bytes);
	}
	return 0;
}

static int lie_threads(struct space *s, struct space_thread *out, size_t max)
{
	(void)s;
	if (max)
		out[0] = (struct space_thread){ THREAD, THREAD };
	return 1;
}

static int lie_regs(struct space *s, pid_t tid, struct space_regs *out)
{
	(void)s, (void)tid;
	*out = (struct space_regs){ .pc = PTAB_TEXT + 0xd0,
				    .sp = HEAP + STACKS_AT + 0x100 };
	return 0;
}

static int lie_freeze(struct space *s, bool on, struct err *e)
{
	(void)s, (void)on, (void)e;
	return 0;
}

static int lie_check(struct space *s, struct err *e)
{
	(void)s, (void)e;
	return 0;
}

static void lie_close(struct space *s)
{
	(void)s;
}

static const struct space_ops lies = {
	lie_readv, lie_threads, lie_regs, lie_freeze, lie_check, lie_close,
};

/* The file, which is made once and written anew for each input. */
static int program_file(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("go", MFD_CLOEXEC);
	must(fd >= 0);
	return fd;
}

static void check_snapshot(const struct snapshot *s)
{
	must(s->row_count <= SNAP_ROWS_MAX);
	for (uint32_t i = 0; i < s->row_count; i++) {
		const struct snap_row *r = &s->rows[i];
		uint32_t depth;
		const struct snap_frame *f = snapshot_frames(s, r->stack,
							     &depth);

		must(r->state < SNAP_STATES);
		must(r->stack == SNAP_NONE || r->stack < s->stack_count);
		for (uint32_t k = 0; k < depth; k++)
			must(snapshot_string(s, f[k].func) &&
			     snapshot_string(s, f[k].file));
	}
}

/* The program as it was made is read to the end. */
static void check_truth(const struct snapshot *s, int rc)
{
	uint32_t depth;

	must(!rc && s->row_count == GS && !s->torn && s->stack_count == 1);
	must(snapshot_frames(s, s->rows[0].stack, &depth) && depth == 5);
	must(s->rows[GS - 1].wait_on == HEAP + CHAN_AT);
}

static void look(struct liar *l, bool untouched)
{
	const struct source_wants wants = { .running = true, .waits = true };
	struct go_reader *r;
	struct snapshot s;
	struct err e = { 0 };
	struct go *go;
	int rc = go_attach(&go, &l->space, &e);

	must(!rc || e.text[0]);
	must(!rc || !untouched);
	if (rc)
		return;
	must(!go_reader_new(&r, go, &e));
	for (int64_t i = 0; i < 3; i++) {
		snapshot_init(&s);
		rc = i < 2 ? go_read(r, &wants, &s, &e) :
			go_read_one(r, GS, &s, &e);
		must(!rc || e.text[0]);
		check_snapshot(&s);
		if (untouched && i < 2)
			check_truth(&s, rc);
		snapshot_release(&s);
	}
	go_reader_free(r);
	go_detach(go);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct go_program made;
	static struct liar l;
	int fd = program_file();

	if (!made.bytes[0]) {
		must(!setenv("PGO_SHARE", "share/pgo", 0));
		program_make(&made);
	}
	l = (struct liar){ .space.ops = &lies, .program = made,
			   .left = { size ? data + 1 : data,
				     size ? size - 1 : 0 } };
	l.space.kind = SPACE_MADE_UP;
	strcpy(l.space.name, "a liar");
	snprintf(l.space.exe_open, sizeof(l.space.exe_open),
		 "/proc/self/fd/%d", fd);
	for (int i = size ? data[0] : 0; i > 0 && change(&l); i--)
		;
	must(pwrite(fd, l.program.bytes, FILE_BYTES, 0) == FILE_BYTES);
	look(&l, size == 0);
	return 0;
}
