/*
 * The one door for looking into the runtime from inside the process: for the
 * agent, which is a library of its own and may be loaded into a program built
 * before it.
 *
 * Nothing here stops the world or takes a lock of the scheduler for longer
 * than one row.  Everything is copied into the caller's memory.  All functions
 * may be called on any plain thread ([any but g]): they never park, and take
 * tens of KB of stack.
 *
 * The program exports one symbol, pgo_view_1.  A reader checks version and
 * size first; members are only ever added at the end.
 */
#ifndef PGO_RUNTIME_VIEW_H
#define PGO_RUNTIME_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VIEW_VERSION = 1, VIEW_PCS_MAX = 1024 };

/* What moved: 16 bytes are read for it.  While state and parks are the same
 * and the state is waiting, the stack is the same. */
struct view_row {
	uint32_t parks;         /* times it left its M */
	uint8_t state;          /* enum view_state */
	uint8_t reason;         /* index for reason() */
};

/* Go's numbers. */
enum view_state {
	VIEW_IDLE = 0,          /* no goroutine in this slot */
	VIEW_RUNNABLE = 1,
	VIEW_RUNNING = 2,
	VIEW_SYSCALL = 3,       /* in C */
	VIEW_WAITING = 4,
	VIEW_DEAD = 6,
};

struct view_g {
	int64_t id;
	int64_t parent_id;      /* 0: a thread that runs no goroutine */
	uint64_t created_pc;    /* a return address: the call is before it */
	uint64_t entry_pc;      /* its function */
	int64_t since_ns;       /* monotonic: when its state began */
	uint64_t wait_on;       /* the channel or waitgroup; 0: none */
	uint64_t stack_bytes;   /* all its segments */
	uint64_t stack_peak;    /* most there ever were */
	uint64_t stack_used;    /* to the stack pointer; segments below the
				 * current one count whole */
	uint64_t enters;        /* times a segment was entered: hot splits */
	uint32_t segments;      /* linked, the cached ones too */
	uint32_t grows;
	uint32_t shrinks;
	int32_t m;              /* -1: none */
	int32_t p;              /* -1: none */
	uint32_t parks;
	uint8_t state;
	uint8_t reason;
	bool bound;             /* a thread sleeps with it, in a callback */
	bool torn;              /* its stack could not be read: PCS are none */
};

struct view_p {
	int32_t id;
	int32_t status;         /* 0 idle, 1 running, 4 dead */
	int32_t m;              /* -1: none */
	uint32_t runq;          /* without runnext */
	uint32_t tick;          /* goroutines run */
	uint32_t handoffs;      /* times taken from a thread in C */
	uint64_t steals;        /* goroutines it stole */
};

/* What happened so far. */
struct view_counts {
	uint64_t creates;       /* goroutines started */
	uint64_t exits;         /* goroutines that ended */
	uint64_t steals;        /* goroutines stolen from other Ps */
	uint64_t handoffs;      /* times a P was taken from a thread in C */
	uint64_t retakes;       /* of those, by sysmon */
	uint64_t preempts;      /* times a goroutine left as it was asked to */
};

/* What a goroutine has been through. */
struct view_life {
	int64_t id;
	uint64_t runs;          /* times it began to run */
	int64_t woken_by;       /* the goroutine that woke it last; 0: none has,
				 * or the runtime did */
	int32_t last_p;         /* where it began to run last; -1: it did not */
	/* While times are kept, those since that began or it was started; else
	 * false and 0. */
	bool has_times;
	int64_t run_ns;         /* in C too */
	int64_t ready_ns;
	int64_t blocked_ns;
};

struct view_m {
	uint32_t id;
	int32_t tid;
	int32_t p;              /* -1: none */
	int64_t g;              /* id of the goroutine it runs, 0: none */
	uint64_t switches;      /* goroutines run */
	uint64_t calls;         /* calls into C */
	bool spinning;
	bool in_c;
	bool bound;             /* asleep in a callback with its goroutine */
};

