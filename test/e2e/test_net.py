"""Programs that use the network, and use it badly."""
import os
import re
import resource
import signal
import subprocess
import time

import pytest


def run(build, *args, procs=2, limit=60):
    result = subprocess.run(
        [build / "test/e2e/progs/net", *map(str, args)], text=True,
        capture_output=True, timeout=limit,
        env={**os.environ, "GOMAXPROCS": str(procs)})
    return result.returncode, result.stdout, result.stderr


def crowd(n):
    """What each of N does; two descriptors are the runtime's, for ever."""
    reset = len(range(0, n, 3))
    slow = len([i for i in range(0, n, 5) if i % 3])
    return (0, f"echoed {n - reset - slow} slow {slow} reset {reset} wrong 0, "
            "fds + 2\n", "")


@pytest.mark.parametrize("procs", [1, 4])
def test_some_reset_some_read_slowly_the_others_do_not_mind(build, procs):
    assert run(build, "crowd", 300, procs=procs) == crowd(300)


@pytest.mark.long
@pytest.mark.limit(400)
@pytest.mark.parametrize("procs", [1, 4])
def test_as_many_as_there_are_descriptors(build, procs):
    """Both ends are in one process."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    n = min(100000, most // 2 - 100)
    assert n >= 9000 or most < 18200
    assert run(build, "crowd", n, procs=procs, limit=300) == crowd(n)


def test_accepting_goes_on_when_descriptors_come_back(build):
    assert run(build, "exhaust") == (
        0, "without descriptors: 0 echoed\nwith them: 8 echoed, 0 wrong\n", "")


@pytest.mark.parametrize("n, procs", [
    (100, 1), (200, 4), pytest.param(3000, 4, marks=pytest.mark.long)])
def test_deadlines_by_the_thousand(build, n, procs):
    """Each passes, and none passes that was taken back."""
    assert run(build, "storm", n, procs=procs) == (
        0, f"expired {20 * n}, in time {20 * n}\n", "")


RESOLVER = """
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char *host, const char *port,
                const struct addrinfo *hints, struct addrinfo **found)
{
	usleep(SLOW_US);
	return EAI_NONAME;
}
"""


@pytest.mark.parametrize("slow_s, limit_ms, said, took_ms", [
    (0, 20000, "No such file or directory", 0),
    (2, 100, "Connection timed out", 100),
    (2, -1, "Connection timed out", 0),
    (2, -1000000000000, "Connection timed out", 0)])     # below 0
def test_a_name_server_has_until_the_deadline(build, tmp_path, slow_s,
                                              limit_ms, said, took_ms):
    library = tmp_path / "resolver.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-xc", "-", "-o", library,
                    f"-DSLOW_US={slow_s * 1000000}"], input=RESOLVER,
                   text=True, check=True)
    done = subprocess.run(
        [build / "test/e2e/progs/net", "name", str(limit_ms)], text=True,
        capture_output=True, timeout=20,
        env={**os.environ, "LD_PRELOAD": str(library),
             "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                             ":verify_asan_link_order=0"})
    answer = re.fullmatch(rf"{said} after (\d+) ms\n", done.stdout)
    assert answer, done
    assert took_ms <= int(answer[1]) < took_ms + 1500


def test_a_child_of_fork_closes_what_it_has(build):
    assert run(build, "fork") == (
        0, "child 0, its answer 1, then 1 echoed, 0 wrong\n", "")


def test_who_waits_for_the_network_is_no_deadlock(build):
    child = subprocess.Popen([build / "test/e2e/progs/net", "wait"], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline() == "waiting\n"
    time.sleep(0.2)
    assert child.poll() is None
    child.send_signal(signal.SIGQUIT)
    dump = child.communicate(timeout=10)[1]
    assert child.returncode == 2
    assert re.search(r"^goroutine 1 \[IO wait\]:\npgo_accept\(", dump, re.M)


def test_who_has_just_been_told_is_no_deadlock(build):
    """He waits no more and does not run yet, and all others are asleep."""
    assert run(build, "batch", 3000) == (0, "all woke 3000 times\n", "")


# Looking ----------------------------------------------------------------------

@pytest.mark.outside
@pytest.mark.parametrize("env", [{}, {"PGO_AGENT": "unix"}],
                         ids=["outside", "agent"])
def test_readers_say_what_it_waits_for(build, tmp_path, env):
    child = subprocess.Popen(
        [build / "test/e2e/progs/net", "wait"], text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), **env})
    try:
        assert child.stdout.readline() == "waiting\n"
        time.sleep(0.2)
        dump = subprocess.run([build / "bin/pgo-trace", "dump", str(child.pid)],
                              text=True, capture_output=True, timeout=20)
        top = subprocess.run([build / "bin/pgo-top", "-b", "-n", "1",
                              str(child.pid)],
                             text=True, capture_output=True, timeout=20)
    finally:
        child.kill()
        child.communicate()
    assert re.search(r"^goroutine 1 \[IO wait.*\]:\npgo_accept\(",
                     dump.stdout, re.M), dump
    assert "IO wait" in top.stdout, top


# The Nth epoll_ctl, or accept, fails ------------------------------------------

REFUSED = re.compile(r"net: (listen|dial|accept|read|write): [A-Z][\w ]+\n")


def inject(build, call, n, errno):
    result = subprocess.run(
        [build / "test/tools/inject", call, str(n), str(errno),
         build / "test/e2e/progs/net", "few"], text=True,
        capture_output=True, timeout=20, env={**os.environ, "GOMAXPROCS": "2"})
    if result.returncode == 125:
        pytest.skip("inject: no seccomp listener here")
    text, _, last = result.stderr.rpartition("inject: ")
    return result.returncode, result.stdout, text, int(last.split()[0])


@pytest.mark.parametrize("call, errno", [
    ("epoll_ctl", 12), ("epoll_ctl", 28), ("accept4", 24), ("accept4", 103),
    ("accept4", 4), ("accept4", 22), ("epoll_create1", 24)])
def test_one_call_fails(build, call, errno):
    """Then all is done, or one line says what was not."""
    for n in range(1, 30):
        status, out, text, calls = inject(build, call, n, errno)
        if status == 0:
            assert (out, text) == ("echoed 8\n", "")
        else:
            assert status == 3 and REFUSED.match(text), (n, status, text)
        # What accepting can do without.
        assert status == 0 or call != "accept4" or errno == 22
        if calls < n:
            break
    assert n > 1
