/*
 * run - every kind of frame on goroutines against the same on a plain thread.
 *
 * usage: run segmented|contiguous [SEEDS]
 *
 * Each sum begins at another depth, so that the end of a segment meets every
 * function somewhere.  Prints a line a kind and exits with 1 when a sum was
 * another.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

enum { KINDS_MAX = 32, SEEDS_MAX = 1000, BYTES = 8 << 20 };

struct try {
	const struct kind *kind;
	uint64_t seed, want, got;
};

static struct try tries[KINDS_MAX][SEEDS_MAX];
static struct pgo_go_opts opts = { .size = sizeof(opts) };
static int seeds = 24;

CALLED static uint64_t descend(int depth, const struct try *t)
{
	volatile char frame[40];
	uint64_t sum;

	frame[depth % 40] = (char)depth;
	sum = depth ? descend(depth - 1, t) : t->kind->sum(t->seed);
	return sum + (uint64_t)(frame[depth % 40] - (char)depth);
}

static int depth_of(const struct try *t)
{
	return (int)(t->seed * 7 % 53);
}

static void *on_a_thread(void *arg)
{
	(void)arg;
	for (int k = 0; kinds[k].name; k++)
		for (int i = 0; i < seeds; i++) {
			struct try *t = &tries[k][i];

			t->kind = &kinds[k];
			t->seed = (uint64_t)i * 41 + 1;
			t->want = descend(depth_of(t), t);
		}
	return NULL;
}

static struct pgo_waitgroup all;

static void on_a_goroutine(void *arg)
{
	struct try *t = arg;

	t->got = descend(depth_of(t), t);
	pgo_waitgroup_done(&all);
}

static void first(void *arg)
{
	(void)arg;
	for (int i = 0; i < seeds; i++)
		for (int k = 0; kinds[k].name; k++) {
			pgo_waitgroup_add(&all, 1);
			if (pgo_go_opts(&opts, on_a_goroutine,
					&tries[k][i]) < 0)
				pgo_waitgroup_done(&all);
		}
	pgo_waitgroup_wait(&all);
}

static int judge(void)
{
	int wrong = 0;

	for (int k = 0; kinds[k].name; k++) {
		int same = 0;

		for (int i = 0; i < seeds; i++)
			same += tries[k][i].got == tries[k][i].want;
		printf("%s: %d of %d sums are the thread's\n", kinds[k].name,
		       same, seeds);
		wrong += seeds - same;
	}
	return wrong;
}

int main(int argc, char **argv)
{
	int fixed = argc > 1 && !strcmp(argv[1], "contiguous");
	pthread_t thread;
	int rc;

	if (argc > 2)
		seeds = atoi(argv[2]);
	if (argc < 2 || seeds < 1 || seeds > SEEDS_MAX)
		return 2;
	opts.stack = fixed ? PGO_STACK_CONTIGUOUS : PGO_STACK_SEGMENTED;
	opts.stack_bytes = fixed ? BYTES : 0;
	if (pthread_create(&thread, NULL, on_a_thread, NULL) ||
	    pthread_join(thread, NULL))
		return 2;
	/* -EBUSY: the last may not have ended yet. */
	rc = pgo_run(first, NULL);
	if (rc && rc != -EBUSY)
		return 2;
	return judge() != 0;
}
