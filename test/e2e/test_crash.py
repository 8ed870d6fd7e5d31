"""Crash signals: Go's text with the goroutine's stack, then the death of any C
program."""
import os
import re
import resource
import signal
import subprocess

import pytest

import under
from goroutine_dump import told
from plain_env import WITHOUT_LINES


def crash(build, way, limit_s=10, cwd=None, core=False, **env):
    def limits():
        if core:
            most = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (most, most))

    return subprocess.run([build / "test/e2e/progs/crashes", way], text=True,
                          timeout=limit_s, capture_output=True, cwd=cwd,
                          stdin=subprocess.DEVNULL, env=WITHOUT_LINES | env,
                          preexec_fn=limits)


def frames(text, goroutine):
    """The functions of one goroutine, leaf first."""
    return told(text)[goroutine][1]


# What valgrind, if we run under it, says instead of the kernel.
VALGRINDS_CODE = {"no_such_instruction": 1, "breakpoint": 1, "call_nothing": 2}


@pytest.mark.parametrize("way, sig, said, code, leaf, in_c", [
    ("store", "SEGV", "segmentation violation", 1, ["store"], False),
    ("beyond_the_file", "BUS", "bus error", 2, ["beyond_the_file"], False),
    ("divide", "FPE", "floating-point exception", 1, ["divide"], False),
    ("no_such_instruction", "ILL", "illegal instruction", 2,
     ["no_such_instruction"], False),
    ("breakpoint", "TRAP", "trace trap", 128, ["breakpoint"], False),
    ("give_up", "ABRT", "abort", -6, ["abort", "give_up"], True),
    ("assume", "ABRT", "abort", -6, ["__assert_fail", "assume"], True),
    ("forbidden_call", "SYS", "bad system call", -6,
     ["raise", "forbidden_call"], True),
    ("call_nothing", "SEGV", "segmentation violation", 1,
     ["?? 0x0", "call_nothing"], False),
    ("read_into_libc", "SEGV", "segmentation violation", 1,
     ["strtod", "read_into_libc"], True),
    ("in_a_callback", "SEGV", "segmentation violation", 1,
     ["store", "compare", "qsort", "in_a_callback"], True),
    ("break_the_heap", "ABRT", "abort", -6, ["malloc", "break_the_heap"],
     True),
])
def test_a_crash_is_told_and_kills(build, way, sig, said, code, leaf, in_c):
    result = crash(build, way)
    if under.SLOWER > 1:
        code = VALGRINDS_CODE.get(way, code)
    text = f"SIG{sig}: {said}"
    assert result.returncode == -getattr(signal, "SIG" + sig), result.stderr
    head = re.search(
        rf"^{text}\nPC=(0x[0-9a-f]+) m=\d+ sigcode={code}"
        rf"(?: addr=(0x[0-9a-f]+))?\n(signal arrived during cgo execution\n)?"
        rf"\[signal {text} code={hex(code & 0xffffffff)} "
        rf"addr=(0x[0-9a-f]+) pc=(0x[0-9a-f]+)\]\n\n"
        rf"goroutine 2 \[running\]:\n", result.stderr, re.M)
    assert head, result.stderr
    assert head[1] == head[5]
    assert (head[2] or "0x0") == head[4]
    assert bool(head[2]) == (sig in ("SEGV", "BUS"))
    assert bool(head[3]) == in_c
    assert frames(result.stderr, 2) == leaf + ["culprit"]
    assert re.search(r"^created by entry in goroutine 1$", result.stderr,
                     re.M)
    assert f"\nrip    {head[1]}\n" in result.stderr


def test_a_crash_in_a_leaf_shows_who_called_it(build):
    result = crash(build, "copy_to_nowhere")
    assert result.returncode == -signal.SIGSEGV
    assert frames(result.stderr, 2)[-2:] == ["copy_to_nowhere", "culprit"]


@pytest.mark.parametrize("way, function, limit", [
    # On the main thread's stack, whose size is the user's, and on another's.
    ("too_deep_in_a_callback", "compare_forever", r"\d+"),
    ("too_wide_in_a_callback", "compare_widely", "1048576")])
def test_an_overflow_in_a_callback_is_the_threads(build, way, function, limit):
    result = crash(build, way)
    assert result.returncode == 2
    assert re.match(
        rf"runtime: thread stack exceeds {limit}-byte limit\n"
        r"runtime: sp=0x[0-9a-f]+ stack=\[0x[0-9a-f]+, 0x[0-9a-f]+\] "
        r"\(goroutine 2 in C: qsort\(\) and what it calls back; a goroutine "
        r"of its own has more\)\n"
        r"fatal error: stack overflow\n\n"
        rf"goroutine 2 \[running\]:\n{function}\(",
        result.stderr), result.stderr[:400]


def test_a_crash_of_a_thread_shows_all_goroutines(build):
    result = crash(build, "in_a_thread")
    assert result.returncode == -signal.SIGSEGV
    assert " m=-1 " in result.stderr
    assert frames(result.stderr, 1)[-1] == "entry"
    assert "goroutine 2 [syscall]:" in result.stderr


def test_a_crash_of_the_crash_ends(build):
    result = crash(build, "in_the_crash")
    assert result.returncode == -signal.SIGSEGV
    assert result.stderr.startswith("SIGSEGV: segmentation violation\nPC=0x")


@pytest.mark.parametrize("way", ["caught", "caught_before"])
def test_the_programs_own_handler_is_the_one(build, way):
    result = crash(build, way)
    assert (result.returncode, result.stderr) == (7, "")


def test_a_handler_that_gives_way_gives_back_the_dump(build):
    result = crash(build, "told_by_both")
    assert result.returncode == -signal.SIGSEGV
    assert frames(result.stderr, 2) == ["store", "told_by_both", "culprit"]


@pytest.mark.parametrize("level, ids", [
    ("none", []), ("single", [2]), ("all", [2, 1])])
def test_gotraceback_says_how_much(build, level, ids):
    result = crash(build, "store", GOTRACEBACK=level)
    found = re.findall(r"^goroutine (\d+) \[", result.stderr, re.M)
    assert [int(i) for i in found] == ids
    assert ("\nrax    0x" in result.stderr) == (level != "none")
    assert result.returncode == -signal.SIGSEGV


@pytest.mark.parametrize("way, sig", [("store", signal.SIGSEGV),
                                      ("give_up", signal.SIGABRT)])
def test_a_core_is_left_where_the_limit_allows(build, tmp_path, way, sig):
    process = subprocess.Popen(
        [build / "test/e2e/progs/crashes", way], cwd=tmp_path,
        env=WITHOUT_LINES | {"GOTRACEBACK": "crash"},
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_CORE,
            (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2))
    status = os.waitpid(process.pid, 0)[1]
    process.returncode = status
    assert os.WTERMSIG(status) == sig
    wanted = resource.getrlimit(resource.RLIMIT_CORE)[1] != 0
    assert os.WCOREDUMP(status) == wanted
