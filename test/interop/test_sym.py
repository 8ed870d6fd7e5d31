"""pgo-sym beside the other symbolizers, and its command line.

The oracle is llvm-symbolizer; where it differs, addr2line and eu-addr2line are
asked too.  The binary is pgo-sym itself.
"""
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import time

import pytest

ADDRESSES = 10_000
EXCEPTIONS_MAX = ADDRESSES // 100


def llvm():
    """llvm-symbolizer, whatever version its name carries."""
    found = shutil.which("llvm-symbolizer") or next(
        iter(sorted(pathlib.Path("/usr/bin").glob("llvm-symbolizer-*"))), None)
    assert found, "no llvm-symbolizer (apt install llvm)"
    return str(found)


def run(args, addresses=(), status=0):
    """Standard output of ARGS for ADDRESSES on its standard input."""
    done = subprocess.run(
        [str(a) for a in args], text=True, errors="replace",
        capture_output=True, input="".join(f"{a:#x}\n" for a in addresses),
        env={**os.environ, "DEBUGINFOD_URLS": ""})
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.fixture
def sym(build):
    return build / "bin" / "pgo-sym"


def inside_functions(path, n):
    """N addresses, evenly from all bytes of functions with a size."""
    spans = []
    for line in run(["nm", "-S", path]).splitlines():
        word = line.split()
        if len(word) == 4 and word[2] in "tTwW":
            spans.append((int(word[0], 16), int(word[1], 16)))
    rng = random.Random(9)
    picked = rng.choices(spans, weights=[size for _, size in spans], k=n)
    return [start + rng.randrange(size) for start, size in picked]


def in_text(path, n):
    """N addresses of .text, the gaps between functions included."""
    header = re.search(r" \.text +PROGBITS +(\w+) \w+ (\w+)",
                       run(["readelf", "-SW", path]))
    start, size = int(header[1], 16), int(header[2], 16)
    rng = random.Random(10)
    return [start + rng.randrange(size) for _ in range(n)]


def symbol_names(path):
    """Of an address all names of the symbols that cover it."""
    spans = []
    for line in run(["nm", "-S", "-C", path]).splitlines():
        word = line.split(None, 3)
        if len(word) == 4 and len(word[1]) == 16 and word[2] in "tTwW":
            spans.append((int(word[0], 16), int(word[1], 16), word[3]))
    return lambda a: {name for start, size, name in spans
                      if start <= a < start + size}


def blocks(text):
    """Output with -a and -f as lists of (function, file, line)."""
    out = []
    lines = iter(text.splitlines())
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line):
            out.append([])
        elif line:
            place = re.sub(r" \(discriminator \d+\)$", "", next(lines))
            match = re.match(r"(.*?):(\d+|\?)(?::\d+)?$", place)
            number = 0 if match[2] == "?" else int(match[2])
            out[-1].append((line, os.path.normpath(match[1]), number))
    return out


def agree(ours, theirs, names):
    """The same frames; the outermost function by either of its names."""
    return (len(ours) == len(theirs) and
            [f[1:] for f in ours] == [f[1:] for f in theirs] and
            [f[0] for f in ours[:-1]] == [f[0] for f in theirs[:-1]] and
            (ours[-1][0] == theirs[-1][0] or
             {ours[-1][0], theirs[-1][0]} <= names | {ours[-1][0]} and
             theirs[-1][0] in names))


def of_tools(sym, path, addresses):
    flags = ["-a", "-f", "-i", "-C"]
    yield from (
        blocks(run([sym, "-e", path, *flags], addresses)),
        blocks(run([llvm(), f"--obj={path}", *flags], addresses)))


def exceptions(path, ours, theirs, addresses):
    """(address, ours, theirs, whether a third tool agrees with us)."""
    names = symbol_names(path)
    differ = [(a, o, t) for a, o, t in zip(addresses, ours, theirs)
              if not agree(o, t, names(a))]
    asked = [a for a, _, _ in differ]
    third = [blocks(run([tool, "-e", path, "-a", "-f", "-i", "-C"], asked))
             for tool in ("addr2line", "eu-addr2line")]
    for i, (a, o, t) in enumerate(differ):
        yield a, o, t, any(agree(o, tool[i], names(a)) for tool in third)


def test_names_10000_addresses_as_llvm_does(sym):
    addresses = inside_functions(sym, ADDRESSES)
    ours, theirs = of_tools(sym, sym, addresses)
    assert len(ours) == len(theirs) == ADDRESSES
    assert sum(len(frames) > 1 for frames in ours) > ADDRESSES // 20
    found = list(exceptions(sym, ours, theirs, addresses))
    alone = [(hex(a), o, t) for a, o, t, backed in found if not backed]
    print(len(found), "exceptions")
    assert not alone
    assert len(found) <= EXCEPTIONS_MAX


