/*
 * What is asked for at about the same time is answered from one look: a look
 * of a million goroutines takes seconds, and screens refresh together.  A new
 * one begins when the last is old and nobody reads it any more.
 *
 * Names and the scheduler are read through a space of their own, for a source
 * that hangs leaves its behind.
 */
#include "pgo-trace/outside.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/target/source_target.h"
#include "pgo-trace/outside_look.h"
#include "pgo-trace/record.h"

enum { CMDLINE_MAX = 4 << 20 };

#define OLD_NS (100 * INT64_C(1000000))

struct outside {
	struct provider provider;
	pid_t pid;
	enum outside_sampler how;
	struct source *source;          /* who reads it */
	struct source_info info;
	atomic_bool stop;
	struct outside_names *names;
	struct space *space;            /* theirs */
	struct go *go;

	pthread_mutex_t lock;           /* of all below */
	pthread_cond_t changed;
	struct outside_look look;       /* who reads it, else its readers */
	int64_t look_ns;                /* when it was there; 0: none */
	int readers;
	bool reading;
	struct outside_cpu *cpu;        /* NULL: no profile runs */
	bool cpu_taken;
	uint64_t profiles;              /* that ended */
	struct outside_cpu_figures figures; /* of the last */
	struct serve_losses losses;     /* of all profiles so far */
};

/* Looks -------------------------------------------------------------------- */

static bool is_fresh(const struct outside *o)
{
	return o->look_ns && clock_mono_ns() - o->look_ns < OLD_NS;
}

/* With the lock, which is dropped meanwhile. */
static int read_look(struct outside *o, struct err *e)
{
	int rc;

	o->reading = true;
	pthread_mutex_unlock(&o->lock);
	rc = outside_look_read(&o->look, o->source, o->names, e);
	pthread_mutex_lock(&o->lock);
	o->reading = false;
	o->look_ns = rc < 0 ? 0 : clock_mono_ns();
	pthread_cond_broadcast(&o->changed);
	return rc;
}

static int begin(void *ctx, struct err *e)
{
	struct outside *o = ctx;
	int rc = 0;

	pthread_mutex_lock(&o->lock);
	while (rc == 0 && !is_fresh(o)) {
		if (o->reading || o->readers)
			pthread_cond_wait(&o->changed, &o->lock);
		else
			rc = read_look(o, e);
	}
	o->readers += rc == 0;
	pthread_mutex_unlock(&o->lock);
	return rc;
}

static void end(void *ctx)
{
	struct outside *o = ctx;

	pthread_mutex_lock(&o->lock);
	o->readers--;
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
}

static uint32_t slots(void *ctx)
{
	const struct outside *o = ctx;

	return o->look.snapshot.row_count;
}

static int goroutine(void *ctx, uint32_t slot, struct serve_g *out,
		     uint64_t *pcs, uint32_t max)
{
	const struct outside *o = ctx;

	return outside_look_goroutine(&o->look, slot, out, pcs, max);
}

static void sched(void *ctx, struct serve_sched *out)
{
	const struct outside *o = ctx;

	outside_look_sched(&o->look, out);
}

static bool one_p(void *ctx, uint32_t index, struct serve_p *out)
{
	const struct outside *o = ctx;

	return outside_look_p(&o->look, index, out);
}

static uint32_t ms(void *ctx, struct serve_m *out, uint32_t max)
{
	const struct outside *o = ctx;

	return outside_look_ms(&o->look, out, max);
}

/* The runtime keeps up to 32 pcs. */
static uint32_t made_at(void *ctx, uint32_t index, uint64_t *pcs, uint32_t max)
{
	struct outside *o = ctx;
	const struct go_sched *s = &o->look.sched;
	int32_t offset = go_at(o->go, GO_M_CREATESTACK);
	uint64_t stack[32];
	uint32_t n = 0;
	int rc;

	if (index >= s->m_count || offset < 0)
		return 0;
	outside_names_hold(o->names);
	rc = space_read(o->space, s->ms[index].at + (uint64_t)offset, stack,
			sizeof(stack));
	outside_names_let(o->names);
	while (rc == 0 && n < 32 && n < max && stack[n]) {
		pcs[n] = stack[n];
		n++;
	}
	return n;
}

/* CPU profile -------------------------------------------------------------- */

static int cpu_begin(void *ctx, int hz, struct err *e)
{
	struct outside *o = ctx;
	struct outside_cpu *c = NULL;
	bool taken;
	int rc;

	pthread_mutex_lock(&o->lock);
	taken = o->cpu_taken;
	o->cpu_taken = true;
	pthread_mutex_unlock(&o->lock);
	if (taken)
		return -EBUSY;
	rc = outside_cpu_begin(&c, o->pid, hz, o->how, e);
	pthread_mutex_lock(&o->lock);
	o->cpu = c;
	o->cpu_taken = rc == 0;
	pthread_mutex_unlock(&o->lock);
	return rc;
}

/* Without what Go's compiler made up, as Go's own profiles. */
static void give(struct outside *o, const struct stacks *all, size_t id,
		 void (*each)(void *ctx, const struct serve_sample *s),
		 void *ctx)
{
	const struct stack *st = &all->stacks[id];
	const uint64_t *from = stacks_pcs(all, id);
	uint64_t pcs[SERVE_PCS_MAX];
	struct serve_sample s = {
		.pcs = pcs,
		.samples = (uint64_t)st->count,
		.labels = stacks_labels(all, id),
		.labels_bytes = st->labels_bytes,
	};

	for (uint32_t i = 0; i < st->n; i++)
		if (!outside_names_hidden(o->names, from[i] - 1))
			pcs[s.n++] = from[i];
	each(ctx, &s);
}

