"""gdb's backtrace crosses segments and the switch to the thread's stack."""
import os
import re
import shutil
import subprocess

import pytest

BUILD = os.environ.get("BUILD", "build")

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


def test_backtrace_reaches_the_entry(tmp_path):
    if not shutil.which("gdb"):
        pytest.skip("gdb is missing")
    source = tmp_path / "deep.c"
    source.write_text(DEEP)
    program = tmp_path / "deep"
    subprocess.run([f"{BUILD}/bin/pgo-cc", "-O1", "-g", "-o", program, source],
                   check=True)
    out = subprocess.run(["gdb", "-batch", "-nx", "-ex", "run", "-ex", "bt",
                          program], capture_output=True, text=True,
                         timeout=50).stdout
    frames = re.findall(r"^#\d+ .*?(\w+) \(", out, re.M)
    assert frames.count("descend") == 41, out
    assert frames.count("__morestack") >= 4, out
    assert frames[-3:] == ["entry", "sched_goroutine_main", "pgo_gostart"], out
