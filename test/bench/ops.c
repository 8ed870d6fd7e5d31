/*
 * ops - what each operation of goroutines costs: CPU time of the process.
 *
 * usage: ops [OP [N]]
 *
 * Without OP all of them, a line each; test/bench/go/ops does the same in Go,
 * test/bench/peers in other libraries of C, and compare.py runs them by turns.
 * One P unless GOMAXPROCS says otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

enum { RING = 503, ROOM = 128, SKY = 10, PRIMES = 1000 };

static struct pgo_waitgroup done;

static struct pgo_chan *make(size_t cap)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(long), cap);

	if (!c)
		abort();
	return c;
}

static void go(void (*fn)(void *), void *arg)
{
	if (pgo_go(fn, arg) < 0)
		abort();
}

/* Memory ------------------------------------------------------------------ */

static void malloc_pair(long n)
{
	while (n--)
		pgo_free(pgo_malloc(64));
}

static void malloc_batch(long n)
{
	void *p[100];

	for (n /= 100; n; n--) {
		for (int i = 0; i < 100; i++)
			p[i] = pgo_malloc(64);
		for (int i = 0; i < 100; i++)
			pgo_free(p[i]);
	}
}

/* Switches ---------------------------------------------------------------- */

static void yield_often(void *arg)
{
	for (long i = *(long *)arg / 2; i; i--)
		pgo_yield();
	pgo_waitgroup_done(&done);
}

static void yield(long n)
{
	pgo_waitgroup_add(&done, 2);
	go(yield_often, &n);
	go(yield_often, &n);
	pgo_waitgroup_wait(&done);
}

static void nothing(void *arg)
{
	(void)arg;
	pgo_waitgroup_done(&done);
}

static void spawn(long n)
{
	while (n--) {
		pgo_waitgroup_add(&done, 1);
		go(nothing, NULL);
		pgo_waitgroup_wait(&done);
	}
}

/* Channels ---------------------------------------------------------------- */

struct pair {
	struct pgo_chan *in, *out;
	long n;
};

/* Hands N values on. */
static void hand_on(void *arg)
{
	struct pair *p = arg;
	long v;

	for (long i = p->n; i; i--) {
		pgo_chan_recv(p->in, &v);
		pgo_chan_send(p->out, &v);
	}
	pgo_waitgroup_done(&done);
}

static void pingpong(long n)
{
	struct pair p = { make(0), make(0), n };

	pgo_waitgroup_add(&done, 1);
	go(hand_on, &p);
	for (long i = 0; i < n; i++) {
		pgo_chan_send(p.in, &i);
		pgo_chan_recv(p.out, &i);
	}
	pgo_waitgroup_wait(&done);
	pgo_chan_free(p.in);
	pgo_chan_free(p.out);
}

/* N hops in all. */
static void ring(long n)
{
	static struct pair p[RING];
	long rounds = n / RING + 1, v = 0;

	for (int i = 0; i < RING; i++)
		p[i] = (struct pair){ .in = make(0), .n = rounds };
	pgo_waitgroup_add(&done, RING - 1);
	for (int i = 1; i < RING; i++) {
		p[i].out = p[(i + 1) % RING].in;
		go(hand_on, &p[i]);
	}
	for (long i = 0; i < rounds; i++) {
		pgo_chan_send(p[1].in, &v);
		pgo_chan_recv(p[0].in, &v);
	}
	pgo_waitgroup_wait(&done);
	for (int i = 0; i < RING; i++)
		pgo_chan_free(p[i].in);
}

static void produce(void *arg)
{
	struct pair *p = arg;

	for (long i = 0; i < p->n; i++)
		pgo_chan_send(p->in, &i);
}

static void buffered(long n)
{
	struct pair p = { .in = make(ROOM), .n = n };
	long v;

	go(produce, &p);
	while (n--)
		pgo_chan_recv(p.in, &v);
	pgo_yield();
	pgo_chan_free(p.in);
}

/* Receives N values by a select on CASES channels, from a goroutine that sends
 * to the first. */
static void select_of(long n, int cases)
{
	struct pair p = { .in = make(0), .n = n };
	struct pgo_case c[8] = { { .chan = p.in, .dir = PGO_RECV } };
	long v;

	c[0].elem = &v;
	for (int i = 1; i < cases; i++)
		c[i] = (struct pgo_case){ make(0), PGO_RECV, &v, 0 };
	go(produce, &p);
	while (n--)
		pgo_select(c, cases, 0);
	pgo_yield();
	for (int i = 0; i < cases; i++)
		pgo_chan_free(c[i].chan);
}

static void select2(long n)
{
	select_of(n, 2);
}

static void select6(long n)
{
	select_of(n, 6);
}

/* Whole programs ---------------------------------------------------------- */

static void generate(void *arg)
{
	for (long i = 2;; i++)
		pgo_chan_send(arg, &i);
}

struct filter {
	struct pgo_chan *in, *out;
	long prime;
};

static void filter(void *arg)
{
	struct filter f = *(struct filter *)arg;
	long i;

	free(arg);
	for (;;) {
		pgo_chan_recv(f.in, &i);
		if (i % f.prime)
			pgo_chan_send(f.out, &i);
	}
}

/* The first N primes. */
static void sieve(long n)
{
	struct pgo_chan *c = make(0);
	long prime = 0;

	go(generate, c);
	while (n--) {
		struct filter *f = malloc(sizeof(*f));

		pgo_chan_recv(c, &prime);
		*f = (struct filter){ c, make(0), prime };
		go(filter, f);
		c = f->out;
	}
}

