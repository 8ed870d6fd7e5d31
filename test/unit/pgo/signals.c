/*
 * Signals as a C program knows them, in goroutines: handlers set in every way,
 * sent to oneself, blocked, waited for.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pgo/pgo.h>

#include "test/unit/pgo/goroutine.h"

/* Some of the words are old. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

extern sighandler_t bsd_signal(int, sighandler_t);

/* What the handlers saw. */
static _Atomic int calls, last_sig, last_value, nested, most_nested, blocked;
static _Atomic pid_t ran_on;

/* Split, and deeper than a goroutine's first segment. */
__attribute__((noinline)) static int descend(int n)
{
	volatile char pad[200];

	pad[n % 200] = (char)n;
	return n ? descend(n - 1) + 1 : pad[0];
}

static void count(int sig)
{
	last_sig = sig;
	ran_on = gettid();
	errno = EDOM;
	if (descend(100) == 100)
		calls++;
}

static void look(int sig, siginfo_t *info, void *uc)
{
	sigset_t now;

	(void)uc;
	last_value = info->si_value.sival_int;
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	blocked = sigismember(&now, SIGUSR2) + 2 * sigismember(&now, SIGUSR1);
	count(sig);
}

static void raise_in_itself(int sig)
{
	if (++nested > most_nested)
		most_nested = nested;
	if (calls++ < 2)
		raise(sig);
	nested--;
}

static void reset(void)
{
	calls = last_sig = last_value = nested = most_nested = blocked = 0;
	ran_on = 0;
}

/* Ways to set one ---------------------------------------------------------- */

static sighandler_t by_sigaction(int sig, sighandler_t fn)
{
	struct sigaction act = { .sa_handler = fn };
	struct sigaction old;

	return sigaction(sig, &act, &old) ? SIG_ERR : old.sa_handler;
}

static sighandler_t on_stack(int sig, sighandler_t fn)
{
	struct sigaction act = { .sa_handler = fn, .sa_flags = SA_ONSTACK };
	struct sigaction old;

	return sigaction(sig, &act, &old) ? SIG_ERR : old.sa_handler;
}

static sighandler_t (*const words[])(int, sighandler_t) = {
	by_sigaction, on_stack, signal, bsd_signal, sysv_signal, ssignal,
	sigset,
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static struct {
	sighandler_t before, after;
	int calls, sig, err;
} by_word[WORDS];

static void try_word(int i)
{
	reset();
	by_word[i].before = words[i](SIGUSR1, count);
	errno = ERANGE;
	raise(SIGUSR1);
	by_word[i].err = errno;
	by_word[i].calls = calls;
	by_word[i].sig = last_sig;
	by_word[i].after = words[i](SIGUSR1, SIG_DFL);
}

static void try_words(void *arg)
{
	(void)arg;
	for (int i = 0; i < WORDS; i++)
		try_word(i);
}

static void every_word_sets_a_handler(void **state)
{
	(void)state;
	on_goroutine(try_words, NULL);
	for (int i = 0; i < WORDS; i++) {
		assert_ptr_equal(by_word[i].before, SIG_DFL);
		assert_int_equal(by_word[i].calls, 1);
		assert_int_equal(by_word[i].sig, SIGUSR1);
		/* As sysv_signal(3) says, it is gone once it has run. */
		assert_ptr_equal(by_word[i].after,
				 words[i] == sysv_signal ? SIG_DFL : count);
	}
}

/* Flags -------------------------------------------------------------------- */

static struct sigaction asked, told;
static int flag_results[4];

static void set_look(int flags)
{
	memset(&asked, 0, sizeof(asked));
	asked.sa_sigaction = look;
	asked.sa_flags = SA_SIGINFO | flags;
	sigaddset(&asked.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &asked, NULL);
}

static void use_flags(void *arg)
{
	(void)arg;
	reset();
	set_look(SA_RESETHAND | SA_RESTART);
	sigaction(SIGUSR1, NULL, &told);
	raise(SIGUSR1);
	flag_results[0] = blocked;
	sigaction(SIGUSR1, NULL, &asked);
	reset();
	signal(SIGUSR1, raise_in_itself);
	raise(SIGUSR1);
	flag_results[1] = calls * 10 + most_nested;
	reset();
	asked.sa_handler = raise_in_itself;
	asked.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &asked, NULL);
	raise(SIGUSR1);
	flag_results[2] = calls * 10 + most_nested;
	signal(SIGUSR1, SIG_DFL);
}

