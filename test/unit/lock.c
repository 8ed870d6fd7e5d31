/* runtime/lock: one holder at a time, and nobody sleeps on for ever. */
#include "runtime/lock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/fatal.h"
#include "runtime/sys.h"

enum {
	PAGE_BYTES = 4096,
	THREADS = 6,
	ROUNDS = 3000,
	NAP_EVERY = 100,
	NAP_NS = 20000,
};

/* Of the runtime, which cannot be linked here: a lock's last word. */
void fatal_throw(const char *text)
{
	fputs(text, stderr);
	abort();
}

static struct {
	struct lock lock;
	long count;                     /* lock */
	int inside;                     /* lock */
	int worst;                      /* lock: most that were inside */
} shared;

static uint32_t asleep(void)
{
	uint32_t n = 0;

	for (int i = 0; i < LOCK_BEDS; i++)
		n += lock_beds[i];
	return n;
}

static void *count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		lock_get(&shared.lock);
		if (++shared.inside > shared.worst)
			shared.worst = shared.inside;
		shared.count++;
		/* Longer than anybody spins. */
		if (i % NAP_EVERY == 0)
			sys_nanosleep(NAP_NS);
		shared.inside--;
		lock_put(&shared.lock);
	}
	return arg;
}

static void one_is_inside_at_a_time(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared.count, THREADS * ROUNDS);
	assert_int_equal(shared.worst, 1);
	assert_int_equal(asleep(), 0);
	assert_int_equal(shared.lock.word, 0);
}

static void *get_and_put(void *lock)
{
	lock_get(lock);
	lock_put(lock);
	return lock;
}

static void who_sleeps_is_woken(void **state)
{
	struct lock lock = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		pthread_t thread;

		lock_get(&lock);
		assert_false(lock_try(&lock));
		pthread_create(&thread, NULL, get_and_put, &lock);
		while (!asleep())
			sys_nanosleep(NAP_NS);
		/* On half of the way to sleep, or there. */
		sys_nanosleep(i % 2 * NAP_NS);
		lock_put(&lock);
		pthread_join(thread, NULL);
	}
	assert_int_equal(asleep(), 0);
}

static void a_lock_that_is_gone_may_still_be_told_of(void **state)
{
	void *gone = sys_map(PAGE_BYTES);

	(void)state;
	sys_unmap(gone, PAGE_BYTES);
	lock_wake(gone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_inside_at_a_time),
		cmocka_unit_test(who_sleeps_is_woken),
		cmocka_unit_test(a_lock_that_is_gone_may_still_be_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
