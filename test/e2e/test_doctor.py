"""pgo-trace doctor: hindrances in made-up machines, each with its remedy."""
import json
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import goprog

LIMIT_S = 20
PID = 4711
SUDO = ("sudo pgo-trace ...\n"
        "or: sudo setcap cap_sys_ptrace+ep $(command -v pgo-trace)")
PTRACE = 1 << 19
PERFMON = 1 << 38


@pytest.fixture
def doctor(build):
    def run(*words, **options):
        return subprocess.run([build / "bin/pgo-trace", "doctor",
                               *map(str, words)], text=True,
                              capture_output=True, timeout=LIMIT_S, **options)
    return run


def status(name, pids, state="S (sleeping)", uid=None, caps=0, tracer=0,
           seccomp=0):
    uid = os.getuid() if uid is None else uid
    ids = "\t".join(4 * [str(uid)])
    return (f"Name:\t{name}\nUmask:\t0022\nState:\t{state}\n"
            f"TracerPid:\t{tracer}\nUid:\t{ids}\nGid:\t{ids}\n"
            "NSpid:\t" + "\t".join(map(str, pids)) + "\n"
            f"CapPrm:\t{caps:016x}\nCapEff:\t{caps:016x}\n"
            f"Seccomp:\t{seccomp}\n")


