/* lib/snapshot/rows: order, filter and search of goroutines. */
#include "lib/snapshot/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/snapshot/filter.h"
#include "lib/snapshot/where.h"

static const struct row_choice all = { .system = true };

/* Goroutine ID in function FUNC, waiting for REASON or running. */
static struct snap_row *add(struct snapshot *s, int64_t id, const char *func,
			    const char *reason)
{
	struct snap_frame f = { .func = strtab_put(&s->strings, func) };
	uint32_t stack = func ? snapshot_stack(s, &f, 1) : SNAP_NONE;
	struct snap_row *row = snapshot_row(s);

	row->number[ROW_ID] = id;
	row->stack = stack;
	row->reason = strtab_put(&s->strings, reason);
	row->state = reason ? SNAP_WAITING : SNAP_RUNNING;
	return row;
}

/* The ids of R in its order, with blanks. */
static const char *ids(struct rows *r)
{
	static char out[256];
	size_t n = 0;

	out[0] = 0;
	for (uint32_t i = 0; i < rows_count(r); i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%lld",
				      i ? " " : "", (long long)
				      rows_at(r, i)->number[ROW_ID]);
	return out;
}

static void assert_ids(const struct snapshot *s, struct row_choice which,
		       int by, bool descending, const char *want)
{
	struct rows *r;

	assert_int_equal(rows_new(&r, s, &which,
				  (struct row_order){ by, descending }), 0);
	assert_string_equal(ids(r), want);
	rows_free(r);
}

static void few(struct snapshot *s)
{
	struct snap_row *row;

	snapshot_init(s);
	add(s, 9, "main.b", "select")->number[ROW_SINCE] = 50;
	add(s, 3, "main.a", "chan receive")->number[ROW_SINCE] = 70;
	row = add(s, 4, "main.a", NULL);
	row->created_func = strtab_put(&s->strings, "main.serve");
	row->labels = strtab_put(&s->strings, "{\"tenant\":\"blue\"}");
	row = add(s, 2, "runtime.bgsweep", "GC sweep wait");
	row->system = true;
	row->number[ROW_SINCE] = 60;
	add(s, 7, NULL, NULL);
}

static void numbers_sort_with_unknown_last_and_equal_by_id(void **state)
{
	struct snapshot s;

	(void)state;
	few(&s);
	assert_ids(&s, all, ROW_ID, false, "2 3 4 7 9");
	assert_ids(&s, all, ROW_ID, true, "9 7 4 3 2");
	assert_ids(&s, all, ROW_SINCE, true, "3 2 9 4 7");
	assert_ids(&s, all, ROW_SINCE, false, "9 2 3 4 7");
	assert_ids(&s, all, ROW_M, true, "2 3 4 7 9");
	assert_ids(&s, all, ROW_STATE, false, "4 7 2 3 9");
	snapshot_release(&s);
}

static void texts_sort_as_words(void **state)
{
	struct snapshot s;

	(void)state;
	few(&s);
	assert_ids(&s, all, ROW_REASON, false, "2 3 9 4 7");
	assert_ids(&s, all, ROW_REASON, true, "9 3 2 4 7");
	assert_ids(&s, all, ROW_WHERE, false, "3 4 9 2 7");
	assert_ids(&s, all, ROW_CREATED, false, "4 2 3 7 9");
	assert_ids(&s, all, ROW_LABELS, true, "4 2 3 7 9");
	snapshot_release(&s);
}

static void assert_filter(const struct snapshot *s, const char *text,
			  const char *want)
{
	struct row_choice which = { .system = true };

	assert_int_equal(filter_new(&which.filter, text, NULL), 0);
	assert_ids(s, which, ROW_ID, false, want);
	filter_free(which.filter);
}

static void filters_look_at_all_that_is_text(void **state)
{
	struct snapshot s;

	(void)state;
	few(&s);
	assert_filter(&s, "", "2 3 4 7 9");
	assert_filter(&s, "MAIN.A", "3 4");
	assert_filter(&s, "chan", "3");
	assert_filter(&s, "running", "4 7");
	assert_filter(&s, "serve", "4");
	assert_filter(&s, "blue", "4");
	assert_filter(&s, "!main", "2 7");
	assert_filter(&s, "wait>=60ns or id=9", "2 3 9");
	assert_filter(&s, "nowhere", "");
	snapshot_release(&s);
}

static void the_runtimes_own_and_other_stacks_are_left_out(void **state)
{
	struct row_choice users = { 0 };
	struct row_choice same = { .one_stack = true };
	struct snapshot s;

	(void)state;
	few(&s);
	assert_ids(&s, users, ROW_ID, false, "3 4 7 9");
	same.stack = s.stacks[s.rows[1].stack].hash;
	assert_ids(&s, same, ROW_ID, false, "3 4");
	same.stack++;
	assert_ids(&s, same, ROW_ID, false, "");
	snapshot_release(&s);
}

