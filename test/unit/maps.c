/* lib/base/maps: what is read of a process that maps and unmaps. */
#include "lib/base/maps.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "test/unit/cmocka_all.h"

enum { PAGE = 4096, PAGES = 2000, LOOKS = 2000 };

static void overlapping_lines_are_refused(void **state)
{
	static const char text[] = "1000-3000 r--p 0 0:0 0\n"
				   "2000-4000 r--p 0 0:0 0\n";
	struct maps m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(maps_parse(&m, text, strlen(text), &e), -EBADMSG);
	assert_string_equal(e.text, "line 2 overlaps the one before");
}

static atomic_bool finished;

/* Makes many small mappings of a large one, and one again. */
static void *change(void *arg)
{
	char *at = arg;

	while (!finished) {
		for (int i = 0; i < PAGES; i += 2)
			mprotect(at + (size_t)i * PAGE, PAGE, PROT_READ);
		mprotect(at, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

static void mappings_that_change_meanwhile_are_in_order(void **state)
{
	void *at = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t changer;

	(void)state;
	assert_true(at != MAP_FAILED);
	assert_int_equal(pthread_create(&changer, NULL, change, at), 0);
	for (int i = 0; i < LOOKS; i++) {
		struct maps m;
		struct err e = { 0 };

		if (maps_read(&m, 0, &e) < 0)
			fail_msg("%s", e.text);
		assert_non_null(maps_find(&m, (uintptr_t)&finished));
		for (size_t k = 0; k + 1 < m.n; k++)
			assert_true(m.maps[k].end <= m.maps[k + 1].start);
		maps_release(&m);
	}
	finished = true;
	pthread_join(changer, NULL);
	munmap(at, (size_t)PAGES * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlapping_lines_are_refused),
		cmocka_unit_test(mappings_that_change_meanwhile_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
