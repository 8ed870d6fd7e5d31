"""Programs that stand still, and their core files: gdb's and the kernel's."""
import contextlib
import os
import pathlib
import resource
import signal
import subprocess

import pytest

CORE_BYTES_MAX = 8 << 30


@contextlib.contextmanager
def running(*command, folder):
    """The program, started in FOLDER; it has said "ready", and may dump."""
    program = subprocess.Popen(
        command, text=True, cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=dict(os.environ, GOTRACEBACK="crash"),
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
    try:
        assert program.stdout.readline() == "ready\n"
        yield program
    finally:
        if program.poll() is None:
            program.kill()
            program.communicate()


def gcore(program, folder):
    """Fails for one that has the shadow memory of a sanitizer."""
    subprocess.run(["gcore", "-o", folder / "gcore", str(program.pid)],
                   check=True, timeout=50, capture_output=True,
                   preexec_fn=lambda: resource.setrlimit(
                       resource.RLIMIT_FSIZE, (CORE_BYTES_MAX,) * 2))
    return folder / f"gcore.{program.pid}"


def kernel(program, folder):
    """Ends the program; its core."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text()
    if pattern.startswith(("|", "/")):
        pytest.skip(f"cores go elsewhere: core_pattern is {pattern.strip()}")
    program.send_signal(signal.SIGABRT)
    assert program.wait(30) == -signal.SIGABRT
    core, = (f for f in folder.iterdir() if f.name.startswith("core"))
    return core


DUMPED_BY = {"gcore": gcore, "kernel": kernel}
