"""An echo server's CPU time for a request, beside a bare epoll loop and Go.

usage: echo.py BUILD [CONNECTIONS [REQUESTS]]    1000 100000

One server at a time on one CPU, the load on another; by turns, medians.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RUNS = 5


def build_go(folder):
    """The program; None where there is no Go, or one too old for it."""
    exe = pathlib.Path(folder) / "echo"
    run = subprocess.run(["go", "build", "-o", exe, HERE / "go/echo/main.go"],
                         capture_output=True, text=True, timeout=300,
                         env={**os.environ, "GO111MODULE": "off"})
    if run.returncode:
        print("echo: without Go:", run.stderr.strip().split("\n")[-1])
        return None
    return exe


def start(command, cpu):
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "GOMAXPROCS": "1"},
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))


def cpu_ns(process):
    """What its threads have run."""
    tasks = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((t / "schedstat").read_text().split()[0]) for t in tasks)


def ask(process, line):
    process.stdin.write(line)
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def us_a_request(server, peer, conns, requests):
    cpus = sorted(os.sched_getaffinity(0))
    served = start(server, cpus[0])
    port = served.stdout.readline().strip().rsplit(":")[-1]
    load = start([peer, "load", port, str(conns)], cpus[-1])
    assert load.stdout.readline() == "ready\n"
    ask(load, f"{conns}\n")
    before = cpu_ns(served)
    ask(load, f"{requests}\n")
    took = cpu_ns(served) - before
    for process in load, served:
        process.stdin.close()
        process.wait(timeout=60)
    return took / requests / 1000


def main():
    build = pathlib.Path(sys.argv[1])
    conns = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    requests = int(sys.argv[3]) if len(sys.argv) > 3 else 100000
    peer = build / "test/tools/echo_peer"
    with tempfile.TemporaryDirectory() as folder:
        go = build_go(folder)
        servers = {"epoll": [peer, "serve"], "pgo": [build / "test/bench/echo"],
                   **({"Go": [go]} if go else {})}
        runs = [[us_a_request(s, peer, conns, requests)
                 for s in servers.values()] for _ in range(RUNS)]
    found = [statistics.median(x) for x in zip(*runs)]
    print(f"{'us a request':12} {'CPU':>6} {'ratio':>6}")
    for name, us in zip(servers, found):
        print(f"{name:12} {us:6.2f} {us / found[0]:6.2f}")


if __name__ == "__main__":
    main()
