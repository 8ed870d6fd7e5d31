/*
 * Three ways, the cheapest first.
 *
 * R14 holds the running goroutine wherever compiled Go code runs, so a struct
 * g that lies there and says that the stack pointer is in its stack is it; or
 * it is the thread's own g0, which leads by its M to the goroutine it works
 * for.  Assembly uses R14 for other things: then the stack pointer tells, by a
 * table of all stacks.  What is in none of them is a thread that works on the
 * runtime's, or a stack that has moved since they were read: the M, found by
 * the thread's number, has the goroutine.
 *
 * Tables are read when somebody is not in them, and seldom.
 */
#include "lib/target/go/whose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/target/go/glist.h"
#include "lib/target/go/sched.h"

enum {
	G_BYTES_MAX = 1024,
	BATCH = 1024,           /* stacks read at once */
	THREADS_MAX = 1 << 14,
};

#define GOID_MAX (INT64_C(1) << 48)
/* A table is not read anew before so long, nor so often that it took more than
 * one part in SHARE of our time. */
#define REST_NS (100 * INT64_C(1000000))
enum { SHARE = 20 };

struct stack {
	uint64_t lo, hi, g;
};

struct thread {
	pid_t tid;
	uint64_t m;
};

struct table {
	int64_t rest_until_ns;
};

struct go_whose {
	struct go *go;
	uint32_t g_bytes;
	struct table stacks_read, threads_read;
	struct stack *stacks;   /* by lo; no two overlap unless they lie */
	size_t n_stacks, stacks_room;
	struct thread *threads; /* by tid */
	size_t n_threads;
	struct go_sched sched;
};

struct go_whose *go_whose_new(struct go *go)
{
	struct go_whose *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->go = go;
	w->g_bytes = go_one_bytes(go);
	if (w->g_bytes <= G_BYTES_MAX)
		return w;
	free(w);
	return NULL;
}

void go_whose_free(struct go_whose *w)
{
	if (!w)
		return;
	free(w->stacks);
	free(w->threads);
	go_sched_release(&w->sched);
	free(w);
}

/* One g ------------------------------------------------------------------- */

/* Fills OUT by the struct g at AT, whatever it is.  False when there cannot
 * be one. */
static bool read_g(struct go_whose *w, uint64_t at, struct go_one *out)
{
	uint8_t bytes[G_BYTES_MAX];

	*out = (struct go_one){ .at = at };
	if (at < 4096 || at % 8 ||
	    space_read(w->go->space, at, bytes, w->g_bytes) < 0)
		return false;
	go_one_parse(w->go, bytes, out);
	return true;
}

static bool is_goroutine(const struct go_one *g)
{
	return g->goid > 0 && g->goid < GOID_MAX && g->lo < g->hi;
}

static bool is_inside(const struct go_one *g, uint64_t sp)
{
	return sp >= g->lo && sp < g->hi;
}

static uint64_t word_at(struct go_whose *w, uint64_t address)
{
	uint64_t v;

	return space_read(w->go->space, address, &v, 8) < 0 ? 0 : v;
}

/* Whom thread M works for, while its stack pointer is SP. */
static bool works_for(struct go_whose *w, uint64_t m, uint64_t sp,
		      struct go_owner *out)
{
	uint64_t g = word_at(w, m + (uint64_t)go_at(w->go, GO_M_CURG));

	if (!g || !read_g(w, g, &out->g) || !is_goroutine(&out->g))
		return false;
	out->system = !is_inside(&out->g, sp);
	return true;
}

static bool is_own_of(struct go_whose *w, uint64_t m, uint64_t g)
{
	return word_at(w, m + (uint64_t)go_at(w->go, GO_M_G0)) == g ||
	       word_at(w, m + (uint64_t)go_at(w->go, GO_M_GSIGNAL)) == g;
}

static bool by_register(struct go_whose *w, const struct space_regs *r,
			struct go_owner *out)
{
	uint64_t m;

	if (!read_g(w, r->r14, &out->g))
		return false;
	if (is_goroutine(&out->g)) {
		/* C keeps R14 over its calls, on the thread's stack. */
		out->system = !is_inside(&out->g, r->sp);
		return !out->system || out->g.status == GO_SYSCALL;
	}
	m = out->g.m;
	return out->g.goid == 0 && m && is_own_of(w, m, r->r14) &&
	       works_for(w, m, r->sp, out);
}

/* Tables ------------------------------------------------------------------ */

static bool may_read(const struct table *t)
{
	return clock_mono_ns() >= t->rest_until_ns;
}

static void was_read(struct table *t, int64_t begin_ns)
{
	int64_t now_ns = clock_mono_ns();
	int64_t rest_ns = (now_ns - begin_ns) * SHARE;

	t->rest_until_ns = now_ns + (rest_ns > REST_NS ? rest_ns : REST_NS);
}

