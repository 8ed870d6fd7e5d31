/*
 * Many goroutines that use a library at once, and what they got of it.
 *
 * usage of each program: PROGRAM [GOROUTINES]     1000 of them by default
 */
#ifndef PGO_TEST_REAL_CROWD_H
#define PGO_TEST_REAL_CROWD_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <pgo/pgo.h>

static struct {
	void (*one)(int number);
	void (*begin)(void);            /* on goroutine 1; may be NULL */
	void (*end)(void);
	int n;
	_Atomic int wrong;
	_Atomic long waited;            /* in callbacks of the library */
	struct pgo_waitgroup all;
} crowd;

#define CHECK(what) \
	do { \
		if (!(what) && crowd.wrong++ < 20) \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				#what); \
	} while (0)

/* For callbacks: now and then the goroutine waits, and its thread with it. */
static inline void crowd_wait(uint32_t number)
{
	crowd.waited++;
	if (number % 2)
		pgo_yield();
	else
		pgo_sleep(1000);
}

static void crowd_member(void *arg)
{
	crowd.one((int)(intptr_t)arg);
	pgo_waitgroup_done(&crowd.all);
}

static void crowd_gather(void *arg)
{
	(void)arg;
	if (crowd.begin)
		crowd.begin();
	pgo_waitgroup_add(&crowd.all, crowd.n);
	for (int i = 0; i < crowd.n; i++)
		if (pgo_go(crowd_member, (void *)(intptr_t)i) < 0)
			abort();
	pgo_waitgroup_wait(&crowd.all);
	if (crowd.end)
		crowd.end();
}

/* What main() returns. */
static inline int crowd_run(const char *name, void (*one)(int number),
			    int argc, char **argv)
{
	int rc;

	crowd.one = one;
	crowd.n = argc > 1 ? atoi(argv[1]) : 1000;
	rc = pgo_run(crowd_gather, NULL);
	printf("%s: %d goroutines, %ld waits in callbacks, %d wrong\n", name,
	       crowd.n, (long)crowd.waited, crowd.wrong);
	return rc || crowd.wrong;
}

#endif
