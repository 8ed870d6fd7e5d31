"""What every pytest has: a time limit, and no skip that is not allowed."""
import os
import pathlib
import signal

import pytest

import modes
import skips
import under

under.begin()
LIMIT_S = 60
ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture
def root():
    """The folder of the Makefile."""
    return ROOT


@pytest.fixture
def build():
    """Where make put things: build, or build/MODE."""
    return pathlib.Path(os.environ.get("BUILD", ROOT / "build"))


@pytest.fixture(autouse=True)
def nothing_found():
    """Nothing that valgrind finds goes by."""
    before = under.started
    yield
    under.cases += under.started > before
    found = under.findings()
    assert not found, found


def part_of(items):
    """All, or every Nth file's from the Ith on, for PGO_TEST_PART=I/N."""
    part, parts = map(int, os.environ.get("PGO_TEST_PART", "1/1").split("/"))
    files = list(dict.fromkeys(item.path for item in items))
    mine = set(files[part - 1::parts])
    return [item for item in items if item.path in mine]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leaves out what a mode cannot run, and counts."""
    items[:] = part_of(items)
    cannot = [i for i in items if modes.cannot(i.nodeid)]
    total = len(items)
    items[:] = [i for i in items if i not in cannot]
    config.hook.pytest_deselected(items=cannot)
    modes.count(len(items), total)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    mark = item.get_closest_marker("limit")
    limit_s = under.SLOWER * (mark.args[0] if mark else LIMIT_S)
    under.outside = bool(item.get_closest_marker("outside"))

    def late(*_):
        raise TimeoutError(f"{item.nodeid} took more than {limit_s} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(limit_s)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pytest_terminal_summary(terminalreporter):
    if under.started:
        terminalreporter.write_line(f"{under.cases} cases had {under.started} "
                                    "programs started under valgrind")


def refuse(report):
    """Turns a skip that is not allowed into a failure."""
    if (report.outcome != "skipped" or hasattr(report, "wasxfail")
            or skips.allowed(report.nodeid)):
        return
    why = report.longrepr
    report.outcome = "failed"
    report.longrepr = (f"{skips.refusal(report.nodeid)}: "
                       f"{why[2] if isinstance(why, tuple) else why}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    outcome = yield
    refuse(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report():
    outcome = yield
    refuse(outcome.get_result())
