/*
 * lib/target/core: a core made by hand and the program it is of; what was not
 * dumped comes from the program's file; cut off, lying and damaged cores.
 */
#include "lib/target/core.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "test/fuzz/core_file.h"
#include "test/unit/cmocka_all.h"

struct fixture {
	struct core_program program;
	struct made_core core;
	char path[32];          /* of the program's file */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	assert_non_null(f);
	strcpy(f->path, "/tmp/core-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	make_program(&f->program);
	make_core(&f->core, f->path, &f->program);
	assert_int_equal(fd_write_all(fd, &f->program, sizeof(f->program)), 0);
	close(fd);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	free(f);
	return 0;
}

static struct space *open_it(struct fixture *f)
{
	struct space *s = NULL;
	struct err e = { 0 };

	if (core_open_image(&s, &f->core, sizeof(f->core), NULL, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

static void memory_is_read_across_segments(void **state)
{
	struct space *s = open_it(*state);
	uint8_t b[PAGE + 2];

	assert_int_equal(space_read(s, DATA + PAGE - 1, b, sizeof(b)), 0);
	assert_int_equal(b[0], 1);
	assert_int_equal(b[1], 2);
	assert_int_equal(b[PAGE], 2);
	assert_int_equal(b[PAGE + 1], 3);
	assert_int_equal(space_read(s, DATA + 3 * PAGE - 1, b, 1), 0);
	assert_int_equal(space_read(s, DATA + 3 * PAGE - 1, b, 2), -EFAULT);
	assert_int_equal(space_read(s, DATA - 1, b, 1), -EFAULT);
	assert_int_equal(space_read(s, UINT64_MAX - 1, b, 8), -EFAULT);
	space_close(s);
}

static void what_was_not_dumped_comes_from_the_program(void **state)
{
	struct space *s = open_it(*state);
	uint8_t b[2] = { 0 };

	assert_int_equal(space_read(s, TEXT + 2 * PAGE - 2, b, 2), 0);
	assert_int_equal(b[1], 0xc3);
	assert_int_equal(space_read(s, TEXT + PAGE - 1, b, 2), 0);
	assert_int_equal(b[0], 0);
	assert_int_equal(b[1], 0xc3);
	assert_int_equal(space_read(s, TEXT + 2 * PAGE - 1, b, 2), -EFAULT);
	space_close(s);
}

static void a_batch_says_of_each_piece_whether_it_was_had(void **state)
{
	struct space *s = open_it(*state);
	uint8_t b[3];
	struct space_piece at[] = { { DATA, &b[0], 1, false },
				    { 0x10, &b[1], 1, true },
				    { TEXT + PAGE, &b[2], 1, false } };

	assert_int_equal(space_readv(s, at, 3), 0);
	assert_true(at[0].ok);
	assert_false(at[1].ok);
	assert_true(at[2].ok);
	assert_int_equal(b[0], 1);
	assert_int_equal(b[2], 0xc3);
	space_close(s);
}

static void it_tells_who_it_was(void **state)
{
	struct fixture *f = *state;
	struct space *s = open_it(f);
	struct stat st, exe;

	assert_int_equal(s->kind, SPACE_CORE);
	assert_int_equal(s->pid, 70);
	assert_string_equal(s->exe, f->path);
	assert_int_equal(s->bias, TEXT);
	assert_int_equal(stat(s->exe_open, &st), 0);
	assert_int_equal(stat(f->path, &exe), 0);
	assert_int_equal(st.st_ino, exe.st_ino);
	assert_string_equal(s->note, "");
	space_close(s);
}

static void threads_have_their_registers(void **state)
{
	struct space *s = open_it(*state);
	struct space_thread t[4];
	struct space_regs r;

	assert_int_equal(space_threads(s, t, 4), 2);
	assert_int_equal(t[0].tid, 71);
	assert_int_equal(t[0].host_tid, 71);
	assert_int_equal(t[1].tid, 72);
	assert_int_equal(space_regs(s, 71, &r), 0);
	assert_int_equal(r.pc, 1);
	assert_int_equal(r.sp, 2);
	assert_int_equal(r.bp, 3);
	assert_int_equal(r.r14, 4);
	assert_int_equal(r.fs_base, 5);
	assert_int_equal(space_regs(s, 70, &r), -ESRCH);
	space_close(s);
}

static void mappings_have_files_and_offsets(void **state)
{
	struct fixture *f = *state;
	struct space *s = open_it(f);
	const struct map *m = maps_find(&s->maps, TEXT + PAGE);

	assert_int_equal(s->maps.n, LOADS);
	assert_non_null(m);
	assert_string_equal(m->path, f->path);
	assert_int_equal(m->offset, PAGE);
	assert_int_equal(m->perms, MAP_R | MAP_X);
	assert_string_equal(core_path(s, m), s->exe_open);
	m = maps_find(&s->maps, DATA + 2 * PAGE - 1);
	assert_non_null(m);
	assert_string_equal(m->path, "");
	assert_null(core_path(s, m));
	assert_null(maps_find(&s->maps, TEXT + 2 * PAGE));
	space_close(s);
}

/* As gcore writes it: no segment at all for what the file has. */
static void a_mapping_needs_no_segment(void **state)
{
	struct fixture *f = *state;
	struct space *s;
	const struct map *m;
	uint8_t b = 0;

	f->core.ph[2].p_type = PT_NULL;
	s = open_it(f);
	assert_int_equal(space_read(s, TEXT + PAGE, &b, 1), 0);
	assert_int_equal(b, 0xc3);
	m = maps_find(&s->maps, TEXT + PAGE);
	assert_non_null(m);
	assert_int_equal(m->perms, MAP_R | MAP_X);
	space_close(s);
}

static void segments_beyond_65535_are_counted_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct space *s;

	f->core.eh.e_phnum = PN_XNUM;
	f->core.eh.e_shoff = offsetof(struct made_core, sh);
	f->core.eh.e_shnum = 1;
	f->core.eh.e_shentsize = sizeof(Elf64_Shdr);
	f->core.sh.sh_info = 1 + LOADS;
	s = open_it(f);
	assert_int_equal(s->maps.n, LOADS);
	space_close(s);
}

/* Refusals ----------------------------------------------------------------- */

static void refused(struct fixture *f, const char *exe, int want,
		    const char *text)
{
	struct space *s = NULL;
	struct err e = { 0 };

	assert_int_equal(core_open_image(&s, &f->core, sizeof(f->core), exe,
					 &e), want);
	if (!strstr(e.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, e.text);
	assert_null(s);
}

static void another_build_is_refused_with_both_ids(void **state)
{
	struct fixture *f = *state;

	memset(f->core.pages[0] + offsetof(struct core_program, note.id), 0x77,
	       ID_BYTES);
	refused(f, f->path, -ESTALE, "is another build "
		"(5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a; the core's is "
		"7777777777777777777777777777777777777777)");
	refused(f, NULL, -ESTALE, "(core:FILE,EXE)");
}

static void without_build_ids_the_first_page_tells(void **state)
{
	struct fixture *f = *state;
	struct core_program *head = (struct core_program *)f->core.pages[0];
	struct space *s;
	int fd = open(f->path, O_WRONLY | O_CLOEXEC);

	f->program.note.head.n_type = 99;
	assert_int_equal(fd_write_all(fd, &f->program, sizeof(f->program)), 0);
	close(fd);
	head->note.head.n_type = 99;
	head->eh.e_shoff = 0x123456;    /* strip(1) was there */
	s = open_it(f);
	space_close(s);
	head->rest[100] ^= 1;
	refused(f, NULL, -ESTALE, "is another build");
}

static void what_cannot_be_compared_the_user_must_name(void **state)
{
	struct fixture *f = *state;
	struct space *s = NULL;
	struct err e = { 0 };

	f->core.ph[1].p_filesz = 0;
	refused(f, NULL, -ENODATA, "cannot be held against it");
	assert_int_equal(core_open_image(&s, &f->core, sizeof(f->core),
					 f->path, &e), 0);
	space_close(s);
}

static void a_program_that_is_gone_is_one_line(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	refused(f, NULL, -ENOENT, "No such file or directory "
		"(core:FILE,EXE)");
	refused(f, "/nonexistent", -ENOENT, "/nonexistent: No such file");
}

static void what_is_no_core_is_one_line(void **state)
{
	struct fixture *f = *state;
	struct space *s = NULL;
	struct err e = { 0 };

	assert_int_equal(space_open_core(&s, f->path, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, ": no x86-64 core file"));
	assert_int_equal(space_open_core(&s, "/nonexistent", NULL, &e),
			 -ENOENT);
}

/* Damage ------------------------------------------------------------------- */

static void what_is_cut_off_is_said_and_not_read(void **state)
{
	struct fixture *f = *state;
	size_t n = offsetof(struct made_core, pages) + 2 * PAGE + 8;
	struct space *s = NULL;
	struct err e = { 0 };
	uint8_t b[16];

	assert_int_equal(core_open_image(&s, &f->core, n, NULL, &e), 0);
	assert_string_equal(s->note, "the core is cut off: 1 MB are missing");
	assert_int_equal(space_read(s, DATA + PAGE, b, 8), 0);
	assert_int_equal(space_read(s, DATA + PAGE, b, 9), -EFAULT);
	assert_int_equal(space_read(s, DATA + 2 * PAGE, b, 1), -EFAULT);
	space_close(s);
}

/* Opens it from memory of just that size, so that asan sees each byte too far,
 * and reads all over. */
static int try_image(struct fixture *f, const void *image, size_t n)
{
	void *copy = malloc(n ? n : 1);
	struct space *s = NULL;
	struct space_thread t[2];
	uint8_t b[600];
	int rc;

	assert_non_null(copy);
	memcpy(copy, image, n);
	rc = core_open_image(&s, copy, n, f->path, NULL);
	if (rc == 0) {
		for (uint64_t at = TEXT; at < TEXT + 3 * PAGE; at += 999)
			space_read(s, at, b, sizeof(b));
		for (uint64_t at = DATA; at < DATA + 4 * PAGE; at += 999)
			space_read(s, at, b, sizeof(b));
		assert_true(space_threads(s, t, 2) >= 0);
		for (size_t i = 0; i + 1 < s->maps.n; i++)
			assert_true(s->maps.maps[i].end <=
				    s->maps.maps[i + 1].start);
		space_close(s);
	}
	free(copy);
	return rc;
}

static void no_cut_breaks_it(void **state)
{
	struct fixture *f = *state;
	size_t head = offsetof(struct made_core, pages);

	for (size_t n = 0; n < head + 64; n++)
		try_image(f, &f->core, n);
	assert_int_equal(try_image(f, &f->core, sizeof(f->core)), 0);
}

static void no_wild_number_breaks_it(void **state)
{
	const uint64_t wild[] = { 0, 1, PAGE, INT64_MAX, UINT32_MAX,
				  UINT64_MAX, UINT64_MAX - 63,
				  UINT64_MAX / 24, TEXT, DATA };
	struct fixture *f = *state;
	uint64_t *word = (uint64_t *)&f->core;
	int good = 0;

	for (size_t i = 0; i < offsetof(struct made_core, pages) / 8; i++) {
		uint64_t saved = word[i];

		for (size_t k = 0; k < sizeof(wild) / sizeof(wild[0]); k++) {
			word[i] = wild[k];
			good += !try_image(f, &f->core, sizeof(f->core));
		}
		word[i] = saved;
	}
	assert_true(good > 100);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_is_read_across_segments),
		TEST(what_was_not_dumped_comes_from_the_program),
		TEST(a_batch_says_of_each_piece_whether_it_was_had),
		TEST(it_tells_who_it_was),
		TEST(threads_have_their_registers),
		TEST(mappings_have_files_and_offsets),
		TEST(a_mapping_needs_no_segment),
		TEST(segments_beyond_65535_are_counted_elsewhere),
		TEST(another_build_is_refused_with_both_ids),
		TEST(without_build_ids_the_first_page_tells),
		TEST(what_cannot_be_compared_the_user_must_name),
		TEST(a_program_that_is_gone_is_one_line),
		TEST(what_is_no_core_is_one_line),
		TEST(what_is_cut_off_is_said_and_not_read),
		TEST(no_cut_breaks_it),
		TEST(no_wild_number_breaks_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
