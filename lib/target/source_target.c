/*
 * All that reads the target lives in a struct work, which belongs to a thread
 * of its own (watch.h); the source itself holds what its callers may ask while
 * that thread hangs.
 *
 * A program that has become another by exec() is attached to anew, at the next
 * refresh: what was read until then is nobody's.
 */
#include "lib/target/source_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/target/go/read.h"
#include "lib/target/pgo/pgo.h"
#include "lib/target/procs.h"
#include "lib/target/watch.h"

struct work {
	struct watch *watch;
	struct space *space;
	struct space *old;      /* until this job is done; see watch_beats() */
	struct go *go;          /* one of these two, or not attached */
	struct pgo_program *pgo;
	struct go_reader *reader;       /* of go */
	struct source_wants wants;
	struct snapshot snap;
	struct source_info info;
	_Atomic int64_t id;     /* of the goroutine in question */
};

struct target_source {
	struct source source;
	struct watch *watch;
	struct work *work;      /* the thread's while it works */
	const atomic_bool *stop;
	struct source_info info;
	char name[256];
};

/* On the thread ------------------------------------------------------------ */

static void detach(struct work *w)
{
	go_reader_free(w->reader);
	go_detach(w->go);
	pgo_detach(w->pgo);
	w->reader = NULL;
	w->go = NULL;
	w->pgo = NULL;
}

static void work_free(void *ctx)
{
	struct work *w = ctx;

	detach(w);
	snapshot_release(&w->snap);
	space_close(w->old);
	space_close(w->space);
	free(w);
}

static void fill_info(struct work *w)
{
	const struct space *s = w->space;
	struct source_info *i = &w->info;

	i->kind = s->kind == SPACE_CORE ? "core" : "attach";
	i->pid = s->pid ? s->pid : SNAP_UNKNOWN;
	snprintf(i->exe, sizeof(i->exe), "%s", s->exe);
	i->dumped_ns = s->dumped_ns;
	if (w->go)
		snprintf(i->go, sizeof(i->go), "%s", w->go->version);
	snprintf(i->note, sizeof(i->note), "%.120s%s%.120s",
		 w->go ? w->go->note : "",
		 w->go && w->go->note[0] && s->note[0] ? "; " : "", s->note);
}

static int attach(struct work *w, struct err *e)
{
	int rc = go_attach(&w->go, w->space, e);

	if (rc == 0)
		rc = go_reader_new(&w->reader, w->go, e);
	else if (rc == -ENOENT)
		rc = pgo_attach(&w->pgo, w->space, e);
	if (rc == -ENOENT)
		err_say(e, rc, "%s: neither a Go program nor built with "
			"pgo-cc", w->space->name);
	if (rc < 0) {
		if (w->space->note[0])
			err_way_out(e, "%s", w->space->note);
		detach(w);
		return rc;
	}
	fill_info(w);
	return 0;
}

static int begin(void *ctx, struct err *e)
{
	struct work *w = ctx;
	struct err why;
	int rc, gone;

	watch_beats(w->watch, &w->space->beats);
	rc = attach(w, e);
	/* Half of a program that has died can look like anything. */
	gone = rc < 0 ? space_check(w->space, &why) : 0;
	if (gone < 0 && e)
		*e = why;
	return gone < 0 ? gone : rc;
}

static int reopen(struct work *w, struct err *e)
{
	struct space *s;
	int rc = space_open_live(&s, w->space->pid, e);

	if (rc < 0)
		return rc;
	detach(w);
	watch_beats(w->watch, &s->beats);
	w->old = w->space;
	w->space = s;
	return 0;
}

/* Sees to it that there is a program to be read. */
static int prepare(struct work *w, struct err *e)
{
	int rc;

	space_close(w->old);
	w->old = NULL;
	watch_beats(w->watch, &w->space->beats);
	rc = space_check(w->space, e);
	if (rc == -ESTALE)
		rc = reopen(w, e);
	if (rc == 0 && !w->go && !w->pgo)
		rc = attach(w, e);
	return rc;
}

