"""SCHED lines: Go's form, figures that hold together, readers that stop."""
import os
import re
import subprocess
import time

import pytest

NUMBERS = r"((?:\d+ )+)"
LINE = re.compile(
    r"SCHED (\d+)ms: gomaxprocs=(\d+) idleprocs=(\d+) threads=(\d+) "
    r"spinningthreads=(\d+) needspinning=(\d+) idlethreads=(\d+) "
    rf"runqueue=(\d+) \[ {NUMBERS}\] schedticks=\[ {NUMBERS}\]"
    r"(?: gcount=(\d+) stackinuse=(\d+))?$")


def run(build, *command, **env):
    program, *rest = command
    return subprocess.run([build / "test/e2e/progs" / program, *rest],
                          capture_output=True, text=True, timeout=20,
                          env={**os.environ, "GOMAXPROCS": "2", **env})


def lines_of(text):
    matches = [LINE.match(line) for line in text.splitlines()]
    assert all(matches), text
    return matches


def ints(text):
    return [int(word) for word in text.split()]


def test_lines_are_gos_and_hold_together(build):
    lines = lines_of(run(build, "naps", SCHEDTRACE="50").stderr)
    assert 35 <= len(lines) <= 42
    assert lines[0][1] == "0"
    ticks = [ints(line[10]) for line in lines]
    for before, after in zip(ticks, ticks[1:]):
        assert all(a <= b for a, b in zip(before, after))
    for line in lines:
        assert int(line[2]) == 2 == len(ints(line[9])) == len(ints(line[10]))
        assert int(line[3]) <= 2
        assert int(line[7]) < int(line[4])
        assert line[11] is None


def test_time_goes_by_the_period(build):
    lines = lines_of(run(build, "naps", SCHEDTRACE="100").stderr)
    for i, line in enumerate(lines):
        assert 100 * i <= int(line[1]) < 100 * i + 90, lines


def test_gs_counts_goroutines_and_their_stacks(build):
    lines = lines_of(run(build, "naps", SCHEDTRACE="100,gs").stderr)
    counts = [int(line[11]) for line in lines]
    assert counts[5] == 11
    assert counts[-3] == 1
    assert int(lines[5][12]) >= 11 * 2048


def test_no_p_is_idle_beside_spinners(build):
    lines = lines_of(run(build, "spinners", "8", SCHEDTRACE="100").stderr)
    idle = [int(line[3]) for line in lines[2:-1]]
    assert len(idle) >= 6 and not any(idle), lines


def test_threads_are_the_kernels(build):
    program = subprocess.Popen([build / "test/e2e/progs/naps"],
                               stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "SCHEDTRACE": "100"})
    time.sleep(0.55)
    tasks = len(os.listdir(f"/proc/{program.pid}/task"))
    lines = lines_of(program.communicate(timeout=10)[1])
    # One more takes the signals.
    assert int(lines[5][4]) == tasks - 1


@pytest.mark.parametrize("env", [
    {"GODEBUG": "schedtrace=200,scheddetail=1"},
    {"SCHEDTRACE": "200,detail"},
    {"GODEBUG": "schedtrace=1,foo=bar,scheddetail=1,schedtrace=200"},
])
def test_detail_has_every_p_m_and_g(build, env):
    text = run(build, "naps", **env).stderr
    shots = text.split("SCHED ")[1:]
    assert 9 <= len(shots) <= 11
    rows = shots[2].splitlines()
    assert re.match(r"\d+ms: .* runqueue=\d+ gcwaiting=false nmidlelocked=0 "
                    r"stopwait=0 sysmonwait=false$", rows[0])
    threads = int(re.search(r"threads=(\d+)", rows[0])[1])
    running = [int(row.split("status=")[1][0]) for row in rows
               if row.startswith("  P")]
    idle = int(re.search(r"idleprocs=(\d+)", rows[0])[1])
    assert len(running) == 2 == running.count(1) + idle
    assert sum(row.startswith("  M") for row in rows) == threads - 1
    assert sum(row.endswith("(sleep) m=nil lockedm=nil") and
               row.startswith("  G") for row in rows) == 11


def test_a_reader_that_stops_costs_lines_not_time(build):
    begin = time.monotonic()
    program = subprocess.Popen([build / "test/e2e/progs/naps"],
                               stderr=subprocess.PIPE,
                               env={**os.environ, "GOMAXPROCS": "64",
                                    "SCHEDTRACE": "1,detail"})
    time.sleep(1.5)
    first = os.read(program.stderr.fileno(), 1 << 20)
    rest = program.stderr.read()
    program.wait(timeout=10)
    assert program.returncode == 0
    assert time.monotonic() - begin < 4
    text = (first + rest).decode()
    dropped = re.findall(r"^SCHED: (\d+) lines dropped, stderr was not read$",
                         text, re.M)
    assert dropped and int(dropped[0]) > 0
    # Nothing was cut inside a line.
    for line in text.splitlines()[:-1]:
        assert re.match(r"SCHED|  [PMG]\d+: ", line), line


def test_without_being_asked_there_are_none(build):
    assert run(build, "naps", SCHEDTRACE="0").stderr == ""


@pytest.mark.parametrize("name,value,line", [
    ("GOMAXPROCS", "many",
     "pgo: GOMAXPROCS=many: ignored, must be a positive number"),
    ("GOMAXPROCS", "1\n\x1b[31m",
     "pgo: GOMAXPROCS=1??[31m: ignored, must be a positive number"),
    ("GOTRACEBACK", "much", "pgo: GOTRACEBACK=much: ignored, must be none, "
     "single, all, system, crash or a number"),
    ("SCHEDTRACE", "x", "pgo: SCHEDTRACE=x: ignored, must be "
     "MS[,detail][,gs]"),
    ("PGODEBUG", "stackmin=12", "pgo: PGODEBUG: stackmin=12: ignored, must be "
     "from 1024 to 1073741824 bytes"),
    ("PGODEBUG", "stackmax=12", "pgo: PGODEBUG: stackmax=12: ignored, must be "
     "from 1024 to 2147483647 bytes"),
    ("PGODEBUG", "maxthreads=0", "pgo: PGODEBUG: maxthreads=0: ignored, must "
     "be a positive number"),
    ("PGODEBUG", "stack=big", "pgo: PGODEBUG: stack=big: ignored, must be "
     "segmented or contiguous"),
    ("PGODEBUG", "guard=dog", "pgo: PGODEBUG: guard=dog: ignored, must be "
     "madvise, mprotect or none"),
    ("PGODEBUG", "leakcheck=yes", "pgo: PGODEBUG: leakcheck=yes: ignored, "
     "must be 0 or 1"),
    ("PGODEBUG", "updatemaxprocs=2", "pgo: PGODEBUG: updatemaxprocs=2: "
     "ignored, must be 0 or 1"),
    ("PGODEBUG", "leakchek=1,,yield=always", "pgo: PGODEBUG: leakchek: "
     "ignored, is none of asyncpreempt, asyncpreemptoff, containermaxprocs, "
     "cpuprofile, guard, hugepages, leakcheck, maxthreads, memprofilerate, "
     "preempt, schedtimes, seed, seg, stack, stackmax, stackmin, steal, "
     "updatemaxprocs, yield"),
    ("GODEBUG", "schedtrace=x,y", ""),
])
def test_bad_settings_are_a_line_each(build, name, value, line):
    out = run(build, "spinners", "0", **{name: value})
    assert out.stderr.strip() == line
    assert out.returncode == 0
