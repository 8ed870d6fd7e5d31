"""CPU profiles a program writes itself, read by the real go tool pprof."""
import os
import re
import shutil
import subprocess

import pytest

BUILD = os.environ.get("BUILD", "build")
BURN = f"{BUILD}/test/e2e/progs/libcburn"


def burn(args=(), **env):
    out = subprocess.run([BURN, "3", *map(str, args)], timeout=30, check=True,
                         capture_output=True, text=True,
                         env={**os.environ, "GOMAXPROCS": "2", **env})
    assert out.stderr == ""
    return float(out.stdout)


def pprof(flag, path):
    if not shutil.which("go"):
        pytest.skip("go is missing")
    return subprocess.run(["go", "tool", "pprof", flag, path], check=True,
                          capture_output=True, text=True, timeout=30).stdout


def raw(path):
    """Samples as (count, [function names leaf first]), and the mappings."""
    text = pprof("-raw", path)
    head, samples = text.split("Samples:\n")
    samples, locations = samples.split("Locations\n")
    locations, mappings = locations.split("Mappings\n")
    names = {m[1]: m[2] for m in
             re.finditer(r"^ *(\d+): 0x\w+ M=\d+ (\S*)", locations, re.M)}
    stacks = [(int(m[1]), [names[i] for i in m[2].split()]) for m in
              re.finditer(r"^ +(\d+) +\d+: ([\d ]+)$", samples, re.M)]
    return stacks, mappings


def is_total(stacks, cpu, hz):
    """Within 2 %, and what may be left over: a period on each thread."""
    total = sum(n for n, _ in stacks) / hz
    return abs(total - cpu) <= 0.02 * cpu + 6 / hz


def share(stacks, name):
    return sum(n for n, s in stacks if name in s) / sum(n for n, _ in stacks)


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    path = tmp_path_factory.mktemp("profile") / "cpu.pb"
    cpu = burn(PGODEBUG=f"cpuprofile={path}")
    return cpu, raw(path), path


def test_total_is_what_the_kernel_counted(profile):
    cpu, (stacks, _), _ = profile
    assert is_total(stacks, cpu, 100)


def test_every_stack_reaches_its_goroutines_entry(profile):
    """But for ticks that find a thread in the scheduler, looking for work."""
    _, (stacks, _), _ = profile
    of_goroutines = [s for _, s in stacks if "sched_loop" not in s]
    assert {s[-1] for s in of_goroutines} <= {"worker", "entry"}
    assert share(stacks, "worker") > 0.99


def test_time_in_libc_has_libcs_names_and_our_callers(profile, tmp_path):
    _, (stacks, _), _ = profile
    path = tmp_path / "again.pb"
    for _ in range(3):
        if 0.25 < share(stacks, "libc_code") < 0.8:
            break
        # Turns of a millisecond may fall in step with the kernel's ticks.
        burn(PGODEBUG=f"cpuprofile={path}")
        stacks, _ = raw(path)
    assert 0.25 < share(stacks, "libc_code") < 0.8
    assert share(stacks, "qsort") > 0.05
    assert share(stacks, "snprintf") > 0.05
    for _, stack in stacks:
        if "qsort" in stack or "snprintf" in stack:
            assert "libc_code" in stack, stack


def test_mappings_have_build_ids(profile):
    _, (_, mappings), _ = profile
    own = next(line for line in mappings.splitlines() if "libcburn" in line)
    assert re.search(r"\b[0-9a-f]{40}\b", own), mappings


def test_top_names_the_culprits(profile):
    top = pprof("-top", profile[2])
    assert re.search(r"Type: cpu", top)
    assert re.search(r"\bown_code$", top, re.M)


def test_the_program_writes_one_itself(tmp_path):
    path = tmp_path / "own.pb"
    cpu = burn([path])
    stacks, _ = raw(path)
    assert is_total(stacks, cpu, 500)


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    out = subprocess.run([BURN, "0.1"], capture_output=True, text=True,
                         timeout=10, env={**os.environ, "PGODEBUG":
                                          f"cpuprofile={tmp_path}/no/file"})
    assert out.stderr.startswith(f"pgo: {tmp_path}/no/file: No such file or "
                                 "directory (PGODEBUG=cpuprofile)\n")
    assert out.returncode == 0


def test_callbacks_in_callbacks_are_whole(tmp_path):
    path = tmp_path / "cpu.pb"
    subprocess.run([f"{BUILD}/test/e2e/progs/callburn"], timeout=30,
                   check=True,
                   env={**os.environ, "PGODEBUG": f"cpuprofile={path}"})
    stacks, _ = raw(path)
    whole = ["burn", "inner", "outer", "entry"]
    burns = [s for _, s in stacks if "burn" in s]
    assert sum(n for n, s in stacks if "burn" in s) > 30
    for stack in burns:
        assert [f for f in stack if f in whole] == whole, stack
