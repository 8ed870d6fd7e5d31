"""pgo-sym on Go programs, by pclntab, beside what Go says of them.

Of single addresses go tool addr2line and nm are asked; of inlined calls, which
those do not show, the program itself (test/e2e/go/frames).  Built with the Go
on PATH, and in check-long with every Go of the module proxy.
"""
import json
import os
import random
import re
import shutil
import struct
import subprocess

import pytest

ADDRESSES = 4000
FLAVOURS = {
    "default": [],
    "stripped": ["-ldflags=-s -w"],
    "no DWARF": ["-ldflags=-w"],
    "PIE": ["-buildmode=pie"],
    "PIE, stripped": ["-buildmode=pie", "-ldflags=-s -w"],
}
VERSIONS = ["1.16.15", "1.17.13", "1.18.10", "1.19.13", "1.20.14", "1.21.13",
            "1.22.12", "1.23.12", "1.24.13", "1.25.14", "1.26.8", "1.27.4"]


def run(args, given="", **more):
    done = subprocess.run([str(a) for a in args], text=True, input=given,
                          errors="replace", capture_output=True, **more)
    assert done.returncode == 0, f"{args}: {done.stderr}"
    return done.stdout


class Go:
    """The Go on PATH, or another that it fetches, and what was built with it."""

    def __init__(self, root, path, version=None):
        assert shutil.which("go"), "no go on PATH (apt install golang-go)"
        self.source = root / "test/e2e/go/frames"
        self.path = path
        # Without modules go fetches no other Go.
        self.env = {**os.environ, "GO111MODULE": "on", "CGO_ENABLED": "0",
                    "GOFLAGS": "", "GOENV": "off",
                    "GOTOOLCHAIN": f"go{version}" if version else "local"}
        self.env.pop("GOROOT", None)

    def minor(self):
        return int(re.search(r"go1\.(\d+)", self.tool("version"))[1])

    def tool(self, *args, given=""):
        return run(["go", *args], given, env=self.env)

    def build(self, flags=(), **env):
        out = self.path / f"frames{len(list(self.path.iterdir()))}"
        files = ["main.go", "generic.go" if self.minor() >= 18 else "old.go"]
        run(["go", "build", *flags, "-o", out, *files], cwd=self.source,
            env={**self.env, **env})
        return out


@pytest.fixture
def go(root, tmp_path):
    return Go(root, tmp_path)


@pytest.fixture
def sym(build):
    return build / "bin" / "pgo-sym"


