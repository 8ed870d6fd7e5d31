/*
 * malloc_family - every function of malloc(3)'s family, from threads.
 *
 * usage: malloc_family [double]
 *
 * Prints what malloc_usable_size() says of 40 bytes, or what went wrong; with
 * `double` it frees something twice.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, TURNS = 20000, PLACES = 256 };

static void *places[PLACES];

static void check(int holds, const char *what)
{
	if (holds)
		return;
	printf("%s\n", what);
	exit(1);
}

static int is_at(const void *p, uintptr_t align)
{
	return p && (uintptr_t)p % align == 0;
}

static void aligned(void)
{
	void *p = NULL;

	check(is_at(p = memalign(256, 10), 256), "memalign");
	free(p);
	check(is_at(p = memalign(48, 10), 64), "memalign, no power of two");
	free(p);
	check(is_at(p = aligned_alloc(4096, 8192), 4096), "aligned_alloc");
	free(p);
	check(!posix_memalign(&p, 1 << 20, 5), "posix_memalign");
	check(is_at(p, 1 << 20), "posix_memalign's address");
	free(p);
	check(posix_memalign(&p, 24, 5) == EINVAL, "posix_memalign, EINVAL");
	check(is_at(p = valloc(5), 4096), "valloc");
	free(p);
	check(is_at(p = pvalloc(5000), 4096), "pvalloc");
	check(malloc_usable_size(p) >= 8192, "pvalloc's size");
	free(p);
}

static void sized(void)
{
	volatile size_t huge = SIZE_MAX / 2;
	char *p = reallocarray(NULL, 10, 10);

	check(p != NULL, "reallocarray");
	memset(p, 1, 100);
	errno = 0;
	check(!reallocarray(p, huge, 3) && errno == ENOMEM,
	      "reallocarray, ENOMEM");
	check(!malloc(huge) && errno == ENOMEM, "malloc, ENOMEM");
	p = realloc(p, 5000);
	check(p && p[99] == 1, "realloc");
	free(p);
	p = calloc(1000, 1000);
	check(p && !p[0] && !p[999999], "calloc");
	free(p);
	malloc_trim(0);
}

static void *replace(void *arg)
{
	uint32_t x = (uint32_t)(uintptr_t)arg;

	for (int i = 0; i < TURNS; i++) {
		char *p = malloc((x >> 20) + 1);

		check(p != NULL, "malloc in a thread");
		*p = 1;
		x = x * 1664525 + 1013904223;
		p = __atomic_exchange_n(&places[x >> 8 & (PLACES - 1)], p,
					__ATOMIC_ACQ_REL);
		check(!p || *p == 1, "an object of another thread");
		free(p);
	}
	return strdup("done");
}

static void threads(void)
{
	pthread_t t[THREADS];
	void *said;

	for (uintptr_t i = 0; i < THREADS; i++)
		check(!pthread_create(&t[i], NULL, replace,
				      (void *)(i * 2654435761u)), "a thread");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], &said);
		check(!strcmp(said, "done"), "what a thread allocated");
		free(said);
	}
}

int main(int argc, char **argv)
{
	void *volatile p = malloc(40);

	if (argc > 1 && !strcmp(argv[1], "double")) {
		free(p);
		free(p);
	}
	aligned();
	sized();
	threads();
	printf("%zu\n", malloc_usable_size(p));
	return 0;
}
