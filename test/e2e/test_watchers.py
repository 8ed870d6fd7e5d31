"""Who watches a program's memory: silent where it is right, told where not."""
import os
import shutil
import subprocess

import pytest

VALGRIND = ("valgrind", "-q", "--error-exitcode=99")
COMPILERS = [
    "gcc",
    pytest.param("clang", marks=[pytest.mark.long, pytest.mark.skipif(
        not shutil.which("clang"), reason="no clang")]),
]
KINDS = ["address", "thread", "leak", "undefined"]
# Sanitizer, fault, and what is said of it.
FAULTS = [
    ("address", "free", ["heap-use-after-free", "in use_after_free"]),
    ("address", "return", ["stack-use-after-return", "in use_after_return"]),
    ("address", "leak", ["leak of 100 byte(s) in 1 object(s)", "in lose"]),
    ("leak", "leak", ["leak of 100 byte(s) in 1 object(s)", "in lose"]),
    ("thread", "race", ["data race", "in race"]),
    ("thread", "race-object", ["data race", "#0 do_fault"]),
]


def run(*cmd, **env):
    return subprocess.run([str(c) for c in cmd], text=True, timeout=60,
                          capture_output=True, env={**os.environ, **env})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Makes bugs.c with a compiler and a sanitizer, once each."""
    folder = tmp_path_factory.mktemp("watchers")
    build = os.path.abspath(os.environ.get("BUILD", "build"))
    source = os.path.join(os.path.dirname(__file__), "progs/bugs.c")

    def make(cc, kind):
        exe = folder / f"{cc}-{kind}"
        if not exe.exists():
            r = run(f"{build}/bin/pgo-cc", "-O1", f"-fsanitize={kind}",
                    source, "-o", exe, PGO_CC=cc)
            assert (r.returncode, r.stderr) == (0, ""), r.stderr
        return exe
    return make


@pytest.mark.parametrize("stack", ["segmented", "contiguous"])
def test_valgrind_has_nothing_to_say_of_stacks(build, stack):
    r = run(*VALGRIND, build / "test/e2e/progs/bugs",
            PGODEBUG=f"stack={stack}")
    assert (r.returncode, r.stderr) == (0, ""), r.stderr


def test_valgrind_names_the_goroutines_fault(build):
    r = run(*VALGRIND, build / "test/e2e/progs/bugs", "free")
    assert r.returncode == 99
    assert "Invalid write of size 1" in r.stderr
    assert "use_after_free" in r.stderr


@pytest.mark.parametrize("cc", COMPILERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_sanitizer_has_nothing_to_say_of_what_is_right(made, cc, kind):
    r = run(made(cc, kind), ASAN_OPTIONS="detect_stack_use_after_return=1")
    assert (r.returncode, r.stdout, r.stderr) == (0, "done\n", ""), r.stderr


@pytest.mark.parametrize("cc", COMPILERS)
@pytest.mark.parametrize("kind, fault, said", FAULTS)
def test_a_sanitizer_names_the_goroutines_fault(made, cc, kind, fault, said):
    # By frame pointers the leak sanitizer walks a thread's own stack only.
    r = run(made(cc, kind), fault, LSAN_OPTIONS="fast_unwind_on_malloc=0",
            ASAN_OPTIONS="detect_stack_use_after_return=1")
    assert r.returncode != 0
    for text in said:
        assert text in r.stderr, r.stderr


@pytest.mark.parametrize("procs", ["1", "2"])
def test_a_race_is_one_on_one_processor_too(made, procs):
    r = run(made("gcc", "thread"), "race", GOMAXPROCS=procs)
    assert "data race" in r.stderr, r.stderr


@pytest.mark.parametrize("cc", COMPILERS)
def test_a_stack_that_overflows_is_told_with_its_frames(made, cc):
    r = run(made(cc, "address"), "fall")
    assert r.returncode != 0
    assert "stack" in r.stderr and "overflow" in r.stderr, r.stderr
    assert "fall" in r.stderr, r.stderr
