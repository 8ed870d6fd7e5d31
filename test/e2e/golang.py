"""Go programs for tests: built by the machine's Go, or by any other version
that the module proxy has."""
import functools
import os
import pathlib
import re
import subprocess
import tempfile

OLDEST = 16
BUILD_S = 300
PROXY = re.compile(r"v0\.0\.1-(go1\.(\d+)(?:\.(\d+))?)\.linux-amd64\b")


def environment(version=None):
    """For go commands: the machine's Go, or VERSION; no settings of a user,
    no network but for getting VERSION."""
    env = dict(os.environ, GOFLAGS=" ", GO111MODULE="", GOEXPERIMENT="",
               GOTOOLCHAIN=version or "local")
    if "HOME" not in env and "GOCACHE" not in env:
        env["GOCACHE"] = os.path.join(tempfile.gettempdir(), "pgo-gocache")
    return env


def go(*args, version=None, timeout=BUILD_S):
    """The output of the go command."""
    run = subprocess.run(["go", *map(str, args)], capture_output=True,
                         text=True, timeout=timeout,
                         env=environment(version))
    assert run.returncode == 0, f"go {args[0]}: {run.stderr}"
    return run.stdout


def build(source, exe, *args, version=None):
    """Builds the program in the folder or file SOURCE; returns EXE."""
    source = pathlib.Path(source)
    go("build", "-o", exe, *args,
       source / "main.go" if source.is_dir() else source, version=version)
    return exe


@functools.lru_cache(maxsize=None)
def machine():
    """The version of the machine's Go, as (1, 26, 8)."""
    found = re.search(r"go1\.(\d+)(?:\.(\d+))?", go("env", "GOVERSION"))
    return 1, int(found[1]), int(found[2] or 0)


@functools.lru_cache(maxsize=None)
def newest():
    """The newest patch of each minor that the module proxy has, oldest first:
    ["go1.16.15", ...]; [] where there is no proxy, or the machine's Go is too
    old to fetch others."""
    if machine() < (1, 21):
        return []
    run = subprocess.run(["go", "list", "-m", "-versions",
                          "golang.org/toolchain"], capture_output=True,
                         text=True, timeout=60, env=environment())
    best = {}
    for name, minor, patch in PROXY.findall(run.stdout):
        if int(minor) >= OLDEST:
            best[int(minor)] = max(best.get(int(minor), (-1, "")),
                                   (int(patch or 0), name))
    return [best[minor][1] for minor in sorted(best)]
