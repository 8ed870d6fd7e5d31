"""pgo's own programs without an agent: what is read from outside is what the
agent says from inside."""
import itertools
import os
import shutil
import subprocess
import time

import pytest

from agent_client import started
from outside import by_agent, by_dump, dump, hide_agent
import under

pytestmark = pytest.mark.outside


# Deeper ones are cut, before what the runtime does inside is taken off.
DEPTH_MAX = 1000


def both(build, program, agent):
    """The rows from inside, and what is read from outside.  What changed
    between the two looks from inside (segments that were not used are given
    back) is taken as the reader saw it, if that is one of them."""
    before = by_agent(agent.json("/debug/pgo/goroutines"))
    hide_agent(program.pid)
    answer, _ = dump(build, program.pid)
    assert answer["target"]["kind"] == "attach"
    after = by_agent(agent.json("/debug/pgo/goroutines"))
    outside = by_dump(answer)
    return {id: after[id] if after.get(id) == outside.get(id) else row
            for id, row in before.items()}, answer


def from_c(rows):
    """From outside a callback that waits shows from the function of C on, that
    called it: the frames on its thread's stack are not read.  First of a stack
    the function stands where it begins, behind others a byte later."""
    for row in rows.values():
        frames = row["frames"]
        at = [i for i, frame in enumerate(frames)
              if "qsort" in frame.get("func", "")]
        row["frames"] = frames[at[0]:] if at else frames
        for frame in row["frames"][:len(at)]:
            frame.pop("pc", None)
    return rows


def by_names(rows):
    """Stacks of equal names are one, whose addresses are the first's."""
    for row in rows.values():
        for frame in row["frames"]:
            if "func" in frame:
                frame.pop("pc", None)
    return rows


def funcs(row):
    return [frame["func"] for frame in row["frames"]]


def test_all_waits_and_stacks_are_as_from_inside(build):
    with started(build / "test/e2e/progs/waits") as (program, agent):
        assert program.stdout.readline() == "ready\n"
        inside, answer = both(build, program, agent)
        outside = by_dump(answer)
    assert from_c(outside) == from_c(inside)
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


TIMES = "run_ns", "ready_ns", "blocked_ns"


def times(answer):
    return {row["id"]: [row.get(key) for key in TIMES]
            for row in answer["goroutines"]}


def test_how_they_ran_is_as_from_inside(build):
    with started(build / "test/e2e/progs/woken") as (program, agent):
        assert program.stdout.readline() == "ready\n"
        inside, answer = both(build, program, agent)
        assert set(itertools.chain(*times(answer).values())) == {None}
    outside = by_dump(answer)
    assert outside == inside
    by = {kind: [row for row in outside.values() if row["entry"] == kind]
          for kind in ("woken", "waker")}
    assert {row["woken_by"] for row in by["woken"]} == {
        row["id"] for row in by["waker"]}
    assert all(row["runs"] >= 2 for row in outside.values())


def test_times_are_as_from_inside(build):
    with started(build / "test/e2e/progs/woken",
                 PGODEBUG="schedtimes=1") as (program, agent):
        assert program.stdout.readline() == "ready\n"
        before = times(agent.json("/debug/pgo/goroutines"))
        hide_agent(program.pid)
        outside = times(dump(build, program.pid)[0])
        after = times(agent.json("/debug/pgo/goroutines"))
    assert len(before) == 7
    for id, inside in before.items():
        assert all(a <= b <= c for a, b, c in
                   zip(inside, outside[id], after[id])), (
            inside, outside[id], after[id])


def test_times_are_no_longer_known_when_nobody_asks(build):
    seconds = 2 * under.SLOWER
    with started(build / "test/e2e/progs/woken") as (program, agent):
        assert program.stdout.readline() == "ready\n"
        agent.json(f"/debug/pgo/goroutines?times={seconds}")
        hide_agent(program.pid)
        asked = times(dump(build, program.pid)[0])
        time.sleep(seconds + 0.1)
        later = times(dump(build, program.pid)[0])
    assert all(run == 0 < blocked for run, _, blocked in
               list(asked.values())[1:])
    assert set(itertools.chain(*later.values())) == {None}


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
    outside = by_names(from_c(by_dump(answer)))
    assert outside == by_names(from_c(inside))
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


def test_accepted_stacks_of_a_busy_program_are_whole(build):
    """Everything at once: what is no longer where it was is marked, and all
    other stacks end where their goroutine began."""
    whole = moving = 0
    with subprocess.Popen(
            [build / "test/stress/hammer"], stdout=subprocess.DEVNULL,
            env=dict(os.environ, PGO_STRESS_SECONDS=str(30 * under.SLOWER),
                     HAMMER_GOROUTINES="2000")) as hammer:
        time.sleep(0.3)
        for _ in range(5):
            answer, _ = dump(build, hammer.pid)
            for row in answer["goroutines"]:
                moving += row.get("moving", False)
                if 0 < len(row.get("frames", [])) < DEPTH_MAX:
                    assert row["frames"][-1]["func"] == row["entry"], row
                    whole += 1
        hammer.kill()
    assert whole > 100
    assert moving < whole


def test_many_cost_few_system_calls(build, tmp_path):
    if not shutil.which("strace"):
        pytest.skip("no strace")
    count, out = 20000, tmp_path / "calls"
    with subprocess.Popen([build / "test/e2e/progs/watched", str(count), "0"],
                          text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as program:
        assert program.stdout.readline() == f"{count + 1} goroutines\n"
        subprocess.run(["strace", "-f", "-o", out, build / "bin/pgo-trace",
                        "dump", "-g", str(program.pid)], check=True,
                       timeout=50, capture_output=True)
        program.kill()
    calls = [line.split()[1].split("(")[0]
             for line in out.read_text().splitlines()]
    assert 0 < calls.count("process_vm_readv") <= count / 64
    assert "ptrace" not in calls and "connect" not in calls
