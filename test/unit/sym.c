/*
 * symbolizer: what a small program's addresses are called, however its debug
 * information is kept, and no fault whatever the file holds.
 *
 * test/unit/sym/inl.c is compiled with many flags; nm says where things are.
 */
#include "symbolizer/symbolizer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "symbolizer/segs.h"
#include "symbolizer/serve.h"

#define SOURCE "test/unit/sym/inl.c"
#define OUTER_BYTES 256         /* more than outer() is long */
#define MUTANTS 300

static char folder[] = "/tmp/pgo-sym-test.XXXXXX";

static void shell(const char *cmd)
{
	if (system(cmd))
		fail_msg("failed: %s", cmd);
}

/* Builds SOURCE with FLAGS as folder/NAME, then runs AFTER in the folder. */
static void build(char *path, size_t n, const char *name, const char *flags,
		  const char *after)
{
	const char *cc = getenv("CC");
	char cmd[1024];

	snprintf(path, n, "%s/%s", folder, name);
	snprintf(cmd, sizeof(cmd), "here=$PWD; cd %s && %s -O2 -g %s -o %s "
		 "$here/" SOURCE " && %s", folder, cc ? cc : "gcc", flags, name,
		 after);
	shell(cmd);
}

/* The address of outer() in PATH, by nm. */
static uint64_t address_of_outer(const char *path)
{
	unsigned long addr = 0;
	char cmd[512];
	FILE *f;

	snprintf(cmd, sizeof(cmd), "nm %s | awk '$3 == \"outer\" { print $1 }'",
		 path);
	f = popen(cmd, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lx", &addr), 1);
	pclose(f);
	return addr;
}

/* The most frames at any address of outer(), which are put in OUT. */
static size_t deepest(struct sym *s, uint64_t outer, struct sym_frame *out)
{
	struct sym_frame frames[8];
	size_t best = 0;

	for (uint64_t a = outer; a < outer + OUTER_BYTES; a++) {
		size_t n = sym_lookup(s, a, frames, 8);

		if (n <= best || !frames[n - 1].func ||
		    strcmp(frames[n - 1].func, "outer"))
			continue;
		best = n;
		memcpy(out, frames, n * sizeof(*out));
	}
	return best;
}

static void check_chain(const char *path, uint64_t outer)
{
	static const struct {
		const char *func;
		uint32_t line, start_line;
	} want[] = { { "inner", 9, 7 }, { "middle", 15, 12 },
		     { "outer", 20, 18 } };
	struct sym_frame f[8];
	struct err e = { 0 };
	struct sym *s;

	if (sym_open(&s, path, &e))
		fail_msg("%s", e.text);
	assert_int_equal(deepest(s, outer, f), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(f[i].func, want[i].func);
		assert_int_equal(f[i].line, want[i].line);
		assert_int_equal(f[i].start_line, want[i].start_line);
		assert_int_equal(f[i].inlined, i < 2);
		assert_true(f[i].file[0] == '/');
		assert_non_null(strstr(f[i].file, SOURCE));
	}
	assert_string_equal(f[2].symbol, "outer");
	sym_close(s);
}

static void calls_inlined_twice_have_three_frames(void **state)
{
	static const char *const flags[] = {
		"", "-gdwarf-4", "-gdwarf-2", "-gdwarf-3", "-gz", "-no-pie",
		"-gsplit-dwarf", "-gdwarf-4 -gsplit-dwarf", "-flto",
		"-ffunction-sections -Wl,--gc-sections",
	};
	char path[256], name[8];

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		snprintf(name, sizeof(name), "f%zu", i);
		build(path, sizeof(path), name, flags[i], "true");
		check_chain(path, address_of_outer(path));
	}
}

static void nothing_depends_on_aranges(void **state)
{
	char path[256];

	(void)state;
	build(path, sizeof(path), "bare", "",
	      "objcopy --remove-section .debug_aranges bare");
	check_chain(path, address_of_outer(path));
}

static void debug_information_is_found_by_debuglink(void **state)
{
	char path[256];
	uint64_t outer;

	(void)state;
	build(path, sizeof(path), "link", "", "true");
	outer = address_of_outer(path);
	build(path, sizeof(path), "link", "",
	      "objcopy --only-keep-debug link link.debug && "
	      "strip link && objcopy --add-gnu-debuglink=link.debug link");
	check_chain(path, outer);
}

