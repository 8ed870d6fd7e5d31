"""C++ from goroutines: exceptions wherever they come from and go to."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT, Tool

pytestmark = pytest.mark.matrix
PROGRAMS = ROOT / "test" / "matrix"
QUICK = ["throw", "park", "callback", "library"]
SLOW = ["streams"]
STACKS = ["segmented", "contiguous"]

OPTIONS = {
    "O0": ["-O0"],
    "O1": ["-O1"],
    "O3": ["-O3"],
    "lto": ["-O2", "-flto"],
    "static libgcc": ["-O2", "-static-libgcc"],
    "static libstdc++": ["-O2", "-static-libstdc++", "-static-libgcc"],
    "static": ["-O2", "-static"],
    "static pie": ["-O2", "-static-pie"],
    "no pie": ["-O2", "-fno-pie", "-no-pie"],
    "fortify": ["-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-all"],
    "clash cet": ["-O2", "-fstack-clash-protection", "-fcf-protection"],
    "gc sections": ["-O2", "-ffunction-sections", "-Wl,--gc-sections"],
    "asan": ["-O1", "-fsanitize=address"],
    "tsan": ["-O1", "-fsanitize=thread"],
    "ubsan": ["-O1", "-fsanitize=undefined"],
    "segmented": ["-O2", "--stack=segmented"],
    "c++20": ["-O1", "-std=c++20"],
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Builds program NAME once."""
    t = Tool(tmp_path_factory.mktemp("cxx"))

    def path(name, source=None):
        if not (t.dir / name).exists():
            t.cxx_ok("-O2", source or PROGRAMS / f"cxx_{name}.cc", "-o", name)
        return t.dir / name
    return path


def run(program, stack, procs, keys="", **more):
    env = dict(os.environ, GOMAXPROCS=str(procs),
               PGODEBUG=f"stack={stack}{keys}", **more)
    r = subprocess.run([program], env=env, capture_output=True, text=True,
                       timeout=60)
    assert r.returncode == 0, f"{r.returncode}\n{r.stdout}{r.stderr[:3000]}"
    assert re.match(r"\w+ [0-9a-f]{16}\n", r.stdout)
    return r


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("name", QUICK)
def test_it_works_on_both_stacks(programs, name, stack):
    first = run(programs(name), stack, 2).stdout
    assert run(programs(name), stack, 4, ",preempt=always").stdout == first


@pytest.mark.long
@pytest.mark.parametrize("keys", ["", ",preempt=always", ",yield=always",
                                  ",asyncpreempt=always",
                                  ",steal=always", ",seg=always"])
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("name", QUICK + SLOW)
def test_it_works_whatever_the_scheduler_does(programs, name, stack, keys):
    first = run(programs(name), "segmented", 1).stdout
    for procs in 1, 2, 3, 4:
        assert run(programs(name), stack, procs, keys).stdout == first


@pytest.mark.long
@pytest.mark.limit(300)         # of which compiling takes most
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", QUICK + SLOW)
def test_it_works_with_every_option(t, name, option):
    t.cxx_ok(*OPTIONS[option], PROGRAMS / f"cxx_{name}.cc", "-o", "a")
    # The library's own counts of exceptions are not seen to be atomic.
    t.write("known", "race:std::__exception_ptr\n")
    for stack in STACKS:
        run(t.dir / "a", stack, 2,
            TSAN_OPTIONS=f"suppressions={t.dir}/known")


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("clang++"), reason="no clang++")
@pytest.mark.parametrize("option", ["-O0", "-O2"])
@pytest.mark.parametrize("name", QUICK)
def test_clang_compiles_it_too(t, name, option):
    t.cxx_ok(option, PROGRAMS / f"cxx_{name}.cc", "-o", "a",
             env={"PGO_CC": "clang++"})
    for procs in 1, 4:
        run(t.dir / "a", "contiguous", procs)


def test_a_stack_is_contiguous_unless_asked(t):
    t.write("a.cc", """#include <pgo/pgo.h>
#include <cstdio>
static int depth(int n) { volatile char f[999]; f[0] = 0; return n ? depth(n - 1) + f[0] : 7; }
static void begin(void *) { std::printf("%d\\n", depth(1000)); }
int main() { return pgo_run(begin, nullptr); }
""")
    t.cxx_ok("a.cc", "-o", "a")
    r = t.run("./a")
    assert r.returncode == 2 and "fatal error: stack overflow" in r.stderr
    t.cxx_ok("--stack=segmented", "a.cc", "-o", "a")
    assert t.ok("./a") == "7\n"