static int by_lo(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* The stacks of the N goroutines AT, at most BATCH. */
static int read_batch(struct go_whose *w, const uint64_t *at, size_t n)
{
	struct space_piece pieces[BATCH];
	uint64_t bounds[BATCH][2];
	int rc;

	for (size_t i = 0; i < n; i++)
		pieces[i] = (struct space_piece){
			.address = at[i] +
				   (uint64_t)go_at(w->go, GO_G_STACK),
			.to = bounds[i],
			.bytes = sizeof(bounds[i]),
		};
	rc = space_readv(w->go->space, pieces, n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (pieces[i].ok && bounds[i][0] < bounds[i][1])
			w->stacks[w->n_stacks++] = (struct stack){
				bounds[i][0], bounds[i][1], at[i] };
	return rc;
}

static void read_stacks(struct go_whose *w)
{
	int64_t begin_ns = clock_mono_ns();
	struct glist l = { 0 };
	int rc = glist_read(&l, w->go, NULL);
	struct stack *new;

	w->n_stacks = 0;
	if (rc == 0 && l.n > w->stacks_room) {
		new = reallocarray(w->stacks, l.n, sizeof(*new));
		if (new) {
			w->stacks = new;
			w->stacks_room = l.n;
		} else {
			l.n = w->stacks_room;
		}
	}
	for (size_t i = 0; rc == 0 && i < l.n; i += BATCH)
		rc = read_batch(w, l.at + i,
				l.n - i < BATCH ? l.n - i : BATCH);
	if (w->n_stacks)
		qsort(w->stacks, w->n_stacks, sizeof(*w->stacks), by_lo);
	glist_release(&l);
	was_read(&w->stacks_read, begin_ns);
}

static const struct stack *stack_at(const struct go_whose *w, uint64_t sp)
{
	size_t low = 0, high = w->n_stacks;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->stacks[mid].hi <= sp)
			low = mid + 1;
		else if (w->stacks[mid].lo > sp)
			high = mid;
		else
			return &w->stacks[mid];
	}
	return NULL;
}

static bool by_stack(struct go_whose *w, uint64_t sp, struct go_owner *out)
{
	const struct stack *s = stack_at(w, sp);

	if (!s && may_read(&w->stacks_read)) {
		read_stacks(w);
		s = stack_at(w, sp);
	}
	out->system = false;
	return s && read_g(w, s->g, &out->g) && is_goroutine(&out->g) &&
	       is_inside(&out->g, sp);
}

static int by_tid(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* Our number of the thread the target calls TID; 0: none. */
static pid_t number_of(const struct space_thread *t, size_t n, uint64_t tid)
{
	for (size_t i = 0; i < n; i++)
		if ((uint64_t)t[i].tid == tid)
			return t[i].host_tid;
	return 0;
}

/* M's that no thread belongs to (a thread that has yet to begin, C's spare
 * ones) are left out. */
static int list_threads(struct go_whose *w, const struct space_thread *known,
			size_t n)
{
	struct thread *new;

	w->n_threads = 0;
	new = reallocarray(w->threads, w->sched.m_count + 1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	w->threads = new;
	for (size_t i = 0; i < w->sched.m_count; i++) {
		const struct go_m *m = &w->sched.ms[i];
		pid_t tid = m->procid ? number_of(known, n, m->procid) : 0;

		if (tid)
			new[w->n_threads++] = (struct thread){ tid, m->at };
	}
	qsort(new, w->n_threads, sizeof(*new), by_tid);
	return 0;
}

static void read_threads(struct go_whose *w)
{
	int64_t begin_ns = clock_mono_ns();
	struct space_thread *known = calloc(THREADS_MAX, sizeof(*known));
	struct snap_sched figures;
	int n = -ENOMEM;

	if (known)
		n = space_threads(w->go->space, known, THREADS_MAX);
	if (n > 0 && n <= THREADS_MAX &&
	    go_sched_read(&w->sched, w->go, &figures) == 0)
		list_threads(w, known, (size_t)n);
	free(known);
	was_read(&w->threads_read, begin_ns);
}

static bool by_thread(struct go_whose *w, pid_t tid, uint64_t sp,
		      struct go_owner *out)
{
	const struct thread key = { .tid = tid };
	const struct thread *t = NULL;

	for (int again = 0; !t && again < 2; again++) {
		if (again && !may_read(&w->threads_read))
			return false;
		if (again)
			read_threads(w);
		if (w->n_threads)
			t = bsearch(&key, w->threads, w->n_threads,
				    sizeof(key), by_tid);
	}
	return t && works_for(w, t->m, sp, out);
}

void go_whose_find(struct go_whose *w, pid_t tid, const struct space_regs *r,
		   struct go_owner *out)
{
	if (by_register(w, r, out) || by_stack(w, r->sp, out) ||
	    by_thread(w, tid, r->sp, out))
		return;
	*out = (struct go_owner){ .system = true };
}
