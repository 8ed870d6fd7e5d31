"""pgo-cc is a complete compiler driver: what works with gcc works with it."""

import shutil

import pytest

from conftest import BUILD, ROOT

CHECK = "%fs:0x70"
ONE = "void h(int *); int f(int x) { h(&x); return x + 1; }\n"
HELLO = """#include <stdio.h>
int main(void) { puts("hello"); return 0; }
"""


def test_c_compiles_with_checks_frame_pointers_and_debug_info(t):
    t.write("a.c", ONE)
    t.cc_ok("-O2", "-c", "a.c")
    code = t.code("a.o", "f")
    assert CHECK in code
    assert "mov    %rsp,%rbp" in code
    assert ".debug_info" in t.ok("readelf", "-SW", "a.o")


@pytest.mark.parametrize("flag,absent", [
    ("-g0", ".debug_info"),
    ("-fno-split-stack", ".note.GNU-split-stack"),
])
def test_the_users_flags_win(t, flag, absent):
    t.write("a.c", ONE)
    t.cc_ok("-O2", flag, "-c", "a.c")
    assert absent not in t.ok("readelf", "-SW", "a.o")


def test_omitted_frame_pointers_are_omitted(t):
    t.write("a.c", ONE)
    t.cc_ok("-O2", "-fomit-frame-pointer", "-c", "a.c")
    assert "mov    %rsp,%rbp" not in t.code("a.o", "f")


def test_s_and_e_and_m_write_no_object(t):
    t.write("a.c", ONE)
    t.cc_ok("-S", "a.c")
    assert "%fs:112" in (t.dir / "a.s").read_text()
    assert "int f(int x)" in t.cc_ok("-E", "a.c")
    assert t.cc_ok("-MM", "a.c").strip() == "a.o: a.c"


def test_mmd_writes_dependencies_while_linking(t):
    t.write("h.h", "#define ZERO 0\n")
    t.write("a.c", '#include "h.h"\nint main(void) { return ZERO; }\n')
    t.cc_ok("-MMD", "-MF", "a.d", "a.c", "-o", "a")
    assert "h.h" in (t.dir / "a.d").read_text()
    t.ok("./a")


def test_source_from_stdin_with_x(t):
    t.cc_ok("-x", "c", "-", "-o", "a", stdin=HELLO)
    assert t.ok("./a") == "hello\n"


def test_response_files_may_hold_everything(t):
    t.write("a.c", HELLO)
    t.write("flags", "-O2 'a.c'\n-o a\n")
    t.cc_ok("@flags")
    assert t.ok("./a") == "hello\n"


def test_pgo_headers_are_found(t):
    t.write("a.c", "#include <pgo/pgo.h>\n")
    t.cc_ok("-Wall", "-Werror", "-c", "a.c")


def test_partial_link_adds_no_library(t):
    t.write("a.c", ONE)
    t.write("b.c", "int g(void) { return 2; }\n")
    t.cc_ok("-c", "a.c", "b.c")
    t.cc_ok("-r", "a.o", "b.o", "-o", "c.o")
    assert "pgo_" not in t.ok("nm", "c.o")


def test_exit_status_is_the_compilers(t):
    t.write("a.c", "int main(void) { return undeclared; }\n")
    r = t.cc("a.c", "-o", "a")
    assert r.returncode == 1 and "undeclared" in r.stderr
    t.write("b.c", "void missing(void); int main(void) { missing(); }\n")
    r = t.cc("b.c", "-o", "b")
    assert r.returncode == 1
    assert r.stderr.count("undefined reference to `missing'") == 1


def test_linker_output_is_passed_on_but_no_trace(t):
    t.write("a.c", HELLO)
    assert t.cc_ok("a.c", "-o", "a") == ""
    assert "libc.so.6" in t.cc_ok("a.c", "-o", "a", "-Wl,-t")
    assert "Linker script and memory map" in t.cc_ok("a.c", "-Wl,-M")


def test_questions(t):
    assert t.cc_ok("--version").startswith("pgo-cc 0.")
    assert t.cc_ok("--help").startswith("usage: pgo-cc")
    assert "-fsplit-stack" in t.cc_ok("--cflags")
    assert "libpgo.a" in t.cc_ok("--libs")
    assert t.cc_ok("-dumpmachine").strip() == "x86_64-linux-gnu"


