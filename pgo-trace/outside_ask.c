#include "pgo-trace/outside_ask.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/serve/serve.h"
#include "pgo-trace/outside.h"

#define SLICE_NS (100 * INT64_C(1000000))

enum { CHECK_SLICES = 10 };     /* between looks whether the target is there */

struct asking {
	struct outside *outside;
	int (*waiting)(void *ctx);
	void *ctx;
	int rc;                 /* of WAITING */
};

/* Also ends when the target does: what there is until then is answered. */
static int wait_ns(void *ctx, int64_t ns)
{
	struct asking *a = ctx;
	int64_t end_ns = clock_mono_ns() + ns;

	for (int i = 0; a->rc == 0; i++) {
		int64_t left_ns = end_ns - clock_mono_ns();
		struct timespec t = { .tv_nsec = left_ns < SLICE_NS ?
						 left_ns : SLICE_NS };

		if (i % CHECK_SLICES == 0 && outside_check(a->outside, NULL))
			break;
		if (left_ns <= 0)
			return 0;
		nanosleep(&t, NULL);
		a->rc = a->waiting(a->ctx);
	}
	return -ECONNRESET;
}

int outside_ask(struct outside *o, const char *path, const char *query,
		int (*waiting)(void *ctx), void *ctx, struct buf *out,
		struct err *e)
{
	struct serve s = { .provider = outside_provider(o) };
	struct asking a = { o, waiting, ctx, 0 };
	const struct http_request rq = {
		.method = "GET",
		.path = path,
		.query = query,
		.wait = wait_ns,
		.ctx = &a,
	};
	struct http_reply rp = { 0 };
	int rc = 0;

	serve_answer(&s, &rq, &rp);
	if (a.rc < 0) {
		rc = a.rc;
	} else if (http_ok(&rp)) {
		buf_put(out, rp.body.data, rp.body.len);
	} else {
		const char *text = buf_str(&rp.body);

		rc = err_say(e, -EIO, "%.*s", (int)strcspn(text, "\n"), text);
	}
	buf_release(&rp.body);
	return rc;
}

static double percent(int64_t part, int64_t of)
{
	return of > 0 ? 100.0 * (double)part / (double)of : 0;
}

void outside_tell(struct outside *o, const char *name)
{
	struct outside_cpu_figures f;

	if (!outside_figures(o, &f))
		return;
	if (f.why[0])
		log_error("%s", f.why);
	if (!f.sampler.samples && !f.sampler.lost)
		log_error("%s: no sample: it used no CPU time meanwhile", name);
	if (f.sampler.stopped_ns)
		log_error("%s: sampled by ptrace: its running threads stood "
			  "still for %.1f %% of their time", name,
			  percent(f.sampler.stopped_ns, f.sampler.stopped_ns +
						f.sampler.threads_ns));
	if (!f.kernel)
		log_error("%s: time in the kernel is not counted (sysctl "
			  "kernel.perf_event_paranoid=1, or CAP_PERFMON)",
			  name);
	if (f.sampler.lost)
		log_error("%s: %" PRIu64 " samples were lost", name,
			  f.sampler.lost);
	if (f.complete * 100 < f.sampler.samples * 99)
		log_error("%s: %.1f %% of the stacks are not complete", name,
			  percent((int64_t)(f.sampler.samples - f.complete),
				  (int64_t)f.sampler.samples));
}
