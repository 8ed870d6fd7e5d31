"""Static programs: thunks without ld --wrap, by renamed copies of objects."""

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent
KINDS = ["-static", "-static-pie"]

PLAIN = """#include <stdio.h>
#include <string.h>
int fill(int n)
{
	volatile char frame[8192];
	char text[20];

	memset((char *)frame, n, sizeof(frame));
	return frame[n] + snprintf(text, sizeof(text), "%d", n);
}
"""
MAIN = """#include <pgo/pgo.h>
#include <errno.h>
#include <stdio.h>
int fill(int n);
static void first(void *arg)
{
	errno = 3;
	*(int *)arg = fill(42);
	pgo_yield();
	printf("%d %m\\n", *(int *)arg);
}
int main(void) { int n = 0; return pgo_run(first, &n); }
"""


@pytest.mark.parametrize("kind", KINDS)
def test_libc_works_from_a_goroutine_of_a_static_program(t, kind):
    t.cc_ok("-w", "-O2", kind, "-DSTATIC", HERE / "libc.c", "-o", "a")
    assert t.ok("./a") == "atexit ran, 0 failures\n"
    assert "INTERP" not in t.ok("readelf", "-lW", "a")


LONG = pytest.mark.long


@pytest.mark.parametrize("args", [
    "plain.o", "-L. -lplain",
    pytest.param("./libplain.a", marks=LONG),
    pytest.param("-L. -l:libplain.a", marks=LONG),
    pytest.param("-Wl,--whole-archive libplain.a -Wl,--no-whole-archive",
                 marks=LONG),
    pytest.param("-L. -Wl,--start-group -lplain -Wl,--end-group", marks=LONG),
])
def test_plain_code_of_others_has_its_thunk(t, args):
    t.write("plain.c", PLAIN)
    t.write("main.c", MAIN)
    t.ok("gcc", "-O2", "-c", "plain.c")
    t.ok("ar", "rc", "libplain.a", "plain.o")
    t.cc_ok("-O2", "-static", "main.c", *args.split(), "-o", "a")
    assert t.ok("./a") == "44 No such process\n"
    assert {"__wrap_fill", "__wrap_snprintf"} <= set(t.ok("nm", "a").split())


def test_libc_calls_its_own_past_the_thunks(t):
    """Or a weak reference would come true, and startup would run a thunk
    before there are threads."""
    t.write("main.c", MAIN.replace("int fill(int n);",
                                   "static int fill(int n) { return n; }"))
    t.cc_ok("-O2", "-static", "main.c", "-o", "a")
    assert "__wrap_" not in t.code("a", "__libc_start_main")
    assert "__wrap___register_frame_info" not in t.ok("nm", "a")


@pytest.mark.long
def test_a_function_of_libcs_name_stays_the_programs(t):
    t.write("main.c", """#include <pgo/pgo.h>
#include <stdio.h>
char *strdup(const char *s) { return (char *)s + 1; }
static void first(void *arg) { puts(strdup(arg)); }
int main(void) { return pgo_run(first, "xmine"); }
""")
    t.cc_ok("-O2", "-fno-builtin", "-static", "main.c", "-o", "a")
    assert t.ok("./a") == "mine\n"


@pytest.mark.long
def test_only_libcs_own_warnings_are_seen(t):
    t.write("main.c", MAIN.replace("int fill(int n);",
                                   "static int fill(int n) { return n; }"))
    r = t.cc("-O2", "-static", "main.c", "-o", "a")
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    t.write("name.c", """#include <netdb.h>
int main(void) { return getaddrinfo("localhost", 0, 0, 0) == 12345; }
""")
    r = t.cc("-w", "-static", "name.c", "-o", "b")
    assert r.returncode == 0
    assert r.stderr.count("warning: Using 'getaddrinfo' in static") == 1


def test_the_agent_is_refused_in_a_line(t):
    t.write("main.c", MAIN.replace("int fill(int n);",
                                   "static int fill(int n) { return n; }"))
    t.cc_ok("-O2", "-static", "main.c", "-o", "a")
    r = t.run("./a", env={"PGO_AGENT": "unix:x.sock"})
    assert r.returncode == 0
    assert r.stderr == ("pgo: agent: a static program cannot load it (link it "
                        "without -static, or PGO_AGENT=off)\n")


@pytest.mark.parametrize("args, line", [
    (["-flto", "main.c", "plain.o"],
     "main.c: -flto goes neither with -static nor with -fsanitize, its calls "
     "cannot be sent to thunks (-fno-lto at the link; the object needs "
     "-ffat-lto-objects then)"),
    (["main.c", "script"],
     "./plain.o: came by a linker script, past its thunks (name it on the "
     "command line, as -static and -fsanitize need)"),
])
def test_what_cannot_be_renamed_is_a_line(t, args, line):
    t.write("plain.c", PLAIN)
    t.write("main.c", MAIN)
    t.write("script", "INPUT(plain.o)\n")
    t.ok("gcc", "-O2", "-c", "plain.c")
    r = t.cc("-O2", "-static", *args, "-o", "a")
    assert r.returncode == 1
    assert r.stderr.splitlines()[0] == f"pgo-cc: {line}"
    assert not (t.dir / "a").exists()


@pytest.mark.long
def test_fat_objects_link_statically_without_lto(t):
    t.write("main.c", MAIN.replace("int fill(int n);",
                                   "static int fill(int n) { return n; }"))
    t.cc_ok("-O2", "-flto", "-ffat-lto-objects", "-c", "main.c")
    t.cc_ok("-fno-lto", "-static", "main.o", "-o", "a")
    assert t.ok("./a") == "42 No such process\n"


@pytest.mark.long
def test_pkg_config_links_statically(t):
    env = {"PKG_CONFIG_PATH": str(pathlib.Path(t.pgo_cc).parents[1] / "lib")}
    flags = t.ok("pkg-config", "--cflags", "--libs", "pgo", env=env).split()
    t.write("main.c", MAIN.replace("int fill(int n);",
                                   "static int fill(int n) { return n; }"))
    t.ok("gcc", "-static", "main.c", "-o", "a", *flags)
    assert t.ok("./a") == "42 No such process\n"


def test_a_static_programs_dump_hides_the_runtime(t):
    t.write("main.c", """#include <pgo/pgo.h>
static void first(void *arg) { pgo_debug_dump(1); *(int *)arg = 0; }
int main(void) { int n = 1; pgo_run(first, &n); return n; }
""")
    for kind in KINDS:
        t.cc_ok("-O2", kind, "main.c", "-o", "a")
        dump = t.ok("./a")
        assert "\nfirst(...)\n" in dump and "pgo_gostart" not in dump
