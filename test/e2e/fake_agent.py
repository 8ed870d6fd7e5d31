"""An agent that is none: serves /debug/pgo/ answers made up in Python.

usage: fake_agent.py [--port N | --unix PATH] [--goroutines N]

For tests: as a module, FakeAgent answers what the test says, also nonsense.
"""
import argparse
import json
import os
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

MS = 1_000_000
S = 1000 * MS


def frames(*names):
    return [{"func": name, "file": f"src/{name}.c", "line": 10 + i,
             "pc": hex(0x401000 + 16 * i), "inlined": False}
            for i, name in enumerate(names)]


STACKS = [
    ("waiting", "chan receive",
     ("park", "pgo_chan_recv", "subscribe", "handle", "serve")),
    ("waiting", "select", ("park", "pgo_select", "hub_loop")),
    ("waiting", "sleep", ("park", "pgo_sleep", "backoff", "retry")),
    ("syscall", None, ("__wrap_read", "read_request", "serve")),
    ("runnable", None, ("encode", "handle", "serve")),
    ("running", None, ("render", "handle", "serve")),
]
SHARES = [50, 25, 10, 8, 4, 3]          # percent of all goroutines


def goroutines(total):
    """TOTAL rows, spread over STACKS."""
    rows = []
    for i in range(total):
        at, kind = i * 100 // total if total > 6 else i * 17, 0
        while at >= SHARES[kind] and kind < len(SHARES) - 1:
            at -= SHARES[kind]
            kind += 1
        state, reason, _ = STACKS[kind]
        row = {"id": i + 1, "state": state, "since_ns": (i + 1) * S,
               "stack": kind, "entry": "serve", "stack_bytes": 2048,
               "stack_used": 700, "segments": 1, "grows": 0, "shrinks": 0,
               "enters": 0, "parks": i,
               "created_by": {"func": "main_goroutine", "file": "main.c",
                              "line": 7, "goroutine": 1}}
        if reason:
            row["reason"] = reason
        rows.append(row)
    return rows


def sched(total):
    return {"schema": 1, "time": time.time_ns(), "gomaxprocs": 4,
            "idleprocs": 1, "threads": 7, "spinningthreads": 0,
            "needspinning": 0, "idlethreads": 2, "runqueue": 33,
            "runqs": [3, 1, 0, 0], "schedticks": [9, 3, 4, 4],
            "gcount": total, "stackinuse": total * 2048, "bound": 0,
            "uptime_ns": 192 * S,
            "ps": [{"id": i, "status": int(i < 3), "m": i, "runq": q,
                    "tick": 1, "handoffs": 0, "steals": 0}
                   for i, q in enumerate([3, 1, 0, 0])],
            "ms": [{"id": i, "tid": 100 + i, "p": i, "g": 0, "switches": 1,
                    "calls": 1, "spinning": False, "in_c": False,
                    "bound": False} for i in range(5)],
            "losses": {}}


def page(rows, offset=0, limit=1_000_000, stacks=None):
    part = rows[offset:offset + limit]
    if stacks is None:
        stacks = [{"id": i, "frames": frames(*names)}
                  for i, (_, _, names) in enumerate(STACKS)]
    answer = {"schema": 1, "time": time.time_ns(), "pid": 4711,
              "exe": "/usr/bin/chatd", "total": len(rows),
              "stacks": stacks, "goroutines": part}
    if offset + limit < len(rows):
        answer["next"] = offset + limit
    return answer


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def address_string(self):
        return "client"

    def do_GET(self):
        url = urlsplit(self.path)
        query = {k: int(v[0]) for k, v in parse_qs(url.query).items()}
        answer = self.server.agent.answer(url.path, query)
        if answer is None:
            self.send_error(404)
            return
        body = answer if isinstance(answer, bytes) else \
            json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_):
        pass            # a client that hung up is one of the tests


class Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    handle_error = Tcp.handle_error


class FakeAgent:
    """Answers while in a with statement; `rows`, `over` may be changed."""

    def __init__(self, rows=None, port=0, path=None):
        self.rows = goroutines(100) if rows is None else rows
        self.over = {}          # path: answer instead; a function is called
        self.delay_s = 0        # before each answer
        self.requests = 0
        self.paths = []
        self.port, self.path = port, path

    def answer(self, path, query):
        self.requests += 1
        self.paths.append(path)
        time.sleep(self.delay_s)
        if path in self.over:
            over = self.over[path]
            return over(query) if callable(over) else over
        if path == "/debug/pgo/goroutines":
            return page(self.rows, query.get("offset", 0),
                        query.get("limit", 1_000_000))
        if path == "/debug/pgo/sched":
            return sched(len(self.rows))
        return None

    def __enter__(self):
        if self.path:
            self.server = Unix(str(self.path), Handler)
            self.target = f"unix:{self.path}"
        else:
            self.server = Tcp(("127.0.0.1", self.port), Handler)
            self.port = self.server.server_address[1]
            self.target = f"127.0.0.1:{self.port}"
        self.server.agent = self
        threading.Thread(target=self.server.serve_forever, args=(0.01,),
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        if self.path and os.path.exists(self.path):
            os.unlink(self.path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--unix")
    parser.add_argument("--goroutines", type=int, default=100)
    args = parser.parse_args()
    with FakeAgent(goroutines(args.goroutines), args.port, args.unix) as it:
        print(it.target, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
