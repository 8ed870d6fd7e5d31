/* lib/snapshot/filter: what its words let pass, and where they are wrong. */
#include "lib/snapshot/filter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000000000)

static struct snapshot snap;

static uint32_t put(const char *s)
{
	return strtab_put(&snap.strings, s);
}

static uint32_t stack_of(const char *leaf, const char *caller)
{
	struct snap_frame f[2] = {
		{ .pc = 1, .func = put(leaf), .file = put("/src/leaf.go") },
		{ .pc = 2, .func = put(caller), .file = put("/src/top.go") },
	};

	return snapshot_stack(&snap, f, 2);
}

static struct snap_row *row(int64_t id, enum snap_state state,
			    const char *reason, int64_t since)
{
	struct snap_row *r = snapshot_row(&snap);

	r->number[ROW_ID] = id;
	r->number[ROW_SINCE] = since;
	r->state = (uint8_t)state;
	r->reason = put(reason);
	return r;
}

static int begin(void **state)
{
	struct snap_row *r;

	(void)state;
	snapshot_init(&snap);
	r = row(1, SNAP_WAITING, "sync.Mutex.Lock", 2 * MINUTE);
	r->stack = stack_of("sync.(*Mutex).Lock", "main.serve");
	r->labels = put("{\"tenant\":\"blue\", \"zone\":\"a \\\"b\\\"\"}");
	r->number[ROW_STACK_BYTES] = 2048;
	r = row(2, SNAP_WAITING, "chan receive", MINUTE / 2);
	r->stack = stack_of("runtime.gopark", "net/http.(*conn).serve");
	r->created_func = put("net/http.(*Server).Serve");
	r->creator = 1;
	r->number[ROW_STACK_BYTES] = 128 << 10;
	r = row(3, SNAP_RUNNING, "", SNAP_UNKNOWN);
	r->stack = stack_of("main.spin", "main.main");
	r->number[ROW_P] = 3;
	r->locked = true;
	r = row(4, SNAP_SYSCALL, "", 5000);
	r->moving = true;
	r->labels = put("{\"tenant\":\"red\"}");
	return 0;
}

static int end(void **state)
{
	(void)state;
	snapshot_release(&snap);
	return 0;
}

/* The ids that pass: "1 3". */
static const char *passing(const char *expr)
{
	static char out[64];
	struct err e = { 0 };
	struct filter *f;

	out[0] = '\0';
	if (filter_new(&f, expr, &e) < 0)
		return strcpy(out, "refused");
	assert_int_equal(filter_begin(f, &snap), 0);
	for (uint32_t i = 0; i < snap.row_count; i++)
		if (filter_row(f, &snap.rows[i]))
			snprintf(out + strlen(out), sizeof(out) - strlen(out),
				 "%s%d", *out ? " " : "",
				 (int)snap.rows[i].number[ROW_ID]);
	filter_free(f);
	return out;
}

struct pair {
	const char *expr, *want;
};

static void check(const struct pair *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(passing(at[i].expr), at[i].want))
			fail_msg("%s lets pass \"%s\", not \"%s\"", at[i].expr,
				 passing(at[i].expr), at[i].want);
}

#define CHECK(pairs) check(pairs, sizeof(pairs) / sizeof(*(pairs)))

