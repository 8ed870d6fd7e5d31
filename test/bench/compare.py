"""pgo beside Go, by turns in one run: CPU time of an operation, medians.

usage: compare.py BUILD [OP...]
"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RUNS = 5
OPS = ["yield", "spawn", "pingpong", "ring", "buffered", "select2", "select6",
       "mutex", "sieve", "skynet", "sleepers", "descent", "syscall",
       "syscallplain"]


def build_go(folder):
    """The program; None where there is no Go, or one too old for it."""
    exe = pathlib.Path(folder) / "ops"
    run = subprocess.run(["go", "build", "-o", exe, HERE / "go/ops/main.go"],
                         capture_output=True, text=True, timeout=300,
                         env={**os.environ, "GO111MODULE": "off"})
    if run.returncode:
        print("bench: without Go:", run.stderr.strip().split("\n")[-1])
        return None
    return exe


def ns(program, op):
    run = subprocess.run([program, op], capture_output=True, text=True,
                         timeout=300, check=True)
    return float(run.stdout.split()[1])


def main():
    build = pathlib.Path(sys.argv[1])
    ops = sys.argv[2:] or OPS
    with tempfile.TemporaryDirectory() as folder:
        programs = [build / "test/bench/ops", build_go(folder)]
        print(f"{'ns':10} {'pgo':>10} {'Go':>10} {'ratio':>7}")
        for op in ops:
            runs = [[ns(p, op) for p in programs if p] for _ in range(RUNS)]
            found = [statistics.median(x) for x in zip(*runs)]
            line = f"{op:10}" + "".join(f" {x:10.1f}" for x in found)
            if len(found) > 1:
                line += f" {found[0] / found[1]:7.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
