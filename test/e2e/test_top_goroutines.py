"""pgo-top's Goroutines, and one of them whole: by an agent, from outside, from
a core; the same frame whichever it is."""
import contextlib
import itertools
import json
import re
import signal
import subprocess

import pytest

import golang
from agent_client import started
from fake_agent import S, STACKS, FakeAgent, frames, goroutines, page
from outside import hide_agent
from screen import Screen

COLUMNS = ["ID", "STATE", "SINCE", "REASON", "STACK", "M", "P", "WHERE"]
LIFE = {"runs": 1234, "last_p": 3, "woken_by": 17, "run_ns": 3 * S // 2,
        "ready_ns": S // 400, "blocked_ns": 90 * S}
SOURCE = golang.ROOT / "test/e2e/go/waits/main.go"


@pytest.fixture
def agent():
    with FakeAgent(goroutines(3000)) as it:
        yield it


@pytest.fixture
def open_top(build):
    def start(target, *args, **how):
        return Screen([build / "bin/pgo-top", "-d", "0.2", "-H", *args,
                       str(target)], **how)
    return start


@pytest.fixture
def run(build):
    def it(*args):
        done = subprocess.run([build / "bin/pgo-top", *map(str, args)],
                              text=True, capture_output=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return it


@pytest.fixture(scope="module")
def waits(tmp_path_factory):
    """A Go program with a goroutine in every wait."""
    folder = tmp_path_factory.mktemp("waits")
    exe = golang.build(SOURCE.parent, folder / "waits")
    program = subprocess.Popen([exe, folder / "stacks"], text=True,
                               stdout=subprocess.PIPE)
    try:
        assert program.stdout.readline() == "ready\n"
        yield program
    finally:
        program.kill()
        program.wait()


def selected(s):
    """The id of the goroutine under the cursor."""
    rows = s.reversed_rows()
    assert len(rows) == 1, s.text()
    return int(s.line(rows[0]).split()[0])


def until_selected(s, goid):
    s.until(rf"(?m)^ +{goid} ")
    for _ in range(50):
        if s.reversed_rows() and selected(s) == goid:
            return
        s.pump(0.05)
    assert selected(s) == goid, s.text()


def test_the_goroutines_screen(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        assert s.line(5) == " Stacks [Goroutines]"
        assert s.line(6).split() == COLUMNS
        assert s.line(7).split() == [
            "1", "waiting", "1.0s", "chan", "receive", "2.0K", "-", "-",
            "subscribe", "<", "handle", "<"]
        assert selected(s) == 1
        assert s.line(22) == ("1-15 of 3,000 goroutines  sort: ID ^  "
                              "filter: none")
        s.press("H")
        s.until(r"^\[Stacks\] Goroutines")
        s.press("\t")
        s.until(r"^ Stacks \[Goroutines\]")


@pytest.mark.fast
def test_wider_screens_say_who_created_them(open_top, agent):
    with open_top(agent.target, rows=40, cols=120) as s:
        s.until("F1Help")
        assert s.line(6).split() == COLUMNS + ["CREATED", "BY"]
        assert s.line(7).endswith("main_goroutine main.c:7")
        s.resize(24, 160)
        s.until("CREATED BY +LABELS$")
        assert "RUNS" not in s.line(6)
        agent.rows[0].update(LIFE)
        s.resize(24, 200)
        s.until("P +RUNS +LAST-P +WOKEN-BY +RUN +READY +BLOCKED WHERE")
        s.until(r"- +1,234 +3 +17 +1\.5s +2\.5ms +1m30s subscribe")
        assert s.line(8).split()[8:14] == ["-"] * 6


def test_keys_find_sort_filter_and_search(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        s.press("2", "9", "9", "9")
        until_selected(s, 2999)
        s.press("backspace")
        until_selected(s, 299)
        s.press("N")
        s.until("sort: ID \\^")
        until_selected(s, 299)
        s.press("B")
        s.until("sort: SINCE v")
        until_selected(s, 299)
        s.press("home")
        until_selected(s, 3000)
        s.press("I")
        s.until("sort: SINCE \\^")
        until_selected(s, 3000)
        s.press("O")
        s.until("this list has no such column")
        # The columns between these are on wider screens.
        s.press("s", "p", "enter", ">")
        s.until("sort: WHERE \\^")
        s.press("<")
        s.until("sort: P \\^")
        s.press("B", "I")
        s.until("sort: SINCE \\^")
        s.press("/", "hub", "enter", "n")
        s.pump(0.3)
        assert s.line(s.reversed_rows()[0]).split()[3] == "select"
        s.press("\\", "wait<3s and reason=")
        s.until("column 20: a value is missing")
        s.press("chan", "enter")
        s.until("1-2 of 2 goroutines  sort: SINCE \\^  "
                "filter: wait<3s and reason=chan")
        s.press("\t")
        s.until("1-1 of 1 stacks, 3,000 goroutines")
        s.press("esc")
        s.until("of 6 stacks")
        s.press("\t")
        s.until("of 3,000 goroutines")


@pytest.mark.fast
def test_the_cursor_stays_on_its_goroutine(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        s.press("7", "esc")
        until_selected(s, 7)
        agent.rows = [dict(row) for row in goroutines(500)[5:]]
        s.until("of 495 goroutines")
        until_selected(s, 7)
        agent.rows = goroutines(500)[100:]
        s.until("of 400 goroutines")
        s.pump(0.3)
        assert len(s.reversed_rows()) == 1      # another one, but one


def one(goid):
    return {"schema": 1, "goroutine": {
        "id": goid, "state": "running", "frames": frames("render", "serve")}}


def test_one_goroutine_whole(open_top, agent, tmp_path):
    source = tmp_path / "subscribe.c"
    source.write_text("".join(f"line {n} of it\n" for n in range(1, 40)))
    answer = page(agent.rows)
    answer["stacks"][0]["frames"][2]["file"] = str(source)
    for row in answer["goroutines"]:
        if row["stack"] == 0:
            row["wait_on"] = "0x7f12a40"
    answer["goroutines"][0].update(LIFE)
    answer["goroutines"][-1].pop("stack")
    agent.over["/debug/pgo/goroutines"] = lambda _: answer
    agent.over["/debug/pgo/goroutine/3000"] = one(3000)
    with open_top(agent.target) as s:
        s.until("F1Help")
        s.press("enter")
        s.until("^> 2  subscribe ")
        assert s.line(0).startswith("chatd  pid 4711  goroutine 1 ")
        assert s.line(0).endswith("[live 0.2s]")
        assert s.line(1) == ("state   chan receive  since 1.0s  M -  P -  "
                             "locked no  parks 0")
        assert s.line(2) == "runs    1,234  last P 3  woken by goroutine 17"
        assert s.line(3) == "times   run 1.5s  ready 2.5ms  blocked 1m30s"
        assert s.line(4) == ("created by main_goroutine in goroutine 1  "
                             "main.c:7")
        assert s.line(5) == ("stack   2.0K  used 700  segments 1  grows 0  "
                             "shrinks 0  [#######-------------]")
        assert s.line(6) == "labels  -"
        assert s.line(7) == "waits   on 0x7f12a40, as 1,499 others do"
        s.until("^ +11  line 11 of it$")
        s.until("^> +12  line 12 of it$")
        s.press("up")
        s.until("^> 1r pgo_chan_recv ")
        s.until(r"^Esc back")
        assert "line 12" not in s.text()
        s.press("s")
        s.until("of 1,500 goroutines  sort: ID \\^  filter: none, one stack")
        s.press("esc")
        s.until("of 3,000 goroutines")
        # Whose stack is not in the list is asked for when somebody looks.
        s.press("end")
        s.until(r"^ +3000 running +50m00s .* -$")
        assert "goroutine/3000" not in " ".join(agent.paths)
        s.press("enter")
        s.until("^> 0  render ")
        assert "/debug/pgo/goroutine/3000" in agent.paths
        # What is not known has no line.
        assert s.line(2).startswith("created by ")
        agent.over["/debug/pgo/goroutines"] = page(agent.rows[:9])
        s.until("no such goroutine any more")
        s.press("esc", "q")
        assert s.wait() == 0


def test_every_size_shows_what_fits(open_top, agent):
    with open_top(agent.target) as s:
        s.until("F1Help")
        for rows, cols, shows in (
                (10, 30, "^ +ID STATE +SINCE"), (3, 10, "^ +1 w"),
                (1, 1, "^3"), (60, 300, "LABELS$"), (24, 80, "F10Quit")):
            s.resize(rows, cols)
            s.until(shows)
        s.press("enter")
        s.until("goroutine 1 ")
        for rows, cols in ((8, 40), (2, 10), (1, 1), (40, 120), (24, 80)):
            s.resize(rows, cols)
            s.pump(0.1)
        s.until("subscribe")
        s.press("q")
        assert s.wait() == 0


@pytest.mark.fast
def test_batch_and_json_have_the_goroutines(run, agent):
    lines = run("--once", "-H", "-w", "90", "-s", "wait", "-F", "sleep",
                agent.target).splitlines()
    assert lines[5].split() == COLUMNS
    assert len(lines) == 6 + 300
    assert lines[6].split()[:3] == ["2550", "waiting", "42m30s"]
    frame = json.loads(run("--once", "-H", "--json", "-F", "id=2550",
                           agent.target))
    assert frame["goroutines"]["total"] == 3000
    assert [stack["count"] for stack in frame["stacks"]] == [1]
    row = frame["rows"][0]
    assert row["frames"][2]["func"] == "backoff"
    assert {key: row[key] for key in ("id", "state", "reason", "since_ns",
                                      "stack_bytes", "created_by")} == {
        "id": 2550, "state": "waiting", "reason": "sleep",
        "since_ns": 2550 * S, "stack_bytes": 2048, "created_by": {
            "func": "main_goroutine", "file": "main.c", "line": 7,
            "goroutine": 1}}
    assert not {"m", "labels", *LIFE} & set(row)
    assert "rows" not in json.loads(run("--once", "--json", agent.target))


@pytest.mark.fast
def test_how_a_goroutine_ran_sorts_filters_and_is_in_json(run, agent):
    for i, row in enumerate(agent.rows[100:110]):
        row.update(LIFE, run_ns=i * S, woken_by=i)
    lines = run("--once", "-H", "-w", "200", "-s", "run", "-F",
                "ready<3ms run>=3s", agent.target).splitlines()
    assert [line.split()[0] for line in lines[6:]] == [
        str(id) for id in range(110, 103, -1)]
    frame = json.loads(run("--once", "-H", "--json", "-F", "woken_by=7",
                           agent.target))
    row, = frame["rows"]
    assert {key: row[key] for key in LIFE} == {**LIFE, "run_ns": 7 * S,
                                               "woken_by": 7}


def folded(rows):
    """/debug/pgo/top of ROWS, of which equal stacks stand side by side."""
    stacks = []
    for kind, of in itertools.groupby(rows, lambda row: row["stack"]):
        waits = sorted(row["since_ns"] for row in of)
        state, reason, names = STACKS[kind]
        stacks.append({
            "count": len(waits), "wait_max_ns": waits[-1],
            "wait_p50_ns": waits[(len(waits) - 1) // 2],
            "stack_bytes": 2048 * len(waits), "reason": reason or state,
            "frames": frames(*names)})
    return {"schema": 1, "time": 1, "target": {
                "kind": "agent", "pid": 4711, "exe": "/usr/bin/chatd"},
            "goroutines": {"total": len(rows)}, "stacks": stacks,
            "collection": {"dropped": 0, "torn": 0}}


def test_the_target_folds_until_somebody_looks_closer(build, run, agent):
    by_rows = run("--dump-frame", agent.target).splitlines()
    agent.over["/debug/pgo/top"] = lambda _: folded(agent.rows)
    del agent.paths[:]
    by_target = run("--dump-frame", agent.target).splitlines()
    assert agent.paths == ["/debug/pgo/top", "/debug/pgo/sched"]
    assert by_target[:4] + by_target[5:] == by_rows[:4] + by_rows[5:]
    with Screen([build / "bin/pgo-top", "-d", "0.2", agent.target]) as s:
        s.until("^   1,500       0 ")
        assert "/debug/pgo/goroutines" not in agent.paths
        s.press("\t")
        s.until(r"1-15 of 3,000 goroutines")
        s.press("\t")
        s.until("1-6 of 6 stacks")
        s.pump(0.5)
        before = agent.paths.count("/debug/pgo/goroutines")
        s.pump(0.7)
        assert agent.paths.count("/debug/pgo/goroutines") == before
        s.press("\\", "id<=2", "enter")
        s.until("1-1 of 1 stacks")
        assert agent.paths.count("/debug/pgo/goroutines") > before
        s.press("q")
        assert s.wait() == 0


# Real programs ---------------------------------------------------------------

def mask(line):
    """LINE without its figures, and without what is told of the source."""
    line = re.sub(r"\[(live [\d.]+s|core)\]", "", line)
    line = re.sub(r"by (agent|attach|core|url)\b", "by SOURCE", line)
    line = re.sub(r"from a core of \S+ \S+", "#  ago", line)
    return " ".join("#" if re.search(r"\d", word) or word in "-\u2265" else
                    word for word in line.split())


def layout(text):
    """What all sources must have in common: the lines that are no rows."""
    lines = text.splitlines()
    header = [mask(line) for line in lines[:5]]
    # Waits may be known to be longer from outside; notes are the source's.
    header[4] = re.sub(r"(torn #).*", r"\1", header[4])
    return header[:3] + header[4:], lines[5:7], [mask(line) for line
                                                 in lines[-2:]]


def rows(text, column):
    """The rows of the list, from the column that begins at COLUMN on."""
    return sorted(line[column:] for line in text.splitlines()[7:-2] if line)


def one_frame(run, target):
    size = "--size", "160x40"
    return [run("--dump-frame", *size, target),
            run("--dump-frame", *size, "-H", target)]


def assert_same(a, b):
    for one_list, other, column in zip(a, b, (43, 27)):
        assert layout(one_list) == layout(other)
        assert rows(one_list, column) == rows(other, column)


@contextlib.contextmanager
def gcore(pid, folder):
    """A core of PID as a target; Go's are large, so it does not stay."""
    path = folder / f"core.{pid}"
    subprocess.run(["gcore", "-o", folder / "core", str(pid)], check=True,
                   capture_output=True, timeout=120)
    try:
        yield f"core:{path}"
    finally:
        path.unlink()


@pytest.mark.outside
def test_pgo_programs_look_alike_from_everywhere(build, run, tmp_path):
    with started(build / "examples/sleepers") as (program, _):
        program.stdout.readline()
        inside = one_frame(run, program.pid)
        hide_agent(program.pid)
        outside = one_frame(run, program.pid)
        with gcore(program.pid, tmp_path) as target:
            core = one_frame(run, target)
    assert " by agent" in inside[0] and " by attach" in outside[0]
    assert " by core" in core[0] and "[core]" in core[0]
    assert_same(inside, outside)
    assert_same(outside, core)


def test_go_programs_look_alike_from_everywhere(run, waits, tmp_path):
    live = one_frame(run, waits.pid)
    with gcore(waits.pid, tmp_path) as target:
        core = one_frame(run, target)
    version = golang.go("env", "GOVERSION").strip()
    for text in live + core:
        assert f"  {version}" in text.splitlines()[0]
    assert "read from a core of 2" in core[0]
    assert_same(live, core)


def wheres(text):
    """Where goroutines of functions of ours stand, one by one."""
    return sorted(line[60:].split()[0] for line in text.splitlines()[7:-2]
                  if line[60:].startswith("main."))


def test_go_servers_look_alike_by_their_url_too(run, tmp_path):
    exe = golang.build(golang.ROOT / "test/e2e/go/web", tmp_path / "web")
    program = subprocess.Popen([exe], text=True, stdout=subprocess.PIPE)
    try:
        address = program.stdout.readline().strip()
        url = one_frame(run, address)
        live = one_frame(run, program.pid)
        with gcore(program.pid, tmp_path) as target:
            core = one_frame(run, target)
        frame = json.loads(run("--once", "-H", "--json", address))
    finally:
        program.kill()
        program.wait()
    assert " by url" in url[0]
    assert "net/http/pprof tells no ids" in url[0]
    assert_same(live, core)
    for by_url, by_pid in zip(url, live):
        version = r"  go1\.\d+\S*  by"        # nobody tells it there
        header, headings, bottom = layout(re.sub(version, "  by", by_pid))
        found = layout(by_url)
        # Queues of so many Ps, and no Ps.
        header[2] = re.sub("queues( #)+", "queues #", header[2])
        assert (found[0], found[1]) == (header, headings)
        assert found[2][-1] == bottom[-1]
    assert wheres(url[1]).count("main.receive") == 10
    assert wheres(url[1]) == wheres(live[1])
    assert frame["target"]["kind"] == "url"
    assert set(frame["rows"][0]) == {"frames"}
    assert "running" not in frame["goroutines"]


def test_a_go_programs_goroutines(open_top, run, waits):
    frame = json.loads(run("--once", "-H", "--json", waits.pid))
    by_func = {}
    for row in frame["rows"]:
        for f in row.get("frames", []):
            by_func.setdefault(f["func"], row)
    assert frame["target"]["kind"] == "attach"
    assert by_func["main.labelled"]["labels"]["tenant"] == "blue"
    assert by_func["main.locked"]["locked"] is True
    assert any(row.get("system") for row in frame["rows"])
    with open_top(waits.pid, rows=40, cols=120) as s:
        s.until(r"K: \d+ of the runtime hidden$")
        assert "runtime.bgsweep" not in s.text()
        s.press("K")
        s.until("runtime.bgsweep")
        s.press("K", "\\", "main.receive", "enter")
        s.until("filter: main.receive")
        s.press("enter")
        s.until(r"^> \d  main.receive +\S*/waits/main.go:\d+")
        s.until("^>.*func receive")
        # The runtime keeps it since 1.21.
        by = " in goroutine 1" if golang.machine() >= (21, 0) else ""
        s.until(rf"^created by main.start\+0x\w+{by}  /")
        s.until(r"^waits   to receive chan 0x\w+  cap 0 len 0  "
                r"receivers \d\d?  senders 0$")
        s.press("esc", "\\", "x")
        s.press("\x15", "main.choose", "enter")
        s.until("1-1 of 1 goroutines")
        s.press("enter")
        s.until(r"^waits   to receive chan 0x\w+ .*\n +to send chan 0x")
        s.press("q")
        assert s.wait() == 0


def test_a_running_goroutine_is_interrupted_when_looked_at(open_top, run,
                                                           tmp_path):
    exe = golang.build(golang.ROOT / "test/e2e/go/burn", tmp_path / "burn")
    program = subprocess.Popen([exe, "ratio"], stdout=subprocess.PIPE)
    try:
        program.stdout.readline()
        with open_top(program.pid, "-F", "state=running") as s:
            s.until("1-[1-9] of [1-9] goroutines")
            s.press("enter")
            s.until(r"^>.{4}main\.\w+")
            s.press("q")
            assert s.wait() == 0
        program.send_signal(signal.SIGTERM)
    finally:
        program.kill()
        program.wait()
