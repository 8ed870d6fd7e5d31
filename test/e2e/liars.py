"""Programs whose memory says what is not so: it is written from outside."""
import resource
import subprocess

import modes
from outside import MAGIC, own_mappings

LIES_S = 3.5            # two are allowed; a shared machine takes its time
LIES_BYTES = 64 << 20
WORD = (1 << 64) - 1


def little_memory():
    """Data and private mappings: what is allocated. A thread's stack counts
    8 MiB, and the libraries some 10.  A sanitizer's own count too: no limit."""
    if modes.mode():
        return
    limit = LIES_BYTES + (32 << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


class Memory:
    """Of process PID."""

    def __init__(self, pid):
        self.pid = pid

    def put(self, address, content):
        with open(f"/proc/{self.pid}/mem", "r+b", buffering=0) as mem:
            mem.seek(address)
            mem.write(content)

    def get(self, address, size):
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as mem:
            mem.seek(address)
            return mem.read(size)

    def write(self, address, *words):
        self.put(address, b"".join((w & WORD).to_bytes(8, "little")
                                   for w in words))

    def read(self, address):
        return int.from_bytes(self.get(address, 8), "little")


class Liar(Memory):
    """Program liar of e2e/go, by its symbols."""

    def __init__(self, child):
        super().__init__(child.pid)
        self.zeros, self.silent = map(int, child.stdout.readline().split())
        names = subprocess.run(["nm", f"/proc/{child.pid}/exe"], text=True,
                               check=True, capture_output=True).stdout
        self.at = {line.split()[2]: int(line.split()[0], 16)
                   for line in names.splitlines() if len(line.split()) == 3}

    def set_list(self, array, count):
        self.write(self.at["runtime.allgptr"], array)
        self.write(self.at["runtime.allglen"], count)
        self.write(self.at["runtime.allgs"], array, count, count)


class PgoLiar(Memory):
    """A program on pgo, by its layout table."""

    HEAD, FIELD = 560, 40

    def __init__(self, child):
        super().__init__(child.pid)
        for start, end in own_mappings(child.pid):
            at = self.get(start, end - start).find(MAGIC)
            if at >= 0:
                self.table = start + at
        count = int.from_bytes(self.get(self.table + 20, 4), "little")
        self.size = self.HEAD + self.FIELD * count
        self.at, self.offset, self.bytes = {}, {}, {}
        for i in range(count):
            field = self.get(self.table + self.HEAD + self.FIELD * i, 40)
            name = field[:24].rstrip(b"\0").decode()
            self.at[name] = int.from_bytes(field[24:32], "little")
            self.offset[name] = int.from_bytes(field[32:36], "little")
            self.bytes[name] = int.from_bytes(field[36:], "little")

    def member(self, struct, name):
        """Where the member of the variable lies."""
        return self.at[struct] + self.offset[f"{struct}.{name}"]
