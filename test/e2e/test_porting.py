"""docs/porting.md: a program before and after."""
import re
import subprocess

import pytest

import conftest

PROGRAMS = re.findall(r"^```c\n(.*?)^```",
                      (conftest.ROOT / "docs/porting.md").read_text(),
                      re.S | re.M)


@pytest.mark.parametrize("flags", ["", "-static", "-O0"])
@pytest.mark.parametrize("text", PROGRAMS, ids=["before", "after"])
def test_threads_and_goroutines_say_the_same(build, tmp_path, text, flags):
    source = tmp_path / "add.c"
    source.write_text(text)
    program = tmp_path / "add"
    subprocess.run([build / "bin/pgo-cc", "-Wall", "-Wextra", "-Werror", "-O2",
                    "-pthread", "-o", program, source, *flags.split()],
                   check=True)
    result = subprocess.run([program], text=True, capture_output=True,
                            timeout=20)
    assert (result.returncode, result.stdout, result.stderr) == (
        0, "4950\n", "")


def test_what_it_names_of_pgo_exists(root):
    text = (root / "docs/porting.md").read_text()
    declared = "".join(header.read_text()
                       for header in (root / "include/pgo").glob("*.h"))
    named = set(re.findall(r"\bpgo_\w+", text))
    assert len(named) > 30
    assert not {name for name in named
                if not re.search(rf"\b{name}\b", declared)}
