/*
 * bigframe - arrays of a megabyte as locals, in a hundred goroutines at once.
 *
 * usage: bigframe [GOROUTINES]
 *
 * Each sorts a quarter of a million numbers in two arrays that are plain local
 * variables.  Threads would need stacks of more than 2 MiB all their lives.  A
 * goroutine begins with 2 KiB, the call of sort() gives it what that takes, and
 * a second or two later it is gone again, as the memory in use printed shows.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

enum { NUMBERS = 262144, RADIX = 256 };

/* Those that come, and two gates. */
static struct pgo_waitgroup inside, sorted, go_on, leave;
static long wrong;

static void say(const char *when)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (f && fscanf(f, "%*d %ld", &pages) == 1 && !fclose(f))
		printf("%-8s %6ld MiB\n", when, pages / 256);
}

/* By one byte after the other, from A to B and back. */
static void sort(uint32_t seed)
{
	uint32_t a[NUMBERS], b[NUMBERS];

	for (int i = 0; i < NUMBERS; i++)
		a[i] = seed = seed * 1664525 + 1013904223;
	pgo_waitgroup_done(&inside);
	pgo_waitgroup_wait(&go_on);
	for (int shift = 0; shift < 32; shift += 8) {
		int at[RADIX + 1] = { 0 };

		for (int i = 0; i < NUMBERS; i++)
			at[(a[i] >> shift & 255) + 1]++;
		for (int i = 0; i < RADIX; i++)
			at[i + 1] += at[i];
		for (int i = 0; i < NUMBERS; i++)
			b[at[a[i] >> shift & 255]++] = a[i];
		memcpy(a, b, sizeof(a));
	}
	for (int i = 1; i < NUMBERS; i++)
		if (a[i - 1] > a[i])
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void sorter(void *arg)
{
	sort((uint32_t)(uintptr_t)arg);
	pgo_waitgroup_done(&sorted);
	pgo_waitgroup_wait(&leave);
}

static void first(void *arg)
{
	int n = *(int *)arg;

	say("before");
	pgo_waitgroup_add(&inside, n);
	pgo_waitgroup_add(&sorted, n);
	pgo_waitgroup_add(&go_on, 1);
	pgo_waitgroup_add(&leave, 1);
	for (int i = 1; i <= n; i++)
		pgo_go(sorter, (void *)(uintptr_t)i);
	pgo_waitgroup_wait(&inside);
	say("inside");
	pgo_waitgroup_done(&go_on);
	pgo_waitgroup_wait(&sorted);
	pgo_sleep(3000000000);
	say("sorted");
}

int main(int argc, char **argv)
{
	int help = argc == 2 && !strcmp(argv[1], "--help");
	int n = argc == 2 ? atoi(argv[1]) : 100;

	if (help || argc > 2 || n < 1 || n > 1000) {
		fprintf(help ? stdout : stderr,
			"usage: bigframe [GOROUTINES]    1 to 1000\n");
		return help ? 0 : 2;
	}
	pgo_run(first, &n);
	if (wrong)
		fprintf(stderr, "bigframe: %ld are out of order\n", wrong);
	return wrong != 0;
}
