/*
 * The memory profile of a Go program, from outside.
 *
 * The target is read by a thread that may hang with it (watch.h), so all that
 * reading and naming needs belongs to that thread.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/target/go/heap.h"
#include "lib/target/open.h"
#include "lib/target/source_target.h"
#include "lib/target/watch.h"
#include "pgo-trace/profile.h"
#include "pgo-trace/record.h"

struct heap_work {
	struct watch *watch;
	struct space *space;
	struct profile profile;
};

static void work_free(void *ctx)
{
	struct heap_work *w = ctx;

	profile_release(&w->profile);
	space_close(w->space);
	free(w);
}

static int read_heap(void *ctx, struct err *e)
{
	struct heap_work *w = ctx;
	struct go_heap heap = { 0 };
	struct go *go;
	int rc;

	watch_beats(w->watch, &w->space->beats);
	rc = go_attach(&go, w->space, e);
	if (rc == -ENOENT)
		return err_say(e, rc, "%s: only a Go program's memory profile "
			       "can be read from outside", w->space->name);
	if (rc < 0)
		return rc;
	rc = go_heap_read(&heap, go, e);
	if (rc == 0)
		rc = space_check(w->space, e);
	if (rc == 0)
		go_heap_write(&heap, go, w->profile.w, profile_mapping,
			      &w->profile);
	go_heap_release(&heap);
	go_detach(go);
	return rc;
}

static int open_work(struct heap_work **out, struct recording *r,
		     struct err *e)
{
	struct heap_work *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return err_set(e, -ENOMEM, "%s", r->target.text);
	rc = target_space_open(&w->space, &r->target, e);
	if (rc == 0)
		rc = profile_begin(&w->profile, r->target.pid, e);
	if (rc == 0) {
		rc = watch_new(&w->watch, w, work_free);
		if (rc < 0)
			err_set(e, rc, "%s: a thread to read with",
				r->target.text);
	}
	if (rc < 0) {
		work_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

static int record(struct recording *r, const char *shown, struct buf *out,
		  struct err *e)
{
	struct heap_work *w = NULL;
	struct watch *watch;
	int rc = open_work(&w, r, e);

	if (rc < 0)
		return rc;
	watch = w->watch;
	pprof_time(w->profile.w, clock_wall_ns(), 0);
	if (shown)
		pprof_default_type(w->profile.w, shown);
	rc = watch_run(watch, read_heap, r->target.text, SOURCE_PATIENCE_MS,
		       NULL, e);
	if (rc == 0)
		rc = profile_end(&w->profile, out, e);
	watch_free(watch);
	return rc;
}

int record_heap(struct recording *r, struct buf *out, struct err *e)
{
	return record(r, NULL, out, e);
}

int record_allocs(struct recording *r, struct buf *out, struct err *e)
{
	return record(r, "alloc_space", out, e);
}
