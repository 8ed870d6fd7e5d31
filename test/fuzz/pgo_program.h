/*
 * A program on pgo's runtime, made by hand: its memory and the file it was
 * loaded from.  Goroutine 1 is parked on two segments, 2 never ran, 3 is in C,
 * 4 runs, 5 sleeps in a callback with its thread.
 */
#ifndef TEST_FUZZ_PGO_PROGRAM_H
#define TEST_FUZZ_PGO_PROGRAM_H

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pgo/layout.h>

#include "lib/target/pgo/layout.h"
#include "lib/target/space.h"

#define PROGRAM UINT64_C(0x10000000)    /* where the file is mapped */
#define MEMORY UINT64_C(0x20000000)     /* where the rest is */
#define CODE UINT64_C(0x400000)         /* of the program; of no file */
#define RUNTIME UINT64_C(0x700000)      /* its runtime's */
#define HIDDEN UINT64_C(0x710000)
#define GOSTART UINT64_C(0x720000)
#define LIBC UINT64_C(0x900000)

enum {
	MADE_SLOTS = 256, MADE_STACKS = 6, MADE_STACK_BYTES = 1024,
	MADE_NOW_NS = 1000000,
};

struct made_sched {
	uint64_t ps, allm, live, start_ns;
	uint32_t gomaxprocs, npidle, nmidle, nspinning, nm, runq;
	uint32_t nbound, want_m;
};

struct made_gtab {
	uint64_t chunk[4];
	uint32_t count, unused;
};

struct made_row {
	uint32_t status, parks;
};

struct made_g {
	uint64_t id, parent, created, fn, sp, cur, base, m, since, wait_on;
	uint64_t stack_bytes, enters;
	uint32_t grows, shrinks;
	uint64_t runs, woken_by;
	int32_t last_p, unused;
};

struct made_kept {
	int64_t begin_ns, end_ns;
};

struct made_times {
	uint32_t seq, state;
	int64_t since_ns, run, ready, blocked;
};

struct made_chunk {
	struct made_row row[MADE_SLOTS];
	struct made_g g[MADE_SLOTS];
	struct made_times times[MADE_SLOTS];
};

struct made_m {
	uint64_t g, csp, cfp, ctarget, insched, calls, switches, p, alllink;
	uint64_t bound_g;
	uint32_t id, tid;
	bool spinning, blocked;
};

struct made_p {
	uint64_t m;
	uint32_t id, tick, state, head, tail, handoffs, gfree, unused;
};

struct made_seg {
	uint64_t next, bytes;
};

struct made_left {
	uint64_t saved[5], rbp, pc;
};

struct made_stack {
	uint64_t word[(MADE_STACK_BYTES - sizeof(struct made_seg)) / 8];
	struct made_seg seg;
};

struct made_memory {
	struct pgo_layout head;
	struct pgo_layout_field field[PGO_FIELD_COUNT];
	struct made_sched sched;
	struct made_gtab gtab;
	uint64_t reasons[2], hidden[4], stackinuse;
	struct made_kept kept;
	char texts[2][16];
	struct made_m m[3];
	struct made_p p[2];
	struct made_stack stack[MADE_STACKS];
	struct made_chunk chunk;
};

/* The file: headers and the note. */
struct made_file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	Elf64_Nhdr note;
	char owner[4];
	int64_t distance;
} __attribute__((packed));

struct made_program {
	struct space space;
	struct made_file file;
	struct made_memory memory;
	struct map map;
	int fd;                 /* of the file */
	void (*before)(struct made_program *p); /* each read; NULL: nothing */
};

static inline uint64_t made_at(size_t offset)
{
	return MEMORY + offset;
}

#define MADE_AT(member) made_at(offsetof(struct made_memory, member))

static inline void made_field(struct made_memory *m, int f, uint64_t address,
			      size_t offset, size_t bytes)
{
	static const char *const names[] = {
#define X(id, name, kind) [id] = name,
		PGO_FIELDS(X)
#undef X
	};

	/* Not a string where all 24 bytes are taken. */
	strncpy(m->field[f].name, names[f], sizeof(m->field[f].name));
	m->field[f].address = address;
	m->field[f].offset = (uint32_t)offset;
	m->field[f].size = (uint32_t)bytes;
}

#define MADE_VARIABLE(f, what) \
	made_field(m, f, MADE_AT(what), 0, sizeof(m->what))
