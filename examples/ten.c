/*
 * ten - ten goroutines, on four Ps, each prints a line and sleeps a second.
 *
 * usage: ten
 *
 * All is over after one second, not ten.  GOMAXPROCS=1 ten: the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

enum { GOROUTINES = 10 };

static struct pgo_waitgroup done;

static void work(void *arg)
{
	int *number = arg;

	printf("goroutine %d: at work\n", *number);
	pgo_sleep(1000000000);
	pgo_waitgroup_done(&done);
}

static void start(void *arg)
{
	int numbers[GOROUTINES];
	int i;

	(void)arg;
	pgo_waitgroup_add(&done, GOROUTINES);
	for (i = 0; i < GOROUTINES; i++) {
		numbers[i] = i + 1;
		if (pgo_go(work, &numbers[i]) < 0) {
			fprintf(stderr, "ten: no memory for a goroutine\n");
			exit(1);
		}
	}
	pgo_waitgroup_wait(&done);
	printf("all done, on %d Ps\n", pgo_gomaxprocs(0));
}

int main(int argc, char **argv)
{
	int rc, help;

	if (argc > 1) {
		help = !strcmp(argv[1], "--help");
		fprintf(help ? stdout : stderr, "usage: ten\n"
			"ten goroutines print a line and sleep a second\n");
		return help ? 0 : 2;
	}
	setenv("GOMAXPROCS", "4", 0);
	rc = pgo_run(start, NULL);
	if (rc < 0 && rc != -EBUSY)
		fprintf(stderr, "ten: pgo_run: %s\n", strerror(-rc));
	return rc < 0 && rc != -EBUSY;
}
