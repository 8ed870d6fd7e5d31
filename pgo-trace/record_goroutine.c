/*
 * Goroutines and threads as profiles, by one snapshot from outside.
 *
 * Where threads were made is known of a living Go program, for `serve` shows
 * it; of others it is not, and all stand on an empty stack, as most do there.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/snapshot/snap_pprof.h"
#include "lib/target/open.h"
#include "pgo-trace/dropped.h"
#include "pgo-trace/outside.h"
#include "pgo-trace/outside_ask.h"
#include "pgo-trace/profile.h"
#include "pgo-trace/record.h"

static int write_goroutines(struct profile *p, const struct snapshot *s)
{
	return snap_pprof(p->w, s, profile_mapping, p);
}

static int write_threads(struct profile *p, const struct snapshot *s)
{
	const int64_t n = s->sched.threads;

	pprof_sample_type(p->w, "threadcreate", "count");
	pprof_period(p->w, "threadcreate", "count", 1);
	if (n == SNAP_UNKNOWN)
		return -ENODATA;
	pprof_sample(p->w, NULL, 0, &n, 1, NULL, 0);
	return 0;
}

static int take(struct recording *r, struct snapshot *s,
		const struct source_wants *wants, struct err *e)
{
	struct source_info info;
	struct source *src;
	int rc = target_source_open(&src, &r->target, wants, e);

	if (rc < 0)
		return rc;
	rc = source_refresh(src, s, e);
	source_info(src, &info);
	source_close(src);
	if (rc < 0)
		err_named(e, r->target.text);
	else
		tell_dropped(r->target.text, s);
	snprintf(r->target.exe, sizeof(r->target.exe), "%s", info.exe);
	return rc;
}

static int record(struct recording *r, struct buf *out,
		  const struct source_wants *wants,
		  int (*fill)(struct profile *p, const struct snapshot *s),
		  struct err *e)
{
	struct profile p = { 0 };
	struct snapshot s;
	int rc;

	snapshot_init(&s);
	rc = take(r, &s, wants, e);
	if (rc == 0)
		rc = profile_begin(&p, r->target.pid, e);
	if (rc == 0) {
		pprof_time(p.w, clock_wall_ns(), 0);
		rc = fill(&p, &s);
		rc = rc < 0 ? err_set(e, rc, "%s", r->target.text) :
		     profile_end(&p, out, e);
	}
	profile_release(&p);
	snapshot_release(&s);
	return rc;
}

int record_goroutine(struct recording *r, struct buf *out, struct err *e)
{
	static const struct source_wants wants;

	return record(r, out, &wants, write_goroutines, e);
}

int record_threadcreate(struct recording *r, struct buf *out, struct err *e)
{
	static const struct source_wants wants = { .no_stacks = true };
	struct outside *o;
	int rc = -ENOENT;

	if (r->target.kind == TARGET_PROCESS)
		rc = outside_open(&o, r->target.pid, OUTSIDE_ANY, e);
	if (rc == -ENOENT)
		return record(r, out, &wants, write_threads, e);
	if (rc < 0)
		return rc;
	rc = outside_ask(o, "/debug/pprof/threadcreate", "", record_waiting, r,
			 out, e);
	outside_close(o);
	return rc;
}