def test_gaps_between_functions_have_no_name_in_json(sym):
    addresses = in_text(sym, 2000)
    ours = json.loads(run([sym, "-e", sym, "--json"], addresses))
    theirs = blocks(run([llvm(), f"--obj={sym}", "-a", "-f", "-i"], addresses))
    assert [o["address"] for o in ours] == [hex(a) for a in addresses]
    gaps = 0
    for o, t in zip(ours, theirs):
        named = bool(o["frames"]) and "func" in o["frames"][0]
        assert named == (t[0][0] != "??"), (o, t)
        gaps += not named
        assert named or "reason" in o
    assert gaps


@pytest.mark.parametrize("flags", [
    "-a", "-f", "-i", "-p", "-afi", "-afip", "-afipsC", "-fs", "-ips", "-fC",
    "-pa", "-afiC", "--functions --inlines --addresses --basenames"])
def test_text_is_that_of_addr2line(sym, flags):
    addresses = in_text(sym, 3000) + [0, 1, 0x10, 2**64 - 1, 2**40]
    args = ["-e", sym, *flags.split()]
    assert run([sym, *args], addresses) == run(["addr2line", *args],
                                               addresses)


def test_text_of_a_stripped_program_is_that_of_addr2line(sym, tmp_path):
    bare = tmp_path / "bare"
    run(["strip", "-g", "-o", bare, sym])
    addresses = in_text(bare, 2000)
    args = ["-e", bare, "-afi"]
    assert run([sym, *args], addresses) == run(["addr2line", *args],
                                               addresses)


def test_10000_addresses_take_less_than_a_second(sym):
    addresses = inside_functions(sym, ADDRESSES)
    start = os.times().children_user + os.times().children_system
    run([sym, "-e", sym, "-f", "-i", "-C"], addresses)
    cpu = os.times().children_user + os.times().children_system - start
    assert cpu < 1.0


def test_called_addr2line_it_says_so(sym, tmp_path):
    other = tmp_path / "addr2line"
    other.symlink_to(sym.resolve())
    done = subprocess.run([other, "-e", "/nonexistent", "1"], text=True,
                          capture_output=True)
    assert done.stderr == "addr2line: /nonexistent: No such file or directory\n"


@pytest.mark.fast
@pytest.mark.parametrize("args, status, line", [
    ("-e /nonexistent 1", 1, "/nonexistent: No such file or directory"),
    ("-e {root}/Makefile 1", 1, "{root}/Makefile: not an ELF file"),
    ("-e {tmp}/empty 1", 1, "{tmp}/empty: empty file"),
    ("-e {tmp}/cut 1", 1, "{tmp}/cut: damaged ELF file"),
    ("-e {tmp} 1", 1, "{tmp}: Is a directory"),
    ("-e {sym} 12 zz", 2, "zz: not an address (hexadecimal, as 0x401136)"),
    ("-e {sym} 11112222333344445", 2, "11112222333344445: not an address"),
    ("-e {sym} -j .nope 1", 1, "{sym}: no section .nope that is loaded"),
    ("-P 0 1", 2, "0: not a process id"),
    ("-P x 1", 2, "x: not a process id"),
    ("-P 1 -e {sym} 1", 2, "-P goes with neither -e nor -j"),
    ("--serve -e {sym}", 2, "--serve takes no file and no address"),
])
def test_wrong_use_is_one_line(sym, root, tmp_path, args, status, line):
    (tmp_path / "empty").touch()
    (tmp_path / "cut").write_bytes(sym.read_bytes()[:40])
    names = {"root": root, "tmp": tmp_path, "sym": sym}
    done = subprocess.run([sym, *args.format(**names).split()], text=True,
                          capture_output=True, timeout=5)
    assert done.returncode == status
    assert done.stderr.startswith("pgo-sym: " + line.format(**names))
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.fast
@pytest.mark.parametrize("args", ["--help", "--version", "-e {sym} 1",
                                  "-e {sym} --json 1"])
def test_a_full_disk_is_told(sym, args):
    with open("/dev/full", "w") as full:
        done = subprocess.run([sym, *args.format(sym=sym).split()],
                              stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=5)
    assert (done.returncode, done.stderr) == (
        1, "pgo-sym: stdout: No space left on device\n")


@pytest.mark.fast
def test_unknown_option_is_usage(sym):
    done = subprocess.run([sym, "--nope"], text=True, capture_output=True)
    assert done.returncode == 2
    assert "usage: pgo-sym" in done.stderr


@pytest.mark.fast
def test_help_and_version(sym):
    assert run([sym, "--help"]).startswith("usage: pgo-sym")
    assert run([sym, "-H"]) == run([sym, "-h"])
    assert re.fullmatch(r"pgo-sym \(pgo\) \S+\n", run([sym, "--version"]))


