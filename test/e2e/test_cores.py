"""Core files, gdb's and the kernel's: what is read from one is what was read
from the process the moment before."""
import os
import shutil
import subprocess

import pytest

import goprog
from corefiles import DUMPED_BY, gcore, running
from outside import dump

pytestmark = pytest.mark.outside

FLAVOURS = {"default": (), "stripped": ("-ldflags=-s -w",)}


@pytest.fixture
def folder(tmp_path):
    """gdb writes a GB for a Go program: nothing of it stays."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def at_rest(answer):
    """All goroutines that stay what they are while the program dies."""
    moves = ("since_ns", "at_least", "m", "p", "moving")
    return {row["id"]: {k: v for k, v in row.items() if k not in moves}
            for row in answer["goroutines"] if row["state"] == "waiting"}


def settled(build, pid):
    """A dump that is as the one before: no stack gets smaller any more."""
    before, now = None, dump(build, pid)[0]
    while before is None or at_rest(before) != at_rest(now):
        before, now = now, dump(build, pid)[0]
    return now


def same_as_live(build, program, folder, dumped_by, min_rows):
    live = settled(build, program.pid)
    core = DUMPED_BY[dumped_by](program, folder)
    answer, said = dump(build, f"core:{core}")
    assert said == ""
    assert at_rest(answer) == at_rest(live)
    assert len(at_rest(live)) >= min_rows
    assert answer["target"] == {**live["target"], "kind": "core"}
    return core


@pytest.mark.parametrize("flavour, dumped_by", [
    ("default", "gcore"), ("default", "kernel"), ("stripped", "kernel"),
    pytest.param("stripped", "gcore", marks=pytest.mark.long)])
def test_a_core_of_go_is_as_the_process_was(build, folder, flavour,
                                            dumped_by):
    exe = goprog.built("waits", *FLAVOURS[flavour])
    with running(exe, folder / "said", folder=folder) as program:
        same_as_live(build, program, folder, dumped_by, 15)


@pytest.mark.parametrize("dumped_by", DUMPED_BY)
def test_a_core_of_pgo_is_as_the_process_was(build, folder, dumped_by):
    exe = build.resolve() / "test/e2e/progs/waits"
    with running(exe, folder=folder) as program:
        core = same_as_live(build, program, folder, dumped_by, 11)
    groups = subprocess.run(
        [build / "bin/pgo-trace", "dump", "-g", f"core:{core}"], text=True,
        capture_output=True, timeout=20, check=True).stdout
    assert groups.count("qsort(") == 1


def test_how_they_ran_and_for_how_long_is_in_a_core(build, folder):
    exe = build.resolve() / "test/e2e/progs/woken"
    keys = "id", "runs", "last_p", "woken_by", "run_ns", "ready_ns"
    with running("env", "PGODEBUG=schedtimes=1", exe,
                 folder=folder) as program:
        live, _ = dump(build, program.pid)
        core, _ = dump(build, f"core:{gcore(program, folder)}")
    waiting = [row for row in live["goroutines"] if row["state"] == "waiting"]
    assert len(waiting) == 6
    in_core = {row["id"]: row for row in core["goroutines"]}
    for row in waiting:
        there = in_core[row["id"]]
        assert [there.get(key) for key in keys] == [
            row.get(key) for key in keys]
        # Its clock stands where the runtime looked at it last.
        assert 0 < there["blocked_ns"] <= row["blocked_ns"]


@pytest.fixture
def moved(build, folder):
    """A core of a program that is now elsewhere: (core, where it is)."""
    exe = folder / "program"
    shutil.copy(build / "test/e2e/progs/waits", exe)
    with running(exe, folder=folder) as program:
        core = gcore(program, folder)
    return core, exe.rename(folder / "moved")


def test_the_program_may_be_named(build, moved):
    core, exe = moved
    _, said = dump(build, f"core:{core}", status=1)
    assert said == (f"pgo-trace: {core}: its program: {exe.parent}/program: "
                    "No such file or directory (core:FILE,EXE)\n")
    answer, said = dump(build, f"core:{core},{exe}")
    assert said == ""
    assert len(answer["goroutines"]) == 13
    assert all("frames" in row for row in answer["goroutines"]
               if row["state"] == "waiting")


def test_another_build_is_refused_in_one_line(build, moved):
    core, _ = moved
    other = build / "examples/server"
    _, said = dump(build, f"core:{core},{other}", status=1)
    assert said.startswith(f"pgo-trace: {core}: ")
    assert " is another build (" in said
    assert said.count("\n") == 1


def test_what_is_cut_off_is_said(build, moved):
    core, exe = moved
    size = core.stat().st_size
    for left in 3 * size // 4, size // 2, size // 4, 5000, 100:
        os.truncate(core, left)
        done = subprocess.run(
            [build / "bin/pgo-trace", "dump", f"core:{core},{exe}"],
            text=True, capture_output=True, timeout=20)
        assert done.returncode in (0, 1)
        assert "cut off" in done.stderr or "no x86-64 core" in done.stderr
        assert done.stderr.count("\n") <= 2


def test_running_goroutines_of_a_core_have_their_stacks(build, folder):
    program = subprocess.Popen(
        [build / "test/e2e/progs/watched", "1", "2"], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert program.stdout.readline() == "4 goroutines\n"
        answer, _ = dump(build, f"core:{gcore(program, folder)}")
    finally:
        program.communicate("")
    running = [row for row in answer["goroutines"]
               if row["state"] == "running"]
    assert running
    assert all(row["frames"][-1]["func"] == "spin" for row in running)


def test_running_goroutines_of_a_go_core_have_their_stacks(build, folder):
    with goprog.running("burn", "ratio", "2") as program:
        answer, _ = dump(build, f"core:{gcore(program, folder)}")
    running = [row for row in answer["goroutines"]
               if row["state"] == "running"]
    assert running
    for row in running:
        main, goexit = row["frames"][-2:]
        assert main["func"].startswith("main."), row
        assert goexit["func"] == "runtime.goexit"
