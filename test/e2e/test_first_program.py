"""The first program of the README and of pgo(3) is one."""
import re
import subprocess

import pytest


def of_readme(root):
    return re.search(r"```c\n(.*?)```", (root / "README.md").read_text(),
                     re.S)[1]


def of_man_page(root):
    page = (root / "man/pgo.3").read_text()
    return re.search(r"^\.Bd -literal.*?\n(.*?)^\.Ed", page,
                     re.S | re.M)[1].replace(r"\e", "\\")


@pytest.mark.fast
@pytest.mark.parametrize("text_of", [of_readme, of_man_page])
def test_the_first_program_squares(root, build, tmp_path, text_of):
    source = tmp_path / "squares.c"
    source.write_text(text_of(root))
    program = tmp_path / "squares"
    subprocess.run([build / "bin/pgo-cc", "-Wall", "-Wextra", "-Werror", "-O2",
                    "-o", program, source], check=True)
    for _ in range(20):     # however the goroutines' ends fall
        out = subprocess.run([program], text=True, capture_output=True,
                             timeout=10, check=True).stdout
        assert sorted(map(int, out.split())) == [i * i for i in range(1, 11)]
