"""The tools without shared libraries, in a root that has nothing but them."""
import contextlib
import os
import pty
import re
import shutil
import subprocess
import time

import pytest

import golang

pytestmark = [pytest.mark.long, pytest.mark.static]

TOOLS = ["pgo-sym", "pgo-top", "pgo-trace"]
MOUNT = 'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"'


def words(root, argv):
    """Of a command that runs ARGV in ROOT, with a /proc."""
    return ["unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-c", MOUNT,
            str(root), *map(str, argv)]


@pytest.fixture
def inside(build, tmp_path):
    """Runs a command in an empty root with the tools and /proc."""
    root = tmp_path / "root"
    (root / "proc").mkdir(parents=True)
    for tool in TOOLS:
        shutil.copy(build / "static/bin" / tool, root)

    def run(*argv, limit_s=30):
        return subprocess.run(words(root, argv), text=True, timeout=limit_s,
                              stdin=subprocess.DEVNULL, env={"TERM": "xterm"},
                              capture_output=True)
    run.root = root
    return run


@pytest.fixture
def leak(build):
    """The pid of a program with goroutines that leak."""
    process = subprocess.Popen([build / "examples/leak", "50"],
                               stdout=subprocess.DEVNULL)
    time.sleep(1)
    yield process.pid
    process.kill()
    process.wait()


@pytest.mark.parametrize("tool", TOOLS)
def test_no_library_and_no_loader_is_asked_for(build, tool):
    exe = build / "static/bin" / tool
    said = subprocess.run(["readelf", "-Wld", exe], text=True, check=True,
                          capture_output=True).stdout
    assert "LOAD" in said
    assert "INTERP" not in said and "NEEDED" not in said


@pytest.mark.parametrize("tool", TOOLS)
def test_each_starts(inside, tool):
    result = inside(f"/{tool}", "--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(rf"{tool}( \(pgo\))? [\d.]+\n", result.stdout)


def test_an_address_is_named(inside, build):
    exe = inside.root / "leak"
    shutil.copy(build / "examples/leak", exe)
    address = next(line.split()[0] for line in subprocess.run(
        ["nm", exe], text=True, check=True, capture_output=True)
        .stdout.splitlines() if line.endswith(" send_answer"))
    result = inside("/pgo-sym", "-f", "-e", "/leak", "0x" + address)
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"send_answer\n.*/examples/leak\.c:\d+\n",
                        result.stdout)


def test_goroutines_are_dumped(inside, leak):
    result = inside("/pgo-trace", "dump", "--group", leak)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^\d+ goroutines \[chan send, .*\n(.+\n)*"
                     r"send_answer\(\.\.\.\)\n\t.*/leak\.c:\d+\n",
                     result.stdout), result.stdout


@pytest.mark.parametrize("option", [["-b", "-n", "1"], ["--once"]])
def test_goroutines_are_listed(inside, leak, option):
    result = inside("/pgo-top", *option, leak)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^ +\d+ .* chan send +send_answer$", result.stdout,
                     re.M), result.stdout


def test_a_screen_without_terminfo_is_refused_in_a_line(inside, leak):
    master, slave = pty.openpty()
    try:
        result = subprocess.run(
            words(inside.root, ["/pgo-top", leak]), stdin=slave, stdout=slave,
            stderr=subprocess.PIPE, text=True, env={"TERM": "xterm"},
            timeout=30)
    finally:
        os.close(master)
        os.close(slave)
    assert (result.returncode, result.stderr) == (
        1, "pgo-top: TERM=xterm: no terminal that terminfo knows "
        "(-b for plain text)\n")


def test_an_incident_is_collected(inside, leak):
    result = inside("/pgo-trace", "collect", "-o", "/all.tar.gz", leak)
    assert result.returncode == 0, result.stderr
    names = subprocess.run(["tar", "tzf", inside.root / "all.tar.gz"],
                           text=True, check=True, capture_output=True).stdout
    assert {"manifest.json", "dump.txt"} <= {
        name.split("/")[-1] for name in names.split()}


@contextlib.contextmanager
def serving(inside, pid):
    process = subprocess.Popen(
        words(inside.root, ["/pgo-trace", "serve", pid]), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_a_go_program_is_served_and_asked(inside, tmp_path, root):
    """localhost is found without /etc/hosts, by both sides."""
    exe = golang.build(root / "test/e2e/go/parked", tmp_path / "parked")
    program = subprocess.Popen([exe, "20"], stdout=subprocess.PIPE,
                               stdin=subprocess.PIPE, text=True)
    try:
        assert program.stdout.readline() == "ready\n"
        with serving(inside, program.pid) as url:
            assert url.startswith("http://localhost:"), url
            address = url.split("/")[2]
            result = inside("/pgo-trace", "dump", address)
    finally:
        program.kill()
        program.wait()
    assert result.returncode == 0, result.stderr
    assert "main.receive(...)" in result.stdout, result.stdout
