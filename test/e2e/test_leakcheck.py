"""pgo_leakcheck(), and PGODEBUG=leakcheck=1: goroutines that outlive a test."""
import os
import re
import subprocess

import pytest

from goroutine_dump import told

HEAD = "pgo: leakcheck: 3 goroutines have not ended\n\ngoroutine "
ALL = {"parked", "asleep", "in_c"}


def run(build, way, check=True, **env):
    if check:
        env["PGODEBUG"] = "leakcheck=1"
    return subprocess.run([build / "test/e2e/progs/leaks", way], text=True,
                          capture_output=True, timeout=20,
                          env=os.environ | env)


def leaks(text):
    """The functions that leaked goroutines began in."""
    return [functions[-1] for _, functions, _ in told(text).values()]


@pytest.mark.parametrize("way", ["three", "exit-0", "beside"])
def test_who_is_left_at_the_end_is_dumped_and_status_0_becomes_1(build, way):
    done = run(build, way)
    assert done.returncode == 1
    assert done.stdout.endswith("at exit\n")
    last = done.stderr[done.stderr.rindex("pgo: leakcheck: "):]
    assert last.startswith(HEAD)
    assert set(leaks(last)) == ALL and len(leaks(last)) == 3
    by = "" if way == "beside" else " in goroutine 1"
    assert re.search(rf"^created by create_parked{by}$", last, re.M)


@pytest.mark.fast
def test_without_the_key_nothing_is_said(build):
    done = run(build, "three", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "at exit\n", "")


@pytest.mark.fast
def test_who_ends_soon_is_no_leak(build):
    done = run(build, "soon")
    assert (done.returncode, done.stdout, done.stderr) == (0, "at exit\n", "")


def test_another_status_stays(build):
    done = run(build, "exit-3")
    assert done.returncode == 3 and done.stderr.startswith(HEAD)


@pytest.mark.parametrize("way", ["exit-meanwhile", "exit-twice"])
def test_exit_while_the_check_is_under_way_waits_for_it(build, way):
    """Of a goroutine that is none of the leaks, and of a thread."""
    done = run(build, way)
    assert done.returncode == 1
    assert set(leaks(done.stderr)) == ALL and len(leaks(done.stderr)) == 3


def test_who_calls_exit_meanwhile_is_no_leak(build):
    done = run(build, "only-exit-meanwhile")
    assert (done.returncode, done.stdout, done.stderr) == (0, "at exit\n", "")


def test_a_child_of_fork_is_not_checked(build):
    done = run(build, "fork")
    assert (done.returncode, done.stdout) == (0, "at exit\nchild: 0\n")
    assert "leakcheck" not in done.stderr


@pytest.mark.parametrize("ignore, left", [
    ("parked", {"asleep", "in_c"}),
    ("inlined_wait", {"asleep", "in_c"}),
    ("p*d,as????", {"in_c"}),
    ("by:create_*", {"asleep", "in_c"}),
    ("by:parked", ALL),
    ("top:inlined_wait", {"asleep", "in_c"}),
    ("top:parked", ALL),
    ("top:asleep", {"parked", "in_c"}),
    ("top:pgo_*", ALL),
    ("top:read", {"parked", "asleep"}),
    ("pgo_chan_recv", {"asleep", "in_c"}),
    ("file:leaks.c", set()),
    ("file:*/progs/*", set()),
    ("file:leaks", ALL),
    (",, parked,", ALL),
])
def test_who_is_passed_over(build, ignore, left):
    done = run(build, "brief", check=False, PGO_LEAKCHECK_IGNORE=ignore)
    assert set(leaks(done.stderr)) == left
    assert done.stdout == f"{len(left)}\nat exit\n"


def test_without_debug_information_symbols_are_looked_at(build):
    env = {"PGO_SYM": "off"}
    done = run(build, "brief", PGO_LEAKCHECK_IGNORE="parked,in_c", **env)
    assert leaks(done.stderr)[0] == "asleep" and done.returncode == 1
    done = run(build, "brief", PGO_LEAKCHECK_IGNORE="file:leaks", **env)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.fast
def test_a_list_that_is_too_long_is_a_line(build):
    done = run(build, "soon", PGO_LEAKCHECK_IGNORE="x" * 5000)
    assert done.stderr == ("pgo: PGO_LEAKCHECK_IGNORE=" + "x" * 60 +
                           ": ignored, must be shorter than 4096 bytes\n")


def test_options(build):
    done = run(build, "options", check=False)
    # All; since before; since after; two names; who ends soon, not waited
    # for and waited for; too long; a struct of a later version; none.
    assert done.stdout.splitlines() == [
        "3", "3", "0", "1", "1", "0", "-22", "-22", "3", "at exit"]
    assert [leaks(part) for part in done.stderr.split("pgo: leakcheck: ")][
        3:] == [["parked"], ["ends_soon"]]


def test_caller_and_goroutine_1_are_no_leaks(build):
    done = run(build, "from-another", check=False)
    assert done.stdout == "1\nat exit\n"
    assert leaks(done.stderr) == ["parked"]


def test_a_thread_of_the_programs_may_ask_once_it_is_begun(build):
    done = run(build, "beside", check=False)
    assert done.stdout == "-22\n3\nat exit\n"
    assert set(leaks(done.stderr)) == ALL and done.returncode == 0
