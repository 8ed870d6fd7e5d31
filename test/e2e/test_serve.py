"""pgo-trace serve: a Go program's pprof pages without its help, held against
what net/http/pprof inside it says."""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import goprog
from raw_profile import Profile

LIMIT_S = 20
TRIES = 50


@contextlib.contextmanager
def serving(build, pid, *words, **options):
    with subprocess.Popen([build / "bin/pgo-trace", "serve", str(pid),
                           *map(str, words)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options) as server:
        try:
            server.url = server.stdout.readline().strip()
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="module")
def served():
    with goprog.running("served") as child:
        child.url = f"http://{child.stdout.readline().strip()}/debug/pprof/"
        yield child


@pytest.fixture
def server(build, served):
    with serving(build, served.pid) as s:
        yield s


def get(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        return answer.read().decode()


def is_of_its_server(text):
    """What comes and goes as requests do."""
    return ("net/http.(*conn).serve" in text or "backgroundRead" in text
            or "runtime/pprof.write" in text)


def dump(url):
    """The goroutines of debug=2 by id, without what is not known outside."""
    found = {}
    for one in get(url + "goroutine?debug=2").rstrip("\n").split("\n\n"):
        one = re.sub(r"^([^\t\n].*)\([^()]*\)$", r"\1(...)", one, flags=re.M)
        if not is_of_its_server(one):
            found[one.split()[1]] = one
    return found


def groups(url):
    """The groups of debug=1: count, labels, functions and lines.  Offsets of
    inlined calls lie elsewhere in Go's."""
    found = []
    head, *rest = get(url + "goroutine?debug=1").split("\n", 1)
    assert re.fullmatch(r"goroutine profile: total \d+", head)
    for group in rest[0].strip().split("\n\n"):
        first, *lines = group.split("\n")
        # One that has just been made stands in nothing.
        if lines and not is_of_its_server(group):
            found.append((first.split()[0], *[
                re.sub(r"\+?0x[0-9a-f]+|\t+", " ", line) for line in lines]))
    return sorted(found)


def test_texts_are_its_own(served, server):
    assert re.fullmatch(r"http://localhost:\d+/debug/pprof/", server.url)
    for _ in range(TRIES):
        ours, own = dump(server.url), dump(served.url)
        if ours == own:
            break
    assert ours == own and len(own) == 9
    assert "locked to thread" in "".join(ours.values())
    assert groups(server.url) == groups(served.url)
    assert '# labels: {"part":"a b", "quoted":"x\\"y"}' in \
        get(server.url + "goroutine?debug=1")


def test_threads_are_its_own(served, server):
    def lines(url):
        text = get(url + "threadcreate?debug=1")
        return sorted(re.findall(r"^#\t.*\n", text, re.M))
    assert any("runtime.allocm" in line for line in lines(server.url))
    assert lines(server.url) == lines(served.url)


def test_record_has_the_same_threads(build, served, tmp_path):
    file = tmp_path / "threads.pb.gz"
    subprocess.run([build / "bin/pgo-trace", "record", "-t", "threadcreate",
                    "-o", file, str(served.pid)], check=True,
                   timeout=LIMIT_S)
    p = Profile(file)
    total = re.match(r"threadcreate profile: total (\d+)\n",
                     get(served.url + "threadcreate?debug=1"))
    # The request may make one more.
    assert 0 < p.total <= int(total[1])
    assert any("runtime.allocm" in s.functions for s in p.samples)


def test_go_tool_pprof_reads_it(server, served, tmp_path):
    def profile(path):
        file = tmp_path / "p"
        subprocess.run(["go", "tool", "pprof", "-proto", "-output", file,
                        server.url + path], check=True, capture_output=True,
                       timeout=LIMIT_S)
        return Profile(file)
    p = profile("goroutine")
    assert p.types == "goroutine/count"
    waiting = [s for s in p.samples if "main.inner" in s.functions]
    assert sum(s.count for s in waiting) == 4
    assert [s.labels for s in waiting if s.labels] == [{"part": "a b",
                                                        "quoted": 'x"y'}]
    assert profile("threadcreate").types == "threadcreate/count"
    assert profile("profile?seconds=1").types == \
        "samples/count cpu/nanoseconds"


def test_who_runs_has_a_name_be_it_a_wrappers(build):
    with goprog.running("burn", "ratio") as child, \
            serving(build, child.pid) as server:
        text = get(server.url + "goroutine?debug=1")
    # Of one that runs only where it began is known: `go burn(what)'.
    assert re.search(r"(?m)^#\t0x[0-9a-f]+\tmain\.\S+\+0x0\t\S+main\.go:\d+$",
                     text), text
    assert not re.search(r"(?m)^#\t0x[0-9a-f]+$", text), text


def test_a_cpu_profile_by_url(build, tmp_path):
    with goprog.running("burn", "ratio") as child, \
            serving(build, child.pid) as server:
        done = subprocess.run(
            ["go", "tool", "pprof", "-top", server.url +
             "profile?seconds=1&hz=500"], text=True, timeout=LIMIT_S,
            capture_output=True, env={**os.environ,
                                      "PPROF_TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert "main.heavy" in done.stdout and "Type: cpu" in done.stdout


def test_memory_by_url(server, tmp_path):
    done = subprocess.run(["go", "tool", "pprof", "-top",
                           "-sample_index=alloc_space", "-nodefraction=0",
                           "-nodecount=9999", server.url + "heap"],
                          text=True, timeout=LIMIT_S, capture_output=True,
                          env={**os.environ, "PPROF_TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert "main.park" in done.stdout
    assert "<a href='heap'>" in get(server.url)


def test_pages_of_ours(served, server):
    live = server.url.replace("pprof/", "pgo/")
    top = json.loads(get(live + "top"))
    assert top["target"] == {"kind": "attach", "pid": served.pid,
                             "exe": str(goprog.built("served"))}
    assert top["reasons"]["chan receive"] == 4
    rows = json.loads(get(live + "goroutines"))["goroutines"]
    one = next(r for r in rows if "labels" in r)
    assert one["labels"] == {"part": "a b", "quoted": 'x"y'}
    again = json.loads(get(live + f"goroutine/{one['id']}"))["goroutine"]
    assert again["frames"][-1]["func"] == "runtime.goexit"
    sched = json.loads(get(live + "sched"))
    assert sched["gomaxprocs"] == len(sched["runqs"]) > 0
    assert get(live + "sched?debug=1").startswith("SCHED ")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(live + "goroutine/999999")


def test_a_page_for_people(server):
    page = get(server.url)
    assert "full goroutine stack dump" in page
    assert "<td>0</td><td><a href='goroutine" not in page


def test_many_ask_at_once(server):
    asked = [subprocess.Popen(["curl", "-sf", "-o", "/dev/null", "-w",
                               "%{http_code}", server.url + path], text=True,
                              stdout=subprocess.PIPE)
             for path in ["goroutine?debug=2", "goroutine", "threadcreate",
                          "profile?seconds=1", "../pgo/top"] * 4]
    codes = [p.communicate(timeout=LIMIT_S)[0] for p in asked]
    assert codes.count("200") == 17 and codes.count("500") == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(build, served, tmp_path, number):
    path = tmp_path / "s"
    with serving(build, served.pid, f"unix:{path}") as server:
        assert server.url == f"unix:{path}"
        text = subprocess.run(["curl", "-sf", "--unix-socket", path,
                               "http://x/debug/pprof/goroutine?debug=1"],
                              check=True, capture_output=True, text=True,
                              timeout=LIMIT_S).stdout
        assert text.startswith("goroutine profile: total ")
        with subprocess.Popen(["curl", "-s", "--unix-socket", path,
                               "http://x/debug/pprof/profile?seconds=60"],
                              stdout=subprocess.DEVNULL) as curl:
            time.sleep(0.3)
            server.send_signal(number)
            assert server.wait(LIMIT_S) == 0
            curl.wait(LIMIT_S)
        assert server.stderr.read() == ""
    assert not path.exists()


def test_it_ends_with_its_target(build):
    with goprog.running("served") as child, \
            serving(build, child.pid) as server:
        assert get(server.url + "goroutine?debug=1")
        child.kill()
        child.wait()
        assert server.wait(LIMIT_S) == 1
        assert server.stderr.read() == \
            f"pgo-trace: {child.pid}: it has exited\n"


def test_who_may_ask(build, served, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    token.chmod(0o600)
    with serving(build, served.pid, "127.0.0.1:0",
                 env={**os.environ, "PGO_AGENT_TOKEN_FILE": str(token)}) as s:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(s.url)
        assert get(s.url, Authorization="Bearer 0123456789abcdef")
    with serving(build, served.pid) as s:
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(s.url, Host="evil.example")


def complaint(build, *words):
    done = subprocess.run([build / "bin/pgo-trace", "serve",
                           *map(str, words)], text=True, timeout=LIMIT_S,
                          capture_output=True)
    return done.returncode, done.stderr


def test_what_cannot_be_served(build, served):
    with subprocess.Popen(["sleep", "60"]) as child:
        assert complaint(build, child.pid) == (
            1, f"pgo-trace: {child.pid}: no Go program\n")
        child.kill()
    pid = served.pid
    assert complaint(build, pid, "0.0.0.0:0") == (
        1, "pgo-trace: 0.0.0.0:0: not only of this machine, so a token is "
        "wanted (PGO_AGENT_TOKEN_FILE=FILE)\n")
    assert complaint(build, pid, "nonsense") == (
        1, "pgo-trace: nonsense: no address (unix, unix:PATH or HOST:PORT)\n")
    assert complaint(build, "http://localhost:1") == (
        1, "pgo-trace: http://localhost:1: no process (give a pid or a "
        "program's name)\n")
    assert complaint(build)[0] == 2
    assert complaint(build, pid, "unix", "more")[0] == 2
    assert complaint(build, "--sampler=no", pid)[0] == 2
