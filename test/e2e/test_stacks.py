"""Stacks that grow, come back, and cost little while they are parked."""
import os
import pathlib
import re
import subprocess

import pytest

from agent_client import started

FIRST_BYTES = 2048
HUGE_PAGES = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")


def figures(program, *args, **env):
    """NAME VALUE, a line each, as a dictionary."""
    result = subprocess.run([program, *args], text=True, timeout=50,
                            capture_output=True, env={**os.environ, **env})
    assert (result.returncode, result.stderr) == (0, "")
    return {name: int(value) for name, value in
            (line.split() for line in result.stdout.splitlines())}


def test_a_million_frames_grow_and_give_back(build):
    seen = figures(build / "test/e2e/progs/descent", "1000000")
    assert seen["good"] == 1000000
    assert seen["first_bytes"] == FIRST_BYTES
    assert seen["most_segments"] >= 10
    # 32 bytes of pattern, a return address and a frame pointer at least.
    assert seen["rss_bottom"] - seen["rss_before"] > 48 * 1000000
    assert seen["rss_after"] < 2 * seen["rss_before"]
    # The goroutine still lives: what it keeps is its own.
    assert seen["last_bytes"] < 2 * seen["first_bytes"]


def huge_pages_not_had():
    """How often the kernel had none when one was asked for."""
    text = pathlib.Path("/proc/vmstat").read_text()
    return int(re.search(r"^thp_fault_fallback (\d+)$", text, re.M)[1])


@pytest.mark.parametrize("key", ["", "hugepages=0"])
def test_deep_stacks_take_huge_pages(build, key):
    if not HUGE_PAGES.exists() or "[never]" in HUGE_PAGES.read_text():
        pytest.skip(f"{HUGE_PAGES} says never")
    before = huge_pages_not_had()
    seen = figures(build / "test/e2e/progs/descent", "1000000", PGODEBUG=key)
    assert seen["good"] == 1000000
    if huge_pages_not_had() > before:
        pytest.skip("memory is in pieces: there are no huge pages")
    if key:
        assert seen["huge_bottom"] == 0
    else:
        assert seen["huge_bottom"] > 32 << 20


def test_the_agent_shows_how_deep_a_goroutine_is(build):
    with started(build / "examples/fib", "--depth", "1000000") as (program,
                                                                   agent):
        assert program.stdout.readline() == "bottom\n"
        rows = agent.json("/debug/pgo/goroutines")["goroutines"]
        deep, = (row["id"] for row in rows if row["entry"] == "deep")
        below = agent.json(f"/debug/pgo/goroutine/{deep}")["goroutine"]
        assert program.stdout.readline() == "back\n"
        above = agent.json(f"/debug/pgo/goroutine/{deep}")["goroutine"]
    assert below["segments"] >= 10
    assert below["stack_used"] > 48 * 1000000
    assert below["grows"] == below["segments"] - 1
    assert above["stack_used"] < FIRST_BYTES


def test_a_parked_goroutine_costs_little(build):
    result = subprocess.run([build / "test/bench/parked", "100000"],
                            text=True, timeout=50, capture_output=True)
    assert (result.returncode, result.stderr) == (0, "")
    said = re.fullmatch(r"(\d+) parked: (\d+) B of RSS each\n", result.stdout)
    assert said and int(said[1]) == 100000
    # Not less than a first segment, or they were not all there.
    assert FIRST_BYTES <= int(said[2]) <= 2400
