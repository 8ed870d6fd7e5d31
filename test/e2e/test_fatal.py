"""How programs die: what stderr says, in Go's words, and the exit status."""
import os
import re
import signal
import subprocess
import time

import pytest

from goroutine_dump import told

SOURCE = "test/e2e/progs/deaths.c"
DEADLOCK = "fatal error: all goroutines are asleep - deadlock!"
OVERRUN = ("fatal error: goroutine 2 overran its stack segment (call foreign "
           "code through pgo_sys(), or build it with pgo-cc)")

JUMP = ("fatal error: longjmp() to a function that has returned, or is "
        "another goroutine's")

BY_ENTRY = ("entry", 1)

# WAY: the first line, the exit status.
DEATHS = {
    "deadlock": (DEADLOCK, 2),
    "deep": (DEADLOCK, 2),
    "send": ("panic: send on closed channel", 2),
    "select": ("panic: send on closed channel", 2),
    "close": ("panic: close of closed channel", 2),
    "close-nil": ("panic: close of nil channel", 2),
    "callback": ("panic: close of nil channel", 2),
    "waitgroup": ("panic: sync: negative WaitGroup counter", 2),
    "unlock": ("fatal error: sync: unlock of unlocked mutex", 2),
    "runlock": ("fatal error: sync: RUnlock of unlocked RWMutex", 2),
    "rwunlock": ("fatal error: sync: Unlock of unlocked RWMutex", 2),
    "sema": ("fatal error: pgo: semaphore counter overflow", 2),
    "overrun": (OVERRUN, 2),
    "go-nil": ("fatal error: go of nil func value", 2),
    "jump-dead": (JUMP, 2),
    "jump-other": (JUMP, 2),
    "early-go": ("", 3),
    "early-goexit": ("fatal error: pgo_goexit() on a thread that runs no "
                     "goroutine", 2),
    "quit": ("SIGQUIT: quit", 2),
    "segv": ("SIGSEGV: segmentation violation", -signal.SIGSEGV),
}


def die(build, way, **env):
    run = subprocess.run([build / "test/e2e/progs/deaths", way],
                         capture_output=True, text=True, timeout=10,
                         env={**os.environ, "GOMAXPROCS": "2", **env})
    return run


@pytest.mark.parametrize("way", DEATHS)
def test_first_line_and_status(build, way):
    line, status = DEATHS[way]
    run = die(build, way)
    assert run.stderr.split("\n")[0] == line
    assert run.returncode == status


def test_a_deadlock_shows_everyone(build):
    seen = told(die(build, "deadlock").stderr)
    waits = ["pgo_chan_recv", "wait_for_ever"]
    assert seen == {1: ("chan receive", waits + ["entry"], None),
                    2: ("chan receive", waits + ["waiter"], BY_ENTRY)}


def test_misuse_shows_who_did_it_and_its_creator(build):
    seen = told(die(build, "send").stderr)
    assert seen == {2: ("running", ["pgo_chan_send", "misuse_channel",
                                    "misuse", "misuser"], BY_ENTRY)}


@pytest.mark.parametrize("way, function", [
    ("unlock", "pgo_mutex_unlock"), ("runlock", "pgo_rwmutex_runlock"),
    ("rwunlock", "pgo_rwmutex_unlock"), ("sema", "pgo_sema_release"),
    ("waitgroup", "pgo_waitgroup_done")])
def test_misuse_of_a_lock_shows_who_did_it(build, way, function):
    text = die(build, way).stderr
    seen = told(text)[2]
    assert function in text
    assert seen[1][-3:] == ["misuse_lock", "misuse", "misuser"], text
    assert seen[2] == BY_ENTRY


def line_of(root, text):
    """Where TEXT stands, alone, in the program."""
    lines = (root / SOURCE).read_text().split("\n")
    return 1 + next(i for i, line in enumerate(lines) if text in line)


@pytest.mark.parametrize("way", [
    way for way in DEATHS if way not in ("deadlock", "deep", "quit") and
    not way.startswith("early")])
def test_misuse_is_told_with_the_line_of_creation(build, root, way):
    text = die(build, way).stderr
    block = next(b for b in text.split("\n\n") if "\ngoroutine 2 [" in
                 "\n" + b)
    assert re.search(r"^created by entry in goroutine 1\n"
                     rf"\t/\S*{SOURCE}:(\d+) \+0x[0-9a-f]+$", block,
                     re.M)[1] == str(line_of(root, "pgo_go(misuser, NULL);"))
    if way != "overrun":        # whose frames cannot be trusted
        assert re.search(rf"^misuse\S*\(\.\.\.\)\n\t/\S*{SOURCE}:\d+ ",
                         block, re.M)


