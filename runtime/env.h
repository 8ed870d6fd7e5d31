/* What the environment asks for; read once, ignored in set-id programs. */
#ifndef PGO_RUNTIME_ENV_H
#define PGO_RUNTIME_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/arena.h"

enum { ENV_LIST = 4096 };       /* bytes of a list at most, its 0 included */

enum traceback_level {
	TRACEBACK_NONE,
	TRACEBACK_SINGLE,
	TRACEBACK_ALL,
	TRACEBACK_SYSTEM,
	TRACEBACK_CRASH,
};

enum preempt { PREEMPT_ON, PREEMPT_OFF, PREEMPT_ALWAYS };

enum async_preempt {
	ASYNC_PREEMPT_OFF,
	ASYNC_PREEMPT_ON,
	ASYNC_PREEMPT_ALWAYS,
};

struct env {
	int32_t gomaxprocs;     /* >= 1, default: affinity and cgroup quota */
	bool gomaxprocs_set;    /* it is no default */
	bool containermaxprocs; /* the quota counts */
	bool updatemaxprocs;    /* both count while the program runs, too */
	int32_t schedtrace_ms;  /* 0: off */
	bool scheddetail;
	bool sched_gs;          /* append gcount and stackinuse */
	enum preempt preempt;   /* by prologues and by signals */
	enum async_preempt async_preempt; /* by signals */
	/* For tests; pgo-env(7) says what each does. */
	bool yield_always;
	bool steal_always;
	bool seg_always;
	bool seeded;
	uint32_t seed;          /* 0 unless seeded */
	enum traceback_level traceback;
	uint32_t max_threads;   /* 0: what the program says */
	size_t stack_min_bytes; /* 0: what the link chose */
	size_t stack_max_bytes; /* of one goroutine's segments */
	int stack;              /* PGO_STACK_*; default: as the link says */
	enum arena_guard guard; /* of contiguous stacks */
	const char *cpuprofile; /* file name, NULL: none */
	bool huge_pages;        /* for stacks, where the kernel has them */
	bool leakcheck;
	bool sched_times;
	int64_t memprofilerate; /* bytes; 0: no heap profile */
	const char *leakcheck_ignore; /* patterns with commas, or NULL */
	const char *agent;      /* PGO_AGENT, NULL or "off": none */
};

extern struct env env __attribute__((visibility("hidden")));

/* Fills env.  Bad values are one line on stderr and are ignored.  [any] */
void env_read(void);

/* "pgo: NAME=VALUE: ignored, must be WANTED", of a value of N bytes. */
void env_complain(const char *name, const char *value, size_t n,
		  const char *wanted);

#endif
