"""The gate itself: each check of make tidy and each runner can say no."""
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.fast


# The runners begun here count for themselves, in no mode.
PLAIN = {name: value for name, value in os.environ.items()
         if not name.startswith("PGO_TEST_")}


def run(*argv, env=PLAIN, **kw):
    return subprocess.run([str(a) for a in argv], text=True, timeout=30,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=env, **kw)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def compiled(folder, name, text, *flags):
    source = write(folder / f"{name}.c", text)
    run("gcc", "-O2", *flags, "-c", "-o", f"{name}.o", source.name,
        cwd=folder).check_returncode()
    return folder / f"{name}.o"


# Layers

def layers(root, tmp_path, source, text):
    write(tmp_path / source, text)
    lint = root / "test/lint"
    return run("awk", "-f", lint / "layers.awk", lint / "layers", source,
               cwd=tmp_path)


@pytest.mark.parametrize("source, header", [
    ("lib/base/a.c", '"lib/base/buf.h"'),
    ("runtime/amd64/a.c", '"runtime/g.h"'),
    ("runtime/a.c", "<pgo/go.h>"),
    ("agent/a.c", '"runtime/view.h"'),
    ("lib/base/a.c", "<stdio.h>"),
])
def test_an_include_that_points_down_is_let_through(root, tmp_path, source,
                                                    header):
    result = layers(root, tmp_path, source, f"#include {header}\n")
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("source, header", [
    ("lib/base/a.c", '"lib/wire/pprof.h"'),
    ("agent/a.c", '"runtime/g.h"'),
    ("pgo-top/a.c", '"runtime/view.h"'),
    ("lib/wire/a.c", "<pgo/go.h>"),
    ("lib/base/a.c", '"buf.h"'),
    ("elsewhere/a.c", '"lib/base/buf.h"'),
])
def test_an_include_that_points_up_is_named(root, tmp_path, source, header):
    result = layers(root, tmp_path, source, f"\n# include {header}\n")
    assert result.returncode == 1
    assert result.stdout.startswith(f"{source}:2: ")


# Headers

@pytest.mark.parametrize("text, rc", [
    ("#include <stdint.h>\nint64_t f(void);\n", 0),
    ("int64_t f(void);\n", 1),
    ("int f(int class);\n", 1),
])
def test_a_public_header_compiles_alone_also_as_cxx(root, tmp_path, text, rc):
    write(tmp_path / "h.h", text)
    result = run("sh", root / "test/lint/headers.sh", "-std=gnu11", "h.h",
                 "--", cwd=tmp_path)
    assert result.returncode == rc, result.stdout


# Symbols

@pytest.mark.parametrize("name, rc", [
    ("pgo_go", 0), ("__morestack_x", 0), ("__wrap_read", 0),
    ("__wrap_other", 1), ("runq_put", 1),
])
def test_only_our_own_names_leave_the_library(root, tmp_path, name, rc):
    obj = compiled(tmp_path, "a", f"int {name}(void) {{ return 0; }}\n")
    run("ar", "rcs", tmp_path / "l.a", obj).check_returncode()
    wraps = write(tmp_path / "wrap.rsp", "--wrap=write\n--wrap=read\n")
    result = run("sh", root / "test/lint/symbols.sh", tmp_path / "l.a", wraps)
    assert result.returncode == rc, result.stdout
    assert (name in result.stdout) == bool(rc)


# Stack bounds

STACKS = """
void sink(char *);
static __attribute__((noinline)) void below(void) { char b[200]; sink(b); }
void entry(void) { char b[100]; sink(b); below(); sink(b); }
int again(int n) { char b[50]; sink(b); return n ? again(n / 2) + *b : 1; }
void moving(int n) { char b[n]; sink(b); }
void (*hook)(void);
void pointer(void) { hook(); sink(0); }
"""


def stackuse(root, tmp_path, table):
    compiled(tmp_path, "s", STACKS, "-fcallgraph-info=su", "-fno-inline",
             "-fno-omit-frame-pointer")
    write(tmp_path / "table", table)
    return run(sys.executable, root / "test/lint/stackuse.py", "table", "s.ci",
               cwd=tmp_path)


@pytest.mark.parametrize("table", [
    "leaf sink 64\nentry 480\n",
    "leaf sink 64\ncalls pointer below\npointer 400\n",
    "leaf sink 64\nleaf again 300\nagain 300\n",
])
def test_a_bound_that_holds_is_let_through(root, tmp_path, table):
    result = stackuse(root, tmp_path, table)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("table, said", [
    ("leaf sink 64\nentry 300\n", "bound 300: entry"),
    ("leaf sink 900\nentry 480\n", "-> sink (900)"),
    ("entry 480\n", "sink: its frame is unknown"),
    ("leaf sink 64\nagain 9999\n", "recursion: again -> again"),
    ("leaf sink 64\nmoving 9999\n", "no fixed size"),
    ("leaf sink 64\npointer 9999\n", "calls through a pointer"),
    ("gone 100\n", "gone: its frame is unknown"),
    ("entry many\n", "table:1: not a line of this table"),
])
def test_a_bound_that_does_not_hold_is_explained(root, tmp_path, table, said):
    result = stackuse(root, tmp_path, table)
    assert result.returncode == 1
    assert said in result.stdout