@pytest.mark.parametrize("args,line", [
    (["-static", "a.c", "--libs", "pgo-agent"],
     "--libs pgo-agent: a static program cannot load it (link without "
     "-static)"),
    (["-fuse-ld=gold", "a.c"],
     "-fuse-ld=gold: only GNU ld wraps every call as pgo needs it (leave the "
     "option out)"),
    (["-fsanitize=memory", "a.c"],
     "-fsanitize=memory: libc and pgo would have to be built with it (valgrind "
     "finds the same, see pgo-cc(1))"),
    (["--stack=segmented", "-fsanitize=undefined,address", "a.c"],
     "--stack=segmented: -fsanitize=address takes more stack than a segment "
     "has (leave the option out; -fsanitize=undefined works)"),
    (["--stack=round", "a.c"],
     "--stack=round: no such stack (segmented, contiguous)"),
    (["a.c", "--libs", "pgo-x"],
     "--libs pgo-x: no such library (pgo-agent, pgo-malloc)"),
])
def test_what_cannot_work_is_one_line(t, args, line):
    t.write("a.c", HELLO)
    r = t.cc(*args)
    assert (r.returncode, r.stderr) == (1, f"pgo-cc: {line}\n")


def test_clang_makes_no_segments(t):
    t.write("a.c", HELLO)
    r = t.cc("--stack=segmented", "-c", "a.c", env={"PGO_CC": "clang-14"})
    assert (r.returncode, r.stderr) == (
        1, "pgo-cc: --stack=segmented: clang cannot make segmented stacks of "
        "variadic functions (use gcc, or --stack=contiguous)\n")


def test_a_source_of_cxx_may_come_with_either_name(t):
    t.write("a.cc", "int main() { throw 1; }\n")
    t.cc_ok("-c", "a.cc")
    t.cxx_ok("a.o")
    t.cc_ok("a.cc", "-lstdc++")


def test_print_wraps_names_the_libc_calls_of_an_object(t):
    t.write("a.c", '#include <stdio.h>\nvoid mine(void);\n'
                   'void f(int n) { mine(); printf("%d", n); }\n')
    t.cc_ok("-O2", "-c", "a.c")
    assert t.cc_ok("--print-wraps", "a.o") == "-Wl,--wrap=printf\n"
    r = t.cc("--print-wraps", "a.c")
    assert r.stderr == "pgo-cc: a.c: not an object file\n"


def test_pkg_config_links_the_same(t):
    if not shutil.which("pkg-config"):
        pytest.skip("pkg-config is not here")
    env = {"PKG_CONFIG_PATH": str(BUILD / "lib")}
    flags = t.ok("pkg-config", "--cflags", "--libs", "pgo", env=env).split()
    t.write("a.c", HELLO)
    t.ok("gcc", "-c", "a.c", *flags)
    t.ok("gcc", "a.o", "-o", "a", *flags)
    assert t.ok("./a") == "hello\n"
    assert "__wrap_puts" in t.ok("nm", "a")


def test_an_installed_copy_finds_its_own_files(t):
    prefix = t.dir / "usr"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "lib").mkdir()
    shutil.copy(BUILD / "bin" / "pgo-cc", prefix / "bin")
    shutil.copy(BUILD / "lib" / "libpgo.a", prefix / "lib")
    shutil.copytree(BUILD / "lib" / "pgo", prefix / "lib" / "pgo",
                    symlinks=True)
    shutil.copytree(ROOT / "include", prefix / "include")
    t.write("a.c", "#include <pgo/pgo.h>\n" + HELLO)
    t.ok(prefix / "bin" / "pgo-cc", "a.c", "-o", "a")
    assert t.ok("./a") == "hello\n"
    flags = t.ok(prefix / "bin" / "pgo-cc", "--cflags", "--libs")
    assert str(prefix) in flags and str(BUILD) not in flags


def test_works_as_cc_of_a_makefile_with_implicit_rules(t):
    t.write("a.c", HELLO)
    t.ok("make", f"CC={t.pgo_cc}", "CFLAGS=-O2", "LDLIBS=-lm", "a")
    assert t.ok("./a") == "hello\n"


def test_works_as_cc_of_configure_checks(t):
    """What autoconf does: try to link a call of a function it declares."""
    for name, found in [("strlcpy_no_such", 1), ("getaddrinfo", 0),
                        ("printf", 0)]:
        t.write("conftest.c", f"char {name}();\n"
                f"int main(void) {{ return {name}(); }}\n")
        r = t.cc("-o", "conftest", "-w", "-g", "-O2", "conftest.c")
        assert r.returncode == found, r.stderr
