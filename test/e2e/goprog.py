"""Go programs of e2e/go, built once a test run and started."""
import contextlib
import functools
import pathlib
import signal
import subprocess
import tempfile

import golang

FOLDER = pathlib.Path(__file__).parent / "go"


@functools.lru_cache(maxsize=None)
def built(name, *flags):
    """The path of program NAME; its folder lasts as long as the tests."""
    return golang.build(FOLDER / name, pathlib.Path(folder().name) /
                        "-".join([name, *flags]).replace("/", "_"), *flags)


@functools.lru_cache(maxsize=None)
def folder():
    return tempfile.TemporaryDirectory(prefix="pgo-go-")


@contextlib.contextmanager
def running(name, *words, flags=(), **options):
    """NAME, once it has said "ready"; killed at the end."""
    exe = built(name, *flags)
    with subprocess.Popen([exe, *map(str, words)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          **options) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


def own_dump(child, path):
    """What the runtime of CHILD, a running waits, says of its goroutines."""
    child.send_signal(signal.SIGUSR1)
    assert child.stdout.readline() == "written\n"
    return pathlib.Path(path).read_text()
