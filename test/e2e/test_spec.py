"""Sentences of Go's specification, memory model and package sync, each with a
program of progs/spec.c's words and what has to come of it.

The table is tried on Go itself, too (go/spec).

A row: the sentence; the scripts, one a goroutine; what each of them says,
without the words (its goroutine's results in order); and how the program ends:
None for well, else the first line of its death, where DEADLOCK is followed by
what goroutines wait for, by id (1 waits for the others).
"""
import os
import re
import subprocess

import pytest

import golang

DEADLOCK = "fatal error: all goroutines are asleep - deadlock!"
SEND = "panic: send on closed channel"

# fmt: off
TABLE = [
    # Channel types
    ("the capacity sets the size of the buffer",
     ["a3# a3<1 a3# a3<2 a3<3 a3#"], ["0/3", "sent", "1/3", "sent", "sent", "3/3"], None),
    ("if the capacity is zero, communication succeeds only when both are ready",
     ["a0?<1 a0?>"], ["would wait", "would wait"], None),
    ("... a receiver is ready",
     ["a0>", "z a0?<5"], ["5", "sent"], None),
    ("... a sender is ready",
     ["a0<5", "z a0?>"], ["sent", "5"], None),
    ("otherwise it succeeds without blocking if the buffer is not full or not empty",
     ["a2<1 a2<2 a2?<3 a2> a2?<4 a2> a2> a2?>"],
     ["sent", "sent", "would wait", "1", "sent", "2", "4", "would wait"], None),
    ("a nil channel is never ready for communication",
     ["n?<1 n?> n#"], ["would wait", "would wait", "0/0"], None),
    ("channels act as first-in-first-out queues",
     ["a9<1 a9<2 a9<3 a9<4 a9> a9> a9> a9>"],
     ["sent"] * 4 + ["1", "2", "3", "4"], None),
    ("... and so do those who wait to send",
     ["a0<1", "z a0<2", "z z a0<3", "z z z z a0> a0> a0>"],
     ["sent", "sent", "sent", "1", "2", "3"], None),
    ("... and those who wait to receive",
     ["a0>", "z a0>", "z z z a0<1 a0<2"], ["1", "2", "sent", "sent"], None),
    ("... also with a buffer: who waits comes after what is in it",
     ["a1<1 a1<2", "z a1> a1>"], ["sent", "sent", "1", "2"], None),
    # Close
    ("sending to a closed channel causes a panic",
     ["a1! a1<1"], ["done"], SEND),
    ("... also when it was closed while the sender waited",
     ["a0<1", "z a0!"], None, SEND),
    ("... also when nothing would wait",
     ["a1! a1?<1"], ["done"], SEND),
    ("closing a closed channel causes a panic",
     ["a0! a0!"], ["done"], "panic: close of closed channel"),
    ("closing the nil channel causes a panic",
     ["n!"], [], "panic: close of nil channel"),
    ("after close and after any sent values, receive returns zero without blocking",
     ["a2<7 a2<8 a2! a2> a2> a2> a2>"],
     ["sent", "sent", "done", "7", "8", "0 closed", "0 closed"], None),
    ("... and those who waited go on",
     ["a0>", "a0>", "z a0!"], ["0 closed", "0 closed", "done"], None),
    ("... and a try says so too",
     ["a0! a0?>"], ["done", "0 closed"], None),
    ("len and cap of a closed channel are what they were",
     ["a2<7 a2! a2# a2> a2#"], ["sent", "done", "1/2", "7", "0/2"], None),
    # Send statements, receive operator
    ("a send on an unbuffered channel can proceed if a receiver is ready",
     ["a0<1", "a0>"], ["sent", "1"], None),
    ("a send on a buffered channel can proceed if there is room",
     ["a1<1 a1<2"], ["sent"], (DEADLOCK, {2: "chan send"})),
    ("a send on a nil channel blocks forever",
     ["n<1"], [], (DEADLOCK, {2: "chan send (nil chan)"})),
    ("a receive blocks until a value is available",
     ["a0>", "z z a0<9"], ["9", "sent"], None),
    ("... for ever, if nobody sends",
     ["a1>"], [], (DEADLOCK, {2: "chan receive"})),
    ("receiving from a nil channel blocks forever",
     ["n>"], [], (DEADLOCK, {2: "chan receive (nil chan)"})),
    # Select statements
    ("if one can proceed, it is chosen",
     ["a1<1 [a1<2,b1<3] [a1>,c1>]"], ["sent", "1", "1"], None),
    ("otherwise, if there is a default case, that is chosen",
     ["[a0<1,a0>,n>,-]"], ["default"], None),
    ("... but not when one can proceed",
     ["a1<4 [a1>,-]"], ["sent", "4"], None),
    ("without default, it blocks until at least one can proceed",
     ["[a0>,b0>]", "z b0<6"], ["6", "sent"], None),
    ("... by a send",
     ["[a0<1,b0<2]", "z b0>"], ["1", "2"], None),
    ("... by a close",
     ["[a0>,b0>]", "z a0!"], ["0 closed", "done"], None),
    ("communication on nil channels never proceeds: only those block forever",
     ["[n>,n<1]"], [], (DEADLOCK, {2: "select"})),
    ("... and so does a select without cases",
     ["[]"], [], (DEADLOCK, {2: "select (no cases)"})),
    ("... of none, the default is chosen",
     ["[-]"], ["default"], None),
    ("a select that sends to a closed channel panics",
     ["a0! [a0<1,b0>]"], ["done"], SEND),
    ("... also when it waited",
     ["[a0<1,b0>]", "z a0!"], None, SEND),
    ("a select's other cases are let go",
     ["[a0>,b0>]", "z a0<1 b0?<2"], ["1", "sent", "would wait"], None),
    ("a goroutine does not meet itself in one select",
     ["[a0<1,a0>]"], [], (DEADLOCK, {2: "select"})),
    ("... but two that do both meet each other",
     ["[a0<1]", "[a0>,b0>]"], ["0", "1"], None),
    # Go statements, program execution
    ("when the function terminates, its goroutine also terminates",
     ["g+1 z g-", "z g="], ["done", "done", "done"], None),
    ("runtime.Goexit terminates the goroutine that calls it; no other",
     ["a1<1 / a1<2", "z a1>"], ["sent", "1"], (DEADLOCK, {})),
    ("the program does not wait for other goroutines",
     ["a0>", "main ends"], [], 3),
    # Package sync
    ("Lock: if the lock is in use, the goroutine blocks until it is available",
     ["m+ z z m-", "z m? m+ m-"], ["done", "done", "0", "done", "done"], None),
    ("a locked Mutex is not associated with a goroutine",
     ["m+", "z m- m?"], ["done", "done", "1"], None),
    ("Lock is not recursive",
     ["m+ m+"], ["done"], (DEADLOCK, {2: "sync.Mutex.Lock"})),
    ("Unlock: it is an error if m is not locked",
     ["m-"], [], "fatal error: sync: unlock of unlocked mutex"),
    ("RWMutex: any number of readers or a single writer",
     ["r+ z z r-", "r+ z z r-", "z w+ w-"],
     ["done"] * 6, None),
    ("... a reader waits for the writer",
     ["w+ r+"], ["done"], (DEADLOCK, {2: "sync.RWMutex.RLock"})),
    ("... a pending Lock excludes new readers",
     ["r+", "z w+", "z z z r+"], ["done"],
     (DEADLOCK, {3: "sync.RWMutex.Lock", 4: "sync.RWMutex.RLock"})),
    ("RUnlock of an unlocked one is an error",
     ["r-"], [], "fatal error: sync: RUnlock of unlocked RWMutex"),
    ("Unlock of one locked for reading is an error",
     ["r+ w-"], ["done"], "fatal error: sync: Unlock of unlocked RWMutex"),
    ("WaitGroup: Wait blocks until the counter is zero",
     ["g+2 z g- z g-", "z g="], ["done"] * 4, None),
    ("... for ever, if it is not",
     ["g+1 g="], ["done"], (DEADLOCK, {2: "sync.WaitGroup.Wait"})),
    ("if the counter goes negative, Add panics",
     ["g+1 g- g-"], ["done", "done"], "panic: sync: negative WaitGroup counter"),
    ("Once: no call to Do returns until the one call to f returns",
     ["o", "z o o"], ["first", "done", "done", "done"], None),
    ("Cond: Wait unlocks, suspends, and locks again",
     ["m+ c= m-", "z m+ c1 m-"], ["done"] * 6, None),
    ("Signal wakes one goroutine",
     ["m+ c= m-", "z m+ c= m-", "z z z m+ c1 m-"], None,
     (DEADLOCK, {3: "sync.Cond.Wait"})),
    ("Broadcast wakes all",
     ["m+ c= m-", "m+ c= m-", "z z m+ c* m-"], ["done"] * 9, None),
    ("... and nobody, when nobody waits: a signal is not kept",
     ["c1 c* m+ c="], ["done"] * 3, (DEADLOCK, {2: "sync.Cond.Wait"})),
]
# fmt: on


