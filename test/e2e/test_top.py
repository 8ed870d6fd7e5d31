"""pgo-top in batch: text, JSON, and what it says when it cannot."""
import json
import os
import re
import socket
import subprocess

import pytest

from fake_agent import S, FakeAgent, goroutines, page, sched

HEADINGS = "   COUNT     +/s WAIT-MAX WAIT-P50   STACK REASON         WHERE"


@pytest.fixture
def top(build):
    def run(*args, limit_s=20, **env):
        return subprocess.run([build / "bin/pgo-top", *map(str, args)],
                              env=dict(os.environ, LC_ALL="C.UTF-8", **env),
                              stdin=subprocess.DEVNULL, timeout=limit_s,
                              capture_output=True)
    return run


def unused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


TRY = "try 'pgo-top --help'"
WRONG = [
    ([], 2, "pgo-top: no TARGET (a pid, a name, host:port, a URL, "
            "unix:PATH or core:FILE)"),
    (["--bogus", ":1"], 2, "pgo-top: unrecognized option '--bogus'"),
    (["-z"], 2, "pgo-top: invalid option -- 'z'"),
    (["-n"], 2, "pgo-top: option requires an argument -- 'n'"),
    (["-n", "0", ":1"], 2, "pgo-top: -n 0: not a number of frames"),
    (["-d", "soon", ":1"], 2,
     "pgo-top: -d soon: not a time (1, 0.5, 500ms)"),
    (["-d", "nan", ":1"], 2, "pgo-top: -d nan: not a time (1, 0.5, 500ms)"),
    (["-w", "0", ":1"], 2,
     "pgo-top: -w 0: not a width of 1 to 1000 columns"),
    (["-s", "age", ":1"], 2,
     "pgo-top: -s age: not a sort key (-s help lists them)"),
    (["-s", "-runs", ":1"], 2,
     "pgo-top: -s -runs: not a sort key of stacks (with -H it is one)"),
    (["--size", "80", ":1"], 2,
     "pgo-top: --size 80: not a size like 80x24, at most 1000x1000"),
    ([":1", ":2"], 2, "pgo-top: :2: one TARGET at a time"),
    ([":1"], 1, "pgo-top: stdout is no terminal (-b for plain text, --json "
                "for JSON)"),
    (["-b", "2147483646"], 1, "pgo-top: 2147483646: no such process"),
    (["-b", "no-such-program"], 1,
     "pgo-top: no-such-program: no such process"),
    (["-b", "unix:/no/such.sock"], 1,
     "pgo-top: unix:/no/such.sock: No such file or directory"),
    (["-b", "127.0.0.1:1"], 1, "pgo-top: 127.0.0.1:1: Connection refused"),
]


@pytest.mark.fast
@pytest.mark.parametrize("args, status, line", WRONG,
                         ids=[" ".join(w[0]) or "none" for w in WRONG])
def test_wrong_use_is_one_line(top, args, status, line):
    result = top(*args, limit_s=5)
    lines = result.stderr.decode().splitlines()
    assert (result.returncode, result.stdout, lines[0]) == (status, b"", line)
    assert lines[1:] == ([TRY] if status == 2 else [])


@pytest.mark.fast
def test_help_version_and_sort_keys(top):
    for args, begin in ((["--help"], "usage: pgo-top"),
                        (["--version"], "pgo-top 0."),
                        (["-s", "help"], "Stacks\ncount    COUNT")):
        result = top(*args)
        assert (result.returncode, result.stderr) == (0, b""), args
        assert result.stdout.decode().startswith(begin)


@pytest.mark.fast
@pytest.mark.parametrize("args", ["--help", "--version", "-s help"])
def test_a_full_disk_is_told(build, args):
    with open("/dev/full", "w") as full:
        done = subprocess.run([build / "bin/pgo-top", *args.split()],
                              stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=5)
    assert (done.returncode, done.stderr) == (
        1, "pgo-top: stdout: No space left on device\n")


def test_batch_frames_are_plain_text(top):
    with FakeAgent(goroutines(3000)) as agent:
        result = top("-b", "-n", 2, "-d", "0.1", agent.target)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"\x1b" not in result.stdout
    first, second = result.stdout.decode().split("\n\n")
    for frame in first, second:
        lines = frame.strip().splitlines()
        assert lines[0].startswith("pgo-top 0.")
        assert lines[0].endswith("chatd  pid 4711  up 3m12s  by agent")
        assert lines[1].endswith("running 90  runnable 120  syscall 240  "
                                 "waiting 2,550")
        assert lines[3] == "wait chan receive 1,500  select 750  sleep 300"
        assert lines[5] == HEADINGS
        assert len(lines) == 6 + 6
    # Rates need a frame before.
    row = "   1,500 {:>7}   25m00s   12m30s    2.9M chan receive   " \
          "subscribe < handle < serve"
    assert first.splitlines()[6] == row.format("-")
    assert second.splitlines()[6] == row.format("0")


@pytest.mark.fast
def test_width_order_and_filter(top):
    with FakeAgent() as agent:
        result = top("-b", "-n", 1, "-w", 60, "-o", "+wait", "-F", "serve",
                     agent.target)
        lines = result.stdout.decode().splitlines()
    assert all(len(line) <= 60 for line in lines)
    reasons = [line[43:57].strip() for line in lines[6:]]
    assert reasons == ["chan receive", "syscall", "runnable", "running"]


