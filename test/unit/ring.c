/* lib/base/ring: order, wrap, drops, and a real producer and consumer. */
#include "lib/base/ring.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

static void only_powers_of_two_make_a_ring(void **state)
{
	struct ring r;
	uint64_t words[8];

	(void)state;
	assert_int_equal(ring_init(&r, words, 0), -EINVAL);
	assert_int_equal(ring_init(&r, words, 1), -EINVAL);
	assert_int_equal(ring_init(&r, words, 6), -EINVAL);
	assert_int_equal(ring_init(&r, words, 8), 0);
}

static void records_come_out_whole_across_the_wrap(void **state)
{
	struct ring r;
	uint64_t words[16], rec[7], out[7];

	(void)state;
	ring_init(&r, words, 16);
	for (uint64_t i = 0; i < 1000; i++) {
		size_t n = 1 + i % 7;

		for (size_t k = 0; k < n; k++)
			rec[k] = i * 100 + k;
		assert_int_equal(ring_put(&r, rec, n), 0);
		memset(out, 0xff, sizeof(out));
		assert_int_equal(ring_get(&r, out, 7), n);
		assert_memory_equal(out, rec, n * sizeof(*rec));
	}
	assert_int_equal(ring_get(&r, out, 7), 0);
	assert_int_equal(ring_dropped(&r), 0);
}

static void what_does_not_fit_is_dropped_and_counted(void **state)
{
	struct ring r;
	uint64_t words[8], rec[8] = { 1, 2, 3 }, out[8];

	(void)state;
	ring_init(&r, words, 8);
	assert_int_equal(ring_put(&r, rec, 3), 0);
	assert_int_equal(ring_put(&r, rec, 3), 0);
	assert_int_equal(ring_put(&r, rec, 1), -ENOSPC);
	assert_int_equal(ring_get(&r, out, 8), 3);
	assert_int_equal(ring_put(&r, rec, 1), 0);
	assert_int_equal(ring_dropped(&r), 1);
}

static void impossible_records_are_refused_and_counted(void **state)
{
	struct ring r;
	uint64_t words[8], rec[9] = { 0 };

	(void)state;
	ring_init(&r, words, 8);
	assert_int_equal(ring_put(&r, rec, 0), -EMSGSIZE);
	assert_int_equal(ring_put(&r, rec, 8), -EMSGSIZE);
	assert_int_equal(ring_put(&r, rec, 7), 0);
	assert_int_equal(ring_dropped(&r), 2);
}

static void a_short_buffer_gets_the_head_and_the_true_length(void **state)
{
	struct ring r;
	uint64_t words[16], rec[5] = { 1, 2, 3, 4, 5 }, out[5] = { 0 };

	(void)state;
	ring_init(&r, words, 16);
	ring_put(&r, rec, 5);
	ring_put(&r, rec + 4, 1);
	assert_int_equal(ring_get(&r, out, 2), 5);
	assert_int_equal(out[1], 2);
	assert_int_equal(out[2], 0);
	assert_int_equal(ring_get(&r, out, 5), 1);
	assert_int_equal(out[0], 5);
}

/* Two threads ------------------------------------------------------------- */

#define PUTS 2000000

static struct ring shared;
static uint64_t shared_words[1024];
static _Atomic int producer_done;
static uint64_t put_ok, put_failed;

/* Record i is its number, then words that follow from it. */
static size_t fill(uint64_t *rec, uint64_t i)
{
	size_t n = 1 + i % 13;

	rec[0] = i;
	for (size_t k = 1; k < n; k++)
		rec[k] = i * 31 + k;
	return n;
}

static void *produce(void *arg)
{
	uint64_t rec[13];

	(void)arg;
	for (uint64_t i = 0; i < PUTS; i++) {
		if (ring_put(&shared, rec, fill(rec, i)) == 0)
			put_ok++;
		else
			put_failed++;
		if (i % 1000 == 0)
			sched_yield();
	}
	atomic_store(&producer_done, 1);
	return NULL;
}

static void two_threads_lose_only_what_is_counted(void **state)
{
	uint64_t got = 0, bad = 0, last = 0, rec[13], want[13];
	pthread_t t;
	size_t n;
	int done;

	(void)state;
	ring_init(&shared, shared_words, 1024);
	pthread_create(&t, NULL, produce, NULL);
	while (ring_dropped(&shared) == 0)      /* see it overflow once */
		sched_yield();
	do {
		done = atomic_load(&producer_done);
		while ((n = ring_get(&shared, rec, 13)) > 0) {
			bad += fill(want, rec[0]) != n ||
			       memcmp(rec, want, n * sizeof(*rec)) != 0 ||
			       (got && rec[0] <= last);
			last = rec[0];
			got++;
		}
	} while (!done);
	pthread_join(t, NULL);
	assert_int_equal(bad, 0);
	assert_int_equal(got, put_ok);
	assert_int_equal(put_failed, ring_dropped(&shared));
	assert_int_equal(got + ring_dropped(&shared), PUTS);
	assert_true(got > 0 && put_failed > 0);
}

/* A signal handler on the consumer's own thread --------------------------- */

static uint64_t sent;

static void on_alarm(int sig)
{
	uint64_t rec[13];

	(void)sig;
	for (int i = 0; i < 20; i++) {
		ring_put(&shared, rec, fill(rec, sent));
		sent++;
	}
}

static void a_handler_may_interrupt_the_consumer(void **state)
{
	const struct itimerval every = { { 0, 200 }, { 0, 200 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	uint64_t got = 0, bad = 0, rec[13], want[13];
	size_t n;

	(void)state;
	ring_init(&shared, shared_words, 1024);
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &every, NULL);
	while (got < 5000) {
		n = ring_get(&shared, rec, 13);
		if (n == 0)
			continue;
		bad += fill(want, rec[0]) != n ||
		       memcmp(rec, want, n * sizeof(*rec)) != 0;
		got++;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	while (ring_get(&shared, rec, 13) > 0)
		got++;
	assert_int_equal(bad, 0);
	assert_int_equal(got + ring_dropped(&shared), sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_powers_of_two_make_a_ring),
		cmocka_unit_test(records_come_out_whole_across_the_wrap),
		cmocka_unit_test(what_does_not_fit_is_dropped_and_counted),
		cmocka_unit_test(impossible_records_are_refused_and_counted),
		cmocka_unit_test(
			a_short_buffer_gets_the_head_and_the_true_length),
		cmocka_unit_test(two_threads_lose_only_what_is_counted),
		cmocka_unit_test(a_handler_may_interrupt_the_consumer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
