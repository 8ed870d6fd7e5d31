"""gdb's backtrace crosses segments and the switch to the thread's stack, and
pgo's script shows goroutines: of live programs and in core files."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from corefiles import DUMPED_BY, gcore, running
from outside import dump

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "share/gdb/pgo-gdb.py"
# As a user's gdbinit says it.
SAFE = ("-iex", f"add-auto-load-safe-path {SCRIPT.parent}")

DEEP = r"""
#include <pgo/pgo.h>
#include <stdlib.h>
static int compare(const void *a, const void *b)
{
	static int calls;

	if (calls++ == 20)
		__builtin_trap();
	return *(const int *)a - *(const int *)b;
}
__attribute__((noinline)) static long descend(long n)
{
	volatile char pad[400];
	int v[30];

	pad[n % 100] = (char)n;
	if (n)
		return descend(n - 1) + pad[n % 100];
	for (int i = 0; i < 30; i++)
		v[i] = 30 - i;
	qsort(v, 30, sizeof(v[0]), compare);
	return 0;
}
static void entry(void *arg)
{
	(void)arg;
	descend(40);
}
int main(void)
{
	return pgo_run(entry, NULL);
}
"""

STEPS = r"""
#include <pgo/pgo.h>
#include <string.h>
static volatile char sink;
__attribute__((noinline)) static long leaf(void)
{
	char pad[600];

	memset(pad, 1, sizeof(pad));
	sink = pad[7];
	return 42;
}
__attribute__((noinline)) static long descend(long n)
{
	volatile char pad[400];

	pad[n] = 1;
	return n ? descend(n - 1) + pad[n] : leaf();
}
static void entry(void *arg)
{
	(void)arg;
	sink = descend(8);
}
int main(void)
{
	return pgo_run(entry, NULL);
}
"""

MANY = r"""
#include <pgo/pgo.h>
#include <stdio.h>
#include <stdlib.h>
static void wait_in_vain(void *c)
{
	pgo_chan_recv(c, NULL);
}
static void entry(void *n)
{
	struct pgo_chan *never = pgo_chan_make(0, 0);

	for (long i = 0; i < (long)n; i++)
		pgo_go(wait_in_vain, never);
	pgo_sleep(300000000);
	puts("ready");
	fflush(stdout);
	getchar();
}
int main(int argc, char **argv)
{
	return argc < 2 || pgo_run(entry, (void *)atol(argv[1])) == 0;
}
"""

# The functions of progs/waits.c.
WAITS = re.findall(r"^static .*?(\w+)\([^()]*\)\n{",
                   (ROOT / "test/e2e/progs/waits.c").read_text(), re.M)

pytestmark = pytest.mark.skipif(not shutil.which("gdb"),
                                reason="gdb is missing")


def built(folder, source, *flags):
    (folder / "program.c").write_text(source)
    subprocess.run([BUILD / "bin/pgo-cc", "-O1", "-g", *flags, "-o",
                    folder / "program", folder / "program.c"], check=True)
    return folder / "program"


def gdb(*args, commands=(), safe=SAFE):
    """What gdb says, both streams, when it has done COMMANDS."""
    each = [word for c in commands for word in ("-ex", c)]
    return subprocess.run(["gdb", "-batch", "-nx", *safe, *each, *args],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=50).stdout


def functions(text):
    """Of the frames of a backtrace, innermost first."""
    return re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?(\w+) \(", text, re.M)


def own(names):
    return [name for name in names if name in WAITS]


def listed(text):
    """The goroutines of `info goroutines`: id to (state, where)."""
    rows = re.findall(r"^[* ] (\d+) +(\S.*?)(?:  +|(?<=\)) )(\S.*)$", text,
                      re.M)
    return {int(number): (state, where) for number, state, where in rows}


def sections(text):
    """What `goroutine all` said of each, by id."""
    parts = re.split(r"^Goroutine (\d+) \(.*\):$", text, flags=re.M)[1:]
    return dict(zip(map(int, parts[::2]), parts[1::2]))


def same_as_dumped(rows, text):
    """gdb shows goroutines as pgo-trace does: state, where, all frames."""
    found, frames = listed(text), sections(text)
    assert len(rows) == 13
    assert list(found) == list(frames) == [row["id"] for row in rows]
    for row in rows:
        state, where = found[row["id"]]
        want = own(f["func"] for f in row["frames"])
        got = own(functions(frames[row["id"]]))
        assert state == row.get("reason", row["state"])
        # gdb sees what C called back, too.
        assert got[-len(want):] == want and (got == want or "compare" in got)
        assert where.split(" ")[0] == want[0]
        assert where.split(":")[-1] == str(next(
            f["line"] for f in row["frames"] if f["func"] == want[0]))


def ends_well(child):
    """What the programs here do when their input ends."""
    child.communicate(timeout=20)
    return child.returncode == 0


LOOK = ["info goroutines", "goroutine all bt"]


def test_backtrace_reaches_the_entry(tmp_path):
    out = gdb(built(tmp_path, DEEP), commands=["run", "bt"])
    frames = functions(out)
    assert frames.count("descend") == 41, out
    assert frames.count("__morestack") >= 4, out
    assert frames[-3:] == ["entry", "sched_goroutine_main", "pgo_gostart"], out


def test_finish_and_up_cross_segments(tmp_path):
    """Ten frames of the program, and a stop at each __morestack."""
    out = gdb(built(tmp_path, STEPS), commands=[
        "break leaf", "run", "echo up\\n", *["up"] * 13, "echo finish\\n", "frame 0",
        *["finish"] * 13])
    up, finish = (re.findall(r"^(?:#\d+ +)?(?:0x\w+ in )?(\w+) \(.*\) at ",
                             part, re.M)
                  for part in out.split("up\n")[1].split("finish\n"))
    values = re.findall(r"^Value returned is \$\d+ = (\d+)$", out, re.M)
    assert up.count("__morestack") >= 2 and up.count("descend") == 9, out
    assert finish == ["leaf"] + up, out
    # Passed on from segment to segment.
    assert values[0] == "42" and sorted(set(values)) == [
        str(n) for n in range(42, 51)], out


def test_finish_and_up_cross_calls_of_c(tmp_path):
    """From a callback of qsort's to the goroutine that called it."""
    out = gdb(built(tmp_path, DEEP), commands=[
        "break compare", "run", "delete", "finish", *["up"] * 16])
    assert re.search(r"^Value returned is \$1 = \d+$", out, re.M), out
    frames = functions(out)
    at = frames.index("__morestack")
    assert frames[at + 1:at + 3] == ["descend"] * 2, out


