"""pgo's malloc beside others: instructions, and CPU time by turns.

usage: malloc.py BUILD [ROUNDS]

Instructions are callgrind's, an operation, as the difference of two runs; the
times are medians, interleaved.  The others are those that are installed (Debian
has libmimalloc2.0, libjemalloc2, libtcmalloc-minimal4); the last column of
across is to be at most 0.6 of the best of them.
"""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

OPS = ["pair", "batch", "replace", "across", "threads"]
COUNTED = ["pair", "batch", "replace"]
FEW, MANY = 100000, 1100000
FOLDER = pathlib.Path("/usr/lib/x86_64-linux-gnu")
OTHERS = {"mimalloc": "libmimalloc.so.2*", "jemalloc": "libjemalloc.so.2",
          "tcmalloc": "libtcmalloc_minimal.so.4"}


def allocators(build):
    found = {"glibc": "", "pgo": build / "lib/libpgo-malloc.so"}
    for name, pattern in OTHERS.items():
        found.update({name: path for path in FOLDER.glob(pattern)})
    return found


def run(build, library, op, n, *tool):
    return subprocess.run(
        [*tool, build / "test/tools/malloc_cost", op, str(n)], check=True,
        text=True, capture_output=True, timeout=300,
        env={**os.environ, "LD_PRELOAD": str(library)}).stdout


def instructions(build, library, op, n):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        run(build, library, op, n, "valgrind", "--tool=callgrind",
            f"--callgrind-out-file={out}")
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(),
                             re.M)[1])


def counted(build, library, op):
    more = (instructions(build, library, op, MANY)
            - instructions(build, library, op, FEW))
    return more / (MANY - FEW)


def row(title, figures):
    print(f"{title:14}" + "".join(f"{f:>10}" for f in figures))


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    libraries = allocators(build)
    row("", libraries)
    for op in COUNTED:
        row(f"{op}, instr.",
            [f"{counted(build, path, op):.1f}" for path in libraries.values()])
    for op in OPS:
        times = {name: [] for name in libraries}
        for _ in range(rounds):
            for name, path in libraries.items():
                times[name].append(float(run(build, path, op, 4000000)))
        row(f"{op}, ns", [f"{statistics.median(t):.2f}"
                          for t in times.values()])


if __name__ == "__main__":
    main()
