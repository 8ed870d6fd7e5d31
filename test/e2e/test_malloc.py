"""libpgo-malloc in programs that know nothing of it, and in pgo's own."""
import os
import re
import signal
import subprocess
import sys

import pytest

import agent_client

CXX = r"""
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

struct alignas(128) line { char bytes[200]; };

static void fill(long *sum)
{
	std::map<std::string, std::vector<int>> m;

	for (int i = 0; i < 20000; i++)
		m["key of " + std::to_string(i % 3000)].push_back(i);
	for (auto &e : m)
		for (int i : e.second)
			*sum += i;
}

int main()
{
	long sums[4] = { 0, 0, 0, 0 };
	std::vector<std::thread> threads;
	auto l = std::make_unique<line>();

	for (long &s : sums)
		threads.emplace_back(fill, &s);
	for (auto &t : threads)
		t.join();
	try {
		std::string(SIZE_MAX / 4, 'x');
	} catch (const std::bad_alloc &) {
		std::printf("%ld %ld %d\n", sums[0], sums[3],
			    (int)(reinterpret_cast<size_t>(l.get()) % 128));
	}
}
"""

SQLITE = """
import sqlite3
db = sqlite3.connect(":memory:")
db.execute("create table t (a integer primary key, b text)")
db.executemany("insert into t values (?, ?)",
               ((i, "row %d " % i * (i % 9)) for i in range(30000)))
db.execute("create index i on t (b)")
db.execute("delete from t where a % 3 = 0")
print(db.execute("pragma integrity_check").fetchone()[0],
      db.execute("select count(*) from t").fetchone()[0])
"""


def run(build, *cmd, **env):
    return subprocess.run(
        cmd, capture_output=True, text=True, timeout=50,
        env=os.environ | {"LD_PRELOAD": build / "lib/libpgo-malloc.so"} | env)


@pytest.mark.fast
def test_the_whole_family_from_threads(build):
    ours = run(build, build / "test/tools/malloc_family")
    assert (ours.stdout, ours.stderr) == ("48\n", "")
    # As it is without: glibc's has 40 bytes there.
    libc = run(build, build / "test/tools/malloc_family", LD_PRELOAD="")
    assert (libc.stdout, libc.stderr) == ("40\n", "")


@pytest.mark.fast
def test_what_is_freed_twice_is_a_line_and_a_core(build):
    r = run(build, build / "test/tools/malloc_family", "double")
    assert re.fullmatch(r"fatal error: free\(0x[0-9a-f]+\): freed already, "
                        r"by thread \d+\n", r.stderr)
    assert r.returncode == -signal.SIGABRT


def test_a_cxx_program_runs_on_it(build, tmp_path):
    (tmp_path / "p.cc").write_text(CXX)
    for cmd, env in ((["g++", "-std=c++17", "-pthread"], {}),
                     ([build / "bin/pgo-c++", "-std=c++17", "--libs",
                       "pgo-malloc"], {"LD_PRELOAD": ""})):
        subprocess.run([*cmd, "-O1", "-o", tmp_path / "p", tmp_path / "p.cc"],
                       check=True, timeout=50)
        r = run(build, tmp_path / "p", **env)
        assert (r.stdout, r.stderr) == ("199990000 199990000 0\n", "")


IN_ALL_OF_LIBC = """
    #include <pgo/pgo.h>
    #include <pthread.h>
    #include <regex.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>

    static void *copy(void *s) { return strdup(s); }

    static void start(void *arg)
    {
        struct pgo_memstats m = { .size = sizeof(m) };
        pthread_t thread;
        void *s;
        regex_t re;
        char *volatile p = malloc(1000);

        (void)arg;
        free(p);
        pthread_create(&thread, NULL, copy, "^[a-c]+$");
        pthread_join(thread, &s);
        if (regcomp(&re, s, REG_EXTENDED) || regexec(&re, "abc", 0, NULL, 0))
            puts("no match");
        regfree(&re);
        free(s);
        pgo_memstats(&m);
        puts(m.mallocs > 2 ? "pgo's" : "another");
        p = realloc(malloc(10), 20);
        free(p);
        if (getenv("TWICE"))
            free(p);
    }

    int main(void) { return pgo_run(start, NULL); }
"""


def linked(build, folder, *options):
    (folder / "p.c").write_text(IN_ALL_OF_LIBC)
    subprocess.run([build / "bin/pgo-cc", "--libs", "pgo-malloc", "-O1",
                    "-fno-builtin", *options, "-o", folder / "p",
                    folder / "p.c"],
                   check=True, timeout=50)
    return folder / "p"


