"""pgo-cc as the compiler of build systems.

One project (test/projects/tally: a shared and a static library, a program, a
test, checks of the system) is built by each of them out of its tree, tested,
installed, and run from where it was installed.
"""

import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT

TALLY = ROOT / "test" / "projects" / "tally"
OUT = "3 some few words\n1 one\n"


def need(*programs):
    for p in programs:
        if not shutil.which(p):
            pytest.skip(f"{p} is not here")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that `make install` fills for a PREFIX."""
    prefix = tmp_path_factory.mktemp("pgo") / "usr"
    made = subprocess.run(["make", "-s", "install", f"PREFIX={prefix}"],
                          cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert made.returncode == 0, made.stderr
    return prefix


def runs_installed(t, prefix, libs):
    """The program says what it should, by the library that was installed."""
    assert t.ok(prefix / "bin" / "tally", "some few words", "one") == OUT
    assert str(prefix / libs) in t.ok("ldd", prefix / "bin" / "tally")
    assert (prefix / "include" / "tally.h").exists()


def has_no_runtime(t, library):
    """A library leaves the runtime to the program."""
    symbols = t.ok("nm", "-D", library)
    assert " U pgo_go\n" in symbols
    assert " T pgo_" not in symbols


def cmake(t, *args, env=None):
    need("cmake")
    prefix = t.dir / "usr"
    t.ok("cmake", "-S", TALLY, "-B", "b", f"-DCMAKE_INSTALL_PREFIX={prefix}",
         *args, env=env)
    t.ok("cmake", "--build", "b", "-j2", env=env)
    t.ok("ctest", "--test-dir", "b", "--output-on-failure")
    t.ok("cmake", "--install", "b")
    runs_installed(t, prefix, "lib")
    has_no_runtime(t, "b/libtally.so")
    t.ok("cmake", "--install", "b", env={"DESTDIR": str(t.dir / "root")})
    assert (t.dir / "root" / prefix.relative_to("/") / "bin/tally").exists()


def test_cmake(t):
    cmake(t, f"-DCMAKE_C_COMPILER={t.pgo_cc}")
    compiler = next(t.dir.glob("b/CMakeFiles/*/CMakeCCompiler.cmake"))
    assert 'set(CMAKE_C_COMPILER_ID "GNU")' in compiler.read_text()


def test_cmake_with_gcc_finds_the_target(t, installed):
    cmake(t, "-DCMAKE_C_COMPILER=gcc", "-DTALLY_FIND_PGO=ON",
          f"-DCMAKE_PREFIX_PATH={installed}")


def test_the_target_adds_nothing_to_pgo_cc(t, installed):
    need("cmake")
    t.ok("cmake", "-S", TALLY, "-B", "b", "-DTALLY_FIND_PGO=ON",
         f"-DCMAKE_C_COMPILER={installed}/bin/pgo-cc",
         f"-DCMAKE_PREFIX_PATH={installed}")
    assert "-fsplit-stack" not in (
        t.dir / "b/CMakeFiles/tally-bin.dir/flags.make").read_text()


def test_the_target_is_for_gcc(t, installed):
    need("cmake", "clang")
    r = t.run("cmake", "-S", TALLY, "-B", "b", "-DCMAKE_C_COMPILER=clang",
              "-DTALLY_FIND_PGO=ON", f"-DCMAKE_PREFIX_PATH={installed}")
    assert r.returncode == 1
    assert "clang is not gcc (use -DCMAKE_C_COMPILER=pgo-cc)" in r.stderr


def test_the_target_says_what_pgo_pc_says(installed):
    flags = {}
    for line in (installed / "lib/pkgconfig/pgo.pc").read_text().splitlines():
        name, _, words = line.partition(": ")
        flags[name] = [w for w in words.split() if "$" not in w]
    target = (installed / "lib/cmake/pgo/pgo-config.cmake").read_text()
    target = target.replace("\\\n", "")
    assert ";".join(flags["Cflags"]) in target
    assert flags["Libs"] == ["-fsplit-stack", "-lm"]


def meson(t, *args, env):
    need("meson", "ninja")
    prefix = t.dir / "usr"
    t.ok("meson", "setup", "b", TALLY, f"--prefix={prefix}", "--libdir=lib",
         *args, env=env)
    t.ok("meson", "compile", "-C", "b")
    t.ok("meson", "test", "-C", "b", "--no-rebuild")
    t.ok("meson", "install", "-C", "b", "--no-rebuild")
    runs_installed(t, prefix, "lib")
    has_no_runtime(t, "b/libtally.so")
    t.ok("meson", "install", "-C", "b", "--no-rebuild",
         env={"DESTDIR": str(t.dir / "root")})
    assert (t.dir / "root" / prefix.relative_to("/") / "bin/tally").exists()


def test_meson(t):
    meson(t, env={"CC": t.pgo_cc})
    log = (t.dir / "b/meson-logs/meson-log.txt").read_text()
    assert "(gcc " in log


def test_meson_with_gcc_takes_pkg_config(t, installed):
    need("pkg-config")
    meson(t, "-Dfind_pgo=true",
          env={"CC": "gcc", "PKG_CONFIG_PATH": f"{installed}/lib/pkgconfig"})


@pytest.mark.long
def test_autotools(t):
    need("autoreconf", "automake", "libtoolize", "make")
    prefix = t.dir / "usr"
    shutil.copytree(TALLY, t.dir / "source")
    (t.dir / "b").mkdir()
    t.ok("autoreconf", "-i", "source")
    t.ok("env", "-C", "b", "../source/configure", f"--prefix={prefix}",
         f"CC={t.pgo_cc}")
    # Not below the make that runs the tests, whose options are not for it.
    env = {"MAKEFLAGS": "", "MAKELEVEL": ""}
    t.ok("make", "-C", "b", "-j2", "check", "install", env=env)
    runs_installed(t, prefix, "lib")
    has_no_runtime(t, "b/.libs/libtally.so")
    t.ok("make", "-C", "b", "install", f"DESTDIR={t.dir}/root", env=env)
    assert (t.dir / "root" / prefix.relative_to("/") / "bin/tally").exists()


ONE = '#include "one.h"\nint main(void) { return ONE; }\n'


def hits(t, env):
    said = t.ok("ccache", "--print-stats", env=env)
    return sum(int(line.split()[1]) for line in said.splitlines()
               if line.split()[0] in ("direct_cache_hit",
                                      "preprocessed_cache_hit"))


@pytest.mark.parametrize("where", ["in front", "behind"])
def test_ccache(t, where):
    """Twice the same, then a header that changed."""
    need("ccache")
    env = {"CCACHE_DIR": str(t.dir / "cache"), "PGO_CC": "ccache gcc"}
    cc = [t.pgo_cc]
    if where == "in front":
        del env["PGO_CC"]
        cc = ["ccache", t.pgo_cc]
    t.write("one.c", ONE)
    t.write("one.h", "#define ONE 0\n")
    for i in range(2):
        t.ok(*cc, "-O2", "-MMD", "-MF", "one.d", "-c", "one.c", env=env)
        assert hits(t, env) == i
        assert "one.h" in (t.dir / "one.d").read_text()
        (t.dir / "one.d").unlink()
    t.write("one.h", "#define ONE 7\n")
    t.ok(*cc, "-O2", "-MMD", "-MF", "one.d", "-c", "one.c", env=env)
    assert hits(t, env) == 1
    t.ok(*cc, "one.o", "-o", "one", env=env)
    assert t.run("./one").returncode == 7
    assert "fs:0x70" in t.code("one.o", "main")


def test_what_was_preprocessed_elsewhere_compiles(t):
    """As distcc does it."""
    t.write("one.c", ONE)
    t.write("one.h", "#define ONE 3\n")
    t.cc_ok("-E", "one.c", "-o", "one.i")
    t.cc_ok("-O2", "-c", "one.i", "-o", "one.o")
    t.cc_ok("one.o", "-o", "one")
    assert t.run("./one").returncode == 3
    assert "fs:0x70" in t.code("one.o", "main")


@pytest.mark.parametrize("question", [
    "-dumpversion", "-dumpfullversion", "-dumpmachine", "-v",
    "-print-file-name=libc.so.6", "-print-file-name=crt1.o",
    "-print-prog-name=ld", "-print-libgcc-file-name", "-print-search-dirs",
    "-print-multiarch", "-print-sysroot", "-Wl,--version",
])
def test_questions_are_answered_by_gcc(t, question):
    gcc, pgo = t.run("gcc", question), t.cc(question)
    assert (pgo.returncode, pgo.stdout) == (gcc.returncode, gcc.stdout)
    ours = pgo.stderr.splitlines()
    # What -Wl,--version has collect2 tell of itself names a temporary file.
    assert len(ours) == len(gcc.stderr.splitlines())


def test_version_names_the_compiler_behind(t):
    said = t.cc_ok("--version").splitlines()
    assert said[0].startswith("pgo-cc ")
    assert said[1:] == t.ok("gcc", "--version").splitlines()


def test_hashes_show_the_commands(t):
    t.write("one.c", ONE)
    r = t.cc("-###", "one.c", "-o", "one")
    assert r.returncode == 0
    assert "cc1" in r.stderr and "-fsplit-stack" in r.stderr
    assert "collect2" in r.stderr and not (t.dir / "one").exists()


def test_pgo_cc_may_be_several_words(t):
    t.write("one.c", ONE)
    t.write("one.h", "#define ONE 0\n")
    t.cc_ok("-c", "one.c", env={"PGO_CC": " env\tLANG=C gcc "})
    r = t.cc("-c", "one.c", env={"PGO_CC": " "})
    assert (r.returncode, r.stderr) == (
        1, "pgo-cc: PGO_CC: names no compiler (PGO_CC=gcc)\n")
    r = t.cc("-c", "one.c", env={"PGO_CC": f"env {t.pgo_cxx}"})
    assert (r.returncode, r.stderr) == (
        1, f"pgo-cc: PGO_CC={t.pgo_cxx}: is pgo's own (PGO_CC=gcc)\n")


@pytest.mark.parametrize("cc", [
    "gcc", " env A=1  gcc", "x86_64-linux-gnu-gcc", "/usr/bin/gcc", "clang"])
def test_a_pgo_cc_for_c_is_one_for_cxx_too(t, cc):
    if cc == "clang" and not shutil.which("clang++"):
        pytest.skip("no clang")
    t.write("say.cc", """
        #include <cstdio>
        #include <stdexcept>
        #include <pgo/pgo.h>
        static void start(void *) {
            try { throw std::runtime_error("caught"); }
            catch (const std::exception &e) { std::puts(e.what()); }
        }
        int main() { return pgo_run(start, nullptr); }
        """)
    t.cxx_ok("say.cc", "-o", "say", env={"PGO_CC": cc})
    assert t.ok("./say") == "caught\n"


def test_a_library_with_z_defs_lacks_the_runtime_only(t):
    """meson links every library so."""
    t.write("a.c", "#include <math.h>\n#include <pgo/pgo.h>\n"
            "double so(double x) { pgo_yield(); return cos(x); }\n")
    t.cc_ok("-shared", "-fPIC", "-Wl,--as-needed,-z,defs", "a.c", "-o",
            "liba.so")
    needed = t.ok("readelf", "-d", "liba.so")
    assert "libm.so.6" in needed
    t.write("c.cc", "#include <string>\nint so(int n)\n"
            "{ return std::to_string(n).size(); }\n")
    t.ok(BUILD / "bin" / "pgo-c++", "-shared", "-fPIC",
         "-Wl,--as-needed,-z,defs", "c.cc", "-o", "libc++.so")
    t.write("b.c", "void missing(void); void f(void) { missing(); }\n")
    r = t.cc("-shared", "-fPIC", "-Wl,--no-undefined", "b.c", "-o", "libb.so")
    assert r.returncode == 1
    assert "undefined reference to `missing'" in r.stderr
    assert "morestack" not in r.stderr


def test_pkg_config_brings_no_runtime_into_a_library(t, installed):
    need("pkg-config")
    env = {"PKG_CONFIG_PATH": f"{installed}/lib/pkgconfig"}
    flags = t.ok("pkg-config", "--cflags", "--libs", "pgo", env=env).split()
    t.write("a.c", "#include <pgo/pgo.h>\nvoid so(void (*f)(void *))\n"
            "{ pgo_go(f, 0); }\n")
    t.ok("gcc", "-shared", "-fPIC", "a.c", "-o", "liba.so", *flags)
    has_no_runtime(t, "liba.so")
