/*
 * ends - goroutine 1 returns while another
 *
 *   ends late       has something left to do then, 2 ms
 *   ends waits      waits for ever
 *   ends spins      runs for ever
 *   ends hogs       begins then, and runs for ever in a loop without calls
 *   ends calls      begins then, and calls into C for 2 s
 *
 * Prints what pgo_run() returned, and how many ms after goroutine 1.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

static struct pgo_waitgroup said_so;
static _Atomic int64_t returned_ns;
static volatile long turns;

static void work_until(int64_t end_ns)
{
	while (clock_mono_ns() < end_ns)
		;
}

static void late(void *arg)
{
	(void)arg;
	pgo_waitgroup_done(&said_so);
	while (!returned_ns)
		pgo_yield();
	work_until(clock_mono_ns() + 2000000);
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

static void hogs(void *arg)
{
	(void)arg;
	for (;;)
		turns++;
}

static void *work_in_c(void)
{
	work_until(clock_mono_ns() + 2000000000);
	return NULL;
}

static void calls(void *arg)
{
	(void)arg;
	pgo_sys(work_in_c);
}

static const struct {
	const char *name;
	void (*fn)(void *);
	bool begins;            /* before goroutine 1 returns */
	int n;
} ways[] = {
	{ "late", late, true, 1 }, { "waits", waits, true, 1 },
	{ "spins", spins, true, 1 }, { "hogs", hogs, false, 4 },
	{ "calls", calls, false, 4 },
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static void entry(void *name)
{
	size_t way = 0;

	while (way < WAYS - 1 && strcmp(ways[way].name, name))
		way++;
	pgo_waitgroup_add(&said_so, ways[way].begins);
	for (int i = 0; i < ways[way].n; i++)
		pgo_go(ways[way].fn, NULL);
	pgo_waitgroup_wait(&said_so);
	returned_ns = clock_mono_ns();
}

int main(int argc, char **argv)
{
	int rc;

	if (argc != 2)
		return 2;
	rc = pgo_run(entry, argv[1]);
	printf("%s after %" PRId64 " ms\n", rc ? strerror(-rc) : "well",
	       (clock_mono_ns() - returned_ns) / 1000000);
	return 0;
}
