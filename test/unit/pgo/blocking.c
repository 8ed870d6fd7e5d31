/* pgo_blocking(): the call is like any, and the P is elsewhere meanwhile. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pgo/pgo.h>

#include "test/unit/pgo/goroutine.h"

enum { ROUNDS = 200, WAIT_S = 20 };

static void *one_more(void *arg)
{
	errno = ENOTTY;
	return (void *)((intptr_t)arg + 1);
}

struct result {
	intptr_t value;
	int err;
};

static void call_one_more(void *arg)
{
	struct result *r = arg;

	errno = 0;
	r->value = (intptr_t)pgo_blocking(one_more, (void *)41);
	r->err = errno;
}

static void it_returns_what_the_function_does(void **state)
{
	struct result r;

	(void)state;
	on_goroutine(call_one_more, &r);
	assert_int_equal(r.value, 42);
	assert_int_equal(r.err, ENOTTY);
}

static void *who(void *arg)
{
	*(pthread_t *)arg = pthread_self();
	return NULL;
}

static void on_a_plain_thread_it_is_a_call(void **state)
{
	pthread_t there = 0;
	struct result r;

	(void)state;
	call_one_more(&r);
	assert_int_equal(r.value, 42);
	pgo_blocking(who, &there);
	assert_true(pthread_equal(there, pthread_self()));
}

/* With one P, and its goroutine in the call ------------------------------- */

static struct {
	_Atomic int came, went;
	struct pgo_chan *c;
} other;

static void come(void *arg)
{
	(void)arg;
	other.came++;
	while (!other.went)
		pgo_yield();
	other.came++;
}

/* Waits for who can only run on the P that was given away. */
static void *wait_for_other(void *arg)
{
	time_t until = time(NULL) + WAIT_S;

	while (other.came < 2 && time(NULL) < until)
		other.went = other.came;
	return arg;
}

static void give_away(void *arg)
{
	int *came = arg;

	for (int i = 0; i < ROUNDS; i++) {
		other.came = other.went = 0;
		pgo_go(come, NULL);
		pgo_blocking(wait_for_other, NULL);
		*came += other.came == 2;
	}
}

static void another_runs_on_the_only_p(void **state)
{
	int came = 0;

	(void)state;
	on_goroutine(give_away, &came);
	assert_int_equal(came, ROUNDS);
}

/* Within it --------------------------------------------------------------- */

static void send(void *arg)
{
	pgo_chan_send(other.c, &arg);
}

static void *receive(void *arg)
{
	void *v = NULL;

	pgo_go(send, arg);
	pgo_chan_recv(other.c, &v);
	pgo_yield();
	return v;
}

static void receive_within(void *arg)
{
	int *right = arg;

	for (int i = 0; i < ROUNDS; i++)
		*right += pgo_blocking(receive, &right) == &right;
}

static void the_function_may_wait_for_goroutines(void **state)
{
	int right = 0;

	(void)state;
	other.c = pgo_chan_make(sizeof(void *), 0);
	on_goroutine(receive_within, &right);
	assert_int_equal(right, ROUNDS);
	pgo_chan_free(other.c);
}

static int compare(const void *a, const void *b)
{
	pgo_blocking(one_more, NULL);
	return *(const int *)a - *(const int *)b;
}

static void *sort(void *arg)
{
	qsort(arg, 5, sizeof(int), compare);
	return arg;
}

static void sort_within(void *arg)
{
	pgo_blocking(sort, arg);
}

static void in_a_callback_and_in_itself_too(void **state)
{
	int v[5] = { 5, 1, 4, 2, 3 };

	(void)state;
	on_goroutine(sort_within, v);
	for (int i = 0; i < 5; i++)
		assert_int_equal(v[i], i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_returns_what_the_function_does),
		cmocka_unit_test(on_a_plain_thread_it_is_a_call),
		cmocka_unit_test(another_runs_on_the_only_p),
		cmocka_unit_test(the_function_may_wait_for_goroutines),
		cmocka_unit_test(in_a_callback_and_in_itself_too),
	};

	pgo_gomaxprocs(1);
	return cmocka_run_group_tests(tests, world_begin, world_end);
}
