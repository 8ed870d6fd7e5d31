"""Deaths in Go's form: the first line, the goroutines, the exit status."""
import re
import signal
import subprocess
import time

import pytest

from goroutine_dump import told
from plain_env import ENV

pytestmark = pytest.mark.fast

DEADLOCK = "fatal error: all goroutines are asleep - deadlock!"


def die(build, way, limit_s=10, **env):
    return subprocess.run([build / "test/e2e/progs/ways_to_die", way], text=True,
                          timeout=limit_s, capture_output=True,
                          stdin=subprocess.DEVNULL, env=ENV | env)


# The line of the trouble is all that stands before the goroutines.
@pytest.mark.parametrize("way, line, state", [
    ("wait_for_nobody", DEADLOCK, "chan receive"),
    ("send_to_nobody", DEADLOCK, "chan send"),
    ("receive_from_nothing", DEADLOCK, "chan receive (nil chan)"),
    ("outlive_a_thread", DEADLOCK, "chan receive"),
    ("wait_for_group", DEADLOCK, "sync.WaitGroup.Wait"),
    ("send_on_closed", "panic: send on closed channel", "running"),
    ("close_twice", "panic: close of closed channel", "running"),
    ("close_nothing", "panic: close of nil channel", "running"),
    ("count_below_zero", "panic: sync: negative WaitGroup counter", "running"),
    ("free_under_receiver",
     "panic: pgo_chan_free() of a channel somebody waits on", "running"),
])
def test_goroutine_1_dies(build, way, line, state):
    result = die(build, way)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"{line}\n\ngoroutine 1 [{state}]:\n")
    _, frames, creator = told(result.stderr)[1]
    assert frames[-1] == way
    assert frames[:-1] and all(f.startswith("pgo_") for f in frames[:-1])
    assert creator is None


def test_a_thread_is_not_a_goroutines_to_end(build):
    result = die(build, "exit_thread")
    assert result.returncode == 2
    assert result.stderr.startswith(
        "panic: pthread_exit() in a goroutine (return from its function, or "
        "pgo_goexit())\n\ngoroutine 1 [running]:\n")
    assert told(result.stderr)[1][1] == ["pthread_exit", "exit_thread"]


def test_a_recursion_without_end_dies_before_memory_is_out(build):
    result = die(build, "recurse_for_ever")
    assert result.returncode == 2
    assert re.match(
        r"runtime: goroutine stack exceeds 1000000000-byte limit\n"
        r"runtime: sp=0x[0-9a-f]+ stack=\[0x[0-9a-f]+, 0x[0-9a-f]+\] "
        r"\(PGODEBUG=stackmax=BYTES gives more\)\n"
        r"fatal error: stack overflow\n\n"
        r"goroutine 1 \[running\]:\nrecurse_for_ever\(", result.stderr)


def test_a_deadlock_shows_every_goroutine(build):
    result = die(build, "all_wait")
    assert result.returncode == 2
    assert result.stderr.startswith(DEADLOCK + "\n\n")
    assert told(result.stderr) == {
        1: ("chan receive (nil chan)",
            ["pgo_chan_recv", "receive_from_nothing", "all_wait"], None),
        2: ("chan send", ["pgo_chan_send", "send_to_nobody"],
            ("all_wait", 1)),
        3: ("chan receive (nil chan)",
            ["pgo_chan_recv", "receive_from_nothing"], ("all_wait", 1)),
        4: ("sync.WaitGroup.Wait", ["pgo_waitgroup_wait", "wait_for_group"],
            ("all_wait", 1)),
    }


def test_a_deadlock_in_a_callback_is_one_too(build):
    # Found by the thread that sleeps with its goroutine, or by another.
    for _ in range(40):
        result = die(build, "wait_in_callback")
        assert result.returncode == 2
        assert result.stderr.startswith(DEADLOCK + "\n\n")
        state, frames, _ = told(result.stderr)[1]
        assert state == "chan receive, locked to thread"
        assert frames == ["pgo_chan_recv", "wait_for_nobody", "compare",
                          "qsort", "wait_in_callback"]


@pytest.mark.parametrize("way, leaf", [
    ("wait_far_below", ["pgo_chan_recv", "wait_for_nobody"]),
    ("die_far_below", ["pgo_chan_send", "send_on_closed"]),
])
def test_callbacks_in_callbacks_are_shown_to_the_last(build, way, leaf):
    result = die(build, way)
    assert result.returncode == 2
    _, frames, _ = told(result.stderr)[1]
    # Of libc, what was entered: qsort(), or what that became by a jump.
    libc = [f for f in frames if "sort" in f or "libc" in f]
    own = [f for f in frames if f not in libc]
    assert own == leaf + ["compare_below"] * 3 + ["go_below", way]
    assert len(libc) >= 3
    assert frames[-3:] == ["qsort", "go_below", way]


