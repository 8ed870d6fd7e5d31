/* Whole reads and writes. */
#include "lib/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/cmocka_all.h"

#define BIG 1000000

struct reader {
	int fd;
	int rc;
	struct buf got;
};

static void *drain(void *arg)
{
	struct reader *r = arg;

	r->rc = fd_read_all(r->fd, &r->got, BIG);
	return NULL;
}

static void non_blocking_ends_move_all(void **state)
{
	struct reader r = { 0 };
	uint8_t *bytes = malloc(BIG);
	pthread_t thread;
	int fds[2], i;

	(void)state;
	assert_non_null(bytes);
	for (i = 0; i < BIG; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	r.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, drain, &r), 0);
	assert_int_equal(fd_write_all(fds[1], bytes, BIG), 0);
	close(fds[1]);
	pthread_join(thread, NULL);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.got.len, BIG);
	assert_memory_equal(r.got.data, bytes, BIG);
	buf_release(&r.got);
	free(bytes);
	close(fds[0]);
}

/* A file of N bytes, its name in PATH. */
static void make_file(char *path, size_t n)
{
	int fd;

	strcpy(path, "/tmp/fd_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)n), 0);
	close(fd);
}

static void cap_is_the_size_that_still_fits(void **state)
{
	struct buf b = { 0 };
	struct err e;
	char path[64], want[128];

	(void)state;
	make_file(path, 100000);
	assert_int_equal(fd_slurp(path, &b, 100000, &e), 0);
	assert_int_equal(b.len, 100000);
	buf_reset(&b);
	assert_int_equal(fd_slurp(path, &b, 99999, &e), -EFBIG);
	snprintf(want, sizeof(want), "%s: more than 99999 bytes", path);
	assert_string_equal(e.text, want);
	buf_reset(&b);
	assert_int_equal(fd_slurp("/proc/self/stat", &b, 4096, &e), 0);
	assert_true(b.len > 20);
	buf_release(&b);
	unlink(path);
}

static void errors_name_the_file(void **state)
{
	struct buf b = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(fd_slurp("/no/such", &b, 1, &e), -ENOENT);
	assert_string_equal(e.text, "/no/such: No such file or directory");
	assert_int_equal(fd_slurp("/", &b, 1, &e), -EISDIR);
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
	buf_release(&b);
}

static void closed_standard_ones_are_no_files(void **state)
{
	int kept = dup(STDIN_FILENO), fd;
	char c;

	(void)state;
	close(STDIN_FILENO);
	fd_hold_standard();
	assert_int_equal(read(STDIN_FILENO, &c, 1), -1);
	assert_int_equal(errno, EBADF);
	fd = open("/dev/null", O_RDONLY);
	assert_true(fd > STDERR_FILENO);
	close(fd);
	dup2(kept, STDIN_FILENO);
	close(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(non_blocking_ends_move_all),
		cmocka_unit_test(cap_is_the_size_that_still_fits),
		cmocka_unit_test(errors_name_the_file),
		cmocka_unit_test(closed_standard_ones_are_no_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
