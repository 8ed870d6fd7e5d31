"""Go programs linked in every way, and started in every place: each is seen
from outside as its runtime sees itself."""
import contextlib
import os
import pathlib
import shutil
import signal
import struct
import subprocess

import pytest

import golang
import goprog
import goroutine_dump

pytestmark = [pytest.mark.attach, pytest.mark.limit(300)]

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


def waits(name):
    return goprog.built("waits", *FLAVOURS[name])


@contextlib.contextmanager
def running(*words):
    with subprocess.Popen([*map(str, words)], text=True,
                          stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


def settled(text):
    """The goroutines of a dump, but for those that move when they are asked:
    the first writes the runtime's own dump, another gets the signal."""
    found = goroutine_dump.parse(text)
    del found[1]
    return {number: g for number, g in found.items()
            if "os/signal.loop" not in [frame.func for frame in g.frames]}


def dump(build, pid):
    run = subprocess.run([build / "bin/pgo-trace", "dump", str(pid)],
                         capture_output=True, text=True, timeout=20)
    assert run.returncode == 0, run.stderr
    return run.stdout


def own(child, path, pid=None):
    os.kill(pid or child.pid, signal.SIGUSR1)
    assert child.stdout.readline() == "written\n"
    return path.read_text()


def check(build, child, path, pid=None):
    """What we see of CHILD, a running waits, is what it writes."""
    seen = settled(dump(build, pid or child.pid))
    said = settled(own(child, path, pid))
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
def test_whatever_way_it_was_linked(build, tmp_path, name):
    with running(waits(name), tmp_path / "own") as child:
        check(build, child, tmp_path / "own")


@pytest.mark.parametrize("name", ["stripped", "stripped PIE",
                                  "stripped static"])
def test_without_section_headers(build, tmp_path, name):
    exe = without_sections(waits(name), tmp_path / "bare")
    with running(exe, tmp_path / "own") as child:
        check(build, child, tmp_path / "own")


@pytest.mark.long
@pytest.mark.parametrize("flags", [EXTERNAL, f"-s -w {STATIC}"])
def test_with_another_libc(build, tmp_path, monkeypatch, flags):
    monkeypatch.setenv("CC", "musl-gcc")
    exe = golang.build(goprog.FOLDER / "waits", tmp_path / "musl",
                       f"-ldflags={flags}")
    with running(exe, tmp_path / "own") as child:
        check(build, child, tmp_path / "own")


def test_deleted_and_replaced(build, tmp_path):
    exe = tmp_path / "exe"
    shutil.copy(waits("stripped"), exe)
    with running(exe, tmp_path / "own") as child:
        exe.unlink()
        check(build, child, tmp_path / "own")
        shutil.copy("/bin/true", exe)
        check(build, child, tmp_path / "own")


@pytest.mark.parametrize("name", ["default", "stripped PIE"])
def test_right_after_it_was_started(build, tmp_path, name):
    """Nothing is relocated yet, or there are no goroutines."""
    for _ in range(10):
        with subprocess.Popen([waits(name), tmp_path / "own"],
                              stdout=subprocess.DEVNULL) as child:
            run = subprocess.run([build / "bin/pgo-trace", "dump",
                                  str(child.pid)], capture_output=True,
                                 text=True, timeout=20)
            child.kill()
        assert run.returncode == 0, run.stderr
        assert "offsets of" not in run.stderr
        assert 1 in goroutine_dump.parse(run.stdout)


def child_of(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return int(text.split()[0])


def test_in_namespaces_of_its_own(build, tmp_path):
    """Its pids are others, and its files elsewhere."""
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(waits("stripped static"), tmp_path / "waits")
    words = ["unshare", *(["-r"] if os.getuid() else []), "-pmf",
             "--mount-proc", "sh", "-c",
             f"mount -t tmpfs none {root} && cp {tmp_path}/waits {root}/ && "
             f"exec {root}/waits {tmp_path}/own"]
    with running(*words) as child:
        pid = child_of(child.pid)
        try:
            assert not (root / "waits").exists()
            check(build, child, tmp_path / "own", pid)
        finally:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("flags", [[], [STRIPPED]])
def test_goroutines_in_plugins(build, flags):
    plug = goprog.built("plugin", "-buildmode=plugin", *flags)
    with running(goprog.built("pluginhost", *flags), plug) as child:
        stacks = [g.frames for g in settled(dump(build, child.pid)).values()]
    worker, = [frames for frames in stacks
               if any(f.func.endswith(".Work") for f in frames)]
    assert worker[0].file.endswith("/plugin/main.go")


def test_no_go_program_is_told_so(build):
    with subprocess.Popen(["sleep", "60"]) as child:
        run = subprocess.run([build / "bin/pgo-trace", "dump",
                              str(child.pid)], capture_output=True, text=True,
                             timeout=20)
        child.kill()
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1
    assert str(child.pid) in run.stderr