static void conditions_ask_every_kind_of_field(void **state)
{
	static const struct pair pairs[] = {
		{ "", "1 2 3 4" }, { " ", "1 2 3 4" },
		{ "reason=mutex", "1" }, { "reason=chan", "2" },
		{ "reason=\"CHAN receive\"", "2" },
		{ "reason!=mutex", "2 3 4" }, { "reason~^SYNC", "1" },
		{ "state=running", "3" }, { "state~^r|w", "1 2 3" },
		{ "fn~serve$", "1 2" }, { "fn=main.serve", "1" },
		{ "fn=main", "" }, { "fn!=main.serve", "2 3 4" },
		{ "fn!~serve", "3 4" }, { "file=/src/top.go", "1 2 3" },
		{ "file~leaf.go", "1 2 3" }, { "id=2", "2" },
		{ "id>=2 id<4", "2 3" }, { "id != 2", "1 3 4" },
		{ "wait>1m", "1" }, { "wait>=30s", "1 2" },
		{ "wait<1m30s", "2 4" }, { "wait<=5us", "4" },
		{ "wait>0.5m", "1" }, { "wait>1d", "" },
		{ "wait>0", "1 2 4" },
		{ "stack>64k", "2" }, { "stack=2KiB", "1" },
		{ "stack<1m", "1 2" }, { "p=3", "3" }, { "p!=3", "1 2 4" },
		{ "created~Serve", "2" },
		{ "created=net/http.(*Server).Serve", "2" },
		{ "creator=1", "2" }, { "locked", "3" }, { "moving", "4" },
		{ "label.tenant=blue", "1" }, { "label.tenant", "1 4" },
		{ "label.tenant~^r", "4" }, { "label.zone='a \"b\"'", "1" },
		{ "label.tenant!=blue", "2 3 4" }, { "label.none", "" },
		{ "WAIT>1m", "1" },
	};

	(void)state;
	CHECK(pairs);
}

static void words_are_looked_for_everywhere(void **state)
{
	static const struct pair pairs[] = {
		{ "serve", "1 2" }, { "SERVE", "1 2" }, { "mutex", "1" },
		{ "running", "3" }, { "top.go", "1 2 3" },
		{ "(*conn).serve", "2" }, { "net/http.(*conn)", "2" },
		{ "'chan receive'", "2" }, { "\"locked\"", "" },
		{ "chan receive", "2" }, { "nothing", "" },
		{ "\"and\"", "" }, { "wait", "" }, { "blue", "1" },
		{ "\"!blue\"", "2 3 4" },
		/* Names of fields alone are words too. */
		{ "reason", "" }, { "file", "" }, { "fn", "" }, { "entry", "" },
	};

	(void)state;
	CHECK(pairs);
}

static void joints_bind_as_everywhere(void **state)
{
	static const struct pair pairs[] = {
		{ "reason=mutex and wait>1m", "1" },
		{ "reason=mutex and wait>5m", "" },
		{ "id=1 or id=2 and id=3", "1" },
		{ "(id=1 or id=2) and id=2", "2" },
		{ "id=1 id=2 or id=3", "3" },
		{ "id=3 or id=1 id=1", "1 3" },
		{ "!id=1", "2 3 4" }, { "! id=1 id=2", "2" },
		{ "!(id=1 or id=2)", "3 4" }, { "not id=1", "2 3 4" },
		{ "!!id=1", "1" }, { "!(!(id=1))", "1" },
		{ "!serve", "3 4" }, { "!fn~serve", "3 4" },
		{ "((id=1)or(id=2))", "1 2" }, { "(id=1)(id=1)", "1" },
		{ "not(id=1)and(id=2)", "2" }, { "orphan", "" },
		{ "id=1 OR locked", "1 3" }, { "id=1 !locked", "1" },
		{ "(fn~net/http.(.+conn) or id=1)", "1 2" },
	};

	(void)state;
	CHECK(pairs);
}

