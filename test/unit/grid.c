/* pgo-top: cells, and the views drawn into them at every size. */
#include "pgo-top/grid.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pgo-top/format.h"
#include "pgo-top/keys.h"
#include "pgo-top/view.h"

static void assert_line(const struct grid *g, int y, bool ascii,
			const char *want)
{
	struct buf b = { 0 };

	grid_line(g, y, ascii, &b);
	assert_string_equal(buf_str(&b), want);
	buf_release(&b);
}

static void text_outside_is_cut_off(void **state)
{
	struct grid g;

	(void)state;
	assert_int_equal(grid_init(&g, 2, 5), 0);
	assert_int_equal(grid_text(&g, 0, 2, 0, 0, "abcdef"), 5);
	assert_int_equal(grid_text(&g, 1, 0, 2, 0, "xyz"), 2);
	grid_text(&g, -1, 0, 0, 0, "no");
	grid_text(&g, 2, 0, 0, 0, "no");
	grid_text(&g, 1, 7, 0, 0, "no");
	grid_row_look(&g, 9, LOOK_BOLD);
	assert_line(&g, 0, false, "  abc");
	assert_line(&g, 1, false, "xy");
	grid_release(&g);
}

static void nothing_in_a_cell_can_steer_a_terminal(void **state)
{
	struct grid g;

	(void)state;
	assert_int_equal(grid_init(&g, 1, 20), 0);
	grid_text(&g, 0, 0, 0, 0, "a\033[2Jb\n\u202ec\302\233d\377e");
	assert_line(&g, 0, false, "a?[2Jb??c?d?e");
	grid_release(&g);
}

static void wide_characters_take_two_cells_and_are_never_halved(void **state)
{
	struct grid g;

	(void)state;
	assert_int_equal(grid_init(&g, 1, 4), 0);
	assert_int_equal(grid_text(&g, 0, 0, 0, 0, "a\u6f22\u5b57"), 3);
	assert_int_equal(grid_cell(&g, 0, 1)->ch, 0x6f22);
	assert_int_equal(grid_cell(&g, 0, 2)->ch, 0);
	assert_line(&g, 0, false, "a\u6f22");
	assert_line(&g, 0, true, "a?");
	grid_release(&g);
}

static void numbers_fit_their_columns(void **state)
{
	static const struct {
		int64_t v;
		enum unit unit;
		unsigned int width;
		const char *text;
	} rows[] = {
		{ 71204, UNIT_COUNT, 8, "71,204" },
		{ 1234567, UNIT_COUNT, 8, "1.2M" },
		{ 999, UNIT_COUNT, 3, "999" },
		{ SNAP_UNKNOWN, UNIT_COUNT, 8, "-" },
		{ SNAP_UNKNOWN, UNIT_NS, 8, "-" },
		{ 0, UNIT_NS, 8, "0us" },
		{ 9000, UNIT_NS, 8, "9us" },
		{ 1400000, UNIT_NS, 8, "1.4ms" },
		{ 41000000, UNIT_NS, 8, "41ms" },
		{ 11000000000, UNIT_NS, 8, "11.0s" },
		{ 130000000000, UNIT_NS, 8, "2m10s" },
		{ 10920000000000, UNIT_NS, 8, "3h02m" },
		{ INT64_MAX, UNIT_NS, 8, "106751d23h" },
		{ 8192, UNIT_BYTES, 7, "8.0K" },
		{ 432013312, UNIT_BYTES, 7, "412M" },
		{ 700, UNIT_BYTES, 7, "700" },
		{ 40000, UNIT_MILLI, 7, "+40" },
		{ -300, UNIT_MILLI, 7, "-0.3" },
		{ -1, UNIT_MILLI, 7, "0" },
		{ 0, UNIT_MILLI, 7, "0" },
		{ INT64_MAX, UNIT_MILLI, 7, "+9223372036855k" },
	};
	char text[FORMAT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		format_number(text, rows[i].v, rows[i].unit, rows[i].width);
		assert_string_equal(text, rows[i].text);
	}
}