static void minidebuginfo_names_what_strip_took(void **state)
{
	struct sym_frame f[4];
	struct err e = { 0 };
	char path[256];
	uint64_t outer;
	struct sym *s;

	(void)state;
	build(path, sizeof(path), "mini", "", "true");
	outer = address_of_outer(path);
	build(path, sizeof(path), "mini", "",
	      "objcopy -S --keep-symbol=outer mini mini.small && "
	      "xz -k -f mini.small && strip mini && objcopy "
	      "--add-section .gnu_debugdata=mini.small.xz mini");
	assert_int_equal(sym_open(&s, path, &e), 0);
	assert_int_equal(sym_lookup(s, outer + 1, f, 4), 1);
	assert_null(f[0].func);
	assert_string_equal(f[0].symbol, "outer");
	assert_string_equal(sym_frame_name(s, &f[0]), "outer");
	assert_null(f[0].file);
	assert_non_null(sym_reason(s));
	sym_close(s);
}

static void an_object_is_looked_up_by_section(void **state)
{
	struct sym_frame f[8];
	struct err e = { 0 };
	char path[256];
	uint64_t text;
	struct sym *s;

	(void)state;
	build(path, sizeof(path), "inl.o", "-c", "true");
	assert_int_equal(sym_open(&s, path, &e), 0);
	assert_int_equal(sym_addr_of_section(s, ".text", &text), 0);
	assert_int_equal(sym_addr_of_section(s, ".nope", &text), -ENOENT);
	assert_int_equal(sym_addr_in_object(s, 0), text);
	assert_int_equal(deepest(s, text, f), 3);
	sym_close(s);
}

static void an_address_of_nothing_has_a_reason(void **state)
{
	struct sym_frame f[4];
	struct err e = { 0 };
	char path[256];
	struct sym *s;

	(void)state;
	build(path, sizeof(path), "none", "", "true");
	assert_int_equal(sym_open(&s, path, &e), 0);
	assert_int_equal(sym_lookup(s, UINT64_MAX, f, 4), 0);
	assert_string_equal(sym_reason(s),
			    "address is in no section that is loaded");
	assert_true(sym_lookup(s, address_of_outer(path), f, 4) > 0);
	assert_null(sym_reason(s));
	assert_int_equal(sym_lookup(s, address_of_outer(path), f, 0), 0);
	sym_close(s);
}

static void names_of_cplusplus_are_demangled_once(void **state)
{
	static const char mangled[] = "_ZN1a1bEi", broken[] = "_Zno";
	struct err e = { 0 };
	char path[256];
	struct sym *s;
	const char *name;

	(void)state;
	build(path, sizeof(path), "cxx", "", "true");
	assert_int_equal(sym_open(&s, path, &e), 0);
	name = sym_demangle(s, mangled);
	assert_string_equal(name, "a::b(int)");
	assert_ptr_equal(sym_demangle(s, mangled), name);
	assert_ptr_equal(sym_demangle(s, broken), broken);
	sym_close(s);
}

