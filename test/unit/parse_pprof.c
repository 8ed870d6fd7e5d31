/* lib/snapshot/parse_pprof: Go's grouped goroutine profile, right and wrong. */
#include "lib/snapshot/parse_pprof.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "goroutine profile: total 4\n"

static int parse(struct snapshot *s, const char *body)
{
	struct err e = { 0 };
	int rc;

	snapshot_init(s);
	rc = parse_pprof(s, body, strlen(body), false, &e);
	assert_int_equal(e.text[0] != 0, rc < 0);
	return rc;
}

static void each_goroutine_of_a_record_is_a_row(void **state)
{
	const struct snap_frame *f;
	struct snapshot s;
	uint32_t depth;

	(void)state;
	assert_int_equal(parse(&s, HEAD
		"3 @ 0x489a6e 0x48d925\n"
		"# labels: {\"tenant\":\"blue\"}\n"
		"#\t0x48d924\ttime.Sleep+0x164\t\t/go/src/time.go:363\n"
		"#\t0x670c9c\tmain.(*T[...]).run+0x1c\t/x/a:b.go:14\n"
		"\n"
		"1 @ 0x491121 0x491199\n"), 0);
	assert_int_equal(s.total, 4);
	assert_int_equal(s.row_count, 4);
	assert_int_equal(s.rows[0].number[ROW_ID], SNAP_UNKNOWN);
	assert_int_equal(s.rows[0].state, SNAP_STATE_UNKNOWN);
	assert_string_equal(snapshot_string(&s, s.rows[2].labels),
			    "{\"tenant\":\"blue\"}");
	f = snapshot_frames(&s, s.rows[2].stack, &depth);
	assert_int_equal(depth, 2);
	assert_string_equal(snapshot_string(&s, f[1].func),
			    "main.(*T[...]).run");
	assert_string_equal(snapshot_string(&s, f[1].file), "/x/a:b.go");
	assert_int_equal(f[1].line, 14);
	/* As they are on the stack, not the call's. */
	assert_int_equal(f[1].offset, 0x1d);
	assert_int_equal(f[1].pc, 0x670c9d);
	/* Where all frames are the runtime's there are no names. */
	f = snapshot_frames(&s, s.rows[3].stack, &depth);
	assert_int_equal(depth, 2);
	assert_int_equal(f[0].pc, 0x491121);
	assert_int_equal(s.rows[3].labels, 0);
	assert_int_equal(s.dropped, 0);
	snapshot_release(&s);
}

/* Bodies, what reading them returns, and how many rows they make. */
static const struct {
	const char *body;
	int rc;
	uint32_t rows;
} wrong[] = {
	{ "", -EBADMSG, 0 },
	{ "<html>", -EBADMSG, 0 },
	{ "heap profile: 1: 2 [3: 4] @ heap/1\n", -EBADMSG, 0 },
	{ HEAD, 0, 0 },
	{ HEAD "\n\n\n", 0, 0 },
	{ HEAD "#\t0x1\n\n", 0, 0 },
	{ HEAD "# labels: {\n\n", 0, 0 },
	{ HEAD "x @ 0x1\n\n", 0, 0 },
	{ HEAD "-3 @ 0x1\n\n", 0, 0 },
	{ HEAD "0 @ 0x1\n\n", 0, 0 },
	{ HEAD "2 @\n\n", 0, 2 },
	{ HEAD "1 @ 0x1\n#\n#\t\t\t\n\n", 0, 1 },
	{ HEAD "1 @ 0x1\n1 @ 0x2\n\n", 0, 2 },
	{ HEAD "1 @ 0xffffffffffffffffffff 0x\n\n", 0, 1 },
	{ HEAD "99999999999999999999 @ 0x1\n\n1 @ 0x2\n", 0, SNAP_ROWS_MAX },
};

static void what_is_wrong_is_refused_or_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct snapshot s;

		assert_int_equal(parse(&s, wrong[i].body), wrong[i].rc);
		assert_int_equal(s.row_count, wrong[i].rows);
		snapshot_release(&s);
	}
}

static void a_stack_too_deep_is_cut(void **state)
{
	struct buf b = { 0 };
	struct snapshot s;
	uint32_t depth;

	(void)state;
	buf_put_str(&b, HEAD "1 @ 0x1\n");
	for (int i = 0; i < 3000; i++)
		buf_put_str(&b, "#\t0x1\tf+0x1\ta.go:1\n");
	assert_int_equal(parse(&s, buf_str(&b)), 0);
	assert_non_null(snapshot_frames(&s, s.rows[0].stack, &depth));
	assert_int_equal(depth, SNAP_DEPTH_MAX);
	buf_release(&b);
	snapshot_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_goroutine_of_a_record_is_a_row),
		cmocka_unit_test(what_is_wrong_is_refused_or_left_out),
		cmocka_unit_test(a_stack_too_deep_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
