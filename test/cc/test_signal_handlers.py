"""Handlers that libraries set past the linker: they get a stack with room."""
import pytest

LIBRARY = """
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void on_signal(int sig)
{
	volatile char big[30000];

	memset((char *)big, sig, sizeof(big));
	write(1, "handled\\n", 8);
	_exit(big[100] == sig ? 0 : 1);
}

void set_handler(int sig, int how)
{
	struct sigaction act = { .sa_handler = on_signal };

	if (how == 0)
		sigaction(sig, &act, 0);
	else if (how == 1)
		signal(sig, on_signal);
	else
		sysv_signal(sig, on_signal);
}

__attribute__((constructor)) static void at_start(void)
{
	set_handler(SIGFPE, 0);
}
"""

PROGRAM = """
#include <signal.h>
#include <stdlib.h>
#include <pgo/pgo.h>

extern void set_handler(int sig, int how);

static int sig, how;

static void fault(void *arg)
{
	volatile int zero = 0;

	(void)arg;
	if (how >= 0)
		set_handler(sig, how);
	if (sig == SIGFPE)
		zero = 100 / zero;
	else
		*(volatile int *volatile)16 = 1;
}

int main(int argc, char **argv)
{
	sig = atoi(argv[1]);
	how = atoi(argv[2]);
	return pgo_run(fault, argc ? NULL : argv);
}
"""


@pytest.mark.parametrize("sig, how", [(11, 0), (11, 1), (11, 2), (8, -1)])
def test_a_librarys_handler_has_room(t, sig, how):
    t.write("lib.c", LIBRARY)
    t.write("main.c", PROGRAM)
    t.ok("gcc", "-shared", "-fPIC", "-O1", "-o", "libhandler.so", "lib.c")
    t.cc_ok("-O1", "main.c", "-L.", "-lhandler", "-Wl,-rpath,$ORIGIN",
            "-o", "main")
    assert t.ok("./main", sig, how) == "handled\n"
