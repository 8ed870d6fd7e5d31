/*
 * lib/target/go/module.c: chains of modules, made up: plugins that come later,
 * chains that lead back, modules that are none.
 */
#include <errno.h>
#include <string.h>

#include "lib/target/go/image.h"
#include "lib/target/go/module.h"
#include "test/pclntab.h"
#include "test/unit/cmocka_all.h"

enum {
	MODULES = 4,
	/* Members of moduledata in this test. */
	PCHEADER = 0, MINPC = 160, MAXPC = 168, TEXT = 176, NEXT = 200,
	BYTES = 256,
};

#define TABLE UINT64_C(0x600000)
#define DATA UINT64_C(0x700000)

static const struct ptab_func functions[] = {
	{ .name = "main.main" }, { .name = "runtime.goexit", .entry = 0x40 },
};
static const char *const files[] = { "a.go", NULL };

static struct program {
	struct space space;
	struct map map;
	struct image image;
	struct ptab table;
	uint64_t data[MODULES][BYTES / 8];
	size_t reads;
	struct go go;
} program;

static bool copy(struct space_piece *at, uint64_t address, const void *from,
		 size_t n)
{
	uint64_t off = at->address - address;

	if (off >= n || at->bytes > n - off)
		return false;
	memcpy(at->to, (const char *)from + off, at->bytes);
	return true;
}

static int readv_made_up(struct space *s, struct space_piece *at, size_t n)
{
	(void)s;
	program.reads++;
	for (size_t i = 0; i < n; i++)
		at[i].ok = copy(&at[i], TABLE, program.table.table.data,
				program.table.table.len) ||
			   copy(&at[i], DATA, program.data,
				sizeof(program.data));
	return 0;
}

static const struct space_ops ops = { .readv = readv_made_up };

static uint64_t module_at(size_t i)
{
	return DATA + i * BYTES;
}

/* Module I has NEXT behind it. */
static void put(size_t i, uint64_t next)
{
	uint64_t *m = program.data[i];

	m[PCHEADER / 8] = TABLE;
	m[MINPC / 8] = PTAB_TEXT + i * 0x1000;
	m[MAXPC / 8] = PTAB_TEXT + i * 0x1000 + 0x80;
	m[TEXT / 8] = PTAB_TEXT + i * 0x1000;
	m[NEXT / 8] = next;
}

static int init(void **state)
{
	struct go *go = &program.go;

	(void)state;
	memset(&program, 0, sizeof(program));
	ptab_make(&program.table, 26, functions, 2, 0x80, files);
	program.space = (struct space){ .ops = &ops, .kind = SPACE_MADE_UP,
					.name = "made-up" };
	program.map = (struct map){
		.start = TABLE, .end = TABLE + program.table.table.len,
	};
	program.space.maps = (struct maps){ .maps = &program.map, .n = 1 };
	program.image = (struct image){ .space = &program.space,
					.file.fd = -1 };
	go->space = &program.space;
	go->image = &program.image;
	go->minor = 26;
	memset(go->offsets.at, -1, sizeof(go->offsets.at));
	go->offsets.at[GO_MD_SIZE] = BYTES;
	go->offsets.at[GO_MD_PCHEADER] = PCHEADER;
	go->offsets.at[GO_MD_MINPC] = MINPC;
	go->offsets.at[GO_MD_MAXPC] = MAXPC;
	go->offsets.at[GO_MD_TEXT] = TEXT;
	go->offsets.at[GO_MD_NEXT] = NEXT;
	go->roots.firstmoduledata = module_at(0);
	return 0;
}

static int release(void **state)
{
	(void)state;
	go_modules_close(&program.go);
	ptab_release(&program.table);
	return 0;
}

static void open_chain(size_t want)
{
	struct err e = { 0 };

	if (go_modules_open(&program.go, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(program.go.module_count, want);
}

static void each_module_knows_its_own_code(void **state)
{
	struct gosym_func f;

	(void)state;
	put(0, module_at(1));
	put(1, 0);
	open_chain(2);
	for (size_t i = 0; i < 2; i++) {
		uint64_t pc = PTAB_TEXT + i * 0x1000 + 0x41;
		struct go_module *m = go_module_at(&program.go, pc);

		assert_ptr_equal(m, &program.go.modules[i]);
		assert_true(gosym_func(m->sym, pc, &f));
		assert_string_equal(f.name, "runtime.goexit");
		assert_int_equal(f.entry, pc - 1);
	}
	assert_null(go_module_at(&program.go, PTAB_TEXT + 0x80));
}

static void a_plugin_loaded_later_is_seen(void **state)
{
	size_t reads;

	(void)state;
	put(0, 0);
	open_chain(1);
	reads = program.reads;
	go_modules_more(&program.go);
	assert_int_equal(program.go.module_count, 1);
	assert_int_equal(program.reads - reads, 1);
	put(1, module_at(2));
	put(2, 0);
	put(0, module_at(1));
	go_modules_more(&program.go);
	assert_int_equal(program.go.module_count, 3);
}

static void a_chain_that_leads_back_ends(void **state)
{
	(void)state;
	put(0, module_at(1));
	put(1, module_at(2));
	put(2, module_at(1));
	open_chain(3);
	put(2, module_at(2));
	go_modules_more(&program.go);
	assert_int_equal(program.go.module_count, 3);
}

static void what_makes_no_sense_is_left_out(void **state)
{
	(void)state;
	put(0, module_at(1));
	open_chain(1);
	put(1, 0);
	program.data[1][PCHEADER / 8] = 8;
	go_modules_more(&program.go);
	assert_int_equal(program.go.module_count, 1);
	put(1, 0);
	program.data[1][MAXPC / 8] = program.data[1][MINPC / 8];
	go_modules_more(&program.go);
	assert_int_equal(program.go.module_count, 1);
	put(0, UINT64_MAX - 8);
	go_modules_more(&program.go);
	assert_int_equal(program.go.module_count, 1);
	put(0, module_at(1));
	put(1, 0);
	go_modules_more(&program.go);
	assert_int_equal(program.go.module_count, 2);
}

static void without_a_first_there_is_none(void **state)
{
	struct err e = { 0 };

	(void)state;
	program.go.roots.firstmoduledata = 24;
	assert_int_equal(go_modules_open(&program.go, &e), -EBADMSG);
	program.go.roots.firstmoduledata = module_at(0);
	assert_int_equal(go_modules_open(&program.go, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "no moduledata"));
	program.go.offsets.at[GO_MD_SIZE] = 1 << 20;
	assert_int_equal(go_modules_open(&program.go, &e), -EBADMSG);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, init, release)
	static const struct CMUnitTest tests[] = {
		TEST(each_module_knows_its_own_code),
		TEST(a_plugin_loaded_later_is_seen),
		TEST(a_chain_that_leads_back_ends),
		TEST(what_makes_no_sense_is_left_out),
		TEST(without_a_first_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
