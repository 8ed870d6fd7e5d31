/*
 * lib/target/live.c: a child of this program, read and stopped from outside.
 */
#include "lib/target/space.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "test/unit/cmocka_all.h"

enum { THREADS = 3 };

/* Shared with the children. */
static struct shared {
	volatile uint64_t turns[THREADS];
	volatile int ready;
	volatile int hup;
} *shared;

static void *spin(void *arg)
{
	volatile uint64_t *turns = arg;

	for (;;)
		++*turns;
	return NULL;
}

static void on_hup(int signal)
{
	(void)signal;
	shared->hup++;
}

static void child(int threads)
{
	pthread_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGHUP, on_hup);
	for (int i = 0; i < threads; i++)
		pthread_create(&t, NULL, spin, (void *)&shared->turns[i]);
	shared->ready = 1;
	for (;;)
		pause();
}

static pid_t start(int threads)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (pid == 0)
		child(threads);
	while (!shared->ready)
		usleep(100);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct space *open_live(pid_t pid)
{
	struct space *s;
	struct err e = { 0 };

	if (space_open_live(&s, pid, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

static const char text[] = "what is read";

static void one_bad_piece_loses_no_other(void **state)
{
	pid_t pid = start(0);
	struct space *s = open_live(pid);
	char a[8] = "", b[8] = "", c[8] = "";
	struct space_piece at[] = {
		{ 16, a, 4, true },
		{ (uintptr_t)text, b, 4, false },
		{ UINT64_MAX - 4, a, 8, true },
		{ (uintptr_t)text, a, 0, false },
		{ (uintptr_t)text + 8, c, 4, false },
		{ 1 << 20, a, 4, true },
	};

	(void)state;
	assert_int_equal(space_readv(s, at, 6), 0);
	assert_false(at[0].ok);
	assert_true(at[1].ok);
	assert_false(at[2].ok);
	assert_true(at[3].ok);
	assert_true(at[4].ok);
	assert_false(at[5].ok);
	assert_string_equal(b, "what");
	assert_string_equal(c, "read");
	space_close(s);
	stop(pid);
}

/* In a container whose filter has no process_vm_readv(2). */
static void read_where_the_call_is_refused(pid_t pid)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	char a[8] = "", b[8] = "";
	struct space_piece at[] = {
		{ (uintptr_t)text, a, 4, false },
		{ UINT64_MAX - 4, b, 8, true },
		{ 16, b, 4, true },
		{ (uintptr_t)text + 8, b, 4, false },
	};
	struct space *s;

	if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
			     SCMP_SYS(process_vm_readv), 0) < 0 ||
	    seccomp_load(filter) < 0)
		_exit(2);
	if (space_open_live(&s, pid, NULL) < 0 || space_readv(s, at, 4) < 0)
		_exit(3);
	if (!at[0].ok || at[1].ok || at[2].ok || !at[3].ok ||
	    strcmp(a, "what") || strcmp(b, "read"))
		_exit(4);
	kill(pid, SIGKILL);
	for (int i = 0; i < 1000; i++) {
		if (space_readv(s, at, 1) == -ESRCH)
			_exit(at[0].ok ? 5 : 0);
		usleep(1000);
	}
	_exit(6);
}

