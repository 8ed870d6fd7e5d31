/* Channels, as a program on several Ps uses them. */
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

enum { SHORT_NS = 2000000 };

/* From the main thread: no goroutine needed ---- */

static void the_buffer_is_first_in_first_out(void **state)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(int), 3);
	int v;

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++) {
			assert_int_equal(pgo_chan_len(c), i);
			assert_int_equal(pgo_chan_trysend(c, &i), 0);
		}
		assert_int_equal(pgo_chan_trysend(c, &round), -EAGAIN);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(pgo_chan_recv(c, &v), 0);
			assert_int_equal(v, i);
		}
		assert_int_equal(pgo_chan_tryrecv(c, &v), -EAGAIN);
		/* So that the next round wraps elsewhere. */
		assert_int_equal(pgo_chan_send(c, &round), 0);
		assert_int_equal(pgo_chan_recv(c, NULL), 0);
	}
	assert_int_equal(pgo_chan_cap(c), 3);
	pgo_chan_free(c);
}

static void closed_channel_still_delivers_what_was_sent(void **state)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(int), 2);
	int v = 7;

	(void)state;
	assert_int_equal(pgo_chan_send(c, &v), 0);
	pgo_chan_close(c);
	v = 1;
	assert_int_equal(pgo_chan_recv(c, &v), 0);
	assert_int_equal(v, 7);
	assert_int_equal(pgo_chan_recv(c, &v), -EPIPE);
	assert_int_equal(v, 0);
	v = 1;
	assert_int_equal(pgo_chan_tryrecv(c, &v), -EPIPE);
	assert_int_equal(v, 0);
	assert_int_equal(pgo_chan_recv(c, NULL), -EPIPE);
	pgo_chan_free(c);
}

static void sizes_that_overflow_make_no_channel(void **state)
{
	(void)state;
	assert_null(pgo_chan_make(SIZE_MAX, 2));
	assert_null(pgo_chan_make(SIZE_MAX, 1));
	assert_null(pgo_chan_make(1, SIZE_MAX));
	assert_null(pgo_chan_make((size_t)1 << 60, 8));
}

static void no_channel_is_never_ready(void **state)
{
	int v = 3;

	(void)state;
	assert_int_equal(pgo_chan_trysend(NULL, &v), -EAGAIN);
	assert_int_equal(pgo_chan_tryrecv(NULL, &v), -EAGAIN);
	assert_int_equal(pgo_chan_len(NULL), 0);
	assert_int_equal(pgo_chan_cap(NULL), 0);
	pgo_chan_free(NULL);
}

static void elements_of_no_size_are_counted(void **state)
{
	struct pgo_chan *c = pgo_chan_make(0, 2);

	(void)state;
	assert_int_equal(pgo_chan_send(c, NULL), 0);
	assert_int_equal(pgo_chan_send(c, NULL), 0);
	assert_int_equal(pgo_chan_trysend(c, NULL), -EAGAIN);
	assert_int_equal(pgo_chan_recv(c, NULL), 0);
	assert_int_equal(pgo_chan_len(c), 1);
	pgo_chan_free(c);
}

/* Sizes around the slab's classes, and beyond them. */
static void elements_of_any_size_arrive_whole(void **state)
{
	static const size_t sizes[] = { 1, 3, 8, 63, 1000, 16384, 1 << 20 };
	static unsigned char in[1 << 20], out[1 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 31 >> 3);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct pgo_chan *c = pgo_chan_make(sizes[i], 2);

		assert_non_null(c);
		memset(out, 0, sizeof(out));
		assert_int_equal(pgo_chan_send(c, in), 0);
		assert_int_equal(pgo_chan_send(c, out), 0);
		assert_int_equal(pgo_chan_recv(c, out), 0);
		assert_memory_equal(in, out, sizes[i]);
		if (sizes[i] < sizeof(out))
			assert_int_equal(out[sizes[i]], 0);
		pgo_chan_free(c);
	}
}

/* Parking ---- */

struct meeting {
	struct pgo_chan *c;
	_Atomic int sent, received;
	int value;
	int rc;
	bool early;
};

static void send_one(void *arg)
{
	struct meeting *m = arg;
	int v = 11;

	pgo_chan_send(m->c, &v);
	m->sent = 1;
}

static void meet(void *arg)
{
	struct meeting *m = arg;

	pgo_go(send_one, m);
	pgo_sleep(SHORT_NS);
	m->early = m->sent;
	m->rc = pgo_chan_recv(m->c, &m->value);
	while (!m->sent)
		pgo_yield();
}

