"""Signals from outside, and what becomes of the process."""
import os
import signal
import subprocess
import time

import pytest

from plain_env import WITHOUT_LINES


class Program:
    def __init__(self, build, way, **kw):
        self.process = subprocess.Popen(
            [build / "test/e2e/progs/signalled", way], text=True,
            env=WITHOUT_LINES, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, **kw)

    def __enter__(self):
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def send(self, sig):
        self.process.send_signal(sig)

    def line(self):
        return self.process.stdout.readline()

    def end(self):
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


def run(build, way):
    return subprocess.run([build / "test/e2e/progs/signalled", way],
                          text=True, env=WITHOUT_LINES, capture_output=True, timeout=10)


def test_handlers_wake_goroutines_and_that_is_no_deadlock(build):
    with Program(build, "wait") as program:
        for sig, text in ((signal.SIGINT, "Interrupt"),
                          (signal.SIGWINCH, "Window changed"),
                          (signal.SIGHUP, "Hangup"),
                          (signal.SIGINT, "Interrupt")):
            program.send(sig)
            assert program.line() == text + "\n"
        program.send(signal.SIGTERM)
        assert program.end() == (5, "Terminated\n", "")


@pytest.mark.parametrize("sig", [
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1,
    signal.SIGPIPE, signal.SIGALRM, signal.SIGKILL])
def test_by_default_a_signal_kills(build, sig):
    with Program(build, "stand_by") as program:
        program.send(sig)
        code, _, err = program.end()
        assert (code, err) == (-sig, "")


def test_ignored_signals_stay_ignored(build):
    """As under nohup(1) and in a shell's background."""
    def ignore():
        for sig in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            signal.signal(sig, signal.SIG_IGN)

    with Program(build, "stand_by", preexec_fn=ignore) as program:
        for sig in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            program.send(sig)
        time.sleep(0.1)
        program.send(signal.SIGTERM)
        assert program.end()[0] == -signal.SIGTERM


def test_it_stops_and_goes_on(build):
    with Program(build, "stand_by") as program:
        pid = program.process.pid
        program.send(signal.SIGTSTP)
        assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
        program.send(signal.SIGCONT)
        assert os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1])
        program.process.stdout.read(2)


def test_a_closed_pipe_kills_as_it_kills_a_c_program(build):
    result = run(build, "write_to_nobody")
    assert (result.returncode, result.stdout) == (-signal.SIGPIPE, "")


def test_a_jump_from_the_thread_of_handlers_is_refused(build):
    with Program(build, "jump") as program:
        program.send(signal.SIGTERM)
        code, _, err = program.end()
        assert code == 2
        assert err.startswith(
            "fatal error: longjmp() out of a signal handler, which runs on a "
            "thread of its own\n")


def test_a_handler_of_a_fault_cannot_wait(build):
    result = run(build, "wait_in_a_fault")
    assert result.returncode == 2
    assert result.stderr.startswith(
        "fatal error: a signal handler that interrupted goroutine code cannot "
        "wait\n")


@pytest.mark.parametrize("way", ["crash_in_a_handler",
                                 "crash_in_a_faults_handler"])
def test_a_crash_in_a_handler_is_told(build, way):
    result = run(build, way)
    assert result.returncode == -signal.SIGSEGV
    assert result.stderr.startswith("SIGSEGV: segmentation violation\nPC=0x")
    assert "\n\ngoroutine 1 [running]:\ncrash(...)\n" in result.stderr
    assert f"\n{way}(...)\n" in result.stderr


def test_a_handler_set_before_has_room(build):
    result = run(build, "set_before")
    assert (result.returncode, result.stdout) == (0, "handled\n")
