"""pgo's own programs without an agent: what is read from outside is what the
agent says from inside."""
import subprocess
import time

import pytest

from agent_client import started
from outside import by_agent, by_dump, dump, hide_agent


def both(build, program, agent):
    inside = by_agent(agent.json("/debug/pgo/goroutines"))
    hide_agent(program.pid)
    answer, _ = dump(build, program.pid)
    assert answer["target"]["kind"] == "attach"
    return inside, answer


def funcs(row):
    return [frame["func"] for frame in row["frames"]]


def test_all_waits_and_stacks_are_as_from_inside(build):
    with started(build / "test/e2e/progs/waits") as (program, agent):
        assert program.stdout.readline() == "ready\n"
        inside, answer = both(build, program, agent)
        outside = by_dump(answer)
    assert outside == inside
    assert (answer["torn"], answer["dropped"]) == (0, 0)
    entry = {row["entry"]: row for row in outside.values()}
    assert len(outside) == 13
    assert {row["reason"] for row in outside.values() if row["reason"]} == {
        "chan receive", "chan receive (nil chan)", "chan send",
        "chan send (nil chan)", "sleep", "sync.WaitGroup.Wait"}
    assert entry["deep"]["stack"]["segments"] >= 4
    assert funcs(entry["deep"]).count("dive") > 300 - 100
    assert entry["was_deep"]["stack"]["segments"] >= 1
    assert funcs(entry["variadic"])[-4:] == ["pgo_chan_recv", "receive",
                                             "many", "variadic"]
    assert "inlined" in funcs(entry["through_inlined"])
    assert "qsort" in funcs(entry["in_callback"])[0]
    assert entry["in_c"]["state"] == "syscall"
    assert funcs(entry["in_c"])[-1] == "in_c"


@pytest.mark.fast
def test_the_sleepers_are_as_from_inside(build):
    with started(build / "examples/sleepers") as (program, agent):
        program.stdout.readline()
        inside, answer = both(build, program, agent)
    assert by_dump(answer) == inside
    assert len(inside) == 11


def test_the_server_is_as_from_inside(build):
    with started(build / "examples/server", "-p", "0") as (program, agent):
        url = program.stdout.readline().split()[-1]
        talk = subprocess.Popen(
            ["curl", "-s", "-N", "--http1.0", url], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL)
        assert talk.wait(20) == 0
        time.sleep(0.3)
        inside, answer = both(build, program, agent)
    assert by_dump(answer) == inside
    assert "accept" in str(answer["goroutines"])


def build_waits(build, root, folder, *flags):
    """The same program built otherwise, stripped."""
    exe = folder / "waits"
    subprocess.run([build / "bin/pgo-cc", "-O2", "-g", *flags, "-I",
                    root / "include", "-o", exe,
                    root / "test/e2e/progs/waits.c"], check=True, timeout=60)
    return exe


def test_neither_pie_nor_symbols_are_needed(build, root, tmp_path):
    exe = build_waits(build, root, tmp_path, "-no-pie")
    subprocess.run(["strip", exe], check=True)
    with started(exe) as (program, agent):
        assert program.stdout.readline() == "ready\n"
        inside, answer = both(build, program, agent)
    outside = by_dump(answer)
    assert outside == inside
    # Frames are there, with nothing but addresses and what .dynsym has.
    assert max(len(row["frames"]) for row in outside.values()) > 200


def test_a_program_without_goroutines_yet_or_that_ends_is_one_line(
        build, tmp_path):
    sleep = subprocess.Popen(["sleep", "60"])
    try:
        _, said = dump(build, sleep.pid, status=1)
    finally:
        sleep.kill()
        sleep.wait()
    assert said == (f"pgo-trace: {sleep.pid}: neither a Go program nor built "
                    "with pgo-cc\n")
    _, said = dump(build, sleep.pid, status=1)
    assert said == f"pgo-trace: {sleep.pid}: no such process\n"


def spinning(answer):
    row, = (row for row in answer["goroutines"] if row["entry"] == "spin")
    assert row["state"] == "running"
    return row


def test_running_ones_have_their_stack_only_when_asked(build):
    program = subprocess.Popen([build / "test/e2e/progs/watched", "3", "1"],
                               stdin=subprocess.PIPE, text=True,
                               stdout=subprocess.PIPE)
    try:
        assert program.stdout.readline() == "5 goroutines\n"
        plain = spinning(dump(build, program.pid)[0])
        # A thread that gets no processor cannot be interrupted in time.
        for _ in range(5):
            asked = spinning(dump(build, program.pid, "--running")[0])
            if "frames" in asked:
                break
    finally:
        program.communicate("")
    assert "frames" not in plain
    assert funcs(asked)[-1] == "spin"