struct sky {
	struct pgo_chan *up;
	long first, size;
};

static void skynet(void *arg)
{
	struct sky *me = arg;
	struct sky below[SKY];
	struct pgo_chan *c;
	long sum = 0, v;

	if (me->size == 1) {
		pgo_chan_send(me->up, &me->first);
		return;
	}
	c = make(0);
	for (int i = 0; i < SKY; i++) {
		below[i] = (struct sky){ c, me->first + i * (me->size / SKY),
					 me->size / SKY };
		go(skynet, &below[i]);
	}
	for (int i = 0; i < SKY; i++) {
		pgo_chan_recv(c, &v);
		sum += v;
	}
	pgo_chan_free(c);
	pgo_chan_send(me->up, &sum);
}

/* N leaves, a power of ten. */
static void sky(long n)
{
	struct sky root = { make(1), 0, n };
	long sum;

	go(skynet, &root);
	pgo_chan_recv(root.up, &sum);
	if (sum != n * (n - 1) / 2)
		abort();
	pgo_chan_free(root.up);
}

/* Calls into C ------------------------------------------------------------ */

static volatile int sink;

/* An empty string of which the compiler knows nothing. */
static inline const char *empty(void)
{
	const char *s = "";

	__asm__ volatile("" : "+r"(s));
	return s;
}

static void call(long n)
{
	while (n--)
		sink = strcasecmp(empty(), empty());
}

static void syscall_often(long n)
{
	while (n--)
		sink = (int)getpgrp();
}

/* The same where a thunk is a jump. */
static void call_in_c(long n)
{
	pgo_sys((void *)call, n);
}

static void syscall_in_c(long n)
{
	pgo_sys((void *)syscall_often, n);
}

static void *return_it(void *arg)
{
	return arg;
}

static void blocking(long n)
{
	while (n--)
		pgo_blocking(return_it, NULL);
}

/* Others ------------------------------------------------------------------ */

static void nap(void *arg)
{
	(void)arg;
	pgo_sleep(100000000);
	pgo_waitgroup_done(&done);
}

static void sleepers(long n)
{
	pgo_waitgroup_add(&done, (int)n);
	for (long i = 0; i < n; i++)
		go(nap, NULL);
	pgo_waitgroup_wait(&done);
}

static void mutex(long n)
{
	struct pgo_mutex m = { 0 };

	while (n--) {
		pgo_mutex_lock(&m);
		pgo_mutex_unlock(&m);
	}
}

static __attribute__((noipa)) long descend(long n)
{
	volatile long pad[8];

	pad[n & 7] = n;
	return n ? descend(n - 1) + pad[n & 7] : 0;
}

static void descend_once(void *arg)
{
	descend(*(long *)arg);
	pgo_waitgroup_done(&done);
}

/* N frames, on a stack that has none yet. */
static void descent(long n)
{
	pgo_waitgroup_add(&done, 1);
	go(descend_once, &n);
	pgo_waitgroup_wait(&done);
}

/* ------------------------------------------------------------------------- */

static const struct op {
	const char *name;
	void (*run)(long n);
	long n;
} ops[] = {
	{ "yield", yield, 4000000 },
	{ "spawn", spawn, 2000000 },
	{ "pingpong", pingpong, 1000000 },
	{ "ring", ring, 2000000 },
	{ "buffered", buffered, 10000000 },
	{ "select2", select2, 1000000 },
	{ "select6", select6, 1000000 },
	{ "mutex", mutex, 10000000 },
	{ "sieve", sieve, PRIMES },
	{ "skynet", sky, 1000000 },
	{ "sleepers", sleepers, 100000 },
	{ "descent", descent, 1000000 },
	{ "call", call, 20000000 },
	{ "callplain", call_in_c, 20000000 },
	{ "syscall", syscall_often, 4000000 },
	{ "syscallplain", syscall_in_c, 4000000 },
	{ "blocking", blocking, 200000 },
	{ "malloc", malloc_pair, 20000000 },
	{ "malloc100", malloc_batch, 20000000 },
};

enum { OPS = sizeof(ops) / sizeof(*ops) };

static struct op asked;

static void measure(void *arg)
{
	int64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	(void)arg;
	asked.run(asked.n);
	printf("%s %.1f\n", asked.name,
	       (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) /
		       (double)asked.n);
}

static const struct op *find(const char *name)
{
	for (size_t i = 0; i < OPS; i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

/* Each in a process of its own: pgo_run() is there once. */
static int run_all(const char *self)
{
	char command[512];
	int rc = 0;

	for (size_t i = 0; i < OPS; i++) {
		snprintf(command, sizeof(command), "'%s' %s", self,
			 ops[i].name);
		rc |= system(command);
	}
	return rc != 0;
}

int main(int argc, char **argv)
{
	const struct op *op;
	int rc;

	if (argc == 1)
		return run_all(argv[0]);
	op = find(argv[1]);
	if (op)
		asked = *op;
	if (op && argc > 2)
		asked.n = atol(argv[2]);
	if (asked.n <= 0) {
		fprintf(stderr, "usage: ops [OP [N]], OP one of");
		for (size_t i = 0; i < OPS; i++)
			fprintf(stderr, " %s", ops[i].name);
		fprintf(stderr, "\n");
		return 2;
	}
	setenv("GOMAXPROCS", "1", 0);
	rc = pgo_run(measure, NULL);
	return rc && rc != -EBUSY;
}
