/*
 * gosym: what small tables of each version say, and that no table, whatever is
 * in it, makes a reader say nonsense, read twice or never end.
 *
 * Tables of real programs are read in test/interop/test_gosym.py.
 */
#include "symbolizer/gosym.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "test/pclntab.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define FRAMES 8
#define MUTANTS 3000

static const int minors[] = { 16, 17, 18, 19, 20, 21, 25, 26, 27 };

static const char *const files[] = { "a.go", "b.go", "asm.s", NULL };

/* inner() is inlined into middle(), that into main() at 0x20; main() has a
 * frame from 4 on. */
static const struct ptab_func funcs[] = {
	{ .name = "main.main", .start_line = 10,
	  .depth = { { 4, 0 }, { 0x5f, 24 }, { 0x60, 0 } },
	  .file = { { 0x20, 0 }, { 0x30, 1 }, { 0x60, 0 } },
	  .line = { { 0x10, 10 }, { 0x20, 12 }, { 0x28, 103 }, { 0x30, 102 },
		    { 0x60, 13 } },
	  .inlined = { { 0x20, -1 }, { 0x28, 1 }, { 0x30, 0 }, { 0x60, -1 } },
	  .calls = { { "main.middle", 0x10, 101, 0 },
		     { "main.inner[go.shape.[]int]", 0x28, 100, 0 } } },
	{ .name = "main.(*T[go.shape.int]).Each[go.shape.string].func1",
	  .entry = 0x60, .start_line = 20,
	  .depth = { { 0x20, 8 } }, .file = { { 0x20, 0 } },
	  .line = { { 0x20, 21 } } },
	{ .name = "main.T.Get", .entry = 0x80, .id = 23,
	  .file = { { 0x20, 0 } }, .line = { { 0x20, 1 } },
	  .inlined = { { 0x10, 0 }, { 0x20, -1 } },
	  .calls = { { "main.(*T).Get", 0x10, 1, 23 } } },
	{ .name = "runtime.systemstack_switch", .entry = 0xa0, .id = 22,
	  .flags = 4, .file = { { 0x20, 2 } }, .line = { { 0x20, 5 } } },
	{ .name = "runtime.goexit", .entry = 0xc0, .id = 8, .flags = 5,
	  .depth = { { 0x20, 0 } }, .file = { { 0x20, 2 } },
	  .line = { { 0x20, 7 } } },
	{ .name = "runtime.mcall", .entry = 0xe0, .flags = 6,
	  .depth = { { 0x20, -8 } } },
};

#define END UINT32_C(0x100)

struct table {
	struct ptab ptab;
	struct gosym_source src;
	struct gosym *sym;
};

static void table_open(struct table *t, int minor)
{
	struct err e = { 0 };

	ptab_make(&t->ptab, minor, funcs, COUNT(funcs), END, files);
	t->src = ptab_source(&t->ptab);
	if (gosym_open(&t->sym, &t->src, &e))
		fail_msg("1.%d: %s", minor, e.text);
}

static void table_close(struct table *t)
{
	gosym_close(t->sym);
	ptab_release(&t->ptab);
}

static void check_frame(const struct sym_frame *f, const char *func,
			const char *file, uint32_t line, uint32_t start)
{
	assert_string_equal(f->func, func);
	assert_string_equal(f->file, file);
	assert_int_equal(f->line, line);
	assert_int_equal(f->start_line, start);
}

