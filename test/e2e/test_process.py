"""docs/process.md against /proc and strace."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

import conftest

PAGE = (conftest.ROOT / "docs/process.md").read_text()
# What the kernel and glibc do not let anybody block.
NEVER_BLOCKED = {"SIGKILL", "SIGSTOP", "32", "33"}


def row(begin):
    """The `words' of the table's row that begins so."""
    line = re.search(rf"^\| {re.escape(begin)}.*$", PAGE, re.M)
    assert line, begin
    return set(re.findall(r"`([^` ]+)`", line[0]))


def names(mask):
    """The signals of a mask in /proc."""
    numbers = [n for n in range(1, 65) if int(mask, 16) >> (n - 1) & 1]
    return {signal.Signals(n).name if n in signal.Signals._value2member_map_
            else str(n) for n in numbers}


def status(folder):
    text = (folder / "status").read_text()
    return dict(re.findall(r"^(\w+):\s+(.*)$", text, re.M))


def settle(folder, threads):
    """Until it has so many threads, and a moment more."""
    end = time.monotonic() + 10
    while int(status(folder)["Threads"]) < threads and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.3)


@contextlib.contextmanager
def running(program, threads=3, on_quit=signal.SIG_DFL, **env):
    """The folder in /proc of a program that has begun."""
    process = subprocess.Popen(
        [program], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env={**os.environ, "GOMAXPROCS": "2", **env},
        preexec_fn=lambda: signal.signal(signal.SIGQUIT, on_quit))
    try:
        folder = pathlib.Path(f"/proc/{process.pid}")
        settle(folder, threads)
        yield folder
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def proc(build):
    with running(build / "examples/sleepers") as folder:
        yield folder


def masks(folder):
    """What each thread leaves open, by how many do."""
    open_to = [frozenset(names("f" * 16) - names(status(t)["SigBlk"]))
               for t in (folder / "task").iterdir()]
    return {mask: open_to.count(mask) for mask in open_to}


def test_threads_and_what_they_leave_open(proc):
    assert re.search(r"on two CPUs, has 4 threads", PAGE)
    ms = row("Ms leave open") | NEVER_BLOCKED
    seen = masks(proc)
    assert 1 <= seen.pop(frozenset(ms)) <= 3            # two, or one to come
    assert seen.pop(frozenset(NEVER_BLOCKED)) == 1      # sysmon
    assert seen == {frozenset(names("f" * 16)): 1}      # the plain thread


def test_handlers_that_are_installed(proc):
    caught = names(status(proc)["SigCgt"])
    # glibc's own comes with the first thread.
    assert caught - {"33", "32"} == row("handlers of pgo's")


def test_a_signal_that_is_ignored_stays_so(build):
    with running(build / "examples/sleepers",
                 on_quit=signal.SIG_IGN) as folder:
        assert "SIGQUIT" in names(status(folder)["SigIgn"])
        assert "SIGQUIT" not in names(status(folder)["SigCgt"])


def test_before_the_runtime_starts_there_is_nothing(build, tmp_path):
    (tmp_path / "wait.c").write_text("#include <unistd.h>\n"
                                     "int main(void) { return pause(); }\n")
    subprocess.run([build / "bin/pgo-cc", "-o", tmp_path / "wait",
                    tmp_path / "wait.c"], check=True)
    with running(tmp_path / "wait", threads=1) as folder:
        assert status(folder)["Threads"] == "1"
        assert names(status(folder)["SigCgt"]) == set()
        assert descriptors(folder) == {}


def descriptors(folder):
    """What each descriptor is, but the three it was given."""
    return {fd.name: os.readlink(fd) for fd in (folder / "fd").iterdir()
            if int(fd.name) > 2}


def children(folder):
    return [child for task in (folder / "task").iterdir()
            for child in (task / "children").read_text().split()]


def test_no_descriptor_and_no_child_is_kept(proc):
    assert descriptors(proc) == {}
    assert children(proc) == []


def test_the_agent_has_a_socket(build, tmp_path):
    with running(build / "examples/sleepers", threads=5,
                 PGO_AGENT=f"unix:{tmp_path}/s") as folder:
        kinds = [link.split(":")[0] for link in descriptors(folder).values()]
        assert 1 <= kinds.count("socket") <= 2
        assert len(kinds) <= 5
        assert children(folder) == []
        # Two of the agent's, and an M for a call into C that lasted.
        assert 4 <= int(status(folder)["Threads"]) <= 8


def test_memory_of_its_own_is_little(proc):
    assert re.search(r"0\.2 MB of its own", PAGE)
    assert int(status(proc)["RssAnon"].split()[0]) < 400


def test_every_variable_that_is_read_is_told(root):
    read = set()
    for part in ["runtime", "agent", "lib/base", "lib/sample", "lib/serve",
                 "lib/httpd"]:
        for source in (root / part).glob("*.[ch]"):
            read |= set(re.findall(r'\w\("((?:GO|PGO|SCHED|XDG)[A-Z_]+)"',
                                    source.read_text()))
    section = re.search(r"^## Environment\n(.*?)^## ", PAGE, re.S | re.M)[1]
    told = set(re.findall(r"`([A-Z_]+)`", section))
    assert len(read) > 5 and read == told
    page = (root / "man/pgo-env.7").read_text()
    assert not {name for name in told if not re.search(rf"Ev {name}\b", page)}


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("strace"), reason="no strace")
@pytest.mark.parametrize("stack", ["segmented", "contiguous"])
def test_files_that_are_opened(build, tmp_path, stack):
    log = tmp_path / "log"
    subprocess.run(["strace", "-f", "-e", "trace=%file,%network", "-o", log,
                    build / "examples/ten"], check=True, timeout=30,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "PGODEBUG": f"stack={stack}"})
    calls = re.findall(r"^\d+ +(\w+)\((.*)$", log.read_text(), re.M)
    files = {path for name, arguments in calls if name.startswith("open")
             for path in re.findall(r'"([^"]+)"', arguments)}
    expected = row("files read at the start") | row("later, and closed")
    strange = {path for path in files if not path.startswith(
        (*expected, "/etc/ld.so", "/lib/", "/usr/lib/", str(build / "lib")))}
    assert len(files) > 4 and not strange
    assert {name for name, _ in calls if name in
            ("socket", "connect", "bind", "unlink", "mkdir")} == set()


def test_figures_are_those_that_were_measured(root):
    section = PAGE.split("## What it costs\n")[1]
    told = set(re.findall(r"\d[\d.]* (?:ns|B)\b", section))
    measured = (root / "docs/BENCH.md").read_text()
    assert len(told) > 5
    assert not {figure for figure in told if figure not in measured}
