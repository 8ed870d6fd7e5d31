"""Real libraries in a thousand goroutines, on either kind of stack."""
import os
import re
import subprocess

import pytest

LIBRARIES = ["zlib", "sqlite", "curl"]


def crowd(build, name, debug, goroutines=1000):
    result = subprocess.run(
        [build / "test/real" / name, str(goroutines)], text=True, timeout=50,
        capture_output=True, env=os.environ | {"PGODEBUG": debug})
    line = re.fullmatch(rf"{name}: {goroutines} goroutines, (\d+) waits in "
                        rf"callbacks, 0 wrong\n", result.stdout)
    assert line and not result.stderr, result.stdout + result.stderr
    assert result.returncode == 0
    assert int(line[1]) >= goroutines


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_thousand_goroutines_use(build, name):
    crowd(build, name, "stack=segmented")


@pytest.mark.long
@pytest.mark.parametrize("debug", ["stack=contiguous", "preempt=always",
                                   "asyncpreempt=always",
                                   "yield=always,seg=always",
                                   "steal=always,seed=1"])
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_thousand_goroutines_use_under(build, name, debug):
    crowd(build, name, debug)
