"""The memory profile of a Go program from outside, against the one it writes
of itself at the same moment."""
import collections
import re
import signal
import subprocess

import pytest

import golang

pytestmark = pytest.mark.attach

LIMIT_S = 20
SAMPLE = re.compile(r" *(-?\d+) +(-?\d+) +(-?\d+) +(-?\d+): *([\d ]*)$")
LOCATION = re.compile(r" +(\d+): 0x[0-9a-f]+ M=1 (.*)$")


class Running:
    def __init__(self, exe, *args):
        self.process = subprocess.Popen([exe, *args], text=True,
                                        stdout=subprocess.PIPE)

    def __enter__(self):
        assert self.process.stdout.readline() == "ready\n"
        return self.process.pid

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def record(pid, *args):
    return subprocess.run([golang.BUILD / "bin/pgo-trace", "record", *args,
                           str(pid)], capture_output=True, text=True,
                          timeout=LIMIT_S)


def raw(path):
    """What go tool pprof understands: its head, samples by stack."""
    text = golang.go("tool", "pprof", "-symbolize=none", "-raw", path)
    head, rest = text.split("Samples:\n")
    samples, rest = rest.split("Locations\n")
    locations, mappings = rest.split("Mappings\n")
    place = {}
    for line in locations.splitlines():
        found = LOCATION.match(line)
        if found:
            here = place.setdefault(found[1], [])
        here.append(found[2].strip() if found else line.strip())
    out = collections.Counter()
    values, stack = None, None
    for line in samples.splitlines()[1:]:
        found = SAMPLE.match(line)
        if found:
            values = tuple(map(int, found.groups()[:4]))
            stack = tuple(f for i in found[5].split() for f in place[i])
        else:
            out[stack, values, line.strip()] += 1
    head = [line for line in head.splitlines()
            if not line.startswith("Time:")]
    return head, {key: n for key, n in out.items() if any(key[1])}, mappings


def own_and_ours(folder, flags=(), version=None):
    exe = golang.build(golang.ROOT / "test/e2e/go/heap", folder / "heap",
                       *flags, version=version)
    own, ours = folder / "own.pb.gz", folder / "ours.pb.gz"
    with Running(exe, own) as pid:
        run = record(pid, "-t", "heap", "-f", "-o", ours)
        assert run.returncode == 0, run.stderr
    return raw(own), raw(ours)


def check(folder, flags=(), version=None):
    own, ours = own_and_ours(folder, flags, version)
    assert ours[0] == own[0]
    assert len(own[1]) > 15
    assert ours[1] == own[1]
    # The program, by its build id.
    assert (ours[2].splitlines()[0].split()[:3] ==
            own[2].splitlines()[0].split()[:3])


@pytest.mark.parametrize("flags", [(), ("-ldflags=-s -w",),
                                   ("-buildmode=pie", "-ldflags=-s -w")])
def test_the_profile_is_the_programs_own(tmp_path, flags):
    check(tmp_path, flags)


def test_allocs_shows_what_was_allocated_first(tmp_path):
    exe = golang.build(golang.ROOT / "test/e2e/go/heap", tmp_path / "heap")
    out = tmp_path / "allocs.pb.gz"
    with Running(exe, tmp_path / "own") as pid:
        assert record(pid, "-t", "allocs", "-o", out).returncode == 0
    top = golang.go("tool", "pprof", "-symbolize=none", "-top", out)
    assert "Type: alloc_space" in top
    assert re.search(r"[kM]B.* main\.garbage\n", top)


def test_a_program_that_keeps_none_is_a_line(tmp_path):
    exe = golang.build(golang.ROOT / "test/e2e/go/waits", tmp_path / "waits")
    out = tmp_path / "none.pb.gz"
    with Running(exe, tmp_path / "reference") as pid:
        run = record(pid, "-t", "heap", "-o", out)
    assert run.returncode == 1
    assert re.fullmatch(rf"pgo-trace: {pid}: it keeps no memory profile: its "
                        r"MemProfileRate is 0, as where nothing calls "
                        r"runtime\.MemProfile\n", run.stderr)
    assert not out.exists()


def test_a_difference_over_time_is_refused(tmp_path):
    exe = golang.build(golang.ROOT / "test/e2e/go/heap", tmp_path / "heap")
    with Running(exe, tmp_path / "own") as pid:
        run = record(pid, "-t", "heap", "-s", "1", "-o", tmp_path / "out")
    assert run.returncode == 1
    assert "a difference over time needs" in run.stderr


@pytest.mark.long
@pytest.mark.limit(600)
def test_every_versions_profile_is_its_own(tmp_path):
    if not golang.newest():
        pytest.skip("no other versions of Go here (module proxy, Go 1.21)")
    for version in golang.newest():
        (tmp_path / version).mkdir()
        check(tmp_path / version, (), version)
        check(tmp_path / version, ("-ldflags=-s -w",), version)
