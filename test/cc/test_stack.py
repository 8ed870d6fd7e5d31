"""--stack=: what stacks a program has, and what each build does in time."""

import shutil

import pytest

from conftest import ROOT

WAITS = ROOT / "test/cc/waits.c"
clang = pytest.mark.skipif(not shutil.which("clang"), reason="no clang")

# Name, compiler, options, and whether calls of own functions are preempted.
BUILDS = [
    ("segmented", "gcc", [], True),
    ("contiguous", "gcc", ["--stack=contiguous"], True),
    pytest.param("static", "gcc", ["-static"], True, marks=pytest.mark.long),
    ("asan", "gcc", ["-fsanitize=address"], True),
    pytest.param("tsan", "gcc", ["-fsanitize=thread"], True,
                 marks=pytest.mark.long),
    pytest.param("clang", "clang", [], True, marks=clang),
    pytest.param("clang-asan", "clang", ["-fsanitize=address"], False,
                 marks=[clang, pytest.mark.long]),
]
# Recursion that a segment would hold, code without checks, a large argument.
PLAIN = """struct big { char c[5000]; };
int take(struct big b) { return b.c[4999]; }
int deep(int n) {
	volatile char frame[1000];

	frame[n] = 1;
	return n ? deep(n - 1) + frame[n] : 0;
}
"""
MAIN = """#include <stdio.h>
#include <pgo/pgo.h>
struct big { char c[5000]; } big = { .c[4999] = 7 };
int take(struct big b);
int deep(int n);
static void run(void *arg) { (void)arg; printf("%d\\n", take(big) + deep(150)); }
int main(void) { return pgo_run(run, 0); }
"""


@pytest.mark.parametrize("name, cc, options, calls", BUILDS)
def test_others_go_on_meanwhile(t, name, cc, options, calls):
    t.cc_ok("-O1", *options, WAITS, "-o", "a", env={"PGO_CC": cc})
    turns = {what: int(t.ok("./a", what, env={"GOMAXPROCS": "1"}))
             for what in ("waits", "libc", "polls", "calls")}
    assert turns["waits"] >= 1000
    assert turns["libc"] > 0 and turns["polls"] > 0, turns
    assert (turns["calls"] > 0) == calls, turns


def has_symbol(t, exe, name):
    return f" R {name}\n" in t.ok("nm", exe)


def test_the_usual_stacks(t):
    t.cc_ok(WAITS, "-o", "a")
    assert not has_symbol(t, "a", "pgo_stack_contiguous")
    t.cc_ok("--stack=contiguous", WAITS, "-o", "a")
    assert has_symbol(t, "a", "pgo_stack_contiguous")
    assert not has_symbol(t, "a", "pgo_stack_unsplit")
    t.cc_ok("-fsanitize=undefined", WAITS, "-o", "a")
    assert has_symbol(t, "a", "pgo_stack_contiguous")
    t.cc_ok("-fsanitize=undefined", "--stack=segmented", WAITS, "-o", "a")
    assert not has_symbol(t, "a", "pgo_stack_contiguous")
    assert "pgo_stack_contiguous" in t.cc_ok("--stack=contiguous", "--libs")


def test_a_contiguous_stack_takes_code_of_any_kind(t):
    t.write("plain.c", PLAIN)
    t.write("main.c", MAIN)
    t.ok("gcc", "-O1", "-g", "-c", "plain.c")
    assert "without -fsplit-stack" in t.cc("main.c", "plain.o").stderr
    t.cc_ok("-O1", "--stack=contiguous", "main.c", "plain.o", "-o", "a")
    assert "__wrap_deep" not in t.ok("nm", "a")
    assert t.ok("./a") == "157\n"
    r = t.run("./a", env={"PGODEBUG": "stack=segmented"})
    assert r.stdout == "157\n" and "stack=segmented" in r.stderr


def test_calls_of_libraries_have_thunks_all_the_same(t):
    t.write("lib.c", "int in_lib(void) { return 157; }\n")
    t.write("main.c", "#include <stdio.h>\n#include <pgo/pgo.h>\n"
            "int in_lib(void);\nstatic void run(void *arg)\n"
            "{ (void)arg; printf(\"%d\\n\", in_lib()); }\n"
            "int main(void) { return pgo_run(run, 0); }\n")
    t.ok("gcc", "-shared", "-fPIC", "lib.c", "-o", "libx.so")
    t.cc_ok("--stack=contiguous", "main.c", "./libx.so", "-o", "a")
    assert "__wrap_in_lib" in t.ok("nm", "a")
    assert t.ok("./a") == "157\n"


@clang
def test_clang_compiles_variadic_functions(t):
    t.write("a.c", MAIN.replace("take(big) + deep(150)", "sum(2, 100, 57)")
            .replace("static void run", """#include <stdarg.h>
static int sum(int n, ...)
{
	va_list ap;
	int s = 0;

	va_start(ap, n);
	while (n--)
		s += va_arg(ap, int);
	va_end(ap);
	return s;
}
static void run"""))
    t.cc_ok("-O2", "a.c", "-o", "a", env={"PGO_CC": "clang"})
    assert t.ok("./a") == "157\n"


@clang
def test_clang_code_that_overflows_is_told(t):
    t.write("plain.c", PLAIN)
    t.write("main.c", MAIN.replace("150", "999"))
    t.cc_ok("-O1", "main.c", "plain.c", "-o", "a", env={"PGO_CC": "clang"})
    r = t.run("./a")
    assert r.returncode == 2
    assert "stack overflow" in r.stderr and "deep" in r.stderr
