/*
 * fib - Fibonacci numbers, and how deep a goroutine can go.
 *
 * usage: fib [N | --depth FRAMES]
 *
 * fib(N) by recursion and by a loop; or FRAMES calls deep in a goroutine, each
 * frame writing a pattern that it checks on the way back, with a second's rest
 * at the bottom and at the end for those who look at its stack.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

static long n = 30, frames, good;
static struct pgo_waitgroup done;

static __attribute__((noipa)) long recursive(long i)
{
	return i < 2 ? i : recursive(i - 1) + recursive(i - 2);
}

static long iterative(long i)
{
	long a = 0, b = 1;

	for (; i > 0; i--)
		b += a, a = b - a;
	return a;
}

static void rest(const char *where)
{
	printf("%s\n", where);
	fflush(stdout);
	pgo_sleep(1000000000);
}

/* Goes down LEFT frames; how many of them came back unharmed. */
static __attribute__((noipa)) long descend(long left)
{
	volatile uint64_t pattern[4];
	uint64_t key = (uint64_t)left * 0x9e3779b97f4a7c15u;
	long whole = 1, below = 0;
	int i;

	for (i = 0; i < 4; i++)
		pattern[i] = key + (uint64_t)i;
	if (left > 1)
		below = descend(left - 1);
	else
		rest("bottom");
	for (i = 0; i < 4; i++)
		whole &= pattern[i] == key + (uint64_t)i;
	return below + whole;
}

static void deep(void *arg)
{
	(void)arg;
	good = descend(frames);
	rest("back");
	printf("%ld of %ld frames came back unharmed\n", good, frames);
	pgo_waitgroup_done(&done);
}

static void start(void *arg)
{
	(void)arg;
	pgo_waitgroup_add(&done, frames > 0);
	if (!frames)
		printf("fib(%ld) = %ld by recursion, %ld by a loop\n", n,
		       recursive(n), iterative(n));
	else if (pgo_go(deep, NULL) > 0)
		pgo_waitgroup_wait(&done);
}

int main(int argc, char **argv)
{
	int rc, deeper = argc == 3 && !strcmp(argv[1], "--depth");
	int help = argc == 2 && !strcmp(argv[1], "--help");
	char *end = NULL;

	if (argc > 1)
		*(deeper ? &frames : &n) = strtol(argv[argc - 1], &end, 10);
	if (help || (argc > 1 && (*end || !*argv[argc - 1])) || n < 0 ||
	    n > 45 || argc > 2 + deeper || frames < deeper) {
		fprintf(help ? stdout : stderr,
			"usage: fib [N | --depth FRAMES]    N: 0 to 45\n");
		return help ? 0 : 2;
	}
	rc = pgo_run(start, NULL);
	if (rc && rc != -EBUSY)
		fprintf(stderr, "fib: pgo_run: %s\n", strerror(-rc));
	return (rc && rc != -EBUSY) || good != frames;
}
