/*
 * All goroutines of a program at one moment: rows, the stacks they stand on,
 * each kept once, and the scheduler's figures.
 *
 * Whoever reads a program (an agent's answers, another process, a core) fills
 * one of these, and what groups, sorts, filters and shows knows nothing else.
 * What a source cannot tell is SNAP_UNKNOWN, never 0.  Ids of strings and
 * stacks mean something in their own snapshot only; hashes of stacks are the
 * same in all snapshots of one process, so that they can be compared.
 *
 * One thread at a time.  Strings are as the target gave them: not yet fit for
 * a terminal.
 */
#ifndef LIB_SNAPSHOT_SNAPSHOT_H
#define LIB_SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/hash.h"
#include "lib/snapshot/strtab.h"

#define SNAP_UNKNOWN INT64_C(-1)
#define SNAP_NONE UINT32_MAX            /* no stack */

#define SNAP_ROWS_MAX (1u << 20)         /* a million and some */
#define SNAP_STACKS_MAX (1u << 18)
#define SNAP_FRAMES_MAX (1u << 22)      /* of all stacks */
#define SNAP_DEPTH_MAX 1024u            /* of one */
#define SNAP_PS_MAX 1024u
#define SNAP_MS_MAX 65536u
#define SNAP_OBJECTS_MAX (1u << 20)
#define SNAP_WAITS_MAX (1u << 21)

enum snap_state {
	SNAP_STATE_UNKNOWN,
	SNAP_RUNNING,
	SNAP_RUNNABLE,
	SNAP_SYSCALL,
	SNAP_WAITING,
	SNAP_STATES,
};

/* The numbers of a goroutine; lib/snapshot/fields.h names them. */
enum snap_number {
	ROW_ID,
	ROW_SINCE,              /* ns it has been in its state */
	ROW_STACK_BYTES,
	ROW_STACK_USED,
	ROW_SEGMENTS,
	ROW_GROWS,
	ROW_SHRINKS,
	ROW_ENTERS,
	ROW_M,
	ROW_P,
	ROW_PARKS,
	ROW_RUNS,
	ROW_LAST_P,
	ROW_WOKEN_BY,           /* id of a goroutine */
	ROW_RUN,                /* ns, as far as its runtime kept them: */
	ROW_READY,
	ROW_BLOCKED,
	ROW_NUMBERS,
};

struct snap_row {
	int64_t number[ROW_NUMBERS];
	int64_t creator;        /* id of the goroutine that made it */
	uint64_t wait_on;       /* address; 0: nothing known, or several */
	uint32_t first_wait;    /* in the snapshot's waits */
	uint32_t wait_count;
	uint64_t entry_pc;      /* of its function; 0: not known */
	uint32_t stack;         /* SNAP_NONE: torn */
	uint32_t reason;        /* string; 0 unless waiting */
	uint32_t entry;         /* string */
	uint32_t created_func;  /* strings */
	uint32_t created_file;
	uint32_t created_line;
	uint32_t created_offset; /* return address - its function */
	uint32_t labels;        /* string, a JSON object `{"k":"v", "l":"w"}`
				 * sorted by key; 0: none */
	uint8_t state;          /* enum snap_state */
	bool locked;            /* to its thread */
	bool at_least;          /* ROW_SINCE may be more */
	bool moving;            /* it moved while it was read: no stack */
	bool system;            /* the runtime's own; dumps leave it out */
};

struct snap_frame {
	uint64_t pc;
	uint32_t func;          /* strings; 0: unknown */
	uint32_t file;
	uint32_t line;          /* 0: unknown */
	uint32_t start_line;    /* of the function; 0: unknown */
	uint32_t offset;        /* pc - its function, as the target has them
				 * on the stack; 0 of inlined ones */
	uint32_t inlined;       /* 0 or 1 */
	uint32_t elided;        /* no frame: so many of a deep stack are left
				 * out here, as func says in words */
};

struct snap_stack {
	uint64_t hash;          /* of its frames' texts */
	uint32_t first;         /* in frames, leaf first */
	uint32_t depth;
};

enum snap_object_kind {
	SNAP_CHANNEL,
	SNAP_SEMAPHORE,         /* of a mutex, a wait group, ... */
};

/* What goroutines wait on. */
struct snap_object {
	uint64_t address;
	int64_t len, cap;       /* of a channel: elements */
	int64_t elem_bytes;
	uint32_t receivers, senders, acquirers; /* rows that wait on it */
	uint8_t kind;           /* enum snap_object_kind */
	bool closed;
};

