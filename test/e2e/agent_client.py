"""A program with its agent on a unix socket, and questions to it."""
import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

START_S = 10


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Agent:
    def __init__(self, path):
        self.path = path

    def get(self, url):
        connection = Connection(self.path)
        connection.request("GET", url)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200, (url, answer.status, body)
        return body

    def json(self, url):
        return json.loads(self.get(url))

    def is_there(self):
        try:
            return self.get("/healthz") == b"ok\n"
        except (FileNotFoundError, ConnectionRefusedError):
            return False


def wait_for(agent, program):
    until = time.monotonic() + START_S
    while not agent.is_there():
        assert program.poll() is None, "the program has ended"
        assert time.monotonic() < until, "no agent"
        time.sleep(0.02)


@contextlib.contextmanager
def started(*command, **env):
    """(process, its agent); killed at the end if it is still there."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "sock"
        program = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PGO_AGENT": f"unix:{path}", **env})
        try:
            agent = Agent(path)
            wait_for(agent, program)
            yield program, agent
        finally:
            program.kill()
            program.communicate()
