/*
 * libcburn - four goroutines burn CPU for SECONDS: half in own code, half in
 * qsort() and snprintf(); then prints the CPU seconds that took, of the threads
 * that run goroutines.
 *
 * usage: libcburn SECONDS [PROFILE]   PROFILE: by pgo_cpuprofile_start()
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pgo/pgo.h>

static double seconds;
static int profile_fd = -1;
static struct pgo_waitgroup workers;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static void own_code(void)
{
	volatile unsigned long sink = 0;

	for (unsigned long i = 0; i < 400000; i++)
		sink += i * i;
}

__attribute__((noinline)) static void libc_code(void)
{
	volatile unsigned long sink = 0;
	char text[200];
	int v[400];

	for (int round = 0; round < 12; round++) {
		for (int i = 0; i < 400; i++)
			v[i] = (i * 7919 + round) % 400;
		qsort(v, 400, sizeof(v[0]), compare);
		for (int i = 0; i < 60; i++)
			snprintf(text, sizeof(text), "%d %s %f", i, "x",
				 i * 1.5);
		sink += strlen(text);
	}
}

static void worker(void *arg)
{
	double end = now() + seconds;

	(void)arg;
	while (now() < end) {
		own_code();
		libc_code();
	}
	pgo_waitgroup_done(&workers);
}

/* What /proc/self/task/TID/FILE says behind KEY; 0 when it is gone. */
static uint64_t task(const char *tid, const char *file, const char *key,
		     int base)
{
	char path[300], text[4096];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/%s", tid, file);
	f = fopen(path, "r");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = 0;
	return strstr(text, key) ?
	       strtoull(strstr(text, key) + strlen(key), NULL, base) : 0;
}

/* Not the runtime's own threads: they block SIGPROF. */
static double cpu_seconds(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *t;
	uint64_t ns = 0;

	while (tasks && (t = readdir(tasks)))
		if (t->d_name[0] != '.' &&
		    !(task(t->d_name, "status", "SigBlk:", 16) >>
		      (SIGPROF - 1) & 1))
			ns += task(t->d_name, "schedstat", "", 10);
	if (tasks)
		closedir(tasks);
	return (double)ns * 1e-9;
}

static void entry(void *arg)
{
	double before;

	(void)arg;
	if (profile_fd >= 0 && pgo_cpuprofile_start(profile_fd, 500))
		exit(3);
	if (profile_fd >= 0 && !pgo_cpuprofile_start(profile_fd, 500))
		exit(4);
	before = cpu_seconds();
	pgo_waitgroup_add(&workers, 4);
	for (int i = 0; i < 4; i++)
		pgo_go(worker, NULL);
	pgo_waitgroup_wait(&workers);
	printf("%.6f\n", cpu_seconds() - before);
	if (profile_fd >= 0 && pgo_cpuprofile_stop())
		exit(5);
}

int main(int argc, char **argv)
{
	int rc;

	if (argc < 2)
		return 2;
	seconds = atof(argv[1]);
	if (argc > 2)
		profile_fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	/* The last worker may be on its way out still. */
	rc = pgo_run(entry, NULL);
	return rc && rc != -EBUSY;
}