/* A frame of N groups, group i with i + 1 goroutines in function "fI". */
static struct frame *frame_of(uint32_t n)
{
	struct frame *f = calloc(1, sizeof(*f));
	char name[16];

	snapshot_init(&f->snapshot);
	f->info = (struct source_info){ .kind = "agent", .pid = 4711,
					.exe = "chatd" };
	for (uint32_t i = 0; i < n; i++) {
		struct snap_frame at = { 0 };
		uint32_t stack;

		snprintf(name, sizeof(name), "f%u", i);
		at.func = strtab_put(&f->snapshot.strings, name);
		stack = snapshot_stack(&f->snapshot, &at, 1);
		for (uint32_t k = 0; k <= i; k++) {
			struct snap_row *row = snapshot_row(&f->snapshot);

			row->state = SNAP_RUNNABLE;
			row->stack = stack;
			row->number[ROW_SINCE] = 1000000;
			row->number[ROW_STACK_BYTES] = 2048;
		}
	}
	f->snapshot.total = f->snapshot.row_count;
	assert_int_equal(groups_init(&f->groups, &f->snapshot), 0);
	return f;
}

static void view_of(struct view *v, const struct frame *f)
{
	*v = (struct view){ .frame = f, .delay_ns = 1000000000 };
	view_init(v, LIST_STACKS);
	assert_int_equal(view_update(v), 0);
}

static void the_stacks_view_is_as_designed(void **state)
{
	struct frame *f = frame_of(3);
	struct view v;
	struct grid g;

	(void)state;
	view_of(&v, f);
	assert_int_equal(grid_init(&g, 24, 80), 0);
	view_draw(&v, &g);
	assert_line(&g, 0, false, "pgo-top " PGO_VERSION "  chatd  pid 4711  "
		    "up -  by agent                    "
		    "     [live 1.0s]");
	assert_line(&g, 1, false, "Gs 6  running 0  runnable 6  syscall 0  "
		    "waiting 0");
	assert_line(&g, 2, false, "Ps -  idle -  queues -  global -  "
		    "threads -  idle -  stack -");
	assert_line(&g, 3, false, "wait none");
	assert_line(&g, 5, false, "[Stacks] Goroutines");
	assert_line(&g, 6, false, "   COUNT     +/s WAIT-MAX WAIT-P50   STACK "
		    "REASON         WHERE");
	assert_line(&g, 7, false, "       3       -    1.0ms    1.0ms    6.0K "
		    "runnable       f2");
	assert_line(&g, 10, false, "");
	assert_line(&g, 22, false, "1-3 of 3 stacks, 6 goroutines  "
		    "sort: COUNT v  filter: none");
	assert_true(grid_cell(&g, 7, 40)->look & LOOK_REVERSE);
	assert_false(grid_cell(&g, 8, 40)->look & LOOK_REVERSE);
	grid_release(&g);
	view_release(&v);
	frame_free(f);
}

/* Each page of each list, on both. */
static void draw_all(struct view *v, struct grid *one, struct grid *other)
{
	for (int list = 0; list < LISTS; list++) {
		v->list = (enum view_list)list;
		v->page = PAGE_LIST;
		assert_int_equal(view_update(v), 0);
		for (int page = 0; page <= PAGE_HELP; page++) {
			v->page = (enum view_page)page;
			if (page == PAGE_ONE)
				view_open(v);
			view_draw(v, one);
			view_draw(v, other);
		}
	}
}

static void every_page_can_be_drawn_at_every_size(void **state)
{
	struct frame *full = frame_of(40), *empty = frame_of(0);
	const struct frame *frames[] = { full, empty, NULL };

	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int size = 1; size < 50; size++) {
			struct view v;
			struct grid tall, flat;

			view_of(&v, frames[i]);
			assert_int_equal(grid_init(&tall, size, 7), 0);
			assert_int_equal(grid_init(&flat, 5, size), 0);
			draw_all(&v, &tall, &flat);
			grid_release(&tall);
			grid_release(&flat);
			view_release(&v);
		}
	}
	frame_free(full);
	frame_free(empty);
}