static void inlined_calls_are_frames_of_their_own(void **state)
{
	struct sym_frame f[FRAMES];

	(void)state;
	for (size_t i = 0; i < COUNT(minors); i++) {
		uint32_t starts = minors[i] >= 20;
		struct table t;

		table_open(&t, minors[i]);
		assert_int_equal(gosym_frames(t.sym, PTAB_TEXT + 0x20, f,
					      FRAMES), 3);
		check_frame(&f[0], "main.inner[...]", "b.go", 103,
			    starts * 100);
		assert_string_equal(f[0].linkage,
				    "main.inner[go.shape.[]int]");
		check_frame(&f[1], "main.middle", "b.go", 102, starts * 101);
		check_frame(&f[2], "main.main", "a.go", 12, starts * 10);
		assert_true(f[0].inlined && f[1].inlined && !f[2].inlined);
		assert_false(f[0].wrapper || f[1].wrapper || f[2].wrapper);
		assert_int_equal(gosym_frames(t.sym, PTAB_TEXT + 0x20, f, 2),
				 2);
		assert_int_equal(gosym_frames(t.sym, PTAB_TEXT + 0x30, f,
					      FRAMES), 1);
		check_frame(&f[0], "main.main", "a.go", 13, starts * 10);
		table_close(&t);
	}
}

static void wrappers_are_wrappers_inlined_or_not(void **state)
{
	struct sym_frame f[FRAMES];

	(void)state;
	for (size_t i = 0; i < COUNT(minors); i++) {
		struct table t;

		table_open(&t, minors[i]);
		assert_int_equal(gosym_frames(t.sym, PTAB_TEXT + 0x80, f,
					      FRAMES), 2);
		assert_string_equal(f[0].func, "main.(*T).Get");
		assert_true(f[0].wrapper && f[1].wrapper);
		assert_int_equal(gosym_frames(t.sym, PTAB_TEXT + 0xa0, f,
					      FRAMES), 1);
		assert_false(f[0].wrapper);
		table_close(&t);
	}
}

static void without_the_place_of_trees_there_is_the_function(void **state)
{
	struct sym_frame f[FRAMES];
	struct table t;

	(void)state;
	table_open(&t, 26);
	gosym_close(t.sym);
	t.src.gofunc = 0;
	assert_int_equal(gosym_open(&t.sym, &t.src, NULL), 0);
	assert_int_equal(gosym_frames(t.sym, PTAB_TEXT + 0x20, f, FRAMES), 1);
	assert_string_equal(f[0].func, "main.main");
	assert_int_equal(f[0].line, 103);
	table_close(&t);
}

static void depths_hold_up_to_the_next(void **state)
{
	static const struct { uint32_t pc; int32_t depth; } want[] = {
		{ 0, 0 }, { 3, 0 }, { 4, 24 }, { 0x5e, 24 }, { 0x5f, 0 },
		{ 0x60, 8 }, { 0xdf, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(minors); i++) {
		struct table t;
		int32_t depth;

		table_open(&t, minors[i]);
		for (size_t k = 0; k < COUNT(want); k++) {
			assert_true(gosym_depth(t.sym, PTAB_TEXT + want[k].pc,
						&depth));
			assert_int_equal(depth, want[k].depth);
		}
		/* No table; a negative one; behind the end. */
		assert_false(gosym_depth(t.sym, PTAB_TEXT + 0x80, &depth));
		assert_false(gosym_depth(t.sym, PTAB_TEXT + 0xe0, &depth));
		assert_false(gosym_depth(t.sym, PTAB_TEXT + END, &depth));
		table_close(&t);
	}
}

static void functions_say_what_they_are_to_a_walk(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(minors); i++) {
		struct gosym_func f;
		struct table t;

		table_open(&t, minors[i]);
		assert_true(gosym_named(t.sym, "main.T.Get", &f));
		assert_int_equal(f.entry, PTAB_TEXT + 0x80);
		assert_int_equal(f.end, PTAB_TEXT + 0xa0);
		assert_true(f.wrapper && !f.top && !f.asm_code);
		assert_true(gosym_func(t.sym, PTAB_TEXT + 0xa0, &f));
		assert_string_equal(f.name, "runtime.systemstack_switch");
		assert_string_equal(f.file, "asm.s");
		assert_true(f.asm_code && !f.wrapper && !f.top);
		assert_true(gosym_named(t.sym, "runtime.goexit", &f));
		assert_true(f.top && f.asm_code && !f.sp_write);
		assert_true(gosym_named(t.sym, "runtime.mcall", &f));
		assert_true(f.sp_write);
		assert_false(gosym_named(t.sym, "runtime.mcal", &f));
		table_close(&t);
	}
}

