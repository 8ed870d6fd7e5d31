/* pgo-trace/output: a file is there whole or not at all. */
#include "pgo-trace/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/err.h"

static char dir[] = "/tmp/pgo-output-XXXXXX";

static int enter(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return !mkdtemp(dir) || chdir(dir) < 0;
}

static int count_files(void)
{
	DIR *d = opendir(".");
	struct dirent *f;
	int n = 0;

	while ((f = readdir(d)) != NULL)
		n += f->d_name[0] != '.';
	closedir(d);
	return n;
}

static int leave(void **state)
{
	(void)state;
	unlink("a");
	if (chdir("/") < 0)
		return -1;
	return rmdir(dir);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_file(const char *path, const char *text)
{
	char got[64] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	close(fd);
	assert_string_equal(got, text);
}

static void a_file_appears_when_it_is_complete(void **state)
{
	struct output o;
	struct stat st;

	(void)state;
	umask(027);
	assert_int_equal(output_open(&o, "a", false, NULL), 0);
	assert_int_equal(output_write(&o, "who", 3, NULL), 0);
	assert_int_equal(access("a", F_OK), -1);
	assert_int_equal(output_write(&o, "le", 2, NULL), 0);
	assert_int_equal(output_commit(&o, NULL), 0);
	output_abort(&o);
	assert_file("a", "whole");
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(count_files(), 1);
}

static void what_is_given_up_leaves_nothing(void **state)
{
	struct output o;

	(void)state;
	assert_int_equal(output_open(&o, "a", false, NULL), 0);
	assert_int_equal(output_write(&o, "half", 4, NULL), 0);
	output_abort(&o);
	assert_int_equal(count_files(), 0);
}

static void an_older_file_stays_unless_forced(void **state)
{
	struct output o;
	struct err e = { 0 };

	(void)state;
	put("a", "old");
	assert_int_equal(output_open(&o, "a", false, &e), -EEXIST);
	assert_string_equal(e.text, "a: File exists (-f overwrites)");
	assert_int_equal(output_open(&o, "a", true, &e), 0);
	assert_int_equal(output_write(&o, "new", 3, &e), 0);
	assert_file("a", "old");
	assert_int_equal(output_commit(&o, &e), 0);
	assert_file("a", "new");
}

static void a_file_that_came_meanwhile_stays(void **state)
{
	struct output o;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(output_open(&o, "a", false, &e), 0);
	put("a", "another's");
	assert_int_equal(output_write(&o, "mine", 4, &e), 0);
	assert_int_equal(output_commit(&o, &e), -EEXIST);
	assert_string_equal(e.text, "a: File exists (-f overwrites)");
	assert_file("a", "another's");
	assert_int_equal(count_files(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_file_appears_when_it_is_complete, enter, leave),
		cmocka_unit_test_setup_teardown(
			what_is_given_up_leaves_nothing, enter, leave),
		cmocka_unit_test_setup_teardown(
			an_older_file_stays_unless_forced, enter, leave),
		cmocka_unit_test_setup_teardown(
			a_file_that_came_meanwhile_stays, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
