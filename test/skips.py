"""Which tests may be skipped: skips.allowed, by environment.

PGO_TEST_ENV names the environment (dev when unset); a skip that no line
allows there is a failure, so that nothing stops being tested unseen.
"""
import fnmatch
import os

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "skips.allowed")


def environment():
    return os.environ.get("PGO_TEST_ENV") or "dev"


def patterns(env, path=PATH):
    """The shell patterns of the lines for ENV (or for any, `*`)."""
    found = []
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            words = line.split("#")[0].split()
            if words and len(words) != 2:
                raise SystemExit(f"{path}:{number}: want: ENVIRONMENT PATTERN")
            if words and words[0] in ("*", env):
                found.append(words[1])
    return found


def allowed(test):
    return any(fnmatch.fnmatchcase(test, "*" + p)
               for p in patterns(environment()))


def refusal(test):
    return (f"{test}: skipped, which test/skips.allowed does not let it "
            f"in {environment()}")