static void a_function_begins_in_its_own_file(void **state)
{
	static const struct ptab_func leaf[] = {
		{ .name = "main.leaf", .file = { { 8, 1 }, { 16, 0 } },
		  .line = { { 8, 100 }, { 16, 10 } },
		  .inlined = { { 8, 0 }, { 16, -1 } },
		  .calls = { { "main.inner", 8, 99, 0 } } },
	};
	struct gosym_source src;
	struct gosym_func f;
	struct gosym *g;
	struct ptab t;

	(void)state;
	ptab_make(&t, 26, leaf, 1, 16, files);
	src = ptab_source(&t);
	assert_int_equal(gosym_open(&g, &src, NULL), 0);
	assert_true(gosym_func(g, PTAB_TEXT, &f));
	assert_string_equal(f.file, "a.go");
	gosym_close(g);
	ptab_release(&t);
}

static void a_walk_meets_each_function_once(void **state)
{
	struct gosym_func f = { 0 };
	struct table t;
	size_t n = 0;

	(void)state;
	table_open(&t, 22);
	while (gosym_next(t.sym, f.end, &f))
		assert_string_equal(f.name, funcs[n++].name);
	assert_int_equal(n, COUNT(funcs));
	assert_false(gosym_func(t.sym, PTAB_TEXT - 1, &f));
	assert_false(gosym_func(t.sym, PTAB_TEXT + END, &f));
	table_close(&t);
}

