"""pgo-trace record of Go programs that serve nothing: whose CPU time it is."""
import ctypes
import json
import os
import re
import signal
import subprocess
import time
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import golang
import goprog
from raw_profile import Profile

LIMIT_S = 40
PTRACE_SEIZE = 0x4206
TRIES = 8               # the machine may be busy with other things
SAMPLERS = ["perf", "ptrace"]
# Where a stack of the runtime's own ends.
ENDS = ("runtime.goexit", "runtime.mcall", "runtime.morestack",
        "runtime.mstart", "runtime.rt0_go", "runtime.systemstack",
        "runtime.goexit0", "runtime.mstart0", "runtime.sigtramp")


@pytest.fixture
def record(build, tmp_path):
    def run(child, *words, check=True, **options):
        file = tmp_path / "cpu.pb.gz"
        done = subprocess.run(
            [build / "bin/pgo-trace", "record", "-f", "-o", file,
             *map(str, words), str(child.pid)], text=True, timeout=LIMIT_S,
            capture_output=True, **options)
        if check:
            assert done.returncode == 0, done.stderr
            done.profile = Profile(file)
        return done
    return run


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_known_shares_are_found(record, sampler):
    wanted = {"main.heavy": 3 / 6, "main.middle": 2 / 6, "main.light": 1 / 6}
    seen, total = dict.fromkeys(wanted, 0), 0
    with goprog.running("burn", "ratio", 2) as child:
        # A thread is stopped no more than 100 times a second: more looks,
        # less chance.
        for _ in range(TRIES):
            p = record(child, "-s3", "--hz=1000", "--sampler", sampler).profile
            total += p.total
            for f in wanted:
                seen[f] += p.share(f) * p.total
            off = {f: abs(seen[f] / total - s) for f, s in wanted.items()}
            if max(off.values()) <= 0.03:
                return
    pytest.fail(f"{off} of {total} samples")


@pytest.mark.parametrize("sampler, mode", [
    ("perf", "mixed"), ("perf", "deep"), ("perf", "frames"),
    ("perf", "system"), ("ptrace", "mixed"),
    *(pytest.param("ptrace", mode, marks=pytest.mark.long)
      for mode in ("deep", "frames", "system")),
])
def test_stacks_are_complete(record, mode, sampler):
    with goprog.running("burn", mode, 2) as child:
        p = record(child, "-s2", "--hz=500", "--sampler", sampler).profile
    short = [s for s in p.samples if s.functions[-1] not in ENDS]
    assert sum(s.count for s in short) <= 0.01 * p.total, \
        [s.functions for s in short]
    assert p.total > 20


def test_a_recursion_is_seen_to_its_end(record):
    with goprog.running("burn", "deep") as child:
        p = record(child, "-s1", "--hz=500").profile
    # The few that were read too late are counted above.
    deep = [s for s in p.samples
            if "main.spin" in s.functions and s.functions[-1] in ENDS]
    assert deep
    assert {s.functions.count("main.deeper") for s in deep} == {401}


def test_a_leaf_without_a_frame_has_its_caller(record):
    with goprog.running("burn", "frames") as child:
        p = record(child, "-s1", "--hz=500").profile
    leaves = [s for s in p.samples if s.functions[0] == "main.leaf"]
    assert leaves
    assert {s.functions[1] for s in leaves} == {"main.large"}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samples_say_whose_they_are(record, sampler):
    with goprog.running("burn", "labels", 2) as child:
        p = record(child, "-s2", "--hz=500", "--sampler", sampler).profile
    burning = [s for s in p.samples if "main.burn" in s.functions]
    known = [s for s in burning if "goroutine" in s.labels]
    assert sum(s.count for s in known) > 0.9 * sum(s.count for s in burning)
    assert len({s.labels["goroutine"] for s in known}) == 2
    parts = [s for s in burning if "part" in s.labels
             if any(f in s.functions
                    for f in ("main.heavy", "main.middle", "main.light"))]
    right = sum(s.count for s in parts
                if f"main.{s.labels['part']}" in s.functions)
    assert parts and right > 0.9 * sum(s.count for s in parts)


