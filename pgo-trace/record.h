/*
 * A recording under way, and where profiles come from: a file each, which
 * fills a buffer with a gzipped profile.
 */
#ifndef PGO_TRACE_RECORD_H
#define PGO_TRACE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/target/target.h"
#include "pgo-trace/outside_cpu.h"

#define NS_PER_S INT64_C(1000000000)

struct recording {
	struct target target;   /* what is found out of it goes here too */
	const char *type;       /* "cpu", "goroutine", ... */
	int seconds;            /* 0: not given */
	const char *path;       /* -o */
	bool force, json;
	int hz;                 /* samples of a second; 0: not given */
	enum outside_sampler sampler;
	int64_t begin_ns;
	bool shown;             /* a progress line stands on the terminal */
	bool sampled;           /* by us, and this is what it was like */
	struct outside_cpu_figures figures;
};

/* Asks the agent, or whoever serves /debug/pprof/.  0 or -E with words in E,
 * as all of these. */
int record_agent(struct recording *r, struct buf *out, struct err *e);

/* The goroutines, the threads of a program, read from outside. */
int record_goroutine(struct recording *r, struct buf *out, struct err *e);
int record_threadcreate(struct recording *r, struct buf *out, struct err *e);

/* Its CPU time, sampled from outside. */
int record_cpu(struct recording *r, struct buf *out, struct err *e);

/* What a Go program notes of its memory; the second shows all that was ever
 * allocated first. */
int record_heap(struct recording *r, struct buf *out, struct err *e);
int record_allocs(struct recording *r, struct buf *out, struct err *e);

/* Whoever waits for time to pass asks this ten times a second of a struct
 * recording: -EINTR after Ctrl-C.  Shows progress. */
int record_waiting(void *recording);

/* Takes the progress away, before something else is said. */
void record_waited(struct recording *r);

#endif
