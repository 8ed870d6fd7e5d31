/*
 * One goroutine waits in C, or runs on and on, on a single processor: how many
 * turns another has meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { BUSY_MS = 200, STEPS = 400 * 1000 * 1000 };

static int ends[2];
static _Atomic long turns;
static _Atomic int over;

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Takes turns; after some it lets who reads go on. */
static void other(void *arg)
{
	(void)arg;
	while (!over) {
		turns++;
		if (turns == 1000 && write(ends[1], "x", 1) != 1)
			abort();
		pgo_yield();
	}
}

__attribute__((noinline)) static long called(long n)
{
	__asm__ volatile("");
	return n + 1;
}

static void in_libc(void)
{
	char c;

	if (read(ends[0], &c, 1) != 1)
		abort();
}

/* A hundred ms and more, and no call into C. */
static void call(void)
{
	for (long i = 0; i < STEPS;)
		i = called(i);
}

static void poll(void)
{
	for (long i = 0; i < STEPS; i++)
		if (!(i & 0xfff))
			pgo_poll();
}

static void call_libc(void)
{
	static size_t (*volatile length)(const char *) = strlen;
	long until = now_ms() + BUSY_MS;

	while (now_ms() < until)
		for (int i = 0; i < 1000; i++)
			if (length("text") != 4)
				abort();
}

static void run(void *arg)
{
	const char *what = arg;

	if (pipe(ends))
		abort();
	pgo_go(other, NULL);
	if (!strcmp(what, "waits"))
		in_libc();
	else if (!strcmp(what, "calls"))
		call();
	else if (!strcmp(what, "libc"))
		call_libc();
	else if (!strcmp(what, "polls"))
		poll();
	printf("%ld\n", (long)turns);
	over = 1;
}

int main(int argc, char **argv)
{
	return argc < 2 || pgo_run(run, argv[1]) == -EALREADY;
}
