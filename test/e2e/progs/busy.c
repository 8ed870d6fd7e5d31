/*
 * A little of everything that asks the kernel for memory, threads and timers,
 * with a sum that is always the same; see test_inject.py.  A refusal it tells,
 * and ends with 3.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum {
	WORKERS = 6,
	ROUNDS = 3,
	DEPTH = 400,            /* frames of some 250 bytes */
	CHANNELS = 40,
	SLEEPERS = 20,
	MS = 1000000,
};

static struct pgo_waitgroup wg;
static struct pgo_chan *sums;

static void refuse(const char *what, int64_t rc)
{
	fprintf(stderr, "busy: %s: %s\n", what, strerror((int)-rc));
	exit(3);
}

static void go(void (*fn)(void *), void *arg)
{
	int64_t id;

	pgo_waitgroup_add(&wg, 1);
	id = pgo_go(fn, arg);
	if (id < 0)
		refuse("pgo_go", id);
}

static void *made(void *p, const char *what)
{
	if (!p)
		refuse(what, -ENOMEM);
	return p;
}

static void add(long n)
{
	pgo_chan_send(sums, &n);
}

__attribute__((noinline)) static long descend(long n)
{
	volatile char pad[200];

	memset((char *)pad, (int)n, sizeof(pad));
	return n ? descend(n - 1) + (pad[n % 200] == (char)n) : 0;
}

static int compare(const void *a, const void *b)
{
	pgo_yield();
	return *(const int *)a - *(const int *)b;
}

/* In a callback, in C, deep. */
static void work(void *arg)
{
	int v[8] = { 5, 1, 7, 3, 2, 8, 6, 4 };
	long sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		sum += descend(DEPTH);
		usleep(1000);
		qsort(v, 8, sizeof(int), compare);
		pgo_sleep(MS / 2);
	}
	for (int i = 0; i < 8; i++)
		sum += v[i] * (i + 1);
	add(sum + (long)(intptr_t)arg);
	pgo_waitgroup_done(&wg);
}

static void sleeper(void *arg)
{
	struct pgo_timer *t = made(pgo_timer_new(MS), "pgo_timer_new");
	int64_t at;

	pgo_chan_recv(pgo_timer_chan(t), &at);
	pgo_timer_free(t);
	add((long)(intptr_t)arg);
	pgo_waitgroup_done(&wg);
}

/* Rooms of many sizes. */
static void channels(void *arg)
{
	struct pgo_chan *c[CHANNELS];
	long sum = 0, v;

	(void)arg;
	for (int i = 0; i < CHANNELS; i++)
		c[i] = made(pgo_chan_make(sizeof(long), (size_t)i * 300),
			    "pgo_chan_make");
	for (long i = 1; i < CHANNELS; i++)
		pgo_chan_send(c[i], &i);
	for (long i = 1; i < CHANNELS; i++) {
		pgo_chan_recv(c[i], &v);
		sum += v;
	}
	for (int i = 0; i < CHANNELS; i++)
		pgo_chan_free(c[i]);
	add(sum);
	pgo_waitgroup_done(&wg);
}

static void locked(void *arg)
{
	(void)arg;
	pgo_lock_os_thread();
	pgo_sleep(MS);
	add(1);
	pgo_waitgroup_done(&wg);
}

static void profiled(void)
{
	int fd = memfd_create("profile", 0);
	int rc = pgo_cpuprofile_start(fd, 0);

	if (rc)
		refuse("pgo_cpuprofile_start", rc);
	for (intptr_t i = 0; i < WORKERS; i++)
		go(work, (void *)i);
	pgo_sleep(2 * MS);
	rc = pgo_cpuprofile_stop();
	if (rc)
		refuse("pgo_cpuprofile_stop", rc);
	close(fd);
}

static void entry(void *arg)
{
	int all = 1 + 1 + SLEEPERS + WORKERS;
	long sum = 0, n;

	(void)arg;
	sums = made(pgo_chan_make(sizeof(long), 100), "pgo_chan_make");
	go(channels, NULL);
	go(locked, NULL);
	for (intptr_t i = 0; i < SLEEPERS; i++)
		go(sleeper, (void *)i);
	profiled();
	for (int i = 0; i < all; i++) {
		pgo_chan_recv(sums, &n);
		sum += n;
	}
	pgo_waitgroup_wait(&wg);
	printf("sum %ld\n", sum);
}

int main(void)
{
	int rc = pgo_run(entry, NULL);

	if (rc && rc != -EBUSY)
		refuse("pgo_run", rc);
	return 0;
}
