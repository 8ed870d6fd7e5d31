"""What bash completes is what the programs say they take."""
import re
import subprocess

import pytest

pytestmark = pytest.mark.fast

SHOW = """
shopt -s progcomp
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\).*/\\1/') "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(root, *words):
    """What is offered for the last of WORDS, a command line."""
    result = subprocess.run(
        ["bash", "-c", SHOW, "bash", root / "share/completion" / words[0],
         *words], text=True, capture_output=True, timeout=20)
    return {word.rstrip("= ") for word in result.stdout.split()}


def options(build, *command):
    """The long options of its --help, but for ld's."""
    said = subprocess.run([build / "bin" / command[0], *command[1:], "--help"],
                          text=True, capture_output=True, check=True).stdout
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]*", said)) - {"--wrap"}


@pytest.mark.parametrize("command", [
    ("pgo-cc",), ("pgo-c++",), ("pgo-sym",), ("pgo-top",),
    ("pgo-trace", "record"), ("pgo-trace", "dump"), ("pgo-trace", "top"),
    ("pgo-trace", "sched"), ("pgo-trace", "serve"), ("pgo-trace", "ps"),
    ("pgo-trace", "doctor"), ("pgo-trace", "collect"),
], ids=" ".join)
def test_every_option_is_completed(root, build, command):
    told = options(build, *command)
    assert len(told) > 1
    assert not told - completed(root, *command, "--")


def test_every_command_of_pgo_trace_is_completed(root, build):
    said = subprocess.run([build / "bin/pgo-trace", "--help"], text=True,
                          capture_output=True, check=True).stdout
    told = set(re.findall(r"^  (\w+)  ", said, re.M))
    assert len(told) > 5
    assert told == {word for word in completed(root, "pgo-trace", "")
                    if word[0] != "-"}


def test_every_program_has_completion(root, build):
    programs = {path.name for path in (build / "bin").iterdir()}
    assert programs == {path.name for path in
                        (root / "share/completion").iterdir()}


def test_every_sort_key_is_completed(root, build):
    said = subprocess.run([build / "bin/pgo-top", "-s", "help"], text=True,
                          capture_output=True, check=True).stdout
    for told, options in zip(said.split("\n\n"), ([], ["-H"])):
        keys = {line.split()[0] for line in told.splitlines()[1:]}
        assert completed(root, "pgo-top", *options, "-s", "") == {
            *keys, "help"}


@pytest.mark.parametrize("words, some", [
    (("pgo-cc", "--libs", "pgo-"), {"pgo-agent", "pgo-malloc"}),
    (("pgo-c++", "-fsplit-st"), {"-fsplit-stack"}),
    (("pgo-top", "-s", "wa"), {"wait"}),
    (("pgo-trace", "record", "-t", "go"), {"goroutine"}),
])
def test_words_are_completed(root, words, some):
    assert some <= completed(root, *words)