def said(stdout):
    """The results, goroutine by goroutine."""
    lines = [line.split(" ", 2) for line in stdout.splitlines()]
    return [result for _, _, result in sorted(lines, key=lambda x: int(x[0]))]


def waits(stderr):
    """{goroutine: what it waits for}, without goroutine 1."""
    found = re.findall(r"^goroutine (\d+) \[([^],]*)[^]]*\]:", stderr, re.M)
    return {int(g): reason for g, reason in found if g != "1"}


ROWS = pytest.mark.parametrize("sentence, scripts, results, end", TABLE,
                               ids=[row[0] for row in TABLE])


def run(program, scripts, procs):
    return subprocess.run([program, *scripts], text=True, capture_output=True,
                          timeout=20, env={**os.environ, "GOMAXPROCS": procs})


@pytest.mark.fast
@pytest.mark.parametrize("procs", ["1", "4"])
@ROWS
def test_pgo_does(build, sentence, scripts, results, end, procs):
    ran = run(build / "test/e2e/progs/spec", scripts, procs)
    if results is not None:
        assert said(ran.stdout) == results
    if end is None or isinstance(end, int):
        assert (ran.returncode, ran.stderr) == (end or 0, "")
        return
    line, who = end if isinstance(end, tuple) else (end, None)
    assert (ran.returncode, ran.stderr.split("\n")[0]) == (2, line)
    if who is not None:
        assert waits(ran.stderr) == who


@pytest.fixture(scope="module")
def in_go(tmp_path_factory):
    return golang.build(golang.ROOT / "test/e2e/go/spec",
                        tmp_path_factory.mktemp("spec") / "spec")


@ROWS
def test_go_does_too(in_go, sentence, scripts, results, end):
    """The table itself is right."""
    ran = run(in_go, scripts, "4")
    if results is not None:
        assert said(ran.stdout) == results
    if end is None or isinstance(end, int):
        assert (ran.returncode, ran.stderr) == (0, "")
        return
    line, who = end if isinstance(end, tuple) else (end, None)
    assert (ran.returncode, ran.stderr.split("\n")[0]) == (2, line)
    # What they wait for has other names in older ones.
    if who is not None and golang.machine() >= (25, 0):
        seen = waits(ran.stderr).values()
        assert sorted(seen) == sorted(who.values())
