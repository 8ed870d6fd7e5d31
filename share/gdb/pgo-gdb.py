"""gdb looks at goroutines: of a live program, and in its core file.

    info goroutines [TEXT]    a line each; only those whose line has TEXT
    goroutine ID              what is known of one
    goroutine ID COMMAND      COMMAND, as if the goroutine were a thread
    goroutine all COMMAND     the same for each

What the program tells of itself (pgo/layout.h) is all that is read, so one
script serves every version, stripped programs too.  A goroutine on a thread is
looked at there.  A parked one lies in memory: while COMMAND runs, an unwinder
says that the goroutine called the innermost frame of the selected thread.  No
register of the program is written, so that nothing can be left behind, and
core files serve as well.  Not chosen: setting rsp and rip and putting them
back, which a core file does not allow.
"""
import struct

import gdb
import gdb.unwinder

RUNNABLE, RUNNING, WAITING = 1, 2, 4
STATE_MASK, REASON_SHIFT = 0xfff, 16
LAYOUT_BYTES_MAX = 1 << 20
STRUCT_BYTES_MAX = 1 << 24
GOROUTINES_MAX = 1 << 26
THREADS_MAX = 1 << 20
FRAMES_MAX = 64
WINDOW_BYTES = 1024             # of a stack, read at once
AT_PHDR, AT_PHENT, AT_PHNUM = 3, 4, 5
PT_NOTE, PT_PHDR = 4, 6
# What would let the program go on.
RESUMING = set("""advance c call continue fg fin finish jump n next nexti ni
    run s signal si start step stepi u until""".split())


def refuse(why):
    raise gdb.GdbError(why)


# Reading the program ---------------------------------------------------------


def read(address, size):
    # gdb 16 takes 0 for a mistake.
    return size and bytes(gdb.selected_inferior().read_memory(
        address, size)) or b""


def words(address, count):
    return struct.unpack(f"<{count}Q", read(address, 8 * count))


def text(address, limit=64):
    """The string at ADDRESS, which may end where memory does."""
    while limit:
        try:
            return read(address, limit).split(b"\0")[0].decode("ascii",
                                                               "replace")
        except gdb.MemoryError:
            limit //= 2
    return ""


def auxiliary():
    """The program's auxiliary vector, by type."""
    try:
        lines = gdb.execute("info auxv", to_string=True).splitlines()
        return {int(line.split()[0]): int(line.split()[-1], 0)
                for line in lines if line.split()[-1][0].isdigit()}
    except gdb.error:
        return {}


def layout_by_note():
    """Where pgo_layout is, by the program's ELF note; None without one."""
    aux = auxiliary()
    if AT_PHDR not in aux:
        return None
    at, size = aux[AT_PHDR], aux.get(AT_PHENT, 56)
    headers = [struct.unpack_from("<IIQQQQQQ", read(at + i * size, size))
               for i in range(aux.get(AT_PHNUM, 0) & 0xff)]
    bias = next((at - h[3] for h in headers if h[0] == PT_PHDR), 0)
    for header in headers:
        if header[0] != PT_NOTE:
            continue
        place, notes, pos = bias + header[3], read(bias + header[3],
                                                   header[5]), 0
        while pos + 24 <= len(notes):
            owner, desc, kind = struct.unpack_from("<III", notes, pos)
            if (owner, desc, kind) == (4, 8, 1) and \
                    notes[pos + 12:pos + 16] == b"pgo\0":
                here = place + pos + 16
                return here + struct.unpack_from("<q", notes, pos + 16)[0]
            pos += 12 + (owner + 3 & ~3) + (desc + 3 & ~3)
    return None


def layout_address():
    try:
        return int(gdb.parse_and_eval("(unsigned long)&pgo_layout"))
    except gdb.error:
        return layout_by_note()


class Layout:
    """Where the program has what: address, offset and size by name."""

    def __init__(self):
        if not gdb.selected_inferior().pid:
            refuse("No goroutines: the program is not being run.")
        try:
            self.fields = self.table(layout_address())
        except gdb.MemoryError:
            self.fields = None
        if not self.fields:
            refuse("No goroutines: this program was not built with pgo.")

    @staticmethod
    def table(at):
        if at is None:
            return None
        magic, version, header, each, count = struct.unpack(
            "<8s4I", read(at, 24))
        if magic != b"pgolayt\0" or version != 1 or each < 40 or \
                each * count > LAYOUT_BYTES_MAX:
            return None
        raw = read(at + header, each * count)
        fields = {}
        for i in range(count):
            name, *where = struct.unpack_from("<24sQII", raw, i * each)
            if max(where[1:]) <= STRUCT_BYTES_MAX:
                fields[name.split(b"\0")[0].decode("ascii", "replace")] = where
        return fields

    def find(self, name):
        if name not in self.fields:
            refuse(f"No goroutines: the program does not tell its {name}.")
        return self.fields[name]

    def address(self, name):
        return self.find(name)[0]

    def offset(self, name):
        return self.find(name)[1]

    def size(self, name):
        return self.find(name)[2]

    def take(self, name, raw, at=0):
        """The unsigned member NAME of the struct that RAW has AT."""
        at += self.offset(name)
        return int.from_bytes(raw[at:at + self.size(name)], "little")


