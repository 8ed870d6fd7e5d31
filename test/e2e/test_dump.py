"""pgo-trace dump: what it writes of Go programs is what they say themselves."""
import json
import os
import re
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import golang
import goprog

LIMIT_S = 20
FUZZY = re.compile(r"pgo-trace: \d+: read without stopping it: "
                   r"\d+ of \d+ were moving\n")


@pytest.fixture
def dump(build):
    def run(*words):
        return subprocess.run([build / "bin/pgo-trace", "dump",
                               *map(str, words)], text=True, timeout=LIMIT_S,
                              capture_output=True)
    return run


@pytest.fixture(scope="module")
def waits(tmp_path_factory):
    path = tmp_path_factory.mktemp("waits") / "own"
    with goprog.running("waits", path) as child:
        child.own = path
        yield child


def goroutines(text):
    """{id: text} of a dump, without arguments, waiting times and locks taken
    by the one that wrote it."""
    found = {}
    for one in text.strip().split("\n\n"):
        number, state, rest = re.fullmatch(
            r"goroutine (\d+) \[([^\]]+)\]:\n(.*)", one, re.S).groups()
        state = re.sub(r", \d+ minutes", "", state)
        rest = re.sub(r"^([^\t\n].*)\([^()]*\)$", r"\1(...)", rest,
                      flags=re.M)
        found[int(number)] = f"{state}\n{rest.rstrip()}"
    return found


@pytest.mark.parametrize("flag", ["", "--freeze"])
def test_a_dump_is_what_the_runtime_itself_says(dump, waits, flag):
    ours = dump(*flag.split(), waits.pid)
    assert ours.returncode == 0, ours.stderr
    own = goroutines(goprog.own_dump(waits, waits.own))
    seen = goroutines(ours.stdout)
    # The one that writes cannot be seen writing.
    assert own.pop(1).startswith("running\n")
    assert seen.pop(1).startswith("chan receive\n")
    assert seen == own
    assert len(own) == 23
    assert {text.split("\n")[0] for text in own.values()} >= {
        "IO wait", "chan receive", "chan receive (nil chan)",
        "chan receive, locked to thread", "chan send", "chan send (nil chan)",
        "select", "select (no cases)", "sleep", "sync.Cond.Wait", "syscall"}
    assert bool(FUZZY.fullmatch(ours.stderr)) == (not flag), ours.stderr


def test_every_goroutine_is_there_in_json(dump, waits):
    doc = json.loads(dump("--json", waits.pid).stdout)
    own = goroutines(goprog.own_dump(waits, waits.own))
    assert doc["schema"] == 1
    assert doc["target"]["kind"] == "attach"
    assert doc["target"]["pid"] == waits.pid
    assert re.match(r"go1\.\d+", doc["target"]["go"])
    assert {g["id"] for g in doc["goroutines"]} == set(own)
    deep, = [g for g in doc["goroutines"]
             if [f["func"] for f in g["frames"]].count("main.deep") > 1]
    assert [f["func"] for f in deep["frames"]].count("main.deep") == 31
    assert deep["created_by"]["func"] == "main.start"
    # The runtime keeps it since 1.21.
    assert deep["created_by"].get("goroutine") == \
        (1 if golang.machine() >= (21, 0) else None)
    assert deep["entry"].startswith("main.")
    assert deep["frames"][0]["pc"].startswith("0x")
    labelled, = [g for g in doc["goroutines"] if "labels" in g]
    assert labelled["labels"] == {"tenant": "blue", "zone": 'a "b"'}
    locked, = [g for g in doc["goroutines"] if g.get("locked")]
    assert "main.locked" in [f["func"] for f in locked["frames"]]


def test_equal_stacks_are_folded(dump, waits):
    text = dump("--group", waits.pid).stdout
    first = text.split("\n\n")[0]
    assert re.fullmatch(
        r"3 goroutines \[chan receive[^\]]*\]: \d+ \d+ \d+\n"
        r"main\.receive\(\.\.\.\)\n\t.*/main\.go:\d+ \+0x[0-9a-f]+\n"
        r"created by main\.start\n\t.*/main\.go:\d+ \+0x[0-9a-f]+", first)
    doc = json.loads(dump("--group", "--json", waits.pid).stdout)
    assert [g["count"] for g in doc["groups"]][:2] == [3, 1]
    assert sum(g["count"] for g in doc["groups"]) == 24
    assert doc["groups"][0]["created_by"][0]["count"] == 3
    assert len(doc["groups"][0]["goroutines"]) == 3


@pytest.mark.parametrize("words, functions", [
    ("reason=\"CHAN send\"", ["main.nilSend", "main.send"]),
    ("fn=main.acquire", ["main.acquire"]),
    ("label.tenant=blue", ["main.labelled"]),
    ("locked", ["main.locked"]),
    ("fn~^main.n.*d$ or fn=main.send", ["main.nilSend", "main.send"]),
    ("id=1", ["main.main"]),
    ("created!=main.start fn~^main", ["main.main"]),
    ("state=syscall and !fn~^os/signal", ["main.system"]),
    ("wait>1000h", []),
])
def test_a_filter_chooses(dump, waits, words, functions):
    run = dump("-F", words, "--json", waits.pid)
    seen = [[f["func"] for f in g["frames"] if f["func"].startswith("main.")]
            [-1] for g in json.loads(run.stdout)["goroutines"]]
    assert sorted(seen) == functions


def test_the_runtimes_own_are_shown_on_request(dump, waits):
    ours = goroutines(dump("--system", waits.pid).stdout)
    assert ours[1].endswith("created by") is False
    assert "runtime.main(...)" in ours[1]
    assert "runtime.goexit(...)" in ours[1]
    assert any("runtime.bgsweep(...)" in text for text in ours.values())


def test_running_ones_have_gos_own_remark(dump):
    with goprog.running("burn", "ratio", "1") as child:
        deadline = time.monotonic() + 10
        remark = "\n\tgoroutine running on other thread; stack unavailable\n"
        while remark not in dump(child.pid).stdout:
            assert time.monotonic() < deadline


def test_a_dump_is_whole_or_not_at_all(dump, waits, tmp_path):
    path = tmp_path / "dump"
    assert dump("-o", path, waits.pid).returncode == 0
    assert "main.receive(...)" in path.read_text()
    again = dump("-o", path, waits.pid)
    assert (again.returncode, again.stderr) == (
        1, f"pgo-trace: {path}: File exists (-f overwrites)\n")
    assert dump("-f", "-o", path, waits.pid).returncode == 0


@pytest.mark.outside
def test_an_agent_gives_the_same_form(dump, build):
    with subprocess.Popen([build / "examples/sleepers"],
                          stdout=subprocess.DEVNULL) as child:
        try:
            deadline = time.monotonic() + 10
            while "[sleep]" not in dump("-F", "id=2", child.pid).stdout:
                assert time.monotonic() < deadline
            ours = dump("-g", child.pid)
            assert ours.stdout.startswith("10 goroutines [sleep, longest ")
            assert "\nsleeper(...)\n\t" in ours.stdout
        finally:
            child.kill()


def test_what_is_neither_go_nor_pgo_is_refused(dump):
    run = dump(os.getpid())
    assert run.returncode == 1
    assert re.fullmatch(r"pgo-trace: \d+: [^\n]*Go[^\n]*\n", run.stderr)
    assert run.stdout == ""
