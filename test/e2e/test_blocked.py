"""Calls that block hold up nobody but their own goroutine."""
import os
import subprocess

import pytest

import under


@pytest.mark.parametrize("ps", [1, 2])
@pytest.mark.parametrize("stack", ["", "stack=contiguous"])
def test_others_go_on_beside_one_in_each_kind_of_call(build, ps, stack):
    program = [build / "test/e2e/progs/blocked"]
    out = subprocess.run(program, check=True, capture_output=True, text=True,
                         timeout=30, env={**os.environ, "PGODEBUG": stack,
                                          "GOMAXPROCS": str(ps)}).stdout
    said = dict(line.split() for line in out.splitlines())
    assert int(said["returned"]) == 0
    assert int(said["blocked"]) >= 10
    assert int(said["yields_per_ms"]) > 1000 / under.SLOWER


@pytest.mark.parametrize("ps", [1, 2])
def test_who_is_alone_wakes_nobody(build, ps):
    out = subprocess.run([build / "test/e2e/progs/blocked", "alone"],
                         check=True, capture_output=True, text=True,
                         timeout=30, env={**os.environ,
                                          "GOMAXPROCS": str(ps)}).stdout
    said = dict(line.split() for line in out.splitlines())
    assert said["after"] == said["before"]