def without_sections(path):
    """PATH after its table of sections is taken from it."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<Q", data, 0x28, 0)           # e_shoff
    struct.pack_into("<HH", data, 0x3c, 0, 0)       # e_shnum, e_shstrndx
    path.write_bytes(data)
    return path


def printed(name):
    """NAME as the runtime prints it; none here has two pairs of brackets."""
    return re.sub(r"\[.*\]", "[...]", name)


def frames_of(sym, path, addresses):
    """Of each address its frames: (function, file, line)."""
    answers = json.loads(run([sym, "-e", path, "-i", "--json"],
                             "".join(f"{a:#x}\n" for a in addresses)))
    return [[(f.get("func", "?"), f.get("file", "?"), f.get("line", 0))
             for f in a["frames"]] for a in answers]


def spans(go, path):
    """(start, bytes, name) of the functions of PATH, by go tool nm."""
    out = []
    for line in go.tool("tool", "nm", "-size", str(path)).splitlines():
        word = line.split(None, 3)
        if len(word) == 4 and word[2] in "tT" and int(word[1]) > 0:
            out.append((int(word[0], 16), int(word[1]), word[3]))
    return sorted(out)


def some_addresses(go, path):
    rng = random.Random(7)
    functions = spans(go, path)
    assert len(functions) > 1000, functions
    return [start + rng.randrange(size) for start, size, _ in
            rng.choices(functions, k=ADDRESSES)]


def by_go(go, path, addresses):
    """(function, file, line) of each by go tool addr2line, which names the
    outermost function and the innermost line, and gives negative lines where
    it knows none."""
    lines = go.tool("tool", "addr2line", str(path), given="".join(
        f"{a:#x}\n" for a in addresses)).splitlines()
    for name, place in zip(lines[::2], lines[1::2]):
        file, _, line = place.rpartition(":")
        yield name, file or "?", max(int(line), 0)


def check_addresses(go, sym, path):
    addresses = some_addresses(go, path)
    for a, ours, theirs in zip(addresses, frames_of(sym, path, addresses),
                               by_go(go, path, addresses)):
        assert ours, f"{a:#x}: nothing, not {theirs}"
        assert (ours[-1][0], *ours[0][1:]) == theirs, hex(a)


def stacks_of(path):
    """How far PATH was moved when it was loaded, and the stacks it tells."""
    base, *blocks = run([path]).strip().split("\n\n")
    out = []
    for block in blocks:
        fields = [line.split("\t") for line in block.splitlines()]
        out.append([(int(f[0], 16), (f[1], f[2], int(f[3]))) for f in fields])
    first = re.search(r"LOAD +\w+ 0x(\w+)", run(["readelf", "-lW", path]))
    return int(base, 16) - int(first[1], 16), out


def check_stack(sym, path, moved, stack):
    """Ours at the PC of a frame are this frame and those it is inlined into;
    the runtime leaves out what the compiler made.  How many were inlined."""
    ours = frames_of(sym, path, [pc - moved for pc, _ in stack])
    inlined = i = 0
    while i < len(stack):
        assert ours[i], f"{stack[i]}: nothing"
        want = [(printed(f[0]), *f[1:]) for f in ours[i]
                if f[1] != "<autogenerated>"]
        assert want == [f for _, f in stack[i:i + len(want)]], stack[i]
        inlined += len(want) - 1
        i += len(want)
    return inlined


def check_stacks(sym, path):
    moved, stacks = stacks_of(path)
    assert len(stacks) > 8
    assert sum(check_stack(sym, path, moved, s) for s in stacks) > 10


def test_names_files_and_lines_are_those_of_go(go, sym):
    check_addresses(go, sym, go.build())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_inlined_calls_are_those_of_the_runtime(go, sym, flavour):
    check_stacks(sym, go.build(FLAVOURS[flavour]))


@pytest.mark.parametrize("flavour", ["default", "PIE, stripped"])
def test_a_file_without_sections_is_as_good(go, sym, flavour):
    check_stacks(sym, without_sections(go.build(FLAVOURS[flavour])))


def test_functions_begin_where_nm_says(go, sym):
    path = go.build()
    functions = spans(go, path)
    found = frames_of(sym, path, [start for start, _, _ in functions])
    for frames, (_, _, name) in zip(found, functions):
        assert frames, name
        ours = frames[-1][0].replace("\N{MIDDLE DOT}", ".")
        if go.minor() <= 20:
            # Its pclntab has no longer name.
            name = printed(name)
        assert ours == name.removesuffix(".abi0")


def test_c_of_a_cgo_program_is_named_by_its_debug_information(go, sym,
                                                               tmp_path):
    source = tmp_path / "cgo.go"
    source.write_text("package main\n\n/*\nstatic int twice(int n)\n{\n"
                      "\treturn 2 * n;\n}\n*/\nimport \"C\"\n\n"
                      "func main() { println(C.twice(2)) }\n")
    path = tmp_path / "cgo"
    run(["go", "build", "-o", path, source],
        env={**go.env, "CGO_ENABLED": "1"})
    found = [line.split() for line in run(["nm", path]).splitlines()
             if re.search(r" _cgo_\w+_Cfunc_twice| main\.main$", line)]
    assert len(found) == 2, found
    for address, _, name in found:
        frames = frames_of(sym, path, [int(address, 16)])[0]
        assert frames[-1][0] == name
        assert frames[-1][1] != "?" and frames[-1][2] > 0


def test_why_says_what_a_stripped_program_does_not_tell(go, sym):
    path = go.build(["-ldflags=-s -w"])
    header = re.search(r" \.rodata +PROGBITS +(\w+)",
                       run(["readelf", "-SW", path]))
    done = subprocess.run([sym, "--why", "-e", path, header[1]], text=True,
                          capture_output=True, check=False)
    assert "functions and lines by pclntab" in done.stderr
    assert "no function of the pclntab is there" in done.stderr


def test_a_broken_pclntab_is_none(go, sym, tmp_path):
    path = go.build()
    data = path.read_bytes()
    start = int(re.search(r" \.gopclntab +PROGBITS +\w+ (\w+)",
                          run(["readelf", "-SW", path]))[1], 16)
    (start_of_main,) = (s for s, _, name in spans(go, path)
                        if name == "main.main")
    for at in (8, 32, 40, 64):
        broken = bytearray(data)
        broken[start + at:start + at + 8] = b"\xff" * 8
        path.write_bytes(broken)
        assert frames_of(sym, path, [start_of_main])[0][-1][0] == "main.main"


def has_version(go, version):
    """Whether GO is VERSION: not where there is no way to the module proxy, or
    the Go on PATH is older than 1.21 and fetches none."""
    done = subprocess.run(["go", "version"], text=True, capture_output=True,
                          check=False, env=go.env)
    return f"go{version} " in done.stdout


@pytest.mark.long
@pytest.mark.limit(600)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_version(root, sym, tmp_path, version):
    go = Go(root, tmp_path, version)
    if not has_version(go, version):
        pytest.skip(f"Go {version} cannot be fetched")
    check_addresses(go, sym, go.build())
    for flags in FLAVOURS.values():
        check_stacks(sym, go.build(flags))
    check_stacks(sym, without_sections(go.build(FLAVOURS["PIE, stripped"])))
