/*
 * naps - ten goroutines asleep for a second in a program of two.
 *
 * usage: naps
 */
#include <pgo/pgo.h>

static void nap(void *arg)
{
	(void)arg;
	pgo_sleep(1000000000);
}

static void entry(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++)
		pgo_go(nap, NULL);
	pgo_sleep(2000000000);
}

int main(void)
{
	return pgo_run(entry, NULL);
}
