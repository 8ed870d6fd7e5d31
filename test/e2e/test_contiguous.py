"""Stacks in one piece: what they cost, and how those die that need more."""
import json
import os
import re
import subprocess

import pytest

from agent_client import started
from conftest import ROOT
from goroutine_dump import told
from test_stacks import figures

GUARDS = ["madvise", "mprotect", "none"]
ROOM = 235376
CANNOT = ("pgo: PGODEBUG: guard=madvise: this kernel cannot (Linux 6.13 can): "
          "mprotect is used\n")
TOO_MANY = "pgo: too many contiguous stacks for guard pages "
OVERFLOW = re.compile(
    rf"runtime: goroutine stack exceeds {ROOM}-byte limit\n"
    r"runtime: sp=0x[0-9a-f]+ stack=\[0x[0-9a-f]+, 0x[0-9a-f]+\] "
    r"\(stack_bytes of pgo_go_opts\(\), or PGODEBUG=stackmin=BYTES, gives "
    r"more\)\n"
    r"fatal error: stack overflow\n\n")


def run(build, *args, debug, program="test/e2e/progs/stacks", procs=2):
    result = subprocess.run(
        [build / program, *args], text=True, capture_output=True, timeout=30,
        env={**os.environ, "GOMAXPROCS": str(procs), "PGODEBUG": debug})
    # An older kernel says so, and all else is the same.
    result.stderr = result.stderr.removeprefix(CANNOT)
    return result


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("way, function", [
    (["recurse"], "recurse"), (["alloca", "100000"], "recurse_with_array"),
    (["unchecked"], "unchecked")])
def test_an_overflow_names_goroutine_function_and_size(build, guard, way,
                                                       function):
    # Without a guard a neighbour's stack is gone first: nobody may run it.
    procs = 1 if guard == "none" else 2
    result = run(build, *way, debug=f"guard={guard}", procs=procs)
    assert result.returncode == 2
    assert OVERFLOW.match(result.stderr), result.stderr[:400]
    (state, _, creator), = told(result.stderr).values()
    assert (state, creator) == ("running", ("begin", 1))
    # gcc may have made a recurse.constprop.0 of it.
    assert re.search(rf"^{function}\S*\(\.\.\.\)\n", result.stderr, re.M)


@pytest.mark.parametrize("way", [["recurse", "0"], ["alloca", "100000"]])
def test_segments_have_a_bound_too(build, way):
    result = run(build, *way, "1", debug="stackmax=20000000")
    assert result.returncode == 2
    assert re.match(r"runtime: goroutine stack exceeds 20000000-byte limit\n"
                    r"runtime: sp=.*gives more\)\n"
                    r"fatal error: stack overflow\n\ngoroutine 3 \[running\]:",
                    result.stderr), result.stderr[:400]


def test_without_guards_an_overflow_is_noticed_late(build):
    # The guard's bytes are there, and more stack.
    within = run(build, "unchecked", "240000", debug="guard=none")
    assert (within.returncode, within.stderr) == (0, "")
    beyond = run(build, "unchecked", "262500", debug="guard=none")
    assert beyond.returncode == 2
    assert OVERFLOW.match(beyond.stderr), beyond.stderr[:400]
    assert told(beyond.stderr) == {
        3: ("running", [], ("begin", 1))}


def test_with_guards_it_is_noticed_at_once(build):
    result = run(build, "unchecked", "240000", debug="guard=mprotect")
    assert result.returncode == 2
    assert OVERFLOW.match(result.stderr)


def test_more_stack_for_all_of_a_program(build):
    result = run(build, "unchecked", "240000", debug="stackmin=300000")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("guard", GUARDS)
def test_there_may_be_more_stacks_than_guards(build, guard):
    result = run(build, "many", "40000", debug=f"guard={guard}")
    assert (result.returncode, result.stdout) == (0, "40000\n")
    assert result.stderr.count("\n") == result.stderr.count(TOO_MANY)
    if guard == "none":
        assert result.stderr == ""
    if guard == "mprotect":
        assert result.stderr.count(TOO_MANY) == 1


def test_no_addresses_for_one_more_stack_is_an_error(build):
    result = run(build, "short", "1000000000", debug="")
    assert (result.returncode, result.stderr) == (0, "")
    started_goroutines, why = result.stdout.split()
    assert why == "ENOMEM" and 256 <= int(started_goroutines) < 4000


def test_a_parked_goroutine_costs_a_page(build):
    result = run(build, "100000", debug="stack=contiguous",
                 program="test/bench/parked")
    said = re.fullmatch(r"100000 parked: (\d+) B of RSS each\n",
                        result.stdout)
    assert 4096 <= int(said[1]) <= 4600