static void flags_and_mask_of_a_handler_hold(void **state)
{
	(void)state;
	on_goroutine(use_flags, NULL);
	assert_int_equal((unsigned)told.sa_flags,
			 SA_SIGINFO | SA_RESETHAND | SA_RESTART);
	assert_ptr_equal(told.sa_sigaction, look);
	assert_int_equal(sigismember(&told.sa_mask, SIGUSR2), 1);
	assert_int_equal(flag_results[0], 3);
	assert_int_equal(flag_results[1], 31);
	assert_int_equal(flag_results[2], 33);
}

/* Where it runs ------------------------------------------------------------ */

static _Atomic int sends[4];
static _Atomic pid_t sender, receivers[4];
static struct pgo_chan *_Atomic rung;

static void ring(int sig)
{
	ran_on = gettid();
	pgo_chan_send(rung, &sig);
}

static void send_every_way(void *arg)
{
	union sigval value = { .sival_int = 4711 };
	int got = 0;

	(void)arg;
	signal(SIGUSR1, count);
	sender = gettid();
	for (int i = 0; i < 3; i++) {
		reset();
		if (i == 0)
			raise(SIGUSR1);
		else if (i == 1)
			kill(getpid(), SIGUSR1);
		else
			pthread_kill(pthread_self(), SIGUSR1);
		sends[i] = calls;
		receivers[i] = ran_on;
	}
	set_look(0);
	reset();
	sigqueue(getpid(), SIGUSR1, value);
	while (!calls)
		pgo_yield();
	sends[3] = last_value;
	receivers[3] = ran_on;
	signal(SIGUSR2, ring);
	rung = pgo_chan_make(sizeof(int), 0);
	sigqueue(getpid(), SIGUSR2, value);
	pgo_chan_recv(rung, &got);
	pgo_chan_free(rung);
	last_sig = got;
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
}

static void what_is_sent_to_oneself_has_run_the_rest_runs_apart(
	void **state)
{
	(void)state;
	on_goroutine(send_every_way, NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sends[i], 1);
		assert_int_equal(receivers[i], sender);
	}
	assert_int_equal(sends[3], 4711);
	assert_int_not_equal(receivers[3], sender);
	/* Its handler may wait for a goroutine. */
	assert_int_equal(last_sig, SIGUSR2);
}

/* The mask ----------------------------------------------------------------- */

static int while_blocked, in_another, was_pending, taken, at_unblocking;
static int still_blocked;

static void look_from_another(void *arg)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	in_another = sigismember(&now, SIGUSR1);
	pgo_chan_send(arg, &in_another);
}

static void block_and_unblock(void *arg)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(int), 0);
	struct timespec soon = { .tv_sec = 5 };
	sigset_t one, now;

	(void)arg;
	reset();
	signal(SIGUSR1, count);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &one, NULL);
	raise(SIGUSR1);
	while_blocked = calls;
	pgo_go(look_from_another, c);
	pgo_chan_recv(c, &in_another);
	sigpending(&now);
	was_pending = sigismember(&now, SIGUSR1);
	taken = sigtimedwait(&one, NULL, &soon);
	kill(getpid(), SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &one, &now);
	still_blocked = sigismember(&now, SIGUSR1);
	at_unblocking = calls;
	signal(SIGUSR1, SIG_DFL);
	pgo_chan_free(c);
}

static void the_mask_is_all_goroutines(void **state)
{
	(void)state;
	on_goroutine(block_and_unblock, NULL);
	assert_int_equal(while_blocked, 0);
	assert_int_equal(in_another, 1);
	assert_int_equal(was_pending, 1);
	assert_int_equal(taken, SIGUSR1);
	assert_int_equal(still_blocked, 1);
	assert_int_equal(at_unblocking, 1);
}

enum { BLOCKERS = 8, BLOCKINGS = 3000 };

static _Atomic int lost;

