/* lib/base/log: one safe line to stderr, in one write. */
#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int kept_stderr, packets[2];

/* A pipe in packet mode: what one read gives is what one write put. */
static void begin(void)
{
	assert_int_equal(pipe2(packets, O_DIRECT), 0);
	kept_stderr = dup(STDERR_FILENO);
	dup2(packets[1], STDERR_FILENO);
}

static void end(char *out, size_t bytes)
{
	ssize_t n;

	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	close(packets[1]);
	n = read(packets[0], out, bytes - 1);
	close(packets[0]);
	assert_true(n >= 0);
	out[n] = 0;
}

static void a_message_is_one_line_in_the_tools_name(void **state)
{
	char out[4096];

	(void)state;
	log_begin("pgo-top");
	begin();
	errno = ERANGE;
	log_error("%d: cannot read %s", 4711, "memory");
	assert_int_equal(errno, ERANGE);
	end(out, sizeof(out));
	assert_string_equal(out, "pgo-top: 4711: cannot read memory\n");
}

static void what_could_steer_the_terminal_is_taken_out(void **state)
{
	char out[4096];

	(void)state;
	log_begin("pgo-top");
	begin();
	log_error("a\nfake: line\033[2J\u202e%s", "\x9b");
	end(out, sizeof(out));
	assert_string_equal(out, "pgo-top: a?fake: line?[2J??\n");
}

static void a_long_message_is_cut_and_still_a_line(void **state)
{
	char text[10000], out[4096];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	log_begin("pgo-sym");
	begin();
	log_error("%s", text);
	end(out, sizeof(out));
	assert_int_equal(strlen(out), 2047);
	assert_memory_equal(out, "pgo-sym: xxx", 12);
	assert_string_equal(out + 2040, "xxxxxx\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_one_line_in_the_tools_name),
		cmocka_unit_test(what_could_steer_the_terminal_is_taken_out),
		cmocka_unit_test(a_long_message_is_cut_and_still_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
