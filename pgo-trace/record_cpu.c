/* The CPU time of a Go program, sampled from outside. */
#include <errno.h>
#include <stdio.h>

#include "lib/base/log.h"
#include "pgo-trace/outside.h"
#include "pgo-trace/outside_ask.h"
#include "pgo-trace/record.h"

enum { HZ = 100 };              /* as Go's own */

int record_cpu(struct recording *r, struct buf *out, struct err *e)
{
	struct outside *o;
	char query[64];
	int rc = -ENOENT;
	struct err gone;

	if (r->target.kind == TARGET_PROCESS)
		rc = outside_open(&o, r->target.pid, r->sampler, e);
	if (rc == -ENOENT)
		return target_need_agent(&r->target, e);
	if (rc < 0)
		return rc;
	snprintf(query, sizeof(query), "seconds=%d&hz=%d", r->seconds,
		 r->hz ? r->hz : HZ);
	rc = outside_ask(o, "/debug/pprof/profile", query, record_waiting, r,
			 out, e);
	record_waited(r);
	r->sampled = rc == 0 && outside_figures(o, &r->figures);
	if (rc == 0)
		outside_tell(o, r->target.text);
	if (rc == 0 && outside_check(o, &gone) < 0)
		log_error("%s; the profile ends there", gone.text);
	outside_close(o);
	return rc;
}
