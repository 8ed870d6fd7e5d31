/*
 * CPU time of another process, by samples: where its threads were each time
 * one of them had used up a period of it.  By perf events (perf.h) where that
 * is allowed, else by stopping threads (stops.h).
 *
 * A sampler belongs to the thread that opened it.  [any but g]
 */
#ifndef LIB_TARGET_SAMPLER_H
#define LIB_TARGET_SAMPLER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/target/space.h"

enum { SAMPLER_HZ_MAX = 1000, SAMPLER_STACK_MAX = 16 << 10 };

struct cpu_sample {
	pid_t tid;              /* in our pid namespace */
	uint32_t periods;       /* of CPU time it stands for */
	int64_t time_ns;        /* when it was taken, monotonic */
	uint64_t event;         /* perf's own number of what counted it */
	struct space_regs regs; /* without fs_base */
	const uint8_t *stack;   /* from regs.sp upwards, */
	size_t stack_bytes;     /* so much of it; 0: unreadable */
	const uint64_t *chain;  /* pcs by frame pointers, leaf first, as the */
	size_t chain_n;         /* kernel saw them; 0: it did not look */
};

struct sampler_sink {
	/* The thread has gone on meanwhile, unless it was stopped; what S
	 * points to lives until this returns. */
	void (*each)(void *ctx, const struct cpu_sample *s);
	/* Before that, while the thread stands still, if it does: the moment
	 * to copy more of its memory.  May be NULL. */
	void (*stopped)(void *ctx, const struct cpu_sample *s);
	void *ctx;
};

/* What it did so far, and what it cost. */
struct sampler_figures {
	uint64_t samples;
	uint64_t lost;          /* no room in the ring, not stopped in time */
	uint64_t throttled;     /* times the kernel found us too greedy */
	int64_t stopped_ns;     /* threads stood still, all together */
	int64_t threads_ns;     /* the CPU time of those looked at */
};

struct sampler;

struct sampler_ops {
	int (*look)(struct sampler *s, int64_t until_ns,
		    const struct sampler_sink *to);
	void (*close)(struct sampler *s);
};

/* The first member of every kind. */
struct sampler {
	const struct sampler_ops *ops;
	const char *name;       /* "perf", "ptrace" */
	int64_t period_ns;
	bool kernel;            /* time in system calls counts too */
	int64_t nap_ns;         /* its user's: so long it need not look, where
				 * samples wait */
	struct sampler_figures figures;
};

/* Hands out samples until the monotonic clock says UNTIL_NS.  0, or -ESRCH
 * when the process has ended; what came until then has been handed out. */
static inline int sampler_look(struct sampler *s, int64_t until_ns,
			       const struct sampler_sink *to)
{
	return s->ops->look(s, until_ns, to);
}

static inline void sampler_close(struct sampler *s)
{
	if (s)
		s->ops->close(s);
}

#endif
