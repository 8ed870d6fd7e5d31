"""
The matrix: what a program may be compiled with, on both kinds of stacks.

A row compiles, links, runs on goroutines and comes to the sums that the same
code comes to on a plain thread, or it is refused in a line that says why.
`make check-matrix` tries all rows, `make check` those marked quick.
"""
import os
import shutil
import subprocess

import pytest

from conftest import ROOT

LIBC = ROOT / "test/cc/libc.c"
FRAMES = sorted((ROOT / "test/matrix").glob("*.c"))
STACKS = ["segmented", "contiguous"]

QUICK = {
    "O0": ["-O0"],
    "O2": ["-O2"],
    "fortify": ["-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-all"],
    "lto": ["-O2", "-flto"],
}
ROWS = QUICK | {
    "O1": ["-O1"],
    "O3": ["-O3"],
    "Os": ["-Os"],
    "O3 native": ["-O3", "-march=native"],
    "avx2": ["-O3", "-mavx2"],
    "lto O0": ["-O0", "-flto"],
    "fat lto": ["-O2", "-flto", "-ffat-lto-objects"],
    "static": ["-O2", "-static", "-DSTATIC"],
    "static pie": ["-O2", "-static-pie", "-DSTATIC"],
    "no pie": ["-O2", "-fno-pie", "-no-pie"],
    "pic": ["-O2", "-fPIC"],
    "cet": ["-O2", "-fcf-protection=full"],
    "fortify 3": ["-O2", "-D_FORTIFY_SOURCE=3"],
    "stack clash": ["-O2", "-fstack-clash-protection"],
    "protector": ["-O2", "-fstack-protector-strong"],
    "protector O0": ["-O0", "-fstack-protector-all"],
    "debian": ["debian"],
    "debian hardened": ["debian", "hardening=+all"],
    "no frame pointers": ["-O2", "-fomit-frame-pointer"],
    "sibling calls": ["-O2", "-foptimize-sibling-calls"],
    "no plt": ["-O2", "-fno-plt"],
    "no builtins": ["-O2", "-fno-builtin"],
    "medium": ["-O2", "-mcmodel=medium"],
    "large no pie": ["-O2", "-mcmodel=large", "-fno-pie", "-no-pie"],
    "ubsan": ["-O2", "-fsanitize=undefined"],
    "gc sections": ["-O2", "-ffunction-sections", "-Wl,--gc-sections"],
    "stripped": ["-O2", "-s"],
    "coverage": ["-O1", "--coverage"],
    "profiled": ["-O2", "-pg"],
    "instrumented": ["-O2", "-finstrument-functions"],
    "no tables": ["-O2", "-fno-asynchronous-unwind-tables"],
    "rdynamic": ["-O2", "-rdynamic"],
}
# Code that checks no stack: goroutines on stacks in one piece alone.
ONE_PIECE = {
    "unsplit": ["-O2", "--stack=contiguous", "-fno-split-stack"],
    "asan": ["-O1", "-fsanitize=address"],
    "tsan": ["-O1", "-fsanitize=thread"],
    "clang O0": ["clang", "-O0"],
    "clang O2": ["clang", "-O2"],
    "clang fortify": ["clang", "-O2", "-D_FORTIFY_SOURCE=2",
                      "-fstack-protector-all"],
    "clang asan": ["clang", "-O1", "-fsanitize=address"],
}
REFUSED = {
    "static lto": (["-O2", "-flto", "-static"],
                   "-flto goes neither with -static nor with"),
    "large pie": (["-O2", "-mcmodel=large"],
                  "-mcmodel=large: gcc loses the arguments of variadic"),
    "gold": (["-fuse-ld=gold"], "-fuse-ld=gold: only GNU ld wraps"),
    "lld": (["-fuse-ld=lld"], "-fuse-ld=lld: only GNU ld wraps"),
    "unsplit": (["-O2", "-fno-split-stack"],
                "libc.c: callbacks() calls pgo_go(), but was built without"),
}


def debian(*options):
    """What dpkg-buildflags adds to a package's build."""
    env = dict(os.environ, DEB_BUILD_MAINT_OPTIONS=" ".join(options))
    pie = ["-pie"] if options else []
    return pie + [flag for name in ("CFLAGS", "CPPFLAGS", "LDFLAGS")
                  for flag in subprocess.run(
                      ["dpkg-buildflags", "--get", name], env=env, text=True,
                      check=True, capture_output=True).stdout.split()]


def build(t, flags, *sources):
    env = {}
    if flags[0] == "debian":
        flags = debian(*flags[1:])
    elif flags[0] == "clang":
        env, flags = {"PGO_CC": "clang"}, flags[1:]
    return t.cc("-w", f"-I{ROOT}", *flags, *sources, "-o", "a", "-lm",
                env=env)


def rows(quick, every):
    """Parameters: the rest is for check-matrix and check-long."""
    return [pytest.param(name, marks=[pytest.mark.matrix] +
                         ([] if name in quick else [pytest.mark.long]))
            for name in every]


