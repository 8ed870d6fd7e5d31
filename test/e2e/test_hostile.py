"""Programs that turn hostile while a viewer looks at them, and pgo's own that
lie: a line in time, little memory, and the viewer lives."""
import random
import re
import signal
import subprocess
import time

import pytest

import goprog
from liars import LIES_S, Liar, PgoLiar, little_memory
from screen import Screen

pytestmark = [pytest.mark.attach, pytest.mark.outside]

NOWHERE = 0x1000        # a page nobody has


def too_long(liar):
    liar.set_list(liar.read(liar.at["runtime.allgptr"]), 1 << 40)


def nowhere(liar):
    liar.set_list(NOWHERE, 100)


def stacks(liar):
    """Bounds and stack pointers of all goroutines are nonsense."""
    array = liar.read(liar.at["runtime.allgptr"])
    for i in range(1, liar.read(liar.at["runtime.allglen"])):
        g = liar.read(array + 8 * i)
        liar.write(g, (1 << 64) - 8 * i, 8 * i)


def threads(liar):
    """The list of Ms leads back into itself, by whatever word links it."""
    m = liar.read(liar.at["runtime.allm"])
    for at in range(m + 160, m + 640, 8):
        word = liar.read(at)
        if word != m and word % 8 == 0 and word >> 32 == m >> 32:
            liar.write(at, m)


def modules(liar):
    first = liar.at["runtime.firstmoduledata"]
    for at in range(first + 320, first + 720, 8):
        if not liar.read(at):
            liar.write(at, first)


def ps(liar):
    liar.write(liar.at["runtime.allp"] + 8, 1 << 40)


LIES = [too_long, nowhere, stacks, threads, modules, ps]


@pytest.fixture
def liar():
    with goprog.running("liar", 200) as child:
        yield Liar(child)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_the_viewer_lives_when_lies_begin(build, liar, lie):
    with Screen([build / "bin/pgo-top", "-d", "0.2", liar.pid]) as s:
        s.until(r"\b200 .*chan receive")
        # Or the program itself would fall over them.
        subprocess.run(["kill", "-STOP", str(liar.pid)], check=True)
        lie(liar)
        s.pump(1)
        s.press("f1")
        s.until("^Keys of pgo-top")
        s.press("esc", "q")
        assert s.wait() == 0
        with open(f"/proc/{liar.pid}/status") as status:
            assert "State:\tT" in status.read()
    begin = time.monotonic()
    done = subprocess.run([build / "bin/pgo-trace", "dump", str(liar.pid)],
                          text=True, capture_output=True, timeout=30,
                          preexec_fn=little_memory)
    assert time.monotonic() - begin < LIES_S
    assert done.returncode in (0, 1), done.stderr
    assert re.fullmatch(r"pgo-trace: [^\n]+\n", done.stderr), done.stderr


def test_what_was_a_lie_may_be_true_again(build, liar):
    array = liar.read(liar.at["runtime.allgptr"])
    count = liar.read(liar.at["runtime.allglen"])
    with Screen([build / "bin/pgo-top", "-d", "0.2", liar.pid]) as s:
        s.until(r"\[live")
        subprocess.run(["kill", "-STOP", str(liar.pid)], check=True)
        too_long(liar)
        s.until(r"\[GONE\]")
        s.until(r"last frame kept: ")
        liar.set_list(array, count)
        subprocess.run(["kill", "-CONT", str(liar.pid)], check=True)
        s.until(r"\[live")


def test_the_viewer_lives_when_memory_goes_mute(build, liar):
    if not liar.silent:
        pytest.skip("no userfaultfd")
    with Screen([build / "bin/pgo-top", "-d", "0.2", liar.pid]) as s:
        s.until(r"\[live")
        subprocess.run(["kill", "-STOP", str(liar.pid)], check=True)
        liar.set_list(liar.silent, 100)
        s.until("does not answer", 2 * LIES_S)
        s.press("q")
        assert s.wait() == 0


