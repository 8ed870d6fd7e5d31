"""Looking at programs from outside, and what to hold it against."""
import json
import pathlib
import subprocess

MAGIC = b"pgolayt\0"
AGENT_AT = 48           # in struct pgo_layout


def dump(build, target, *options, status=0):
    """(what `pgo-trace dump --json TARGET` says, its lines on stderr)"""
    done = subprocess.run(
        [build / "bin/pgo-trace", "dump", "--json", *options, str(target)],
        text=True, capture_output=True, timeout=50)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout) if status == 0 else None, done.stderr


def own_mappings(pid):
    """Where the program's own variables are: (start, end)."""
    exe = str(pathlib.Path(f"/proc/{pid}/exe").readlink())
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            if line.rstrip().endswith(exe) and " rw" in line:
                yield tuple(int(n, 16) for n in line.split()[0].split("-"))


def hide_agent(pid):
    """Takes the agent's address out of the program's layout table, so that
    tools find none and read the program itself."""
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        for start, end in own_mappings(pid):
            memory.seek(start)
            at = memory.read(end - start).find(MAGIC)
            if at >= 0:
                memory.seek(start + at + AGENT_AT)
                memory.write(b"\0")
                return
    raise AssertionError("no layout table")


def stable(row):
    """What does not change while a goroutine stays where it is."""
    kept = ("id", "state", "reason", "created_by", "entry", "frames", "runs",
            "last_p", "woken_by")
    return {**{key: row.get(key) for key in kept}, "stack": row.get("stack")}


def by_agent(answer):
    """The rows of /debug/pgo/goroutines as dump writes them."""
    stacks = {stack["id"]: stack["frames"] for stack in answer["stacks"]}
    rows = []
    for row in answer["goroutines"]:
        rows.append(stable({
            **row, "frames": stacks.get(row.get("stack")),
            "stack": {"bytes": row["stack_bytes"], "used": row["stack_used"],
                      "segments": row["segments"]}}))
    return {row["id"]: row for row in rows}


def by_dump(answer):
    return {row["id"]: stable(row) for row in answer["goroutines"]}
