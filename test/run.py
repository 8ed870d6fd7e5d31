"""Run cmocka programs: each in a process group of its own, with a time limit.

usage: run.py [-t SECONDS] [-u COMMAND] -- PROGRAM...

One line a program; the whole output of one that failed.  The last line is
`N passed, N failed, N skipped`, counted in tests, and the exit status is 1
unless none failed.  A program that runs no test, dies or takes too long has
failed.  A test that lacks something says `skip: WHAT IS MISSING` before
cmocka's skip(); skips.py says which tests may.  COMMAND, valgrind say, runs
the programs; modes.py says which tests the mode of that cannot run.
"""
import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import modes
import skips

PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
FAILED = re.compile(r"^\[  FAILED  \] (\d+) test", re.M)
FAILING = re.compile(r"^\[  FAILED  \] (?!\d+ test)(\S+)$", re.M)
SKIPPED = re.compile(r"^\[  SKIPPED \] (?!\d+ test)(\S+)$", re.M)
REASON = re.compile(r"^skip: (.*)$", re.M)
WRITTEN = re.compile(r"\bcmocka_unit_test\w*\(")
OUTPUT_MAX = 1 << 20


def kill_group(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(command, limit_s):
    """Returns (output, exit status or None when it took too long)."""
    # A file, for a pipe would wait for whoever inherited it.
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=out,
                                 start_new_session=True)
        try:
            status = child.wait(limit_s)
        except subprocess.TimeoutExpired:
            status = None
        kill_group(child)
        child.wait()
        out.seek(0)
        return out.read(OUTPUT_MAX).decode(errors="replace"), status


def trouble_of(status, ran, failed, limit_s):
    """What is wrong with a program besides the tests that say so."""
    if status is None:
        return f"took more than {limit_s} s"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    if status > failed:
        return f"exit status {status}"
    return "" if ran else "ran no test"


def written(program):
    """How many tests PROGRAM has, by its source."""
    source = re.sub(r".*(?=\btest/)", "", program) + ".c"
    with open(source) as text:
        return len(WRITTEN.findall(text.read())) or 1


def judge(program, limit_s, under):
    """Runs one program, prints its line; (passed, failed, skipped, not in
    this mode)."""
    if modes.cannot(f"{program}:*"):
        print(f"--   {program}: not with {modes.mode()}")
        return 0, 0, 0, written(program)
    start = time.monotonic()
    output, status = run([*under, program], limit_s)
    passed = sum(map(int, PASSED.findall(output)))
    failed = sum(map(int, FAILED.findall(output)))
    # cmocka names a skipped test when it runs and again in its summary.
    skipped = list(dict.fromkeys(SKIPPED.findall(output)))
    trouble = trouble_of(status, passed + failed + len(skipped), failed,
                         limit_s)
    may_not = {t for t in FAILING.findall(output)
               if modes.cannot(f"{program}:{t}")}
    failed += bool(trouble) - len(may_not)
    may_not.update(t for t in skipped if modes.cannot(f"{program}:{t}"))
    skipped = [t for t in skipped if t not in may_not]
    refused = [t for t in skipped if not skips.allowed(f"{program}:{t}")]
    failed += len(refused)
    word = "FAIL" if failed else "ok"
    took = time.monotonic() - start
    print(f"{word:4} {program}: {passed} passed, {failed} failed, "
          f"{len(skipped) - len(refused)} skipped, {took:.1f} s", end="")
    print(f": {trouble}" if trouble else "")
    for reason in dict.fromkeys(REASON.findall(output)):
        print(f"     skipped: {reason}")
    for test in refused:
        print(f"     {skips.refusal(f'{program}:{test}')}")
    if failed:
        print(output.rstrip())
    sys.stdout.flush()
    return passed, failed, len(skipped) - len(refused), len(may_not)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-t", type=float, default=60, metavar="SECONDS")
    parser.add_argument("-u", default="", metavar="COMMAND")
    parser.add_argument("program", nargs="*")
    args = parser.parse_args()
    under = shlex.split(args.u)
    passed, failed, skipped, cannot = [
        sum(n) for n in zip((0, 0, 0, 0), *(judge(p, args.t, under)
                                            for p in args.program))]
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    modes.count(passed + failed + skipped, passed + failed + skipped + cannot)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
