#include "runtime/times.h"

#include "lib/base/clock.h"
#include "runtime/env.h"

enum { TRIES = 1000 };

struct times_kept times_kept;

static int64_t get(const _Atomic int64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

static void set(_Atomic int64_t *to, int64_t v)
{
	atomic_store_explicit(to, v, memory_order_relaxed);
}

/* Writing ------------------------------------------------------------------ */

/* Who writes is alone: the count is odd meanwhile. */
static void write_begin(struct times *t)
{
	atomic_store_explicit(&t->seq, t->seq + 1, memory_order_relaxed);
	/* Release: before all that follows.  Pairs with the fence in look(). */
	atomic_thread_fence(memory_order_release);
}

static void write_end(struct times *t, enum times_state state, int64_t now_ns)
{
	set(&t->since_ns, now_ns);
	atomic_store_explicit(&t->state, state, memory_order_relaxed);
	/* Release: after all of it.  Pairs with the acquire in look(). */
	atomic_store_explicit(&t->seq, t->seq + 1, memory_order_release);
}

static void clear(struct times *t)
{
	for (int i = 0; i < TIMES_STATES; i++)
		set(&t->ns[i], 0);
}

void times_begin(struct g *gp)
{
	struct times *t = gtab_times(gp->slot);

	write_begin(t);
	clear(t);
	write_end(t, TIMES_READY, clock_mono_ns());
}

void times_change(struct g *gp, enum times_state from, enum times_state to)
{
	struct times *t = gtab_times(gp->slot);
	int64_t since = get(&t->since_ns);
	int64_t begin = get(&times_kept.begin_ns);
	int64_t now = clock_mono_ns();

	write_begin(t);
	if (since < begin) {
		clear(t);
		since = begin;
	}
	set(&t->ns[from], get(&t->ns[from]) + now - since);
	write_end(t, to, now);
}

/* Reading ------------------------------------------------------------------ */

struct seen {
	int64_t since_ns;
	int64_t ns[TIMES_STATES];
	unsigned state;
};

/* False: it changed meanwhile. */
static bool look(const struct times *t, struct seen *s)
{
	uint32_t seq = atomic_load_explicit(&t->seq, memory_order_acquire);

	s->since_ns = get(&t->since_ns);
	s->state = atomic_load_explicit(&t->state, memory_order_relaxed);
	for (int i = 0; i < TIMES_STATES; i++)
		s->ns[i] = get(&t->ns[i]);
	atomic_thread_fence(memory_order_acquire);
	return !(seq & 1) &&
	       seq == atomic_load_explicit(&t->seq, memory_order_relaxed);
}

/* Of one that nobody has touched since they are kept. */
static enum times_state state_of(const struct g *gp)
{
	switch (gtab_state(atomic_load(&gp->row->status))) {
	case G_RUNNING:
		return TIMES_RUN;
	case G_RUNNABLE:
		return TIMES_READY;
	default:
		return TIMES_BLOCKED;
	}
}

bool times_read(const struct g *gp, int64_t out[TIMES_STATES])
{
	int64_t begin = get(&times_kept.begin_ns);
	int64_t now = clock_mono_ns();
	struct seen s;
	int tries = 0;

	/* sysmon may sleep when the end has come. */
	if (!times_are_kept() || now >= get(&times_kept.end_ns))
		return false;
	while (!look(gtab_times(gp->slot), &s))
		if (++tries == TRIES)
			return false;
	if (s.since_ns < begin)
		s = (struct seen){ .since_ns = begin, .state = state_of(gp) };
	now = clock_mono_ns();
	s.ns[s.state] += now - s.since_ns;
	for (int i = 0; i < TIMES_STATES; i++)
		out[i] = s.ns[i];
	return true;
}

/* On and off --------------------------------------------------------------- */

void times_keep(int64_t ns)
{
	int64_t now = clock_mono_ns();
	int64_t end = ns < INT64_MAX - now ? now + ns : INT64_MAX;

	lock_get(&times_kept.lock);
	if (!times_are_kept()) {
		set(&times_kept.begin_ns, now);
		set(&times_kept.end_ns, end);
		atomic_fetch_or(&sched.slow, SLOW_TIMES);
	} else if (end > get(&times_kept.end_ns)) {
		set(&times_kept.end_ns, end);
	}
	lock_put(&times_kept.lock);
}

void times_turn(int64_t now_ns)
{
	if (!times_are_kept() || now_ns < get(&times_kept.end_ns))
		return;
	lock_get(&times_kept.lock);
	if (now_ns >= get(&times_kept.end_ns))
		atomic_fetch_and(&sched.slow, ~(uint32_t)SLOW_TIMES);
	lock_put(&times_kept.lock);
}

void times_setup(void)
{
	if (env.sched_times)
		times_keep(INT64_MAX);
}