#define MADE_MEMBER(f, type, member) \
	made_field(m, f, 0, offsetof(struct type, member), \
		   sizeof(((struct type *)0)->member))
#define MADE_STRUCT(f, type) made_field(m, f, 0, 0, sizeof(struct type))

static inline void made_layout_vars(struct made_memory *m)
{
	MADE_VARIABLE(PGO_SCHED, sched);
	MADE_VARIABLE(PGO_GTAB, gtab);
	MADE_VARIABLE(PGO_REASONS, reasons);
	MADE_VARIABLE(PGO_HIDDEN, hidden);
	MADE_VARIABLE(PGO_STACKINUSE, stackinuse);
	made_field(m, PGO_GOSTART, GOSTART, 0, 0);
	made_field(m, PGO_TEXT, RUNTIME, 0, 0);
	made_field(m, PGO_TEXT_END, RUNTIME + 0x100000, 0, 0);
	MADE_MEMBER(PGO_SCHED_GOMAXPROCS, made_sched, gomaxprocs);
	MADE_MEMBER(PGO_SCHED_NPIDLE, made_sched, npidle);
	MADE_MEMBER(PGO_SCHED_NMIDLE, made_sched, nmidle);
	MADE_MEMBER(PGO_SCHED_NSPINNING, made_sched, nspinning);
	MADE_MEMBER(PGO_SCHED_NM, made_sched, nm);
	MADE_MEMBER(PGO_SCHED_LIVE, made_sched, live);
	MADE_MEMBER(PGO_SCHED_RUNQ, made_sched, runq);
	MADE_MEMBER(PGO_SCHED_START, made_sched, start_ns);
	MADE_MEMBER(PGO_SCHED_PS, made_sched, ps);
	MADE_MEMBER(PGO_SCHED_ALLM, made_sched, allm);
	MADE_MEMBER(PGO_GTAB_CHUNK, made_gtab, chunk);
	MADE_MEMBER(PGO_GTAB_COUNT, made_gtab, count);
	MADE_STRUCT(PGO_CHUNK, made_chunk);
	MADE_MEMBER(PGO_CHUNK_ROW, made_chunk, row);
	MADE_MEMBER(PGO_CHUNK_G, made_chunk, g);
}

static inline void made_layout_threads(struct made_memory *m)
{
	MADE_STRUCT(PGO_M, made_m);
	MADE_MEMBER(PGO_M_G, made_m, g);
	MADE_MEMBER(PGO_M_CSP, made_m, csp);
	MADE_MEMBER(PGO_M_CFP, made_m, cfp);
	MADE_MEMBER(PGO_M_CTARGET, made_m, ctarget);
	MADE_MEMBER(PGO_M_INSCHED, made_m, insched);
	MADE_MEMBER(PGO_M_CALLS, made_m, calls);
	MADE_MEMBER(PGO_M_SWITCHES, made_m, switches);
	MADE_MEMBER(PGO_M_P, made_m, p);
	MADE_MEMBER(PGO_M_ID, made_m, id);
	MADE_MEMBER(PGO_M_TID, made_m, tid);
	MADE_MEMBER(PGO_M_ALLLINK, made_m, alllink);
	MADE_STRUCT(PGO_P, made_p);
	MADE_MEMBER(PGO_P_ID, made_p, id);
	MADE_MEMBER(PGO_P_STATE, made_p, state);
	MADE_MEMBER(PGO_P_M, made_p, m);
	MADE_MEMBER(PGO_P_HEAD, made_p, head);
	MADE_MEMBER(PGO_P_TAIL, made_p, tail);
}

