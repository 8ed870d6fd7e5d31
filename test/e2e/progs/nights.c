/*
 * nights - many goroutines asleep at once, each until a time of its own.
 *
 * usage: nights N
 *
 * All N are made first and go to bed together, to be asleep before the first is
 * to wake; then they wake every 5 us, in an order that has nothing to do with
 * that of going to sleep.  Twice, for what the first night has taken must
 * do for the second.  A line says what came of it: how many woke too early, by
 * how many ms one woke behind somebody that was due later, in the last night,
 * and KiB resident in both.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

#define MS_NS INT64_C(1000000)

enum { NIGHTS = 2, PRIME = 7919, EACH_NS = 5000 };

static struct {
	long n;
	int64_t dawn_ns;                /* the first is due */
	struct pgo_chan *evening;
	_Atomic long next, in_bed, late, early;
	_Atomic int64_t last_ns;        /* who was due latest of those awake */
	_Atomic int64_t behind_ns;
	struct pgo_waitgroup all;
} night;

static void more(_Atomic int64_t *most, int64_t value)
{
	int64_t seen = atomic_load(most);

	while (seen < value &&
	       !atomic_compare_exchange_weak(most, &seen, value))
		;
}

static void sleeper(void *arg)
{
	int64_t turn = atomic_fetch_add(&night.next, 1) * PRIME % night.n;
	int64_t due, now;

	(void)arg;
	pgo_chan_recv(night.evening, NULL);
	due = night.dawn_ns + turn * EACH_NS;
	now = clock_mono_ns();
	if (now >= night.dawn_ns)
		atomic_fetch_add(&night.late, 1);
	atomic_fetch_add(&night.in_bed, 1);
	pgo_sleep(due - now);
	if (clock_mono_ns() < due)
		atomic_fetch_add(&night.early, 1);
	more(&night.behind_ns, atomic_load(&night.last_ns) - due);
	more(&night.last_ns, due);
	pgo_waitgroup_done(&night.all);
}

static long resident_kib(void)
{
	long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f || fscanf(f, "%ld %ld", &pages, &resident) != 2)
		abort();
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Until all have woken.  KiB resident while all slept. */
static long sleep_through(int64_t dusk_ns)
{
	long kib;

	night.next = night.in_bed = night.late = night.last_ns = 0;
	night.evening = pgo_chan_make(1, 0);
	pgo_waitgroup_add(&night.all, (int)night.n);
	for (long i = 0; i < night.n; i++)
		if (pgo_go(sleeper, NULL) < 0)
			abort();
	while (atomic_load(&night.next) < night.n)
		pgo_sleep(MS_NS);
	night.dawn_ns = clock_mono_ns() + dusk_ns;
	pgo_chan_close(night.evening);
	while (atomic_load(&night.in_bed) < night.n)
		pgo_sleep(MS_NS);
	kib = resident_kib();
	pgo_waitgroup_wait(&night.all);
	pgo_chan_free(night.evening);
	return kib;
}

/* A night for which somebody was late does not count. */
static void sleep_all(void *arg)
{
	int64_t dusk_ns = 200 * MS_NS + 2000 * night.n;
	long kib[NIGHTS];

	(void)arg;
	for (int i = 0; i < NIGHTS; i += !night.late) {
		night.behind_ns = 0;
		kib[i] = sleep_through(dusk_ns);
		if (night.late)
			dusk_ns *= 2;
	}
	printf("%ld early, %ld ms behind, %ld then %ld KiB\n", night.early,
	       (long)(night.behind_ns / MS_NS), kib[0], kib[1]);
}

int main(int argc, char **argv)
{
	int rc;

	if (argc != 2 || (night.n = atol(argv[1])) <= 0)
		return 2;
	/* The last one may be on its way out still. */
	rc = pgo_run(sleep_all, NULL);
	return rc && rc != -EBUSY;
}
