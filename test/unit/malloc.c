/* The allocator against a reference, step by step with its own walk. */
#include "test/unit/cmocka_all.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pgo/malloc.h>

#include "runtime/fatal.h"
#include "runtime/malloc/heap.h"
#include "runtime/malloc/host.h"
#include "runtime/malloc/object.h"
#include "runtime/malloc/sampled.h"
#include "runtime/malloc/trim.h"
#include "runtime/malloc/valid.h"
#include "runtime/malloc/watched.h"

/* The host: threads only, who count samples and die by a jump -------------- */

static struct {
	jmp_buf jump;
	char text[256];
} death;

static _Atomic uint64_t sampled, sampled_bytes, unsampled;
static uint64_t owned, disowned;

static const struct m no_m;
__thread const struct m *m_or_none = &no_m;

struct cache *host_new_cache(void)
{
	return cache_new_thread();
}

void *host_no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *host_refuse(void)
{
	errno = EINVAL;
	return NULL;
}

const char *host_who(uint64_t *id)
{
	*id = 7;
	return "goroutine";
}

void host_die(const char *text)
{
	strcpy(death.text, text);
	longjmp(death.jump, 1);
}

/* Locks would die by it. */
void fatal_throw(const char *text)
{
	host_die(text);
}

void host_heap(const void *p, size_t bytes)
{
	assert_true(pages.base && (const char *)p > pages.base && bytes);
}

void host_own(void *p, const void *from)
{
	assert_non_null(from);
	owned += p != NULL;
}

void host_disown(void *p)
{
	disowned += p != NULL;
}

void host_sample(struct span *s)
{
	s->sample = 1;
	sampled++;
	sampled_bytes += s->bytes;
}

void host_sample_ends(struct span *s)
{
	unsampled += s->sample;
}

/* The reference ------------------------------------------------------------ */

enum { SLOTS = 2000 };

/* What the program thinks it has. */
static struct slot {
	unsigned char *p;
	size_t bytes;
	unsigned char fill;
} slots[SLOTS];

static uint32_t seed = 1;

static uint32_t roll(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

/* Mostly small, now and then of any size up to 200 KiB. */
static size_t some_bytes(void)
{
	switch (roll(16)) {
	case 0:
		return roll(200 << 10);
	case 1:
	case 2:
		return roll(40 << 10);
	default:
		return roll(600);
	}
}

static bool holds(const struct slot *s)
{
	size_t step = s->bytes < 64 ? 1 : s->bytes / 16;

	for (size_t i = 0; i < s->bytes; i += step)
		if (s->p[i] != s->fill)
			return false;
	return !s->bytes || s->p[s->bytes - 1] == s->fill;
}

static void fill(struct slot *s, unsigned char *p, size_t bytes)
{
	s->p = p;
	s->bytes = bytes;
	s->fill = (unsigned char)roll(256);
	memset(p, s->fill, bytes);
}

static bool all_zero(const unsigned char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (p[i])
			return false;
	return true;
}

static void allocate(struct slot *s)
{
	size_t bytes = some_bytes();
	unsigned char *p;
	size_t align;

	switch (roll(4)) {
	case 0:
		p = pgo_calloc(1, bytes);
		assert_true(all_zero(p, bytes));
		break;
	case 1:
		align = (size_t)1 << roll(17);
		p = pgo_aligned_alloc(align, bytes);
		assert_int_equal((uintptr_t)p % align, 0);
		break;
	default:
		p = pgo_malloc(bytes);
	}
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % 16, 0);
	assert_true(pgo_malloc_usable_size(p) >= bytes);
	fill(s, p, bytes);
}

static void resize(struct slot *s)
{
	size_t bytes = some_bytes() + 1;
	struct slot was = *s;
	unsigned char *p = pgo_realloc(s->p, bytes);

	assert_non_null(p);
	was.p = p;
	if (bytes < was.bytes)
		was.bytes = bytes;
	assert_true(holds(&was));
	fill(s, p, bytes);
}

static void step(void)
{
	struct slot *s = &slots[roll(SLOTS)];

	if (!s->p) {
		allocate(s);
		return;
	}
	assert_true(holds(s));
	if (!roll(4)) {
		resize(s);
		return;
	}
	pgo_free(s->p);
	s->p = NULL;
}

