/* lib/wire/goroutine_text and what lib/snapshot/parse_pprof makes of it. */
#include "lib/wire/goroutine_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/snapshot/labels.h"
#include "lib/snapshot/parse_pprof.h"

static const char counted[] =
	"goroutine profile: total 6\n"
	"4 @ 0x489b2e 0x41a58e 0x672d73 0x491241\n"
	"#\t0x672d34\tmain.inner+0x14\t\t/src/main.go:23\n"
	"#\t0x672d72\tmain.(*T[...]).outer+0x12\t/src/a:b/main.go:29\n"
	"\n"
	"1 @ 0x489b2e\n"
	"# labels: {\"part\":\"a \\\"b\\\"\", \"bell\":\"\\a\\x01\"}\n"
	"#\t0x672e96\tmain.labelled.func1+0x16\t/src/main.go:34\n"
	"#\t0x1234\n"
	"\n"
	"1 @ 0x1\n";

static const char single[] =
	"goroutine 24 [running]:\n"
	"main.f({0x78bfa0, 0x3}, (*T)(0x1))\n"
	"\t/src/main.go:12 +0x6b\n"
	"main.inlined(...)\n"
	"\t/src/main.go:9\n"
	"created by net/http.(*Server).Serve in goroutine 1\n"
	"\t/usr/server.go:3454 +0x485\n"
	"\n"
	"goroutine 7 gp=0x1 m=nil [chan receive, 5 minutes, "
	"locked to thread]:\n"
	"main.g()\n"
	"\t/src/main.go:40 +0x1d fp=0x1 sp=0x2 pc=0x3\n"
	"...additional frames elided...\n"
	"created by main.main\n"
	"\t/src/main.go:50 +0x2\n"
	"\n"
	"goroutine 8 [syscall]:\n"
	"\tgoroutine running on other thread; stack unavailable\n";

static void assert_slice(struct gtext_slice s, const char *text)
{
	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.p, text, s.n);
}

static void counts_come_with_calls_and_labels(void **state)
{
	struct gtext t = gtext(counted, sizeof(counted) - 1);
	struct gtext_record *r = malloc(sizeof(*r));

	(void)state;
	assert_int_equal(gtext_total(&t), 6);
	assert_true(gtext_counted(&t, r));
	assert_int_equal(r->count, 4);
	assert_int_equal(r->n, 2);
	assert_slice(r->frames[0].func, "main.inner");
	assert_slice(r->frames[0].file, "/src/main.go");
	assert_int_equal(r->frames[0].line, 23);
	assert_int_equal(r->frames[0].pc, 0x672d35);
	assert_int_equal(r->frames[0].offset, 0x15);
	assert_slice(r->frames[1].func, "main.(*T[...]).outer");
	assert_slice(r->frames[1].file, "/src/a:b/main.go");
	assert_null(r->labels.p);
	assert_true(gtext_counted(&t, r));
	assert_slice(r->labels, "{\"part\":\"a \\\"b\\\"\", "
				"\"bell\":\"\\a\\x01\"}");
	assert_int_equal(r->n, 2);
	assert_null(r->frames[1].func.p);
	assert_int_equal(r->frames[1].pc, 0x1235);
	assert_true(gtext_counted(&t, r));
	assert_int_equal(r->n, 1);
	assert_int_equal(r->frames[0].pc, 1);
	assert_false(gtext_counted(&t, r));
	free(r);
}

static void single_ones_come_with_all_their_header_says(void **state)
{
	struct gtext t = gtext(single, sizeof(single) - 1);
	struct gtext_record *r = malloc(sizeof(*r));

	(void)state;
	assert_true(gtext_single(&t, r));
	assert_int_equal(r->id, 24);
	assert_slice(r->state, "running");
	assert_int_equal(r->n, 2);
	assert_slice(r->frames[0].func, "main.f");
	assert_int_equal(r->frames[0].offset, 0x6b);
	assert_slice(r->frames[1].func, "main.inlined");
	assert_int_equal(r->frames[1].offset, 0);
	assert_slice(r->created.func, "net/http.(*Server).Serve");
	assert_int_equal(r->creator, 1);
	assert_true(gtext_single(&t, r));
	assert_slice(r->state, "chan receive");
	assert_int_equal(r->minutes, 5);
	assert_true(r->locked);
	assert_int_equal(r->n, 1);
	assert_slice(r->created.func, "main.main");
	assert_int_equal(r->creator, -1);
	assert_true(gtext_single(&t, r));
	assert_int_equal(r->id, 8);
	assert_int_equal(r->n, 0);
	assert_false(gtext_single(&t, r));
	free(r);
}

static void counted_ones_become_rows(void **state)
{
	struct snapshot s;
	struct labels l;
	struct err e = { 0 };

	(void)state;
	snapshot_init(&s);
	assert_int_equal(parse_pprof(&s, counted, sizeof(counted) - 1,
					    false, &e), 0);
	assert_int_equal(s.total, 6);
	assert_int_equal(s.row_count, 6);
	assert_int_equal(s.rows[0].number[ROW_ID], SNAP_UNKNOWN);
	assert_int_equal(s.rows[3].stack, s.rows[0].stack);
	labels_read(&l, snapshot_string(&s, s.rows[4].labels));
	assert_int_equal(l.n, 2);
	assert_string_equal(labels_find(&l, "part"), "a \"b\"");
	assert_string_equal(labels_find(&l, "bell"), "\a\x01");
	labels_release(&l);
	assert_int_equal(s.torn, 0);
	snapshot_release(&s);
}

static void single_ones_become_rows(void **state)
{
	struct snapshot s;
	struct err e = { 0 };

	(void)state;
	snapshot_init(&s);
	assert_int_equal(parse_pprof(&s, single, sizeof(single) - 1,
					    true, &e), 0);
	assert_int_equal(s.total, 3);
	assert_int_equal(s.rows[0].state, SNAP_RUNNING);
	assert_int_equal(s.rows[1].state, SNAP_WAITING);
	assert_string_equal(snapshot_string(&s, s.rows[1].reason),
			    "chan receive");
	assert_int_equal(s.rows[1].number[ROW_SINCE], INT64_C(300000000000));
	assert_true(s.rows[1].locked);
	assert_int_equal(s.rows[2].state, SNAP_SYSCALL);
	snapshot_release(&s);
}

/* The end of the page before one that cannot be read is the end of each. */
static void any_part_of_a_text_is_read_within_it(void **state)
{
	(void)state;
	for (int full = 0; full < 2; full++) {
		const char *text = full ? single : counted;
		size_t n = strlen(text);

		for (size_t i = 0; i <= n; i++) {
			char *part = malloc(i + 1);
			struct snapshot s;

			memcpy(part, text, i);
			snapshot_init(&s);
			parse_pprof(&s, part, i, full, NULL);
			snapshot_release(&s);
			free(part);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_come_with_calls_and_labels),
		cmocka_unit_test(single_ones_come_with_all_their_header_says),
		cmocka_unit_test(counted_ones_become_rows),
		cmocka_unit_test(single_ones_become_rows),
		cmocka_unit_test(any_part_of_a_text_is_read_within_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
