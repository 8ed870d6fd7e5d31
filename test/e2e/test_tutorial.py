"""docs/tutorial.md, typed as it stands."""
import os
import re
import subprocess

import pytest

from screen import Screen

# What the tutorial is read with has been got already.
GETTING = {"sudo apt install make git", "make deps", "make -j2"}
END = "--end-of-command--"


def commands(text):
    """(command, the lines it prints) of each console block."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *printed = part.splitlines()
            yield command, printed


def shape(line):
    """LINE with its numbers all alike; `...' is any text."""
    return re.sub(r"[+-]?\d[\d.]*(?:ns|us|ms|s|K|M)?\b", "#",
                  " ".join(line.split()))


def matches(printed, output):
    """Do the lines PRINTED come in OUTPUT, in their order?  Between two of them
    nothing else may come, unless a line of `...' allows it."""
    pattern = ""
    for line in printed:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += re.escape(shape(line)).replace(
                r"\.\.\.", ".*") + r"\n"
    text = "".join(shape(line) + "\n" for line in output.splitlines())
    return re.fullmatch(pattern, text)


class Shell:
    """One bash, as somebody types into it."""

    def __init__(self, cwd, **env):
        self.process = subprocess.Popen(
            ["bash", "-m"], cwd=cwd, env={**os.environ, **env}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)

    def type(self, command):
        """(what it printed, its exit status)"""
        self.process.stdin.write(f"{command}\necho {END} $?\n")
        self.process.stdin.flush()
        output = ""
        for line in self.process.stdout:
            if END in line:
                return output, int(line.split()[-1])
            output += line
        raise AssertionError(f"{command}: the shell has ended")

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


@pytest.mark.parametrize("printed, output, good", [
    (["up 6.0s", "Gs 163 (+25/s)"], "up  1.2s\nGs 9 (+5/s)\n", True),
    (["a 1", "...", "b .../x.c:1"], "a 2\nno\nb /tmp/x.c:2\n", True),
    (["a 1", "b"], "a 2\nno\nb\n", False),
    (["0 left"], "1 lost\n", False),
])
@pytest.mark.fast
def test_output_is_compared_by_its_shape(printed, output, good):
    assert bool(matches(printed, output)) == good


def test_the_tutorial_works_as_it_is_typed(root, build, tmp_path):
    text = (root / "docs/tutorial.md").read_text()
    typed = [c for c in commands(text) if c[0] not in GETTING]
    assert len(typed) > 10
    shell = Shell(root, HOME=str(tmp_path))
    try:
        for command, printed in typed:
            if command == "pgo-top first-leak":
                with Screen([build / "bin/pgo-top", "first-leak"]) as screen:
                    screen.until("send_answer")
                    screen.press("q")
                    assert screen.wait() == 0
                continue
            output, status = shell.type(
                command.replace("$PWD/build", str(build)))
            assert status == 0, command
            assert not printed or matches(printed, output), (
                f"$ {command}\n{output}")
            # What is mended is mended: 0 is no number like others.
            zero = ", 0 goroutines left"
            assert (zero in output) == any(zero in line for line in printed)
    finally:
        shell.type("kill %1")
        shell.close()