def test_the_script_is_loaded_where_the_user_allows_it(tmp_path):
    program = built(tmp_path, DEEP)
    asks = ["info auto-load python-scripts", "info goroutines"]
    out = gdb(program, commands=asks)
    assert f"Yes     {SCRIPT}" in out
    assert "No goroutines: the program is not being run." in out
    out = gdb(program, commands=asks, safe=())
    assert f"add-auto-load-safe-path {SCRIPT}" in out
    assert 'Undefined info command: "goroutines"' in out


FLAVOURS = {"pie": ["-pie"], "no pie": ["-no-pie"],
            "optimized": ["-O2", "-Wl,--gc-sections"], "contiguous": [],
            "static": ["-static"]}


@pytest.mark.parametrize("flavour", [
    "pie", "contiguous", pytest.param("no pie", marks=pytest.mark.long),
    pytest.param("optimized", marks=pytest.mark.long),
    pytest.param("static", marks=pytest.mark.long)])
def test_live_goroutines_are_as_dumped(tmp_path, monkeypatch, flavour):
    if flavour == "contiguous":
        monkeypatch.setenv("PGODEBUG", "stack=contiguous")
    program = built(tmp_path, (ROOT / "test/e2e/progs/waits.c").read_text(),
                    *FLAVOURS[flavour])
    with running(program, folder=tmp_path) as child:
        rows = dump(BUILD, child.pid)[0]["goroutines"]
        same_as_dumped(rows, gdb("-p", str(child.pid), commands=LOOK))
        assert ends_well(child)


@pytest.mark.parametrize("dumped_by", [
    "kernel", pytest.param("gcore", marks=pytest.mark.long)])
def test_goroutines_of_a_core_are_as_dumped(tmp_path, dumped_by):
    program = BUILD / "test/e2e/progs/waits"
    with running(program, folder=tmp_path) as child:
        rows = dump(BUILD, child.pid)[0]["goroutines"]
        core = DUMPED_BY[dumped_by](child, tmp_path)
    same_as_dumped(rows, gdb(program, core, commands=LOOK))


def test_debug_information_in_a_file_of_its_own(tmp_path):
    """As in a package: gdb finds it, and in it the name of the script."""
    program = built(tmp_path, (ROOT / "test/e2e/progs/waits.c").read_text())
    for command in (["objcopy", "--only-keep-debug", program,
                     tmp_path / "program.debug"],
                    ["strip", program],
                    ["objcopy", "--add-gnu-debuglink=program.debug", program]):
        subprocess.run(command, check=True, cwd=tmp_path)
    with running(program, folder=tmp_path) as child:
        rows = dump(BUILD, child.pid)[0]["goroutines"]
        same_as_dumped(rows, gdb("-p", str(child.pid), commands=LOOK))


