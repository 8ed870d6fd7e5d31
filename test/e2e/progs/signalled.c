/*
 * signalled - lives with signals in the way its argument names, told by
 * test_signals.py.
 */
#include <signal.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/pgo.h>

static struct pgo_chan *signals;

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void tell(int sig)
{
	pgo_chan_send(signals, &sig);
}

/* Prints each signal, 5 at the first SIGTERM. */
static void wait_for_them(void *arg)
{
	static const int handled[] = { SIGINT, SIGHUP, SIGWINCH, SIGTERM };
	int sig = 0;

	(void)arg;
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		signal(handled[i], tell);
	ready();
	while (sig != SIGTERM) {
		pgo_chan_recv(signals, &sig);
		puts(strsignal(sig));
		fflush(stdout);
	}
	exit(5);
}

/* Nothing is set: as any C program. */
static void stand_by(void *arg)
{
	(void)arg;
	ready();
	for (int i = 0; i < 500; i++) {
		pgo_sleep(10000000);
		write(1, ".", 1);
	}
}

static void write_to_nobody(void *arg)
{
	int fds[2];

	(void)arg;
	if (pipe(fds))
		exit(1);
	close(fds[0]);
	write(fds[1], "x", 1);
	puts("still here");
}

static sigjmp_buf out;

static void jump(int sig)
{
	siglongjmp(out, sig);
}

static void jump_from_the_other_thread(void *arg)
{
	(void)arg;
	signal(SIGTERM, jump);
	if (sigsetjmp(out, 1))
		exit(7);
	ready();
	pgo_sleep(INT64_C(10000000000));
}

static void receive(int sig)
{
	pgo_chan_recv(signals, &sig);
}

static volatile int *volatile nowhere = (int *)16;

static void wait_in_a_fault(void *arg)
{
	(void)arg;
	signal(SIGSEGV, receive);
	*nowhere = 1;
}

static void crash(int sig)
{
	*nowhere = sig;
}

static void crash_in_a_handler(void *arg)
{
	(void)arg;
	signal(SIGUSR1, crash);
	raise(SIGUSR1);
}

__attribute__((noinline, no_sanitize("integer-divide-by-zero")))
static void divide(volatile int *by)
{
	*by = 100 / *by;
}

/* SIGSEGV in the handler of SIGFPE, which interrupted goroutine code. */
static void crash_in_a_faults_handler(void *arg)
{
	volatile int zero = 0;

	(void)arg;
	signal(SIGFPE, crash);
	divide(&zero);
	divide(&zero);
}

/* Set before pgo_run(), and it wants room. */
static void before(int sig)
{
	volatile char big[20000];

	memset((char *)big, sig, sizeof(big));
	write(1, "handled\n", 8);
	_exit(big[sig] == sig ? 0 : 1);
}

static void raise_it(void *arg)
{
	(void)arg;
	raise(SIGUSR1);
}

static const struct {
	const char *name;
	void (*fn)(void *);
} ways[] = {
	{ "wait", wait_for_them },
	{ "stand_by", stand_by },
	{ "write_to_nobody", write_to_nobody },
	{ "jump", jump_from_the_other_thread },
	{ "wait_in_a_fault", wait_in_a_fault },
	{ "crash_in_a_handler", crash_in_a_handler },
	{ "crash_in_a_faults_handler", crash_in_a_faults_handler },
	{ "set_before", raise_it },
};

int main(int argc, char **argv)
{
	signals = pgo_chan_make(sizeof(int), 4);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (argc < 2 || strcmp(argv[1], ways[i].name))
			continue;
		if (ways[i].fn == raise_it)
			signal(SIGUSR1, before);
		return pgo_run(ways[i].fn, NULL) ? 3 : 0;
	}
	fprintf(stderr, "usage: signalled WAY\n");
	return 1;
}
