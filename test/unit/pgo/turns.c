/* Whose turn it is, on one P. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/pgo/goroutine.h"

enum { FEW = 3, ROUNDS = 4, MANY = 700, TALKS = 20000000 };

/* Who yields goes to the end of the line ---- */

static struct {
	struct pgo_waitgroup done;
	char order[FEW * ROUNDS + 1];
	_Atomic int n;
} line;

static void write_name(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		line.order[line.n++] = *(char *)arg;
		pgo_yield();
	}
	pgo_waitgroup_done(&line.done);
}

static void begin_few(void *arg)
{
	static char names[] = "abc";

	(void)arg;
	pgo_waitgroup_add(&line.done, FEW);
	for (int i = 0; i < FEW; i++)
		pgo_go(write_name, &names[i]);
	pgo_waitgroup_wait(&line.done);
}

static void who_yields_comes_after_all_others(void **state)
{
	(void)state;
	on_goroutine(begin_few, NULL);
	/* The last to be started goes first. */
	assert_string_equal(line.order, "cabcabcabcab");
}

static void wait_for_all(void *arg)
{
	(void)arg;
	pgo_waitgroup_wait(&line.done);
}

static void yield_and_count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		++*(_Atomic int *)arg;
		pgo_yield();
	}
	pgo_waitgroup_done(&line.done);
}

static void more_than_a_ring_holds_all_get_their_turns(void **state)
{
	_Atomic int sum = 0;

	(void)state;
	pgo_waitgroup_add(&line.done, MANY);
	for (int i = 0; i < MANY; i++)
		assert_true(pgo_go(yield_and_count, &sum) > 0);
	on_goroutine(wait_for_all, NULL);
	assert_int_equal(sum, MANY * ROUNDS);
}

static void yield_alone(void *arg)
{
	for (int i = 0; i < 1000; i++)
		pgo_yield();
	*(bool *)arg = true;
}

static void who_is_alone_may_yield(void **state)
{
	bool finished = false;

	(void)state;
	on_goroutine(yield_alone, &finished);
	assert_true(finished);
}

/* Two that wake each other share one slice of time ---- */

struct pair {
	struct pgo_chan *there, *back;
	struct pgo_waitgroup others;
	_Atomic bool heard;             /* a third has had a turn */
	long talks;                     /* until then */
};

static void answer(void *arg)
{
	struct pair *p = arg;
	char c;

	while (!pgo_chan_recv(p->there, &c))
		pgo_chan_send(p->back, &c);
	pgo_waitgroup_done(&p->others);
}

static void interrupt(void *arg)
{
	struct pair *p = arg;

	p->heard = true;
	pgo_waitgroup_done(&p->others);
}

static void talk(void *arg)
{
	struct pair *p = arg;
	char c = 0;

	pgo_waitgroup_add(&p->others, 2);
	pgo_go(interrupt, p);
	/* It goes first, so now it lies behind this one. */
	pgo_go(answer, p);
	for (; p->talks < TALKS && !p->heard; p->talks++) {
		pgo_chan_send(p->there, &c);
		pgo_chan_recv(p->back, &c);
	}
	pgo_chan_close(p->there);
	pgo_waitgroup_wait(&p->others);
}

static void two_that_talk_do_not_keep_a_third_out(void **state)
{
	struct pair p = { .there = pgo_chan_make(1, 0),
			  .back = pgo_chan_make(1, 0) };

	(void)state;
	on_goroutine(talk, &p);
	/* A slice is 10 ms: some 50,000. */
	assert_in_range(p.talks, 1, TALKS - 1);
	assert_true(p.heard);
	pgo_chan_free(p.there);
	pgo_chan_free(p.back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_yields_comes_after_all_others),
		cmocka_unit_test(more_than_a_ring_holds_all_get_their_turns),
		cmocka_unit_test(who_is_alone_may_yield),
		cmocka_unit_test(two_that_talk_do_not_keep_a_third_out),
	};

	setenv("GOMAXPROCS", "1", 1);
	return cmocka_run_group_tests(tests, world_begin, world_end);
}
