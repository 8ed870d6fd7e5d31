"""Goroutines that call nothing are taken off their threads by a signal; what
they were at is seen as well as ever."""
import os
import pathlib
import re
import subprocess

import pytest

from outside import dump

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTEMPTS = 5
LOOPS = 4


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


@pytest.fixture
def standing(build):
    """A program whose goroutines were taken off their one thread, all but the
    one that runs."""
    with subprocess.Popen([build / "test/e2e/progs/loops", "stand"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True,
                          env={**os.environ, "GOMAXPROCS": "1"}) as child:
        assert child.stdout.readline() == "ready\n"
        yield child.pid
        child.stdin.close()


@pytest.mark.outside
def test_readers_outside_see_where_they_were(build, standing):
    answer, _ = dump(build, standing)
    frames = [[frame["func"] for frame in row["frames"]]
              for row in answer["goroutines"] if row["state"] == "runnable"]
    assert len(frames) >= LOOPS - 1
    assert frames == [["inner", "outer"]] * len(frames)


def test_gdb_sees_where_they_were_and_with_what(standing):
    done = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", "-p", str(standing),
         "-ex", f"source {ROOT}/share/gdb/pgo-gdb.py",
         "-ex", "goroutine all bt"],
        text=True, capture_output=True, timeout=60)
    taken = re.findall(r"^Goroutine \d+ \(runnable\):\n((?:#.*\n)+)",
                       done.stdout, re.M)
    assert len(taken) >= LOOPS - 1, done.stdout + done.stderr
    for text in taken:
        names = re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+) \(", text, re.M)
        assert names == ["inner", "outer", "sched_goroutine_main",
                         "pgo_gostart"], text


STEPS = r"""
#include <stdio.h>
#include <pgo/pgo.h>
static volatile int over;
static void spin(void *arg)
{
	while (!over)
		;
}
__attribute__((noinline)) static long work(long n)
{
	long sum = 0;

	for (long i = 1; i <= n; i++) {
		sum += i;
		sum += n;
	}
	return sum;
}
static void entry(void *arg)
{
	long sum;

	pgo_go(spin, NULL);
	sum = work(100);
	over = 1;
	printf("sum %ld\n", sum);
}
int main(void)
{
	pgo_run(entry, NULL);
	return 0;
}
"""


@pytest.mark.parametrize("key", ["", "asyncpreempt=off"])
def test_gdb_steps_beside_one_that_is_preempted(build, tmp_path, key):
    """Each step is a stop, in which time goes on.  A step may lose its
    goroutine to another thread and go on to the end, unless none is taken."""
    (tmp_path / "a.c").write_text(STEPS)
    subprocess.run([build / "bin/pgo-cc", "-g", "-O0", "-o", tmp_path / "a",
                    tmp_path / "a.c"], check=True, timeout=60)
    done = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", "-ex", "break work", "-ex", "run",
         *["-ex", "next"] * 60, "-ex", "print i", "-ex", "delete",
         "-ex", "continue", tmp_path / "a"],
        text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
        env={**os.environ, "GOMAXPROCS": "1", "PGODEBUG": key})
    assert re.search(r"^sum 15050$", done.stdout, re.M), done.stdout
    if key:
        assert re.search(r"^\$1 = (19|20)$", done.stdout, re.M), done.stdout