/* What is new since the first runtime that had a table. */
static inline void made_layout_younger(struct made_memory *m)
{
	MADE_MEMBER(PGO_SCHED_NBOUND, made_sched, nbound);
	MADE_MEMBER(PGO_SCHED_WANT_M, made_sched, want_m);
	MADE_MEMBER(PGO_M_SPINNING, made_m, spinning);
	MADE_MEMBER(PGO_M_BLOCKED, made_m, blocked);
	MADE_MEMBER(PGO_M_BOUND_G, made_m, bound_g);
	MADE_MEMBER(PGO_P_TICK, made_p, tick);
	MADE_MEMBER(PGO_P_HANDOFFS, made_p, handoffs);
	MADE_MEMBER(PGO_P_GFREE, made_p, gfree);
	MADE_MEMBER(PGO_G_RUNS, made_g, runs);
	MADE_MEMBER(PGO_G_WOKEN_BY, made_g, woken_by);
	MADE_MEMBER(PGO_G_LAST_P, made_g, last_p);
	MADE_VARIABLE(PGO_KEPT, kept);
	MADE_MEMBER(PGO_KEPT_BEGIN, made_kept, begin_ns);
	MADE_MEMBER(PGO_KEPT_END, made_kept, end_ns);
	MADE_MEMBER(PGO_CHUNK_TIMES, made_chunk, times);
	MADE_STRUCT(PGO_TIMES, made_times);
	MADE_MEMBER(PGO_TIMES_SEQ, made_times, seq);
	MADE_MEMBER(PGO_TIMES_STATE, made_times, state);
	MADE_MEMBER(PGO_TIMES_SINCE, made_times, since_ns);
	MADE_MEMBER(PGO_TIMES_RUN, made_times, run);
	MADE_MEMBER(PGO_TIMES_READY, made_times, ready);
	MADE_MEMBER(PGO_TIMES_BLOCKED, made_times, blocked);
}

static inline void made_layout_gs(struct made_memory *m)
{
	MADE_STRUCT(PGO_ROW, made_row);
	MADE_MEMBER(PGO_ROW_STATUS, made_row, status);
	MADE_MEMBER(PGO_ROW_PARKS, made_row, parks);
	MADE_STRUCT(PGO_G, made_g);
	MADE_MEMBER(PGO_G_ID, made_g, id);
	MADE_MEMBER(PGO_G_PARENT, made_g, parent);
	MADE_MEMBER(PGO_G_CREATED, made_g, created);
	MADE_MEMBER(PGO_G_FN, made_g, fn);
	MADE_MEMBER(PGO_G_SP, made_g, sp);
	MADE_MEMBER(PGO_G_CUR, made_g, cur);
	MADE_MEMBER(PGO_G_BASE, made_g, base);
	MADE_MEMBER(PGO_G_M, made_g, m);
	MADE_MEMBER(PGO_G_SINCE, made_g, since);
	MADE_MEMBER(PGO_G_WAIT_ON, made_g, wait_on);
	MADE_MEMBER(PGO_G_STACK_BYTES, made_g, stack_bytes);
	MADE_MEMBER(PGO_G_ENTERS, made_g, enters);
	MADE_MEMBER(PGO_G_GROWS, made_g, grows);
	MADE_MEMBER(PGO_G_SHRINKS, made_g, shrinks);
	MADE_STRUCT(PGO_LEFT, made_left);
	MADE_MEMBER(PGO_LEFT_RBP, made_left, rbp);
	MADE_MEMBER(PGO_LEFT_PC, made_left, pc);
	MADE_STRUCT(PGO_SEG, made_seg);
	MADE_MEMBER(PGO_SEG_NEXT, made_seg, next);
	MADE_MEMBER(PGO_SEG_BYTES, made_seg, bytes);
}

/* The address of word W of stack S, from its end: 1 is the last. */
static inline uint64_t made_word(int s, int w)
{
	return made_at(offsetof(struct made_memory, stack) +
		       (size_t)s * sizeof(struct made_stack) +
		       offsetof(struct made_stack, seg) - (size_t)w * 8);
}

static inline void made_put(struct made_memory *m, int s, int w, uint64_t v)
{
	uint64_t *end = m->stack[s].word + sizeof(m->stack[s].word) / 8;

	end[-w] = v;
}

/* A frame at word W of stack S: the caller's frame pointer, and where in it. */
static inline void made_frame(struct made_memory *m, int s, int w, uint64_t fp,
			      uint64_t ra)
{
	made_put(m, s, w, fp);
	made_put(m, s, w - 1, ra);
}

static inline uint64_t made_seg_at(int s)
{
	return made_word(s, 0);
}

static inline struct made_g *made_goroutine(struct made_memory *m, int slot,
					    uint32_t status, int s)
{
	struct made_g *g = &m->chunk.g[slot];

	m->chunk.row[slot] = (struct made_row){ status, 3 };
	*g = (struct made_g){
		.id = (uint64_t)slot + 1, .parent = slot ? 1 : 0,
		.created = slot ? CODE + 0x99 : 0, .fn = CODE + 0x10u * slot,
		.sp = made_word(s, 20), .cur = made_seg_at(s),
		.base = made_seg_at(s), .since = MADE_NOW_NS,
		.stack_bytes = MADE_STACK_BYTES,
	};
	m->stack[s].seg.bytes = MADE_STACK_BYTES;
	return g;
}

