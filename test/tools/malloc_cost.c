/*
 * malloc_cost - what malloc(3) and free(3) cost, whoever's they are.
 *
 * usage: malloc_cost pair|batch|replace|across|threads [N]
 *
 *   pair     64 bytes, freed at once
 *   batch    100 objects of 64 bytes, then all are freed
 *   replace  a random one of 16384 objects of 16 to 1024 bytes, by a new one
 *   across   64 bytes, freed by another thread
 *   threads  two threads that replace each other's objects
 *
 * Prints nanoseconds of CPU time an operation takes.  test/bench/malloc.py runs
 * it with one allocator after another.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 100, SLOTS = 16384, ROOM = 64, CHUNK = 128 };

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *get(size_t bytes)
{
	char *p = malloc(bytes);

	if (!p)
		abort();
	*(volatile char *)p = 1;
	return p;
}

static void pair(long n)
{
	while (n--)
		free(get(64));
}

static void batch(long n)
{
	void *p[BATCH];

	for (n /= BATCH; n > 0; n--) {
		for (int i = 0; i < BATCH; i++)
			p[i] = get(64);
		for (int i = 0; i < BATCH; i++)
			free(p[i]);
	}
}

static uint32_t random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void replace(long n)
{
	static void *slots[SLOTS];
	uint32_t x = 1;

	while (n--) {
		uint32_t r = random_next(&x);
		void **slot = &slots[r % SLOTS];

		free(*slot);
		*slot = get(16 + (r >> 16) % 1009);
	}
	for (int i = 0; i < SLOTS; i++) {
		free(slots[i]);
		slots[i] = NULL;
	}
}

/* Chunks of pointers from one thread to another, so that what is measured is
 * the allocator. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	void *chunks[ROOM][CHUNK];
	long made, taken;
} queue = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {{ 0 }}, 0,
	    0 };

static void *free_all(void *arg)
{
	void *chunk[CHUNK];
	long n = *(long *)arg / CHUNK;

	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&queue.lock);
		while (queue.made == i)
			pthread_cond_wait(&queue.moved, &queue.lock);
		memcpy(chunk, queue.chunks[i % ROOM], sizeof(chunk));
		queue.taken++;
		pthread_cond_signal(&queue.moved);
		pthread_mutex_unlock(&queue.lock);
		for (int j = 0; j < CHUNK; j++)
			free(chunk[j]);
	}
	return NULL;
}

static void across(long n)
{
	pthread_t thread;
	void *chunk[CHUNK];

	if (pthread_create(&thread, NULL, free_all, &n))
		abort();
	for (long i = 0; i < n / CHUNK; i++) {
		for (int j = 0; j < CHUNK; j++)
			chunk[j] = get(64);
		pthread_mutex_lock(&queue.lock);
		while (i - queue.taken == ROOM)
			pthread_cond_wait(&queue.moved, &queue.lock);
		memcpy(queue.chunks[i % ROOM], chunk, sizeof(chunk));
		queue.made++;
		pthread_cond_signal(&queue.moved);
		pthread_mutex_unlock(&queue.lock);
	}
	pthread_join(thread, NULL);
}

static void *_Atomic shared[SLOTS];

static void *swap_all(void *arg)
{
	uint32_t x = (uint32_t)(uintptr_t)&x | 1;

	for (long n = *(long *)arg / 2; n; n--) {
		uint32_t r = random_next(&x);

		free(__atomic_exchange_n((void **)&shared[r % SLOTS],
					 get(16 + (r >> 16) % 497),
					 __ATOMIC_ACQ_REL));
	}
	return NULL;
}

static void threads(long n)
{
	pthread_t two[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&two[i], NULL, swap_all, &n))
			abort();
	for (int i = 0; i < 2; i++)
		pthread_join(two[i], NULL);
}

static const struct {
	const char *name;
	void (*run)(long n);
	long n;
} ops[] = {
	{ "pair", pair, 20000000 },     { "batch", batch, 20000000 },
	{ "replace", replace, 5000000 }, { "across", across, 10000000 },
	{ "threads", threads, 5000000 },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		long n = argc > 2 ? atol(argv[2]) : ops[i].n;
		double begin = cpu_ns();

		if (argc < 2 || strcmp(argv[1], ops[i].name))
			continue;
		ops[i].run(n);
		printf("%.2f\n", (cpu_ns() - begin) / (double)n);
		return 0;
	}
	fprintf(stderr, "usage: malloc_cost pair|batch|replace|across|threads "
			"[N]\n");
	return 2;
}