static void without_the_call_the_file_is_read(void **state)
{
	pid_t pid = start(0), tool = fork();
	int status;

	(void)state;
	if (tool == 0)
		read_where_the_call_is_refused(pid);
	waitpid(tool, &status, 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void many_pieces_take_few_calls(void **state)
{
	enum { N = 3000 };
	static struct space_piece at[N];
	static char out[N];
	pid_t pid = start(0);
	struct space *s = open_live(pid);
	uint64_t before = s->beats;

	(void)state;
	for (int i = 0; i < N; i++)
		at[i] = (struct space_piece){ (uintptr_t)text + i % 4,
					      &out[i], 1, false };
	assert_int_equal(space_readv(s, at, N), 0);
	assert_int_equal(s->beats - before, 3);
	for (int i = 0; i < N; i++)
		assert_int_equal(out[i], text[i % 4]);
	space_close(s);
	stop(pid);
}

static void a_process_that_has_ended_is_told(void **state)
{
	pid_t pid = start(0);
	struct space *s = open_live(pid);
	struct err e = { 0 };
	char byte;

	(void)state;
	assert_int_equal(space_check(s, &e), 0);
	stop(pid);
	assert_int_equal(space_check(s, &e), -ESRCH);
	assert_non_null(strstr(e.text, "has exited"));
	assert_int_equal(space_read(s, (uintptr_t)text, &byte, 1), -ESRCH);
	space_close(s);
	assert_int_equal(space_open_live(&s, pid, &e), -ESRCH);
	assert_non_null(strstr(e.text, "no such process"));
}

static void an_exec_makes_another_program_of_it(void **state)
{
	pid_t pid = fork();
	struct err e = { 0 };
	struct space *s;

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		execl("/bin/sleep", "sleep", "60", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, WUNTRACED);
	s = open_live(pid);
	assert_int_equal(space_check(s, &e), 0);
	kill(pid, SIGCONT);
	for (int i = 0; i < 1000 && space_check(s, &e) == 0; i++)
		usleep(1000);
	assert_int_equal(space_check(s, &e), -ESTALE);
	space_close(s);
	stop(pid);
}

static uint64_t all_turns(void)
{
	return shared->turns[0] + shared->turns[1] + shared->turns[2];
}

static void wait_turns(uint64_t more)
{
	uint64_t before = all_turns();

	for (int i = 0; i < 5000 && all_turns() < before + more; i++)
		usleep(1000);
	assert_true(all_turns() >= before + more);
}

static void frozen_threads_stand_still_until_let_go(void **state)
{
	pid_t pid = start(THREADS);
	struct space *s = open_live(pid);
	struct space_thread t[16];
	struct space_regs r;
	struct err e = { 0 };
	uint64_t turns;

	(void)state;
	wait_turns(1);
	assert_int_equal(space_freeze(s, true, &e), 0);
	turns = all_turns();
	usleep(20000);
	assert_int_equal(all_turns(), turns);
	assert_int_equal(space_threads(s, t, 16), THREADS + 1);
	assert_int_equal(t[0].tid, pid);
	for (int i = 0; i < THREADS + 1; i++) {
		assert_int_equal(space_regs(s, t[i].host_tid, &r), 0);
		assert_true(r.pc && r.sp && r.fs_base);
	}
	assert_int_equal(space_freeze(s, false, &e), 0);
	wait_turns(1);
	assert_int_equal(space_freeze(s, true, &e), 0);
	space_close(s);
	wait_turns(1);
	stop(pid);
}

/* As a page keeps its reader waiting that only the target can fill in. */
static void what_nobody_reads_is_not_held(void **state)
{
	pid_t pid = start(THREADS);
	struct space *s = open_live(pid);
	struct space_regs r;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(space_freeze(s, true, &e), 0);
	wait_turns(1);
	assert_int_equal(space_regs(s, pid, &r), -EBUSY);
	assert_int_equal(space_freeze(s, false, &e), -EBUSY);
	assert_int_equal(space_freeze(s, true, &e), 0);
	assert_int_equal(space_freeze(s, false, &e), 0);
	space_close(s);
	stop(pid);
}

/* A machine that is busy may not stop a thread in time: a few tries. */
static int regs_of(struct space *s, pid_t tid, struct space_regs *r)
{
	int rc = -EBUSY;

	for (int i = 0; i < 5 && rc == -EBUSY; i++)
		rc = space_regs(s, tid, r);
	return rc;
}

static void registers_do_not_stop_for_long_nor_lose_signals(void **state)
{
	enum { TIMES = 200 };
	pid_t pid = start(1);
	struct space *s = open_live(pid);
	struct space_thread t[2];
	struct space_regs r;

	(void)state;
	assert_int_equal(space_threads(s, t, 2), 2);
	for (int i = 0; i < TIMES; i++) {
		int want = shared->hup + 1;

		syscall(SYS_tgkill, pid, t[1].host_tid, SIGHUP);
		assert_int_equal(regs_of(s, t[1].host_tid, &r), 0);
		assert_true(r.pc && r.sp);
		for (int k = 0; k < 1000 && shared->hup < want; k++)
			usleep(100);
		assert_int_equal(shared->hup, want);
	}
	wait_turns(1);
	space_close(s);
	stop(pid);
}

/* A tool that dies while it holds a target frozen. */
static void the_death_of_the_tool_lets_go(void **state)
{
	pid_t pid = start(1), tool;
	uint64_t turns;

	(void)state;
	tool = fork();
	if (tool == 0) {
		struct space *s = open_live(pid);

		if (space_freeze(s, true, NULL) == 0)
			raise(SIGSTOP);
		_exit(1);
	}
	waitpid(tool, NULL, WUNTRACED);
	turns = all_turns();
	usleep(10000);
	assert_int_equal(all_turns(), turns);
	stop(tool);
	wait_turns(1);
	stop(pid);
}

/* One that sleeps is not stopped: it tells where it is by itself. */
static void a_sleeping_thread_is_not_disturbed(void **state)
{
	pid_t pid = start(0);
	struct space *s = open_live(pid);
	struct space_regs r;

	(void)state;
	usleep(1000);
	assert_int_equal(space_regs(s, pid, &r), 0);
	assert_true(r.pc && r.sp);
	assert_int_equal(r.fs_base, 0);
	space_close(s);
	stop(pid);
}

static void memory_of_others_is_refused_with_the_way_out(void **state)
{
	struct err e = { 0 };
	pid_t tool;
	int status;

	(void)state;
	tool = fork();
	if (tool == 0) {
		struct space *s;
		char want[128];

		snprintf(want, sizeof(want), "%d: cannot read memory: "
			 "Operation not permitted (same user, or "
			 "CAP_SYS_PTRACE)", (int)getppid());
		if (getuid() == 0 && setuid(65534) < 0)
			_exit(2);
		if (space_open_live(&s, getppid(), &e) != -EPERM)
			_exit(3);
		_exit(strcmp(e.text, want) ? 4 : 0);
	}
	waitpid(tool, &status, 0);
	if (getuid() == 0)
		assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_bad_piece_loses_no_other),
		cmocka_unit_test(without_the_call_the_file_is_read),
		cmocka_unit_test(many_pieces_take_few_calls),
		cmocka_unit_test(a_process_that_has_ended_is_told),
		cmocka_unit_test(an_exec_makes_another_program_of_it),
		cmocka_unit_test(frozen_threads_stand_still_until_let_go),
		cmocka_unit_test(what_nobody_reads_is_not_held),
		cmocka_unit_test(
			registers_do_not_stop_for_long_nor_lose_signals),
		cmocka_unit_test(the_death_of_the_tool_lets_go),
		cmocka_unit_test(a_sleeping_thread_is_not_disturbed),
		cmocka_unit_test(memory_of_others_is_refused_with_the_way_out),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
