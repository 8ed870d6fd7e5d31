"""libc from a goroutine, whatever the program was compiled with."""

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent

FAST = {
    "O0": ["-O0"],
    "O2": ["-O2"],
    "fortify": ["-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-all"],
    "lto": ["-O2", "-flto"],
}
ALL = {
    "O1": ["-O1"],
    "Os": ["-Os"],
    "O3 native": ["-O3", "-march=native"],
    "no frame pointers": ["-O2", "-fomit-frame-pointer"],
    "no pie": ["-O2", "-fno-pie", "-no-pie"],
    "fortify 3": ["-O2", "-D_FORTIFY_SOURCE=3"],
    "cet": ["-O2", "-fcf-protection=full"],
    "no plt": ["-O2", "-fno-plt"],
    "ubsan": ["-O2", "-fsanitize=undefined"],
    "gc sections": ["-O2", "-ffunction-sections", "-Wl,--gc-sections"],
    "stripped": ["-O2", "-s"],
    "coverage": ["-O1", "--coverage"],
    "profiled": ["-O2", "-pg"],
    "lto O0": ["-O0", "-flto"],
    "fat lto": ["-O2", "-flto", "-ffat-lto-objects"],
    "stack clash": ["-O2", "-fstack-clash-protection"],
    "rdynamic": ["-O2", "-rdynamic"],
}


def run(t, flags):
    t.cc_ok("-w", *flags, HERE / "libc.c", "-o", "a")
    r = t.run("./a")
    assert r.returncode == 0, r.stdout + r.stderr
    assert r.stdout.endswith("atexit ran, 0 failures\n")
    assert t.ok("objdump", "-d", "a").count("%fs:0x70") > 20


@pytest.mark.parametrize("name", FAST)
def test_libc_works_from_a_goroutine(t, name):
    run(t, FAST[name])


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_libc_works_from_a_goroutine_with_every_option(t, name):
    run(t, ALL[name])


PLAIN = """#include <string.h>
int work_plain(char *p, int n)
{
	volatile char frame[8192];

	memset((char *)frame, n, sizeof(frame));
	p[0] = frame[n];
	return p[0];
}
"""
MANY = """#include <pgo/pgo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int work_plain(char *p, int n);
static int wrong, done;
static void worker(void *arg)
{
	char own[400];
	int n = (int)(long)arg % 100, i;

	memset(own, n, sizeof(own));
	for (i = 0; i < 20; i++) {
		char c;

		if (work_plain(&c, n) != n)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		pgo_yield();
	}
	for (i = 0; i < 400; i++)
		if (own[i] != n)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&done, 1, __ATOMIC_RELEASE);
}
static void first(void *arg)
{
	long i;

	for (i = 0; i < 200; i++)
		pgo_go(worker, (void *)i);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < 200)
		pgo_yield();
}
int main(void)
{
	pgo_run(first, NULL);
	printf("%d wrong\\n", wrong);
	return wrong != 0;
}
"""


@pytest.mark.parametrize("how", ["object", "archive", "library", "lto"])
def test_8_kb_frames_of_plain_code_never_reach_a_neighbour(t, how):
    t.write("plain.c", PLAIN)
    t.write("main.c", MANY)
    if how == "library":
        t.ok("gcc", "-O2", "-shared", "-fPIC", "plain.c", "-o", "libp.so")
        args = ["-L.", "-lp", f"-Wl,-rpath,{t.dir}"]
    else:
        t.ok("gcc", "-O2", "-c", "plain.c",
             *(["-flto"] if how == "lto" else []))
        t.ok("gcc-ar", "rc", "libp.a", "plain.o")
        args = {"object": ["plain.o"], "archive": ["libp.a"],
                "lto": ["-flto", "plain.o"]}[how]
    t.cc_ok("-O2", "main.c", *args, "-o", "a")
    assert t.ok("./a") == "0 wrong\n"


def test_split_code_in_a_library_runs_on_goroutines(t):
    t.write("so.c", """#include <pgo/pgo.h>
#include <stdio.h>
int deep(int n) { volatile char b[500]; char s[99]; b[0] = 1;
  if (n == 0) { pgo_yield(); return snprintf(s, 99, "%f", 1.5); }
  return deep(n - 1) + b[0]; }
""")
    t.write("main.c", """#include <pgo/pgo.h>
int deep(int);
static void first(void *arg) { *(int *)arg = deep(1000); }
int main(void) { int n = 0; pgo_run(first, &n); return n != 1008; }
""")
    t.cc_ok("-O2", "-fPIC", "-shared", "so.c", "-o", "libso.so")
    t.cc_ok("-O2", "main.c", "-L.", "-lso", f"-Wl,-rpath,{t.dir}", "-o", "a")
    t.ok("./a")


def test_a_loaded_split_library_runs_in_a_program_that_exports(t):
    t.write("so.c", """#include <stdio.h>
int deep(int n) { volatile char b[500]; char s[99]; b[0] = 1;
  return n ? deep(n - 1) + b[0] : snprintf(s, 99, "%f", 1.5); }
""")
    t.write("main.c", """#include <dlfcn.h>
#include <pgo/pgo.h>
static void first(void *arg)
{
	int (*deep)(int) = dlsym(dlopen("./so.so", RTLD_NOW), "deep");
	*(int *)arg = deep(50);
}
int main(void) { int n = 0; pgo_run(first, &n); return n != 58; }
""")
    t.cc_ok("-O2", "-fPIC", "-shared", "so.c", "-o", "so.so")
    t.cc_ok("-O2", "-rdynamic", "main.c", "-o", "a")
    t.ok("./a")
