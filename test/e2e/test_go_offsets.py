"""The rows of share/pgo/go against what Go's linker says of programs it
links, read by pgo's own reader of DWARF."""
import re
import subprocess

import pytest

import golang
import under

pytestmark = pytest.mark.attach

# Keeps all that rows are about: the profile of memory, timers, channels.
SOURCE = """package main

import (
	"os"
	"runtime/pprof"
	"time"
)

func main() {
	time.AfterFunc(time.Second, func() {})
	pprof.WriteHeapProfile(os.Stdout)
}
"""
LINE = re.compile(r"^(?:before \S+ )?((?:\w+ size)|(?:\w+\.\S+)) (\d+|-)$",
                  re.M)


def fields(text):
    found = dict(LINE.findall(text))
    assert "g size" in found and "moduledata.next" in found, text
    return found


def row(root, minor, patch):
    """What share/pgo/go says of a version."""
    text = (root / f"share/pgo/go/1.{minor}.offsets").read_text()
    lines = []
    for line in text.splitlines():
        before = re.match(r"before 1\.\d+\.(\d+) ", line)
        if not before or patch < int(before[1]):
            lines.append(line)
    assert "verified yes" in lines
    return fields("\n".join(lines))


def by_dwarf(build, tmp_path, version=None):
    source = tmp_path / "main.go"
    source.write_text(SOURCE)
    exe = golang.build(source, tmp_path / "main", version=version)
    run = subprocess.run([build / "test/tools/gorow", exe], timeout=30,
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_row_of_the_machines_go_is_what_it_links(root, build, tmp_path):
    minor, patch = golang.machine()
    found = by_dwarf(build, tmp_path)
    assert fields(found) == row(root, minor, patch)


def test_reading_dwarf_takes_little(build, tmp_path):
    found = by_dwarf(build, tmp_path)
    cpu_ms = float(re.match(r"# (\S+) ms", found)[1])
    assert cpu_ms <= 100 * under.SLOWER, f"{cpu_ms} ms, at most 100"


@pytest.mark.long
def test_the_generator_still_makes_these_rows(root, tmp_path):
    minor, patch = golang.machine()
    golang.go("run", root / "lib/target/go/gen/main.go",
              "-h", root / "lib/target/go/offsets.h", "-o", tmp_path, "local")
    made = (tmp_path / f"1.{minor}.offsets").read_text()
    assert fields(made) == row(root, minor, patch)


@pytest.mark.long
@pytest.mark.limit(1800)
def test_every_row_is_what_its_version_links(root, build, tmp_path):
    if not golang.newest():
        pytest.skip("no other versions of Go here (module proxy, Go 1.21)")
    rows = {int(p.name.split(".")[1])
            for p in (root / "share/pgo/go").glob("1.*.offsets")}
    seen = set()
    for version in golang.newest():
        minor, patch = golang.numbers(version)
        assert minor in rows, f"{version} has no row (make offsets)"
        found = by_dwarf(build, tmp_path, version)
        assert fields(found) == row(root, minor, patch), version
        seen.add(minor)
    assert seen == rows
