"""Go programs of every version and flavour, read from outside, against what
their own runtime says of them; and by which offsets they were read."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import golang
import goroutine_dump

pytestmark = pytest.mark.attach

FLAVOURS = {
    "default": (),
    "no-dwarf": ("-ldflags=-w",),
    "stripped": ("-ldflags=-s -w",),
    "pie": ("-buildmode=pie",),
    "pie-stripped": ("-buildmode=pie", "-ldflags=-s -w"),
}
LIMIT_S = 20
TRIES = 5
ROWS = golang.ROOT / "share/pgo/go"
MINORS = sorted(int(p.name.split(".")[1]) for p in ROWS.glob("1.*.offsets"))


def waits(folder, flavour, version=None):
    """The program that waits in every way, built by VERSION."""
    source = golang.ROOT / "test/e2e/go/waits"
    if version and golang.minor(version) < 18:
        source = without_generics(source / "main.go", folder / "main.go")
    return golang.build(source, folder / flavour, *FLAVOURS[flavour],
                        version=version)


def without_generics(source, to):
    text = source.read_text()
    for old, new in (("server[T any]", "server"), ("chan T", "chan int"),
                     ("server[T]", "server"), ("server[int]", "server")):
        assert old in text
        text = text.replace(old, new)
    to.write_text(text)
    return to


class Target:
    """A running program that can tell its own goroutines."""

    def __init__(self, exe, folder):
        self.file = folder / "reference"
        self.process = subprocess.Popen([exe, self.file], text=True,
                                        stdout=subprocess.PIPE)
        self.expect("ready")

    def expect(self, word):
        assert self.process.stdout.readline() == word + "\n"

    def reference(self):
        """Its goroutines by its own account, without the one that tells."""
        self.process.send_signal(signal.SIGUSR1)
        self.expect("written")
        found = goroutine_dump.parse(self.file.read_text())
        del found[1]
        return found

    def dump(self, share=None):
        env = dict(os.environ)
        if share:
            env["PGO_SHARE"] = str(share)
        return subprocess.run(
            [golang.BUILD / "bin/pgo-trace", "dump", str(self.process.pid)],
            capture_output=True, text=True, timeout=LIMIT_S, env=env)


@contextlib.contextmanager
def running(exe, folder):
    target = Target(exe, folder)
    try:
        yield target
    finally:
        target.process.kill()
        target.process.wait()


def goroutines(run):
    assert run.returncode == 0, run.stderr
    found = goroutine_dump.parse(run.stdout)
    found.pop(1, None)
    return found


def difference(ours, theirs):
    """A line for each goroutine that is not the same in both."""
    return "\n".join(f"{i}:\n  ours   {ours.get(i)}\n  theirs {theirs.get(i)}"
                     for i in sorted(ours.keys() | theirs.keys())
                     if ours.get(i) != theirs.get(i))


def assert_same(target, share=None):
    """Ours and theirs are equal, once all has come to rest again after the
    signal; returns what was said on stderr."""
    for _ in range(TRIES):
        theirs = target.reference()
        time.sleep(0.05)
        run = target.dump(share)
        ours = goroutines(run)
        if ours == theirs:
            return run.stderr
    raise AssertionError(difference(ours, theirs))


def rows_without(folder, minors):
    """A PGO_SHARE that lacks the rows of MINORS."""
    share = folder / "share"
    shutil.copytree(ROWS, share / "go")
    for minor in minors:
        (share / f"go/1.{minor}.offsets").unlink()
    return share


def assert_one_line(run, minor):
    assert run.returncode == 1
    assert re.fullmatch(rf"pgo-trace: \d+: go1\.{minor}\S* is not understood: "
                        r".*\(.*\)\n", run.stderr)
    assert run.stdout == ""


def check_row(folder, flavour, version=None):
    with running(waits(folder, flavour, version), folder) as target:
        assert "offsets of" not in assert_same(target)


def check_dwarf(folder, minor, version=None):
    share = rows_without(folder, [minor])
    with running(waits(folder, "default", version), folder) as target:
        said = assert_same(target, share)
        assert re.search(rf"offsets of go1\.{minor}\S* by its DWARF\n", said)


def check_neighbour(folder, minor, version=None):
    """A stripped program without a row of its own: a row that fits shows the
    same as its own would; else it is refused."""
    share = rows_without(folder, [minor])
    with running(waits(folder, "stripped", version), folder) as target:
        run = target.dump(share)
        if run.returncode:
            assert_one_line(run, minor)
        else:
            said = assert_same(target, share)
            assert re.search(rf"offsets of Go 1\.\d+ used for go1\.{minor}\b",
                             said)


def check_refused(folder, minor, version=None):
    share = rows_without(folder, MINORS)
    with running(waits(folder, "stripped", version), folder) as target:
        assert_one_line(target.dump(share), minor)


# The machine's Go.


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_machines_go_by_its_row(tmp_path, flavour):
    check_row(tmp_path, flavour)


def test_the_machines_go_by_dwarf(tmp_path):
    check_dwarf(tmp_path, golang.machine()[0])


def test_the_machines_go_by_a_neighbour(tmp_path):
    check_neighbour(tmp_path, golang.machine()[0])


def test_without_any_offsets_one_line_refuses(tmp_path):
    check_refused(tmp_path, golang.machine()[0])


# Every version.


@pytest.mark.long
@pytest.mark.limit(900)
@pytest.mark.parametrize("minor", MINORS)
def test_a_version_by_row_by_dwarf_and_by_neighbour(tmp_path, minor):
    versions = {golang.minor(v): v for v in golang.newest()}
    if minor not in versions:
        pytest.skip(f"no Go 1.{minor} here (module proxy, Go 1.21)")
    version = versions[minor]
    for flavour in FLAVOURS:
        check_row(tmp_path, flavour, version)
    for part in (check_dwarf, check_neighbour, check_refused):
        (tmp_path / part.__name__).mkdir()
        part(tmp_path / part.__name__, minor, version)
