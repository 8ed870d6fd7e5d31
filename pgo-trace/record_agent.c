/* The program makes the profile itself. */
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/wire/pprof_read.h"
#include "pgo-trace/record.h"

enum {
	SLACK_S = 30,           /* for all that is not the recording itself */
	IDENTIFY_S = 2,
};

int record_agent(struct recording *r, struct buf *out, struct err *e)
{
	struct target_ask ask = {
		.deadline_ns = r->begin_ns +
			       (r->seconds + SLACK_S) * NS_PER_S,
		.max = PPROF_BYTES_MAX,
		.waiting = record_waiting,
		.ctx = r,
	};
	struct http_answer a = { 0 };
	char path[160];
	int rc;

	snprintf(path, sizeof(path), "/debug/pprof/%s",
		 strcmp(r->type, "cpu") ? r->type : "profile");
	if (r->seconds)
		snprintf(path + strlen(path), sizeof(path) - strlen(path),
			 "?seconds=%d", r->seconds);
	if (r->hz)
		snprintf(path + strlen(path), sizeof(path) - strlen(path),
			 "%chz=%d", r->seconds ? '&' : '?', r->hz);
	rc = target_get(&r->target, path, &ask, &a, e);
	if (rc == 0)
		buf_put(out, a.body.data, a.body.len);
	http_answer_release(&a);
	if (rc == 0)
		target_identify(&r->target,
				clock_mono_ns() + IDENTIFY_S * NS_PER_S);
	return rc;
}
