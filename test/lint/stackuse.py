"""Worst-case stack depth of the functions that run on a goroutine's stack.

usage: stackuse.py TABLE FILE.ci...

The .ci files are what gcc -fcallgraph-info=su writes: frame sizes and calls.
TABLE (its head says how) names the entries and their bounds.  Fails, with the
deepest chain, when an entry goes deeper; and when its depth cannot be known:
recursion, a frame of no fixed size, a pointer call whose targets TABLE does
not say, a function nobody has seen.

gcc's figure for a frame holds the return address but not the red zone that a
function may use below it without a word, so every chain ends in one.
"""
import re
import sys

RED_ZONE_BYTES = 128
NODE = re.compile(r'node: { title: "([^"]+)" label: "((?:[^"\\]|\\.)*)"')
EDGE = re.compile(r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)"')
SIZE = re.compile(r"(\d+) bytes \((static|dynamic|dynamic,bounded)\)")
INDIRECT = "__indirect_call"


class Trouble(Exception):
    pass


class Graph:
    def __init__(self):
        self.bytes = {}         # function -> (bytes, kind)
        self.calls = {}         # function -> set of functions
        self.leaf = {}          # function -> bytes, from the table
        self.targets = {}       # function -> what its pointer calls reach
        self.depth = {}         # function -> (bytes, chain), once known
        self.unknown = []       # why a depth cannot be known

    def read(self, path):
        with open(path) as f:
            text = f.read()
        for title, label in NODE.findall(text):
            size = SIZE.search(label)
            if not size:
                continue
            # An inline function of a header is in several files: the largest.
            self.bytes[title] = max(self.bytes.get(title, (0, "")),
                                    (int(size[1]), size[2]))
        for source, target in EDGE.findall(text):
            self.calls.setdefault(source, set()).add(target)

    def resolve(self, name):
        """The title of NAME, which may be static in one file or another."""
        # What gcc calls a function whose body serves another name too.
        name = name.removesuffix(".localalias")
        if name in self.bytes or name in self.leaf:
            return name
        if name.rpartition(":")[2] in self.bytes:
            return name.rpartition(":")[2]
        tail = ":" + name if ":" not in name else "/" + name
        found = [t for t in self.bytes if t.endswith(tail)]
        if len(found) > 1:
            raise Trouble(f"{name}: in several files: {' '.join(found)}")
        if not found:
            raise Trouble(f"{name}: its frame is unknown (a leaf line "
                          "of the table may say)")
        return found[0]

    def callees(self, name):
        for callee in sorted(self.calls.get(name, ())):
            if callee != INDIRECT:
                yield callee
                continue
            targets = self.targets.get(
                name, self.targets.get(name.rpartition(":")[2]))
            if targets is None:
                raise Trouble(f"{name}: calls through a pointer (a calls "
                              "line of the table may say whom)")
            yield from targets

    def leaf_of(self, name):
        return self.leaf.get(name, self.leaf.get(name.rpartition(":")[2]))

    def deepest(self, name, above=()):
        """(bytes, chain of functions) of the deepest way down from NAME.

        What hinders is added to unknown, and counts nothing.
        """
        if self.leaf_of(name) is not None:
            return self.leaf_of(name), (name,)
        try:
            name = self.resolve(name)
            if name not in self.depth:
                self.depth[name] = self.descend(name, above)
            return self.depth[name]
        except Trouble as trouble:
            by = f", called by {above[-1]}" if above else ""
            self.unknown.append(f"{trouble}{by}")
            return 0, (name,)

    def descend(self, name, above):
        if name in above:
            loop = above[above.index(name):] + (name,)
            raise Trouble("recursion: " + " -> ".join(loop))
        size, kind = self.bytes[name]
        if kind == "dynamic":
            raise Trouble(f"{name}: its frame has no fixed size")
        ways = [self.deepest(c, above + (name,)) for c in self.callees(name)]
        below, chain = max(ways, default=(RED_ZONE_BYTES, ()))
        return size + below, (name,) + chain

    def shown(self, chain):
        return " -> ".join(f"{n} ({self.own(n)})" for n in chain)

    def own(self, name):
        leaf = self.leaf_of(name)
        return self.bytes.get(name, (0,))[0] if leaf is None else leaf


def read_table(path, graph):
    """Fills in GRAPH's leaf and targets; returns [(entry, bound)]."""
    entries = []
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            words = line.split("#")[0].split()
            if len(words) == 3 and words[0] == "leaf" and words[2].isdigit():
                graph.leaf[words[1]] = int(words[2])
            elif len(words) > 1 and words[0] == "calls":
                graph.targets[words[1]] = words[2:]
            elif len(words) == 2 and words[1].isdigit():
                entries.append((words[0], int(words[1])))
            elif words:
                raise Trouble(f"{path}:{number}: not a line of this table")
    return entries


def check(graph, entry, bound):
    """Yields what is wrong with an entry; nothing when it keeps its bound."""
    graph.unknown = []
    need, chain = graph.deepest(entry)
    yield from graph.unknown
    if need > bound:
        yield (f"needs {need} bytes of stack, bound {bound}: "
               f"{graph.shown(chain)}")


def main(argv):
    if len(argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    graph = Graph()
    try:
        entries = read_table(argv[1], graph)
        for path in argv[2:]:
            graph.read(path)
    except (OSError, Trouble) as trouble:
        print(f"stackuse: {trouble}", file=sys.stderr)
        return 1
    wrong = [f"{entry}: {what}" for entry, bound in entries
             for what in check(graph, entry, bound)]
    for line in wrong:
        print(f"stackuse: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