static void what_is_wrong_is_said_with_its_column(void **state)
{
	static const struct pair pairs[] = {
		{ "wiat>1m", "column 1: wiat: no such field (id state reason "
			     "wait fn file created creator entry label.KEY "
			     "stack locked ...)" },
		{ "id=1 wait>1", "column 11: 1: wait wants a time like 90s or "
				 "1m30s" },
		{ "wait>1e9s", "column 6: 1e9s: wait wants a time like 90s or "
			       "1m30s" },
		{ "stack>1x", "column 7: 1x: stack wants a size like 64k" },
		{ "id=one", "column 4: one: id wants a number" },
		{ "id>", "column 4: a value is missing" },
		{ "id=1 and", "column 9: a condition is missing here" },
		{ "and id=1", "column 1: a condition is missing before it" },
		{ "()", "column 2: a condition is missing before it" },
		{ "=1", "column 1: a field is missing before it" },
		{ "(id=1", "column 6: a ) is missing" },
		{ "id=1)", "column 5: nothing is opened here" },
		{ "fn~\"a", "column 4: the quote has no end" },
		{ "fn~[a", "column 4: [a: Unmatched [, [^, [:, [., or [=" },
		{ "id~1", "column 1: id cannot be compared so" },
		{ "fn<a", "column 1: fn cannot be compared so" },
		{ "locked=1", "column 1: locked cannot be compared so" },
		{ "state=asleep", "column 7: asleep: state is running, "
				  "runnable, syscall or waiting" },
		{ "!", "column 2: a condition is missing here" },
	};
	struct filter *f;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct err e = { 0 };

		assert_int_equal(filter_new(&f, pairs[i].expr, &e), -EINVAL);
		assert_string_equal(e.text, pairs[i].want);
	}
}

static void any_length_ends(void **state)
{
	char *deep = calloc(1, FILTER_BYTES_MAX + 2);
	struct err e = { 0 };
	struct filter *f;

	(void)state;
	memset(deep, '(', FILTER_BYTES_MAX);
	assert_int_equal(filter_new(&f, deep, &e), -E2BIG);
	assert_string_equal(e.text, "filter of more than 256 conditions");
	memset(deep, '!', 200);
	strcpy(deep + 200, "id=1");
	assert_string_equal(passing(deep), "1");
	deep[0] = '\0';
	for (int i = 0; i < 128; i++)
		strcat(deep, "id=1 ");
	assert_string_equal(passing(deep), "1");
	strcat(deep, "id=1");
	assert_int_equal(filter_new(&f, deep, &e), -E2BIG);
	memset(deep, 'a', FILTER_BYTES_MAX + 1);
	assert_int_equal(filter_new(&f, deep, &e), -E2BIG);
	assert_string_equal(e.text, "filter of more than 4096 bytes");
	free(deep);
}

static void no_soup_of_words_breaks_it(void **state)
{
	static const char *const words[] = {
		"(", ")", "!", "and", "or", " ", "id", "=", "1", "wait>1m",
		"fn~", "\"", "'", "serve", "label.", "<", "!=", "\\",
		"reason", "file", "state",
	};
	struct filter *f;
	char expr[256];

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		expr[0] = '\0';
		for (int n = rand() % 12; n > 0; n--)
			strcat(expr, words[(size_t)rand() %
					   (sizeof(words) / sizeof(*words))]);
		if (filter_new(&f, expr, NULL) == 0) {
			assert_int_equal(filter_begin(f, &snap), 0);
			filter_row(f, &snap.rows[0]);
			filter_free(f);
		}
	}
}

static void rows_that_do_not_pass_leave_the_snapshot(void **state)
{
	struct filter *f;

	(void)state;
	snap.total = 4;
	assert_int_equal(filter_new(&f, "id>2", NULL), 0);
	assert_int_equal(filter_snapshot(f, &snap), 0);
	filter_free(f);
	assert_int_equal(snap.row_count, 2);
	assert_int_equal(snap.rows[0].number[ROW_ID], 3);
	assert_int_equal(snap.rows[1].number[ROW_ID], 4);
	assert_int_equal(snap.total, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_ask_every_kind_of_field),
		cmocka_unit_test(words_are_looked_for_everywhere),
		cmocka_unit_test(joints_bind_as_everywhere),
		cmocka_unit_test(what_is_wrong_is_said_with_its_column),
		cmocka_unit_test(any_length_ends),
		cmocka_unit_test(no_soup_of_words_breaks_it),
		cmocka_unit_test(rows_that_do_not_pass_leave_the_snapshot),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
