"""make demo shows what it says, and leaves nothing behind."""
import os
import re
import signal
import subprocess
import time

import pytest


def demo(root, build, tmp_path):
    return subprocess.Popen(
        ["bash", root / "examples/demo.sh"], text=True, cwd=root,
        env={**os.environ, "B": str(build), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True)


def left_of(session):
    """Processes of a session that are no zombies."""
    rows = subprocess.run(["ps", "-eo", "sid=,stat=,args="], text=True,
                          capture_output=True).stdout.splitlines()
    return [row for row in rows if row.split()[0] == str(session)
            and not row.split()[1].startswith("Z")]


def nothing_is_left_of(session):
    """Soon: pgo-sym sees that its agent has ended."""
    until = time.monotonic() + 2
    while left_of(session) and time.monotonic() < until:
        time.sleep(0.05)
    assert left_of(session) == []


def test_the_demo_shows_lines_goroutines_and_the_culprit(root, build,
                                                         tmp_path):
    program = demo(root, build, tmp_path)
    out, err = program.communicate(timeout=40)
    assert (program.returncode, err) == (0, "")
    assert re.search(r"agent on localhost:\d+\.$", out, re.M)
    assert len(re.findall(r"^SCHED \d+ms: gomaxprocs=", out, re.M)) == 4
    assert re.search(r"^Gs \d+ .*running", out, re.M)
    assert "handle_request < handle_connection" in out
    share = re.search(r" ([\d.]+)%  slow_stack_operation$", out, re.M)
    assert 50 <= float(share[1]) <= 70, out
    assert "To try next" in out
    nothing_is_left_of(program.pid)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("after_s", [
    0.3, 2, pytest.param(7, marks=pytest.mark.long)])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_and_all_of_it(root, build, tmp_path, how,
                                              after_s):
    program = demo(root, build, tmp_path)
    time.sleep(after_s)
    if how == signal.SIGINT:    # as a terminal sends it
        os.killpg(program.pid, how)
    else:
        program.send_signal(how)
    program.communicate(timeout=5)
    assert program.returncode == 128 + how
    nothing_is_left_of(program.pid)
    assert os.listdir(tmp_path) == []
