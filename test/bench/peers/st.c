/*
 * st - what ops.c measures, by State Threads: one thread, CPU time.
 *
 * usage: st OP [N]
 *
 * It has no channels: those of one element here are made of its condition
 * variables.  Its yield is a sleep of no time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <st.h>

enum { RING = 503, STACK_BYTES = 16384 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static st_thread_t begin(void *(*fn)(void *), void *arg)
{
	st_thread_t t = st_thread_create(fn, arg, 1, STACK_BYTES);

	if (!t)
		abort();
	return t;
}

static void *yield_often(void *arg)
{
	for (long i = *(long *)arg / 2; i; i--)
		st_usleep(0);
	return NULL;
}

static void yield(long n)
{
	st_thread_t a = begin(yield_often, &n), b = begin(yield_often, &n);

	st_thread_join(a, NULL);
	st_thread_join(b, NULL);
}

static void *nothing(void *arg)
{
	return arg;
}

static void spawn(long n)
{
	while (n--)
		st_thread_join(begin(nothing, NULL), NULL);
}

struct chan {
	st_cond_t changed;
	int full;
	long v;
};

static void make(struct chan *c)
{
	c->changed = st_cond_new();
}

static void put(struct chan *c, long v)
{
	while (c->full)
		st_cond_wait(c->changed);
	c->v = v;
	c->full = 1;
	st_cond_signal(c->changed);
}

static long get(struct chan *c)
{
	while (!c->full)
		st_cond_wait(c->changed);
	c->full = 0;
	st_cond_signal(c->changed);
	return c->v;
}

struct pair {
	struct chan *in, *out;
	long n;
};

static void *hand_on(void *arg)
{
	struct pair *p = arg;

	for (long i = 0; i < p->n; i++)
		put(p->out, get(p->in));
	return NULL;
}

static void pingpong(long n)
{
	static struct chan there, back;
	struct pair p = { &there, &back, n };
	st_thread_t other;

	make(&there);
	make(&back);
	other = begin(hand_on, &p);
	while (n--) {
		put(&there, n);
		get(&back);
	}
	st_thread_join(other, NULL);
}

static void ring(long n)
{
	static struct chan c[RING];
	static struct pair p[RING];
	static st_thread_t t[RING];
	long rounds = n / RING + 1;

	for (int i = 0; i < RING; i++)
		make(&c[i]);
	for (int i = 1; i < RING; i++) {
		p[i] = (struct pair){ &c[i], &c[(i + 1) % RING], rounds };
		t[i] = begin(hand_on, &p[i]);
	}
	for (long i = 0; i < rounds; i++) {
		put(&c[1], i);
		get(&c[0]);
	}
	for (int i = 1; i < RING; i++)
		st_thread_join(t[i], NULL);
}

static void *nap(void *arg)
{
	st_usleep(100000);
	return arg;
}

static void sleepers(long n)
{
	st_thread_t *t = calloc((size_t)n, sizeof(*t));

	if (!t)
		abort();
	for (long i = 0; i < n; i++)
		t[i] = begin(nap, NULL);
	for (long i = 0; i < n; i++)
		st_thread_join(t[i], NULL);
	free(t);
}

static const struct {
	const char *name;
	void (*run)(long n);
	long n;
} ops[] = {
	{ "yield", yield, 1000000 },
	{ "spawn", spawn, 400000 },
	{ "pingpong", pingpong, 500000 },
	{ "ring", ring, 1000000 },
	{ "sleepers", sleepers, 20000 },
};

int main(int argc, char **argv)
{
	st_init();
	for (size_t i = 0; argc > 1 && i < sizeof(ops) / sizeof(*ops); i++) {
		double at;
		long n;

		if (strcmp(ops[i].name, argv[1]))
			continue;
		n = argc > 2 ? atol(argv[2]) : ops[i].n;
		at = now();
		ops[i].run(n);
		printf("%s %.1f\n", ops[i].name, (now() - at) / (double)n);
		return 0;
	}
	return 2;
}