def test_a_profile_is_as_gos_own(record):
    with goprog.running("burn", "ratio") as child:
        done = record(child, "-s1", "--json")
    p = done.profile
    told = json.loads(done.stdout)
    assert told["type"] == "cpu" and told["pid"] == child.pid
    assert told["duration_ns"] > 0.9e9
    assert p.types == "samples/count cpu/nanoseconds"
    assert "PeriodType: cpu nanoseconds\nPeriod: 10000000\n" in p.head
    assert all(s.value == s.count * 10000000 for s in p.samples)
    mapping = p.mappings.splitlines()[0]
    assert str(goprog.built("burn")) in mapping and "[FN]" in mapping
    source = (goprog.FOLDER / "burn/main.go").read_text().splitlines()
    # A pclntab says where functions begin since 1.20.
    begins = source.index("func spin(n int) uint64 {") + 1
    assert p.starts["main.spin"] == \
        (begins if golang.machine() >= (20, 0) else 0)


def test_what_is_stopped_is_told_and_goes_on(record):
    with goprog.running("burn", "mixed", 2) as child:
        done = record(child, "-s1", "--sampler=ptrace")
        status = open(f"/proc/{child.pid}/status").read()
        after = [record(child, "-s1", "--sampler=perf").profile.total
                 for _ in range(2)]
    assert re.search(rf"pgo-trace: {child.pid}: sampled by ptrace: its "
                     r"running threads stood still for \d+\.\d % of their "
                     r"time\n", done.stderr)
    assert "TracerPid:\t0\n" in status and max(after) > 0


def refuse_perf():
    """As docker's filter does: EPERM for perf_event_open."""
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    filters = ctypes.c_void_p(lib.seccomp_init(0x7fff0000))
    lib.seccomp_rule_add(filters, 0x00050001,
                         lib.seccomp_syscall_resolve_name(b"perf_event_open"),
                         0)
    assert lib.seccomp_load(filters) == 0


def test_without_perf_events_threads_are_stopped(record):
    with goprog.running("burn", "ratio") as child:
        done = record(child, "-s1", preexec_fn=refuse_perf)
        only = record(child, "-s1", "--sampler=perf", check=False,
                      preexec_fn=refuse_perf)
    refused = (f"pgo-trace: {child.pid}: perf events are not allowed (sysctl "
               "kernel.perf_event_paranoid=2, or CAP_PERFMON)\n")
    assert done.stderr.startswith(refused)
    assert "sampled by ptrace" in done.stderr
    assert done.profile.share("main.spin") > 0.5
    assert only.returncode == 1
    assert only.stderr == refused.replace(
        ": ", ": Could not enable CPU profiling: ", 1)


def test_a_program_that_only_waits_is_told(record):
    with goprog.running("parked", 10) as child:
        done = record(child, "-s1")
    assert done.profile.total == 0
    assert done.stderr == (f"pgo-trace: {child.pid}: no sample: it used no "
                           "CPU time meanwhile\n")


def test_who_is_debugged_already_is_told(record):
    ptrace = ctypes.CDLL(None).ptrace
    ptrace.argtypes = [ctypes.c_long] * 4
    with goprog.running("burn", "ratio") as child:
        assert ptrace(PTRACE_SEIZE, child.pid, 0, 0) == 0
        done = record(child, "-s1", "--sampler=ptrace", check=False)
        # Popen takes a stop of what it traces for the end, and kills nothing.
        os.kill(child.pid, signal.SIGKILL)
    assert (done.returncode, done.stderr) == (1, (
        f"pgo-trace: Could not enable CPU profiling: {child.pid}: cannot stop "
        "threads: a debugger holds them (end it)\n"))


def test_a_target_that_ends_leaves_what_there_is(build, tmp_path):
    file = tmp_path / "cpu.pb.gz"
    with goprog.running("burn", "ratio") as child:
        with subprocess.Popen([build / "bin/pgo-trace", "record", "-s30",
                               "-o", file, str(child.pid)], text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as recorder:
            try:
                with pytest.raises(subprocess.TimeoutExpired):
                    recorder.wait(1.5)
                child.kill()
                said = recorder.communicate(timeout=LIMIT_S)[1]
                assert recorder.returncode == 0
            finally:
                recorder.kill()
    assert f"{child.pid}: it has exited; the profile ends there\n" in said
    assert Profile(file).share("main.spin") > 0.9


def test_what_is_no_go_program_is_refused(record):
    with subprocess.Popen(["sleep", "60"]) as child:
        time.sleep(0.2)     # until it is sleep, and not this program
        done = record(child, "-s1", check=False)
        child.kill()
    assert done.returncode == 1
    assert done.stderr == (f"pgo-trace: {child.pid}: no agent: not built with "
                           "pgo-cc (give the URL of its pprof server)\n")
