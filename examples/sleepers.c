/*
 * sleepers - ten goroutines asleep for 5 s in a program of 10 s.
 *
 * usage: sleepers
 *
 * Counts by itself who is asleep, so that what is seen from outside can be
 * held against it: SCHEDTRACE=1000,gs sleepers.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

enum { SLEEPERS = 10, ASLEEP_S = 5, PROGRAM_S = 10 };

#define SECOND_NS 1000000000LL

static _Atomic int asleep;

static void sleeper(void *arg)
{
	(void)arg;
	atomic_fetch_add(&asleep, 1);
	pgo_sleep(ASLEEP_S * SECOND_NS);
	atomic_fetch_sub(&asleep, 1);
}

static void watch(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < SLEEPERS; i++) {
		if (pgo_go(sleeper, NULL) < 0) {
			fprintf(stderr, "sleepers: no memory for a "
				"goroutine\n");
			exit(1);
		}
	}
	/* Half a second in, for nobody changes sides then. */
	pgo_sleep(SECOND_NS / 2);
	for (i = 0; i < PROGRAM_S; i++) {
		printf("%2d s: %d asleep, %lld goroutines\n", i,
		       atomic_load(&asleep), (long long)pgo_numgoroutine());
		fflush(stdout);
		pgo_sleep(i + 1 < PROGRAM_S ? SECOND_NS : SECOND_NS / 2);
	}
}

int main(int argc, char **argv)
{
	int rc, help;

	if (argc > 1) {
		help = !strcmp(argv[1], "--help");
		fprintf(help ? stdout : stderr, "usage: sleepers\n"
			"ten goroutines sleep for 5 s in a program of 10 s\n");
		return help ? 0 : 2;
	}
	rc = pgo_run(watch, NULL);
	if (rc < 0)
		fprintf(stderr, "sleepers: pgo_run: %s\n", strerror(-rc));
	return rc < 0;
}