def test_catch_blocks_go_on_on_another_thread(programs):
    r = run(programs("park"), "segmented", 4)
    assert int(re.search(r"moved (\d+)", r.stderr)[1]) > 0


@pytest.fixture
def die(t, programs):
    """Runs terminate.cc."""
    exe = programs("terminate", pathlib.Path(__file__).parent / "terminate.cc")

    def run(how, stack, **env):
        return t.run(exe, how, env=dict(env, PGODEBUG=f"stack={stack}"))
    return run


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("how", ["uncaught", "noexcept"])
def test_an_exception_nobody_catches_names_its_goroutine(die, how, stack):
    r = die(how, stack)
    assert r.returncode == -6
    lines = r.stderr.splitlines()
    assert lines[:3] == [
        "fatal error: std::terminate() in goroutine 2",
        "terminate called after throwing an instance of 'std::runtime_error'",
        "  what():  boom"]
    assert "goroutine 2 [running]:" in lines
    deep = r.stderr.count("\ndeep(int)(...)\n")
    assert deep == 30, "the stack as it was at the throw"
    assert "created by begin(void*) in goroutine 1\n" in r.stderr


def test_a_second_exception_on_the_way_of_the_first_ends_it(die):
    r = die("double", "segmented")
    assert r.returncode == -6
    assert r.stderr.startswith("fatal error: std::terminate() in goroutine 2\n")


@pytest.mark.parametrize("keys", ["", ",preempt=always"])
def test_a_handler_of_the_programs_may_park(die, keys):
    r = die("handler", "segmented" + keys, GOMAXPROCS="2")
    assert (r.returncode, r.stderr) == (3, "")
    assert r.stdout == "mine: boom\nin goroutine 2, as set\n"


def test_a_thread_of_the_programs_dies_as_ever(die):
    r = die("thread", "segmented")
    assert r.returncode == -6
    assert r.stderr.startswith("terminate called after throwing an instance "
                               "of 'int'")


def test_the_example_of_the_manual_page_runs(t):
    page = (ROOT / "man" / "pgo-cc.1").read_text()
    t.write("a.cc", re.search(r"^\.Bd -literal.*?\n(#include.*?)^\.Ed", page,
                              re.S | re.M)[1])
    t.cxx_ok("-std=c++11", "-Wall", "-Wextra", "-Werror", "a.cc", "-o", "a")
    assert t.ok("./a") == "nothing left to do\n"


HEADER = """#include <map>
#include <stdexcept>
#include <string>
#include <vector>
struct Shape { virtual ~Shape() {} virtual int area(int) const = 0; };
struct Named {
	virtual ~Named() {}
	virtual std::string name(std::string) const { return "named"; }
};
struct Square : virtual Named, virtual Shape {
	explicit Square(int s) : s(s) {}
	int area(int k) const override;
	std::string name(std::string) const override;
	int s;
};
inline int sum(const std::vector<int> &v)
{
	int t = 0;

	for (int i : v)
		t += i;
	return t;
}
int outside(std::vector<int>, const Shape &, const Named &,
	    std::map<std::string, int> &);
Shape *make(int);
"""
OUTSIDE = """#include "h.h"
int Square::area(int k) const { return s * s + k; }
std::string Square::name(std::string p) const { return p + "square"; }
int outside(std::vector<int> v, const Shape &s, const Named &n,
	    std::map<std::string, int> &m)
{
	v.push_back(s.area(1));
	m[n.name("x")] = sum(v);
	if (v.size() > 3)
		throw std::length_error("outside");
	return sum(v);
}
Shape *make(int s) { return new Square(s); }
"""
INSIDE = """#include "h.h"
#include <pgo/pgo.h>
#include <cstdio>
static void begin(void *)
{
	std::vector<int> v;
	Shape *s = make(4);
	std::map<std::string, int> m;
	Square q(5);

	for (int i = 0; i < 4; i++) {
		try {
			std::printf("%d ", outside(v, *s, q, m));
		} catch (const std::exception &e) {
			std::printf("%s ", e.what());
		}
		v.push_back(i);
	}
	Named *n = dynamic_cast<Named *>(s);
	std::printf("%d %s %d %zu\\n", s->area(2), n->name("y").c_str(),
		    sum(v), m.size());
	delete s;
}
int main() { return pgo_run(begin, nullptr); }
"""


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("option", ["-O0", "-O2"])
def test_objects_of_elsewhere(t, split, option):
    """Classes with virtual bases and inline functions in both of them."""
    t.write("h.h", HEADER)
    t.write("in.cc", INSIDE)
    t.write("out.cc", OUTSIDE)
    t.cxx_ok(option, "-c", "in.cc")
    t.ok(t.pgo_cxx if split else "g++", option, "-fPIC", "-c", "out.cc")
    t.ok(t.pgo_cxx if split else "g++", "-shared", "out.o", "-o", "libout.so")
    for other in "out.o", "./libout.so":
        for stack in STACKS:
            t.cxx_ok(f"--stack={stack}", "in.o", other, "-o", "a")
            assert t.ok("./a") == "17 17 18 outside 18 ysquare 6 1\n"


