"""Go programs linked in every way, and started in every place: each is seen
from outside as its runtime sees itself."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess

import pytest

import golang

pytestmark = [pytest.mark.attach, pytest.mark.limit(300)]

PROGRAMS = pathlib.Path(__file__).parent / "go"
STRIPPED = "-ldflags=-s -w"
EXTERNAL = "-linkmode external"
STATIC = "-linkmode external -extldflags -static"
FLAVOURS = {
    "default": [],
    "without DWARF": ["-ldflags=-w"],
    "stripped": [STRIPPED],
    "PIE": ["-buildmode=pie"],
    "stripped PIE": ["-buildmode=pie", STRIPPED],
    "cgo": [f"-ldflags={EXTERNAL}"],
    "stripped cgo": [f"-ldflags=-s -w {EXTERNAL}"],
    "static": [f"-ldflags={STATIC}"],
    "stripped static": [f"-ldflags=-s -w {STATIC}"],
}
HEAD = re.compile(r"goroutine (\d+) \[([^\],]*)")


@pytest.fixture(scope="module")
def waits(tmp_path_factory):
    """The path of program waits, built with some flags once."""
    folder, built = tmp_path_factory.mktemp("flavours"), {}

    def exe(*flags):
        if flags not in built:
            built[flags] = golang.build(PROGRAMS / "waits",
                                        folder / str(len(built)), *flags)
        return built[flags]
    return exe


@contextlib.contextmanager
def running(*words, prefix=(), **options):
    with subprocess.Popen([*prefix, *map(str, words)], text=True,
                          stdout=subprocess.PIPE, **options) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


def functions(text):
    """{id: (state, the functions of its stack)} of a dump; but of the first,
    which writes the runtime's own."""
    found = {}
    for part in text.strip().split("\n\n"):
        lines = part.split("\n")
        head = HEAD.match(lines[0])
        assert head, part
        found[int(head[1])] = head[2], [re.sub(r"\([^()]*\)$", "", line)
                                        for line in lines[1:]
                                        if line[:1] not in ("\t", "")]
    del found[1]
    return found


def dump(build, pid, *words):
    run = subprocess.run([build / "bin/pgo-trace", "dump", *words, str(pid)],
                         capture_output=True, text=True, timeout=20)
    assert run.returncode == 0, run.stderr
    return run.stdout


def own(child, path, pid=None):
    os.kill(pid or child.pid, signal.SIGUSR1)
    assert child.stdout.readline() == "written\n"
    return path.read_text()


def check(build, child, path, pid=None):
    """What we see of CHILD, a running waits, against what it writes."""
    seen = functions(dump(build, pid or child.pid))
    said = functions(own(child, path, pid))
    assert len(said) > 20
    assert seen == said


def without_sections(exe, to):
    image = bytearray(exe.read_bytes())
    struct.pack_into("<Q", image, 40, 0)        # e_shoff
    struct.pack_into("<HH", image, 60, 0, 0)    # e_shnum, e_shstrndx
    to.write_bytes(image)
    to.chmod(0o755)
    return to


@pytest.mark.parametrize("name", FLAVOURS)
def test_whatever_way_it_was_linked(build, waits, tmp_path, name):
    with running(waits(*FLAVOURS[name]), tmp_path / "own") as child:
        check(build, child, tmp_path / "own")


@pytest.mark.parametrize("name", ["stripped", "stripped PIE",
                                  "stripped static"])
def test_without_section_headers(build, waits, tmp_path, name):
    exe = without_sections(waits(*FLAVOURS[name]), tmp_path / "bare")
    with running(exe, tmp_path / "own") as child:
        check(build, child, tmp_path / "own")


@pytest.mark.long
@pytest.mark.parametrize("flags", [EXTERNAL, f"-s -w {STATIC}"])
def test_with_another_libc(build, tmp_path, monkeypatch, flags):
    monkeypatch.setenv("CC", "musl-gcc")
    exe = golang.build(PROGRAMS / "waits", tmp_path / "musl",
                       f"-ldflags={flags}")
    with running(exe, tmp_path / "own") as child:
        check(build, child, tmp_path / "own")


def test_deleted_and_replaced(build, waits, tmp_path):
    exe = tmp_path / "exe"
    shutil.copy(waits(STRIPPED), exe)
    with running(exe, tmp_path / "own") as child:
        exe.unlink()
        check(build, child, tmp_path / "own")
        shutil.copy("/bin/true", exe)
        check(build, child, tmp_path / "own")


def child_of(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return int(text.split()[0])


def test_in_namespaces_of_its_own(build, waits, tmp_path):
    """Its pids are others, and its files elsewhere."""
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(waits(*FLAVOURS["stripped static"]), tmp_path / "waits")
    words = ["unshare", *(["-r"] if os.getuid() else []), "-pmf",
             "--mount-proc", "sh", "-c",
             f"mount -t tmpfs none {root} && cp {tmp_path}/waits {root}/ && "
             f"exec {root}/waits {tmp_path}/own"]
    with running(*words) as child:
        pid = child_of(child.pid)
        try:
            assert not (root / "waits").exists()
            seen = functions(dump(build, pid, "--running"))
            assert seen == functions(own(child, tmp_path / "own", pid))
        finally:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("flags", [[], [STRIPPED]])
def test_goroutines_in_plugins(build, tmp_path, flags):
    plug = golang.build(PROGRAMS / "plugin", tmp_path / "plugin.so",
                        "-buildmode=plugin", *flags)
    host = golang.build(PROGRAMS / "pluginhost", tmp_path / "host", *flags)
    with running(host, plug) as child:
        stacks = [stack for _, stack in
                  functions(dump(build, child.pid)).values()]
    worker, = [stack for stack in stacks
               if any(frame.endswith(".Work") for frame in stack)]
    assert worker[-1].startswith("created by main.main")


def test_no_go_program_is_told_so(build):
    with subprocess.Popen(["sleep", "60"]) as child:
        run = subprocess.run([build / "bin/pgo-trace", "dump",
                              str(child.pid)], capture_output=True, text=True,
                             timeout=20)
        child.kill()
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1
    assert str(child.pid) in run.stderr