static void free_all(void)
{
	for (int i = 0; i < SLOTS; i++) {
		pgo_free(slots[i].p);
		slots[i].p = NULL;
	}
}

static void assert_valid(void)
{
	const char *wrong = heap_wrong();

	if (wrong)
		fail_msg("the heap is wrong: %s", wrong);
}

static uint64_t objects(void)
{
	struct pgo_memstats s = { .size = sizeof(s) };

	pgo_memstats(&s);
	return s.heap_objects;
}

static void a_walk_after_each_operation_finds_all_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		step();
		assert_valid();
	}
	free_all();
	assert_valid();
	assert_int_equal(objects(), 0);
}

static void a_million_operations_do_as_a_reference_does(void **state)
{
	(void)state;
	for (int i = 0; i < 1000000; i++) {
		step();
		if (!(i % 50000))
			assert_valid();
	}
	free_all();
	assert_valid();
	assert_int_equal(objects(), 0);
}

static void every_size_up_to_40_kb_is_served_and_wastes_a_fifth(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40000; n++) {
		void *p = pgo_malloc(n);
		size_t had = pgo_malloc_usable_size(p);

		assert_true(had >= n);
		if (had > n + 16 && had * 4 > n * 5 + 4 && n < SMALL_MAX)
			fail_msg("%zu bytes take %zu", n, had);
		assert_ptr_equal(object_start((char *)p + had - 1), p);
		pgo_free(p);
	}
}

static void what_cannot_be_is_null_with_a_reason(void **state)
{
	void *volatile p = pgo_malloc(100);

	(void)state;
	memset(p, 7, 100);
	errno = 0;
	assert_null(pgo_malloc(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	assert_null(pgo_malloc(SIZE_MAX - 8));
	assert_null(pgo_malloc((size_t)1 << 46));
	errno = 0;
	assert_null(pgo_calloc(SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
	assert_null(pgo_realloc(p, SIZE_MAX));
	assert_int_equal(((char *)p)[99], 7);
	errno = 0;
	assert_null(pgo_aligned_alloc(48, 100));
	assert_int_equal(errno, EINVAL);
	assert_null(pgo_aligned_alloc(0, 100));
	assert_null(pgo_aligned_alloc((size_t)1 << 62, 100));
	pgo_free(p);
	assert_valid();
}

static void realloc_at_its_edges(void **state)
{
	char *p = pgo_realloc(NULL, 10);
	char *q;

	(void)state;
	assert_non_null(p);
	assert_null(pgo_realloc(p, 0));
	assert_int_equal(objects(), 0);
	p = pgo_malloc(1 << 20);
	p[0] = 1;
	p[(100 << 10) - 1] = 2;
	q = pgo_realloc(p, 100 << 10);
	assert_ptr_equal(q, p);
	assert_int_equal(pgo_malloc_usable_size(q), 104 << 10);
	q = pgo_realloc(q, 1 << 20);
	assert_ptr_equal(q, p);
	assert_int_equal(q[0] + q[(100 << 10) - 1], 3);
	q = pgo_realloc(q, 3);
	assert_int_equal(q[0], 1);
	pgo_free(q);
	assert_valid();
}

static void fresh_pages_are_not_cleared_twice(void **state)
{
	size_t bytes = 64 << 20;
	struct rusage before, after;
	char *p;

	(void)state;
	pgo_malloc_trim(0);
	getrusage(RUSAGE_SELF, &before);
	p = pgo_calloc(1, bytes);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_minflt - before.ru_minflt < 1000);
	for (size_t i = 0; i < bytes; i += 4096)
		assert_int_equal(p[i]++, 0);
	pgo_free(p);
	p = pgo_calloc(1, bytes);
	for (size_t i = 0; i < bytes; i += 4096)
		assert_int_equal(p[i], 0);
	pgo_free(p);
}

static void what_is_free_goes_back_to_the_kernel(void **state)
{
	struct pgo_memstats s = { .size = sizeof(s) };
	static void *p[10000];

	(void)state;
	for (int i = 0; i < 10000; i++)
		p[i] = memset(pgo_malloc(5000), 1, 5000);
	for (int i = 0; i < 10000; i++)
		pgo_free(p[i]);
	pgo_memstats(&s);
	assert_true(s.heap_idle - s.heap_released < 8 << 20);
	for (int i = 0; i < 30; i++)
		trim_epoch();
	pgo_memstats(&s);
	assert_true(s.heap_idle - s.heap_released < 64 << 10);
	assert_valid();
}

/* Between threads ---------------------------------------------------------- */

enum { PASSED = 200000, THREADS = 4 };

static void *_Atomic passed[64];

/* Each frees what another has left, and leaves something. */
static void *pass_on(void *arg)
{
	uint32_t x = (uint32_t)(uintptr_t)arg;

	for (int i = 0; i < PASSED; i++) {
		unsigned char *p = pgo_malloc((x >> 22) + 1);
		unsigned char *old;

		p[0] = 1;
		x = x * 1664525 + 1013904223;
		old = atomic_exchange(&passed[x >> 8 & 63], p);
		if (old && old[0] != 1)
			return old;
		pgo_free(old);
	}
	return NULL;
}

static void threads_free_what_others_allocated(void **state)
{
	uint64_t before = objects();
	pthread_t t[THREADS];
	void *bad;

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, pass_on,
			       (void *)(i * 77777777 + 1));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
	for (int i = 0; i < 64; i++)
		pgo_free(atomic_exchange(&passed[i], NULL));
	assert_valid();
	assert_int_equal(objects(), before);
}

static void *malloc_and_fork(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			for (int j = 0; j < 1000; j++)
				pgo_free(pgo_malloc((size_t)j * 100));
			_exit(0);
		}
		waitpid(pid, &status, 0);
		if (status)
			return arg;
	}
	return NULL;
}

