/*
 * spinners - N goroutines that call something for a second.
 *
 * usage: spinners N
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <pgo/pgo.h>

static _Atomic int over;
static _Atomic long sink;

__attribute__((noinline)) static void work(long i)
{
	sink = i;
}

static void spin(void *arg)
{
	(void)arg;
	for (long i = 0; !over; i++)
		work(i);
}

static void entry(void *arg)
{
	for (int i = 0; i < *(int *)arg; i++)
		pgo_go(spin, NULL);
	pgo_sleep(1000000000);
	over = 1;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;

	return pgo_run(entry, &n) > 0;
}
