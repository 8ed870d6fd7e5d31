/*
 * What a goroutine's process does beside it: children get the program's signal
 * mask, not an M's; a jump out of a handler lands in working goroutine code.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <pgo/pgo.h>

#include "test/unit/pgo/goroutine.h"

extern char **environ;

/* Succeeds when SIGTERM is not among the blocked signals of who runs it. */
static char check[] = "! grep -Eq '^SigBlk:.*[4567cdef]...$' "
		      "/proc/self/status";
static char shell[] = "/bin/sh";
static char dash_c[] = "-c";
static char *argv_of_check[] = { shell, dash_c, check, NULL };

static int spawn_rc, spawn_status, fork_status;

static void spawn_child(void *arg)
{
	pid_t pid = 0;

	(void)arg;
	spawn_rc = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv_of_check,
			       environ);
	if (!spawn_rc)
		waitpid(pid, &spawn_status, 0);
}

static void a_spawned_child_has_the_programs_signals(void **state)
{
	(void)state;
	on_goroutine(spawn_child, NULL);
	assert_int_equal(spawn_rc, 0);
	assert_int_equal(spawn_status, 0);
}

static void fork_child(void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (!pid) {
		execv("/bin/sh", argv_of_check);
		_exit(99);
	}
	fork_status = -1;
	if (pid > 0)
		waitpid(pid, &fork_status, 0);
}

static void a_forked_child_has_the_programs_signals(void **state)
{
	(void)state;
	on_goroutine(fork_child, NULL);
	assert_int_equal(fork_status, 0);
}

static int system_status = -1, popen_status = -1, exec_status = -1;

static void run_shells(void *arg)
{
	pid_t pid;
	FILE *f;

	(void)arg;
	system_status = system(check);
	f = popen(check, "r");
	if (f)
		popen_status = pclose(f);
	/* vfork() tells nobody, so execv() has to see to it. */
	pid = vfork();
	if (!pid) {
		execv("/bin/sh", argv_of_check);
		_exit(99);
	}
	if (pid > 0)
		waitpid(pid, &exec_status, 0);
}

static void every_child_has_the_programs_signals(void **state)
{
	(void)state;
	on_goroutine(run_shells, NULL);
	assert_int_equal(system_status, 0);
	assert_int_equal(popen_status, 0);
	assert_int_equal(exec_status, 0);
}

static int list_status[4];

static void become(int way)
{
	char *env[] = { (char[]){ "A=1" }, NULL };

	if (way == 0)
		execl("/bin/sh", "sh", "-c", check, NULL);
	else if (way == 1)
		execlp("sh", "sh", "-c", check, NULL);
	else if (way == 2)
		execle("/bin/sh", "sh", "-c", "[ $A = 1 ]", NULL, env);
	else
		execl("/nowhere", "x", NULL);
	_exit(errno == ENOENT ? 42 : 99);
}

/* A fork() that tells nobody: only what becomes the shell can see to it. */
static void run_lists(void *arg)
{
	(void)arg;
	for (int way = 0; way < 4; way++) {
		pid_t pid = (pid_t)syscall(SYS_fork);

		if (!pid)
			become(way);
		list_status[way] = -1;
		if (pid > 0)
			waitpid(pid, &list_status[way], 0);
	}
}

static void arguments_may_come_one_by_one(void **state)
{
	(void)state;
	on_goroutine(run_lists, NULL);
	for (int way = 0; way < 3; way++)
		assert_int_equal(list_status[way], 0);
	assert_int_equal(WEXITSTATUS(list_status[3]), 42);
}

static sigjmp_buf out;
static volatile int jumps;
static volatile long depth_after;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

__attribute__((noinline)) static long descend(long n)
{
	volatile char pad[300];

	pad[n % 300] = (char)n;
	return n ? descend(n - 1) + 1 + (pad[n % 300] - (char)n) : 0;
}

__attribute__((noinline)) static void raise_fault(void)
{
	__asm__ volatile("movl $1, 8" : : : "memory");
}

static void fault_and_go_on(void *arg)
{
	struct sigaction act = { .sa_handler = on_fault };

	(void)arg;
	sigaction(SIGSEGV, &act, NULL);
	if (!sigsetjmp(out, 1))
		raise_fault();
	jumps++;
	depth_after = descend(600);
}

static void a_jump_out_of_a_handler_leaves_a_stack_that_grows(void **state)
{
	(void)state;
	on_goroutine(fault_and_go_on, NULL);
	assert_int_equal(jumps, 1);
	assert_int_equal(depth_after, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spawned_child_has_the_programs_signals),
		cmocka_unit_test(a_forked_child_has_the_programs_signals),
		cmocka_unit_test(every_child_has_the_programs_signals),
		cmocka_unit_test(arguments_may_come_one_by_one),
		cmocka_unit_test(
			a_jump_out_of_a_handler_leaves_a_stack_that_grows),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