def test_goexit_does_not_leave_frames_of_c_behind(build):
    result = die(build, "leave_through_c")
    assert result.returncode == 2
    assert result.stderr.startswith(
        "fatal error: pgo_goexit() in a callback from C\n\n"
        "goroutine 1 [running]:\n")
    assert told(result.stderr)[1][1] == [
        "pgo_goexit", "leave_in_callback", "qsort", "leave_through_c"]


def test_functions_of_atexit_may_wait(build):
    result = die(build, "exit_slowly")
    assert (result.returncode, result.stdout) == (9, "farewell 4711\n")


def test_nobody_left_after_goexit_of_goroutine_1(build):
    result = die(build, "leave_main")
    assert result.returncode == 2
    assert result.stderr == ("fatal error: no goroutines "
                             "(main called pgo_goexit) - deadlock!\n")


def test_a_sender_dies_of_a_close_while_it_waits(build):
    result = die(build, "close_under_sender")
    assert result.returncode == 2
    assert result.stderr.startswith(
        "panic: send on closed channel\n\ngoroutine 2 [running]:\n")
    assert told(result.stderr) == {
        2: ("running", ["pgo_chan_send", "send_to_nobody"],
            ("close_under_sender", 1)),
    }


@pytest.mark.parametrize("level, ids", [
    ("none", []), ("0", []), ("single", [2]), ("", [2]),
    ("all", [2, 1]), ("1", [2, 1]), ("system", [2, 1]), ("2", [2, 1]),
    ("crash", [2, 1]),
])
def test_gotraceback_says_who_is_shown(build, level, ids):
    result = die(build, "panic_in_another", GOTRACEBACK=level)
    assert result.returncode == (-signal.SIGABRT if level == "crash" else 2)
    assert result.stderr.startswith("panic: send on closed channel\n")
    assert list(told(result.stderr)) == ids


@pytest.mark.parametrize("level, shown", [("all", False), ("system", True)])
def test_frames_of_the_runtime_are_for_the_system_level(build, level, shown):
    result = die(build, "panic_in_another", GOTRACEBACK=level)
    frames = told(result.stderr)[1][1]
    assert "panic_in_another" in frames
    assert ("sched_park" in frames) == shown


def test_a_deep_stack_shows_both_ends(build):
    result = die(build, "panic_deep")
    frames = told(result.stderr)[1][1]
    assert frames[:3] == ["pgo_chan_send", "send_on_closed", "send_deep"]
    assert frames[-2:] == ["send_deep", "panic_deep"]
    assert 90 < len(frames) <= 100
    assert re.search(r"^\.\.\.\d+ frames elided\.\.\.$", result.stderr, re.M)


def test_of_many_who_die_at_once_one_is_told(build):
    for _ in range(10):
        result = die(build, "panic_in_many", GOMAXPROCS="4")
        assert result.returncode == 2
        assert result.stderr.count("panic: send on closed channel\n") == 1
        assert len(told(result.stderr)) == 1


def test_scheduler_detail_comes_before_a_death_when_asked_for(build):
    result = die(build, "send_on_closed", GODEBUG="schedtrace=1000000")
    before = result.stderr.partition("panic: ")[0]
    assert re.search(r"^SCHED \d+ms: gomaxprocs=\d+ .* sysmonwait=", before,
                     re.M)
    assert re.search(r"^  P0: status=", before, re.M)
    assert re.search(r"^  G1: status=", before, re.M)


def test_sigquit_shows_everyone(build):
    process = subprocess.Popen(
        [build / "test/e2e/progs/ways_to_die", "wait_for_signal"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)         # it may still be on its way out of write()
        process.send_signal(signal.SIGQUIT)
        _, err = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 2
    assert err.startswith("SIGQUIT: quit\n")
    seen = told(err)
    assert [seen[i][0] for i in sorted(seen)] == ["sleep", "chan receive",
                                                  "sleep"]
    assert "wait_for_nobody" in seen[2][1]
    assert seen[2][2] == ("wait_for_signal", 1)


def test_a_dump_leaves_the_program_alive(build):
    result = die(build, "dump")
    assert result.returncode == 3           # two goroutines still wait
    assert result.stderr == "on no file: -9\n"
    assert result.stdout.startswith("goroutine 1 [running]:\n")
    assert told(result.stdout) == {
        1: ("running", ["pgo_debug_dump", "dump"], None),
        2: ("chan receive", ["pgo_chan_recv", "wait_for_nobody"],
            ("dump", 1)),
        3: ("sleep", ["pgo_sleep", "sleep_long"], ("dump", 1)),
    }