@pytest.mark.parametrize("options", [
    [], ["-static"], ["-static-pie"], ["-fsanitize=undefined"]])
def test_a_program_has_it_however_it_is_linked(build, tmp_path, options):
    exe = linked(build, tmp_path, *options)
    r = run(build, exe, LD_PRELOAD="")
    assert (r.returncode, r.stdout, r.stderr) == (0, "pgo's\n", "")
    r = run(build, exe, LD_PRELOAD="", TWICE="1")
    assert re.match(r"fatal error: free\(0x[0-9a-f]+\): freed already, "
                    r"by goroutine 1\n", r.stderr), r.stderr


def test_a_sanitizer_keeps_its_own(build, tmp_path):
    exe = linked(build, tmp_path, "-fsanitize=address")
    r = run(build, exe, LD_PRELOAD="")
    assert (r.returncode, r.stdout, r.stderr) == (0, "another\n", "")
    r = run(build, exe, LD_PRELOAD="", TWICE="1")
    assert "AddressSanitizer: attempting double-free" in r.stderr


def test_sqlite_runs_on_it(build):
    r = run(build, sys.executable, "-c", SQLITE)
    assert (r.stdout, r.stderr) == ("ok 20000\n", "")


def test_sqlite_in_goroutines_runs_on_it(build, root, tmp_path):
    exe = tmp_path / "sqlite"
    subprocess.run([build / "bin/pgo-cc", "--libs", "pgo-malloc", "-O1",
                    f"-I{root}", "-o", exe, root / "test/real/sqlite.c",
                    "-lsqlite3"], check=True, timeout=50)
    r = run(build, exe, "200", LD_PRELOAD="")
    assert re.fullmatch(r"sqlite: 200 goroutines, \d+ waits in callbacks, "
                        r"0 wrong\n", r.stdout), r.stdout + r.stderr
    preloaded = run(build, build / "test/real/sqlite", "200")
    assert "0 wrong" in preloaded.stdout, preloaded.stderr


@pytest.mark.fast
def test_misuse_names_the_goroutine(build, tmp_path):
    (tmp_path / "p.c").write_text("""
        #include <pgo/pgo.h>
        static void twice(void *p) { pgo_free(p); pgo_free(p); }
        static void start(void *p)
        {
            pgo_go(twice, pgo_malloc(100));
            pgo_sleep(1000000000);
        }
        int main(void) { return pgo_run(start, 0); }
        """)
    subprocess.run([build / "bin/pgo-cc", "-o", tmp_path / "p",
                    tmp_path / "p.c"], check=True, timeout=50)
    r = run(build, tmp_path / "p", LD_PRELOAD="")
    assert r.returncode == 2
    assert re.match(r"fatal error: free\(0x[0-9a-f]+\): freed already, "
                    r"by goroutine 2\n\ngoroutine 2 \[running\]:\n", r.stderr)
    assert "twice(" in r.stderr


@pytest.mark.fast
def test_gctrace_is_said_to_be_without_effect(build):
    r = run(build, build / "examples/ten", LD_PRELOAD="",
            GODEBUG="gctrace=1")
    assert r.stderr == ("pgo: GODEBUG: gctrace: without effect, there is no "
                        "garbage collector yet\n")
    assert r.returncode == 0
    assert not run(build, build / "examples/ten", LD_PRELOAD="",
                   GODEBUG="gctrace=0").stderr


def shares(build, folder, profile, kind):
    """Bytes by function, in MB, as go tool pprof sees them."""
    (folder / "heap.pb.gz").write_bytes(profile)
    text = subprocess.run(
        ["go", "tool", "pprof", "-top", "-unit=MB",
         f"-sample_index={kind}", folder / "heap.pb.gz"], check=True,
        text=True, capture_output=True, timeout=50).stdout
    return {name: float(flat) for flat, name in
            re.findall(r"^ *([\d.]+)MB.*% +(\w+)$", text, re.M)}


def test_the_heap_profile_knows_who_allocated(build, tmp_path):
    with agent_client.started(
            build / "test/e2e/progs/heap",
            PGODEBUG="memprofilerate=65536") as (program, agent):
        assert program.stdout.readline() == "filled\n"
        heap = agent.get("/debug/pprof/heap")
        allocs = agent.get("/debug/pprof/allocs")
    in_use = shares(build, tmp_path, heap, "inuse_space")
    ever = shares(build, tmp_path, allocs, "alloc_space")
    # 2048 samples: one sigma is 3 %.
    assert 28 < in_use["keep_little"] < 36
    assert 28 < in_use["keep_much"] < 36
    assert 84 < ever["keep_much"] < 108
    assert not [name for name in ever if "malloc" in name]