static void an_unbuffered_send_ends_when_it_is_received(void **state)
{
	struct meeting m = { .c = pgo_chan_make(sizeof(int), 0) };

	(void)state;
	on_goroutine(meet, &m);
	assert_false(m.early);
	assert_int_equal(m.rc, 0);
	assert_int_equal(m.value, 11);
	pgo_chan_free(m.c);
}

enum { WAITERS = 100 };

struct queue {
	struct pgo_chan *c;
	_Atomic int waiting, over;
	int order[WAITERS], rc[WAITERS];
	int n;
};

static void wait_in_line(void *arg)
{
	struct queue *q = arg;
	int me = q->waiting++;
	int v = -1;

	q->rc[me] = pgo_chan_recv(q->c, &v);
	q->order[me] = v;
	q->over++;
}

/* Lets them come one after the other: each waits before the next begins. */
static void line_up(struct queue *q, void (*fn)(void *))
{
	for (int i = 0; i < WAITERS; i++) {
		pgo_go(fn, q);
		while (q->waiting <= i)
			pgo_yield();
		pgo_sleep(i % 10 ? 0 : 100000);
	}
	pgo_sleep(SHORT_NS);
}

static void serve_receivers(void *arg)
{
	struct queue *q = arg;

	line_up(q, wait_in_line);
	for (int i = 0; i < WAITERS; i++)
		pgo_chan_send(q->c, &i);
	while (q->over < WAITERS)
		pgo_yield();
}

static void each_receiver_gets_one_and_none_twice(void **state)
{
	struct queue q = { .c = pgo_chan_make(sizeof(int), 0) };
	int seen[WAITERS] = { 0 };

	(void)state;
	on_goroutine(serve_receivers, &q);
	for (int i = 0; i < WAITERS; i++) {
		assert_int_equal(q.rc[i], 0);
		assert_in_range(q.order[i], 0, WAITERS - 1);
		seen[q.order[i]]++;
	}
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(seen[i], 1);
	pgo_chan_free(q.c);
}

static void close_on_receivers(void *arg)
{
	struct queue *q = arg;

	line_up(q, wait_in_line);
	pgo_chan_close(q->c);
	while (q->over < WAITERS)
		pgo_yield();
}

static void close_sends_every_receiver_home_with_zero(void **state)
{
	struct queue q = { .c = pgo_chan_make(sizeof(int), 0) };

	(void)state;
	on_goroutine(close_on_receivers, &q);
	for (int i = 0; i < WAITERS; i++) {
		assert_int_equal(q.rc[i], -EPIPE);
		assert_int_equal(q.order[i], 0);
	}
	pgo_chan_free(q.c);
}

static void send_in_line(void *arg)
{
	struct queue *q = arg;
	int me = q->waiting++;

	pgo_chan_send(q->c, &me);
	q->over++;
}

static void drain(void *arg)
{
	struct queue *q = arg;

	line_up(q, send_in_line);
	q->n = (int)pgo_chan_len(q->c);
	for (int i = 0; i < WAITERS; i++)
		pgo_chan_recv(q->c, &q->order[i]);
	while (q->over < WAITERS)
		pgo_yield();
}

/* The one who is served may still be on its way back when the next comes, but
 * what it sent is in order. */
static void senders_that_wait_refill_a_full_buffer(void **state)
{
	struct queue q = { .c = pgo_chan_make(sizeof(int), 5) };
	int seen[WAITERS] = { 0 };

	(void)state;
	on_goroutine(drain, &q);
	assert_int_equal(q.n, 5);
	for (int i = 0; i < WAITERS; i++)
		seen[q.order[i]]++;
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(pgo_chan_len(q.c), 0);
	pgo_chan_free(q.c);
}

/* On all Ps ---- */

enum { MANY = 8, EACH = 5000 };

struct traffic {
	struct pgo_chan *c;
	struct pgo_waitgroup senders, receivers;
	_Atomic uint64_t sum, count;
};

static void send_many(void *arg)
{
	struct traffic *t = arg;

	for (uint64_t i = 1; i <= EACH; i++)
		pgo_chan_send(t->c, &i);
	pgo_waitgroup_done(&t->senders);
}

