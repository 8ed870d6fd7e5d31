"""Go programs read from outside: while they churn, lie, hang and die."""
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time

import pytest

import goprog
from liars import LIES_S, Liar, little_memory

pytestmark = pytest.mark.attach

MOVING = re.compile(r"(\d+) of (\d+) were moving")


@pytest.fixture
def trace(build):
    def run(*words, **options):
        return subprocess.run([build / "bin/pgo-trace", *map(str, words)],
                              text=True, timeout=30, capture_output=True,
                              **options)
    return run


def strace(tmp_path, build, *words):
    """The system calls of a command, a line each."""
    if not shutil.which("strace"):
        pytest.skip("no strace")
    out = tmp_path / "calls"
    run = subprocess.run(["strace", "-f", "-o", out,
                          build / "bin/pgo-trace", *map(str, words)],
                         text=True, timeout=60, capture_output=True)
    assert run.returncode == 0, run.stderr
    return [line.split(None, 1)[1] for line in out.read_text().splitlines()]


def test_nobody_is_stopped_or_connected_to(build, tmp_path):
    with goprog.running("waits", tmp_path / "own") as child:
        calls = strace(tmp_path, build, "dump", child.pid)
        names = {call.split("(")[0] for call in calls}
    assert "process_vm_readv" in names
    assert not names & {"connect", "ptrace", "kill", "tgkill", "sendto",
                        "process_vm_writev", "perf_event_open"}


def test_many_cost_few_system_calls(build, tmp_path):
    with goprog.running("liar", 20000) as child:
        calls = strace(tmp_path, build, "dump", "-g", child.pid)
    reads = [c for c in calls if c.startswith("process_vm_readv")]
    assert len(reads) <= 20000 / 64, f"{len(reads)} calls of readv"


def test_what_they_wait_on_and_who_else_does(trace, tmp_path):
    with goprog.running("waits", tmp_path / "own") as child:
        doc = json.loads(trace("dump", "--json", child.pid).stdout)
    waits = {}
    for g in doc["goroutines"]:
        for f in g["frames"]:
            if f["func"].startswith("main."):
                waits[f["func"]] = g.get("waits", [])
    receive, = waits["main.receive"]
    send, = waits["main.send"]
    assert (receive["kind"], receive["does"]) == ("channel", "receive")
    assert (receive["len"], receive["cap"]) == (0, 0)
    # Three receive, one each is locked, labelled, inlined, deep, deferred,
    # and the select.
    assert receive["receivers"] == 9
    assert (send["does"], send["senders"]) == ("send", 2)
    assert {w["object"]: w["does"] for w in waits["main.choose"]} == {
        receive["object"]: "receive", send["object"]: "send"}
    for func in "main.acquire", "main.acquireRead", "main.wait":
        lock, = waits[func]
        assert (lock["kind"], lock["does"]) == ("semaphore", "acquire")
        assert lock["acquirers"] == 1
    assert waits["main.sleep"] == waits["main.nilSend"] == []


def test_churn_is_counted_and_the_rest_is_whole(trace):
    whole = torn = 0
    with goprog.running("churn") as child:
        for _ in range(10):
            run = trace("dump", "--json", child.pid)
            assert run.returncode == 0, run.stderr
            rows = json.loads(run.stdout)["goroutines"]
            assert len(rows) > 1000
            moving = [g for g in rows if g.get("moving")]
            said = MOVING.search(run.stderr)
            assert int(said[1]) == len(moving), run.stderr
            for g in rows:
                if "frames" in g and g["frames"]:
                    assert g["frames"][-1]["func"] == "runtime.goexit", g
                    whole += 1
            torn += len(moving)
    assert torn <= whole / 20, f"{torn} torn, {whole} whole"


# Lies ----------------------------------------------------------------------

@pytest.fixture
def liar():
    with goprog.running("liar", 200) as child:
        yield Liar(child)


def refused(trace, pid):
    """The line it is refused with: in time, in little memory."""
    began = time.monotonic()
    run = trace("dump", pid, preexec_fn=little_memory)
    took = time.monotonic() - began
    assert run.returncode == 1, run.stdout[:300]
    assert re.fullmatch(r"pgo-trace: [^\n]+\n", run.stderr), run.stderr
    assert took < LIES_S, f"{took} s"
    return run.stderr


