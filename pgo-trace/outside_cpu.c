/*
 * A sampler belongs to the thread that opened it, so the thread opens all it
 * needs and says how that went.  It reads the target through a space of its
 * own: a snapshot of a million goroutines meanwhile takes no sample's time.
 */
#include "pgo-trace/outside_cpu.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/thread.h"
#include "lib/serve/provider.h"
#include "lib/target/go/cpu.h"
#include "lib/target/go/labels.h"
#include "lib/target/perf.h"
#include "lib/target/stops.h"
#include "pgo-trace/outside_labels.h"

enum {
	STACK_BYTES = 2048,     /* see docs/notes/outside-cpu.md */
	STACK_SIZE = 1 << 20,   /* of our thread */
};

#define LOOK_NS (100 * INT64_C(1000000))        /* between looks at stop */
#define NAP_NS (50 * INT64_C(1000000))          /* while nothing changes */

struct outside_cpu {
	pid_t pid;
	int hz;
	enum outside_sampler how;
	pthread_t thread;
	atomic_bool stop;

	pthread_mutex_t lock;           /* of these until it has begun */
	pthread_cond_t changed;
	bool begun;
	int rc;
	struct err err;

	/* The thread's until it has ended. */
	struct space *space;
	struct go *go;
	struct go_cpu *cpu;
	struct sampler *sampler;
	struct go_labels labels;
	struct strtab strings;          /* of labels */
	struct buf packed;
	struct stacks stacks;
	struct outside_cpu_figures figures;
};

bool outside_sampler_named(const char *name, enum outside_sampler *out)
{
	bool perf = !strcmp(name, "perf");

	*out = perf ? OUTSIDE_PERF : OUTSIDE_PTRACE;
	return perf || !strcmp(name, "ptrace");
}

/* Samples ------------------------------------------------------------------ */

/* Labels as the program set them: they are read while the goroutine most
 * likely still has them. */
static const char *label_text(struct outside_cpu *c, const struct go_one *g)
{
	struct go_one one = *g, *set = &one;

	if (!one.goid || !one.labels ||
	    go_labels_read(&c->labels, c->go, &c->strings, &set, 1) < 0)
		return "";
	return strtab_get(&c->strings, one.label_text);
}

static void add(void *ctx, const struct go_sample *s)
{
	struct outside_cpu *c = ctx;
	uint64_t pcs[SERVE_PCS_MAX];
	struct stack_of of = { .pcs = pcs };

	while (of.n < s->n && of.n < SERVE_PCS_MAX) {
		/* As Go has them: the leaf as if it were a return address. */
		pcs[of.n] = s->pcs[of.n] + (of.n == 0);
		of.n++;
	}
	buf_reset(&c->packed);
	labels_pack(&c->packed, label_text(c, &s->g), s->g.goid);
	of.labels = (const char *)c->packed.data;
	of.labels_bytes = buf_error(&c->packed) ? 0 : c->packed.len;
	stacks_add(&c->stacks, &of, s->periods);
	c->figures.complete += s->complete;
	c->figures.periods += s->periods;
}

/* The thread --------------------------------------------------------------- */

static int open_sampler(struct outside_cpu *c, struct err *e)
{
	int rc = -EACCES;

	if (c->how != OUTSIDE_PTRACE) {
		rc = perf_open(&c->sampler, c->pid, c->hz, STACK_BYTES, e);
		if (rc == 0 || c->how == OUTSIDE_PERF)
			return rc;
		snprintf(c->figures.why, sizeof(c->figures.why), "%s",
			 e->text);
	}
	return stops_open(&c->sampler, c->pid, c->hz, e);
}

static int open_all(struct outside_cpu *c, struct err *e)
{
	int rc = space_open_live(&c->space, c->pid, e);

	if (rc == 0)
		rc = go_attach(&c->go, c->space, e);
	if (rc < 0)
		return rc;
	c->cpu = go_cpu_new(c->go, add, c);
	if (!c->cpu)
		return err_set(e, -ENOMEM, "%d: CPU profile", (int)c->pid);
	return open_sampler(c, e);
}

static void close_all(struct outside_cpu *c)
{
	sampler_close(c->sampler);
	go_cpu_free(c->cpu);
	go_labels_release(&c->labels);
	if (c->go)
		go_detach(c->go);
	space_close(c->space);
}

static void tell_begun(struct outside_cpu *c, int rc)
{
	pthread_mutex_lock(&c->lock);
	c->rc = rc;
	c->begun = true;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

static void *run(void *arg)
{
	struct outside_cpu *c = arg;
	int rc = open_all(c, &c->err);
	int64_t begin_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	tell_begun(c, rc);
	/* What was sampled before the target ended is worth having. */
	while (rc == 0 && !atomic_load(&c->stop)) {
		c->sampler->nap_ns = go_cpu_is_steady(c->cpu) ? NAP_NS : 0;
		rc = sampler_look(c->sampler, clock_mono_ns() + LOOK_NS,
				  go_cpu_sink(c->cpu));
	}
	c->figures.cost_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
	if (c->sampler) {
		c->figures.sampler = c->sampler->figures;
		c->figures.name = c->sampler->name;
		c->figures.kernel = c->sampler->kernel;
	}
	close_all(c);
	return NULL;
}

/* Beginning and end -------------------------------------------------------- */

static int wait_begun(struct outside_cpu *c, struct err *e)
{
	pthread_mutex_lock(&c->lock);
	while (!c->begun)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
	if (c->rc == 0)
		return 0;
	pthread_join(c->thread, NULL);
	*e = c->err;
	return c->rc;
}

int outside_cpu_begin(struct outside_cpu **out, pid_t pid, int hz,
		      enum outside_sampler how, struct err *e)
{
	struct outside_cpu *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return err_set(e, -ENOMEM, "%d: CPU profile", (int)pid);
	c->pid = pid;
	c->hz = hz;
	c->how = how;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	rc = thread_start(&c->thread, STACK_SIZE, run, c);
	rc = rc < 0 ? err_set(e, rc, "%d: CPU profile", (int)pid) :
		      wait_begun(c, e);
	if (rc < 0)
		outside_cpu_free(c);
	else
		*out = c;
	return rc;
}

void outside_cpu_end(struct outside_cpu *c, const struct stacks **stacks,
		     struct outside_cpu_figures *figures)
{
	atomic_store(&c->stop, true);
	pthread_join(c->thread, NULL);
	*stacks = &c->stacks;
	*figures = c->figures;
}

void outside_cpu_free(struct outside_cpu *c)
{
	stacks_release(&c->stacks);
	strtab_release(&c->strings);
	buf_release(&c->packed);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
