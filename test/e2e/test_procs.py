"""The number of Ps: what the machine grants, while the program runs, and what
others see while it changes."""
import json
import os
import re
import subprocess
import time

import pytest

import under

START_S = 20
LINE = re.compile(r"SCHED \d+ms: gomaxprocs=(\d+) idleprocs=(\d+) .* "
                  r"\[ ([\d ]+) \] schedticks=\[ ([\d ]+) \]")
CPUS = sorted(os.sched_getaffinity(0))
two_cpus = pytest.mark.skipif(len(CPUS) < 2, reason="one CPU is all there is")


def procs(build, what, **env):
    env = {k: v for k, v in os.environ.items() if k != "GOMAXPROCS"} | env
    return subprocess.Popen([build / "test/e2e/progs/procs", what], env=env,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def end(program):
    out, err = program.communicate(timeout=START_S)
    assert program.returncode == 0, err
    return out.split(), err


def keep_to(pid, cpus):
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), cpus)


@two_cpus
def test_it_follows_the_cpus_it_may_use(build):
    program = procs(build, "follow")
    assert program.stdout.readline() == f"{len(CPUS)}\n"
    keep_to(program.pid, CPUS[:1])
    assert program.stdout.readline() == "1\n"
    keep_to(program.pid, CPUS)
    assert program.stdout.readline() == f"{len(CPUS)}\n"
    end(program)


@two_cpus
def test_unless_somebody_has_said_how_many(build):
    programs = [(procs(build, "follow", **env), n) for env, n in [
        ({"GOMAXPROCS": "3"}, 3),
        ({"PGODEBUG": "updatemaxprocs=0"}, len(CPUS)),
        ({"GODEBUG": "updatemaxprocs=0"}, len(CPUS))]]
    for program, n in programs:
        assert program.stdout.readline() == f"{n}\n"
        keep_to(program.pid, CPUS[:1])
    time.sleep(2.2)
    for program, _ in programs:
        assert end(program)[0] == []


def test_what_was_said_before_the_start_counts(build):
    assert end(procs(build, "early", GOMAXPROCS="2"))[0] == ["0", "5", "5"]


@pytest.mark.parametrize("n", ["1", "4"])
def test_a_deadlock_is_seen_when_ps_have_gone(build, n):
    program = procs(build, "deadlock", GOMAXPROCS=n)
    assert "all goroutines are asleep - deadlock!" in (
        program.communicate(timeout=START_S)[1])
    assert program.returncode == 2


def test_lines_hold_together_while_it_changes(build):
    program = procs(build, "change", SCHEDTRACE="1")
    time.sleep(0.5 * under.SLOWER)
    lines = end(program)[1].splitlines()
    seen = set()
    for line in lines:
        n, idle, queued, ticks = LINE.match(line).groups()
        assert len(queued.split()) == len(ticks.split()) == int(n)
        assert int(idle) <= int(n)
        seen.add(int(n))
    assert seen <= set(range(1, 7)) | {len(CPUS)}
    assert len(seen) > 2, f"of {len(lines)} lines"


@pytest.mark.outside
def test_so_does_what_is_seen_from_outside(build):
    program = procs(build, "change")
    out = subprocess.run([build / "bin/pgo-trace", "sched", "--detail",
                          "--json", "-n", "20", "-d", "0.02",
                          str(program.pid)], check=True, timeout=START_S,
                         capture_output=True, text=True).stdout
    end(program)
    seen = set()
    for said in map(json.loads, out.splitlines()):
        ids = [p["id"] for p in said["allp"]]
        assert ids == list(range(said["gomaxprocs"]))
        assert said["idleprocs"] <= 6
        seen.add(said["gomaxprocs"])
    assert len(seen) >= 2
