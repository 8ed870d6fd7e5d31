/*
 * What those who watch a program's memory must see, and must not: goroutines
 * with the fault the argument names, or with none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { WORKERS = 8, ROUNDS = 50 };

static struct pgo_chan *results;
static struct pgo_chan *never;          /* nobody sends */
static struct pgo_chan *letters;        /* nobody receives */
static struct pgo_mutex mutex;
static int shared;                      /* mutex */

/* Frames enough for a few segments, with a call into C at the end. */
static int descend(int depth)
{
	char text[100];

	snprintf(text, sizeof(text), "%d", depth);
	return depth ? descend(depth - 1) + atoi(text) : 0;
}

/* What one leaves is the next one's at once. */
static void use_memory(size_t bytes)
{
	char *p = pgo_malloc(bytes);

	memset(p, 1, bytes);
	p = pgo_realloc(p, 3 * bytes);
	memset(p, 2, 3 * bytes);
	pgo_free(p);
	p = pgo_calloc(1, bytes);
	p[0] = 3;
	pgo_free(p);
}

static void take_turns(void)
{
	pgo_mutex_lock(&mutex);
	shared++;
	pgo_mutex_unlock(&mutex);
	errno = 0;
	if (read(-1, NULL, 0) != -1 || errno != EBADF)
		abort();
	use_memory(40);
	use_memory(40000);
	pgo_yield();
}

static void work(void *arg)
{
	int sum = 0;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		sum += descend(20);
		take_turns();
	}
	pgo_chan_send(results, &sum);
}

/* Its stack alone knows the memory, and so does a channel. */
static void keep(void *arg)
{
	char *volatile kept = malloc(100);
	char *letter = malloc(100);

	(void)arg;
	pgo_chan_send(letters, &letter);
	letter = NULL;
	pgo_chan_send(results, &(int){ 0 });
	pgo_chan_recv(never, kept);
	free(kept);
}

/* Faults ------------------------------------------------------------------- */

static char *volatile dangling;

static void use_after_free(void)
{
	dangling = malloc(100);
	free(dangling);
	dangling[5] = 1;
}

__attribute__((noinline)) static void leave_local(void)
{
	char local[100];

	dangling = local;
	dangling[0] = 1;
}

static void use_after_return(void)
{
	leave_local();
	dangling[0] = 1;
}

static void race(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		(*(int *)arg)++;
		pgo_yield();
	}
	pgo_chan_send(results, &(int){ 0 });
}

static void race_twice(int *counter)
{
	int end;

	pgo_go(race, counter);
	pgo_go(race, counter);
	pgo_chan_recv(results, &end);
	pgo_chan_recv(results, &end);
}

__attribute__((noinline)) static void lose(void)
{
	dangling = malloc(100);
	dangling = NULL;
}

__attribute__((noinline)) static int fall(int n)
{
	volatile char frame[200];

	frame[n % 200] = 1;
	return n < 0 ? 0 : fall(n + 1) + frame[n % 200];
}

static void do_fault(const char *fault)
{
	if (!strcmp(fault, "free"))
		use_after_free();
	else if (!strcmp(fault, "return"))
		use_after_return();
	else if (!strcmp(fault, "race"))
		race_twice(&shared);
	else if (!strcmp(fault, "race-object"))
		race_twice(pgo_calloc(1, sizeof(int)));
	else if (!strcmp(fault, "leak"))
		lose();
	else if (!strcmp(fault, "fall"))
		printf("%d\n", fall(1));
}

static void run(void *arg)
{
	int result;

	results = pgo_chan_make(sizeof(int), 0);
	never = pgo_chan_make(1, 0);
	letters = pgo_chan_make(sizeof(char *), 1);
	pgo_go(keep, NULL);
	for (int i = 0; i < WORKERS; i++)
		pgo_go(work, NULL);
	for (int i = 0; i < WORKERS + 1; i++)
		pgo_chan_recv(results, &result);
	do_fault(arg);
	puts("done");
}

int main(int argc, char **argv)
{
	static char none[] = "";
	int rc = pgo_run(run, argc > 1 ? argv[1] : none);

	return rc && rc != -EBUSY;
}
