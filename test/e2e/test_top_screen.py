"""pgo-top on a terminal, read by pyte."""
import os
import signal
import termios
import time

import pytest

from fake_agent import FakeAgent, goroutines, page
from screen import Screen


@pytest.fixture
def agent():
    with FakeAgent(goroutines(3000)) as it:
        yield it


@pytest.fixture
def open_top(build):
    def start(target, *args, **how):
        return Screen([build / "bin/pgo-top", "-d", "0.2", *args, target],
                      **how)
    return start


def selected(s):
    """The reason of the stack under the cursor."""
    rows = s.reversed_rows()
    assert len(rows) == 1, s.text()
    return s.line(rows[0])[43:57].strip()


def test_the_stacks_screen(open_top, agent):
    with open_top(agent.target) as s:
        s.until(r"F1Help")
        assert s.line(0).endswith("[live 0.2s]")
        assert "chatd  pid 4711" in s.line(0)
        assert s.line(5) == "[Stacks] Goroutines"
        assert s.line(6).split() == ["COUNT", "+/s", "WAIT-MAX", "WAIT-P50",
                                     "STACK", "REASON", "WHERE"]
        assert s.line(7).startswith("   1,500")
        assert selected(s) == "chan receive"
        s.until(r"^   1,500       0 ")          # a second frame: rates
        assert s.line(22) == ("1-6 of 6 stacks, 3,000 goroutines  "
                              "sort: COUNT v  filter: none")


def test_keys_move_sort_search_filter_and_open(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        s.press("j", "down")
        s.until("sleep")
        s.pump(0.2)
        assert selected(s) == "sleep"
        s.press("end")
        s.pump(0.2)
        assert selected(s) == "running"
        s.press("k", "home")
        s.pump(0.2)
        assert selected(s) == "chan receive"
        s.press(">", ">")
        s.until("sort: WAIT-MAX v")
        assert s.line(7)[43:50] == "running"
        assert selected(s) == "chan receive"    # it went with its stack
        s.press("s", "count", "enter")
        s.until("sort: COUNT v")
        s.press("/", "hub", "enter")
        s.pump(0.2)
        assert selected(s) == "select"
        s.press("\\", "!serve", "enter")
        s.until("1-2 of 2 stacks")
        s.press("esc")
        s.until("1-6 of 6 stacks")
        s.press("enter")
        s.until(r"stack 2 of 6, 3 frames")
        assert s.until(r"> 2  hub_loop +src/hub_loop.c:12$")
        s.press("esc")
        s.until("F1Help")
        s.press("h")
        s.until("^Keys of pgo-top")
        s.press("q")
        assert s.wait() == 0


def test_pause_stops_reading(open_top, agent):
    with open_top(agent.target) as s:
        s.until("live")
        s.press(" ")
        s.until(r"\[PAUSED\]")
        s.pump(0.3)
        before = agent.requests
        s.pump(0.7)
        assert agent.requests == before
        s.press(" ")
        s.until(r"\[live")
        s.pump(0.5)
        assert agent.requests > before


def test_quitting_gives_the_terminal_back(open_top, agent):
    for how in ("q", "f10", "\x03", signal.SIGTERM):
        with open_top(agent.target) as s:
            before = termios.tcgetattr(s.fd)
            s.until("F1Help")
            assert termios.tcgetattr(s.fd) != before
            if isinstance(how, str):
                s.press(how)
            else:
                os.kill(s.pid, how)
            start = time.monotonic()
            assert s.wait() == 0
            assert time.monotonic() - start < 0.5
            assert termios.tcgetattr(s.fd) == before
            assert not s.screen.cursor.hidden


def test_a_hanging_target_keeps_no_key_waiting(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        agent.delay_s = 4
        s.pump(0.5)
        start = time.monotonic()
        s.press("h")
        s.until("^Keys of pgo-top")
        assert time.monotonic() - start < 0.3
        s.press("q")
        assert s.wait() == 0
        assert time.monotonic() - start < 1


def test_resizing_draws_what_fits(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        for rows, cols, shows in (
                (10, 30, r"^   COUNT     \+/s WAIT"), (3, 10, r"^3,000 Gs|1,500"),
                (40, 120, r"subscribe < handle < serve$"), (1, 1, "^3"),
                (60, 300, "F10Quit"), (24, 80, "F10Quit")):
            s.resize(rows, cols)
            s.until(shows)
        s.press("q")
        assert s.wait() == 0


def test_it_starts_on_one_cell(open_top, agent):
    with open_top(agent.target, rows=1, cols=1) as s:
        s.until("^3")
        s.press("j", "enter", "h", "esc", "/", "x", "esc", "q")
        assert s.wait() == 0


def test_a_target_that_goes_is_kept_and_found_again(open_top):
    with FakeAgent(goroutines(3000)) as agent:
        port = agent.port
        s = open_top(agent.target).__enter__()
        s.until("F1Help")
    try:
        s.until(r"\[GONE\]")
        s.until(r"^target gone, last frame kept: 127.0.0.1:\d+: Connection "
                "refused")
        s.until("^   1,500 ")
        with FakeAgent(goroutines(200), port=port):
            s.until(r"\[live")
            s.until("^     100 ")
            s.press("q")
            assert s.wait() == 0
    finally:
        s.__exit__()


@pytest.mark.parametrize("env, coloured", [
    ({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "vt100"}, False)])
def test_colours_are_where_they_are_wanted(open_top, agent, env, coloured):
    with open_top(agent.target, **env) as s:
        s.until("F1Help")
        colours = {s.screen.buffer[y][x].fg for y in (0, 23)
                   for x in range(80)}
        assert (colours != {"default"}) == coloured


def test_a_c_locale_gets_ascii(open_top, agent):
    agent.over["/debug/pgo/goroutines"] = page(
        [{"id": 1, "state": "running", "stack": 0}],
        stacks=[{"id": 0, "frames": [{"func": "größe"}]}])
    with open_top(agent.target, LC_ALL="C") as s:
        s.until(r"gr\?\?e|gr\?{4}e")
        assert all(byte < 0x80 for byte in s.raw)
    with open_top(agent.target) as s:
        s.until("größe")


def test_a_terminal_nobody_knows_is_one_line(open_top, agent):
    with open_top(agent.target, TERM="no-such-terminal") as s:
        assert s.wait() == 1
        assert s.line(0).startswith("pgo-top: TERM=no-such-terminal: ")


def test_stopping_and_going_on_draws_anew(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        s.press("\x1a")
        time.sleep(0.2)
        s.pump(0.3)
        s.screen.reset()
        os.kill(s.pid, signal.SIGCONT)
        s.until("F1Help")
        s.press("q")
        assert s.wait() == 0


def test_a_steady_screen_writes_little(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        s.pump(0.5)
        before, asked = len(s.raw), agent.requests
        s.pump(2)
        frames = (agent.requests - asked) // 3
        assert frames >= 2
        assert (len(s.raw) - before) / frames < 1500
