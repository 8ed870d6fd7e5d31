/*
 * ends - goroutine 1 returns while another
 *
 *   ends late       has something left to do then, 2 ms
 *   ends waits      waits for ever
 *   ends spins      runs for ever
 *
 * Prints what pgo_run() returned, and how many ms after goroutine 1.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <pgo/pgo.h>

static struct pgo_waitgroup said_so;
static _Atomic int64_t returned_ns;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void work_until(int64_t end_ns)
{
	while (now_ns() < end_ns)
		;
}

static void late(void *arg)
{
	(void)arg;
	pgo_waitgroup_done(&said_so);
	while (!returned_ns)
		pgo_yield();
	work_until(now_ns() + 2000000);
}

static void waits(void *arg)
{
	(void)arg;
	pgo_waitgroup_done(&said_so);
	pgo_chan_recv(NULL, NULL);
}

static void spins(void *arg)
{
	(void)arg;
	pgo_waitgroup_done(&said_so);
	work_until(INT64_MAX);
}

static void entry(void *way)
{
	pgo_waitgroup_add(&said_so, 1);
	pgo_go(!strcmp(way, "late") ? late :
	       !strcmp(way, "waits") ? waits : spins, NULL);
	pgo_waitgroup_wait(&said_so);
	returned_ns = now_ns();
}

int main(int argc, char **argv)
{
	int rc;

	if (argc != 2)
		return 2;
	rc = pgo_run(entry, argv[1]);
	printf("%s after %" PRId64 " ms\n", rc ? strerror(-rc) : "well",
	       (now_ns() - returned_ns) / 1000000);
	return 0;
}
