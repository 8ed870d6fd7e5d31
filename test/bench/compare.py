"""pgo beside Go, and libraries of C and C++ that are installed, by turns
in one run: CPU time of an operation, medians.

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


# What each is built with, and the package it needs.
PEERS = {"fiber": (["g++", "-O2", HERE / "peers/fiber.cc", "-lboost_fiber",
                    "-lboost_context"], "libboost-fiber-dev"),
         "st": (["gcc", "-O2", HERE / "peers/st.c", "-lst"], "libst-dev")}


def build(exe, command, without, **options):
    """EXE; None where it cannot be built, with a line that says so."""
    try:
        run = subprocess.run(command, capture_output=True, text=True,
                             timeout=300, **options)
    except FileNotFoundError as error:
        print(f"bench: without {without}: {error}")
        return None
    if run.returncode:
        print(f"bench: without {without}: "
              f"{run.stderr.strip().splitlines()[-1]}")
        return None
    return exe


def build_all(folder):
    """Name and program of those there are."""
    exe = folder / "go"
    found = {"Go": build(
        exe, ["go", "build", "-o", exe, HERE / "go/ops/main.go"], "Go",
        env={**os.environ, "GO111MODULE": "off"})}
    for name, (command, package) in PEERS.items():
        exe = folder / name
        found[name] = build(exe, [*command, "-o", exe],
                            f"{name} ({package})")
    return {name: exe for name, exe in found.items() if exe}


def ns(program, op):
    """None: it has no such operation."""
    run = subprocess.run([program, op], capture_output=True, text=True,
                         timeout=300)
    if run.returncode == 2:
        return None
    run.check_returncode()
    return float(run.stdout.split()[1])


def median(runs):
    return None if None in runs else statistics.median(runs)


def text(value, width):
    return f"{'-':>{width}}" if value is None else f"{value:{width}.1f}"


def main():
    build_folder = pathlib.Path(sys.argv[1])
    ops = sys.argv[2:] or OPS
    with tempfile.TemporaryDirectory() as folder:
        programs = {"pgo": build_folder / "test/bench/ops",
                    **build_all(pathlib.Path(folder))}
        print(f"{'ns':10}" + "".join(f" {name:>10}" for name in programs)
              + f" {'pgo/Go':>7}")
        for op in ops:
            runs = [[ns(p, op) for p in programs.values()]
                    for _ in range(RUNS)]
            found = dict(zip(programs, map(median, zip(*runs))))
            line = f"{op:10}" + "".join(f" {text(x, 10)}"
                                        for x in found.values())
            if "Go" in found:
                line += f" {found['pgo'] / found['Go']:7.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