def test_a_program_that_does_not_lie_is_read(trace, liar):
    run = trace("dump", "-g", liar.pid, preexec_fn=little_memory)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("200 goroutines [chan receive")


@pytest.mark.parametrize("count", [1 << 20, 1 << 22, 1 << 40, 1 << 63])
def test_a_list_longer_than_it_is(trace, liar, count):
    liar.set_list(liar.read(liar.at["runtime.allgptr"]), count)
    refused(trace, liar.pid)


def test_a_list_that_is_nowhere(trace, liar):
    liar.set_list(0x7fff00000000, 100)
    refused(trace, liar.pid)


def test_a_list_of_one_goroutine(trace, liar):
    first = liar.read(liar.read(liar.at["runtime.allgptr"]))
    liar.write(liar.zeros, *[first] * 10000)
    liar.set_list(liar.zeros, 10000)
    refused(trace, liar.pid)


def test_a_list_of_nothing(trace, liar):
    liar.write(liar.zeros, *[liar.zeros + 8 * i for i in range(10000)])
    liar.set_list(liar.zeros, 10000)
    refused(trace, liar.pid)


def test_a_page_that_never_answers(trace, liar):
    if not liar.silent:
        pytest.skip("no userfaultfd")
    liar.set_list(liar.silent, 100)
    assert "does not answer" in refused(trace, liar.pid)


# Ends ----------------------------------------------------------------------

def test_who_dies_while_it_is_read_has_exited(trace):
    said = set()
    for _ in range(8):
        with goprog.running("liar", 20000) as child:
            killer = subprocess.Popen(["sh", "-c", f"sleep 0.02; "
                                       f"kill -9 {child.pid}"])
            run = trace("dump", "-g", child.pid)
            killer.wait()
        if run.returncode:
            said.add(run.stderr)
            assert re.fullmatch(r"pgo-trace: [^\n]+\n", run.stderr)
        else:
            assert "20000 goroutines [chan receive" in run.stdout
    for line in said:
        assert re.search(r"exited|no such process", line), said


@pytest.mark.parametrize("what, limits", [
    (resource.RLIMIT_NOFILE, range(5, 12)),
    (resource.RLIMIT_AS, range(28 << 20, 48 << 20, 4 << 20)),
], ids=["files", "memory"])
def test_what_we_lack_is_not_its_end(trace, what, limits):
    """Each step of reading fails once for want of files or memory."""
    with goprog.running("parked", 5000) as child:
        for limit in limits:
            run = trace("dump", "-g", child.pid,
                        preexec_fn=lambda: resource.setrlimit(
                            what, (limit,) * 2))
            assert not re.search("exited|no such process", run.stderr)
            assert run.returncode == 0 or len(run.stderr.splitlines()) == 1


def test_rows_that_are_nowhere_are_told(trace, tmp_path):
    with goprog.running("parked", 1, flags=("-ldflags=-s -w",)) as child:
        run = trace("dump", child.pid,
                    env={**os.environ, "PGO_SHARE": str(tmp_path)})
    assert run.returncode == 1
    assert f"{tmp_path}/go: no such folder (PGO_SHARE)" in run.stderr


def test_who_becomes_another_program_is_read_anew(build):
    exe = goprog.built("burn")
    with goprog.running("liar", 10, exe, "ratio", "1") as child:
        with subprocess.Popen([build / "bin/pgo-top", "--json", "-d", "0.2",
                               "-n", "100", str(child.pid)], text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as top:
            try:
                before = json.loads(top.stdout.readline())
                child.send_signal(signal.SIGUSR1)
                deadline = time.monotonic() + 20
                after = before
                while after["target"]["exe"] == before["target"]["exe"]:
                    assert time.monotonic() < deadline
                    line = top.stdout.readline()
                    assert line, top.stderr.read()
                    after = json.loads(line)
            finally:
                top.kill()
    assert before["goroutines"]["total"] > 10
    assert after["target"]["exe"] == str(exe)
    assert 0 < after["goroutines"]["total"] < 10