static void a_child_of_fork_finds_no_lock_held(void **state)
{
	pthread_t t, u;
	void *bad;

	(void)state;
	pthread_create(&t, NULL, pass_on, (void *)1);
	pthread_create(&u, NULL, malloc_and_fork, &t);
	pthread_join(t, &bad);
	assert_null(bad);
	pthread_join(u, &bad);
	assert_null(bad);
	for (int i = 0; i < 64; i++)
		pgo_free(atomic_exchange(&passed[i], NULL));
}

/* Without memory ----------------------------------------------------------- */

/* Under a limit that lets the heap grow so many times: NULL and ENOMEM, what
 * there is stays whole, and when some is freed there is some. */
static int run_out(size_t limit)
{
	struct rlimit r = { limit, limit };
	void **list = NULL;
	int n = 0;
	void **p;

	setrlimit(RLIMIT_DATA, &r);
	errno = 0;
	while (n < 20000 && (p = pgo_malloc(n % 9 ? 500 : 100000))) {
		*p = list;
		list = p;
		n++;
	}
	if (errno != ENOMEM || heap_wrong())
		return 1;
	while (list) {
		p = *list;
		pgo_free(list);
		list = p;
	}
	p = pgo_malloc(100000);
	return !p || heap_wrong() || !n;
}

static void memory_may_end_at_any_growth(void **state)
{
	(void)state;
	for (size_t mb = 0; mb < 24; mb++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			struct rlimit r;
			struct pgo_memstats s = { .size = sizeof(s) };

			pgo_memstats(&s);
			getrlimit(RLIMIT_DATA, &r);
			_exit(run_out(s.heap_sys + (mb << 20) + (64 << 20)));
		}
		waitpid(pid, &status, 0);
		if (status)
			fail_msg("with %zu MB more: status %x", mb, status);
	}
}

/* What ends the program ---------------------------------------------------- */

static void free_twice(void)
{
	void *volatile p = pgo_malloc(40);

	pgo_free(p);
	pgo_free(p);
}

static void free_inside(void)
{
	pgo_free((char *)pgo_malloc(96) + 16);
}

static void free_odd(void)
{
	pgo_free((char *)pgo_malloc(4096) + 1);
}

static void free_inside_large(void)
{
	pgo_free((char *)pgo_malloc(1 << 20) + 8192);
}

static void free_large_twice(void)
{
	void *volatile p = pgo_malloc(1 << 20);

	pgo_free(p);
	pgo_free(p);
}

static void free_foreign(void)
{
	static char word[16];

	pgo_free(word);
}

static void realloc_freed(void)
{
	void *volatile p = pgo_malloc(40);

	pgo_free(p);
	pgo_realloc(p, 80);
}

static void size_of_nothing(void)
{
	pgo_malloc_usable_size(&seed);
}

