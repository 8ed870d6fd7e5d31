"""Everything here runs build/bin/pgo-cc in a folder of its own."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PGO_BUILD", ROOT / "build"))


class Tool:
    """Runs commands in DIR; says what went wrong when they should not."""

    def __init__(self, where):
        self.dir = where
        self.pgo_cc = str(BUILD / "bin" / "pgo-cc")
        self.pgo_cxx = str(BUILD / "bin" / "pgo-c++")

    def write(self, name, text):
        (self.dir / name).write_text(text)

    def run(self, *cmd, env=None, stdin=None):
        return subprocess.run(
            [str(c) for c in cmd], cwd=self.dir, text=True, input=stdin,
            capture_output=True, timeout=120,
            env=dict(os.environ, **(env or {})))

    def ok(self, *cmd, **kw):
        r = self.run(*cmd, **kw)
        assert r.returncode == 0, f"{cmd}: {r.returncode}\n{r.stdout}{r.stderr}"
        return r.stdout

    def cc(self, *args, **kw):
        return self.run(self.pgo_cc, *args, **kw)

    def cc_ok(self, *args, **kw):
        return self.ok(self.pgo_cc, *args, **kw)

    def cxx_ok(self, *args, **kw):
        return self.ok(self.pgo_cxx, *args, **kw)

    def code(self, exe, function):
        """The disassembly of one function."""
        return self.ok("objdump", "-d", "--no-show-raw-insn",
                       f"--disassemble={function}", exe)


@pytest.fixture
def t(tmp_path):
    return Tool(tmp_path)
