"""How much of make check a mode runs: asan, tsan, valgrind (PGO_TEST_MODE).

modes.cannot says which cases a mode cannot run.  run.py and pytest leave them
out, count, and add `RAN TOTAL` to the file PGO_TEST_COUNTS names.

usage: modes.py COUNTS     the sums, as a line; 1 when it is below 90 %
"""
import fnmatch
import os
import sys

import skips

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "modes.cannot")
ENOUGH = 90


def mode():
    return os.environ.get("PGO_TEST_MODE")


def cannot(test):
    """Whether this mode cannot run TEST: PROGRAM:TEST or FILE.py::TEST."""
    return bool(mode()) and any(fnmatch.fnmatchcase(test, "*" + p)
                                for p in skips.patterns(mode(), PATH))


def count(ran, total):
    path = os.environ.get("PGO_TEST_COUNTS")
    if path:
        with open(path, "a") as out:
            print(ran, total, file=out)


def main():
    ran = total = 0
    for line in open(sys.argv[1]):
        ran += int(line.split()[0])
        total += int(line.split()[1])
    percent = 100 * ran // max(total, 1)
    print(f"{mode()}: {ran} of {total} cases ran, {percent} %")
    return 0 if percent >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
