/*
 * Taking samples and handing them out.
 *
 * Each thread's handler writes the thread's own ring and nothing else that is
 * shared but counters, so handlers never wait for one another.  Everything
 * else (which threads there are, timers, rings) is under one mutex, which no
 * handler takes.
 *
 * Stop is exact.  It deletes the timers, clears armed, and waits until no
 * handler is busy; a handler sets busy before it looks at armed.  Both sides
 * are sequentially consistent: either the handler sees that it is disarmed or
 * stop sees that it is busy.
 *
 * A ring outlives its thread: detach moves it to the orphans, the next drain
 * empties it and keeps it as a spare.  A drain after stop unmaps them all: no
 * handler touches a ring while its slot is disarmed.
 */
#include "lib/sample/cpu.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/base/ring.h"

#define HEAD_WORDS 2            /* value, tag */
#define RECORD_MAX (HEAD_WORDS + CPU_STACK_MAX)

/* One mapping: the ring, room for the sample under way, the ring's words. */
struct cpu_ring {
	struct ring ring;
	struct cpu_ring *next;          /* sampler->lock */
	uint64_t record[RECORD_MAX];    /* the producer's, while it writes */
	uint64_t words[CPU_RING_WORDS];
};

/* Rings ------------------------------------------------------------------- */

static struct cpu_ring *ring_new(struct cpu_sampler *s)
{
	struct cpu_ring *r = s->spare;

	if (r) {
		s->spare = r->next;
		return r;
	}
	if (s->n_rings == CPU_RINGS_MAX)
		return NULL;
	r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r == MAP_FAILED)
		return NULL;
	ring_init(&r->ring, r->words, CPU_RING_WORDS);
	s->n_rings++;
	return r;
}

static void rings_free(struct cpu_sampler *s, struct cpu_ring **list)
{
	while (*list) {
		struct cpu_ring *r = *list;

		*list = r->next;
		munmap(r, sizeof(*r));
		s->n_rings--;
	}
}

static void ring_put_in(struct cpu_ring **list, struct cpu_ring *r)
{
	r->next = *list;
	*list = r;
}

static size_t ring_drain(struct cpu_ring *r, cpu_sample_fn *fn, void *ctx)
{
	uint64_t rec[RECORD_MAX];
	size_t n, count = 0;

	while ((n = ring_get(&r->ring, rec, RECORD_MAX)) > 0) {
		struct cpu_sample smp = {
			.value = rec[0],
			.tag = rec[1],
			.n = n - HEAD_WORDS,
			.pcs = rec + HEAD_WORDS,
		};

		fn(ctx, &smp);
		count++;
	}
	return count;
}

/* Threads ----------------------------------------------------------------- */

/* Under the lock.  A thread that fails stays attached, unsampled. */
static void arm(struct cpu_slot *slot)
{
	struct cpu_sampler *s = slot->sampler;
	struct cpu_ring *r;

	r = atomic_load_explicit(&slot->ring, memory_order_relaxed);
	if (!r)
		r = ring_new(s);
	/* Release: the ring is ready.  Pairs with the acquire in the
	 * handler. */
	atomic_store_explicit(&slot->ring, r, memory_order_release);
	if (!r || cpu_timer_create(&slot->timer, slot->tid) < 0) {
		s->no_timer++;
		return;
	}
	/* Before the timer runs, so that the first signal finds it set. */
	atomic_store(&slot->armed, 1);
	if (cpu_timer_arm(&slot->timer, s->hz) < 0) {
		atomic_store(&slot->armed, 0);
		cpu_timer_delete(&slot->timer);
		s->no_timer++;
	}
}

static void disarm(struct cpu_slot *slot)
{
	cpu_timer_delete(&slot->timer);
	/* Seq_cst, before busy is read: see the head of the file.  Partner:
	 * cpu_sample_take(). */
	atomic_store(&slot->armed, 0);
}

void cpu_slot_attach(struct cpu_slot *slot, struct cpu_sampler *s, pid_t tid,
		     void *ctx)
{
	pthread_mutex_lock(&s->lock);
	slot->sampler = s;
	slot->tid = tid;
	slot->ctx = ctx;
	cpu_timer_init(&slot->timer);
	atomic_store(&slot->busy, 0);
	atomic_store(&slot->armed, 0);
	atomic_store(&slot->ring, NULL);
	slot->next = s->slots;
	if (slot->next)
		slot->next->link = &slot->next;
	slot->link = &s->slots;
	s->slots = slot;
	if (s->hz)
		arm(slot);
	pthread_mutex_unlock(&s->lock);
}

void cpu_slot_detach(struct cpu_slot *slot)
{
	struct cpu_sampler *s = slot->sampler;
	struct cpu_ring *r;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	disarm(slot);
	/* No handler is under way: it would run on this very thread. */
	r = atomic_exchange(&slot->ring, NULL);
	if (r)
		ring_put_in(&s->orphans, r);
	*slot->link = slot->next;
	if (slot->next)
		slot->next->link = slot->link;
	slot->sampler = NULL;
	pthread_mutex_unlock(&s->lock);
}

/* The sampler ------------------------------------------------------------- */