static void what_is_no_elf_file_is_refused(void **state)
{
	static const struct {
		const char *path, *text;
		int rc;
	} want[] = {
		{ "/nonexistent/x", "/nonexistent/x: No such file or directory",
		  -ENOENT },
		{ "/tmp", "/tmp: Is a directory", -EISDIR },
		{ "/dev/zero", "/dev/zero: not a plain file", -EINVAL },
		{ SOURCE, SOURCE ": not an ELF file", -ENOEXEC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		struct err e = { 0 };
		struct sym *s;

		assert_int_equal(sym_open(&s, want[i].path, &e), want[i].rc);
		assert_string_equal(e.text, want[i].text);
	}
}

/* Looks up all of a file that may be anything. */
static void use(const char *path, uint64_t outer)
{
	struct sym_frame f[SYM_FRAMES_MAX];
	struct err e = { 0 };
	struct sym *s;

	if (sym_open(&s, path, &e)) {
		assert_true(e.text[0]);
		return;
	}
	for (uint64_t a = outer - 64; a < outer + OUTER_BYTES; a += 3) {
		size_t n = sym_lookup(s, a, f, SYM_FRAMES_MAX);

		assert_true(n <= SYM_FRAMES_MAX);
		for (size_t i = 0; i < n; i++)
			sym_frame_name(s, &f[i]);
	}
	sym_close(s);
}

/* Writes the N bytes of a file, some bits of them turned, to PATH. */
static void write_mutant(const char *path, const uint8_t *bytes, size_t n,
			 unsigned int *seed)
{
	uint8_t *copy = malloc(n);
	FILE *f = fopen(path, "w");

	assert_true(copy && f);
	memcpy(copy, bytes, n);
	for (int k = 1 << rand_r(seed) % 8; k; k--)
		copy[4 + (size_t)rand_r(seed) % (n - 4)] ^=
			(uint8_t)(1 << rand_r(seed) % 8);
	assert_int_equal(fwrite(copy, 1, n, f), n);
	fclose(f);
	free(copy);
}

static void damage(const char *flags, unsigned int seed)
{
	static uint8_t bytes[1 << 20];
	char path[256], mutant[300];
	uint64_t outer;
	size_t n;
	FILE *f;

	build(path, sizeof(path), "whole", flags, "true");
	outer = address_of_outer(path);
	snprintf(mutant, sizeof(mutant), "%s/mutant", folder);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_in_range(n, 1000, sizeof(bytes) - 1);
	for (int i = 0; i < MUTANTS; i++) {
		write_mutant(mutant, bytes, n, &seed);
		use(mutant, outer);
	}
}

static void no_damaged_file_is_a_fault(void **state)
{
	(void)state;
	damage("", 1);
	damage("-gdwarf-4", 2);
}

static void the_deepest_range_wins(void **state)
{
	struct segs s = { 0 };

	(void)state;
	assert_int_equal(segs_add(&s, 20, 30, 2, 2), 0);
	assert_int_equal(segs_add(&s, 10, 40, 1, 1), 0);
	assert_int_equal(segs_add(&s, 25, 60, 3, 3), 0);
	assert_int_equal(segs_add(&s, 50, 50, 4, 1), 0);
	assert_int_equal(segs_finish(&s), 0);
	assert_int_equal(segs_find(&s, 9), 0);
	assert_int_equal(segs_find(&s, 10), 1);
	assert_int_equal(segs_find(&s, 20), 2);
	assert_int_equal(segs_find(&s, 29), 3);
	assert_int_equal(segs_find(&s, 30), 1);
	assert_int_equal(segs_find(&s, 39), 1);
	assert_int_equal(segs_find(&s, 40), 0);
	assert_int_equal(segs_find(&s, UINT64_MAX), 0);
	segs_release(&s);
}

static void fields_of_the_server_are_cut_and_unescaped(void **state)
{
	char line[] = "a\\tb\\\\c\\n\t\t0x1", *field[3];
	char many[] = "1\t2\t3\t4";

	(void)state;
	assert_int_equal(serve_split(line, field, 3), 3);
	serve_unescape(field[0]);
	assert_string_equal(field[0], "a\tb\\c\n");
	assert_string_equal(field[1], "");
	assert_string_equal(field[2], "0x1");
	assert_int_equal(serve_split(many, field, 3), 4);
}

static int make_folder(void **state)
{
	(void)state;
	unsetenv("DEBUGINFOD_URLS");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char cmd[64];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", folder);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_inlined_twice_have_three_frames),
		cmocka_unit_test(nothing_depends_on_aranges),
		cmocka_unit_test(debug_information_is_found_by_debuglink),
		cmocka_unit_test(minidebuginfo_names_what_strip_took),
		cmocka_unit_test(an_object_is_looked_up_by_section),
		cmocka_unit_test(an_address_of_nothing_has_a_reason),
		cmocka_unit_test(names_of_cplusplus_are_demangled_once),
		cmocka_unit_test(what_is_no_elf_file_is_refused),
		cmocka_unit_test(no_damaged_file_is_a_fault),
		cmocka_unit_test(the_deepest_range_wins),
		cmocka_unit_test(fields_of_the_server_are_cut_and_unescaped),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
