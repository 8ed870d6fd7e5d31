"""The agent in real programs: addresses, answers, go tool pprof, hostility."""
import contextlib
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import threading
import time

import pytest

PPROF = "/debug/pprof"


class Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(connection, path, method="GET", body=None, **headers):
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    return reply, reply.read()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Watched:
    """A running program whose agent listens at .path and at .port."""

    def __init__(self, build, folder, *args, **env):
        self.path = folder / "agent.sock"
        self.port = free_port()
        self.process = subprocess.Popen(
            [build / "test/e2e/progs/watched", *map(str, args)],
            env={**os.environ, "GOMAXPROCS": "2",
                 "PGO_AGENT": f"unix:{self.path},127.0.0.1:{self.port}",
                 **env},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.count = int(self.process.stdout.readline().split()[0])

    def unix(self):
        return Unix(self.path)

    def tcp(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, path):
        reply, body = ask(self.unix(), path)
        assert reply.status == 200, body
        return body

    def end(self):
        """Its standard error."""
        try:
            return self.process.communicate(timeout=10)[1]
        finally:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def watched(build, tmp_path):
    with contextlib.ExitStack() as stack:
        def start(*args, **env):
            w = Watched(build, tmp_path, *args, **env)
            stack.callback(w.end)
            return w
        yield start


def pprof(url, *args):
    result = subprocess.run(["go", "tool", "pprof", *args, url], text=True,
                            capture_output=True, timeout=50)
    assert result.returncode == 0, result.stderr
    return result.stdout


# Answers

@pytest.mark.fast
def test_all_count_alike(watched):
    w = watched(100, 0)
    text = w.get(f"{PPROF}/goroutine?debug=1").decode()
    dump = w.get(f"{PPROF}/goroutine?debug=2").decode()
    top = json.loads(w.get("/debug/pgo/top"))
    rows = json.loads(w.get("/debug/pgo/goroutines"))
    sched = json.loads(w.get("/debug/pgo/sched"))
    assert w.count == 101
    assert text.startswith("goroutine profile: total 101\n")
    assert sum(int(n) for n in re.findall(r"^(\d+) @", text, re.M)) == 101
    assert len(re.findall(r"^goroutine \d+ \[", dump, re.M)) == 101
    assert top["goroutines"]["total"] == 101
    assert top["reasons"] == {"chan receive": 100}
    assert sum(s["count"] for s in top["stacks"]) == 101
    assert len(rows["goroutines"]) == rows["total"] == sched["gcount"] == 101
    assert {r["stack"] for r in rows["goroutines"]} == {
        s["id"] for s in rows["stacks"]}


@pytest.mark.fast
def test_what_happened_is_counted(watched):
    w = watched(100, 0)
    rows = json.loads(w.get("/debug/pgo/goroutines"))["goroutines"]
    sched = json.loads(w.get("/debug/pgo/sched"))
    # Goroutine 1 too.
    assert sched["creates"] == 101
    assert sched["exits"] == 0
    for key in "creates", "exits", "steals", "handoffs", "retakes", "preempts":
        assert sched[key] >= sum(p[key] for p in sched["ps"])
    assert sched["netpollwakes"] == 0
    waiting = [r for r in rows if r["state"] == "waiting"]
    assert len(waiting) == 100
    # Each began to run once, on one of the two, and nobody woke it.
    assert {r["runs"] for r in waiting} == {1}
    assert {r["last_p"] for r in waiting} <= {0, 1}
    assert not any("woken_by" in r for r in waiting)


TIMES = "run_ns", "ready_ns", "blocked_ns"


@pytest.mark.fast
def test_times_are_known_while_somebody_asks(watched):
    w = watched(10, 0)
    page = "/debug/pgo/goroutines"
    rows = json.loads(w.get(page))["goroutines"]
    assert not any(key in row for row in rows for key in TIMES)
    begin = time.monotonic_ns()
    w.get(page + "?times=60")
    time.sleep(0.05)
    rows = json.loads(w.get(page))["goroutines"]
    most = time.monotonic_ns() - begin
    blocked = [r for r in rows if r.get("reason") == "chan receive"]
    assert len(blocked) == 10
    for row in blocked:
        assert (row["run_ns"], row["ready_ns"]) == (0, 0)
        assert 5e7 <= row["blocked_ns"] <= most
    one = json.loads(w.get(f"/debug/pgo/goroutine/{blocked[0]['id']}?times=9"))
    assert one["goroutine"]["blocked_ns"] >= blocked[0]["blocked_ns"]
    reply, _ = ask(w.unix(), page + "?times=0")
    assert reply.status == 400


@pytest.mark.fast
def test_times_may_be_kept_from_the_start(watched):
    w = watched(10, 0, PGODEBUG="schedtimes=1")
    rows = json.loads(w.get("/debug/pgo/goroutines"))["goroutines"]
    assert len(rows) == 11
    for row in rows:
        assert sum(row[key] for key in TIMES) > 0
        assert row["run_ns"] > 0


@pytest.mark.limit(120)
def test_go_tool_pprof_counts_goroutines(watched):
    w = watched(50, 0)
    out = pprof(f"http://127.0.0.1:{w.port}{PPROF}/goroutine", "-top")
    assert "of 51 total" in out
    assert re.search(r"\b50 +98\.04% +wait_for_ever$", out, re.M)


@pytest.mark.limit(120)
def test_go_tool_pprof_finds_the_culprit(watched):
    w = watched(0, 2)
    out = pprof(f"http://127.0.0.1:{w.port}{PPROF}/profile?seconds=2",
                "-top", "-unit=ms")
    percent = {m[2]: float(m[1])
               for m in re.finditer(r"([\d.]+)% +(\S+)(?: \(inline\))?$", out,
                                    re.M)}
    assert percent["spin"] > 90, out


def test_frames_know_files_and_lines(watched):
    w = watched(1, 0)
    dump = w.get(f"{PPROF}/goroutine?debug=2").decode()
    assert re.search(r"^wait_for_ever\(\.\.\.\)\n\t/\S+/watched\.c:\d+ \+0x",
                     dump, re.M), dump
    assert re.search(r"^created by entry in goroutine 1\n\t/\S+/watched\.c:",
                     dump, re.M), dump
    assert json.loads(w.get("/debug/pgo/sched"))["names"] == "dwarf"


@pytest.mark.fast
def test_without_pgo_sym_functions_remain(watched, tmp_path):
    w = watched(1, 0, PGO_SYM=str(tmp_path / "none"))
    for _ in range(3):
        dump = w.get(f"{PPROF}/goroutine?debug=2").decode()
    assert "wait_for_ever(...)\n\t??:0 +0x" in dump
    assert json.loads(w.get("/debug/pgo/sched"))["names"] == "elf"
    assert w.end() == (
        f"pgo: agent: {tmp_path}/none: No such file or directory (files, "
        "lines and inlined functions stay unknown; PGO_SYM=FILE)\n")


FAKE = """#!/usr/bin/python3
import os
import sys
sys.stderr = open(os.devnull, "w")
seen = {{}}
for line in open(0, newline="\\n", closefd=False):
    module, build_id, address = line.rstrip("\\n").split("\\t")
    seen[module, address] = seen.get((module, address), 0) + 1
    assert seen[module, address] == 1
    sys.stdout.write({answer!r})
    sys.stdout.flush()
"""


def fake_sym(tmp_path, answer):
    path = tmp_path / "fake-sym"
    path.write_text(FAKE.format(answer=answer))
    path.chmod(0o755)
    return str(path)


def test_the_child_is_asked_once_an_address(watched, tmp_path):
    line = "f\\\\n\\tg\tlink\t/a b/c.c\t7\t1\t3\t1\nouter\touter\t\t0\t0\t0\t0\n"
    w = watched(3, 0, PGO_SYM=fake_sym(tmp_path, line + "\n"))
    for _ in range(3):
        stacks = json.loads(w.get("/debug/pgo/goroutines"))["stacks"]
    frames = stacks[0]["frames"]
    assert frames[0] == {"func": "f\\n\tg", "file": "/a b/c.c", "line": 7,
                         "pc": frames[0]["pc"], "inlined": True}
    assert frames[1] == {"func": "outer", "pc": frames[0]["pc"],
                         "inlined": False}
    assert json.loads(w.get("/debug/pgo/sched"))["names"] == "dwarf"
    assert w.end() == ""


@pytest.mark.parametrize("answer", ["endless", "none"])
def test_a_mad_child_is_left_alone(watched, tmp_path, answer):
    sym = (fake_sym(tmp_path, "x" * 300000) if answer == "endless"
           else "/bin/false")
    w = watched(1, 0, PGO_SYM=sym)
    dump = w.get(f"{PPROF}/goroutine?debug=2").decode()
    assert "wait_for_ever(...)\n\t??:0 +0x" in dump
    assert json.loads(w.get("/debug/pgo/sched"))["names"] == "elf"
    assert re.fullmatch(r"pgo: agent: \S+: .+ \(files, .*\)\n", w.end())


@pytest.mark.fast
def test_headers_are_gos(watched):
    w = watched(1, 0)
    reply, body = ask(w.tcp(), f"{PPROF}/nope")
    assert (reply.status, body) == (404, b"Unknown profile\n")
    assert reply.headers["X-Go-Pprof"] == "1"
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    reply, body = ask(w.tcp(), f"{PPROF}/goroutine")
    assert body[:2] == b"\x1f\x8b"
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert (reply.headers["Content-Disposition"]
            == 'attachment; filename="goroutine"')
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Go-Pprof" not in reply.headers
    reply, body = ask(w.tcp(), PPROF)
    assert (reply.status, reply.headers["Location"]) == (301, PPROF + "/")
    reply, body = ask(w.tcp(), f"{PPROF}/goroutine", method="HEAD")
    assert (reply.status, body) == (200, b"")


@pytest.mark.fast
def test_symbol_answers_get_and_post(watched):
    w = watched(1, 0)
    pc = re.search(r"#\t(0x\w+)\twait_for_ever",
                   w.get(f"{PPROF}/goroutine?debug=1").decode())[1]
    want = f"num_symbols: 1\n{pc} wait_for_ever\n".encode()
    assert w.get(f"{PPROF}/symbol?{pc}") == want
    assert ask(w.unix(), f"{PPROF}/symbol", "POST", pc)[1] == want
    reply, _ = ask(w.unix(), f"{PPROF}/symbol", "POST", "0x1+" * 400000)
    assert reply.status == 413


@pytest.mark.fast
def test_arguments_are_shown_on_request(build, watched, tmp_path):
    w = watched(1, 0)
    reply, body = ask(w.unix(), f"{PPROF}/cmdline")
    assert reply.status == 403 and b"PGO_AGENT_CMDLINE=1" in body
    w.end()
    w = watched(1, 0, PGO_AGENT_CMDLINE="1")
    assert w.get(f"{PPROF}/cmdline").endswith(b"/watched\x001\x000")


def test_a_second_profile_is_refused_and_a_hang_up_ends_one(watched):
    w = watched(0, 1)
    first = w.unix()
    first.request("GET", f"{PPROF}/profile?seconds=30")
    time.sleep(0.3)
    reply, body = ask(w.unix(), f"{PPROF}/profile?seconds=1")
    assert (reply.status, body) == (
        500, b"Could not enable CPU profiling: cpu profiling already in use\n")
    first.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        reply, body = ask(w.unix(), f"{PPROF}/profile?seconds=1")
        if reply.status == 200:
            break
    assert reply.status == 200


def test_a_dump_is_quick_while_all_spin(watched):
    w = watched(0, 8)
    w.get(f"{PPROF}/goroutine?debug=2")     # the first one reads symbols
    for _ in range(3):      # the machine may be busy with other things
        took = []
        for _ in range(20):
            start = time.monotonic()
            dump = w.get(f"{PPROF}/goroutine?debug=2")
            took.append(time.monotonic() - start)
            assert dump.count(b"created by entry") == 8
        if statistics.median(took) <= 0.050:
            return
    pytest.fail(f"20 dumps took {took} s")


# Addresses

def complaint(build, address, **env):
    """What a program says on stderr about PGO_AGENT=ADDRESS."""
    result = subprocess.run(
        [build / "examples/fib", "5"], text=True, capture_output=True,
        timeout=20, env={**os.environ, "PGO_AGENT": str(address), **env})
    assert (result.returncode, result.stdout) == (
        0, "fib(5) = 5 by recursion, 5 by a loop\n")
    return result.stderr


@pytest.mark.fast
def test_each_trouble_is_one_line_and_the_program_runs(build, tmp_path):
    token = tmp_path / "token"
    token.write_text("short\n")
    token.chmod(0o600)
    file = tmp_path / "file"
    file.write_text("")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert complaint(build, f"127.0.0.1:{port}") == (
            f"pgo: agent: 127.0.0.1:{port}: Address already in use "
            "(another port)\n")
    assert complaint(build, "off") == complaint(build, "") == ""
    assert complaint(build, "0.0.0.0:0") == (
        "pgo: agent: 0.0.0.0:0: not only of this machine, so a token is "
        "wanted (PGO_AGENT_TOKEN_FILE=FILE)\n")
    assert complaint(build, "nonsense") == (
        "pgo: agent: nonsense: no address (unix, unix:PATH or HOST:PORT)\n")
    assert complaint(build, f"unix:{file}") == (
        f"pgo: agent: unix:{file}: is there and no socket (another path)\n")
    assert complaint(build, f"unix:{tmp_path}/no/a.sock") == (
        f"pgo: agent: unix:{tmp_path}/no/a.sock: No such file or directory\n")
    assert complaint(build, "127.0.0.1:0", PGO_AGENT_TOKEN_FILE=str(token)) == (
        f"pgo: agent: {token}: its first line is no token (16 to 512 "
        "characters)\npgo: agent: 127.0.0.1:0: not without the token of "
        "PGO_AGENT_TOKEN_FILE\n")
    assert complaint(build, "unix", PGO_AGENT_LIB=f"{tmp_path}/no.so") == (
        f"pgo: agent: {tmp_path}/no.so: cannot open shared object file: No "
        "such file or directory (PGO_AGENT_LIB=FILE, or PGO_AGENT=off)\n")


@pytest.mark.fast
def test_a_socket_of_the_living_stays_and_of_the_dead_goes(build, watched):
    w = watched(1, 0)
    assert complaint(build, f"unix:{w.path}") == (
        f"pgo: agent: unix:{w.path}: process {w.process.pid} listens there "
        "(another path)\n")
    w.process.kill()
    w.process.wait()
    assert w.path.is_socket()
    again = watched(1, 0)
    assert again.path.stat().st_mode & 0o777 == 0o600
    assert again.get("/healthz") == b"ok\n"
    assert again.end() == ""
    assert not again.path.exists()


@pytest.mark.fast
def test_the_default_place_is_ours_alone(build, tmp_path):
    runtime = tmp_path / "run"
    runtime.mkdir()
    env = {"XDG_RUNTIME_DIR": str(runtime)}
    assert complaint(build, "unix", **env) == ""
    assert (runtime / "pgo").stat().st_mode & 0o777 == 0o700
    assert not list((runtime / "pgo").iterdir())
    (runtime / "pgo").chmod(0o755)
    assert complaint(build, "unix", **env) == (
        f"pgo: agent: {runtime}/pgo: not a folder of uid {os.geteuid()} with "
        "mode 0700 (remove it, or unix:PATH)\n")
    (runtime / "pgo").rmdir()
    (runtime / "pgo").symlink_to(tmp_path)
    assert "pgo: Not a directory" in complaint(build, "unix", **env)


@pytest.mark.fast
def test_the_next_agent_clears_the_default_place_of_the_dead(build, tmp_path):
    (tmp_path / "pgo").mkdir(mode=0o700)

    def bound(name):
        s = socket.socket(socket.AF_UNIX)
        s.bind(str(tmp_path / "pgo" / name))
        return s

    dead = subprocess.Popen(["true"])
    dead.wait()
    # Nobody answers, of the dead and not; somebody does, of another namespace.
    bound(f"{dead.pid}.sock").close()
    bound(f"{os.getpid()}.sock").close()
    bound("mine.sock").close()
    (tmp_path / f"pgo/{dead.pid}0.sock").touch()
    with bound(f"{2**31 - 1}.sock") as listening:
        listening.listen()
        assert complaint(build, "unix", XDG_RUNTIME_DIR=str(tmp_path)) == ""
        assert {f.name for f in (tmp_path / "pgo").iterdir()} == {
            f"{os.getpid()}.sock", "mine.sock", f"{dead.pid}0.sock",
            f"{2**31 - 1}.sock"}


def test_tokens_and_hosts(watched, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    token.chmod(0o600)
    w = watched(1, 0, PGO_AGENT_TOKEN_FILE=str(token),
                PGO_AGENT_HOSTS="db.example.org")
    bearer = {"Authorization": "Bearer 0123456789abcdef"}
    reply, body = ask(w.tcp(), "/healthz")
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="pgo"'
    assert ask(w.tcp(), "/healthz", **bearer)[0].status == 200
    assert ask(w.tcp(), "/healthz", Host="db.example.org",
               **bearer)[0].status == 200
    assert ask(w.tcp(), "/healthz", Host="evil.example.org",
               **bearer)[0].status == 403
    assert w.get("/healthz") == b"ok\n"
    assert "of 2 total" in pprof(
        f"http://x:0123456789abcdef@127.0.0.1:{w.port}{PPROF}/goroutine",
        "-top")


# Hostility

def talk(w, request):
    """Everything the agent says to REQUEST until it hangs up."""
    with socket.create_connection(("127.0.0.1", w.port), timeout=20) as s:
        with contextlib.suppress(OSError):
            s.sendall(request)
            s.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: s.recv(65536), b""))
    return b""


