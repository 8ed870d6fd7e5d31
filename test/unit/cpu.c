/* lib/sample/cpu: every period of CPU ends in a sample or in a counter. */
#include "lib/sample/cpu.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 4

static struct cpu_sampler sampler;
/* Volatile: raise() is declared a leaf, which a handler is not. */
static __thread struct cpu_slot *volatile my_slot __attribute__((tls_model(
	"initial-exec")));

/* What a thread does, and what the fake stack of its samples shows. */
struct worker {
	struct cpu_slot slot;
	pthread_t thread;
	int64_t burn_ns;
	int64_t used_ns;
	size_t depth;           /* pcs the callback claims to have */
	uint64_t tag;
	uint64_t drained;       /* by the drainer: values of this tag */
};

static struct worker workers[THREADS];
static uint64_t drained_all, broken;

static size_t fake_stack(void *ctx, const ucontext_t *uc, uint64_t *pcs,
			 size_t max, uint64_t *tag)
{
	const struct worker *w = ctx;

	errno = ERANGE;
	*tag = w->tag;
	for (size_t i = 0; i < w->depth && i < max; i++)
		pcs[i] = i ? w->tag * 1000 + i
			   : (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	return w->depth;
}

static void on_prof(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	cpu_sample_take(&sampler, my_slot, info, uc);
}

static void on_sample(void *ctx, const struct cpu_sample *s)
{
	struct worker *w = &workers[s->tag % THREADS];
	size_t want = w->depth < CPU_STACK_MAX ? w->depth : CPU_STACK_MAX;

	(void)ctx;
	broken += s->n != want || s->value == 0 || s->tag != w->tag;
	for (size_t i = 1; i < s->n; i++)
		broken += s->pcs[i] != s->tag * 1000 + i;
	w->drained += s->value;
	drained_all += s->value;
}

static int64_t thread_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool burn(int64_t ns)
{
	int64_t end = thread_cpu_ns() + ns;
	bool kept = true;

	errno = ENOTTY;
	while (thread_cpu_ns() < end)
		for (volatile int i = 0; i < 2000; i++)
			kept &= errno == ENOTTY;
	return kept;
}

static _Atomic int errno_lost;

static void *work(void *arg)
{
	struct worker *w = arg;
	int64_t start;

	my_slot = &w->slot;
	start = thread_cpu_ns();
	cpu_slot_attach(&w->slot, &sampler, gettid(), w);
	if (!burn(w->burn_ns))
		errno_lost++;
	cpu_slot_detach(&w->slot);
	w->used_ns = thread_cpu_ns() - start;
	return NULL;
}

static void start_workers(int n, int64_t burn_ns, size_t depth)
{
	memset(workers, 0, sizeof(workers));
	drained_all = 0;
	broken = 0;
	for (int i = 0; i < n; i++) {
		workers[i].burn_ns = burn_ns;
		workers[i].depth = depth;
		workers[i].tag = (uint64_t)i;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
}

static int64_t join_workers(int n, bool draining)
{
	const struct timespec pause = { 0, 20000000 };
	int64_t used = 0;

	for (int i = 0; i < n; i++) {
		while (draining &&
		       pthread_tryjoin_np(workers[i].thread, NULL) == EBUSY) {
			cpu_sampler_drain(&sampler, on_sample, NULL);
			nanosleep(&pause, NULL);
		}
		if (!draining)
			pthread_join(workers[i].thread, NULL);
		used += workers[i].used_ns;
	}
	return used;
}

/* Samples a second of CPU time, of 1000, over all threads; all else is
 * asserted. */
static double sampled_share(void)
{
	struct cpu_losses lost;
	int64_t used;
	double ratio;

	assert_int_equal(cpu_sampler_start(&sampler, 1000), 0);
	start_workers(THREADS, 300000000, 20);
	used = join_workers(THREADS, true);
	cpu_sampler_stop(&sampler);
	cpu_sampler_drain(&sampler, on_sample, NULL);
	cpu_sampler_losses(&sampler, &lost);
	ratio = (double)drained_all * 1e6 / (double)used;
	print_message("4 threads at 1000 Hz: ratio %.3f\n", ratio);
	assert_int_equal(broken, 0);
	assert_int_equal(errno_lost, 0);
	assert_int_equal(lost.ring_full + lost.no_slot + lost.no_timer +
			 lost.cut, 0);
	return ratio;
}

static bool each_has_its_own(void)
{
	for (int i = 0; i < THREADS; i++)
		if (workers[i].drained < 270 || workers[i].drained > 330)
			return false;
	return true;
}

/* A host that takes the CPU away for whole ticks takes samples with it: a
 * fault of the sampler's would be there each time. */
static void threads_that_come_and_go_are_sampled_for_what_they_use(void **st)
{
	double ratio;

	(void)st;
	for (int i = 0; i < 5; i++) {
		ratio = sampled_share();
		if (ratio > 0.95 && ratio < 1.05 && each_has_its_own())
			return;
	}
	fail_msg("five times not what they used, last %.3f", ratio);
}

static void a_ring_nobody_drains_loses_only_what_is_counted(void **st)
{
	struct cpu_losses lost;
	int64_t used;
	double ratio;

	(void)st;
	assert_int_equal(cpu_sampler_start(&sampler, 1000), 0);
	start_workers(1, 900000000, CPU_STACK_MAX + 1);
	used = join_workers(1, false);
	cpu_sampler_stop(&sampler);
	cpu_sampler_drain(&sampler, on_sample, NULL);
	cpu_sampler_losses(&sampler, &lost);
	ratio = (double)(drained_all + lost.ring_full) * 1e6 / (double)used;
	print_message("undrained: %d drained, %d lost, ratio %.3f\n",
		      (int)drained_all, (int)lost.ring_full, ratio);
	assert_true(lost.ring_full > 0 && drained_all > 0);
	assert_true(ratio > 0.95 && ratio < 1.05);
	assert_true(lost.cut > 0);
	assert_int_equal(broken, 0);
}

static void nothing_is_sampled_before_start_and_after_stop(void **st)
{
	(void)st;
	start_workers(2, 100000000, 3);
	join_workers(2, true);
	assert_int_equal(drained_all, 0);
	assert_int_equal(cpu_sampler_start(&sampler, 1000), 0);
	assert_int_equal(cpu_sampler_hz(&sampler), 1000);
	start_workers(2, 200000000, 3);
	usleep(50000);
	cpu_sampler_stop(&sampler);
	cpu_sampler_drain(&sampler, on_sample, NULL);
	assert_true(drained_all > 0);
	assert_int_equal(cpu_sampler_drain(&sampler, on_sample, NULL), 0);
	join_workers(2, false);
	assert_int_equal(cpu_sampler_drain(&sampler, on_sample, NULL), 0);
	assert_int_equal(cpu_sampler_hz(&sampler), 0);
}

/* The race stop is written for: handlers under way while it stops. */
static void a_drain_after_stop_gets_the_last_sample(void **st)
{
	long late = 0;

	(void)st;
	start_workers(2, 600000000, 60);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(cpu_sampler_start(&sampler, 1000), 0);
		usleep(3000);
		cpu_sampler_stop(&sampler);
		cpu_sampler_drain(&sampler, on_sample, NULL);
		for (int k = 0; k < 3; k++)
			late += (long)cpu_sampler_drain(&sampler, on_sample,
							NULL);
	}
	join_workers(2, false);
	assert_int_equal(late, 0);
	assert_int_equal(broken, 0);
	assert_true(drained_all > 0);
}

static void wrong_use_is_refused_and_foreign_signals_counted(void **st)
{
	struct cpu_losses lost;
	struct worker w = { .tag = 1 };

	(void)st;
	assert_int_equal(cpu_sampler_start(&sampler, 0), -EINVAL);
	assert_int_equal(cpu_sampler_start(&sampler, 1001), -EINVAL);
	assert_int_equal(cpu_sampler_start(&sampler, 10), 0);
	assert_int_equal(cpu_sampler_start(&sampler, 10), -EBUSY);
	my_slot = NULL;
	raise(SIGPROF);
	/* A thread that has ended gets no timer; it is counted, not fatal. */
	cpu_slot_attach(&w.slot, &sampler, 0x3fffffff, &w);
	my_slot = &w.slot;
	raise(SIGPROF);         /* not the timer's: ignored */
	my_slot = NULL;
	cpu_slot_detach(&w.slot);
	cpu_slot_detach(&w.slot);
	cpu_sampler_losses(&sampler, &lost);
	assert_int_equal(lost.no_slot, 1);
	assert_int_equal(lost.no_timer, 1);
	cpu_sampler_stop(&sampler);
	cpu_sampler_stop(&sampler);
	assert_int_equal(cpu_sampler_drain(&sampler, on_sample, NULL), 0);
	assert_int_equal(sampler.n_rings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		threads_that_come_and_go_are_sampled_for_what_they_use),
		cmocka_unit_test(
			a_ring_nobody_drains_loses_only_what_is_counted),
		cmocka_unit_test(
			nothing_is_sampled_before_start_and_after_stop),
		cmocka_unit_test(a_drain_after_stop_gets_the_last_sample),
		cmocka_unit_test(
			wrong_use_is_refused_and_foreign_signals_counted),
	};
	struct sigaction sa;
	int rc;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_prof;
	sa.sa_flags = SA_SIGINFO | SA_RESTART;
	sigaction(SIGPROF, &sa, NULL);
	cpu_sampler_init(&sampler, fake_stack);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	cpu_sampler_release(&sampler);
	return rc;
}
