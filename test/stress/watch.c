#include "test/stress/watch.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { PATIENCE_S = 30 };

_Atomic long watch_progress;

static void *watch(void *arg)
{
	long seen = -1;
	int still = 0;

	(void)arg;
	for (;;) {
		long now = atomic_load(&watch_progress);

		still = now == seen ? still + 1 : 0;
		seen = now;
		if (still == PATIENCE_S)
			break;
		sleep(1);
	}
	fprintf(stderr, "hammer: nothing went on for %d s\n", PATIENCE_S);
	pgo_debug_dump(STDERR_FILENO);
	_exit(1);
}

void watch_begin(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, watch, NULL) ||
	    pthread_detach(thread))
		abort();
}

int watch_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -3;             /* ".", "..", and its own */

	if (!d)
		abort();
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

long watch_resident_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (!f || fscanf(f, "%*d %ld", &pages) != 1)
		abort();
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}