def test_no_lines_without_pgo_sym(build):
    run = die(build, "send", PGO_SYM="off")
    assert told(run.stderr) == told(die(build, "send").stderr)
    assert re.search(r"^misuser\(\.\.\.\)\n\t\?\?:0 \+0x", run.stderr, re.M)
    assert run.returncode == 2


@pytest.mark.parametrize("script, seconds", [
    ("exit 0", 1), ("exec sleep 100", 4), ("exec yes", 2),
    ("head -c 9 >/dev/null; printf '\\n'; exec sleep 100", 4),
    ("while read -r a; do printf 'a\\tb\\n\\n'; done", 1),
    ("while read -r a; do head -c 20000 /dev/zero; done", 1)])
def test_a_pgo_sym_that_lies_keeps_nobody(build, tmp_path, script, seconds):
    liar = tmp_path / "pgo-sym"
    liar.write_text(f"#!/bin/sh\n{script}\n")
    liar.chmod(0o755)
    began = time.monotonic()
    run = die(build, "send", PGO_SYM=str(liar))
    assert time.monotonic() - began < seconds
    assert told(run.stderr) == told(die(build, "send").stderr)
    assert run.returncode == 2


def test_misuse_in_a_callback_shows_the_whole_way(build):
    state, functions, creator = told(
        die(build, "callback").stderr)[2]
    assert functions[:2] == ["pgo_chan_close", "compare"]
    assert functions[-3:] == ["qsort", "misuse", "misuser"]
    assert (state, creator) == ("running", BY_ENTRY)


def test_a_crash_shows_signal_and_stack(build):
    run = die(build, "segv")
    assert re.search(r"\n\[signal SIGSEGV: segmentation violation code=0x1 "
                     r"addr=0x10 pc=0x[0-9a-f]+\]\n\n", run.stderr)
    assert told(run.stderr) == {
        2: ("running", ["misuse", "misuser"], BY_ENTRY)}


def test_quit_shows_who_is_in_c_by_the_call(build):
    seen = told(die(build, "quit").stderr)
    assert seen[2] == ("syscall", ["read", "reader"], BY_ENTRY)
    assert seen[3][0] == "chan receive"
    assert seen[1][1][-1] == "entry"


def test_a_dump_is_the_callers_own_then_the_others(build):
    run = die(build, "dump")
    assert (run.returncode, run.stderr) == (0, "")
    seen = told(run.stdout)
    assert list(seen) == [1, 2, 3]
    assert seen[1] == ("running", ["pgo_debug_dump", "entry"], None)
    assert seen[2] == ("syscall", ["read", "reader"], BY_ENTRY)


def test_a_deep_stack_shows_both_ends(build):
    text = die(build, "deep").stderr
    functions = told(text)[2][1]
    assert functions[:2] == ["pgo_chan_recv", "wait_for_ever"]
    assert functions[-1] == "deep"
    elided = int(re.search(r"^\.\.\.(\d+) frames elided\.\.\.$", text,
                           re.M)[1])
    # gcc may have made a descend.isra.0 of it.
    shown = sum(name.startswith("descend") for name in functions)
    assert 90 < shown < 100
    assert shown + elided == 301


@pytest.mark.parametrize("level,ids", [
    ("none", []), ("single", [2]), ("all", [2, 1]), ("1", [2, 1]),
    ("system", [2, 1])])
def test_gotraceback_says_how_much(build, level, ids):
    run = die(build, "send", GOTRACEBACK=level)
    assert list(told(run.stderr)) == ids
    assert ("fatal_panic(...)" in run.stderr) == (level == "system")
    assert run.returncode == 2


def test_crash_leaves_by_abort(build):
    run = die(build, "send", GOTRACEBACK="crash")
    assert run.returncode == -signal.SIGABRT
    assert list(told(run.stderr)) == [2, 1]


def test_the_scheduler_is_shown_first_when_it_was_asked_for(build):
    lines = die(build, "send", GODEBUG="schedtrace=60000").stderr.split("\n")
    starts = [line.split("=")[0] for line in lines]
    # Its own line, and the first of sysmon if that got to run.
    assert starts.count("SCHED 0ms: gomaxprocs") in (1, 2)
    panic = lines.index("panic: send on closed channel")
    assert any(line.startswith("  G2: status=") for line in lines[:panic])
