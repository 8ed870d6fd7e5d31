"""Children of a program whose goroutines run on all Ps."""
import os
import subprocess

import pytest

import agent_client
import under

TOLD = ("fatal error: pgo used in a child of fork(), where no goroutine runs "
        "(exec or _exit there, use posix_spawn(), or fork before pgo "
        "starts)\n")


# They spin, and valgrind lets one thread run at a time.
PS = "8" if under.SLOWER == 1 else "2"


def run(build, *words, **env):
    return subprocess.run([build / "test/e2e/progs/children", *words],
                          text=True, capture_output=True, timeout=60,
                          env={**os.environ, "GOMAXPROCS": PS, **env})


def assert_result(result, status, err):
    assert (result.returncode, result.stderr) == (status, err)


@pytest.mark.parametrize("stack", ["segmented", "contiguous"])
def test_children_become_something_else(build, stack):
    """fork and vfork with exec, posix_spawn, popen, system."""
    assert_result(run(build, "become", PGODEBUG=f"stack={stack}"), 0, "")


@pytest.mark.parametrize("stack", ["segmented", "contiguous"])
def test_children_may_stay_in_c(build, stack):
    assert_result(run(build, "stay", PGODEBUG=f"stack={stack}"), 0, "")


@pytest.mark.parametrize("what", [
    "go", "recv", "send", "select", "yield", "sleep", "mutex", "waitgroup",
    "goexit", "return"])
def test_a_child_that_goes_on_is_told(build, what):
    assert_result(run(build, "goroutine", what), 0, TOLD)


@pytest.mark.parametrize("what", [
    "go", "recv", "send", "select", "sleep", "mutex", "waitgroup"])
def test_a_child_of_a_plain_thread_is_told(build, what):
    assert_result(run(build, "thread", what), 0, TOLD)


def test_a_daemon_is_a_child_too(build):
    # The parent leaves at once; the daemon holds stderr until it dies.
    assert_result(run(build, "goroutine", "daemon"), 0, TOLD)


def test_a_daemon_starts_pgo_after(build):
    assert_result(run(build, "daemon-first"), 0, "daemon: 0\n")


def test_handlers_of_fork_are_called_in_order(build):
    assert_result(run(build, "handlers"), 0, "")


@pytest.mark.parametrize("way, err", [("_exit", ""),
                                      ("quick_exit", "quick\n")])
def test_other_ways_out(build, way, err):
    assert_result(run(build, way), 6, err)


def test_a_child_has_no_agent_and_leaves_the_parents_alone(build):
    program = build / "test/e2e/progs/children"
    with agent_client.started(program, "leave") as (process, agent):
        def tell():
            process.stdin.write(".")
            process.stdin.flush()

        open_one = agent_client.Connection(agent.path)
        open_one.request("GET", "/healthz")
        assert open_one.getresponse().read() == b"ok\n"
        tell()
        child = int(process.stdout.readline())
        fds = os.listdir(f"/proc/{child}/fd")
        links = [os.readlink(f"/proc/{child}/fd/{fd}") for fd in fds]
        assert [link for link in links if link.startswith("socket")] == []
        tell()
        assert process.stdout.readline() == "gone\n"
        assert agent.is_there()
        open_one.close()
        tell()
        assert process.wait(timeout=10) == 0
        assert not agent.path.exists()
