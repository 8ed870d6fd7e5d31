"""A program in a pseudo-terminal, its screen read by pyte."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pyte

import under

KEYS = {"up": b"\x1b[A", "down": b"\x1b[B", "pgdn": b"\x1b[6~",
        "pgup": b"\x1b[5~", "home": b"\x1b[1~", "end": b"\x1b[4~",
        "esc": b"\x1b", "enter": b"\r", "f1": b"\x1b[[A",
        "f10": b"\x1b[21~", "backspace": b"\x7f"}


class Screen:
    """Use in a with statement: the program is killed at its end."""

    def __init__(self, argv, rows=24, cols=80, **env):
        self.argv = [str(a) for a in argv]
        self.rows, self.cols = rows, cols
        # pyte lacks REP, which TERM=linux does not use.
        self.env = {**os.environ, "TERM": "linux", "LC_ALL": "C.UTF-8", **env}
        for name in ("LINES", "COLUMNS", "NO_COLOR"):
            if name not in env:
                self.env.pop(name, None)
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.status = None

    def __enter__(self):
        argv = under.words(self.argv)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ,
                        struct.pack("HHHH", self.rows, self.cols, 0, 0))
            os.execvpe(argv[0], argv, self.env)
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def resize(self, rows, cols):
        self.screen.resize(rows, cols)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, cols, 0, 0))

    def pump(self, seconds=0.05):
        """Reads what comes; False once nothing can come any more."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.raw += data
            self.stream.feed(data)
        return True

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def line(self, y):
        return self.screen.display[y].rstrip()

    def until(self, pattern, seconds=10):
        """Waits until the screen matches; the match."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            alive = self.pump(0.02)
            found = re.search(pattern, self.text(), re.M)
            if found:
                return found
            assert alive, f"ended without {pattern}:\n{self.text()}"
        raise AssertionError(f"no {pattern} on:\n{self.text()}")

    def press(self, *keys):
        for key in keys:
            os.write(self.fd, KEYS.get(key, key.encode()))

    def reversed_rows(self):
        """Rows whose first cell is shown in reverse."""
        return [y for y in range(self.screen.lines)
                if self.screen.buffer[y][0].reverse]

    def wait(self, seconds=5):
        """The exit status, once it ended by itself."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                self.pump(0.02)
                return self.status
        raise AssertionError(f"still running:\n{self.text()}")
