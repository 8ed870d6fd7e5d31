"""Who watches a program's memory: clean where it is, told where it is not."""
import os
import subprocess

import pytest

VALGRIND = ("valgrind", "-q", "--error-exitcode=99")


def run(*cmd, **env):
    return subprocess.run([str(c) for c in cmd], text=True, timeout=60,
                          capture_output=True, env={**os.environ, **env})


@pytest.mark.parametrize("stack", ["segmented", "contiguous"])
def test_valgrind_has_nothing_to_say_of_stacks(build, stack):
    r = run(*VALGRIND, build / "test/e2e/progs/bugs",
            PGODEBUG=f"stack={stack}")
    assert (r.returncode, r.stderr) == (0, ""), r.stderr


def test_valgrind_names_the_goroutines_fault(build):
    r = run(*VALGRIND, build / "test/e2e/progs/bugs", "free")
    assert r.returncode == 99
    assert "Invalid write of size 1" in r.stderr
    assert "use_after_free" in r.stderr