def test_a_stripped_program_shows_what_is_parked(tmp_path):
    """Without a name in it: found by the note, loaded by hand."""
    program = built(tmp_path, MANY)
    subprocess.run(["strip", program], check=True)
    with running(program, "3", folder=tmp_path) as child:
        core = gcore(child, tmp_path)
        for target in (("-p", str(child.pid)), (program, core)):
            out = gdb(*target, commands=[f"source {SCRIPT}",
                                         "info goroutines",
                                         "goroutine 3 bt"])
            found = listed(out)
            assert [found[i][0] for i in (2, 3, 4)] == ["chan receive"] * 3
            frames = re.findall(r"^#\d+ +(0x\w+) in", out, re.M)
            assert int(found[3][1], 16) in [int(f, 16) for f in frames], out


def test_one_goroutine(tmp_path):
    program = BUILD / "test/e2e/progs/waits"
    with running(program, folder=tmp_path) as child:
        out = gdb("-p", str(child.pid), commands=[
            "goroutine 3", "goroutine 3 frame", "goroutine 3 up",
            "goroutine 7 frame", "goroutine 2 info frame",
            "info goroutines nil chan"])
    assert "Goroutine 3 (chan receive):\n" in out
    assert re.search(r"  at receive at .*waits.c:\d+\n", out)
    assert re.search(r"  began in deep at .*waits.c:\d+\n", out)
    assert re.search("  created by goroutine 1 in entry at ", out)
    assert functions(out).count("receive") == 2
    assert "dive" in functions(out)
    assert list(listed(out)) == [8, 9]


def test_gdb_is_as_before_after_a_command(tmp_path):
    """The thread, its frame and its registers; also when the command fails,
    and when the program goes on and ends."""
    program = BUILD / "test/e2e/progs/waits"
    asks = ["info threads", "frame", "info registers rsp rip", "bt"]
    with running(program, folder=tmp_path) as child:
        out = gdb("-p", str(child.pid), commands=[
            "up", "echo before\\n", *asks, "echo middle\\n",
            "goroutine 2 bt", "goroutine 7 bt", "goroutine 3 no-such-command",
            "goroutine all info locals", "goroutine all no-such-command",
            "echo after\\n", *asks, "echo end\\n"])
        assert ends_well(child)
    before = out.split("before\n")[1].split("middle\n")[0]
    after = out.split("after\n")[1].split("end\n")[0]
    assert before == after and before.count("#") > 2
    assert out.count('Undefined command: "no-such-command"') == 14


def test_what_cannot_be_is_one_line(tmp_path):
    usage = "Usage: goroutine ID [COMMAND], or goroutine all COMMAND."
    said = {
        "goroutine 99 bt": "No goroutine 99.",
        "goroutine": usage, "goroutine all": usage, "goroutine two": usage,
        "goroutine 2 finish": "Goroutine 2 is parked, and nothing of it can "
                              "run: set a breakpoint where it goes on.",
    }
    with running(built(tmp_path, MANY), "1", folder=tmp_path) as child:
        out = gdb("-p", str(child.pid),
                  commands=["echo say\\n", *said, "echo end\\n"])
    assert out.split("say\n")[1].split("end\n")[0].splitlines() == list(
        said.values())


def test_other_programs_have_no_goroutines():
    out = gdb("/bin/cat", commands=[
        f"source {SCRIPT}", "echo say\\n", "info goroutines", "starti",
        "echo say\\n", "info goroutines", "kill"])
    assert out.split("say\n")[1].startswith(
        "No goroutines: the program is not being run.\n")
    assert out.split("say\n")[2].startswith(
        "No goroutines: this program was not built with pgo.\n")


def test_a_program_that_has_not_begun(tmp_path):
    out = gdb(built(tmp_path, MANY), commands=[
        "break main", "run 1", "echo say\\n", "info goroutines",
        "goroutine 1 bt", "echo end\\n", "kill"])
    assert out.split("say\n")[1].split("end")[0] == "No goroutine 1.\n"


def test_a_crash_leaves_gdb_usable(tmp_path):
    out = gdb(built(tmp_path, DEEP), commands=[
        "run", "info goroutines", "goroutine 1 bt 1", "goroutine 1 up 1",
        "continue", "kill", "info goroutines"])
    assert "received signal SIGILL" in out
    assert listed(out) == {1: ("syscall", listed(out)[1][1])}
    assert "No goroutines: the program is not being run." in out


def takes(child, count):
    """Seconds that `info goroutines` takes."""
    out = gdb("-p", str(child.pid), commands=[
        "python import time; t = time.time()", "info goroutines",
        "python print('seconds', time.time() - t)"])
    assert len(listed(out)) == count, out[-2000:]
    return float(re.search(r"^seconds (\S+)$", out, re.M)[1])


@pytest.mark.parametrize("count, seconds", [
    (1000, 1), pytest.param(100000, 30, marks=pytest.mark.long)])
def test_many_are_listed_soon(tmp_path, count, seconds):
    with running(built(tmp_path, MANY), str(count), folder=tmp_path) as child:
        for _ in range(3):
            took = takes(child, count + 1)
            if took < seconds:
                return
            time.sleep(1)
    assert took < seconds
