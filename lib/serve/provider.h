/*
 * What is served: one struct of callbacks, filled by the agent over the
 * runtime, by tests over tables, by a tool over another process.
 *
 * All of it may be called on several threads at once.  Nothing is kept beyond
 * a call except names, which live as long as the provider, and the strings of
 * a goroutine, which live until end().  A number that is not known is
 * SERVE_UNKNOWN, cut to its type, and left out.
 */
#ifndef LIB_SERVE_PROVIDER_H
#define LIB_SERVE_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"

enum { SERVE_PCS_MAX = 1024, SERVE_FRAMES_MAX = 64 };

#define SERVE_UNKNOWN UINT64_MAX
#define SERVE_UNKNOWN32 UINT32_MAX

struct err;

/* Go's numbers. */
enum serve_state {
	SERVE_RUNNABLE = 1,
	SERVE_RUNNING = 2,
	SERVE_SYSCALL = 3,
	SERVE_WAITING = 4,
	SERVE_STATES,           /* as many, counted from 0 */
};

struct serve_g {
	int64_t id;
	int64_t parent_id;      /* 0: none */
	uint64_t created_pc;    /* a return address; 0: see created */
	uint64_t entry_pc;      /* its function; 0: see entry */
	/* The same by name, in programs that are read from outside; "": not
	 * known.  Offset is the return address less its function's. */
	struct {
		const char *func, *file;
		uint32_t line, offset;
	} created;
	const char *entry;
	int64_t since_ns;       /* how long it is in its state; -1: unknown */
	uint64_t wait_on;       /* 0: nothing that has an address */
	uint64_t stack_bytes;
	uint64_t stack_used;
	uint64_t enters;
	uint32_t segments;
	uint32_t grows;
	uint32_t shrinks;
	uint32_t parks;
	int32_t m;              /* -1: none */
	int32_t p;              /* -1: none */
	enum serve_state state;
	const char *reason;     /* of a waiting one, else "" */
	/* Pairs of strings, key and value, by key, each with a zero behind. */
	const char *labels;
	size_t labels_bytes;
	bool locked;            /* to its thread */
	bool torn;              /* its stack could not be read */
};

struct serve_p {
	int32_t id;
	int32_t status;         /* Go's number */
	int32_t m;              /* -1: none */
	uint32_t runq;
	uint32_t tick;
	uint32_t handoffs;
	uint64_t steals;
};

struct serve_m {
	uint32_t id;
	int32_t tid;
	int32_t p;              /* -1: none */
	int64_t g;              /* 0: none */
	uint64_t switches;      /* unknown: so is all below */
	uint64_t calls;
	bool spinning;
	bool in_c;
	bool bound;
};

struct serve_sched {
	int64_t uptime_ns;
	int32_t gomaxprocs;
	uint32_t idleprocs;
	uint32_t threads;
	uint32_t spinningthreads;
	uint32_t needspinning;
	uint32_t idlethreads;
	uint32_t runqueue;
	uint32_t bound;
	int64_t goroutines;
	uint64_t stack_bytes;
	uint64_t async_preempts; /* taken off their threads by a signal */
	uint64_t netpoll_wakes; /* woken by news of the network */
};

/* What happened so far, on a P or in all. */
struct serve_counts {
	uint64_t creates;       /* goroutines started */
	uint64_t exits;         /* goroutines that ended */
	uint64_t steals;        /* goroutines stolen from other Ps */
	uint64_t handoffs;      /* times a P was taken from a thread in C */
	uint64_t retakes;       /* of those, by the watching thread */
	uint64_t preempts;      /* times a goroutine left as it was asked to */
};

/* What a goroutine has been through. */
struct serve_life {
	uint64_t runs;          /* times it began to run */
	int64_t woken_by;       /* a goroutine; 0: none has */
	int32_t last_p;         /* where it began to run last; -1: nowhere */
	bool has_times;         /* the rest is known */
	int64_t run_ns;         /* in C too */
	int64_t ready_ns;
	int64_t blocked_ns;
};

