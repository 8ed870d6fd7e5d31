"""Dumps in the form of Go's debug=2, taken apart: whole ones, so that two can
be compared (the runtime's own text and pgo-trace's), and what a program says
of its goroutines when it dies, among other lines."""
import re
import typing

HEAD = re.compile(r"goroutine (\d+) \[([^\]]*)\](?: \{(.*)\})?:$")
PLACE = re.compile(r"\t(.+):(\d+)(?: \+0x[0-9a-f]+)?$")
CREATED = re.compile(r"created by (.+?)(?: in goroutine (\d+))?$")
RUNS = "\tgoroutine running on other thread; stack unavailable"
MINUTES = re.compile(r"(?:at least )?\d+ minutes$")


class Frame(typing.NamedTuple):
    func: str
    file: str
    line: int


class Goroutine(typing.NamedTuple):
    state: str              # "chan receive", without how long
    locked: bool
    frames: tuple           # leaf first
    created: tuple          # (Frame, id or 0), () for the first


TOLD = re.compile(r"^goroutine (\d+) \[(.*)\]:\n((?:.+\n)*)", re.M)
CALL = re.compile(r"^(\S.*)\(.*\)\n\t\S", re.M)
CREATOR = re.compile(r"^created by (\S+)(?: in goroutine (\d+))?$", re.M)


def told(text):
    """{id: (state, [functions, leaf first], (creator, its goroutine or 0) or
    None)}"""
    found = {}
    for number, state, body in TOLD.findall(text):
        calls, _, _ = body.partition("created by ")
        by = CREATOR.search(body)
        found[int(number)] = (state, CALL.findall(calls),
                              by and (by[1], int(by[2] or 0)))
    return found


def without_arguments(call):
    """main.(*T).f(0x1, {0x2}) and main.(*T).f(...) are one function."""
    assert call.endswith(")"), call
    depth = 0
    for at in range(len(call) - 1, -1, -1):
        depth += (call[at] == ")") - (call[at] == "(")
        if not depth:
            return call[:at]
    raise AssertionError(call)


def place(func, line):
    found = PLACE.match(line)
    assert found, line
    return Frame(func, found[1], int(found[2]))


def one(lines):
    head = HEAD.match(lines[0])
    assert head, lines[0]
    marks = [m for m in head[2].split(", ") if not MINUTES.match(m)]
    frames, created = [], ()
    if RUNS in lines:
        lines.remove(RUNS)
    for call, line in zip(lines[1::2], lines[2::2]):
        by = CREATED.match(call)
        if by:
            created = (place(by[1], line), int(by[2] or 0))
        else:
            frames.append(place(without_arguments(call), line))
    return int(head[1]), Goroutine(marks[0], "locked to thread" in marks,
                                   tuple(frames), created)


def parse(text):
    """Goroutines by id."""
    return dict(one(part.splitlines())
                for part in text.strip().split("\n\n"))