class M:
    """A thread that runs goroutines."""

    def __init__(self, layout, raw):
        self.tid = layout.take("m.tid", raw)
        self.g = layout.take("m.g", raw)
        self.cfp = layout.take("m.cfp", raw)
        self.insched = layout.take("m.insched", raw)
        self.in_c = not self.insched and not layout.take("m.csp", raw)
        self.next = layout.take("m.alllink", raw)

    def thread(self):
        """gdb's, or None."""
        for thread in gdb.selected_inferior().threads():
            if thread.ptid[1] == self.tid:
                return thread
        return None


class Goroutine:
    def __init__(self, program, status, raw):
        take = program.layout.take
        self.program = program
        self.id = take("g.id", raw)
        self.sp = take("g.sp", raw)
        self.cur = take("g.cur", raw)
        self.fn = take("g.fn", raw)
        self.parent = take("g.parent_id", raw)
        self.created_pc = take("g.created_pc", raw)
        self.stack_bytes = take("g.stack_bytes", raw)
        self.status = status
        self.m = program.ms.get(take("g.m", raw))

    def on_thread(self):
        """Whether its frames are those of a thread: it runs, is in C, or
        sleeps bound in a callback from C."""
        if not self.m:
            return False
        return self.status & STATE_MASK != RUNNING or not self.m.insched

    def state(self):
        state = self.status & STATE_MASK
        if state == RUNNABLE:
            return "runnable"
        if state == RUNNING:
            return "syscall" if self.m and self.m.in_c else "running"
        return self.program.reason(self.status >> REASON_SHIFT)

    def left(self):
        """Its registers where it left its thread: name to value."""
        layout = self.program.layout
        size = layout.size("left")
        raw = read(self.sp, size)
        names = {"rbp": "left.rbp", "rip": "left.pc"}
        for name in ("r15", "r14", "r13", "r12", "rbx"):
            if f"left.{name}" in layout.fields:
                names[name] = f"left.{name}"
        regs = {reg: layout.take(name, raw) for reg, name in names.items()}
        regs["rsp"] = self.sp + size
        # Not begun: its first instruction is no call's return address.
        if regs["rip"] == layout.address("gostart"):
            regs["rip"] += 1
        return regs

    def has_begun(self):
        return self.left()["rip"] != self.program.layout.address(
            "gostart") + 1

    def place(self):
        """The pc of the innermost call outside the runtime, 0 if unknown."""
        try:
            if not self.on_thread():
                if not self.has_begun():
                    return self.fn + 1
                regs = self.left()
                return self.walk(regs["rip"], regs["rbp"])
            if self.m.in_c:
                fp, pc = words(self.m.cfp, 2)
                return self.walk(pc, fp)
        except gdb.MemoryError:
            return 0
        return self.running_place()

    def walk(self, pc, fp):
        """Follows frame pointers from FP out of the runtime."""
        window, low = b"", 0
        for _ in range(FRAMES_MAX):
            if not self.program.is_runtime(pc - 1):
                return pc
            if not low <= fp <= low + len(window) - 16:
                low = fp
                # No further than its segment.
                size = WINDOW_BYTES
                if fp < self.cur < fp + size:
                    size = max(self.cur - fp, 16)
                window = self.window(fp, size)
            fp, pc = struct.unpack_from("<QQ", window, fp - low)
        return pc

    @staticmethod
    def window(at, size):
        try:
            return read(at, size)
        except gdb.MemoryError:
            return read(at, 16)

    def running_place(self):
        thread = self.m.thread()
        if not thread:
            return 0
        with Place():
            thread.switch()
            frame = self.program.own_frame(gdb.newest_frame())
            return frame.pc() + (frame.level() == 0) if frame else 0

    def line(self):
        mark = " "
        if self.on_thread() and self.m.g:
            thread = gdb.selected_thread()
            mark = "*" if thread and thread.ptid[1] == self.m.tid else " "
        return (f"{mark} {self.id:<6} {self.state():<20} "
                f"{self.program.name(self.place())}")

    def title(self):
        return f"Goroutine {self.id} ({self.state()}):"

    def describe(self):
        lines = [self.title(), f"  at {self.program.name(self.place())}",
                 f"  began in {self.program.name(self.fn + 1)}"]
        if self.created_pc and self.id != 1:
            by = f"goroutine {self.parent}" if self.parent else "a thread"
            lines.append(
                f"  created by {by} in {self.program.name(self.created_pc)}")
        if self.on_thread():
            thread = self.m.thread()
            lines.append(f"  on thread {thread.num if thread else '?'} "
                         f"(LWP {self.m.tid})")
        lines.append(f"  stack of {self.stack_bytes} bytes")
        return "\n".join(lines)