/* Samples that are in no profile. */
struct serve_losses {
	uint64_t ring_full;
	uint64_t no_thread;
	uint64_t no_room;
};

/* One function at an address. */
struct serve_frame {
	const char *func;
	const char *linkage;    /* its name to the linker */
	const char *file;       /* "" when unknown */
	uint32_t line;          /* 0 when unknown */
	uint32_t start_line;    /* 0 when unknown */
	uint64_t entry;         /* where its code begins, 0 when unknown */
	bool inlined;
};

/* Places where CPU time was used. */
struct serve_sample {
	const uint64_t *pcs;
	size_t n;
	uint64_t samples;
	const char *labels;     /* as in struct serve_g */
	size_t labels_bytes;
};

struct serve_mapping {
	uint64_t start, limit, offset;
	const char *file;
	const char *build_id;   /* hex, "" for none */
};

struct provider {
	void *ctx;
	pid_t pid;
	const char *exe;
	const char *kind;       /* how it is looked into: "agent", "attach" */
	/* A Go program's: all pcs are return addresses, of a leaf that runs
	 * pc + 1, and texts leave out what Go's own do. */
	bool go;
	/* Around calls that are to be of one moment; both NULL: each is of
	 * its own.  0; -E with words in E when there is nothing to look at. */
	int (*begin)(void *ctx, struct err *e);
	void (*end)(void *ctx);
	/* "elf": functions only; "dwarf": files, lines and inlines too. */
	const char *(*names)(void *ctx);

	/* Slots there ever were; goroutines come and go in them. */
	uint32_t (*slots)(void *ctx);
	/* Copies the one in SLOT and its stack, leaf first and exact, then
	 * return addresses: how many pcs, or -ENOENT. */
	int (*goroutine)(void *ctx, uint32_t slot, struct serve_g *out,
			 uint64_t *pcs, uint32_t max);

	void (*sched)(void *ctx, struct serve_sched *out);
	bool (*p)(void *ctx, uint32_t index, struct serve_p *out);
	/* Of the P INDEX, or of all with -1.  False, or NULL: not known. */
	bool (*counts)(void *ctx, int32_t index, struct serve_counts *out);
	/* Of the goroutine ID, which is in SLOT.  The same. */
	bool (*life)(void *ctx, uint32_t slot, int64_t id,
		     struct serve_life *out);
	/* Times of goroutines are known for NS from now on.  NULL: never. */
	void (*keep_times)(void *ctx, int64_t ns);
	/* At most MAX of them; how many exist. */
	uint32_t (*ms)(void *ctx, struct serve_m *out, uint32_t max);
	/* Where M INDEX was made: how many pcs.  NULL: not known. */
	uint32_t (*made_at)(void *ctx, uint32_t index, uint64_t *pcs,
			    uint32_t max);

	/* -EBUSY when a CPU profile runs already; others may have words in
	 * E. */
	int (*cpu_begin)(void *ctx, int hz, struct err *e);
	int (*cpu_end)(void *ctx,
		       void (*each)(void *each_ctx,
				    const struct serve_sample *s),
		       void *each_ctx);
	/* Appends the memory profile, ALLOCS or what is in use shown first,
	 * as a file; -E with words in E.  NULL: there is none. */
	int (*heap)(void *ctx, bool allocs, struct buf *out, struct err *e);
	/* Of all profiles so far. */
	void (*losses)(void *ctx, struct serve_losses *out);

	/* The functions at PC, innermost first, at most SERVE_FRAMES_MAX; 0
	 * when nobody knows. */
	size_t (*frames)(void *ctx, uint64_t pc,
			 const struct serve_frame **out);
	/* False: no mapping INDEX.  The program's own comes first. */
	bool (*mapping)(void *ctx, uint32_t index, struct serve_mapping *out);

	/* The arguments, each with a zero behind. */
	int (*cmdline)(void *ctx, struct buf *out);
};

/* The address of the call or the instruction that pc I of a stack stands
 * for. */
static inline uint64_t serve_call(const struct provider *p, uint64_t pc,
				  size_t i)
{
	return pc - (i > 0 || p->go);
}

#endif
