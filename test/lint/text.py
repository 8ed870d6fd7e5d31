"""What can be said of a source by reading its text.

usage: text.py

Every file that git knows: no left-over marks, no blanks at line ends.  C:
lines of at most 80 columns (tabs of 8), functions of at most 60 lines.
Scripts: their shell reads them.
"""
import pathlib
import re
import subprocess
import sys

WIDTH_MAX = 80
FUNCTION_MAX = 60
# Put together here, so that this file passes too.
MARKS = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "X" "XX"]) +
                   r")\b")
BINARY = {".bin", ".gz", ".png", ".pgorec", ".core", ".elf", ".o", ".a", ".so"}


def files():
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"],
                         check=True, capture_output=True).stdout
    for name in sorted(set(out.decode().split("\0"))):
        path = pathlib.Path(name)
        if name and path.is_file() and path.suffix not in BINARY:
            yield path


def lines_everywhere(lines):
    for number, line in enumerate(lines, 1):
        mark = MARKS.search(line)
        if mark:
            yield number, f"{mark[0]}: finish it, or file it"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"


def lines_of_c(lines):
    begin = 0
    for number, line in enumerate(lines, 1):
        width = len(line.expandtabs(8))
        if width > WIDTH_MAX:
            yield number, f"{width} columns, at most {WIDTH_MAX}"
        if line == "{":
            begin = number
        elif line == "}" and begin:
            length = number - begin - 1
            if length > FUNCTION_MAX:
                yield begin, (f"function of {length} lines, "
                              f"at most {FUNCTION_MAX}")
            begin = 0


def shell_of(path, lines):
    """The shell of a script, None when it is none."""
    first = lines[0] if lines else ""
    if first.startswith("#!") and first.endswith(("/sh", "/bash")):
        return first[2:]
    return "sh" if path.suffix == ".sh" else None


def complaints(path):
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        yield 1, "not UTF-8"
        return
    yield from lines_everywhere(lines)
    if path.suffix in (".c", ".h", ".S"):
        yield from lines_of_c(lines)
    shell = shell_of(path, lines)
    if shell:
        check = subprocess.run([shell, "-n", str(path)], text=True,
                               capture_output=True)
        if check.returncode:
            yield 1, check.stderr.strip()


def main():
    bad = 0
    for path in files():
        for number, what in complaints(path):
            print(f"{path}:{number}: {what}")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