def test_json_counts_what_there_is(top):
    with FakeAgent(goroutines(5000)) as agent:
        result = top("--once", "--json", agent.target)
        assert agent.requests == 1 + 1 + 3      # pages of 2,000
    frame = json.loads(result.stdout)
    assert frame["schema"] == 1
    assert frame["target"] == {"kind": "agent", "pid": 4711,
                               "exe": "/usr/bin/chatd"}
    assert frame["goroutines"] == {"total": 5000, "running": 150,
                                   "runnable": 200, "syscall": 400,
                                   "waiting": 4250}
    assert frame["reasons"] == {"chan receive": 2500, "select": 1250,
                                "sleep": 500}
    assert frame["ps"][0] == {"id": 0, "status": 1, "runq": 3, "m": 0}
    assert frame["ms"] == 5
    stack = frame["stacks"][0]
    assert (stack["count"], stack["reason"]) == (2500, "chan receive")
    assert (stack["wait_max_ns"], stack["wait_p50_ns"]) == (2500 * S,
                                                            1250 * S)
    assert stack["frames"][2] == {
        "func": "subscribe", "file": "src/subscribe.c", "line": 12,
        "pc": "0x401020", "inlined": False}
    collection = frame["collection"]
    assert (collection["dropped"], collection["torn"]) == (0, 0)
    assert 0 < collection["cost_ns"] <= collection["age_ns"]


def test_json_frames_are_a_line_each_with_rates(top):
    with FakeAgent(goroutines(100)) as agent:
        asked = iter([100, 100, 200, 200])

        def grow(query):
            agent.rows = goroutines(next(asked))
            return page(agent.rows)
        agent.over["/debug/pgo/goroutines"] = grow
        result = top("--json", "-n", 3, "-d", "0.2", agent.target)
    frames = [json.loads(line) for line in result.stdout.splitlines()]
    assert "rate" not in frames[0]["stacks"][0]
    assert frames[1]["stacks"][0]["rate"] == 0
    assert frames[2]["stacks"][0]["rate"] >= 50     # +50 in 0.2 s, or late


@pytest.mark.fast
def test_unknown_is_a_dash_and_absent(top):
    rows = [{"id": 1, "state": "running"}]
    with FakeAgent(rows) as agent:
        agent.over["/debug/pgo/sched"] = {"schema": 1}
        text = top("--once", agent.target).stdout.decode().splitlines()
        frame = json.loads(top("--once", "--json", agent.target).stdout)
    assert text[6].split() == ["1", "-", "-", "-", "-", "running", "-"]
    assert "ms" not in frame
    assert set(frame["stacks"][0]) == {"count", "reason", "frames"}
    assert frame["collection"]["torn"] == 1


@pytest.mark.fast
def test_text_of_the_target_cannot_steer_the_terminal(top):
    evil = "a\x1b]0;x\x07b\u202e\x9b2J\n"
    rows = [{"id": 1, "state": "waiting", "reason": evil, "stack": 0}]
    stacks = [{"id": 0, "frames": [{"func": evil, "file": evil}]}]
    with FakeAgent(rows) as agent:
        answer = page(rows, stacks=stacks)
        answer["exe"] = evil
        agent.over["/debug/pgo/goroutines"] = answer
        out = top("--once", agent.target).stdout.decode()
        dump = top("--dump-frame", agent.target).stdout.decode()
    for text in out, dump:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
        assert "a?]0;x?b??2J?" in text


HOSTILE = [
    (b"", "answer is no JSON object"),
    (b"<html>", "answer is no JSON object"),
    (b"[" * 100_000, "answer is no JSON object"),
    ({"schema": 99, "goroutines": []}, "answer of a schema we do not know"),
    ({"schema": 1}, "answer without goroutines"),
    ({"schema": 1, "next": 0, "goroutines": []}, "the next page is not"),
    (b" " * (17 << 20), "the answer is more than 16777216 bytes"),
    (None, "404"),
]


@pytest.mark.parametrize("answer, says", HOSTILE,
                         ids=[h[1].replace(" ", "-") + str(i)
                              for i, h in enumerate(HOSTILE)])
def test_hostile_answers_are_one_line(top, answer, says):
    with FakeAgent() as agent:
        agent.over["/debug/pgo/goroutines"] = answer
        result = top("--once", agent.target)
    lines = result.stderr.decode().splitlines()
    assert (result.returncode, result.stdout, len(lines)) == (1, b"", 1)
    assert lines[0].startswith(f"pgo-top: {agent.target}: ")
    assert says in lines[0]


@pytest.mark.fast
def test_a_target_that_ends_ends_a_batch(top):
    with FakeAgent() as agent:
        answers = iter([sched(100)])
        agent.over["/debug/pgo/sched"] = lambda _: next(answers, None)
        result = top("-b", "-d", "0.1", agent.target)
    assert result.returncode == 1
    assert result.stdout.count(b"pgo-top 0.") == 1
    assert result.stderr.decode().startswith(f"pgo-top: {agent.target}: ")


@pytest.mark.fast
def test_a_unix_socket_is_a_target(top, tmp_path):
    with FakeAgent(path=tmp_path / "a.sock") as agent:
        result = top("--once", agent.target)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(b"\n") == 6 + 6


@pytest.mark.outside
def test_a_real_program_is_seen_by_its_pid(top, build):
    path = build / "examples/sleepers"
    program = subprocess.Popen([path],
                               env=dict(os.environ, PGO_AGENT="unix"),
                               stdout=subprocess.PIPE, text=True)
    try:
        program.stdout.readline()
        frame = json.loads(top("--once", "--json", program.pid).stdout)
    finally:
        program.kill()
        program.wait()
    assert frame["target"] == {"kind": "agent", "pid": program.pid,
                               "exe": str(path.resolve())}
    assert frame["goroutines"]["total"] == 11
    asleep = [s for s in frame["stacks"] if s["reason"] == "sleep"]
    assert sum(s["count"] for s in asleep) >= 10