HOSTILE = {
    "zeros": b"\0" * 1000,
    "word": b"GET\r\n\r\n",
    "version": b"GET / HTTP/9.9\r\n\r\n",
    "path": b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
    "headers": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "query": b"GET /debug/pprof/goroutine?seconds=%&&&=;%zz&seconds=x "
             b"HTTP/1.0\r\n\r\n",
    "length": b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\n"
              b"Content-Length: 99999999999999999999\r\n\r\n",
    "chunk": b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\n"
             b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    "escapes": b"GET /debug/pgo/goroutine/%00%ff%2e%2e HTTP/1.0\r\n\r\n",
}


@pytest.mark.fast
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_requests_harm_nobody(watched, name):
    w = watched(1, 0)
    said = talk(w, HOSTILE[name])
    assert not said or re.match(rb"HTTP/1\.[01] [45]\d\d ", said), said[:200]
    assert w.get("/healthz") == b"ok\n"
    assert w.end() == ""


@pytest.mark.long
def test_a_slow_request_is_cut_off(watched):
    w = watched(1, 0)
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", w.port), timeout=20) as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            while time.monotonic() - start < 20:
                s.sendall(b"A: b\r\n")
                time.sleep(0.5)
    assert 9 < time.monotonic() - start < 14


def test_a_crowd_leaves_the_other_door_open(watched):
    w = watched(1, 0)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(
                socket.create_connection(("127.0.0.1", w.port), timeout=5))
        assert w.get("/healthz") == b"ok\n"