/* The SCHED line's figures. */
struct view_sched {
	int64_t now_ns;         /* monotonic */
	int64_t start_ns;       /* when pgo_run() began */
	int32_t gomaxprocs;
	uint32_t idleprocs;
	uint32_t threads;       /* Ms and sysmon */
	uint32_t spinningthreads;
	uint32_t needspinning;
	uint32_t idlethreads;
	uint32_t runqueue;
	uint32_t bound;         /* Ms asleep with a goroutine in a callback */
	int64_t goroutines;
	uint64_t stack_bytes;   /* of all segments in use */
};

/* Objects of one size from one stack: as many as were sampled. */
struct view_heap {
	uint64_t bytes;         /* of one object */
	uint64_t mallocs;
	uint64_t frees;
};

struct view_losses {
	uint64_t ring_full;
	uint64_t no_thread;
	uint64_t no_room;
};

struct view {
	uint32_t size;          /* of this struct as the program was built */
	uint32_t version;       /* VIEW_VERSION */

	/* Slots there ever were; goroutines come and go in them. */
	uint32_t (*slots)(void);
	/* False: no such slot. */
	bool (*row)(uint32_t slot, struct view_row *out);
	/* Copies the goroutine in SLOT and its stack, leaf first: the leaf is
	 * exact, all others are return addresses.  Returns how many pcs, or
	 * -ENOENT when the slot is free.  Takes microseconds; up to 10 ms for
	 * one that runs and does not answer. */
	int (*goroutine)(uint32_t slot, struct view_g *out, uint64_t *pcs,
			 uint32_t max);
	const char *(*reason)(unsigned reason);

	void (*sched)(struct view_sched *out);
	bool (*p)(uint32_t index, struct view_p *out);
	/* At most MAX of them; how many exist. */
	uint32_t (*ms)(struct view_m *out, uint32_t max);

	/* CPU profile: see runtime/cpuprof.h. */
	int (*cpu_begin)(int hz);
	int (*cpu_end)(void (*each)(void *ctx, const uint64_t *pcs, size_t n,
				    uint64_t samples),
		       void *ctx, struct view_losses *losses);

	/* The agent's own threads are the runtime's: they do not wake
	 * goroutines, and `threads` does not count them. */
	void (*threads_add)(int n);
	/* Where the agent listens ("unix:/run/...", "127.0.0.1:6060", several
	 * with commas): readers find it through pgo_layout.  "" takes it
	 * back.  Truncated at 511 bytes. */
	void (*set_agent_address)(const char *address);

	/* The memory profile: bytes from one sample to the next, on average, 0
	 * when none are taken; what was sampled, by INDEX from 0 on, with its
	 * stack, return addresses, leaf first.  Returns how many pcs, or
	 * -ENOENT when there are no more. */
	uint64_t (*heap_rate)(void);
	int (*heap)(uint32_t index, struct view_heap *out, uint64_t *pcs,
		    uint32_t max);

	/* Times a goroutine was taken off its thread by a signal. */
	uint64_t (*async_preempts)(void);
	/* Who were woken by news of the network. */
	uint64_t (*netpoll_wakes)(void);

	/* Of the P INDEX, which may be out of use, or, with -1, of the whole
	 * program; those started or woken by who has no P are in that alone.
	 * At most BYTES are written.  False: there never was such a P. */
	bool (*counts)(int32_t index, struct view_counts *out, size_t bytes);
	/* The same of the goroutine in SLOT.  False: the slot is free. */
	bool (*life)(uint32_t slot, struct view_life *out, size_t bytes);
	/* Keeps times for NS from now on: each switch then costs several times
	 * what it does otherwise. */
	void (*keep_times)(int64_t ns);
};

/* Const, in the program. */
extern __attribute__((visibility("default"))) const struct view pgo_view_1;

#endif