static int read_snapshot(struct work *w, struct err *e)
{
	int rc;

	if (w->pgo)
		return pgo_read(w->pgo, &w->wants, &w->snap, e);
	rc = go_read(w->reader, &w->wants, &w->snap, e);
	if (w->space->kind == SPACE_LIVE)
		w->snap.sched.uptime_ns = procs_age_ns(w->space->pid);
	return rc;
}

static int read_one(struct work *w, struct err *e)
{
	if (w->pgo)
		return pgo_read_one(w->pgo, w->id, &w->snap, e);
	return go_read_one(w->reader, w->id, &w->snap, e);
}

/* Reads by READER what is then in w->snap.  It counts only if it is still the
 * same program afterwards. */
static int read_by(struct work *w, int (*reader)(struct work *, struct err *),
		   struct err *e)
{
	int rc = prepare(w, e), held = 0, after;
	bool freeze = w->wants.freeze;
	struct err why;

	snapshot_release(&w->snap);
	if (rc < 0)
		return rc;
	if (freeze)
		rc = space_freeze(w->space, true, e);
	if (rc == 0)
		rc = reader(w, e);
	if (freeze)
		held = space_freeze(w->space, false, rc == 0 ? e : NULL);
	if (rc == 0)
		rc = held;
	after = space_check(w->space, &why);
	if (after < 0 && e)
		*e = why;
	return after < 0 ? after : rc;
}

static int refresh_job(void *ctx, struct err *e)
{
	return read_by(ctx, read_snapshot, e);
}

static int detail_job(void *ctx, struct err *e)
{
	return read_by(ctx, read_one, e);
}

/* The caller's side -------------------------------------------------------- */

static int run(struct target_source *t, watch_fn *job, struct snapshot *s,
	       struct err *e)
{
	int rc = watch_run(t->watch, job, t->name, SOURCE_PATIENCE_MS,
			   t->stop, e);

	if (rc < 0)
		return rc;
	t->info = t->work->info;
	snapshot_release(s);
	*s = t->work->snap;
	snapshot_init(&t->work->snap);
	return 0;
}

static int refresh(struct source *src, struct snapshot *s, struct err *e)
{
	return run((struct target_source *)src, refresh_job, s, e);
}

static int detail(struct source *src, int64_t id, struct snapshot *s,
		  struct err *e)
{
	struct target_source *t = (struct target_source *)src;

	t->work->id = id;
	return run(t, detail_job, s, e);
}

static void info(const struct source *src, struct source_info *out)
{
	*out = ((const struct target_source *)src)->info;
}

static void close_target(struct source *src)
{
	struct target_source *t = (struct target_source *)src;

	watch_free(t->watch);
	free(t);
}

/* Takes SPACE in any case. */
static int new_work(struct work **out, struct space *space,
		    const struct source_wants *wants)
{
	struct work *w = calloc(1, sizeof(*w));
	int rc = -ENOMEM;

	if (w) {
		w->space = space;
		w->wants = *wants;
		snapshot_init(&w->snap);
		rc = watch_new(&w->watch, w, work_free);
	}
	if (rc < 0) {
		space_close(space);
		free(w);
		return rc;
	}
	/* Threads that stand still anyway show where they run for nothing. */
	w->wants.running |= wants->freeze || space->kind == SPACE_CORE;
	w->wants.stop = watch_stop(w->watch);
	*out = w;
	return 0;
}

int source_target_open(struct source **out, struct space *space,
		       const struct source_wants *wants, struct err *e)
{
	static const struct source_ops ops = {
		.refresh = refresh, .info = info, .close = close_target,
		.detail = detail,
	};
	struct target_source *t = calloc(1, sizeof(*t));
	int rc;

	if (!t) {
		space_close(space);
		return err_set(e, -ENOMEM, "target");
	}
	t->source.ops = &ops;
	t->stop = wants->stop;
	snprintf(t->name, sizeof(t->name), "%s", space->name);
	rc = new_work(&t->work, space, wants);
	if (rc < 0) {
		err_set(e, rc, "%s: a thread to read with", t->name);
		free(t);
		return rc;
	}
	t->watch = t->work->watch;
	rc = watch_run(t->watch, begin, t->name, SOURCE_PATIENCE_MS, t->stop,
		       e);
	if (rc < 0) {
		close_target(&t->source);
		return rc;
	}
	t->info = t->work->info;
	*out = &t->source;
	return 0;
}
