"""The soak: the hammer again and again, each time with another seed and key.

usage: soak.py HAMMER

10,000 goroutines on GOMAXPROCS Ps; without it 8, and every third run on 1 to 9
by turns.  For PGO_STRESS_SECONDS (600) in all: 100 seeds, by turns under each
of the keys of PGODEBUG that make rare moments common, on both kinds of stacks;
the last tenth of the time is one run, for memory to show whether it grows.  A
line a run; 1 when one of them saw something wrong, hung or died.
"""
import os
import re
import subprocess
import sys
import time

SEEDS = 100
SHORTEST_S = 2
LONG_SHARE = 0.1
PATIENCE_S = 120
PROCS = os.environ.get("GOMAXPROCS")
KEYS = [
    "",
    "yield=always",
    "steal=always",
    "seg=always",
    "preempt=always",
    "asyncpreempt=always",
    "yield=always,steal=always,seg=always,preempt=always",
    "yield=always,steal=always,seg=always,asyncpreempt=always",
    "stack=contiguous,stackmin=4194304",
    "stack=contiguous,stackmin=4194304,yield=always,preempt=always",
    "stack=contiguous,stackmin=4194304,asyncpreempt=always",
]
WORDS = re.compile(r"hammer: (\d+) frames in (\d+) rounds, .* (\d+) wrong")


def run(hammer, seed, keys, seconds):
    """Prints a line and returns (frames, whether it failed)."""
    env = dict(os.environ, PGO_STRESS_SECONDS=str(max(int(seconds), 1)),
               HAMMER_GOROUTINES="10000", HAMMER_SEED=str(seed),
               GOMAXPROCS=PROCS or "8",
               HAMMER_PROCS=str(9 if seed % 3 == 2 and not PROCS else 0),
               PGODEBUG=f"seed={seed},{keys}".strip(","))
    try:
        done = subprocess.run([hammer], env=env, text=True,
                              capture_output=True,
                              timeout=seconds + PATIENCE_S)
    except subprocess.TimeoutExpired as late:
        done = subprocess.CompletedProcess([], -1, "", str(late))
    said = WORDS.search(done.stdout)
    line = said[0] if said else f"exit status {done.returncode}"
    print(f"seed {seed} {keys or '-'}: {line}", flush=True)
    failed = bool(done.returncode) or not said
    if failed:
        print(done.stderr[:20000], flush=True)
    return int(said[1]) if said else 0, failed


def main():
    hammer = sys.argv[1]
    total = float(os.environ.get("PGO_STRESS_SECONDS") or 600)
    begin = time.monotonic()
    runs = int(min(SEEDS, max(1, total * (1 - LONG_SHARE) // SHORTEST_S)))
    frames = failures = 0
    for seed in range(1, runs + 1):
        left = begin + total * (1 - LONG_SHARE) - time.monotonic()
        n, failed = run(hammer, seed, KEYS[seed % len(KEYS)],
                        max(left / (runs - seed + 1), SHORTEST_S))
        frames, failures = frames + n, failures + failed
    n, failed = run(hammer, runs + 1, "", total * LONG_SHARE)
    frames, failures = frames + n, failures + failed
    print(f"soak: {runs + 1} runs in {time.monotonic() - begin:.0f} s, "
          f"{frames} frames checked, {failures} runs failed")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