def test_what_was_touched_is_given_back(build, monkeypatch):
    monkeypatch.setenv("PGODEBUG", "stack=contiguous")
    seen = figures(build / "test/e2e/progs/descent", "2000")
    assert seen["good"] == 2000
    assert seen["most_segments"] == 1
    # 32 bytes of pattern, a return address and a frame pointer at least.
    assert seen["rss_bottom"] - seen["rss_before"] > 48 * 2000
    assert seen["rss_bottom"] - seen["rss_after"] > 48 * 2000
    assert seen["last_bytes"] <= 2 * 4096


def test_readers_see_one_segment_and_what_of_it_is_used(build):
    with started(build / "examples/fib", "--depth", "2000",
                 PGODEBUG="stack=contiguous") as (program, agent):
        assert program.stdout.readline() == "bottom\n"
        rows = agent.json("/debug/pgo/goroutines")["goroutines"]
        deep, = (row["id"] for row in rows if row["entry"] == "deep")
        inside = agent.json(f"/debug/pgo/goroutine/{deep}")["goroutine"]
        dump = json.loads(subprocess.check_output(
            [build / "bin/pgo-trace", "dump", "--json", str(program.pid)],
            text=True, timeout=10, stderr=subprocess.DEVNULL))
    outside, = (g["stack"] for g in dump["goroutines"] if g["id"] == deep)
    assert inside["segments"] == outside["segments"] == 1
    assert inside["stack_used"] == outside["used"] > 48 * 2000
    assert inside["stack_bytes"] >= inside["stack_used"]
    assert outside["bytes"] >= outside["used"]


# All that is said of goroutines holds on either kind of stack.  Slow ones are
# for check-long.
UNITS = sorted(p.stem for p in (ROOT / "test/unit/pgo").glob("*.c"))
SLOW = {"chan_random", "oslock"}


def passes(build, program, debug):
    result = run(build, program=program, debug=debug)
    assert result.returncode == 0, (result.stdout + result.stderr)[-2000:]


@pytest.mark.parametrize("unit", [u for u in UNITS if u not in SLOW])
def test_units_pass_on_contiguous_stacks(build, unit):
    passes(build, f"test/unit/pgo/{unit}", "stack=contiguous")


@pytest.mark.long
@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("unit", UNITS)
def test_units_pass_with_each_guard(build, unit, guard):
    passes(build, f"test/unit/pgo/{unit}", f"stack=contiguous,guard={guard}")


@pytest.mark.long
@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("more", ["", "preempt=always", "yield=always"])
def test_the_hammer_passes_on_contiguous_stacks(build, guard, more,
                                                monkeypatch):
    monkeypatch.setenv("PGO_STRESS_SECONDS", "3")
    passes(build, "test/stress/hammer",
           f"stack=contiguous,stackmin=4194304,guard={guard},{more}")


# What the link says, by the symbols pgo-cc pulls in.
KIND = """#include <pgo/pgo.h>
#include <stdio.h>

static void segments(void *arg)
{
	(void)arg;
}

__attribute__((noinline)) static long bottom(long left)
{
	volatile char frame[1000];

	frame[left] = 1;
	return left ? bottom(left - 1) + frame[left] - 1 : (long)frame;
}

static void kinds(void *arg)
{
	struct pgo_go_opts o = { sizeof(o), PGO_STACK_SEGMENTED, 0 };
	long bytes = (long)__builtin_frame_address(0) - bottom(100);

	(void)arg;
	/* All frames lie side by side. */
	if (bytes < 101000 || bytes > 115000)
		printf("%ld bytes\\n", bytes);
	printf("%ld\\n", (long)pgo_go_opts(&o, segments, NULL));
	pgo_yield();
}

int main(void)
{
	return pgo_run(kinds, NULL);
}
"""


@pytest.mark.parametrize("symbol, answer, refusal", [
    ("contiguous", "2\n", ""),
    ("unsplit", "-95\n", "pgo: PGODEBUG: stack=segmented: ignored, must be "
     "contiguous, for code of this program does not check its stack "
     "(pgo-cc --stack)\n")])
def test_the_link_says_which_kind_is_usual(build, tmp_path, symbol, answer,
                                           refusal):
    (tmp_path / "kind.c").write_text(KIND)
    subprocess.check_call([build / "bin/pgo-cc", "-I", ROOT / "include", "-o",
                           tmp_path / "kind", tmp_path / "kind.c",
                           f"-Wl,-u,pgo_stack_{symbol}"])
    result = run(tmp_path, program="kind", debug="")
    assert (result.stdout, result.stderr) == (answer, "")
    if refusal:
        result = run(tmp_path, program="kind", debug="stack=segmented")
        assert (result.stdout, result.stderr) == (answer, refusal)
