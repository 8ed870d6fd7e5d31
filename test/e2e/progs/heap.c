/*
 * heap - memory from two places, three quarters of it from one, and half of
 * that freed again; in 64-byte objects and in large ones.  Waits to be killed.
 */
#include <stdio.h>
#include <stdlib.h>

#include <pgo/pgo.h>

enum { MB = 1 << 20, SMALL = 64 };

static __attribute__((noinline)) void *keep_little(size_t bytes)
{
	void *p = pgo_malloc(bytes);

	if (!p)
		abort();
	return p;
}

static __attribute__((noinline)) void *keep_much(size_t bytes)
{
	void *p = pgo_calloc(1, bytes);

	if (!p)
		abort();
	return p;
}

/* Of each four objects one is kept by one, one by the other. */
static void fill(size_t bytes, size_t all)
{
	for (size_t i = 0; i < all / bytes; i += 4) {
		keep_little(bytes);
		keep_much(bytes);
		pgo_free(keep_much(bytes));
		pgo_free(keep_much(bytes));
	}
}

static void work(void *arg)
{
	fill(SMALL, 64 * MB);
	fill(100000, 64 * MB);
	pgo_waitgroup_done(arg);
}

static void start(void *arg)
{
	struct pgo_waitgroup done = { 0 };

	(void)arg;
	pgo_waitgroup_add(&done, 1);
	pgo_go(work, &done);
	pgo_waitgroup_wait(&done);
	puts("filled");
	fflush(stdout);
	pgo_sleep(60000000000);
}

int main(void)
{
	return pgo_run(start, NULL);
}
