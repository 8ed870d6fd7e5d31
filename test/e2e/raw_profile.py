"""Profiles as `go tool pprof -raw` tells them."""
import re
import subprocess

LOCATION = re.compile(r"\s*(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(.*)")
FUNCTION = re.compile(r"(.+?) ([^\s:]*):(\d+)(?::\d+)? s=(\d+)")
SAMPLE = re.compile(r"\s+(\d+)(?:\s+(\d+))?: ([\d ]*)")
LABEL = re.compile(r"(\S+?):\[(.*?)\]")


class Sample:
    def __init__(self, count, value, ids):
        self.count, self.value, self.ids = count, value, ids
        self.labels = {}
        self.functions = []     # leaf first


class Profile:
    def __init__(self, path):
        self.text = subprocess.run(
            ["go", "tool", "pprof", "-raw", str(path)], text=True,
            capture_output=True, check=True, timeout=60).stdout
        head, rest = self.text.split("Samples:\n", 1)
        samples, rest = rest.split("Locations\n", 1)
        locations, self.mappings = rest.split("Mappings\n", 1)
        self.head = head
        self.starts = {}        # function: the line it begins at
        self.samples = []
        self.read_samples(samples)
        self.name(self.read_locations(locations))

    def read_samples(self, text):
        self.types, *lines = text.splitlines()
        for line in lines:
            if found := SAMPLE.fullmatch(line.rstrip() + " "):
                count, value, ids = found.groups()
                self.samples.append(Sample(int(count), int(value or count),
                                           [int(i) for i in ids.split()]))
            else:
                self.samples[-1].labels.update(LABEL.findall(line))

    def read_locations(self, text):
        found = {}
        for line in text.splitlines():
            if at := LOCATION.fullmatch(line):
                functions = found.setdefault(int(at[1]), [])
                line = at[2]
            if one := FUNCTION.fullmatch(line.strip()):
                functions.append(one[1])
                self.starts[one[1]] = int(one[4])
        return found

    def name(self, locations):
        for sample in self.samples:
            for i in sample.ids:
                sample.functions += locations[i] or ["?"]

    @property
    def total(self):
        return sum(s.count for s in self.samples)

    def share(self, function):
        """Of all samples, those with FUNCTION on their stack."""
        return sum(s.count for s in self.samples
                   if function in s.functions) / self.total
