/*
 * One CPU profile of a Go program at a time, sampled by a thread of its own
 * that reads the target by itself.
 */
#ifndef PGO_TRACE_OUTSIDE_CPU_H
#define PGO_TRACE_OUTSIDE_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/serve/stacks.h"
#include "lib/target/sampler.h"

/* Perf events, and where they are refused, stops; or one of them only. */
enum outside_sampler { OUTSIDE_ANY, OUTSIDE_PERF, OUTSIDE_PTRACE };

/* "perf" or "ptrace" to *OUT; false for anything else. */
bool outside_sampler_named(const char *name, enum outside_sampler *out);

struct outside_cpu;

/* What a profile is worth. */
struct outside_cpu_figures {
	struct sampler_figures sampler;
	uint64_t complete;      /* samples with all of their stack */
	uint64_t periods;       /* that the samples stand for */
	int64_t cost_ns;        /* our CPU time */
	const char *name;       /* of the sampler: "perf" or "ptrace" */
	bool kernel;            /* time in system calls is in it */
	char why[252];          /* why it is not perf; "" */
};

/* Begins, HZ samples for each second of CPU time.  0 or -E with words in E. */
int outside_cpu_begin(struct outside_cpu **out, pid_t pid, int hz,
		      enum outside_sampler how, struct err *e);

/* Ends it; what was sampled is in *STACKS until outside_cpu_free(). */
void outside_cpu_end(struct outside_cpu *c, const struct stacks **stacks,
		     struct outside_cpu_figures *figures);
void outside_cpu_free(struct outside_cpu *c);

#endif