/* A signal of its own: nobody else lets it through. */
static void block_mine(void *arg)
{
	static _Atomic int last;
	int sig = SIGRTMIN + atomic_fetch_add(&last, 1);
	sigset_t mine, now;

	sigemptyset(&mine);
	sigaddset(&mine, sig);
	for (int i = 0; i < BLOCKINGS; i++) {
		sigprocmask(SIG_BLOCK, &mine, NULL);
		pgo_yield();
		sigprocmask(SIG_UNBLOCK, &mine, &now);
		lost += !sigismember(&now, sig);
	}
	pgo_waitgroup_done(arg);
}

static void block_at_once(void *arg)
{
	struct pgo_waitgroup wg = { 0 };

	(void)arg;
	pgo_waitgroup_add(&wg, BLOCKERS);
	for (int i = 0; i < BLOCKERS; i++)
		pgo_go(block_mine, &wg);
	pgo_waitgroup_wait(&wg);
}

static void who_blocks_at_one_time_loses_nothing(void **state)
{
	(void)state;
	on_goroutine(block_at_once, NULL);
	assert_int_equal(lost, 0);
}

static int held, released, by_fd;

static void older_words(void *arg)
{
	struct signalfd_siginfo info = { 0 };
	sigset_t one;
	int fd;

	(void)arg;
	reset();
	sigset(SIGUSR1, count);
	sighold(SIGUSR1);
	raise(SIGUSR1);
	held = calls;
	sigrelse(SIGUSR1);
	released = calls;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	raise(SIGUSR1);
	fd = signalfd(-1, &one, SFD_CLOEXEC);
	if (read(fd, &info, sizeof(info)) == sizeof(info))
		by_fd = (int)info.ssi_signo;
	close(fd);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	signal(SIGUSR1, SIG_DFL);
}

static void older_words_and_signalfd_work(void **state)
{
	(void)state;
	on_goroutine(older_words, NULL);
	assert_int_equal(held, 0);
	assert_int_equal(released, 1);
	assert_int_equal(by_fd, SIGUSR1);
}

/* Waiting for one ---------------------------------------------------------- */

static int waits[3], wait_errnos[3];

static void ring_in(int ms)
{
	struct itimerval soon = { .it_value.tv_usec = ms * 1000 };

	setitimer(ITIMER_REAL, &soon, NULL);
}

static void wait_for_alarms(void *arg)
{
	sigset_t one, before;

	(void)arg;
	reset();
	signal(SIGALRM, count);
	ring_in(20);
	waits[0] = pause();
	wait_errnos[0] = errno;
	sigemptyset(&one);
	sigaddset(&one, SIGALRM);
	sigprocmask(SIG_BLOCK, &one, &before);
	ring_in(1);
	pgo_sleep(10000000);
	waits[1] = calls;
	waits[2] = sigsuspend(&before);
	wait_errnos[2] = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGALRM, SIG_DFL);
}

static void pause_and_sigsuspend_return_after_a_handler(void **state)
{
	(void)state;
	on_goroutine(wait_for_alarms, NULL);
	assert_int_equal(waits[0], -1);
	assert_int_equal(wait_errnos[0], EINTR);
	assert_int_equal(waits[1], 1);
	assert_int_equal(waits[2], -1);
	assert_int_equal(wait_errnos[2], EINTR);
	assert_int_equal(calls, 2);
}

static int timer_value;

static void ring_a_timer(void *arg)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1,
				  .sigev_value.sival_int = 99 };
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	timer_t timer;

	(void)arg;
	reset();
	set_look(0);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		return;
	timer_settime(timer, 0, &soon, NULL);
	while (!calls)
		pgo_sleep(1000000);
	timer_value = last_value;
	timer_delete(timer);
	signal(SIGUSR1, SIG_DFL);
}

static void a_timer_signals(void **state)
{
	(void)state;
	on_goroutine(ring_a_timer, NULL);
	assert_int_equal(timer_value, 99);
}

/* Pipes and children ------------------------------------------------------- */

static int pipe_results[6];

static int write_to_nobody(void)
{
	int fds[2];
	int rc;

	if (pipe(fds))
		return 0;
	close(fds[0]);
	rc = write(fds[1], "x", 1) < 0 ? errno : 0;
	close(fds[1]);
	return rc;
}

