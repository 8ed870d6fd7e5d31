"""Goroutines beside a program's own threads: pgo_start(), and how it ends."""
import os
import re
import signal
import subprocess

import pytest

DEADLOCK = "fatal error: all goroutines are asleep - deadlock!"
NOBODY = ("fatal error: no goroutines, and every thread waits for one - "
          "deadlock!")


def run(build, way, **env):
    return subprocess.run([build / "test/e2e/progs/beside", way], text=True,
                          capture_output=True, timeout=10,
                          env=os.environ | env)


@pytest.mark.parametrize("way, status", [("return", 5), ("exit", 7)])
def test_exit_ends_it_and_handlers_may_use_goroutines(build, way, status):
    result = run(build, way)
    assert (result.returncode, result.stdout, result.stderr) == (
        status, "at exit: goroutines answer\n", "")


def test_a_crash_is_not_hidden_by_the_end_of_main(build):
    for _ in range(5):
        assert run(build, "crash").returncode == -signal.SIGSEGV


@pytest.mark.parametrize("way", ["main-waits", "threads-wait", "main-ends"])
def test_threads_that_wait_for_goroutines_end_no_deadlock(build, way):
    result = run(build, way)
    assert result.returncode == 2
    assert result.stderr.startswith(
        f"{DEADLOCK}\n\ngoroutine 2 [chan receive]:\npgo_chan_recv(...)\n")


def test_a_thread_that_waits_where_no_goroutine_is(build):
    result = run(build, "main-waits-alone")
    assert (result.returncode, result.stderr) == (2, NOBODY + "\n")


@pytest.mark.parametrize("way, text", [("wake-late", "woken"),
                                       ("nobody-waits", "alive")])
def test_while_a_thread_could_act_there_is_no_deadlock(build, way, text):
    result = run(build, way)
    assert (result.returncode, result.stdout, result.stderr) == (
        0, text + "\n", "")


def test_a_locked_thread_is_shown(build):
    text = run(build, "locked", GODEBUG="schedtrace=60000").stderr
    assert "\ngoroutine 2 [chan receive, locked to thread]:\n" in text
    detail = text.partition("fatal error")[0]
    m = re.search(r"^  G2: .*lockedm=(\d+)$", detail, re.M)
    assert m, detail
    assert re.search(rf"^  M{m[1]}: .*lockedg=2$", detail, re.M), detail


def limit_text(n):
    return (f"runtime: program exceeds {n}-thread limit\n"
            "fatal error: thread exhaustion\n\ngoroutine ")


@pytest.mark.parametrize("way, env, n", [
    ("thirty", {"PGODEBUG": "maxthreads=20"}, 20), ("limit", {}, 7)])
def test_threads_have_a_limit(build, way, env, n):
    result = run(build, way, **env)
    assert result.returncode == 2
    assert result.stderr.startswith(limit_text(n))


def test_threads_that_are_refused_for_a_second_are_told(build):
    """As ulimit -u does, which does not hold for root."""
    result = subprocess.run(
        [build / "test/tools/inject", "clone", "10+", "11",
         build / "test/e2e/progs/beside", "thirty"], text=True,
        capture_output=True, timeout=10)
    if result.returncode == 125:
        pytest.skip("inject: no seccomp listener here")
    assert result.returncode == 2
    assert re.match(r"fatal error: thread \d+ cannot be made: Resource "
                    r"temporarily unavailable \(raise ulimit -u, or pids.max "
                    r"of the cgroup\)\n", result.stderr), result.stderr
