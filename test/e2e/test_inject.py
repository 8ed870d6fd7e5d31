"""System calls that fail: the Nth mmap, clone, futex, timer_create.

What follows is the right result, an error that the program handles, or one
clear line and status 2; never a hang, a wrong sum, a crash.  All of it is
`make check-inject`; a few are in check.
"""
import os
import re
import subprocess

import pytest

CALLS = [("mmap", 12), ("clone", 11), ("futex", 4), ("futex", 1),
         ("timer_create", 11)]
STACKS = ["segmented", "contiguous"]
SAMPLE = {"mmap": (1, 4, 9, 18, 30, 60), "clone": (1, 2, 3, 4, 6),
          "futex": (1, 2, 40), "timer_create": (1, 2)}
LAST = 200

FATAL = re.compile(r"fatal error: (out of memory for [a-z ]+|futex\(2\) fails "
                   r"to (wait|wake) \(.*\))\n")
REFUSED = re.compile(r"busy: pgo_\w+: (Cannot allocate memory|"
                     r"Resource temporarily unavailable)\n")


def run(build, stack, call, n, errno):
    """(status, stdout, stderr, calls counted)"""
    result = subprocess.run(
        [build / "test/tools/inject", call, str(n), str(errno),
         build / "test/e2e/progs/busy"], text=True, capture_output=True,
        timeout=20, env={**os.environ, "GOMAXPROCS": "4",
                         "PGODEBUG": f"stack={stack}"})
    if result.returncode == 125:
        pytest.skip("inject: no seccomp listener here")
    text, _, last = result.stderr.rpartition("inject: ")
    return result.returncode, result.stdout, text, int(last.split()[0])


def is_clear(status, out, text):
    if status == 0:
        return (out, text) == ("sum 9410\n", "")
    return bool({2: FATAL, 3: REFUSED}.get(status, FATAL).match(text)) and \
        status in (2, 3)


def try_each(build, stack, call, errno, numbers):
    for n in numbers:
        status, out, text, calls = run(build, stack, call, n, errno)
        assert is_clear(status, out, text), (n, status, out, text)
        if calls < n:
            return n
    return LAST


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("call, errno", CALLS)
def test_a_few_fail(build, stack, call, errno):
    try_each(build, stack, call, errno, SAMPLE[call])


@pytest.mark.long
@pytest.mark.inject
@pytest.mark.limit(900)
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("call, errno", CALLS)
def test_each_fails(build, stack, call, errno):
    n = try_each(build, stack, call, errno, range(1, LAST + 1))
    print(f"{call} {stack}: {n} tried")