static void mistakes_end_the_program_with_a_line(void **state)
{
	static const struct {
		void (*mistake)(void);
		const char *words;
	} mistakes[] = {
		{ free_twice, "): freed already, by goroutine 7" },
		{ free_inside, "): inside an object, by goroutine 7" },
		{ free_odd, "): inside an object, by goroutine 7" },
		{ free_inside_large, "): inside an object, by goroutine 7" },
		{ free_large_twice,
		  "): not allocated, or freed already, by goroutine 7" },
		{ free_foreign,
		  "): no memory of pgo's malloc, by goroutine 7" },
		{ realloc_freed, "realloc(0x" },
		{ size_of_nothing, "malloc_usable_size(0x" },
	};

	(void)state;
	for (volatile size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes);
	     i++) {
		death.text[0] = 0;
		if (!setjmp(death.jump))
			mistakes[i].mistake();
		if (!strstr(death.text, mistakes[i].words))
			fail_msg("\"%s\" is not in: %s", mistakes[i].words,
				 death.text);
	}
	assert_valid();
}

/* Owners ------------------------------------------------------------------- */

static void whoever_watches_is_told_of_each_owner(void **state)
{
	char *p, *q;

	(void)state;
	owned = disowned = 0;
	p = pgo_watched_malloc(10);
	q = pgo_calloc(10, 10);
	assert_int_equal(owned, 2);
	p = pgo_realloc(p, 1000);
	assert_int_equal(owned, 3);
	assert_int_equal(disowned, 1);
	/* Into pages of its own, then more and less of those. */
	for (size_t bytes = 100000; bytes < 400000; bytes += 100000)
		p = pgo_realloc(p, bytes);
	p = pgo_realloc(p, 50000);
	assert_int_equal(owned, 7);
	pgo_watched_free(p);
	pgo_watched_free(pgo_realloc(NULL, 5));
	pgo_watched_free(pgo_aligned_alloc(1 << 16, 5));
	assert_null(pgo_realloc(q, 0));
	assert_int_equal(owned, 9);
	assert_int_equal(disowned, owned);
	assert_null(pgo_watched_malloc(SIZE_MAX));
	pgo_watched_free(NULL);
	assert_int_equal(owned, 9);
	assert_int_equal(disowned, owned);
	assert_valid();
}

/* Samples ------------------------------------------------------------------ */

/* A million objects of BYTES: what samples say of them, against what they are;
 * sigma is a hundredth or less. */
static void sample_many(size_t bytes, double off)
{
	double n = 1e8 / (double)bytes;
	double share, said;

	sampled = sampled_bytes = unsampled = 0;
	sampled_rate = 8192;
	for (long i = 0; i < (long)n; i++) {
		void *p = pgo_malloc(bytes);

		pgo_free(p);
	}
	share = 1 - exp(-(double)bytes / 8192);
	said = (double)sampled / share / n;
	if (fabs(said - 1) > off)
		fail_msg("%zu bytes: %f of the objects there were", bytes,
			 said);
	assert_int_equal(sampled, unsampled);
}

static void samples_stand_for_all_objects(void **state)
{
	uint64_t rate = sampled_rate;

	(void)state;
	sample_many(16, 0.05);
	sample_many(1024, 0.05);
	sample_many(32768, 0.05);
	sample_many(65536, 0.05);
	sampled_rate = rate;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_walk_after_each_operation_finds_all_in_order),
		cmocka_unit_test(a_million_operations_do_as_a_reference_does),
		cmocka_unit_test(
			every_size_up_to_40_kb_is_served_and_wastes_a_fifth),
		cmocka_unit_test(what_cannot_be_is_null_with_a_reason),
		cmocka_unit_test(realloc_at_its_edges),
		cmocka_unit_test(fresh_pages_are_not_cleared_twice),
		cmocka_unit_test(what_is_free_goes_back_to_the_kernel),
		cmocka_unit_test(threads_free_what_others_allocated),
		cmocka_unit_test(a_child_of_fork_finds_no_lock_held),
		cmocka_unit_test(memory_may_end_at_any_growth),
		cmocka_unit_test(mistakes_end_the_program_with_a_line),
		cmocka_unit_test(whoever_watches_is_told_of_each_owner),
		cmocka_unit_test(samples_stand_for_all_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