static inline void made_goroutines(struct made_memory *m)
{
	struct made_g *g = made_goroutine(m, 0, 4 | 1 << 16, 1);

	/* Two segments: stack 1 above stack 0. */
	g->base = made_seg_at(0);
	g->stack_bytes = 2 * MADE_STACK_BYTES;
	g->wait_on = 0xabc0;
	g->runs = 12;
	g->woken_by = 4;
	g->last_p = 1;
	m->stack[0].seg = (struct made_seg){ made_seg_at(1),
					     MADE_STACK_BYTES };
	made_put(m, 1, 15, made_word(1, 8));            /* left.rbp */
	made_put(m, 1, 14, RUNTIME + 0x20);             /* left.pc */
	made_frame(m, 1, 8, made_word(1, 4), CODE + 0x101);
	made_frame(m, 1, 4, made_word(0, 8), HIDDEN + 0x8);
	made_frame(m, 0, 8, made_word(0, 4), CODE + 0x201);
	made_frame(m, 0, 4, 0, HIDDEN + 0x18);
	g = made_goroutine(m, 1, 1, 2);
	g->last_p = 1;
	made_put(m, 2, 14, GOSTART);
	g = made_goroutine(m, 2, 2, 3);
	g->m = MADE_AT(m[0]);
	made_frame(m, 3, 8, 0, CODE + 0x301);
	g = made_goroutine(m, 3, 2, 4);
	g->m = MADE_AT(m[1]);
	made_frame(m, 4, 8, 0, CODE + 0x401);
	g = made_goroutine(m, 4, 4 | 1 << 16, 5);
	g->m = MADE_AT(m[2]);
	made_frame(m, 5, 8, 0, CODE + 0x501);
	for (int slot = 2; slot < 5; slot++)
		m->m[slot - 2] = (struct made_m){
			.g = MADE_AT(chunk.g[0]) +
			     (uint64_t)slot * sizeof(struct made_g),
			.csp = slot == 3, .cfp = made_word(slot + 1, 8),
			.ctarget = LIBC + (uint64_t)slot,
			.alllink = slot < 4 ? MADE_AT(m[0]) + (uint64_t)
				   (slot - 1) * sizeof(struct made_m) : 0,
			.id = (uint32_t)slot + 10, .tid = (uint32_t)slot + 20,
		};
	m->m[1].p = MADE_AT(p[1]);
	m->m[2].bound_g = m->m[2].g;
	m->m[2].blocked = true;
}

/* They are kept since 1 s; goroutines 1 and 3 have changed since then. */
static inline void made_times(struct made_memory *m)
{
	m->kept = (struct made_kept){ 1000000000, INT64_MAX };
	m->chunk.times[0] = (struct made_times){ 4, 2, INT64_MAX, 70, 80, 90 };
	m->chunk.times[2] = (struct made_times){ 8, 0, 1000000005, 5, 6, 7 };
}

static inline void made_memory(struct made_memory *m)
{
	memcpy(m->head.magic, PGO_LAYOUT_MAGIC, sizeof(m->head.magic));
	m->head.version = PGO_LAYOUT_VERSION;
	m->head.header_bytes = sizeof(m->head);
	m->head.field_bytes = sizeof(m->field[0]);
	m->head.field_count = PGO_FIELD_COUNT;
	strcpy(m->head.runtime, "pgo by hand");
	made_layout_vars(m);
	made_layout_threads(m);
	made_layout_younger(m);
	made_layout_gs(m);
	m->sched = (struct made_sched){
		.ps = MADE_AT(p[0]), .allm = MADE_AT(m[0]), .live = 5,
		.gomaxprocs = 2, .npidle = 1, .nm = 3, .nbound = 1,
	};
	m->gtab = (struct made_gtab){ .chunk = { MADE_AT(chunk) }, .count = 5 };
	m->reasons[0] = MADE_AT(texts[0]);
	m->reasons[1] = MADE_AT(texts[1]);
	strcpy(m->texts[1], "chan receive");
	m->hidden[0] = HIDDEN;
	m->hidden[1] = HIDDEN + 0x100;
	m->stackinuse = 6 * MADE_STACK_BYTES;
	m->p[0].id = 0;
	m->p[1] = (struct made_p){ .m = MADE_AT(m[1]), .id = 1, .state = 1,
				   .head = 3, .tail = 5, .tick = 77,
				   .handoffs = 6, .gfree = 8 };
	made_goroutines(m);
	made_times(m);
}

