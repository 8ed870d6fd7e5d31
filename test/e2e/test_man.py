"""The manual pages: a name for every function, and examples that run."""
import re
import subprocess

import pytest

import conftest

PAGES = sorted((conftest.ROOT / "man").glob("*.3"))


def names(page):
    """What its NAME section names."""
    section = re.search(r"^\.Sh NAME\n(.*?)^\.Sh ", page.read_text(),
                        re.S | re.M)[1]
    return re.findall(r"^\.Nm (\w+)", section, re.M)


def examples(page):
    """The literal blocks of its EXAMPLES, as man shows them."""
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh |\Z)",
                        page.read_text(), re.S | re.M)
    return [text.replace(r"\&", "").replace(r"\e", "\\") for text in
            re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed",
                       section[1] if section else "", re.S | re.M)]


@pytest.mark.fast
def test_every_function_has_a_page_and_every_name_a_function(root):
    declared = set()
    for header in (root / "include/pgo").glob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        declared |= set(re.findall(r"^PGO_API[^;(]*?(pgo_\w+)\(", text, re.M))
    named = [name for page in PAGES for name in names(page)]
    assert len(declared) > 50
    assert sorted(set(named) - {"pgo"}) == sorted(declared)
    assert len(named) == len(set(named))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_of_a_page_runs(build, tmp_path, page):
    program, *rest = examples(page)
    flags = ["--libs", "pgo-agent"] if "--libs pgo-agent" in (
        page.read_text().split(".Sh DESCRIPTION")[0]) else []
    (tmp_path / "example.c").write_text(program)
    subprocess.run([build / "bin/pgo-cc", "-Wall", "-Wextra", "-Werror", "-O2",
                    "-o", "example", "example.c", *flags],
                   cwd=tmp_path, check=True)
    result = subprocess.run([tmp_path / "example"], cwd=tmp_path, text=True,
                            capture_output=True, timeout=30)
    assert (result.returncode, result.stderr) == (0, "")
    if rest:
        assert result.stdout == rest[0]


def test_installed_every_function_is_found_by_its_name(root, build, tmp_path):
    prefix = tmp_path / "usr"
    # As it was built: with other flags than the build's it would build anew.
    make = ["make", "-s", "-C", root, "-o", "all", f"B={build}",
            f"PREFIX={prefix}"]
    subprocess.run([*make, "install"], check=True, capture_output=True)
    found = prefix / "share/man/man3"
    for page in PAGES:
        for name in names(page):
            assert (found / f"{name}.3").resolve() == (
                found / page.name).resolve()
    subprocess.run([*make, "uninstall"], check=True, capture_output=True)
    assert not [left for left in prefix.rglob("*") if not left.is_dir()]
