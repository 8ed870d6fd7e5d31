/*
 * callburn - burns a second of CPU in a callback, in a callback: goroutine,
 * qsort(), outer(), qsort(), inner(), burn().
 */
#include <stdlib.h>
#include <time.h>

#include <pgo/pgo.h>

static volatile unsigned long sink;

__attribute__((noinline)) static void burn(void)
{
	for (unsigned long i = 0; i < 300000; i++)
		sink += i * i;
}

static int inner(const void *a, const void *b)
{
	burn();
	sink++;
	return *(const int *)a - *(const int *)b;
}

static int outer(const void *a, const void *b)
{
	int two[2] = { *(const int *)b, *(const int *)a };

	qsort(two, 2, sizeof(int), inner);
	sink++;
	return *(const int *)a - *(const int *)b;
}

static void entry(void *arg)
{
	clock_t end = clock() + CLOCKS_PER_SEC;
	int two[2] = { 2, 1 };

	(void)arg;
	while (clock() < end)
		qsort(two, 2, sizeof(int), outer);
	sink++;
}

int main(void)
{
	return pgo_run(entry, NULL);
}
