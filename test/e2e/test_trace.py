"""pgo-trace: what it records, reports and says when it cannot."""
import contextlib
import csv
import http.server
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import profiles

LIMIT_S = 20
UTC = {**os.environ, "TZ": "UTC"}


@pytest.fixture
def trace(build, tmp_path):
    """Runs pgo-trace in a folder of its own."""
    def run(*words, stdin=None, binary=False):
        return subprocess.run([build / "bin/pgo-trace", *map(str, words)],
                              cwd=tmp_path, capture_output=True, env=UTC,
                              text=not binary, timeout=LIMIT_S,
                              input=stdin if stdin is not None else
                              b"" if binary else "")
    return run


@contextlib.contextmanager
def agent(answers):
    """A server of {path with query: (status, body)}; yields (host:port,
    paths asked)."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, body = answers.get(self.path, (404, b"Unknown profile\n"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def program(build, name, *words, **env):
    """An example with its agent on; yields the process once it listens."""
    child = subprocess.Popen([build / "examples" / name, *words],
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL,
                             env={**os.environ, **env})
    try:
        if "PGO_AGENT" in env:
            await_agent(build, child)
        yield child
    finally:
        child.kill()
        child.wait()


def await_agent(build, child):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        run = subprocess.run([build / "bin/pgo-trace", "sched", "-n", "1",
                              str(child.pid)], capture_output=True,
                             timeout=LIMIT_S)
        if run.returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError(run.stderr)


# top


def top_of_pprof(path, *options):
    run = subprocess.run(["go", "tool", "pprof", "-symbolize=none", "-top",
                          *options, path], capture_output=True, text=True,
                         timeout=LIMIT_S, env=UTC)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


OPTIONS = [((), ()), (("-cum",), ("--cum",)),
           (("-nodecount=7",), ("-n", "7"))]


def assert_same_lines(ours, theirs):
    """Go before 1.23 writes the time as `Nov 14, 2023 at 10:13pm (UTC)`."""
    if any(re.match(r"Time: \w+ \d+, \d+ at ", line) for line in theirs):
        ours = [line for line in ours if not line.startswith("Time: ")]
        theirs = [line for line in theirs if not line.startswith("Time: ")]
    assert ours == theirs


def assert_same_top(trace, path):
    for theirs, ours in OPTIONS:
        run = trace("top", *ours, path)
        assert run.returncode == 0, run.stderr
        assert_same_lines(run.stdout.splitlines(),
                          top_of_pprof(path, *theirs))


@pytest.mark.parametrize("seed", range(12))
def test_top_has_the_figures_of_pprof(trace, tmp_path, seed):
    path = tmp_path / "p.pb.gz"
    path.write_bytes(profiles.made_up(seed))
    assert_same_top(trace, path)


def test_top_of_the_writers_profile_is_pprofs(trace, build, tmp_path):
    path = tmp_path / "p.pb"
    writer = build / "test/unit/pprof_write"
    path.write_bytes(subprocess.run([writer, "--profile"], check=True,
                                    stdout=subprocess.PIPE,
                                    timeout=LIMIT_S).stdout)
    assert_same_top(trace, path)


def test_top_in_json_adds_up(trace, tmp_path):
    path = tmp_path / "p.pb.gz"
    path.write_bytes(profiles.made_up(3))
    report = json.loads(trace("top", "--json", path).stdout)
    assert report["schema"] == 1
    assert report["shown"] == sum(n["flat"] for n in report["nodes"])
    assert 0 < report["shown"] <= report["total"]
    assert [n["flat"] for n in report["nodes"]] == sorted(
        (n["flat"] for n in report["nodes"]), reverse=True)


def test_top_reads_stdin_and_takes_types_by_name(trace, tmp_path):
    data = profiles.made_up(1)
    (tmp_path / "p.pb.gz").write_bytes(data)
    run = trace("top", "-", stdin=data, binary=True)
    assert run.stdout.decode() == trace("top", "p.pb.gz").stdout
    wrong = trace("top", "-t", "nothing", "p.pb.gz")
    assert wrong.returncode == 1
    assert wrong.stderr == "pgo-trace: p.pb.gz: no sample type nothing\n"


@pytest.mark.fast
def test_names_cannot_steer_the_terminal(trace):
    strings = profiles.Strings()
    out = profiles.message(1, profiles.number(1, strings("x"))
                           + profiles.number(2, strings("count")))
    out += profiles.message(5, profiles.number(1, 1) + profiles.number(
        2, strings("evil\033[2J\u202e\n")))
    out += profiles.message(4, profiles.number(1, 1) + profiles.message(
        4, profiles.number(1, 1)))
    out += profiles.message(2, profiles.packed(1, [1])
                            + profiles.packed(2, [5]))
    run = trace("top", "-", stdin=strings.encoded() + out, binary=True)
    assert run.stdout.decode().splitlines()[-1].endswith("  evil?[2J??")


def test_a_small_file_cannot_keep_it_busy(trace):
    line = profiles.message(4, profiles.number(1, 1))
    out = profiles.message(1, b"") + profiles.message(5, profiles.number(1, 1))
    out += profiles.message(4, profiles.number(1, 1) + line * 32768)
    out += profiles.message(2, profiles.packed(1, [1] * 65536)
                            + profiles.packed(2, [1]))
    run = trace("top", "-", stdin=profiles.Strings().encoded() + out,
                binary=True)
    assert run.returncode == 1
    assert run.stderr == b"pgo-trace: -: more than 268435456 frames\n"


# record


def test_record_keeps_what_the_agent_sent(trace, tmp_path):
    data = profiles.made_up(5)
    with agent({"/debug/pprof/profile?seconds=1": (200, data)}) as (at, asked):
        run = trace("record", "-s", "1", at)
    assert run.returncode == 0, run.stderr
    assert asked[0] == "/debug/pprof/profile?seconds=1"
    name = run.stdout.rstrip("\n")
    assert re.fullmatch(r"prog-cpu-\d{8}T\d{6}\.pb\.gz", name)
    assert (tmp_path / name).read_bytes() == data
    assert os.listdir(tmp_path) == [name]


def test_record_asks_where_a_url_says(trace, tmp_path):
    data = profiles.made_up(5)
    with agent({"/svc/debug/pprof/goroutine": (200, data)}) as (at, asked):
        run = trace("record", "-t", "goroutine", "--json", "-o", "g.pb.gz",
                    f"http://{at}/svc/debug/pprof/profile?seconds=9")
    told = json.loads(run.stdout)
    assert asked[0] == "/svc/debug/pprof/goroutine"
    assert (told["file"], told["type"], told["bytes"]) == (
        "g.pb.gz", "goroutine", len(data))
    assert (tmp_path / "g.pb.gz").read_bytes() == data


def test_record_never_overwrites_unasked(trace, tmp_path):
    data = profiles.made_up(5)
    (tmp_path / "old").write_text("old")
    with agent({"/debug/pprof/heap": (200, data)}) as (at, asked):
        run = trace("record", "-t", "heap", "-o", "old", at)
        assert run.returncode == 1
        assert run.stderr == "pgo-trace: old: File exists (-f overwrites)\n"
        assert (tmp_path / "old").read_text() == "old"
        assert asked == []
        assert trace("record", "-f", "-t", "heap", "-o", "old",
                     at).returncode == 0
    assert (tmp_path / "old").read_bytes() == data


def test_record_never_replaces_what_is_no_file(trace, tmp_path):
    data = profiles.made_up(5)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with agent({"/debug/pprof/heap": (200, data)}) as (at, _):
        run = trace("record", "-f", "-t", "heap", "-o", "pipe", at)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "pipe").is_fifo()
    assert os.read(reader, len(data) + 1) == data
    os.close(reader)


@pytest.mark.parametrize("body", [
    b"", b"<html>not a profile</html>", profiles.made_up(5)[:-20]])
def test_record_writes_no_file_that_cannot_be_read(trace, tmp_path, body):
    with agent({"/debug/pprof/heap": (200, body)}) as (at, _):
        run = trace("record", "-t", "heap", at)
    assert run.returncode == 1
    assert run.stderr.startswith(f"pgo-trace: {at}: ")
    assert run.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_an_interrupt_leaves_nothing(build, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        child = subprocess.Popen(
            [build / "bin/pgo-trace", "record", "-s", "60", "-o", "x.pb.gz",
             f"127.0.0.1:{silent.getsockname()[1]}"], cwd=tmp_path,
            stderr=subprocess.PIPE, text=True)
        connection = silent.accept()[0]
        connection.recv(10)
        child.send_signal(signal.SIGINT)
        _, stderr = child.communicate(timeout=LIMIT_S)
        connection.close()
    assert child.returncode == -signal.SIGINT
    assert stderr == "pgo-trace: record: interrupted, nothing written\n"
    assert os.listdir(tmp_path) == []


@pytest.mark.outside
def test_a_pid_is_recorded_by_its_own_agent(trace, build, tmp_path):
    socket_path = tmp_path / "a.sock"
    with program(build, "sleepers",
                 PGO_AGENT=f"unix:{socket_path}") as child:
        run = trace("record", "-t", "goroutine", child.pid)
        assert run.returncode == 0, run.stderr
        name = run.stdout.rstrip("\n")
        assert re.fullmatch(rf"sleepers-{child.pid}-goroutine-\d{{8}}T\d{{6}}"
                            r"\.pb\.gz", name)
        by_socket = trace("record", "-t", "threadcreate", "-o", "t.pb.gz",
                          f"unix:{socket_path}")
        assert by_socket.returncode == 0, by_socket.stderr
        named = trace("record", "-t", "threadcreate", f"unix:{socket_path}")
        assert named.stdout.startswith(f"sleepers-{child.pid}-threadcreate-")
    assert_same_top(trace, tmp_path / name)
    report = json.loads(trace("top", "--json", name).stdout)
    assert report["total"] == 11
    assert report["type"] == "goroutine"


@pytest.mark.outside
def test_a_cpu_profile_names_the_culprit(trace, build, tmp_path):
    port, agent_port = free_port(), free_port()
    with program(build, "server", "-p", str(port),
                 PGO_AGENT=f"127.0.0.1:{agent_port}") as child:
        stop = threading.Event()

        def load():
            while not stop.is_set():
                with socket.create_connection(("127.0.0.1", port)) as s:
                    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    while s.recv(65536):
                        pass

        thread = threading.Thread(target=load)
        thread.start()
        try:
            run = trace("record", "-s", "2", "-o", "c.pb.gz", child.pid)
        finally:
            stop.set()
            thread.join()
    assert run.returncode == 0, run.stderr
    assert_same_top(trace, tmp_path / "c.pb.gz")
    report = json.loads(trace("top", "--json", "--cum", "c.pb.gz").stdout)
    cum = {n["name"]: n["cum"] / report["total"] for n in report["nodes"]}
    assert 0.4 < cum["slow_stack_operation"] < 0.8


# sched

OLD = "SCHED 59ms: gomaxprocs=4 idleprocs=0 threads=5 spinningthreads=0 " \
      "idlethreads=0 runqueue=3 [4 0 0 0]"
MIDDLE = "SCHED 70ms: gomaxprocs=4 idleprocs=1 threads=5 spinningthreads=0 " \
         "needspinning=1 idlethreads=0 runqueue=3 [4 0 0 0]"
NEW = "SCHED 1004ms: gomaxprocs=2 idleprocs=0 threads=7 spinningthreads=0 " \
      "needspinning=1 idlethreads=0 runqueue=2 [ 1 5 ] schedticks=[ 9 3 ]"
OURS = "SCHED 2004ms: gomaxprocs=2 idleprocs=0 threads=7 spinningthreads=0 " \
       "needspinning=0 idlethreads=0 runqueue=2 [ 1 5 ] " \
       "schedticks=[ 109 103 ] gcount=11 stackinuse=4096"
LOG = "\n".join(["hello", OLD, "12:00 x | " + MIDDLE, "SCHED nonsense", NEW,
                 "  P0: status=1", "x" * 200000, OURS])


def test_sched_reads_the_lines_of_every_go(trace):
    run = trace("sched", "--json", stdin=LOG)
    old, middle, new, ours = map(json.loads, run.stdout.splitlines())
    assert old == {"schema": 1, "ms": 59, "gomaxprocs": 4, "idleprocs": 0,
                   "threads": 5, "spinningthreads": 0, "idlethreads": 0,
                   "runqueue": 3, "runqs": [4, 0, 0, 0]}
    assert middle == {**old, "ms": 70, "idleprocs": 1, "needspinning": 1}
    assert new["schedticks"] == [9, 3] and new["runqs"] == [1, 5]
    assert (ours["gcount"], ours["stackinuse"]) == (11, 4096)


def test_sched_as_csv_is_one_table(trace, tmp_path):
    (tmp_path / "log").write_text(LOG)
    table = list(csv.DictReader(io.StringIO(trace("sched", "--csv",
                                                  "log").stdout)))
    assert [row["ms"] for row in table] == ["59", "70", "1004", "2004"]
    assert table[0]["needspinning"] == "" and table[1]["needspinning"] == "1"
    assert table[3]["runqs"] == "1 5"
    assert [row["gcount"] for row in table] == ["", "", "", "11"]


def test_sched_as_text_says_what_is_not_known(trace):
    head, *lines = trace("sched", stdin=LOG).stdout.splitlines()
    column = {name: i for i, name in enumerate(head.split())}
    cells = [line.split() for line in lines]
    assert [row[column["time"]] for row in cells] == [
        "0.059s", "0.070s", "1.004s", "2.004s"]
    assert [row[column["goroutines"]] for row in cells] == ["-", "-", "-", "11"]
    # 200 switches in a second between the last two.
    assert [row[column["switch/s"]] for row in cells] == ["-", "-", "-", "200"]
    assert [row[column["local"]] for row in cells] == ["4", "4", "6", "6"]


@pytest.mark.fast
def test_sched_gives_up_on_what_has_no_line(trace):
    gap = "x" * 99 + "\n"
    run = trace("sched", "-", stdin=OLD + "\n" + gap * 170000 + OURS)
    assert (run.returncode, run.stdout.count("\n")) == (0, 3)
    run = trace("sched", "-", stdin=gap * 160000 + OURS)
    assert run.returncode == 0
    run = trace("sched", "-", stdin=gap * 170000 + OURS)
    assert run.returncode == 1
    assert run.stderr == ("pgo-trace: stdin: no SCHED line in 16 MiB (run "
                          "the program with SCHEDTRACE=1000)\n")
    run = trace("sched", "-", stdin="x" * (2 << 20) + "\n" + OURS)
    assert run.stderr == ("pgo-trace: stdin: no log: a line of more than "
                          "1 MiB\n")


@pytest.mark.outside
def test_sched_watches_a_living_program(trace, build, tmp_path):
    with program(build, "sleepers",
                 PGO_AGENT=f"unix:{tmp_path}/a.sock") as child:
        run = trace("sched", "--json", "-n", "3", "-d", "0.2", child.pid)
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [line["gcount"] for line in lines] == [11, 11, 11]
    steps = [b["ms"] - a["ms"] for a, b in zip(lines, lines[1:])]
    assert all(150 <= step <= 400 for step in steps), steps


# What it says

NOBODY = 999999999
ERRORS = {
    # Command: exit status and the first line, "pgo-trace: " apart.
    "": (2, "no command (see pgo-trace --help)"),
    "unknowncmd": (2, "unknowncmd: no such command (see pgo-trace --help)"),
    "dump": (2, "dump: no TARGET (see pgo-trace dump --help)"),
    "dump 1 2": (2, "dump: one TARGET (see pgo-trace dump --help)"),
    "dump -F wait>1 1": (2, "dump: -F: column 6: 1: wait wants a time like "
                            "90s or 1m30s (see pgo-trace dump --help)"),
    f"dump {NOBODY}": (1, f"{NOBODY}: no such process"),
    "record": (2, "record: no TARGET (see pgo-trace record --help)"),
    "record 1 2": (2, "record: one TARGET (see pgo-trace record --help)"),
    "record -s 0 1": (2, "record: -s 0: whole seconds from 1 to 86400 (see "
                         "pgo-trace record --help)"),
    "record -s": (2, "record: -s needs a value (see pgo-trace record --help)"),
    "record -t a/b 1": (2, "record: -t a/b: no profile type (see pgo-trace "
                           "record --help)"),
    "record -t trace 1": (2, "record: -t trace: only profiles are recorded "
                             "(see pgo-trace record --help)"),
    "record --what 1": (2, "record: --what: no such option (see pgo-trace "
                           "record --help)"),
    f"record {NOBODY}": (1, f"{NOBODY}: no such process"),
    "record pgo-no-such": (1, "pgo-no-such: no such process"),
    "record https://x/": (1, "https://x/: https is not spoken yet (use http "
                             "or a unix socket, by ssh -L if need be)"),
    "record 127.0.0.1:1": (1, "127.0.0.1:1: Connection refused"),
    "record unix:/no/a.sock": (1, "unix:/no/a.sock: No such file or "
                                  "directory"),
    "record -o /no/x 127.0.0.1:1": (1, "/no/x: No such file or directory"),
    "record core:/no": (1, "/no: No such file or directory"),
    "record core:/dev/null": (1, "core:/dev/null: a core has no agent (give "
                                 "a pid or an address)"),
    "top": (2, "top: no FILE (see pgo-trace top --help)"),
    "top -n x y": (2, "top: -n x: no number of rows (see pgo-trace top "
                      "--help)"),
    "top /no/file": (1, "/no/file: No such file or directory"),
    "top /dev/null": (1, "/dev/null: not a valid profile: "),
    "ps 1": (2, "ps: 1: it takes no TARGET (see pgo-trace ps --help)"),
    "sched /dev/null": (1, "/dev/null: no SCHED lines (run the program with "
                           "SCHEDTRACE=1000)"),
    "sched /dev/zero": (1, "/dev/zero: no log: a line of more than 1 MiB"),
    "sched -d 0 x": (2, "sched: -d 0: seconds from 0.01 to 86400 (see "
                        "pgo-trace sched --help)"),
    "sched a b": (2, "sched: one TARGET or FILE (see pgo-trace sched "
                     "--help)"),
}


@pytest.mark.fast
@pytest.mark.parametrize("words", ERRORS)
def test_errors_are_one_line(trace, words):
    status, line = ERRORS[words]
    run = trace(*words.split())
    assert run.returncode == status
    assert run.stdout == ""
    said = run.stderr.rstrip("\n")
    assert "\n" not in said
    if line.endswith(" "):
        assert said.startswith(f"pgo-trace: {line}")
    else:
        assert said == f"pgo-trace: {line}"


@pytest.mark.fast
@pytest.mark.parametrize("words", ["--help", "--version", "top --help",
                                   "sched -", "ps", "doctor"])
def test_a_full_disk_is_told(build, words):
    with open("/dev/full", "w") as full:
        run = subprocess.run([build / "bin/pgo-trace", *words.split()],
                             input=OURS, text=True, timeout=5,
                             stdout=full, stderr=subprocess.PIPE)
    assert (run.returncode, run.stderr) == (
        1, "pgo-trace: stdout: No space left on device\n")


@pytest.mark.outside
def test_a_program_without_agent_is_told_apart(trace, build):
    with program(build, "sleepers") as child:
        assert trace("record", child.pid).stderr == (
            f"pgo-trace: {child.pid}: no agent (start it with "
            "PGO_AGENT=unix)\n")
    here = os.getpid()
    assert trace("record", here).stderr == (
        f"pgo-trace: {here}: no agent: not built with pgo-cc (give the URL "
        "of its pprof server)\n")


@pytest.mark.outside
def test_what_the_agent_refuses_is_passed_on(trace, build, tmp_path):
    path = tmp_path / "a.sock"
    with program(build, "sleepers", PGO_AGENT=f"unix:{path}") as child:
        run = trace("record", "-t", "nosuch", child.pid)
    assert run.returncode == 1
    assert run.stderr == (f"pgo-trace: unix:{path}: HTTP 404: Unknown "
                          "profile\n")


@pytest.mark.fast
def test_every_command_helps(trace):
    run = trace("--help")
    assert run.returncode == 0
    for command in ("record", "dump", "top", "sched", "ps", "doctor",
                    "collect"):
        assert f"\n  {command} " in run.stdout
        for flag in ("-h", "--help"):
            own = trace(command, flag)
            assert own.returncode == 0
            assert own.stdout.startswith(f"usage: pgo-trace {command} ")
    assert re.fullmatch(r"pgo-trace \d+\.\d+\n", trace("--version").stdout)
