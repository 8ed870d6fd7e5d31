"""What every pytest has: a time limit, and no skip that is not allowed."""
import os
import pathlib
import signal

import pytest

import modes
import skips

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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leaves out what a mode cannot run, and counts."""
    cannot = [i for i in items if modes.cannot(i.nodeid)]
    total = len(items)
    items[:] = [i for i in items if i not in cannot]
    config.hook.pytest_deselected(items=cannot)
    modes.count(len(items), total)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    mark = item.get_closest_marker("limit")
    limit_s = mark.args[0] if mark else LIMIT_S

    def late(*_):
        raise TimeoutError(f"{item.nodeid} took more than {limit_s} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(limit_s)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


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
