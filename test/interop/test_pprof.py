"""Profiles we write, as go tool pprof and protoc see them."""
import os
import re
import shutil
import subprocess

import pytest


@pytest.fixture
def profile(build, tmp_path):
    path = tmp_path / "profile.pb"
    writer = build / "test" / "unit" / "pprof_write"
    path.write_bytes(subprocess.run([writer, "--profile"], check=True,
                                    stdout=subprocess.PIPE, timeout=10).stdout)
    return path


def tool(*argv, **more):
    if not shutil.which(argv[0]):
        pytest.skip(f"no {argv[0]} here")
    run = subprocess.run(argv, capture_output=True, timeout=50,
                         env={**os.environ, "TZ": "UTC"}, **more)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode()


def pprof(*argv):
    return tool("go", "tool", "pprof", "-symbolize=none", *map(str, argv))


def section(raw, name, following):
    return raw.split(f"{name}\n", 1)[1].split(f"{following}\n", 1)[0]


def test_pprof_reads_types_times_and_samples(profile):
    raw = pprof("-raw", profile)
    assert "PeriodType: cpu nanoseconds" in raw
    assert "Period: 10000000" in raw
    assert "Time: 2023-11-14 22:13:20.123456789 +0000 UTC" in raw
    assert "Duration: 5s" in raw
    assert "Comment: first remark" in raw and "second remark" in raw
    samples = section(raw, "Samples:", "Locations")
    assert "samples/count cpu/nanoseconds[dflt]" in samples
    assert re.findall(r"^ +(-?\d+) +(-?\d+): ([\d ]+?) *$", samples, re.M) == [
        ("3", "30000000", "1 2 3"), ("2", "20000000", "2 3"), ("0", "-1", "3")]
    assert samples.count("tenant:[blue]") == 2
    assert "goroutine:[18 id]" in samples


def test_pprof_reads_mappings_and_build_ids(profile):
    raw = pprof("-raw", profile)
    mappings = raw.split("Mappings\n", 1)[1]
    assert "1: 0x400000/0x500000/0x1000 /usr/bin/program 00c0ffee [FN][LN]" \
        in mappings
    assert "2: 0x7f0000000000/0x7f0000100000/0x0 /lib/libx.so" in mappings


def test_pprof_reads_inlining_and_start_lines(profile):
    raw = pprof("-raw", profile)
    where = section(raw, "Locations", "Mappings")
    assert re.search(r"1: 0x7f0000000040 M=2 *$", where, re.M)
    assert re.search(r"2: 0x401000 M=1 inner /src/a\.c:12(:0)? s=10\s+"
                     r"outer\(int\) /src/a\.c:33(:0)? s=20\(_Z5outeri\)", where)
    assert re.search(r"3: 0x402000 M=1 main /src/m\.c:7(:0)? s=5", where)


def test_pprof_adds_up(profile):
    top = pprof("-top", "-sample_index=samples", profile)
    rows = {line.split()[5]: line.split() for line in top.splitlines()
            if re.match(r" +\d", line)}
    assert rows["main"][3] == "5"       # cumulative: both stacks
    assert rows["inner"][0] == "2"      # its own


def test_protoc_reads_every_field(profile):
    text = tool("protoc", "--decode_raw", stdin=profile.open("rb"))
    count = lambda field: len(re.findall(rf"^{field}[ :]", text, re.M))
    assert [count(f) for f in range(1, 6)] == [2, 3, 2, 3, 3]
    assert re.search(r'^6: ""$', text, re.M)
    assert count(6) == len(set(re.findall(r"^6: .*$", text, re.M)))


def test_we_read_what_pprof_wrote_of_ours(profile, build, tmp_path):
    again = tmp_path / "again.pb.gz"
    pprof("-proto", f"-output={again}", profile)
    assert again.read_bytes()[:2] == b"\x1f\x8b"
    run = subprocess.run([build / "test" / "unit" / "pprof_read", again],
                         capture_output=True, text=True, timeout=10)
    assert run.returncode == 0, run.stderr
    lines = sorted(run.stdout.splitlines())
    assert lines == sorted([
        "mapping /usr/bin/program 00c0ffee",
        "mapping /lib/libx.so ",
        "function inner /src/a.c:10",
        "function outer(int) /src/a.c:20",
        "function main /src/m.c:5",
        "sample 3 3 deep, 2 labels",
        "sample 2 2 deep, 0 labels",
        "sample 0 1 deep, 1 labels",
    ])