static int cpu_end(void *ctx,
		   void (*each)(void *each_ctx, const struct serve_sample *s),
		   void *each_ctx)
{
	struct outside *o = ctx;
	struct outside_cpu *c = o->cpu;
	struct outside_cpu_figures figures;
	const struct stacks *stacks;

	outside_cpu_end(c, &stacks, &figures);
	for (size_t id = 0; id < stacks->n; id++)
		give(o, stacks, id, each, each_ctx);
	pthread_mutex_lock(&o->lock);
	o->profiles++;
	o->figures = figures;
	o->losses.ring_full += figures.sampler.lost;
	o->losses.no_room += (uint64_t)stacks->dropped;
	o->cpu = NULL;
	o->cpu_taken = false;
	pthread_mutex_unlock(&o->lock);
	outside_cpu_free(c);
	return 0;
}

static int heap(void *ctx, bool allocs, struct buf *out, struct err *e)
{
	struct outside *o = ctx;
	struct recording r = {
		.target = { .kind = TARGET_PROCESS, .pid = o->pid },
	};

	snprintf(r.target.text, sizeof(r.target.text), "%d", (int)o->pid);
	return allocs ? record_allocs(&r, out, e) : record_heap(&r, out, e);
}

static void losses(void *ctx, struct serve_losses *out)
{
	struct outside *o = ctx;

	pthread_mutex_lock(&o->lock);
	*out = o->losses;
	pthread_mutex_unlock(&o->lock);
}

uint64_t outside_profiles(struct outside *o)
{
	uint64_t n;

	pthread_mutex_lock(&o->lock);
	n = o->profiles;
	pthread_mutex_unlock(&o->lock);
	return n;
}

bool outside_figures(struct outside *o, struct outside_cpu_figures *out)
{
	pthread_mutex_lock(&o->lock);
	*out = o->figures;
	pthread_mutex_unlock(&o->lock);
	return out->name != NULL;
}

/* Names -------------------------------------------------------------------- */

static const char *names(void *ctx)
{
	(void)ctx;
	return "pclntab";
}

static size_t frames(void *ctx, uint64_t pc, const struct serve_frame **out)
{
	const struct outside *o = ctx;

	return outside_names_frames(o->names, pc, out);
}

static bool mapping(void *ctx, uint32_t index, struct serve_mapping *out)
{
	const struct outside *o = ctx;

	return outside_names_mapping(o->names, index, out);
}

static int cmdline(void *ctx, struct buf *out)
{
	const struct outside *o = ctx;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)o->pid);
	return fd_slurp(path, out, CMDLINE_MAX, NULL);
}

/* Beginning and end -------------------------------------------------------- */

static void set_provider(struct outside *o)
{
	o->provider = (struct provider){
		.ctx = o,
		.pid = o->pid,
		.exe = o->info.exe,
		.kind = "attach",
		.go = true,
		.begin = begin,
		.end = end,
		.names = names,
		.slots = slots,
		.goroutine = goroutine,
		.sched = sched,
		.p = one_p,
		.ms = ms,
		.made_at = made_at,
		.cpu_begin = cpu_begin,
		.cpu_end = cpu_end,
		.heap = heap,
		.losses = losses,
		.frames = frames,
		.mapping = mapping,
		.cmdline = cmdline,
	};
}

static int open_source(struct outside *o, struct err *e)
{
	const struct source_wants wants = { .stop = &o->stop };
	struct space *space;
	int rc = space_open_live(&space, o->pid, e);

	if (rc == 0)
		rc = source_target_open(&o->source, space, &wants, e);
	if (rc == 0)
		source_info(o->source, &o->info);
	return rc;
}

static int open_names(struct outside *o, struct err *e)
{
	int rc = space_open_live(&o->space, o->pid, e);

	if (rc == 0)
		rc = go_attach(&o->go, o->space, e);
	if (rc == -ENOENT)
		return err_say(e, rc, "%d: no Go program", (int)o->pid);
	if (rc < 0)
		return rc;
	o->names = outside_names_new(o->go);
	return o->names ? 0 : err_set(e, -ENOMEM, "%d", (int)o->pid);
}

int outside_open(struct outside **out, pid_t pid, enum outside_sampler how,
		 struct err *e)
{
	struct outside *o = calloc(1, sizeof(*o));
	int rc;

	if (!o)
		return err_set(e, -ENOMEM, "%d", (int)pid);
	o->pid = pid;
	o->how = how;
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->changed, NULL);
	rc = open_names(o, e);
	if (rc == 0)
		rc = open_source(o, e);
	if (rc < 0) {
		outside_close(o);
		return rc;
	}
	set_provider(o);
	*out = o;
	return 0;
}

void outside_close(struct outside *o)
{
	atomic_store(&o->stop, true);
	source_close(o->source);
	outside_look_release(&o->look);
	outside_names_free(o->names);
	if (o->go)
		go_detach(o->go);
	space_close(o->space);
	pthread_cond_destroy(&o->changed);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

const struct provider *outside_provider(const struct outside *o)
{
	return &o->provider;
}

const char *outside_note(const struct outside *o)
{
	return o->info.note;
}

int outside_check(struct outside *o, struct err *e)
{
	int rc;

	outside_names_hold(o->names);
	rc = space_check(o->space, e);
	outside_names_let(o->names);
	return rc;
}
