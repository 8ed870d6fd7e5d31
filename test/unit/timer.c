/* lib/sample/timer: value times period is the CPU time used. */
#include "lib/sample/timer.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct cpu_timer timer;
static _Atomic uint64_t periods;        /* summed values */
static _Atomic int signals, strangers;
static _Atomic pid_t tid_hit;

static void on_prof(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)uc;
	if (!cpu_timer_sent(&timer, info)) {
		strangers++;
		return;
	}
	signals++;
	tid_hit = gettid();
	periods += cpu_timer_value(info);
}

static int64_t thread_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void burn(int64_t ns)
{
	int64_t end = thread_cpu_ns() + ns;

	while (thread_cpu_ns() < end)
		for (volatile int i = 0; i < 2000; i++)
			;
}

struct burner {
	pthread_barrier_t *ready;
	pid_t tid;
	int64_t burn_ns;
	int64_t used_ns;        /* between the second barrier and the end */
};

static void *burner(void *arg)
{
	struct burner *b = arg;
	int64_t start;

	b->tid = gettid();
	pthread_barrier_wait(b->ready);
	pthread_barrier_wait(b->ready);         /* the timer is armed */
	start = thread_cpu_ns();
	burn(b->burn_ns);
	b->used_ns = thread_cpu_ns() - start;
	pthread_barrier_wait(b->ready);
	return NULL;
}

/* Burns in another thread at HZ; the ratio of time sampled to time used. */
static double ratio_at(int hz, int64_t burn_ns)
{
	pthread_barrier_t ready;
	struct burner b = { .ready = &ready, .burn_ns = burn_ns };
	pthread_t t;

	periods = 0;
	signals = 0;
	pthread_barrier_init(&ready, NULL, 2);
	pthread_create(&t, NULL, burner, &b);
	pthread_barrier_wait(&ready);
	assert_int_equal(cpu_timer_create(&timer, b.tid), 0);
	assert_int_equal(cpu_timer_arm(&timer, hz), 0);
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&ready);
	cpu_timer_delete(&timer);
	pthread_join(t, NULL);
	assert_int_equal(tid_hit, b.tid);
	return (double)periods / hz / ((double)b.used_ns / 1e9);
}

static void samples_at_100_hz_add_up_to_the_cpu_time(void **state)
{
	double ratio = ratio_at(100, 1000000000);

	(void)state;
	print_message("100 Hz: %d signals, ratio %.3f\n", signals, ratio);
	assert_true(ratio > 0.95 && ratio < 1.05);
}

static void samples_at_1000_hz_add_up_to_the_cpu_time(void **state)
{
	double ratio = ratio_at(1000, 1000000000);

	(void)state;
	print_message("1000 Hz: %d signals, ratio %.3f\n", signals, ratio);
	assert_true(ratio > 0.95 && ratio < 1.05);
}

/*
 * 60 lives of 8 ms at 100 Hz are 48 periods.  A timer whose first period is a
 * full one would see none of them; the kernel's tick (4 ms at HZ=250) costs
 * each life half a tick at its end.
 */
static void lives_shorter_than_a_period_are_sampled(void **state)
{
	uint64_t sum = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct timespec ts;

		periods = 0;
		assert_int_equal(cpu_timer_create(&timer, gettid()), 0);
		assert_int_equal(cpu_timer_arm(&timer, 100), 0);
		burn(8000000);
		cpu_timer_delete(&timer);
		sum += periods;
		ts = (struct timespec){ 0, 100000 };
		nanosleep(&ts, NULL);
	}
	print_message("short lives: %d samples of 48\n", (int)sum);
	assert_true(sum >= 15 && sum <= 60);
}

static void a_sleeping_thread_is_not_sampled(void **state)
{
	const struct timespec ts = { 0, 300000000 };

	(void)state;
	periods = 0;
	assert_int_equal(cpu_timer_create(&timer, gettid()), 0);
	assert_int_equal(cpu_timer_arm(&timer, 1000), 0);
	nanosleep(&ts, NULL);
	cpu_timer_delete(&timer);
	assert_true(periods < 20);
}

static void a_signal_of_someone_else_is_told_apart(void **state)
{
	(void)state;
	strangers = 0;
	assert_int_equal(cpu_timer_create(&timer, gettid()), 0);
	raise(SIGPROF);
	cpu_timer_delete(&timer);
	assert_int_equal(strangers, 1);
}

static void broken_rates_and_threads_are_refused(void **state)
{
	struct cpu_timer t;
	pid_t child;

	(void)state;
	assert_int_equal(cpu_timer_create(&timer, gettid()), 0);
	assert_int_equal(cpu_timer_arm(&timer, 0), -EINVAL);
	assert_int_equal(cpu_timer_arm(&timer, 1001), -EINVAL);
	cpu_timer_delete(&timer);
	cpu_timer_delete(&timer);
	assert_int_equal(timer.id, -1);

	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_true(cpu_timer_create(&t, child) < 0);
	assert_int_equal(t.id, -1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void no_room_for_pending_signals_says_eagain(void **state)
{
	struct rlimit was, none;
	struct cpu_timer t;
	int rc;

	(void)state;
	getrlimit(RLIMIT_SIGPENDING, &was);
	none = was;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_SIGPENDING, &none);
	rc = cpu_timer_create(&t, gettid());
	setrlimit(RLIMIT_SIGPENDING, &was);
	cpu_timer_delete(&t);
	assert_int_equal(rc, -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_at_100_hz_add_up_to_the_cpu_time),
		cmocka_unit_test(samples_at_1000_hz_add_up_to_the_cpu_time),
		cmocka_unit_test(lives_shorter_than_a_period_are_sampled),
		cmocka_unit_test(a_sleeping_thread_is_not_sampled),
		cmocka_unit_test(a_signal_of_someone_else_is_told_apart),
		cmocka_unit_test(broken_rates_and_threads_are_refused),
		cmocka_unit_test(no_room_for_pending_signals_says_eagain),
	};
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_prof;
	sa.sa_flags = SA_SIGINFO | SA_RESTART;
	sigaction(SIGPROF, &sa, NULL);
	cpu_timer_init(&timer);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
