"""debian/: what is installed is in one package, and only there."""
import re
import subprocess

import pytest

PACKAGES = ["libpgo-dev", "pgo-tools"]
# Of make deps: what tests start, and what every Debian builds with.
FOR_TESTS = {
    "build-essential", "binutils", "libcmocka-dev", "python3-pytest",
    "python3-pyte", "tmux", "protobuf-compiler", "mandoc", "gdb", "elfutils",
    "llvm", "curl", "procps", "go", "libsqlite3-dev",
}


def installed(root, build, tmp_path):
    """Every file of make install PREFIX=/usr, below the root, of what is
    built."""
    subprocess.run(["make", "-s", "-C", root, "-o", "all", "install",
                    f"B={build}", "PREFIX=/usr", f"DESTDIR={tmp_path}"],
                   check=True, capture_output=True)
    return {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")
            if path.is_symlink() or not path.is_dir()}


def patterns(root, package):
    lines = (root / f"debian/{package}.install").read_text().splitlines()
    return [line.split()[0] for line in lines]


def taken(tmp_path, pattern):
    """What dh_install takes by a pattern: a folder is all below it."""
    found = set()
    for path in tmp_path.glob(pattern):
        below = [path] if path.is_symlink() or not path.is_dir() else [
            one for one in path.rglob("*") if not one.is_dir()]
        found |= {str(one.relative_to(tmp_path)) for one in below}
    return found


def test_each_file_is_in_one_package(root, build, tmp_path):
    files = installed(root, build, tmp_path)
    seen = []
    for package in PACKAGES:
        for pattern in patterns(root, package):
            here = taken(tmp_path, pattern)
            assert here, f"debian/{package}.install: {pattern}: nothing"
            seen += here
    twice = {name for name in seen if seen.count(name) > 1}
    assert not twice
    assert set(seen) == files


@pytest.mark.fast
def test_the_version_is_one(root):
    version = next(line.split()[-1] for line in
                   (root / "Makefile").read_text().splitlines()
                   if line.startswith("VERSION :="))
    first = (root / "debian/changelog").read_text().splitlines()[0]
    assert first.startswith(f"pgo ({version}) ")


@pytest.mark.fast
def test_what_the_build_needs_is_asked_for(root):
    """Build-Depends are what make deps installs, but for the tests."""
    text = (root / "Makefile").read_text().replace("\\\n", " ")
    deps = next(line for line in text.splitlines()
                if line.startswith("DEPS :=")).split()[2:]
    control = (root / "debian/control").read_text()
    asked = control.split("Build-Depends:")[1].split("Standards-Version")[0]
    names = set(re.sub(r"\(.*?\)|,", " ", asked).split())
    assert names - {"debhelper-compat"} == set(deps) - FOR_TESTS
