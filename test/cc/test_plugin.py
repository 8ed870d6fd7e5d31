"""Libraries built by pgo-cc -shared that a program loads by dlopen(3)."""
import pytest

PLUGIN = r"""
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <pgo/pgo.h>

static struct pgo_waitgroup wg;
static long total;

__attribute__((noinline)) static long descend(long n)
{
	volatile char pad[200];

	memset((char *)pad, 1, sizeof(pad));
	return n ? descend(n - 1) + pad[n % 200] : 0;
}

static void work(void *arg)
{
	char text[64];

	(void)arg;
	errno = 7;
	snprintf(text, sizeof(text), "%.3f", 1.5);
	pgo_yield();
	__atomic_fetch_add(&total, descend(400) + (errno == 7) + (*text == '1'),
			   __ATOMIC_RELAXED);
	pgo_waitgroup_done(&wg);
}

__attribute__((constructor)) static void begin(void)
{
	pgo_waitgroup_add(&wg, 1);
	if (pgo_go(work, NULL) < 0)
		pgo_waitgroup_done(&wg);
}

/* The depth of 5 MB would not fit a thread's stack. */
long plug_run(int n)
{
	pgo_waitgroup_add(&wg, n);
	for (int i = 0; i < n; i++)
		pgo_go(work, NULL);
	pgo_waitgroup_wait(&wg);
	return total + (DEEP ? descend(20000) : 0);
}
"""
HOST = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <pgo/pgo.h>

static void entry(void *arg)
{
	void *lib = dlopen(arg, RTLD_NOW);
	long (*run)(int);

	if (!lib) {
		puts(dlerror());
		return;
	}
	run = (long (*)(int))dlsym(lib, "plug_run");
	printf("sum %ld\n", run(10));
	printf("closed %d\n", dlclose(lib));
}

int main(int argc, char **argv)
{
	return argc < 2 || pgo_run(entry, argv[1]) ? 1 : 0;
}
"""
PLAIN_HOST = r"""
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	puts(argc > 1 && dlopen(argv[1], RTLD_NOW) ? "opened" : dlerror());
	return 0;
}
"""
NEEDS = "undefined symbol: pgo_0_1_of_a_program_linked_by_pgo_cc\n"


def make(t, stack="segmented", deep=1):
    t.write("plug.c", PLUGIN)
    t.write("host.c", HOST)
    t.cc_ok("-O2", f"-DDEEP={deep}", "-fPIC", "-shared", "plug.c", "-o",
            "plug.so")
    t.cc_ok("-O2", f"--stack={stack}", "host.c", "-o", "host")


def test_checked_code_goes_with_segments_whatever_it_was_meant_for(t):
    make(t)
    t.cc_ok("--stack=contiguous", "-DDEEP=1", "-fPIC", "-shared", "plug.c",
            "-o", "plug.so")
    assert t.ok("./host", "./plug.so") == "sum 24422\nclosed 0\n"


@pytest.mark.parametrize("stack, deep", [("segmented", 1), ("contiguous", 0)])
def test_a_plugin_runs_goroutines(t, stack, deep):
    make(t, stack, deep)
    assert t.ok("./host", "./plug.so") == \
        f"sum {11 * 402 + deep * 20000}\nclosed 0\n"


def test_a_program_that_is_not_pgos_is_told(t):
    make(t)
    t.write("plain.c", PLAIN_HOST)
    t.ok("gcc", "plain.c", "-o", "plain")
    assert t.ok("./plain", "./plug.so") == "./plug.so: " + NEEDS


def test_another_version_is_told(t):
    """The name is all there is to a version: it is changed in the library."""
    make(t)
    lib = (t.dir / "plug.so").read_bytes()
    assert b"pgo_0_1_of_a" in lib
    (t.dir / "plug.so").write_bytes(
        lib.replace(b"pgo_0_1_of_a", b"pgo_0_9_of_a"))
    assert t.ok("./host", "./plug.so") == \
        "./plug.so: " + NEEDS.replace("0_1", "0_9")


def test_code_without_checks_wants_contiguous_stacks(t):
    make(t)
    t.write("plain.c", "long twice(long n) { return 2 * n; }\n")
    t.write("user.c", "long twice(long n);\n"
                      "long plug_run(int n) { return twice(n); }\n")
    t.ok("gcc", "-fPIC", "-c", "plain.c")
    t.cc_ok("--stack=contiguous", "-fPIC", "-shared", "user.c", "plain.o",
            "-o", "plug.so")
    assert t.ok("./host", "./plug.so") == \
        "./plug.so: undefined symbol: pgo_stack_contiguous\n"
    t.cc_ok("--stack=contiguous", "host.c", "-o", "host")
    assert t.ok("./host", "./plug.so") == "sum 20\nclosed 0\n"
