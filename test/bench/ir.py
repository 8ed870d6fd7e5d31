"""Instructions each operation takes: what CI can hold a line by on a machine
that is shared.

usage: ir.py BUILD [--check|--write]

callgrind counts the thread that runs goroutines, for two numbers of operations;
the difference is what operations cost, without beginning and end.  The
baseline is of a compiler's major version, test/bench/ir.gccN: --check fails
where an operation takes 5 % more, --write writes it.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MORE = 1.05
# Operations, and two numbers of them.
OPS = {"yield": (4000, 24000), "spawn": (2000, 12000),
       "pingpong": (2000, 12000), "ring": (5030, 25150),
       "buffered": (5000, 25000), "select2": (2000, 12000),
       "select6": (2000, 12000), "mutex": (5000, 25000),
       "sieve": (100, 200), "skynet": (100, 10000),
       "descent": (1000, 11000), "call": (5000, 25000),
       "callplain": (5000, 25000), "syscall": (5000, 25000),
       "syscallplain": (5000, 25000), "malloc": (100000, 1100000),
       "malloc100": (100000, 1100000)}


def instructions(build, op, n):
    """Of the whole run, by the first thread."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--separate-threads=yes",
             f"--callgrind-out-file={out}", build / "test/bench/ops", op,
             str(n)], check=True, capture_output=True, timeout=300,
            env={**os.environ, "GOMAXPROCS": "1",
                 "PGODEBUG": "preempt=off"})
        text = (out.parent / "out-01").read_text()
    return int(re.search(r"^(?:summary|totals): (\d+)", text, re.M)[1])


def measure(build):
    found = {}
    for op, (few, many) in OPS.items():
        more = instructions(build, op, many) - instructions(build, op, few)
        found[op] = more / (many - few)
    return found


def compiler():
    said = subprocess.run([os.environ.get("CC", "gcc"), "-dumpversion"],
                          capture_output=True, text=True, check=True)
    return "gcc" + said.stdout.split(".")[0].strip()


def read(path):
    lines = path.read_text().split("\n") if path.exists() else []
    return {name: float(count) for name, count in
            (line.split() for line in lines if line)}


def main():
    build = pathlib.Path(sys.argv[1])
    mode = sys.argv[2] if len(sys.argv) > 2 else ""
    path = HERE / f"ir.{compiler()}"
    base = read(path)
    found = measure(build)
    worse = []
    for op, count in found.items():
        was = base.get(op)
        print(f"{op:10} {count:10.1f}" + (f"  {count / was - 1:+.1%}" if was
                                          else ""))
        if was and count > was * MORE:
            worse.append(op)
    if mode == "--write":
        path.write_text("".join(f"{op} {count:.1f}\n"
                                for op, count in found.items()))
    elif mode == "--check" and not base:
        print(f"bench-ir: no baseline for {compiler()} (--write makes one)")
    elif mode == "--check" and worse:
        sys.exit(f"bench-ir: {', '.join(worse)}: more than 5 % above the "
                 f"baseline, {path.name}")


if __name__ == "__main__":
    main()
