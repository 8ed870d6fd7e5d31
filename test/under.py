"""Programs that cases start run under another: valgrind (PGO_TEST_UNDER).

What is ours among what a case starts by subprocess or in a terminal, of build
or with pgo's note, gets those words before it.  The process is the same one:
valgrind becomes the program.  Who asks the kernel about it finds valgrind
though, so what a case marked `outside` looks at runs as ever, and only the
tool that looks is watched.  What a shell, gdb or another program starts is not
reached.

What valgrind says goes to a file for each program, and fails the case after
which it is there: a program may be killed, or its status nobody's business.

Programs take ten times as long and more, so the clock of cases goes slower,
and PGO_TEST_SLOWER tells programs how much longer is long for them.
"""
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import time

SLOWER = 10 if os.environ.get("PGO_TEST_UNDER") else 1
BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
# A first time takes longest.
FIRST_SLOWER = 50
ELF = b"\x7fELF"
# The head of an ELF note: sizes of name and value, type, name.
NOTE = b"\4\0\0\0\10\0\0\0\1\0\0\0pgo\0"
# Of what is linked dynamically.  What libc has from brk(), for itself, is never
# written for valgrind: of a static program only addresses are judged.
INTERPRETER = b"/ld-linux"
ADDRESSES_ALONE = "--undef-value-errors=no"
# Both come before code.
HEAD_BYTES = 1 << 16
# It has been asked not to judge where calls into C begin, until the end; and
# what the kernel has and it does not is answered as by an older kernel.
NO_ERROR = re.compile(
    r"==\d+== WARNING: exiting program has .*\n(==\d+== +(WARNING|\[).*\n)*"
    r"|--\d+-- WARNING: unhandled .*\n(--\d+-- .*\n)*")

outside = False     # the case looks at its programs from outside
started = 0         # programs, so far
cases = 0           # that started any
logs = None         # where valgrind writes, NUMBER.log for each of them
told = {}           # by name in there: how much is told already


def head_of(path):
    try:
        with open(path, "rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def is_ours(path, head):
    if NOTE in head:
        return not outside
    return head.startswith(ELF) and BUILD in path.resolve().parents


def words(command, folder=None):
    """COMMAND, started in FOLDER, as it is to be started."""
    global started
    path = pathlib.Path(folder or ".") / os.fsdecode(command[0])
    head = head_of(path)
    if not logs or not is_ours(path, head):
        return command
    started += 1
    return [*shlex.split(os.environ["PGO_TEST_UNDER"]),
            *([] if INTERPRETER in head else [ADDRESSES_ALONE]),
            f"--log-file={logs.name}/{started}.log", *command]


class Popen(subprocess.Popen):
    """Popen() that does so; its time limits are longer."""

    def __init__(self, args, *more, **options):
        if not options.get("shell"):
            alone = isinstance(args, (str, bytes, os.PathLike))
            args = words([args] if alone else list(args), options.get("cwd"))
        super().__init__(args, *more, **options)

    def communicate(self, input=None, timeout=None):
        return super().communicate(input, timeout and timeout * SLOWER)

    def wait(self, timeout=None):
        return super().wait(timeout and timeout * SLOWER)


def begin():
    """From now on."""
    global logs
    if SLOWER == 1:
        return
    logs = tempfile.TemporaryDirectory(prefix="pgo-under-")
    os.environ["PGO_TEST_SLOWER"] = str(FIRST_SLOWER)
    subprocess.Popen = Popen
    monotonic = time.monotonic
    time.monotonic = lambda: monotonic() / SLOWER


def findings():
    """What valgrind has said since the last call, as text."""
    new = ""
    if not logs:
        return new
    for path in sorted(pathlib.Path(logs.name).glob("*.log")):
        text = path.read_text(errors="replace")
        new += text[told.get(path, 0):]
        told[path] = len(text)
    return NO_ERROR.sub("", new)
