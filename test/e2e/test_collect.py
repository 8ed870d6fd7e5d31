"""pgo-trace collect: one archive, whatever happens to the target."""
import gzip
import json
import os
import subprocess
import sys
import tarfile
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import goprog
import goroutine_dump

LIMIT_S = 40
PROC = ["status", "stat", "limits", "maps", "smaps_rollup", "cgroup", "io",
        "schedstat", "mountinfo", "oom_score", "wchan"]


@pytest.fixture
def collect(build, tmp_path):
    def run(*words):
        return subprocess.Popen([build / "bin/pgo-trace", "collect",
                                 *map(str, words)], text=True, cwd=tmp_path,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
    return run


def unpack(path):
    """{name without folder: bytes} and the manifest."""
    with tarfile.open(path) as tar:
        names = tar.getnames()
        folder = names[0].split("/")[0]
        assert all(name.startswith(folder + "/") for name in names)
        files = {name[len(folder) + 1:]: tar.extractfile(name).read()
                 for name in names}
    return files, json.loads(files["manifest.json"])


def test_everything_of_a_go_program_is_in_one_archive(collect, tmp_path):
    with goprog.running("waits", tmp_path / "own") as child:
        begin = time.monotonic()
        out, err = (run := collect(child.pid)).communicate(timeout=LIMIT_S)
        assert time.monotonic() - begin < 15
        own = goroutine_dump.parse(goprog.own_dump(child, tmp_path / "own"))
    assert (run.returncode, err) == (0, "")
    assert out.startswith(f"waits-{child.pid}-collect-")
    files, manifest = unpack(tmp_path / out.strip())
    seen = goroutine_dump.parse(files["dump.txt"].decode())
    assert set(seen) == set(own)
    assert b"3 goroutines [chan receive" in files["groups.txt"]
    assert len(json.loads(files["dump.json"])["goroutines"]) > len(own)
    assert files["sched.txt"].startswith(b"SCHED ")
    assert b"\n  M0: p=" in files["sched.txt"]
    assert b"ok       process: it runs\n" in files["doctor.txt"]
    for name in ("goroutine.pb.gz", "cpu.pb.gz"):
        assert gzip.decompress(files[name])
    assert {f"proc/{name}" for name in PROC} <= set(files)
    assert f"\nPid:\t{child.pid}\n".encode() in files["proc/status"]
    assert manifest["target"]["pid"] == child.pid
    assert manifest["target"]["exe"] == str(child.args[0])
    had = {f["name"]: f["bytes"] for f in manifest["files"]}
    assert had == {name: len(content) for name, content in files.items()
                   if name != "manifest.json"}
    assert {m["name"] for m in manifest["missing"]} <= {"heap.pb.gz"}
    assert not list(tmp_path.glob("*.tar.gz.*"))


def test_a_target_that_ends_leaves_what_was_had(collect, tmp_path):
    with goprog.running("waits", tmp_path / "own") as child:
        run = collect("-o", "x.tar.gz", child.pid)
        time.sleep(1.5)
    out, err = run.communicate(timeout=LIMIT_S)
    assert (run.returncode, out, err) == (0, "", "")
    files, manifest = unpack(tmp_path / "x.tar.gz")
    missing = {m["name"]: m["why"] for m in manifest["missing"]}
    assert "proc/status" in files
    assert all(missing.values())
    assert set(missing) | set(files) >= {"groups.txt", "cpu.pb.gz"}


def test_an_interrupt_leaves_nothing(collect, tmp_path):
    with goprog.running("waits", tmp_path / "own") as child:
        run = collect("-o", "x.tar.gz", child.pid)
        time.sleep(1)
        run.terminate()
        out, err = run.communicate(timeout=LIMIT_S)
    assert run.returncode == -15
    assert err == "pgo-trace: interrupted, nothing written\n"
    assert not list(tmp_path.glob("x.tar.gz*"))


def test_what_is_no_target_is_told_before_anything_is_done(collect):
    run = collect("pgo-no-such")
    out, err = run.communicate(timeout=LIMIT_S)
    assert (run.returncode, out, err) == (
        1, "", "pgo-trace: pgo-no-such: no such process\n")


def test_a_program_that_cannot_be_seen_is_told(collect, tmp_path):
    here = os.getpid()
    run = collect("-o", "x.tar.gz", here)
    out, err = run.communicate(timeout=LIMIT_S)
    assert (run.returncode, out, err) == (
        1, "", f"pgo-trace: {here}: neither a Go program nor built with "
        "pgo-cc\n")
    files, manifest = unpack(tmp_path / "x.tar.gz")
    assert {"doctor.txt", "proc/status"} <= set(files)


def test_a_name_never_begins_with_a_dash(collect, tmp_path):
    out, err = collect("core:/dev/null").communicate(timeout=LIMIT_S)
    assert out.startswith("target-collect-")
    assert err == "pgo-trace: /dev/null: not a regular file\n"