static void names_are_printed_as_their_version_prints_them(void **state)
{
	static const struct { int minor; const char *name; } want[] = {
		{ 26, "main.(*T[...].func1" },
		{ 27, "main.(*T[...]).Each[...].func1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		struct sym_frame f[FRAMES];
		struct table t;

		table_open(&t, want[i].minor);
		assert_int_equal(gosym_frames(t.sym, PTAB_TEXT + 0x60, f,
					      FRAMES), 1);
		assert_string_equal(f[0].func, want[i].name);
		assert_string_equal(f[0].linkage, funcs[1].name);
		table_close(&t);
	}
}

static void what_is_no_table_is_refused_with_words(void **state)
{
	struct gosym *g = NULL;
	struct err e = { 0 };
	struct table t;

	(void)state;
	table_open(&t, 26);
	assert_true(gosym_is_table(t.ptab.table.data, 8));
	assert_false(gosym_is_table(t.ptab.table.data, 7));
	t.src.text = 0;
	assert_int_equal(gosym_open(&g, &t.src, &e), -ENOEXEC);
	assert_string_equal(e.text, "nothing says where the code of the "
			    "pclntab begins");
	t.ptab.table.data[0] = 0xfb;            /* Go 1.2 to 1.15 */
	assert_false(gosym_is_table(t.ptab.table.data, 8));
	assert_int_equal(gosym_open(&g, &t.src, &e), -ENOEXEC);
	assert_string_equal(e.text, "no pclntab of Go 1.16 or later is there");
	assert_null(g);
	table_close(&t);
}

struct counter {
	struct ptab *ptab;
	uint64_t bytes;         /* read so far */
};

static int count_table(void *ctx, uint64_t off, void *out, size_t n)
{
	struct counter *c = ctx;

	c->bytes += n;
	return ptab_read_table(c->ptab, off, out, n);
}

static int no_data(void *ctx, uint64_t address, void *out, size_t n)
{
	(void)ctx, (void)address, (void)out, (void)n;
	return -EFAULT;
}

static void only_what_is_asked_for_is_read_and_once(void **state)
{
	struct ptab_func *many = calloc(20000, sizeof(*many));
	struct counter c = { 0 };
	struct gosym_source src = { .table = count_table, .data = no_data,
				    .ctx = &c, .text = PTAB_TEXT };
	struct gosym_func f;
	struct gosym *g;
	struct ptab t;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		many[i] = (struct ptab_func){ .name = "main.f",
					      .entry = i * 16 };
	ptab_make(&t, 26, many, 20000, 20000 * 16, files);
	c.ptab = &t;
	src.table_bytes = t.table.len;
	assert_int_equal(gosym_open(&g, &src, NULL), 0);
	assert_true(c.bytes <= 16384);
	assert_true(gosym_func(g, PTAB_TEXT + 12345 * 16, &f));
	assert_int_equal(f.entry, PTAB_TEXT + 12345 * 16);
	assert_true(c.bytes < t.table.len / 4);
	for (f.end = 0; gosym_next(g, f.end, &f);)
		;
	assert_true(c.bytes <= t.table.len);
	gosym_close(g);

	c.bytes = 0;
	src.fetch_max = t.table.len / 4;
	assert_int_equal(gosym_open(&g, &src, NULL), 0);
	for (f.end = 0; gosym_next(g, f.end, &f);)
		;
	assert_true(c.bytes <= src.fetch_max);
	gosym_close(g);
	ptab_release(&t);
	free(many);
}

/* All that can be asked of G, which may be damaged. */
static void ask_everything(struct gosym *g)
{
	struct sym_frame frames[FRAMES];
	struct gosym_func f = { 0 };
	int32_t depth;
	size_t n = 0;

	for (uint64_t pc = PTAB_TEXT; pc < PTAB_TEXT + END; pc += 7) {
		size_t got = gosym_frames(g, pc, frames, FRAMES);

		assert_true(got <= FRAMES);
		for (size_t i = 0; i < got; i++)
			assert_true(!frames[i].func || *frames[i].func);
		if (gosym_depth(g, pc, &depth))
			assert_true(depth >= 0);
		if (gosym_func(g, pc, &f))
			assert_true(f.entry <= pc && pc < f.end && *f.name);
	}
	for (f.end = 0; n < 100 && gosym_next(g, f.end, &f); n++)
		assert_true(f.entry < f.end);
	gosym_named(g, "runtime.goexit", &f);
}

static void damaged_tables_say_less_and_never_nonsense(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < MUTANTS; i++) {
		struct table t;
		struct buf *hit;
		struct gosym *g;

		table_open(&t, minors[(size_t)i % COUNT(minors)]);
		hit = rand() % 4 ? &t.ptab.table : &t.ptab.trees;
		for (int k = rand() % 4; k >= 0; k--)
			hit->data[(size_t)rand() % hit->len] =
				rand() % 2 ? 0xff : (uint8_t)rand();
		if (!gosym_open(&g, &t.src, NULL)) {
			ask_everything(g);
			gosym_close(g);
		}
		table_close(&t);
	}
}

static void a_table_cut_anywhere_is_read_up_to_there(void **state)
{
	struct table t;

	(void)state;
	table_open(&t, 26);
	for (size_t n = 0; n < t.ptab.table.len; n++) {
		struct gosym_source cut = t.src;
		struct gosym *g;

		cut.table_bytes = n;
		if (gosym_open(&g, &cut, NULL))
			continue;
		ask_everything(g);
		gosym_close(g);
	}
	table_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_calls_are_frames_of_their_own),
		cmocka_unit_test(wrappers_are_wrappers_inlined_or_not),
		cmocka_unit_test(
			without_the_place_of_trees_there_is_the_function),
		cmocka_unit_test(depths_hold_up_to_the_next),
		cmocka_unit_test(functions_say_what_they_are_to_a_walk),
		cmocka_unit_test(a_function_begins_in_its_own_file),
		cmocka_unit_test(a_walk_meets_each_function_once),
		cmocka_unit_test(
			names_are_printed_as_their_version_prints_them),
		cmocka_unit_test(what_is_no_table_is_refused_with_words),
		cmocka_unit_test(only_what_is_asked_for_is_read_and_once),
		cmocka_unit_test(damaged_tables_say_less_and_never_nonsense),
		cmocka_unit_test(a_table_cut_anywhere_is_read_up_to_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