static void write_to_nobodies(void *arg)
{
	struct timespec none = { 0 };
	sigset_t one;

	(void)arg;
	reset();
	signal(SIGPIPE, SIG_IGN);
	pipe_results[0] = write_to_nobody();
	signal(SIGPIPE, count);
	pipe_results[1] = write_to_nobody();
	pipe_results[2] = calls;
	sigemptyset(&one);
	sigaddset(&one, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	pipe_results[3] = write_to_nobody();
	pipe_results[4] = calls;
	pipe_results[5] = sigtimedwait(&one, NULL, &none);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void a_closed_pipe_is_as_the_program_set_it(void **state)
{
	(void)state;
	on_goroutine(write_to_nobodies, NULL);
	assert_int_equal(pipe_results[0], EPIPE);
	assert_int_equal(pipe_results[1], EPIPE);
	assert_int_equal(pipe_results[2], 1);
	assert_int_equal(pipe_results[3], EPIPE);
	assert_int_equal(pipe_results[4], 1);
	assert_int_equal(pipe_results[5], SIGPIPE);
}

static int child_status, children_told;

static void wait_for_child(void *arg)
{
	pid_t pid;

	(void)arg;
	reset();
	signal(SIGCHLD, count);
	pid = fork();
	if (!pid)
		_exit(3);
	waitpid(pid, &child_status, 0);
	while (!calls)
		pgo_sleep(1000000);
	children_told = last_sig;
	signal(SIGCHLD, SIG_DFL);
}

static void a_child_is_waited_for_and_told(void **state)
{
	(void)state;
	on_goroutine(wait_for_child, NULL);
	assert_int_equal(WEXITSTATUS(child_status), 3);
	assert_int_equal(children_told, SIGCHLD);
}

/* Jumping out of one ------------------------------------------------------- */

static sigjmp_buf out;
static int jumps, after_jump;

static void jump(int sig)
{
	siglongjmp(out, sig);
}

static void jump_out(void *arg)
{
	volatile int n;

	(void)arg;
	signal(SIGUSR1, jump);
	for (n = 0; n < 3; n++) {
		if (!sigsetjmp(out, 1))
			raise(SIGUSR1);
		else
			jumps++;
		pgo_yield();
	}
	reset();
	signal(SIGUSR1, count);
	raise(SIGUSR1);
	after_jump = calls;
	signal(SIGUSR1, SIG_DFL);
}

static void a_jump_out_of_a_raised_handler_works(void **state)
{
	(void)state;
	on_goroutine(jump_out, NULL);
	assert_int_equal(jumps, 3);
	assert_int_equal(after_jump, 1);
}

/* A stack of one's own ----------------------------------------------------- */

static int stack_rcs[3], stack_calls;
static char small_stack[4096];

static void set_stacks(void *arg)
{
	stack_t ss = { .ss_sp = small_stack, .ss_size = sizeof(small_stack) };
	stack_t tiny = { .ss_sp = small_stack, .ss_size = 100 };
	stack_t old;

	(void)arg;
	reset();
	stack_rcs[0] = sigaltstack(&ss, NULL);
	stack_rcs[1] = sigaltstack(&tiny, NULL) ? errno : 0;
	on_stack(SIGUSR1, count);
	raise(SIGUSR1);         /* takes 20 KB */
	stack_calls = calls;
	stack_rcs[2] = sigaltstack(NULL, &old) ? 0 : old.ss_size > 32768;
	signal(SIGUSR1, SIG_DFL);
}

static void a_small_signal_stack_does_not_replace_ours(void **state)
{
	(void)state;
	on_goroutine(set_stacks, NULL);
	assert_int_equal(stack_rcs[0], 0);
	assert_int_equal(stack_rcs[1], ENOMEM);
	assert_int_equal(stack_rcs[2], 1);
	assert_int_equal(stack_calls, 1);
}

/* In a handler ------------------------------------------------------------- */

enum { INTERRUPTIONS = 20 };

/* Not atomic, and not watched: in the thread sanitizer an atomic is a lock, and
 * the handler may interrupt its holder. */
#define UNWATCHED __attribute__((no_sanitize_thread))
static volatile int interruptions;

UNWATCHED static void set_another(int sig)
{
	signal(SIGUSR2, sig == SIGUSR1 ? SIG_IGN : SIG_DFL);
	interruptions++;
}

UNWATCHED static void *set_and_set(void *arg)
{
	sigset_t one;

	(void)arg;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	while (interruptions < INTERRUPTIONS)
		signal(SIGUSR2, SIG_DFL);
	return NULL;
}

UNWATCHED static void
a_handler_may_set_one_wherever_it_interrupts(void **state)
{
	pthread_t thread;

	(void)state;
	signal(SIGUSR1, set_another);
	assert_int_equal(pthread_create(&thread, NULL, set_and_set, NULL), 0);
	while (interruptions < INTERRUPTIONS)
		pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	signal(SIGUSR1, SIG_DFL);
}

/* Two words at one time ---------------------------------------------------- */

enum { CHANGES = 20000 };

static _Atomic int wrong_flags;
static _Atomic int changed;

static struct sigaction now(int sig)
{
	struct sigaction act = { 0 };

	sigaction(sig, NULL, &act);
	return act;
}

static void *interrupt_and_look(void *arg)
{
	for (int i = 0; i < CHANGES; i++) {
		siginterrupt(SIGUSR2, i & 1);
		if (!!(now(SIGUSR2).sa_flags & SA_RESTART) == (i & 1))
			wrong_flags++;
	}
	changed = 1;
	return arg;
}

static void siginterrupt_and_signal_undo_nothing_of_each_other(void **state)
{
	static const sighandler_t handlers[] = { count, raise_in_itself };
	int wrong_handlers = 0;
	pthread_t thread;

	(void)state;
	signal(SIGUSR2, count);
	pthread_create(&thread, NULL, interrupt_and_look, NULL);
	for (int i = 0; !changed; i++) {
		signal(SIGUSR2, handlers[i & 1]);
		wrong_handlers += now(SIGUSR2).sa_handler != handlers[i & 1];
	}
	pthread_join(thread, NULL);
	signal(SIGUSR2, SIG_DFL);
	assert_int_equal(wrong_flags, 0);
	assert_int_equal(wrong_handlers, 0);
}

/* All at once -------------------------------------------------------------- */

enum { SENDERS = 20, ROUNDS = 200 };

static _Atomic int got;

static void add(int sig)
{
	(void)sig;
	got += descend(50) == 50;
}

static void send_some(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		raise(SIGUSR1);
		if (i % 16 == 0)
			pgo_yield();
	}
	pgo_waitgroup_done(arg);
}

static void send_many(void *arg)
{
	struct pgo_waitgroup wg = { 0 };

	(void)arg;
	signal(SIGUSR1, add);
	pgo_waitgroup_add(&wg, SENDERS);
	for (int i = 0; i < SENDERS; i++)
		pgo_go(send_some, &wg);
	pgo_waitgroup_wait(&wg);
	signal(SIGUSR1, SIG_DFL);
}

static void none_of_many_is_lost(void **state)
{
	(void)state;
	on_goroutine(send_many, NULL);
	assert_int_equal(got, SENDERS * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_sets_a_handler),
		cmocka_unit_test(flags_and_mask_of_a_handler_hold),
		cmocka_unit_test(
			what_is_sent_to_oneself_has_run_the_rest_runs_apart),
		cmocka_unit_test(the_mask_is_all_goroutines),
		cmocka_unit_test(who_blocks_at_one_time_loses_nothing),
		cmocka_unit_test(older_words_and_signalfd_work),
		cmocka_unit_test(pause_and_sigsuspend_return_after_a_handler),
		cmocka_unit_test(a_timer_signals),
		cmocka_unit_test(a_closed_pipe_is_as_the_program_set_it),
		cmocka_unit_test(a_child_is_waited_for_and_told),
		cmocka_unit_test(a_jump_out_of_a_raised_handler_works),
		cmocka_unit_test(a_small_signal_stack_does_not_replace_ours),
		cmocka_unit_test(a_handler_may_set_one_wherever_it_interrupts),
		cmocka_unit_test(
			siginterrupt_and_signal_undo_nothing_of_each_other),
		cmocka_unit_test(none_of_many_is_lost),
	};

	/* Threads of the test's stay out of it: theirs is another mask. */
	sigset_t all;

	sigfillset(&all);
	if (world_begin(NULL))
		return 1;
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	return cmocka_run_group_tests(tests, NULL, world_end);
}