static inline void made_file(struct made_file *f)
{
	memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
	f->eh.e_ident[EI_CLASS] = ELFCLASS64;
	f->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	f->eh.e_type = ET_DYN;
	f->eh.e_machine = EM_X86_64;
	f->eh.e_phoff = offsetof(struct made_file, ph);
	f->eh.e_phnum = 2;
	f->eh.e_phentsize = sizeof(Elf64_Phdr);
	f->ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R,
				 .p_filesz = sizeof(*f),
				 .p_memsz = sizeof(*f) };
	f->ph[1] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_align = 4,
				 .p_offset = offsetof(struct made_file, note),
				 .p_filesz = 24 };
	f->note = (Elf64_Nhdr){ 4, 8, PGO_NOTE_LAYOUT };
	memcpy(f->owner, "pgo", 4);
	f->distance = (int64_t)(MEMORY - PROGRAM -
				offsetof(struct made_file, distance));
}

/* The space ---------------------------------------------------------------- */

static inline const void *made_bytes(const struct made_program *p,
				     uint64_t at, uint32_t n)
{
	if (at >= MEMORY && at - MEMORY < sizeof(p->memory) &&
	    n <= sizeof(p->memory) - (at - MEMORY))
		return (const uint8_t *)&p->memory + (at - MEMORY);
	if (at >= PROGRAM && at - PROGRAM < sizeof(p->file) &&
	    n <= sizeof(p->file) - (at - PROGRAM))
		return (const uint8_t *)&p->file + (at - PROGRAM);
	return NULL;
}

static inline int made_readv(struct space *s, struct space_piece *at, size_t n)
{
	struct made_program *p = (struct made_program *)s;

	s->beats++;
	if (p->before)
		p->before(p);
	for (size_t i = 0; i < n; i++) {
		const void *from = made_bytes(p, at[i].address, at[i].bytes);

		at[i].ok = from != NULL;
		if (from)
			memcpy(at[i].to, from, at[i].bytes);
	}
	return 0;
}

static inline int made_threads(struct space *s, struct space_thread *out,
			       size_t max)
{
	(void)s;
	for (pid_t i = 0; i < 3 && (size_t)i < max; i++)
		out[i] = (struct space_thread){ 22 + i, 22 + i };
	return 3;
}

/* The thread of goroutine 4. */
static inline int made_regs(struct space *s, pid_t tid, struct space_regs *out)
{
	(void)s;
	if (tid != 23)
		return -ESRCH;
	*out = (struct space_regs){ .pc = CODE + 0x400, .bp = made_word(4, 8),
				    .sp = made_word(4, 12) };
	return 0;
}

static inline int made_still(struct space *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

static inline void made_close(struct space *s)
{
	close(((struct made_program *)s)->fd);
	free(s);
}

/* NULL without memory. */
static inline struct made_program *made_program(void)
{
	static const struct space_ops ops = {
		.readv = made_readv, .threads = made_threads,
		.regs = made_regs, .check = made_still, .close = made_close,
	};
	struct made_program *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	made_memory(&p->memory);
	made_file(&p->file);
	p->fd = memfd_create("made", MFD_CLOEXEC);
	if (p->fd < 0 || write(p->fd, &p->file, sizeof(p->file)) !=
			 (ssize_t)sizeof(p->file)) {
		close(p->fd);
		free(p);
		return NULL;
	}
	p->space.ops = &ops;
	p->space.kind = SPACE_MADE_UP;
	strcpy(p->space.name, "made");
	strcpy(p->space.exe, "/made");
	snprintf(p->space.exe_open, sizeof(p->space.exe_open),
		 "/proc/self/fd/%d", p->fd);
	p->map = (struct map){ .start = PROGRAM, .end = PROGRAM + 4096,
			       .inode = 1, .perms = MAP_R, .path = "/made" };
	p->space.maps = (struct maps){ .maps = &p->map, .n = 1 };
	return p;
}

#endif
