"""Profiles made up for tests, as profile.proto has them."""
import gzip
import random


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def packed(field, values):
    return message(field, b"".join(map(varint, values)))


class Strings:
    def __init__(self):
        self.ids = {"": 0}

    def __call__(self, text):
        return self.ids.setdefault(text, len(self.ids))

    def encoded(self):
        return b"".join(message(6, text.encode()) for text in self.ids)


UNITS = [("samples", "count"), ("cpu", "nanoseconds"), ("space", "bytes"),
         ("delay", "microseconds"), ("apples", "basket")]


def made_up(seed):
    """A profile with all that reports look at: inlined calls, recursion,
    functions without names, locations without functions, light samples."""
    dice = random.Random(seed)
    string = Strings()
    types = dice.sample(UNITS, dice.randint(1, 3))
    out = b"".join(message(1, number(1, string(t)) + number(2, string(u)))
                   for t, u in types)
    files = ["/usr/bin/prog", "/lib/libx.so.1", ""]
    for i, file in enumerate(files, 1):
        out += message(3, number(1, i) + number(2, i << 20)
                       + number(3, i + 1 << 20) + number(5, string(file))
                       + number(6, string(f"abc{i}" if file else "")))
    functions = dice.randint(3, 60)
    for i in range(1, functions + 1):
        name = dice.choice([f"fn{i}", f"fn{i}", f"ns::f{i % 7}()", ""])
        out += message(5, number(1, i) + number(2, string(name))
                       + number(4, string(f"f{i % 3}.c"))
                       # pprof has no order for two nameless functions of
                       # one file that differ in their start.
                       + number(5, dice.randint(0, 90) if name else 0))
    locations = dice.randint(3, 120)
    for i in range(1, locations + 1):
        lines = [message(4, number(1, dice.randint(1, functions))
                         + number(2, dice.randint(1, 500)))
                 for _ in range(dice.choice([0, 1, 1, 1, 2, 3]))]
        out += message(4, number(1, i) + number(2, dice.randint(1, 3))
                       + number(3, 1 << 20 | i) + b"".join(lines))
    scale = 10 ** dice.randint(0, 9)
    for _ in range(dice.randint(0, 300)):
        stack = [dice.randint(1, locations)
                 for _ in range(dice.randint(0, 12))]
        values = [int(dice.paretovariate(0.7) % 1e6 * scale)
                  * dice.choice([1] * 19 + [0])
                  for _ in types]
        out += message(2, packed(1, stack) + packed(2, values))
    out += number(9, 1700000000 * 10 ** 9)
    out += number(10, dice.choice([0, 10 ** 9, 123456789]))
    if dice.random() < 0.5:
        out += number(14, string(dice.choice(types)[0]))
    return gzip.compress(string.encoded() + out)