static void press(struct keys *k, const char *text)
{
	for (; *text; text++)
		keys_press(k, *text == '\n' ? K_ENTER : (uint32_t)*text);
}

static void the_cursor_stays_on_its_stack(void **state)
{
	struct frame *few = frame_of(5), *many = frame_of(30);
	struct keys k = { .rows = 24 };
	struct view v;
	uint64_t key;

	(void)state;
	view_of(&v, few);
	k.view = &v;
	press(&k, "jj");
	key = v.at[LIST_STACKS].key;
	assert_int_equal(v.groups.at[2].key, key);
	v.frame = many;         /* 25 more stacks come before it */
	assert_int_equal(view_update(&v), 0);
	view_scroll(&v, k.rows);
	assert_int_equal(v.at[LIST_STACKS].cursor, 27);
	assert_int_equal(v.groups.at[27].key, key);
	assert_int_equal(v.at[LIST_STACKS].top, 27 - view_list_rows(24) + 1);
	press(&k, "I");
	assert_int_equal(v.at[LIST_STACKS].cursor, 2);
	view_release(&v);
	frame_free(few);
	frame_free(many);
}

static void keys_move_sort_filter_and_search(void **state)
{
	struct frame *f = frame_of(30);
	struct keys k = { .rows = 24 };
	struct view v;

	(void)state;
	view_of(&v, f);
	k.view = &v;
	press(&k, "G");
	assert_int_equal(v.at[LIST_STACKS].cursor, 29);
	press(&k, "j");
	assert_int_equal(v.at[LIST_STACKS].cursor, 29);
	press(&k, "g");
	assert_int_equal(v.at[LIST_STACKS].cursor, 0);
	keys_press(&k, K_PAGE_DOWN);
	assert_int_equal(v.at[LIST_STACKS].cursor, view_list_rows(24));
	press(&k, "swait\n");
	assert_int_equal(v.at[LIST_STACKS].order.by, GROUP_WAIT_MAX);
	press(&k, "<");
	assert_int_equal(v.at[LIST_STACKS].order.by, GROUP_RATE);
	press(&k, "snonsense\n");
	assert_string_equal(v.message, "no such column");
	assert_int_equal(v.at[LIST_STACKS].order.by, GROUP_RATE);
	press(&k, "\\f1\n");
	assert_int_equal(v.groups.n, 11);        /* f1, f10 to f19 */
	keys_press(&k, K_ESCAPE);
	assert_int_equal(v.groups.n, 30);
	press(&k, "/f7\n");
	assert_int_equal(v.groups.at[v.at[LIST_STACKS].cursor].number[
			 GROUP_COUNT], 8);
	press(&k, "d0.5\n");
	assert_int_equal(v.delay_ns, 500000000);
	press(&k, "dsoon\n");
	assert_int_equal(v.delay_ns, 500000000);
	press(&k, "\n");
	assert_int_equal(v.page, PAGE_ONE);
	keys_press(&k, K_ESCAPE);
	assert_int_equal(v.page, PAGE_LIST);
	press(&k, " ");
	assert_true(v.paused);
	press(&k, "q");
	assert_true(k.quit);
	view_release(&v);
	frame_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_outside_is_cut_off),
		cmocka_unit_test(nothing_in_a_cell_can_steer_a_terminal),
		cmocka_unit_test(
			wide_characters_take_two_cells_and_are_never_halved),
		cmocka_unit_test(numbers_fit_their_columns),
		cmocka_unit_test(the_stacks_view_is_as_designed),
		cmocka_unit_test(every_page_can_be_drawn_at_every_size),
		cmocka_unit_test(the_cursor_stays_on_its_stack),
		cmocka_unit_test(keys_move_sort_filter_and_search),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