@pytest.mark.fast
def test_a_bad_line_keeps_its_place(sym):
    done = subprocess.run([sym, "-e", sym, "-f"], text=True,
                          input="1\nrubbish\n" + "x" * 20000 + "\n2",
                          capture_output=True)
    assert done.returncode == 1
    assert done.stdout == "??\n??:0\n" * 4
    assert "rubbish: not an address" in done.stderr


@pytest.mark.fast
def test_answers_each_line_before_it_reads_the_next(sym):
    child = subprocess.Popen([sym, "-e", sym], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for address in inside_functions(sym, 3):
        child.stdin.write(f"{address:x}\n")
        child.stdin.flush()
        assert ":" in child.stdout.readline()
    child.stdin.close()
    assert child.wait(5) == 0


@pytest.mark.fast
def test_json_tells_all(sym):
    address, = inside_functions(sym, 1)
    answer, = json.loads(run([sym, "-e", sym, "--json", hex(address)]))
    assert answer["address"] == hex(address)
    assert answer["module"] == str(sym)
    note = re.search(r"Build ID: (\w+)", run(["readelf", "-n", sym]))
    assert answer.get("build_id") == (note and note[1])
    outer = answer["frames"][-1]
    assert outer["inlined"] is False
    assert outer["line"] > 0 and outer["start_line"] > 0
    assert pathlib.Path(outer["file"]).is_absolute()
    empty, = json.loads(run([sym, "-e", sym, "--json", "1"]))
    assert empty["frames"] == [] and empty["reason"]


@pytest.mark.fast
def test_addresses_of_a_process(sym):
    child = subprocess.Popen([sym, "-e", sym], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL)
    try:
        maps = pathlib.Path(f"/proc/{child.pid}/maps")
        deadline = time.monotonic() + 5
        while ("libdw" not in maps.read_text()
               and time.monotonic() < deadline):
            time.sleep(0.01)
        line = next(l for l in maps.read_text().splitlines()
                    if l.endswith(str(sym.resolve())))
        base = int(line.split("-")[0], 16) - int(line.split()[2], 16)
        main = next(int(l.split()[0], 16)
                    for l in run(["nm", sym]).splitlines()
                    if l.endswith(" T main"))
        text = run([sym, "-P", child.pid, "-f", hex(base + main)])
        assert text.startswith("main\n")
        assert "symbolizer/cmd/main.c:" in text
        nowhere, = json.loads(run([sym, "-P", child.pid, "--json", "0x10"]))
        assert nowhere["reason"] == "nothing is mapped there"
    finally:
        child.stdin.close()
        assert child.wait(5) == 0


def ask(channel, request):
    """The frames of one answer, each a list of its fields."""
    channel.sendall(request.encode())
    return answer_of(channel)


def answer_of(channel):
    out = []
    while (line := line_of(channel)) != "\n":
        out.append(line.rstrip("\n").split("\t"))
    return out


def line_of(channel):
    line = b""
    while not line.endswith(b"\n"):
        byte = channel.recv(1)
        assert byte, "the server hung up"
        line += byte
    return line.decode()


@pytest.mark.fast
def test_server_answers_on_its_socket(sym):
    ours, theirs = socket.socketpair()
    child = subprocess.Popen([sym, "--serve"], stdin=theirs, stdout=theirs)
    theirs.close()
    ours.settimeout(10)
    address, = inside_functions(sym, 1)
    note = re.search(r"Build ID: (\w+)", run(["readelf", "-n", sym]))
    build_id = note[1] if note else ""
    frames = ask(ours, f"{sym}\t{build_id}\t{address:#x}\n")
    answer, = json.loads(run([sym, "-e", sym, "--json", hex(address)]))
    assert frames == [
        [f["func"], f.get("linkage", f["func"]), f["file"],
         str(f.get("line", 0)), str(f.get("column", 0)),
         str(f["start_line"]), str(int(f["inlined"]))]
        for f in answer["frames"]]
    for bad in ("\n", "\t\t\n", "a\tb\n", f"{sym}\t\tzz\n", "x" * 9000 + "\n",
                "/nonexistent\t\t0x1\n", f"{sym}\t\t0x1\n",
                f"{sym}\tdeadbeef\t{address:#x}\n", "/dev/zero\t\t0x1\n",
                f"{sym}\t\t{address:#x}\tmore\n"):
        assert ask(ours, bad) == []
    assert ask(ours, f"{sym}\t\t{address:x}\n") == frames
    ours.sendall(f"{sym}\t\t{address:#x}\n".encode() * 200)
    for _ in range(200):
        assert answer_of(ours) == frames
    ours.close()
    assert child.wait(5) == 0


@pytest.mark.fast
def test_why_says_where_names_come_from(sym, tmp_path):
    done = subprocess.run([sym, "--why", "-e", sym, "1"], text=True,
                          capture_output=True)
    assert done.stderr.splitlines() == [
        f"pgo-sym: {sym}: debug information in {sym}",
        "pgo-sym: 0x1: address is in no section that is loaded"]
