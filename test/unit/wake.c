/* sched_wake(): who queues work and who stops looking for it at the same time.
 * One of them sees the other, or the work lies there. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "runtime/fatal.h"
#include "runtime/sched.h"

enum { ROUNDS = 200000, SPINS = 1000, LONGEST_S = 5 };

struct sched sched;

static struct {
	_Atomic uint32_t met;           /* two at a time */
	_Atomic bool over;
	_Atomic bool queued;
	bool wakes, sees;
} look;

void fatal_throw(const char *text)
{
	fail_msg("fatal error: %s", text);
	abort();
}

/* As in find.c, up to where it takes a lock. */
void sched_wake_one(void)
{
	if (!atomic_load_explicit(&sched.nspinning, memory_order_relaxed))
		look.wakes = true;
}

/* Both threads go on at once. */
static void meet(void)
{
	uint32_t both = (atomic_fetch_add(&look.met, 1) | 1) + 1;

	for (int i = 0; atomic_load(&look.met) < both; i++) {
		if (i < SPINS)
			__builtin_ia32_pause();
		else
			sched_yield();
	}
}

static void *stop_looking(void *arg)
{
	(void)arg;
	for (;;) {
		meet();
		if (look.over)
			return NULL;
		atomic_fetch_sub(&sched.nspinning, 1);
		look.sees = atomic_load_explicit(&look.queued,
						 memory_order_relaxed);
		meet();
	}
}

static void queue(void)
{
	lock_get(&sched.lock);
	atomic_store_explicit(&look.queued, true, memory_order_relaxed);
	lock_put(&sched.lock);
	sched_wake();
}

static void one_sees_the_other(void **state)
{
	time_t until = time(NULL) + LONGEST_S;
	pthread_t other;
	int lost = 0;

	(void)state;
	atomic_store(&sched.npidle, 1);
	atomic_store(&sched.nspinning, 1);
	pthread_create(&other, NULL, stop_looking, NULL);
	/* Who has no processor of his own yields at each meeting. */
	for (int i = 0; i < ROUNDS && time(NULL) < until; i++) {
		meet();
		queue();
		meet();
		lost += !look.wakes && !look.sees;
		look.wakes = false;
		atomic_store(&look.queued, false);
		atomic_store(&sched.nspinning, 1);
	}
	look.over = true;
	meet();
	pthread_join(other, NULL);
	assert_int_equal(lost, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sees_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
