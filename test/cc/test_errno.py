"""errno is the goroutine's, whatever thread it is on, however it is built."""
import shutil

import pytest

PROGRAM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <pgo/pgo.h>

enum { GOROUTINES = 16, ROUNDS = 400 };

static struct pgo_waitgroup wg;
static _Atomic long wrong, moved;

static void work(void *arg)
{
	int mine = 100 + (int)(long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		long tid = syscall(SYS_gettid);

		errno = mine + i;
		pgo_yield();
		wrong += errno != mine + i;
		moved += syscall(SYS_gettid) != tid;
		/* Set in C, read after the goroutine has moved: others get the
		 * time to take it. */
		close(-1);
		if (i % 16 == 0)
			for (volatile int n = 0; n < 100000; n++)
				pgo_poll();
		wrong += errno != EBADF;
		pgo_sleep(i % 4 ? 0 : 20000);
		wrong += errno != EBADF;
	}
	pgo_waitgroup_done(&wg);
}

static void entry(void *arg)
{
	(void)arg;
	pgo_waitgroup_add(&wg, GOROUTINES);
	for (long i = 0; i < GOROUTINES; i++)
		pgo_go(work, (void *)i);
	pgo_waitgroup_wait(&wg);
	printf("wrong %ld, %s\n", wrong, moved > 20 ? "moved" : "stayed");
}

int main(void)
{
	int rc = pgo_run(entry, NULL);

	return rc && rc != -EBUSY;
}
"""


@pytest.mark.parametrize("flags", [["-O0"], ["-O2"], ["-O2", "-fPIC"],
                                   ["-O2", "-flto"], ["-O3", "-no-pie"]],
                         ids=" ".join)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_errno_goes_where_the_goroutine_goes(t, compiler, flags):
    if not shutil.which(compiler):
        pytest.skip("no clang (make deps-all)")
    if compiler == "clang" and "-flto" in flags:
        return                          # GNU ld cannot read its objects
    t.write("e.c", PROGRAM)
    env = {"PGO_CC": compiler}
    t.cc_ok(*flags, "e.c", "-o", "e", env=env)
    assert t.ok("./e", env={"GOMAXPROCS": "8",
                             "PGODEBUG": "steal=always"}) == \
        "wrong 0, moved\n"
