/* Select, as Go's specification has it. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/pgo/goroutine.h"

enum { SHORT_NS = 2000000, MANY = 40, TURNS = 20000, PAIRS = 6 };

static struct pgo_case recv_from(struct pgo_chan *c, void *elem)
{
	return (struct pgo_case){ .chan = c, .dir = PGO_RECV, .elem = elem };
}

static struct pgo_case send_to(struct pgo_chan *c, const int *elem)
{
	return (struct pgo_case){
		.chan = c, .dir = PGO_SEND, .elem = (void *)(uintptr_t)elem,
	};
}

static void what_is_no_select_is_refused(void **state)
{
	struct pgo_case one = { .dir = 7 };

	(void)state;
	assert_int_equal(pgo_select(&one, 1, PGO_NONBLOCK), -EINVAL);
	assert_int_equal(pgo_select(&one, -1, 0), -EINVAL);
	assert_int_equal(pgo_select(&one, PGO_SELECT_MAX + 1, 0), -EINVAL);
	assert_int_equal(pgo_select(&one, 0, 2), -EINVAL);
}

static void default_is_taken_when_nothing_is_ready(void **state)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(int), 1);
	int v = 5, in = 0;
	struct pgo_case full[2], empty[2];

	(void)state;
	empty[0] = recv_from(c, &in);
	empty[1] = recv_from(NULL, &in);
	assert_int_equal(pgo_select(empty, 2, PGO_NONBLOCK), -1);
	assert_int_equal(pgo_select(empty, 0, PGO_NONBLOCK), -1);
	assert_int_equal(pgo_chan_send(c, &v), 0);
	full[0] = send_to(NULL, &v);
	full[1] = send_to(c, &v);
	assert_int_equal(pgo_select(full, 2, PGO_NONBLOCK), -1);
	assert_int_equal(pgo_select(empty, 2, PGO_NONBLOCK), 0);
	assert_int_equal(empty[0].ok, 1);
	assert_int_equal(in, 5);
	assert_int_equal(pgo_select(full, 2, PGO_NONBLOCK), 1);
	pgo_chan_free(c);
}

static void a_closed_channel_is_always_ready(void **state)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(int), 0);
	int in = 9;
	struct pgo_case one = recv_from(c, &in);

	(void)state;
	pgo_chan_close(c);
	for (int i = 0; i < 3; i++) {
		one.ok = 1;
		assert_int_equal(pgo_select(&one, 1, 0), 0);
		assert_int_equal(one.ok, 0);
		assert_int_equal(in, 0);
	}
	pgo_chan_free(c);
}

static void ready_cases_have_equal_chances(void **state)
{
	struct pgo_chan *c[MANY];
	struct pgo_case cases[MANY];
	int count[MANY] = { 0 };
	int expected = TURNS / (MANY / 2);

	(void)state;
	/* Every second one, in a clump, can go on. */
	for (int i = 0; i < MANY; i++) {
		c[i] = pgo_chan_make(0, 1);
		if (i < MANY / 2)
			pgo_chan_close(c[i]);
		cases[i] = recv_from(c[i], NULL);
	}
	for (int i = 0; i < TURNS; i++)
		count[pgo_select(cases, MANY, 0)]++;
	for (int i = 0; i < MANY; i++) {
		if (i >= MANY / 2)
			assert_int_equal(count[i], 0);
		else
			assert_in_range(count[i], expected * 3 / 4,
					expected * 5 / 4);
		pgo_chan_free(c[i]);
	}
}

/* Parking ---- */

struct meeting {
	struct pgo_chan *c[MANY];
	int n;                  /* of them */
	int send_on;            /* where a partner comes */
	bool close;
	int chosen, ok, value;
};

static void partner(void *arg)
{
	struct meeting *m = arg;
	int v = 23;

	pgo_sleep(SHORT_NS);
	if (m->close)
		pgo_chan_close(m->c[m->send_on]);
	else
		pgo_chan_send(m->c[m->send_on], &v);
}

static void meet(void *arg)
{
	struct meeting *m = arg;
	struct pgo_case cases[MANY];

	for (int i = 0; i < m->n; i++)
		cases[i] = recv_from(m->c[i], &m->value);
	pgo_go(partner, m);
	m->chosen = pgo_select(cases, m->n, 0);
	m->ok = cases[m->chosen].ok;
}