void cpu_sampler_init(struct cpu_sampler *s, cpu_stack_fn *stack)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->stack = stack;
}

void cpu_sampler_release(struct cpu_sampler *s)
{
	rings_free(s, &s->orphans);
	rings_free(s, &s->spare);
	pthread_mutex_destroy(&s->lock);
}

/* Under the lock. */
static size_t drain_all(struct cpu_sampler *s, cpu_sample_fn *fn, void *ctx)
{
	size_t n = 0;

	for (struct cpu_slot *t = s->slots; t; t = t->next) {
		struct cpu_ring *r = atomic_load_explicit(&t->ring,
						memory_order_relaxed);

		if (r)
			n += ring_drain(r, fn, ctx);
	}
	while (s->orphans) {
		struct cpu_ring *r = s->orphans;

		n += ring_drain(r, fn, ctx);
		s->orphans = r->next;
		ring_put_in(&s->spare, r);
	}
	return n;
}

/* Under the lock, stopped, drained. */
static void free_all(struct cpu_sampler *s)
{
	for (struct cpu_slot *t = s->slots; t; t = t->next) {
		struct cpu_ring *r = atomic_exchange(&t->ring, NULL);

		if (r)
			ring_put_in(&s->spare, r);
	}
	rings_free(s, &s->spare);
}

static void discard(void *ctx, const struct cpu_sample *smp)
{
	(void)ctx;
	(void)smp;
}

int cpu_sampler_start(struct cpu_sampler *s, int hz)
{
	int rc = -EBUSY;

	if (hz < 1 || hz > TIMER_HZ_MAX)
		return -EINVAL;
	pthread_mutex_lock(&s->lock);
	if (s->hz == 0) {
		drain_all(s, discard, NULL);
		s->no_timer = 0;
		atomic_store(&s->no_slot, 0);
		atomic_store(&s->ring_full, 0);
		atomic_store(&s->cut, 0);
		s->hz = hz;
		for (struct cpu_slot *t = s->slots; t; t = t->next)
			arm(t);
		rc = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* A handler takes microseconds, but its thread may have lost the CPU. */
static void wait_for_handler(struct cpu_slot *slot)
{
	const struct timespec pause = { 0, 50 * 1000 };

	while (atomic_load(&slot->busy))
		nanosleep(&pause, NULL);
}

void cpu_sampler_stop(struct cpu_sampler *s)
{
	pthread_mutex_lock(&s->lock);
	for (struct cpu_slot *t = s->slots; t; t = t->next)
		disarm(t);
	for (struct cpu_slot *t = s->slots; t; t = t->next)
		wait_for_handler(t);
	s->hz = 0;
	pthread_mutex_unlock(&s->lock);
}

int cpu_sampler_hz(struct cpu_sampler *s)
{
	int hz;

	pthread_mutex_lock(&s->lock);
	hz = s->hz;
	pthread_mutex_unlock(&s->lock);
	return hz;
}

size_t cpu_sampler_drain(struct cpu_sampler *s, cpu_sample_fn *fn, void *ctx)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = drain_all(s, fn, ctx);
	if (s->hz == 0)
		free_all(s);
	pthread_mutex_unlock(&s->lock);
	return n;
}

void cpu_sampler_losses(struct cpu_sampler *s, struct cpu_losses *out)
{
	pthread_mutex_lock(&s->lock);
	out->no_timer = s->no_timer;
	out->no_slot = atomic_load(&s->no_slot);
	out->ring_full = atomic_load(&s->ring_full);
	out->cut = atomic_load(&s->cut);
	pthread_mutex_unlock(&s->lock);
}

/* The handler ------------------------------------------------------------- */

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	/* Relaxed: a number, ordering nothing. */
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void record(struct cpu_sampler *s, struct cpu_slot *slot,
		   const siginfo_t *info, const ucontext_t *uc)
{
	struct cpu_ring *r;
	uint64_t *rec;
	size_t n;

	/* Acquire: the ring is ready.  Pairs with the release in arm(). */
	r = atomic_load_explicit(&slot->ring, memory_order_acquire);
	rec = r->record;
	rec[0] = cpu_timer_value(info);
	rec[1] = 0;
	n = s->stack(slot->ctx, uc, rec + HEAD_WORDS, CPU_STACK_MAX, &rec[1]);
	if (n > CPU_STACK_MAX) {
		n = CPU_STACK_MAX;
		count(&s->cut, 1);
	}
	if (ring_put(&r->ring, rec, HEAD_WORDS + n) < 0)
		count(&s->ring_full, rec[0]);
}

void cpu_sample_take(struct cpu_sampler *s, struct cpu_slot *slot,
		     const siginfo_t *info, const ucontext_t *uc)
{
	int saved = errno;

	if (!slot) {
		count(&s->no_slot, 1);
		return;
	}
	/* Seq_cst, before armed is read: see the head of the file.  Partner:
	 * disarm() and wait_for_handler(). */
	atomic_store(&slot->busy, 1);
	if (atomic_load(&slot->armed) && cpu_timer_sent(&slot->timer, info))
		record(s, slot, info, uc);
	atomic_store_explicit(&slot->busy, 0, memory_order_release);
	errno = saved;
}
