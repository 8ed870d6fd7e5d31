"""Go programs for tests: built by the machine's Go, or by any other version
that the module proxy has."""
import functools
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
OLDEST = 16
BUILD_S = 300
PROXY = re.compile(r"v0\.0\.1-(go1\.\d+(?:\.\d+)?)\.linux-amd64\b")


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


def numbers(version):
    """(26, 8) of "go1.26.8"."""
    found = re.search(r"go1\.(\d+)(?:\.(\d+))?", version)
    return int(found[1]), int(found[2] or 0)


def minor(version):
    return numbers(version)[0]


@functools.lru_cache(maxsize=None)
def machine():
    """The version of the machine's Go, as (26, 8)."""
    return numbers(go("env", "GOVERSION"))


@functools.lru_cache(maxsize=None)
def newest():
    """The newest patch of each minor that the module proxy has, oldest first:
    ["go1.16.15", ...]; [] where there is no proxy, or the machine's Go is too
    old to fetch others."""
    if machine() < (21, 0):
        return []
    run = subprocess.run(["go", "list", "-m", "-versions",
                          "golang.org/toolchain"], capture_output=True,
                         text=True, timeout=60, env=environment())
    best = {}
    for name in PROXY.findall(run.stdout):
        of, patch = numbers(name)
        if of >= OLDEST:
            best[of] = max(best.get(of, (-1, "")), (patch, name))
    return [best[of][1] for of in sorted(best)]