# Text

def text(root, tmp_path, name, body):
    run("git", "init", "-q", tmp_path).check_returncode()
    write(tmp_path / name, body)
    return run(sys.executable, root / "test/lint/text.py", cwd=tmp_path)


@pytest.mark.parametrize("name, body, said", [
    ("a.c", "\t" * 9 + "1234567890\n", "82 columns"),
    ("a.c", "int f(void)\n{\n" + "\tf();\n" * 61 + "}\n", "function of 61"),
    ("a.md", "later: TO" + "DO\n", "finish it"),
    ("a.md", "blank \n", "blanks at the end"),
    ("a.sh", "if true; then\n", "yntax error"),
    ("a", "#!/bin/bash\nx=(\n", "unexpected"),
])
def test_text_that_is_out_of_bounds_is_named(root, tmp_path, name, body, said):
    result = text(root, tmp_path, name, body)
    assert result.returncode == 1
    assert said in result.stdout
    assert result.stdout.startswith(f"{name}:")


def test_text_within_bounds_is_let_through(root, tmp_path):
    body = ("\t" * 9 + "12345678\n" + 'char t[] = "/tmp/a-XXXXXX";\n'
            + "int f(void)\n{\n" + "\tf();\n" * 60 + "}\n")
    result = text(root, tmp_path, "a.c", body)
    assert (result.returncode, result.stdout) == (0, "")


# The runner of the units

def program(tmp_path, body):
    path = write(tmp_path / "prog", f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("body, rc, said, last", [
    ("echo '[  PASSED  ] 3 test(s).'", 0, "ok ", "3 passed, 0 failed"),
    ("echo '[  PASSED  ] 3 test(s).'; exit 1", 1, "status 1",
     "3 passed, 1 failed"),
    ("echo '[  PASSED  ] 1 test(s).'; kill -SEGV $$", 1, "SIGSEGV",
     "1 passed, 1 failed"),
    ("echo '[  FAILED  ] 2 test(s), listed below:'; exit 2", 1, "FAIL",
     "0 passed, 2 failed"),
    (":", 1, "ran no test", "0 passed, 1 failed"),
    ("sleep 60", 1, "took more than", "0 passed, 1 failed"),
    ("echo 'skip: no perf'; echo '[  SKIPPED ] a_name'", 1,
     "skips.allowed does not", "0 passed, 1 failed"),
    ("echo '[  PASSED  ] 1 test(s).'; sleep 60 &", 0, "ok ",
     "1 passed, 0 failed"),
])
def test_the_runner_counts_what_a_program_says(root, tmp_path, body, rc, said,
                                               last):
    result = run(sys.executable, root / "test/run.py", "-t", "0.5", "--",
                 program(tmp_path, body))
    assert result.returncode == rc
    assert said in result.stdout
    assert result.stdout.splitlines()[-1] == f"{last}, 0 skipped"


CANNOT = "echo '[  FAILED  ] %s'; echo '[  FAILED  ] 1 test(s)'; exit %d"
TICKS = "a_ticker_goes_on_and_drops_what_nobody_takes"


@pytest.mark.parametrize("name, status, rc, count", [
    (TICKS, 1, 0, "0 1"), (TICKS, 99, 1, "1 2"), ("another", 1, 1, "1 1"),
])
def test_what_a_mode_cannot_run_is_counted(root, tmp_path, name, status, rc,
                                           count):
    at = write(tmp_path / "test/unit/pgo/timer", "#!/bin/sh\n"
               + CANNOT % (name, status))
    at.chmod(0o755)
    result = run(sys.executable, root / "test/run.py", "-t", "5", "--", at,
                 env={**os.environ, "PGO_TEST_MODE": "valgrind",
                      "PGO_TEST_COUNTS": str(tmp_path / "counts")})
    assert result.returncode == rc, result.stdout
    assert (tmp_path / "counts").read_text() == count + "\n"


# Skips

def pytest_with(root, tmp_path, env, allowed):
    """Runs a skipping test under a copy of our plugin."""
    for name in ("conftest.py", "skips.py", "modes.py", "under.py"):
        write(tmp_path / name, (root / "test" / name).read_text())
    write(tmp_path / "skips.allowed", allowed)
    write(tmp_path / "test_x.py", "import pytest\n"
          "def test_needs():\n    pytest.skip('no perf')\n")
    return run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
               tmp_path, env={**PLAIN, "PGO_TEST_ENV": env})


@pytest.mark.parametrize("env, allowed, rc", [
    ("ci", "ci test_x.py::test_needs\n", 0),
    ("ci", "* test_x.py::*\n", 0),
    ("ci", "dev test_x.py::test_needs\n", 1),
    ("dev", "", 1),
])
def test_a_skip_must_be_allowed(root, tmp_path, env, allowed, rc):
    result = pytest_with(root, tmp_path, env, allowed)
    assert result.returncode == rc, result.stdout
    assert ("1 failed" if rc else "1 skipped") in result.stdout
    assert ("does not let it" in result.stdout) == bool(rc)