@pytest.mark.parametrize("name", rows(QUICK, ROWS))
def test_libc_works_from_a_goroutine(t, name):
    r = build(t, ROWS[name], LIBC)
    assert r.returncode == 0, r.stderr
    r = t.run("./a")
    assert r.returncode == 0, r.stdout + r.stderr
    assert r.stdout.endswith("atexit ran, 0 failures\n")
    assert t.ok("objdump", "-d", "a").count("%fs:0x70") > 20


def frames(t, flags, stacks):
    r = build(t, flags, *FRAMES)
    assert r.returncode == 0, r.stderr
    for stack in stacks:
        r = t.run("./a", stack, env={"GOMAXPROCS": "4"})
        sums = r.stdout.splitlines()
        assert r.returncode == 0 and len(sums) == len(FRAMES) - 2, (
            f"{stack}: {r.returncode}\n{r.stdout}{r.stderr[:3000]}")
        assert all("24 of 24" in line for line in sums)


@pytest.mark.parametrize("name", rows(["O2", "fortify"], ROWS))
def test_frames_of_every_kind(t, name):
    frames(t, ROWS[name], STACKS)


@pytest.mark.parametrize("name", rows([], ONE_PIECE))
def test_frames_that_check_no_stack(t, name):
    if ONE_PIECE[name][0] == "clang" and not shutil.which("clang"):
        pytest.skip("no clang")
    frames(t, ONE_PIECE[name], ["contiguous"])


@pytest.mark.parametrize("name", rows(REFUSED, REFUSED))
def test_what_cannot_work_is_refused(t, name):
    flags, line = REFUSED[name]
    r = build(t, flags, LIBC)
    assert r.returncode == 1
    assert line in r.stderr and r.stderr.startswith("pgo-cc: ")
    assert not (t.dir / "a").exists()


TRAMPOLINE = """#include <pgo/pgo.h>
#include <stdlib.h>
static void first(void *arg)
{
	int v[3] = { 3, 1, 2 }, up = !arg;
	int by_value(const void *a, const void *b)
	{
		return up ? *(int *)a - *(int *)b : *(int *)b - *(int *)a;
	}
	qsort(v, 3, sizeof(*v), by_value);
}
int main(void) { return pgo_run(first, NULL); }
"""


@pytest.mark.matrix
@pytest.mark.parametrize("lto", ["-fno-lto", "-flto"])
def test_code_on_stacks_is_refused(t, lto):
    t.write("a.c", TRAMPOLINE)
    r = t.cc("-O2", lto, "a.c", "-o", "a")
    assert r.returncode == 1
    assert ("needs an executable stack, which goroutines have not: it takes "
            "the address of a nested function (pass it what it uses)"
            in r.stderr)
    assert not (t.dir / "a").exists()


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


RESULTS = """#include <immintrin.h>
#include <string.h>
static void take_a_while(void)
{
	char text[3000];
	volatile unsigned long n;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	n = strlen(text);
	(void)n;
}
__attribute__((target("avx"))) __m256d wide(double x)
{
	take_a_while();
	return _mm256_set_pd(x, x + 1, x + 2, x + 3);
}
long double extended(double x) { take_a_while(); return x / 4; }
"""
TAKES = """#include <immintrin.h>
#include <pgo/pgo.h>
#include <stdio.h>
__m256d wide(double x) __attribute__((target("avx")));
long double extended(double x);
static int wrong;
static struct pgo_waitgroup all;
__attribute__((target("avx"))) static int take(int i)
{
	double v[4];

	_mm256_storeu_pd(v, wide(i));
	return v[0] != i + 3 || v[1] != i + 2 || v[2] != i + 1 || v[3] != i;
}
static void worker(void *arg)
{
	for (int i = 0; i < 10000; i++)
		if (extended(i) != i / 4.L ||
		    (__builtin_cpu_supports("avx") && take(i)))
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	pgo_waitgroup_done(&all);
}
static void first(void *arg)
{
	pgo_waitgroup_add(&all, 20);
	for (int i = 0; i < 20; i++)
		pgo_go(worker, NULL);
	pgo_waitgroup_wait(&all);
}
int main(void)
{
	pgo_run(first, NULL);
	printf("%d wrong\\n", wrong);
	return wrong != 0;
}
"""


def test_results_survive_a_yield_on_the_way_out_of_plain_code(t):
    """Wide vectors, and x87 values: those left in registers are a NaN for
    whoever runs next on the thread."""
    t.write("plain.c", RESULTS)
    t.write("main.c", TAKES)
    t.ok("gcc", "-O2", "-c", "plain.c")
    t.cc_ok("-O2", "main.c", "plain.o", "-o", "a")
    assert t.ok("./a", env={"PGODEBUG": "preempt=always",
                            "GOMAXPROCS": "2"}) == "0 wrong\n"
