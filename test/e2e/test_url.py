"""Go programs behind net/http/pprof: seen by what they serve, without
attaching."""
import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import goprog
import goroutine_dump

LIMIT_S = 20


@pytest.fixture
def trace(build):
    def run(*words):
        return subprocess.run([build / "bin/pgo-trace", *map(str, words)],
                              text=True, capture_output=True, timeout=LIMIT_S)
    return run


@pytest.fixture(scope="module")
def served():
    with goprog.running("served") as child:
        yield child.stdout.readline().strip()


def test_goroutines_are_counted_by_stack(trace, served):
    run = trace("dump", served)
    assert run.returncode == 0
    assert run.stderr == (f"pgo-trace: {served}: stacks only: net/http/pprof "
                          "tells no ids, states, times\n")
    first = run.stdout.split("\n\n")[0]
    assert re.fullmatch(
        r"3 goroutines:\n"
        r"main\.inner\(\.\.\.\)\n\t\S+/main\.go:\d+ \+0x\w+\n"
        r"main\.middle\(\.\.\.\)\n\t\S+/main\.go:\d+ \+0x\w+\n"
        r"main\.outer\(\.\.\.\)\n\t\S+/main\.go:\d+ \+0x\w+", first), first


def test_labels_and_totals_are_in_json(trace, served):
    doc = json.loads(trace("dump", "-g", "--json", served).stdout)
    assert doc["target"]["kind"] == "url"
    assert doc["target"]["exe"].endswith("served")
    assert doc["total"] == sum(g["count"] for g in doc["groups"])
    one = json.loads(trace("dump", "-g", "--json", "-F",
                           'label.quoted="x\\"y"', served).stdout)
    assert [g["count"] for g in one["groups"]] == [1]
    assert "main.labelled" in [f["func"] for f in one["groups"][0]["frames"]]


def test_one_by_one_on_request_and_that_it_stops_is_said(trace, served):
    run = trace("dump", "--full", served)
    assert run.stderr == (f"pgo-trace: {served}: by debug=2, which stops the "
                          "program while it is written\n")
    seen = goroutine_dump.parse(run.stdout)
    assert seen[1].frames[-1].func == "main.main"
    assert sum(g.frames[-1].func == "main.outer"
               for g in seen.values() if g.frames) == 3
    assert any(g.locked and g.state == "select (no cases)"
               for g in seen.values())


def test_pgo_top_shows_them_too(build, served):
    run = subprocess.run([build / "bin/pgo-top", "--json", "-n", "1", served],
                         text=True, capture_output=True, timeout=LIMIT_S)
    assert run.returncode == 0, run.stderr
    top = json.loads(run.stdout)["stacks"][0]
    assert top["count"] == 3
    assert top["frames"][0]["func"] == "main.inner"


def test_its_profiles_are_recorded_as_ever(trace, served, tmp_path):
    path = tmp_path / "g.pb.gz"
    run = trace("record", "-t", "goroutine", "-o", path, served)
    assert (run.returncode, run.stdout) == (0, f"{path}\n")
    assert "main.outer" in trace("top", "--cum", path).stdout


@pytest.mark.fast
def test_who_serves_neither_is_told(trace):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"<html>no goroutines here</html>\n"
            self.send_response(200 if "goroutine" in self.path else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    with contextlib.closing(server.socket):
        run = trace("dump", address)
        server.shutdown()
    assert run.returncode == 1
    assert run.stderr == (f"pgo-trace: {address}: /debug/pprof/goroutine?"
                          "debug=1: answer is no goroutine profile\n")
