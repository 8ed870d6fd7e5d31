"""pgo-trace sched --detail: what GODEBUG=scheddetail says of a program at rest,
said from outside."""
import json
import os
import re
import subprocess
import time

import pytest

import goprog

pytestmark = pytest.mark.outside

CLOCKS = r"SCHED \d+ms: "
# What our line has behind Go's fields.
EXTRA = r" gcount=\d+ stackinuse=\d+$"
REST_S = 20


def detail(build, target, *options):
    done = subprocess.run(
        [build / "bin/pgo-trace", "sched", "--detail", "-n", "1", *options,
         str(target)], text=True, capture_output=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def in_todays_words(line):
    """Go had numbers for them before 1.20."""
    line = re.sub(r"\b(gcwaiting|sysmonwait|spinning|blocked)=([01])\b",
                  lambda m: m[1] + ("=true" if m[2] == "1" else "=false"),
                  line)
    return re.sub(r"=-1\b", "=nil", line)


def lines_of(shot):
    """Without what no two looks have in common: times, the dead, the locks
    that the M of sysmon holds while it writes, and the order of goroutines."""
    lines = [in_todays_words(re.sub(CLOCKS, "SCHED ", line))
             for line in shot.splitlines() if "status=6" not in line]
    lines = [re.sub(EXTRA, "", line) for line in lines]
    head = [re.sub(r" locks=\d+", "", line) for line in lines
            if not line.startswith("  G")]
    return head, sorted(line for line in lines if line.startswith("  G"))


def own_shots(path):
    """What the program wrote, whole ones."""
    shots = re.split(r"(?m)^(?=SCHED )", path.read_text())[1:]
    return [lines_of(shot) for shot in shots[:-1]]


def at_rest(path):
    """Waits until the program says the same three times."""
    until = time.monotonic() + REST_S
    while time.monotonic() < until:
        shots = own_shots(path)
        if len(shots) > 5 and shots[-1] == shots[-2] == shots[-3]:
            return shots[-1]
        time.sleep(0.1)
    raise AssertionError(f"never at rest: {shots[-3:]}")


def as_it_is(shot):
    return shot


def settles(build, target, path, known=as_it_is):
    """What we say and, as far as is KNOWN to us, the program of itself, once
    that is the same; else the last words: what is at rest may still stir."""
    for _ in range(10):
        own = known(at_rest(path))
        ours = known(lines_of(detail(build, target)))
        if ours == own:
            break
        time.sleep(0.1)     # until it has written the next
    return ours, own


@pytest.fixture
def parked(tmp_path):
    """A Go program at rest that writes of its scheduler: (it, what it said)"""
    said = tmp_path / "said"
    with open(said, "w") as out, goprog.running(
            "parked", 7, stderr=out, env=dict(
                os.environ, GOMAXPROCS="3",
                GODEBUG="schedtrace=100,scheddetail=1")) as child:
        yield child, said


@pytest.mark.fast
def test_a_go_program_is_as_it_says_itself(build, parked):
    child, said = parked
    ours, own = settles(build, child.pid, said)
    head, gs = own
    assert len(head) >= 1 + 3 + 3 and len(gs) >= 8
    assert ours == own


def test_json_says_the_same(build, parked):
    child, said = parked
    at_rest(said)
    answer = json.loads(detail(build, child.pid, "--json"))
    text = detail(build, child.pid)
    assert [p["id"] for p in answer["allp"]] == [0, 1, 2]
    ms = re.findall(r"(?m)^  M(\d+): p=nil curg=nil .* lockedg=nil$", text)
    assert [m["id"] for m in answer["allm"]] == [int(m) for m in ms]
    threads = {int(tid) for tid in os.listdir(f"/proc/{child.pid}/task")}
    # That of sysmon does not write down its number before it is asked to.
    assert {m["tid"] for m in answer["allm"] if m["tid"]} <= threads
    assert all("p" not in m and "curg" not in m for m in answer["allm"])
    gs = re.findall(r"(?m)^  G(\d+): status=(\d)\((.*)\) m=nil lockedm=nil$",
                    text)
    assert sorted((g["id"], g["status"], g["reason"])
                  for g in answer["allgs"]) == sorted(
        (int(g), int(status), reason) for g, status, reason in gs)
    assert answer["gcwaiting"] is False and answer["stopwait"] == 0


def test_a_core_is_as_the_process_was(build, parked, tmp_path):
    child, said = parked
    live, _ = settles(build, child.pid, said)
    subprocess.run(["gcore", "-o", tmp_path / "core", str(child.pid)],
                   check=True, timeout=50, capture_output=True)
    core = tmp_path / f"core.{child.pid}"
    try:
        text = detail(build, f"core:{core}")
    finally:
        core.unlink()
    assert lines_of(text) == live
    assert text.startswith("SCHED 0ms: ")


def test_who_runs_and_who_is_locked_is_said(build):
    with goprog.running("waits", "/dev/null", stderr=subprocess.DEVNULL) as it:
        answer = json.loads(detail(build, it.pid, "--json"))
    # Threads of C have a goroutine too, a dead one until they call back.
    alive = {g["id"] for g in answer["allgs"]}
    locked = {m["lockedg"]: m["id"] for m in answer["allm"]
              if m.get("lockedg") in alive}
    assert locked
    assert {g["id"]: g["lockedm"] for g in answer["allgs"]
            if "lockedm" in g} == locked
    on = {m["curg"]: m["id"] for m in answer["allm"] if "curg" in m}
    assert on
    said = {g["id"]: g.get("m") for g in answer["allgs"]
            if g["status"] in (2, 3)}
    # One that ended a call meanwhile is on an M in one place alone.
    assert set(on.items()) & set(said.items())


@pytest.fixture
def sleepers(build, tmp_path):
    """The same of pgo's, and a way to give it an agent."""
    said = tmp_path / "said"

    def run(**env):
        with open(said, "w") as out:
            return subprocess.Popen(
                [build / "examples/sleepers"], stdout=subprocess.DEVNULL,
                stderr=out, env={**os.environ, "GOMAXPROCS": "2",
                                 "SCHEDTRACE": "100,detail", **env})
    children = []
    yield lambda **env: (children.append(run(**env)) or children[-1], said)
    for child in children:
        child.kill()
        child.wait()


@pytest.mark.fast
def test_a_pgo_program_is_as_it_says_itself(build, sleepers):
    child, said = sleepers()
    ours, own = settles(build, child.pid, said)
    # Two Ms; one where it found no work for another, and three where one of
    # them slept too long.
    assert len(own[0]) - 1 - 2 in (1, 2, 3) and len(own[1]) == 11
    assert ours == own


def without(lines, *keys):
    return [re.sub(rf" ({'|'.join(keys)})=\S*", "", line) for line in lines]


UNTOLD = ("gcwaiting", "stopwait", "sysmonwait", "gfreecnt", "timerslen",
          "mallocing", "throwing", "preemptoff", "locks", "dying", "blocked")


def test_an_agent_says_what_it_knows(build, sleepers, tmp_path):
    agent = tmp_path / "a.sock"
    child, said = sleepers(PGO_AGENT=f"unix:{agent}")
    ours, own = settles(build, child.pid, said, lambda shot: (
        without(shot[0], *UNTOLD), shot[1]))
    assert agent.exists()
    assert ours == own
    unknown = re.findall(r"(\w+)=-", detail(build, child.pid))
    assert set(unknown) <= set(UNTOLD)


def test_a_log_has_no_detail(build):
    for source, name in (("-", "stdin"), (__file__, __file__)):
        run = subprocess.run([build / "bin/pgo-trace", "sched", "--detail",
                              source], text=True, capture_output=True,
                             input="", timeout=20)
        assert run.returncode == 1
        assert run.stderr == (f"pgo-trace: {name}: a log has no --detail to "
                              "add (name the program)\n")


def test_detail_is_no_table(build):
    run = subprocess.run([build / "bin/pgo-trace", "sched", "--detail",
                          "--csv", "1"], text=True, capture_output=True,
                         timeout=20)
    assert run.returncode == 2 and "--detail has no --csv" in run.stderr