static void receive_all(void *arg)
{
	struct traffic *t = arg;
	uint64_t v;

	while (!pgo_chan_recv(t->c, &v)) {
		t->sum += v;
		t->count++;
	}
	pgo_waitgroup_done(&t->receivers);
}

static void let_flow(void *arg)
{
	struct traffic *t = arg;

	pgo_waitgroup_add(&t->senders, MANY);
	pgo_waitgroup_add(&t->receivers, MANY);
	for (int i = 0; i < MANY; i++) {
		pgo_go(receive_all, t);
		pgo_go(send_many, t);
	}
	pgo_waitgroup_wait(&t->senders);
	pgo_chan_close(t->c);
	pgo_waitgroup_wait(&t->receivers);
}

static void all_that_is_sent_arrives_once(void **state)
{
	static const size_t caps[] = { 0, 1, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++) {
		struct traffic t = { .c = pgo_chan_make(8, caps[i]) };

		on_goroutine(let_flow, &t);
		assert_int_equal(t.count, MANY * EACH);
		assert_int_equal(t.sum,
				 (uint64_t)MANY * EACH * (EACH + 1) / 2);
		pgo_chan_free(t.c);
	}
}

/* Other threads, and callbacks ---- */

static void *echo_main(void *arg)
{
	struct pgo_chan **c = arg;
	int v;

	while (!pgo_chan_recv(c[0], &v)) {
		v *= 2;
		pgo_chan_send(c[1], &v);
	}
	return NULL;
}

struct ask {
	struct pgo_chan *c[2];
	int wrong;
};

static void ask_thread(void *arg)
{
	struct ask *a = arg;
	int got;

	for (int i = 0; i < 1000; i++) {
		pgo_chan_send(a->c[0], &i);
		pgo_chan_recv(a->c[1], &got);
		a->wrong += got != 2 * i;
	}
	pgo_chan_close(a->c[0]);
}

static void threads_of_ones_own_send_and_receive(void **state)
{
	struct ask a = { { pgo_chan_make(sizeof(int), 0),
			   pgo_chan_make(sizeof(int), 0) }, 0 };
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, echo_main, a.c);
	on_goroutine(ask_thread, &a);
	pthread_join(thread, NULL);
	assert_int_equal(a.wrong, 0);
	pgo_chan_free(a.c[0]);
	pgo_chan_free(a.c[1]);
}

/* What compare() asks; qsort() has no room for an argument. */
static struct pgo_chan *question, *answer;

static int compare(const void *a, const void *b)
{
	int pair[2] = { *(const int *)a, *(const int *)b };
	int order;

	pgo_chan_send(question, pair);
	pgo_chan_recv(answer, &order);
	return order;
}

static void judge(void *arg)
{
	int pair[2];

	(void)arg;
	while (!pgo_chan_recv(question, pair)) {
		int order = (pair[0] > pair[1]) - (pair[0] < pair[1]);

		pgo_chan_send(answer, &order);
	}
}

static void sort_by_asking(void *arg)
{
	pgo_go(judge, NULL);
	qsort(arg, 64, sizeof(int), compare);
	pgo_chan_close(question);
}

static void a_callback_of_libc_may_park(void **state)
{
	int numbers[64];

	(void)state;
	for (int i = 0; i < 64; i++)
		numbers[i] = i * 29 % 64;
	question = pgo_chan_make(2 * sizeof(int), 0);
	answer = pgo_chan_make(sizeof(int), 0);
	on_goroutine(sort_by_asking, numbers);
	for (int i = 0; i < 64; i++)
		assert_int_equal(numbers[i], i);
	pgo_chan_free(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_buffer_is_first_in_first_out),
		cmocka_unit_test(closed_channel_still_delivers_what_was_sent),
		cmocka_unit_test(sizes_that_overflow_make_no_channel),
		cmocka_unit_test(no_channel_is_never_ready),
		cmocka_unit_test(elements_of_no_size_are_counted),
		cmocka_unit_test(elements_of_any_size_arrive_whole),
		cmocka_unit_test(an_unbuffered_send_ends_when_it_is_received),
		cmocka_unit_test(each_receiver_gets_one_and_none_twice),
		cmocka_unit_test(close_sends_every_receiver_home_with_zero),
		cmocka_unit_test(senders_that_wait_refill_a_full_buffer),
		cmocka_unit_test(all_that_is_sent_arrives_once),
		cmocka_unit_test(threads_of_ones_own_send_and_receive),
		cmocka_unit_test(a_callback_of_libc_may_park),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
