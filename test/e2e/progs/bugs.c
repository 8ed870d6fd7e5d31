/*
 * What those who watch a program's memory must see, and must not: a goroutine
 * with the fault its argument names, or with none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

enum { WORKERS = 8, ROUNDS = 50 };

static const char *fault;
static struct pgo_chan *results;

/* Frames enough for a few segments, with a call into C at the end. */
static int descend(int depth)
{
	char text[100];

	snprintf(text, sizeof(text), "%d", depth);
	return depth ? descend(depth - 1) + atoi(text) : 0;
}

static void work(void *arg)
{
	int sum = 0;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		sum += descend(20);
		pgo_yield();
	}
	pgo_chan_send(results, &sum);
}

static void use_after_free(void)
{
	static char *volatile kept;

	kept = malloc(100);
	free(kept);
	kept[5] = 1;
}

static void run(void *arg)
{
	int sum;

	(void)arg;
	results = pgo_chan_make(sizeof(int), 0);
	for (int i = 0; i < WORKERS; i++)
		pgo_go(work, NULL);
	for (int i = 0; i < WORKERS; i++)
		pgo_chan_recv(results, &sum);
	printf("%d\n", sum);
	if (!strcmp(fault, "free"))
		use_after_free();
}

int main(int argc, char **argv)
{
	fault = argc > 1 ? argv[1] : "";
	return pgo_run(run, NULL) ? 1 : 0;
}