class Machine:
    """A folder with a /proc of one process beside ours."""
    def __init__(self, root):
        self.root = root
        self.put("proc/self/status", status("pgo-trace", [99]))
        self.put(f"proc/{PID}/status", status("server", [PID]))
        self.put(f"proc/{PID}/cmdline", "server\0")
        self.put(f"proc/{PID}/maps", "")
        self.put("proc/self/cgroup", "0::/user.slice\n")
        self.put("proc/sys/kernel/yama/ptrace_scope", "0\n")
        self.put("proc/sys/kernel/perf_event_paranoid", "2\n")

    def put(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def link(self, path, to):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(to)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def found(run):
    return {c["name"]: (c["state"], c["what"], c.get("remedy", ""))
            for c in json.loads(run.stdout)["checks"]}


def examine(doctor, machine, name, exit_status=1):
    run = doctor("--root", machine.root, "--json", PID)
    assert run.returncode == exit_status, run.stdout
    checks = found(run)
    if exit_status:
        assert [n for n, c in checks.items() if c[0] == "hinders"] == [name]
    return checks[name]


def test_where_nothing_hinders_all_is_well(doctor, machine):
    run = doctor("--root", machine.root, PID)
    assert (run.returncode, run.stderr) == (0, "")
    assert {line.split()[0] for line in run.stdout.splitlines()} == {"ok"}
    assert [line.split()[1] for line in run.stdout.splitlines()] == [
        "process:", "uid:", "dumpable:", "capabilities:", "tracer:",
        "namespaces:", "ptrace_scope:", "perf_event_paranoid:", "seccomp:",
        "container:"]


def test_another_user(doctor, machine):
    machine.put("proc/self/status", status("pgo-trace", [99], uid=12345))
    mine = os.getuid()
    assert examine(doctor, machine, "uid") == (
        "hinders", f"it runs as uid {mine} gid {mine}, you as uid 12345 gid "
        "12345", f"sudo -u '#{mine}' pgo-trace ...\nor: " + SUDO)


def test_a_capability_passes_users(doctor, machine):
    machine.put("proc/self/status",
                status("pgo-trace", [99], uid=12345, caps=PTRACE))
    assert examine(doctor, machine, "uid", 0) == (
        "ok", "you have CAP_SYS_PTRACE", "")


def test_not_dumpable(doctor, machine):
    other = status("server", [PID], uid=54321)
    machine.put(f"proc/{PID}/status", other)
    machine.put("proc/self/status", status("pgo-trace", [99], uid=54321))
    state, what, remedy = examine(doctor, machine, "dumpable")
    assert what.startswith("it is not dumpable: it has changed its user")
    assert remedy == SUDO


def test_more_capabilities_than_ours(doctor, machine):
    machine.put(f"proc/{PID}/status", status("server", [PID], caps=1 << 10))
    assert examine(doctor, machine, "capabilities") == (
        "hinders", "it has capabilities that you have not: 0x400", SUDO)


@pytest.mark.parametrize("scope, what, remedy", [
    (1, "1: only what you start yourself may be looked at",
     "sudo sysctl kernel.yama.ptrace_scope=0\nor: " + SUDO),
    (2, "2: only root may look",
     "sudo sysctl kernel.yama.ptrace_scope=0\nor: " + SUDO),
    (3, "3: nobody may look at another process",
     "boot with kernel.yama.ptrace_scope below 3 in /etc/sysctl.d"),
])
def test_yama(doctor, machine, scope, what, remedy):
    machine.put("proc/sys/kernel/yama/ptrace_scope", f"{scope}\n")
    assert examine(doctor, machine, "ptrace_scope") == ("hinders", what,
                                                        remedy)


def test_debians_perf_events(doctor, machine):
    machine.put("proc/sys/kernel/perf_event_paranoid", "3\n")
    state, what, remedy = examine(doctor, machine, "perf_event_paranoid", 0)
    assert state == "note"
    assert what.startswith("3: no perf events")
    assert remedy == ("sudo sysctl kernel.perf_event_paranoid=2\nor: sudo "
                      "setcap cap_perfmon+ep $(command -v pgo-trace)")
    machine.put("proc/self/status",
                status("pgo-trace", [99], caps=PERFMON))
    assert examine(doctor, machine, "perf_event_paranoid", 0)[0] == "ok"


def test_containers_of_ours_and_of_theirs(doctor, machine):
    machine.put("proc/self/status", status("pgo-trace", [99], seccomp=2))
    machine.put("proc/self/cgroup", "0::/kubepods/pod1/x\n")
    machine.put(f"proc/{PID}/status", status("server", [PID, 7]))
    run = found(doctor("--root", machine.root, "--json", PID))
    assert run["container"] == (
        "note", "you are in one (kubernetes), without CAP_SYS_PTRACE: only "
        "processes of your own user can be looked at",
        "docker run --cap-add=SYS_PTRACE --pid=container:NAME ...\n"
        "or: kubectl debug -it POD --image=IMAGE --target=CONTAINER "
        "--profile=sysadmin")
    assert run["seccomp"][2].startswith(
        "docker run --cap-add=SYS_PTRACE --security-opt seccomp=unconfined")
    assert run["namespaces"] == (
        "note", "it is in a container, where its pid is 7; that does not "
        "hinder", "")


def test_another_user_namespace(doctor, machine):
    machine.put("proc/self/status", status("pgo-trace", [99], uid=777))
    machine.put(f"proc/{PID}/status", status("server", [PID], uid=777))
    machine.link("proc/self/ns/user", "user:[1]")
    machine.link(f"proc/{PID}/ns/user", "user:[2]")
    run = found(doctor("--root", machine.root, "--json", PID))
    assert run["namespaces"] == (
        "hinders", "it is in another user namespace",
        f"sudo nsenter -U -t {PID} --preserve-credentials pgo-trace ...\n"
        "or: sudo pgo-trace ...")


@pytest.mark.parametrize("state, cmdline, expected", [
    ("Z (zombie)", "", "it has ended, its parent has not yet noticed"),
    ("S (sleeping)", "", "a thread of the kernel: it has no memory of its "
                         "own"),
])
def test_what_is_no_program(doctor, machine, state, cmdline, expected):
    machine.put(f"proc/{PID}/status", status("x", [PID], state=state))
    machine.put(f"proc/{PID}/cmdline", cmdline)
    assert examine(doctor, machine, "process")[1] == expected


def test_a_debugger_and_a_stop_are_noted(doctor, machine):
    machine.put(f"proc/{PID}/status",
                status("x", [PID], state="t (tracing stop)", tracer=123))
    run = found(doctor("--root", machine.root, "--json", PID))
    assert run["tracer"][0] == "note"
    assert run["tracer"][2] == "end the debugger, process 123"
    assert run["process"][0] == "note"


def test_nobody_in_particular(doctor, machine):
    run = doctor("--root", machine.root, "--json")
    assert run.returncode == 0
    assert list(found(run)) == ["ptrace_scope", "perf_event_paranoid",
                                "seccomp", "container"]


def test_who_is_not_there(doctor, machine):
    run = doctor("--root", machine.root, 4712)
    assert (run.returncode, run.stdout, run.stderr) == (
        1, "", "pgo-trace: 4712: no such process\n")


NONSENSE = {
    "nothing": "", "long": "\1" * 60000, "no line": "Uid:",
    "no number": "\nUid:\t-\n", "many": "\nNSpid:" + "\t1" * 1000 + "\n",
    "cut off": "\nState:\t",
    "large": f"\nCapEff:\t{'f' * 30}\nUid:\t{'9' * 30}\n",
}


@pytest.mark.parametrize("text", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_survived(doctor, machine, text):
    machine.put("proc/self/status", text)
    machine.put(f"proc/{PID}/status", text + "x")
    machine.put("proc/sys/kernel/yama/ptrace_scope", text)
    run = doctor("--root", machine.root, PID)
    assert run.returncode in (0, 1)
    assert run.stderr == ""


def test_this_machine_tells_of_a_go_program(doctor, tmp_path):
    with goprog.running("waits", tmp_path / "own") as child:
        run = doctor("--json", child.pid)
    assert found(run)["attach"][0] == "ok"
    assert found(run)["attach"][1].startswith("go1.")
    run = doctor("--json", os.getpid())
    assert run.returncode == 1
    assert found(run)["attach"] == (
        "hinders", "neither a Go program nor one of pgo's", "")
