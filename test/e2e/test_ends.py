"""Goroutine 1 returns: who is about to end does, nobody else holds it up."""
import os
import re
import subprocess

import pytest

pytestmark = pytest.mark.fast
LET_END_MS = 10


def ends(build, way, procs, **env):
    """What pgo_run() returned, and how many ms after goroutine 1 did."""
    done = subprocess.run([build / "test/e2e/progs/ends", way], text=True,
                          capture_output=True, timeout=20,
                          env={**os.environ, "GOMAXPROCS": procs, **env})
    said, ms = re.fullmatch(r"(.*) after (\d+) ms\n", done.stdout).groups()
    return said, int(ms)


@pytest.mark.parametrize("procs", ["1", "4"])
def test_who_is_done_ends(build, procs):
    said = [ends(build, "late", procs)[0] for _ in range(20)]
    # Others may have the CPU for those 10 ms.
    assert said.count("well") > 10, said


@pytest.mark.parametrize("procs", ["1", "4"])
def test_who_waits_is_not_waited_for(build, procs):
    tries = [ends(build, "waits", procs) for _ in range(5)]
    assert {said for said, _ in tries} == {"Device or resource busy"}
    assert min(ms for _, ms in tries) < LET_END_MS / 2


@pytest.mark.parametrize("procs", ["1", "4"])
def test_who_runs_on_is_not_waited_for_long(build, procs):
    said, ms = ends(build, "spins", procs)
    assert said == "Device or resource busy"
    assert LET_END_MS <= ms < 1000


@pytest.mark.parametrize("procs", ["1", "4"])
@pytest.mark.parametrize("way, keys", [
    ("hogs", ""), ("hogs", "asyncpreempt=off"), ("calls", "")])
def test_who_takes_all_ps_does_not_keep_it(build, way, keys, procs):
    said, ms = ends(build, way, procs, PGODEBUG=keys)
    assert said == "Device or resource busy"
    assert ms < 1000