class Program:
    """The goroutines of the selected inferior, as it stands now."""

    def __init__(self):
        self.layout = Layout()
        self.text = (self.layout.address("text"),
                     self.layout.address("text_end"))
        self.names = {}
        try:
            self.read_scheduler()
        except gdb.MemoryError:
            refuse("No goroutines: the program has not begun, or its memory "
                   "cannot be read.")

    def read_scheduler(self):
        layout = self.layout
        at = layout.address("reasons")
        self.reasons = [text(p) if p else "" for p in
                        words(at, layout.size("reasons") // 8)]
        self.ms = {}
        at, = words(layout.address("sched") + layout.offset("sched.allm"), 1)
        while at and at not in self.ms and len(self.ms) < THREADS_MAX:
            self.ms[at] = M(layout, read(at, layout.size("m")))
            at = self.ms[at].next

    def reason(self, number):
        if 0 < number < len(self.reasons):
            return self.reasons[number] or "waiting"
        return "waiting"

    def is_runtime(self, pc):
        return self.text[0] <= pc < self.text[1]

    def own_frame(self, frame):
        """FRAME or the first of its callers that is the program's own."""
        for _ in range(FRAMES_MAX):
            if not frame:
                break
            pc = frame.pc() - (frame.level() > 0)
            if not self.is_runtime(pc):
                return frame
            frame = frame.older()
        return None

    def name(self, pc):
        """What a call that returns to PC is part of, with file and line."""
        if not pc:
            return "?"
        if pc not in self.names:
            self.names[pc] = self.find_name(pc - 1) or f"{pc:#x}"
        return self.names[pc]

    @staticmethod
    def find_name(pc):
        block = gdb.block_for_pc(pc)
        while block and not block.function:
            block = block.superblock
        line = gdb.find_pc_line(pc)
        if block and line.symtab:
            return f"{block.function} at {line.symtab.filename}:{line.line}"
        if block:
            return str(block.function)
        try:
            said = gdb.execute(f"info symbol {pc:#x}", to_string=True)
        except gdb.error:
            said = "No symbol"
        if said.startswith("No symbol"):
            return None
        return said.split(" in section")[0].split(" + ")[0]

    def chunks(self):
        """Status words and structs, a piece of the table each."""
        layout = self.layout
        gtab = layout.address("gtab")
        row, g = layout.size("gtab_row"), layout.size("g")
        each = min(layout.size("gtab_chunk.row") // max(row, 1),
                   layout.size("gtab_chunk.g") // max(g, 1))
        if not each:
            refuse("No goroutines: the program's table of them makes no "
                   "sense.")
        count = int.from_bytes(read(gtab + layout.offset("gtab.count"), 4),
                               "little")
        count = min(count, layout.size("gtab.chunk") // 8 * each,
                    GOROUTINES_MAX)
        pieces = words(gtab + layout.offset("gtab.chunk"), -(-count // each))
        for i, at in enumerate(pieces):
            n = min(each, count - i * each)
            yield (read(at + layout.offset("gtab_chunk.row"), n * row),
                   read(at + layout.offset("gtab_chunk.g"), n * g), n)

    def goroutines(self):
        layout = self.layout
        row, g = layout.size("gtab_row"), layout.size("g")
        for rows, gs, n in self.chunks():
            for i in range(n):
                status = layout.take("gtab_row.status", rows, i * row)
                if status & STATE_MASK in (RUNNABLE, RUNNING, WAITING):
                    yield Goroutine(self, status, gs[i * g:(i + 1) * g])

    def goroutine(self, number):
        for g in self.goroutines():
            if g.id == number:
                return g
        return refuse(f"No goroutine {number}.")


# Frames of the parked --------------------------------------------------------


class Place:
    """Comes back to the selected thread and frame."""

    def __enter__(self):
        self.thread = gdb.selected_thread()
        try:
            self.frame = gdb.selected_frame()
        except gdb.error:
            self.frame = None
        return self

    def __exit__(self, *_):
        if self.thread and self.thread.is_valid():
            self.thread.switch()
        if self.frame and self.frame.is_valid():
            self.frame.select()


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = gdb.Value(sp), gdb.Value(pc)


class ParkedUnwinder(gdb.unwinder.Unwinder):
    """While set: the frame where the selected thread stands was called by a
    goroutine."""

    def __init__(self):
        super().__init__("pgo-parked")
        self.goroutine = None

    def __call__(self, pending):
        if not self.goroutine or self.at != (
                int(pending.read_register("rsp")),
                int(pending.read_register("rip"))):
            return None
        info = pending.create_unwind_info(FrameId(self.goroutine.sp - 8,
                                                  self.regs["rip"]))
        for name, value in self.regs.items():
            info.add_saved_register(name, gdb.Value(value))
        return info

    def set(self, goroutine):
        """Returns the goroutine's innermost frame."""
        self.unset()
        frame = gdb.newest_frame()
        self.at = tuple(int(frame.read_register(r)) for r in ("rsp", "rip"))
        self.regs = goroutine.left()
        self.goroutine = goroutine
        gdb.invalidate_cached_frames()
        frame = gdb.newest_frame()
        while frame.type() == gdb.INLINE_FRAME:
            frame = frame.older()
        self.level = frame.level()
        return frame.older()

    def unset(self, _=None):
        if self.goroutine:
            self.goroutine = None
            gdb.invalidate_cached_frames()


class ParkedFilter:
    """Leaves out of backtraces where the thread stands."""

    def __init__(self):
        self.name = "pgo-parked"
        self.enabled = True
        self.priority = 100
        gdb.frame_filters[self.name] = self

    def filter(self, frames):
        if not UNWINDER.goroutine:
            return frames
        return (frame for frame in frames
                if frame.inferior_frame().level() > UNWINDER.level)


UNWINDER = ParkedUnwinder()


# Commands --------------------------------------------------------------------


def run_on_thread(g, command):
    thread = g.m.thread()
    if not thread:
        refuse(f"Goroutine {g.id}: gdb has no thread {g.m.tid}, which runs it.")
    thread.switch()
    frame = gdb.newest_frame()
    (g.program.own_frame(frame) or frame).select()
    gdb.execute(command)


def run_parked(g, command):
    if command.split()[0] in RESUMING:
        refuse(f"Goroutine {g.id} is parked, and nothing of it can run: set a "
               "breakpoint where it goes on.")
    try:
        frame = UNWINDER.set(g)
        if not frame:
            refuse(f"Goroutine {g.id}: its stack cannot be followed.")
        (g.program.own_frame(frame) or frame).select()
        gdb.execute(command)
    finally:
        UNWINDER.unset()


def run(g, command):
    with Place():
        if g.on_thread():
            run_on_thread(g, command)
        else:
            run_parked(g, command)


class InfoGoroutines(gdb.Command):
    """List goroutines: id, state, and where each is outside the runtime.
Usage: info goroutines [TEXT]
With TEXT, only those whose line contains it.  An asterisk marks the goroutine
of the selected thread."""

    def __init__(self):
        super().__init__("info goroutines", gdb.COMMAND_STACK)

    def invoke(self, arg, _from_tty):
        wanted = arg.strip()
        for g in Program().goroutines():
            line = g.line()
            if wanted in line:
                gdb.write(line + "\n")


class GoroutineCommand(gdb.Command):
    """Look at one goroutine, or at all.
Usage: goroutine ID [COMMAND]
       goroutine all COMMAND
Runs a gdb command as if the goroutine were the selected thread, in its
innermost frame outside the runtime.  The numbers of a parked goroutine's
frames begin with 1 or 2.  Without a command: what is known of it."""

    def __init__(self):
        super().__init__("goroutine", gdb.COMMAND_STACK)

    def invoke(self, arg, _from_tty):
        which, _, command = arg.strip().partition(" ")
        command = command.strip()
        if which == "all" and command:
            self.all(command)
        elif which.isdigit():
            g = Program().goroutine(int(which))
            if command:
                self.one(g, command)
            else:
                gdb.write(g.describe() + "\n")
        else:
            refuse("Usage: goroutine ID [COMMAND], or goroutine all COMMAND.")

    @staticmethod
    def one(g, command):
        try:
            run(g, command)
        except gdb.error as e:
            refuse(str(e))

    @staticmethod
    def all(command):
        for g in Program().goroutines():
            gdb.write(f"\n{g.title()}\n")
            try:
                run(g, command)
            except (gdb.error, gdb.GdbError) as e:
                gdb.write(f"{e}\n", gdb.STDERR)


gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)
gdb.events.cont.connect(UNWINDER.unset)
ParkedFilter()
InfoGoroutines()
GoroutineCommand()
