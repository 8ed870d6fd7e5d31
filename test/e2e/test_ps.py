"""pgo-trace ps: the processes with goroutines."""
import contextlib
import json
import os
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import goprog

pytestmark = pytest.mark.outside

LIMIT_S = 30


@pytest.fixture
def ps(build):
    def run(*words, **options):
        return subprocess.run([build / "bin/pgo-trace", "ps", *words],
                              text=True, capture_output=True, timeout=LIMIT_S,
                              **options)
    return run


def of(run, pid):
    found = [p for p in json.loads(run.stdout)["processes"]
             if p["pid"] == pid]
    return found[0] if found else None


@contextlib.contextmanager
def watched(build, **env):
    """A program of pgo's with 11 goroutines."""
    with subprocess.Popen([build / "test/e2e/progs/watched", "10", "0"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, env={**os.environ, **env}) as child:
        try:
            child.stdout.readline()
            yield child
        finally:
            child.kill()


@pytest.mark.limit(120)
def test_go_and_pgo_are_listed_others_are_not(ps, build, tmp_path):
    agent = f"unix:{tmp_path}/a.sock"
    with watched(build) as outside, watched(build, PGO_AGENT=agent) as inside, \
            goprog.running("waits", tmp_path / "own") as child:
        while not (tmp_path / "a.sock").exists():
            time.sleep(0.05)
        run = ps("--json")
        text = ps().stdout
    assert run.returncode == 0
    go, with_agent = of(run, child.pid), of(run, inside.pid)
    assert go["runtime"] == "go"
    assert go["version"].startswith("go1.")
    assert go["goroutines"] >= 24
    assert (go["how"], go["exe"]) == ("attach", str(child.args[0]))
    assert with_agent["version"].startswith("pgo ")
    assert with_agent["how"] == "agent"
    assert of(run, outside.pid)["how"] == "attach"
    assert of(run, outside.pid)["version"] == with_agent["version"]
    assert of(run, outside.pid)["goroutines"] == with_agent["goroutines"] == 11
    assert of(run, os.getpid()) is None
    line, = [line.split() for line in text.splitlines()
             if line.split()[0] == str(child.pid)]
    assert line[1:] == [go["version"], str(go["goroutines"]), "attach",
                        go["exe"]]


def test_what_cannot_be_read_is_listed_on_request(ps):
    if os.getuid():
        return  # then others' are refused anyway, and none of ours
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    run = ps("--json", "-a", **nobody)
    mine = of(run, os.getpid())
    assert mine["why"] == (
        f"{os.getpid()}: cannot read memory: Operation not permitted (same "
        "user, or CAP_SYS_PTRACE)")
    assert "how" not in mine
    run = ps("--json", **nobody)
    assert of(run, os.getpid()) is None
    assert run.stderr.endswith("cannot be looked at (-a lists them, pgo-trace "
                               "doctor PID says why)\n")
