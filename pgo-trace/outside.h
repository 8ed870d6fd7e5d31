/*
 * A Go program that has no pprof server, as what is served: its goroutines by
 * snapshots of its memory, its CPU time by samples.  It is never stopped, but
 * by a sampler that is said to.
 */
#ifndef PGO_TRACE_OUTSIDE_H
#define PGO_TRACE_OUTSIDE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/serve/provider.h"
#include "pgo-trace/outside_cpu.h"

struct outside;

/* Process PID.  0; -ENOENT when it is no Go program, and others; with words in
 * E, which begin with the pid. */
int outside_open(struct outside **out, pid_t pid, enum outside_sampler how,
		 struct err *e);
void outside_close(struct outside *o);

/* May be asked by several threads at once; lives as O. */
const struct provider *outside_provider(const struct outside *o);

/* What a user should know of how it is read; "" for nothing. */
const char *outside_note(const struct outside *o);

/* How many CPU profiles have ended. */
uint64_t outside_profiles(struct outside *o);

/* Of the last CPU profile that ended.  False: none has. */
bool outside_figures(struct outside *o, struct outside_cpu_figures *out);

/* 0, or -E with words in E when it has ended or become another program. */
int outside_check(struct outside *o, struct err *e);

#endif