static void searching_goes_on_from_where_one_is_and_around(void **state)
{
	struct snapshot s;
	struct rows *r;

	(void)state;
	few(&s);
	assert_int_equal(rows_new(&r, &s, &all, (struct row_order){ ROW_ID,
				  false }), 0);
	assert_int_equal(rows_search(r, 0, "main.a"), 1);
	assert_int_equal(rows_search(r, 1, "main.a"), 1);
	assert_int_equal(rows_search(r, 2, "main.a"), 2);
	assert_int_equal(rows_search(r, 3, "main.a"), 1);
	assert_int_equal(rows_search(r, 5, "main.a"), 1);
	assert_int_equal(rows_search(r, 0, "nowhere"), -1);
	assert_int_equal(rows_find(r, 9), 4);
	assert_int_equal(rows_find(r, 5), -1);
	rows_free(r);
	snapshot_release(&s);
}

static void empty(void **state)
{
	struct snapshot s;
	struct rows *r;

	(void)state;
	snapshot_init(&s);
	assert_int_equal(rows_new(&r, &s, &all, (struct row_order){ ROW_WHERE,
				  true }), 0);
	assert_int_equal(rows_count(r), 0);
	assert_int_equal(rows_search(r, 0, ""), -1);
	assert_int_equal(rows_find(r, 1), -1);
	rows_free(r);
}

/* N goroutines, their since-when as KIND says. */
static void many(struct snapshot *s, int n, int kind)
{
	uint32_t random = 7;

	snapshot_init(s);
	for (int i = 0; i < n; i++) {
		const int64_t v[] = {
			random >> 8, i, n - i, 5, (random >> 16) % 7,
		};

		random = random * 1103515245 + 12345;
		add(s, i, "f", NULL)->number[ROW_SINCE] = v[kind];
	}
}

static int by_since(const void *a, const void *b)
{
	const struct snap_row *const *x = a, *const *y = b;
	int64_t p = (*x)->number[ROW_SINCE], q = (*y)->number[ROW_SINCE];

	if (p != q)
		return p < q ? 1 : -1;
	return (*x)->number[ROW_ID] > (*y)->number[ROW_ID] ? 1 : -1;
}

/* Looked at here and there, each place has what a full sort puts there. */
static void any_place_is_that_of_a_full_sort(void **state)
{
	enum { N = 5000 };
	static const struct snap_row *sorted[N];

	(void)state;
	for (int kind = 0; kind < 5; kind++) {
		struct snapshot s;
		struct rows *r;

		many(&s, N, kind);
		for (int i = 0; i < N; i++)
			sorted[i] = &s.rows[i];
		qsort(sorted, N, sizeof(sorted[0]), by_since);
		assert_int_equal(rows_new(&r, &s, &all, (struct row_order){
					  ROW_SINCE, true }), 0);
		for (uint32_t i = 0; i < N; i++) {
			uint32_t at = i * 3571 % N;

			assert_ptr_equal(rows_at(r, at), sorted[at]);
			assert_int_equal(rows_find(r, sorted[i]->number[
					 ROW_ID]), i);
			if (i == 200)   /* each look is linear */
				i = N - 200;
		}
		rows_free(r);
		snapshot_release(&s);
	}
}

static void labels_are_shown_as_words(void **state)
{
	struct buf out = { 0 };
	struct snapshot s;

	(void)state;
	few(&s);
	s.rows[0].labels = strtab_put(&s.strings,
				      "{\"a\":\"1\", \"b\":\"x y\"}");
	s.rows[1].labels = strtab_put(&s.strings, "[7");
	row_labels(&s, &s.rows[0], &out);
	row_labels(&s, &s.rows[1], &out);
	row_labels(&s, &s.rows[3], &out);
	assert_string_equal(buf_str(&out), "a=1 b=x y");
	buf_release(&out);
	snapshot_release(&s);
}

static void what_gos_runtime_lends_is_not_where_one_stands(void **state)
{
	static const char *const stack[] = {
		"runtime.gopark", "runtime.semacquire1",
		"sync.runtime_SemacquireMutex", "sync.(*Mutex).lockSlow",
		"main.worker", "runtime.goexit",
	};
	struct snap_frame f[6] = { 0 };
	struct buf out = { 0 };
	struct snapshot s;

	(void)state;
	snapshot_init(&s);
	for (int i = 0; i < 6; i++)
		f[i].func = strtab_put(&s.strings, stack[i]);
	where_put(&s, snapshot_stack(&s, f, 6), SNAP_WAITING, 2, &out);
	assert_string_equal(buf_str(&out),
			    "sync.(*Mutex).lockSlow < main.worker");
	/* One of its own: who parks, not how. */
	f[1].func = strtab_put(&s.strings, "runtime.bgsweep");
	f[2] = f[5];
	buf_reset(&out);
	where_put(&s, snapshot_stack(&s, f, 3), SNAP_WAITING, 9, &out);
	assert_string_equal(buf_str(&out), "runtime.bgsweep");
	buf_release(&out);
	snapshot_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			numbers_sort_with_unknown_last_and_equal_by_id),
		cmocka_unit_test(texts_sort_as_words),
		cmocka_unit_test(filters_look_at_all_that_is_text),
		cmocka_unit_test(
			the_runtimes_own_and_other_stacks_are_left_out),
		cmocka_unit_test(
			searching_goes_on_from_where_one_is_and_around),
		cmocka_unit_test(empty),
		cmocka_unit_test(any_place_is_that_of_a_full_sort),
		cmocka_unit_test(labels_are_shown_as_words),
		cmocka_unit_test(
			what_gos_runtime_lends_is_not_where_one_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
