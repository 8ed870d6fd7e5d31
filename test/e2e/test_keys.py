"""The keys of PGODEBUG that are for tests, by what progs/keys.c sees."""
import os
import subprocess

import pytest


def keys(build, what, pgodebug, procs=1):
    return subprocess.run(
        [build / "test/e2e/progs/keys", what], text=True, timeout=20,
        capture_output=True, check=True, stdin=subprocess.DEVNULL,
        env={**os.environ, "PGODEBUG": pgodebug, "GOMAXPROCS": str(procs)},
    ).stdout.strip()


@pytest.mark.fast
@pytest.mark.parametrize("what", ["choices", "woken"])
def test_a_seed_gives_one_order_and_another_seed_another(build, what):
    orders = [keys(build, what, f"seed={n}") for n in range(1, 9)]
    again = [keys(build, what, f"seed={n}") for n in range(1, 9)]
    assert orders == again
    assert len(set(orders)) > 4, orders


@pytest.mark.fast
def test_each_call_begins_a_segment_under_seg_always(build):
    assert int(keys(build, "segments", "")) <= 6
    assert int(keys(build, "segments", "seg=always")) == 100


def test_goroutines_change_their_p_under_steal_always(build):
    """Both are counts of chance: two threads must run at once."""
    without = min(int(keys(build, "moves", "", 2)) for _ in range(5))
    tries = []
    while len(tries) < 30 and max(tries, default=0) <= 5 * without + 100:
        tries.append(int(keys(build, "moves", "steal=always", 2)))
    assert max(tries) > 5 * without + 100, (without, tries)


def turns(build, pgodebug):
    """How often two goroutines took turns while they call, and over locks."""
    return tuple(map(int, keys(build, "turns", pgodebug).split()))


def test_turns_are_taken_under_yield_and_preempt_always(build):
    """A slice is 10 ms long without; the machine is shared."""
    calls, locks = map(min, zip(*(turns(build, "") for _ in range(3))))
    assert locks < 10
    assert turns(build, "yield=always")[1] > 90
    always = max(turns(build, "preempt=always")[0] for _ in range(5))
    assert always > 2 * calls + 30, (calls, always)


@pytest.mark.parametrize("key, line", [
    ("seed=-1", "pgo: PGODEBUG: seed=-1: ignored, must be a number from 0 on"),
    ("seg=1", "pgo: PGODEBUG: seg=1: ignored, must be always"),
    ("steal=", "pgo: PGODEBUG: steal=: ignored, must be always"),
])
def test_what_makes_no_sense_is_a_line(build, key, line):
    done = subprocess.run([build / "test/e2e/progs/keys", "woken"], text=True,
                          capture_output=True, timeout=20,
                          env={**os.environ, "PGODEBUG": key})
    assert (done.returncode, done.stderr) == (0, line + "\n")