def test_many_at_once_get_their_answers(watched):
    w = watched(200, 2)
    paths = [f"{PPROF}/goroutine", f"{PPROF}/goroutine?debug=2",
             "/debug/pgo/top", "/debug/pgo/goroutines", f"{PPROF}/"]
    wrong = []

    def client(path):
        for _ in range(10):
            try:
                assert w.get(path)
            except (AssertionError, OSError, http.client.HTTPException) as e:
                wrong.append((path, e))

    threads = [threading.Thread(target=client, args=(p,))
               for p in paths for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert w.end() == ""


# The C API

CALLS = r"""
#include <stdio.h>
#include <pgo/agent.h>
#include <pgo/pgo.h>

static void entry(void *arg)
{
	printf("%d\n", pgo_agent_start(arg));
	printf("%d\n", pgo_agent_start(arg));
	fflush(stdout);
	getchar();
	pgo_agent_stop();
	pgo_agent_stop();
	printf("%d\n", pgo_agent_start(arg));
	fflush(stdout);
	getchar();
}

int main(int argc, char **argv)
{
	return pgo_run(entry, argv[argc - 1]);
}
"""


def test_a_program_starts_and_stops_its_own(build, tmp_path):
    source = tmp_path / "calls.c"
    source.write_text(CALLS)
    subprocess.run([build / "bin/pgo-cc", "--libs", "pgo-agent", "-O2", "-o",
                    tmp_path / "calls", source], check=True, timeout=30)
    path = tmp_path / "own.sock"
    process = subprocess.Popen([tmp_path / "calls", f"unix:{path}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        assert [process.stdout.readline() for _ in range(2)] == ["0\n",
                                                                 "-114\n"]
        assert ask(Unix(path), "/healthz")[1] == b"ok\n"
        tasks = len(os.listdir(f"/proc/{process.pid}/task"))
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "0\n"
        assert ask(Unix(path), "/healthz")[1] == b"ok\n"
        # The first agent's two threads have gone; an M may have come.
        assert len(os.listdir(f"/proc/{process.pid}/task")) <= tasks + 1
        assert process.communicate("\n", timeout=10) == ("", "")
        assert process.returncode == 0
        assert not path.exists()
    finally:
        process.kill()
        process.wait()