def test_a_stopped_program_is_read_as_any_other(build, liar):
    subprocess.run(["kill", "-STOP", str(liar.pid)], check=True)
    done = subprocess.run([build / "bin/pgo-trace", "dump", "-g",
                           str(liar.pid)], text=True, capture_output=True,
                          timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("200 goroutines [chan receive")


# pgo's own -----------------------------------------------------------------

@pytest.fixture
def pgo_liar(build):
    """It stands still, so that it does not see the lies."""
    with subprocess.Popen([build / "test/e2e/progs/waits"], text=True,
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGSTOP)
        yield PgoLiar(child)
        child.kill()


def endless_table(liar):
    liar.put(liar.member("gtab", "count"), b"\xff" * 4)


def one_chunk_again_and_again(liar):
    chunks = liar.member("gtab", "chunk")
    liar.write(chunks, *[liar.read(chunks)] * 16384)
    endless_table(liar)


def wild_chunks(liar):
    liar.write(liar.member("gtab", "chunk"),
               *random.Random(1).choices(range(1 << 48), k=16384))
    endless_table(liar)


def threads_in_a_circle(liar):
    m = liar.read(liar.member("sched", "allm"))
    second = liar.read(m + liar.offset["m.alllink"])
    liar.write(second + liar.offset["m.alllink"], second)


def endless_ps(liar):
    liar.put(liar.member("sched", "gomaxprocs"), b"\xff\xff\xff\x7f")


def frames_in_a_circle(liar):
    """Each stack's frames are each other's callers, one up, one down."""
    chunk = liar.read(liar.member("gtab", "chunk"))
    first = chunk + liar.offset["gtab_chunk.g"]
    for g in range(first, first + 13 * liar.bytes["g"], liar.bytes["g"]):
        sp = liar.read(g + liar.offset["g.sp"])
        up, down = sp + liar.bytes["left"], sp + liar.bytes["left"] + 16
        liar.write(sp + liar.offset["left.rbp"], down)
        liar.write(up, down, sp + 1, up, sp + 1)


def segments_in_a_circle(liar):
    chunk = liar.read(liar.member("gtab", "chunk"))
    first = chunk + liar.offset["gtab_chunk.g"]
    for g in range(first, first + 13 * liar.bytes["g"], liar.bytes["g"]):
        base = liar.read(g + liar.offset["g.base"])
        liar.write(base + liar.offset["seg.next"], base)


PGO_LIES = [endless_table, one_chunk_again_and_again, wild_chunks,
            threads_in_a_circle, endless_ps, frames_in_a_circle, segments_in_a_circle]


def held(build, pid):
    """In time, in little memory, at most a line; how it ended."""
    begin = time.monotonic()
    done = subprocess.run([build / "bin/pgo-trace", "dump", "-g", str(pid)],
                          text=True, capture_output=True, timeout=30,
                          preexec_fn=little_memory)
    assert time.monotonic() - begin < LIES_S
    assert done.returncode in (0, 1), done.stderr
    assert all(line.startswith("pgo-trace: ")
               for line in done.stderr.splitlines())
    assert done.stderr.count("\n") <= 2, done.stderr
    return done.returncode


@pytest.mark.parametrize("lie", PGO_LIES, ids=lambda lie: lie.__name__)
def test_a_pgo_program_that_lies(build, pgo_liar, lie):
    lie(pgo_liar)
    held(build, pgo_liar.pid)


def test_a_layout_table_of_chance(build, pgo_liar):
    chance = random.Random(7)
    good = pgo_liar.get(pgo_liar.table, pgo_liar.size)
    ends = set()
    for _ in range(40):
        bad = bytearray(good)
        for _ in range(chance.choice((1, 3, 30))):
            at = chance.randrange(len(bad) // 8) * 8
            bad[at:at + 8] = chance.choice((
                chance.randbytes(8), bytes(8), b"\xff" * 8,
                chance.randrange(64).to_bytes(8, "little")))
        pgo_liar.put(pgo_liar.table, bytes(bad))
        ends.add(held(build, pgo_liar.pid))
    pgo_liar.put(pgo_liar.table, good)
    assert held(build, pgo_liar.pid) == 0
    assert ends == {0, 1}