def test_an_inline_function_is_of_the_first_object(t):
    """On segments it must be one with a check."""
    t.write("h.h", HEADER)
    t.write("in.cc", INSIDE)
    t.write("out.cc", OUTSIDE)
    t.cxx_ok("-O0", "-c", "in.cc")
    t.ok("g++", "-O0", "-c", "out.cc")
    t.cxx_ok("out.o", "in.o", "-o", "a")
    assert t.ok("./a") == "17 17 18 outside 18 ysquare 6 1\n"
    r = t.run(t.pgo_cxx, "--stack=segmented", "out.o", "in.o", "-o", "a")
    assert r.returncode == 1 and " past its thunk: build " in r.stderr


THROWER = """#include <pgo/pgo.h>
#include <chrono>
#include <string>
struct Cleaned { std::string s; ~Cleaned() {} };
__attribute__((noipa)) static int descend(int depth)
{
	Cleaned c{"text"};
	volatile int n = depth;

	if (!depth)
		throw 1;
	return descend(depth - 1) + n;
}
__attribute__((noipa)) static void thrower()
{
	try {
		descend(8);
	} catch (int) {
	}
}
static void begin(void *)
{
	auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);

	while (std::chrono::steady_clock::now() < end)
		for (int i = 0; i < 100; i++)
			thrower();
}
int main() { return pgo_run(begin, nullptr); }
"""


def test_a_profile_knows_who_throws(t):
    """Half of the time the unwinder is out of C and not back yet."""
    t.write("a.cc", THROWER)
    t.cxx_ok("-O1", "a.cc", "-o", "a")
    t.ok("./a", env={"PGODEBUG": "cpuprofile=p.pb.gz"})
    top = t.ok(BUILD / "bin" / "pgo-trace", "top", "--cum", "p.pb.gz")
    row = re.search(r"([\d.]+)%  thrower\(\)$", top, re.M)
    assert row and float(row[1]) > 90, top


C_PART = """#include <stdlib.h>
static void gone(int *n) { ++*n; }
int cleaned;
static void count(volatile char (*frame)[2000]) { cleaned += (*frame)[0]; }
int through(int depth, int (*fn)(int), int *n)
{
	__attribute__((cleanup(gone))) int own = depth;
	__attribute__((cleanup(count))) volatile char frame[2000];

	frame[0] = 1;
	if (depth)
		return through(depth - 1, fn, n) + own + frame[0];
	return fn(own);
}
"""
CXX_PART = """#include <pgo/pgo.h>
#include <cstdio>
extern "C" int through(int, int (*)(int), int *);
extern "C" int cleaned;
static int caught;
static void begin(void *)
{
	int n = 0;

	for (int i = 0; i < 10; i++)
		try {
			through(10 * i, [](int i) -> int { throw i; }, &n);
		} catch (int) {
			caught++;
		}
}
int main()
{
	pgo_run(begin, nullptr);
	std::printf("%d %d\\n", caught, cleaned);
}
"""


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("options", [["-O0"], ["-O2"]])
def test_clean_ups_of_c_run(t, options, stack):
    t.write("c.c", C_PART)
    t.write("m.cc", CXX_PART)
    t.cc_ok(*options, "-w", "-fexceptions", "-c", "c.c")
    t.cxx_ok(*options, "-w", "m.cc", "c.o", "-o", "a")
    out = t.ok("./a", env={"PGODEBUG": f"stack={stack}"})
    assert out == "10 460\n", "ten throws past 1, 11, .. 91 frames"