static void one_wakes_it_and_the_others_are_let_go(void **state)
{
	static const int sizes[] = { 1, 2, 3, MANY };

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
		for (int on = 0; on < sizes[s]; on += 3) {
			struct meeting m = { .n = sizes[s], .send_on = on,
					     .close = on % 2 };

			for (int i = 0; i < m.n; i++)
				m.c[i] = pgo_chan_make(sizeof(int), 0);
			on_goroutine(meet, &m);
			assert_int_equal(m.chosen, on);
			assert_int_equal(m.ok, !m.close);
			assert_int_equal(m.value, m.close ? 0 : 23);
			/* Fatal if anybody still waits. */
			for (int i = 0; i < m.n; i++)
				pgo_chan_free(m.c[i]);
		}
}

static void same_channel_twice(void *arg)
{
	struct meeting *m = arg;
	struct pgo_case cases[3] = {
		recv_from(m->c[0], &m->value), recv_from(m->c[0], &m->value),
		recv_from(m->c[0], &m->value),
	};

	pgo_go(partner, m);
	m->chosen = pgo_select(cases, 3, 0);
	m->ok = cases[m->chosen].ok;
}

static void a_channel_may_be_there_twice(void **state)
{
	struct meeting m = { .c = { pgo_chan_make(sizeof(int), 0) } };

	(void)state;
	on_goroutine(same_channel_twice, &m);
	assert_in_range(m.chosen, 0, 2);
	assert_int_equal(m.value, 23);
	assert_int_equal(m.ok, 1);
	pgo_chan_free(m.c[0]);
}

/* Everyone selects on both ends: what goes in comes out, once ---- */

struct market {
	struct pgo_chan *c[3];
	struct pgo_waitgroup done;
	_Atomic int64_t sent, received;
	_Atomic int sends, receives, over;
	struct pgo_chan *quit;
};

static void trade(void *arg)
{
	struct market *m = arg;
	int out = (int)(pgo_goid() * 1000), in;

	for (int i = 0; i < TURNS / 10; i++) {
		struct pgo_case cases[5] = {
			send_to(m->c[i % 3], &out), recv_from(m->c[0], &in),
			recv_from(m->c[1], &in), recv_from(m->c[2], &in),
			recv_from(m->quit, NULL),
		};
		int at = pgo_select(cases, 5, 0);

		if (at == 4)
			break;
		if (at == 0) {
			m->sent += out++;
			m->sends++;
		} else {
			m->received += in;
			m->receives++;
		}
	}
	/* Whoever is done first stops the others, or the last would wait. */
	if (!m->over++)
		pgo_chan_close(m->quit);
	pgo_waitgroup_done(&m->done);
}

static void hold_market(void *arg)
{
	struct market *m = arg;

	pgo_waitgroup_add(&m->done, PAIRS * 2);
	for (int i = 0; i < PAIRS * 2; i++)
		pgo_go(trade, m);
	pgo_waitgroup_wait(&m->done);
}

static void nothing_is_lost_or_doubled_between_selects(void **state)
{
	struct market m = { .quit = pgo_chan_make(0, 0) };

	(void)state;
	for (int i = 0; i < 3; i++)
		m.c[i] = pgo_chan_make(sizeof(int), 0);
	on_goroutine(hold_market, &m);
	assert_int_equal(m.sends, m.receives);
	assert_int_equal(m.sent, m.received);
	assert_true(m.sends > 1000);
	for (int i = 0; i < 3; i++)
		pgo_chan_free(m.c[i]);
}

/* From a thread that is no goroutine ---- */

static void a_foreign_thread_selects_too(void **state)
{
	struct meeting m = { .n = 3, .send_on = 1 };
	struct pgo_case cases[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		m.c[i] = pgo_chan_make(sizeof(int), 0);
		cases[i] = recv_from(m.c[i], &m.value);
	}
	assert_true(pgo_go(partner, &m) > 0);
	assert_int_equal(pgo_select(cases, 3, 0), 1);
	assert_int_equal(m.value, 23);
	for (int i = 0; i < 3; i++)
		pgo_chan_free(m.c[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_select_is_refused),
		cmocka_unit_test(default_is_taken_when_nothing_is_ready),
		cmocka_unit_test(a_closed_channel_is_always_ready),
		cmocka_unit_test(ready_cases_have_equal_chances),
		cmocka_unit_test(one_wakes_it_and_the_others_are_let_go),
		cmocka_unit_test(a_channel_may_be_there_twice),
		cmocka_unit_test(nothing_is_lost_or_doubled_between_selects),
		cmocka_unit_test(a_foreign_thread_selects_too),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