enum snap_wait_kind {
	SNAP_WAIT_UNKNOWN,
	SNAP_WAIT_RECEIVE,
	SNAP_WAIT_SEND,
	SNAP_WAIT_ACQUIRE,
};

/* That a goroutine waits on something; in a select it may on many. */
struct snap_wait {
	int64_t id;             /* of the goroutine */
	uint32_t object;
	uint8_t kind;           /* enum snap_wait_kind */
};

struct snap_p {
	int64_t id, status, runq, m;    /* SNAP_UNKNOWN as everywhere */
	int64_t schedtick;      /* goroutines it has run, modulo 2^32 */
	/* As source_wants.sched asks for: */
	int64_t syscalltick, gfreecnt, timerslen;
};

#define SNAP_NIL INT64_C(-2)    /* known to be none */

/* An M; its numbers are Go's scheddetail's.  P, CURG and LOCKEDG are ids, those
 * that are true or false 0 or 1. */
struct snap_m {
	int64_t id, p, curg, mallocing, throwing, locks, dying;
	int64_t spinning, blocked, lockedg;
	int64_t tid;            /* of its thread */
	uint32_t preemptoff;    /* string; SNAP_NONE: not known */
};

struct snap_sched {
	int64_t gomaxprocs, idleprocs, threads, spinningthreads, needspinning;
	int64_t idlethreads, runqueue, gcount, stackinuse, uptime_ns, ms;
	int64_t gcwaiting, nmidlelocked, stopwait, sysmonwait;
	struct snap_p ps[SNAP_PS_MAX];
	uint32_t p_count;
};

struct snapshot {
	int64_t time_ns;        /* the target's wall clock */
	int64_t mono_ns;        /* ours, when reading began */
	int64_t cost_ns;        /* reading it took */
	int64_t total;          /* goroutines there are; rows may be fewer */
	int64_t dropped;        /* rows and stacks left out: caps, nonsense */
	int64_t torn;           /* rows without a stack */
	int64_t pid;
	uint32_t exe;           /* string */

	struct snap_row *rows;
	uint32_t row_count, row_room;
	struct snap_stack *stacks;
	uint32_t stack_count, stack_room;
	struct snap_frame *frames;
	uint32_t frame_count, frame_room;
	struct hash stack_known;
	/* As far as the source knows, and was asked to look. */
	struct snap_object *objects;
	uint32_t object_count, object_room;
	struct snap_wait *waits;
	uint32_t wait_count, wait_room;
	struct hash object_known;
	struct snap_m *ms;      /* newest first */
	uint32_t m_count, m_room;
	struct strtab strings;
	struct snap_sched sched;
};

/* Makes S empty, nothing known. */
void snapshot_init(struct snapshot *s);
void snapshot_release(struct snapshot *s);

/* One more row, nothing known of it yet; until the next one.  NULL, and
 * counted as dropped, at the cap or without memory. */
struct snap_row *snapshot_row(struct snapshot *s);

/* One more M in the same way; NULL at the cap or without memory. */
struct snap_m *snapshot_m(struct snapshot *s);

/* Puts the Ms in their order, and counts them in sched.ms. */
void snapshot_sort_ms(struct snapshot *s);

/* The id of the stack of N frames, whose strings are of S: new or known.
 * SNAP_NONE, counted as dropped, when it is empty, too deep or does not fit. */
uint32_t snapshot_stack(struct snapshot *s, const struct snap_frame *frames,
			uint32_t n);

/* The frames of stack ID, *DEPTH of them; NULL and 0 for SNAP_NONE. */
const struct snap_frame *snapshot_frames(const struct snapshot *s,
					 uint32_t id, uint32_t *depth);

/* The number of the object at ADDRESS, new or known, of whose inside nothing is
 * known yet; SNAP_NONE, counted as dropped, at the cap or without memory. */
uint32_t snapshot_object(struct snapshot *s, enum snap_object_kind kind,
			 uint64_t address);

/* Notes that ROW waits on OBJECT.  All of a row come one after another. */
void snapshot_wait(struct snapshot *s, uint32_t row, uint32_t object,
		   enum snap_wait_kind kind);

static inline const char *snapshot_string(const struct snapshot *s,
					  uint32_t id)
{
	return strtab_get(&s->strings, id);
}

/* "running"..., "" for unknown; and back. */
const char *snap_state_name(unsigned int state);
enum snap_state snap_state_of(const char *name);

#endif
