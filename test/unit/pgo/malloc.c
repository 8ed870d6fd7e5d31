/* pgo_malloc() from goroutines, from C that they call, and from threads. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/pgo/goroutine.h"

enum { WORKERS = 50, TURNS = 4000, PLACES = 128 };

static uint64_t objects(void)
{
	struct pgo_memstats s = { .size = sizeof(s) };

	pgo_memstats(&s);
	return s.heap_objects;
}

/* Goroutines and threads leave objects for each other ---------------------- */

static struct {
	void *_Atomic places[PLACES];
	struct pgo_waitgroup done;
	_Atomic int bad;
} shop;

struct object {
	size_t bytes;
	struct object *self;
};

static void leave_and_take(uint32_t x, int turns)
{
	for (int i = 0; i < turns; i++) {
		size_t bytes = sizeof(struct object) + (x >> 20);
		struct object *o = pgo_malloc(bytes);

		*o = (struct object){ bytes, o };
		x = x * 1664525 + 1013904223;
		o = atomic_exchange(&shop.places[x >> 9 & (PLACES - 1)], o);
		if (o && o->self != o)
			shop.bad++;
		pgo_free(o);
		if (!(i % 64))
			pgo_yield();
	}
}

static void worker(void *arg)
{
	leave_and_take((uint32_t)(uintptr_t)arg, TURNS);
	pgo_waitgroup_done(&shop.done);
}

static void *thread(void *arg)
{
	uint32_t x = 12345;

	(void)arg;
	for (int i = 0; i < TURNS * 10; i++) {
		struct object *o = pgo_malloc(sizeof(*o));

		*o = (struct object){ sizeof(*o), o };
		x = x * 1664525 + 1013904223;
		o = atomic_exchange(&shop.places[x >> 9 & (PLACES - 1)], o);
		pgo_free(o);
	}
	return NULL;
}

static void start_workers(void *arg)
{
	(void)arg;
	pgo_waitgroup_add(&shop.done, WORKERS);
	for (uintptr_t i = 0; i < WORKERS; i++)
		pgo_go(worker, (void *)(i * 2654435761));
	pgo_waitgroup_wait(&shop.done);
}

static void what_one_allocates_any_other_frees(void **state)
{
	uint64_t before = objects();
	pthread_t t;

	(void)state;
	pthread_create(&t, NULL, thread, NULL);
	on_goroutine(start_workers, NULL);
	pthread_join(t, NULL);
	for (int i = 0; i < PLACES; i++)
		pgo_free(atomic_exchange(&shop.places[i], NULL));
	assert_int_equal(shop.bad, 0);
	assert_int_equal(objects(), before);
}

/* In C --------------------------------------------------------------------- */

/* On the thread's stack, where the P may be taken; the pause makes it so. */
static int compare(const void *a, const void *b)
{
	void *p = pgo_malloc(100);

	pgo_sleep(10000);
	pgo_free(p);
	return *(const int *)a - *(const int *)b;
}

static void sort_with_malloc(void *arg)
{
	int numbers[] = { 3, 1, 2, 9, 7, 8, 0, 5 };

	(void)arg;
	for (int i = 0; i < 5; i++)
		qsort(numbers, 8, sizeof(int), compare);
	shop.bad = numbers[0] != 0 || numbers[7] != 9;
	pgo_waitgroup_done(&shop.done);
}

static void sort_beside_workers(void *arg)
{
	(void)arg;
	pgo_waitgroup_add(&shop.done, 8);
	for (int i = 0; i < 4; i++) {
		pgo_go(sort_with_malloc, NULL);
		pgo_go(worker, (void *)(uintptr_t)(i + 7));
	}
	pgo_waitgroup_wait(&shop.done);
}

static void callbacks_from_c_allocate_too(void **state)
{
	(void)state;
	on_goroutine(sort_beside_workers, NULL);
	assert_int_equal(shop.bad, 0);
}

/* errno -------------------------------------------------------------------- */

static void ask_for_too_much(void *arg)
{
	int *errors = arg;

	errno = 0;
	if (!pgo_malloc(SIZE_MAX / 2))
		errors[0] = errno;
	errno = 0;
	if (!pgo_aligned_alloc(3, 1))
		errors[1] = errno;
}

static void errno_is_the_goroutines(void **state)
{
	int errors[2] = { 0, 0 };

	(void)state;
	on_goroutine(ask_for_too_much, errors);
	assert_int_equal(errors[0], ENOMEM);
	assert_int_equal(errors[1], EINVAL);
	ask_for_too_much(errors);
	assert_int_equal(errors[0], ENOMEM);
}

/* Figures ------------------------------------------------------------------ */

static void allocate_some(void *arg)
{
	void **p = arg;

	for (int i = 0; i < 100; i++)
		p[i] = pgo_calloc(1, 48);
	p[100] = pgo_malloc(100000);
}

static void memstats_are_exact_when_nobody_works(void **state)
{
	static void *p[101];
	struct pgo_memstats a = { .size = sizeof(a) };
	struct pgo_memstats b = { .size = sizeof(b) };

	(void)state;
	pgo_memstats(&a);
	on_goroutine(allocate_some, p);
	pgo_memstats(&b);
	assert_int_equal(b.mallocs - a.mallocs, 101);
	assert_int_equal(b.total_alloc - a.total_alloc,
			 100 * pgo_malloc_usable_size(p[0]) +
				 pgo_malloc_usable_size(p[100]));
	assert_int_equal(b.heap_alloc - a.heap_alloc,
			 b.total_alloc - a.total_alloc);
	assert_int_equal(b.heap_sys, b.heap_inuse + b.heap_idle);
	for (int i = 0; i <= 100; i++)
		pgo_free(p[i]);
	pgo_memstats(&b);
	assert_int_equal(b.frees - a.frees, 101);
	assert_int_equal(b.heap_alloc, a.heap_alloc);
}

static void an_older_memstats_is_filled_as_far_as_it_goes(void **state)
{
	struct pgo_memstats s;

	(void)state;
	memset(&s, 0xee, sizeof(s));
	s.size = offsetof(struct pgo_memstats, frees);
	pgo_memstats(&s);
	assert_int_equal(s.size, offsetof(struct pgo_memstats, frees));
	assert_int_not_equal(s.mallocs, 0xeeeeeeeeeeeeeeee);
	assert_int_equal(s.frees, 0xeeeeeeeeeeeeeeee);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_allocates_any_other_frees),
		cmocka_unit_test(callbacks_from_c_allocate_too),
		cmocka_unit_test(errno_is_the_goroutines),
		cmocka_unit_test(memstats_are_exact_when_nobody_works),
		cmocka_unit_test(an_older_memstats_is_filled_as_far_as_it_goes),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
