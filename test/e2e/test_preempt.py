"""Goroutines that call nothing are taken off their threads by a signal; what
they were at is seen as well as ever."""
import os
import re
import subprocess

import pytest

ATTEMPTS = 5


def loops(build, what, key="", procs=1, timeout=20):
    return subprocess.run([build / "test/e2e/progs/loops", what], text=True,
                          timeout=timeout, capture_output=True,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, "GOMAXPROCS": str(procs),
                               "PGODEBUG": key})


@pytest.mark.fast
def test_another_has_its_turn_within_20_ms(build):
    """The machine is shared: what counts is the time the loop had on a CPU,
    and that of the watching thread may come late."""
    seen = []
    while len(seen) < ATTEMPTS and min(seen, default=21) > 20:
        done = loops(build, "gaps")
        assert (done.returncode, done.stderr) == (0, "")
        seen.append(float(done.stdout.split()[3]))
    assert min(seen) <= 20, seen


@pytest.mark.parametrize("key", ["asyncpreempt=off", "asyncpreemptoff=1"])
def test_switched_off_nobody_else_has_a_turn(build, key):
    with pytest.raises(subprocess.TimeoutExpired):
        loops(build, "gaps", key, timeout=1)


@pytest.mark.fast
@pytest.mark.parametrize("procs", [1, 2])
def test_the_program_ends_while_one_runs(build, procs):
    done = loops(build, "end", procs=procs)
    assert (done.returncode, done.stderr) == (0, "")


def stacks(text):
    """Of the goroutines in a dump that may run: functions, innermost first."""
    found = re.findall(r"^goroutine \d+ \[runnable\]:\n((?:.+\n)+)", text, re.M)
    return [re.findall(r"^(\w+)\(", one, re.M) for one in found]


@pytest.mark.fast
def test_a_dump_shows_where_they_were(build):
    done = loops(build, "stand")
    assert (done.returncode, done.stdout) == (0, "ready\n")
    taken = stacks(done.stderr)
    assert len(taken) >= 3, done.stderr
    assert taken == [["inner", "outer"]] * len(taken), done.stderr
