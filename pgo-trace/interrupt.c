#include "pgo-trace/interrupt.h"

#include <signal.h>
#include <stdlib.h>

static volatile sig_atomic_t came;

static void note(int sig)
{
	came = sig;
}

void interrupt_begin(void)
{
	/* Without SA_RESTART: a read that waits is to end.  Once: the second
	 * signal finds the default. */
	struct sigaction sa = { .sa_handler = note, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

bool interrupted(void)
{
	return came != 0;
}

void interrupt_die(void)
{
	int sig = came ? came : SIGINT;

	signal(sig, SIG_DFL);
	raise(sig);
	_Exit(128 + sig);
}
