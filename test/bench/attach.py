"""What looking into Go processes from outside costs, and what it sees.

usage: attach.py BUILD [MILLION]

A figure a line, its goal behind it where there is one; judges nothing.  CPU
times are of the process that looks, medians of the runs; goroutines are parked
on a handful of stacks (test/e2e/go/parked).  MILLION=0 leaves out the largest.
"""
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test/e2e"))

import golang  # noqa: E402  found by the path above

SIZES = [(10_000, 25), (100_000, 220), (1_000_000, 2300)]
PAIRS = 9


def say(what, figure, goal=""):
    print(f"{what:<58} {figure:>16}" + (f"   goal {goal}" if goal else ""),
          flush=True)


def build_go(name, folder):
    return golang.build(ROOT / "test/e2e/go" / name,
                        pathlib.Path(folder) / name)


@contextlib.contextmanager
def running(*argv):
    """A Go program of ours that has said it is ready."""
    with subprocess.Popen([str(word) for word in argv], text=True,
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout.readline().startswith("ready")
            yield program
        finally:
            program.kill()


def figures(bench, pid, snapshots=1, **env):
    """The numbers behind each word of the lines that tools/attach_cost
    prints: [(kind, {word: number})]."""
    out = subprocess.run([bench, str(pid), str(snapshots)], check=True,
                         stdout=subprocess.PIPE, text=True, timeout=300,
                         env=os.environ | env).stdout
    for line in out.splitlines():
        kind, rest = line.split(": ", 1)
        yield kind, dict((word, int(number)) for word, number
                         in re.findall(r"(\w+) (\d+)", rest))


def recognizing(bench, folder):
    with running(build_go("parked", folder), 16) as program, \
            tempfile.TemporaryDirectory() as empty:
        for kind, goal, env in [("table", "5", {}),
                                ("dwarf", "100", {"PGO_SHARE": empty})]:
            runs = [found["cpu_us"] for _ in range(9)
                    for what, found in figures(bench, program.pid, **env)
                    if what == f"attach by {kind}"]
            if not runs:
                sys.exit(f"attach.py: not recognized by {kind}")
            say(f"attach by {kind}, CPU ms",
                f"{statistics.median(runs) / 1000:.2f}", "<= " + goal)


def looking(bench, folder, most):
    parked = build_go("parked", folder)
    for n, goal in SIZES:
        if n > most:
            continue
        with running(parked, n) as program:
            runs = [found for what, found
                    in figures(bench, program.pid, 7) if what == "snapshot"]
        cpu = statistics.median(run["cpu_us"] for run in runs) / 1000
        say(f"snapshot of {n} parked, CPU ms", f"{cpu:.1f}", f"<= {goal}")
        say(f"the first of them", f"{runs[0]['cpu_us'] / 1000:.1f}")
        say("system calls, and goroutines for each",
            f"{runs[-1]['calls']}, {n / runs[-1]['calls']:.0f}", ">= 64")


def cpu_of(trips_line):
    word = trips_line.split()
    return int(word[3]) / int(word[1])


def being_looked_at(bench, folder):
    """By turns with and without a snapshot a second: CPU for each operation
    of a program with 10,000 goroutines."""
    with running(build_go("parked", folder), 10_000, 3) as program:
        def play(look):
            program.stdin.write("\n")
            program.stdin.flush()
            for _ in range(3 if look else 0):
                time.sleep(0.9)
                list(figures(bench, program.pid))
            return cpu_of(program.stdout.readline())

        play(False)
        pairs = [(play(False), play(True)) for _ in range(PAIRS)]
    ratio = statistics.median(looked / alone for alone, looked in pairs)
    say("target's CPU for each operation, a snapshot a second",
        f"{ratio:.3f}", "<= 1.02")


def json_of(*argv):
    return json.loads(subprocess.run(list(map(str, argv)), check=True,
                                     stdout=subprocess.PIPE, text=True,
                                     timeout=120).stdout)


def sampling(folder, programs):
    """99 times a second, of one goroutine that shares its time 3:2:1."""
    trace = folder / "bin/pgo-trace"
    file = pathlib.Path(programs) / "cpu.pb.gz"
    with running(build_go("burn", programs), "ratio", 1) as program:
        runs = [json_of(trace, "record", "--json", "--sampler=perf",
                        "--hz=99", "-s5", "-fo", file, program.pid)
                for _ in range(5)]
        shares = {node["name"]: node["cum"] for node
                  in json_of(trace, "top", "--json", file)["nodes"]}
    cost = statistics.median(run["cost_ns"] / run["taken"] for run in runs)
    say("a CPU sample, our CPU us", f"{cost / 1000:.1f}")
    say("99 of them a second, % of a core", f"{cost * 99 / 1e7:.2f}",
        "<= 0.3")
    complete = statistics.mean(run["complete"] / run["taken"] for run in runs)
    say("stacks that are complete, %", f"{100 * complete:.1f}", ">= 99")
    parts = [shares[f"main.{name}"] for name in ("heavy", "middle", "light")]
    say("shares of 3:2:1, %",
        " ".join(f"{100 * part / sum(parts):.1f}" for part in parts),
        "50.0 33.3 16.7 within 3")


def main():
    folder = pathlib.Path(sys.argv[1])
    most = int(sys.argv[2]) if len(sys.argv) > 2 else SIZES[-1][0]
    bench = folder / "test/tools/attach_cost"
    with tempfile.TemporaryDirectory() as programs:
        recognizing(bench, programs)
        looking(bench, programs, most)
        being_looked_at(bench, programs)
        sampling(folder, programs)


main()
