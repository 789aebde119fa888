"""The pytest plugin; see :mod:`beamish.testing`."""

from __future__ import annotations

import functools
import gc
import importlib.util
import inspect
from collections.abc import Generator, Iterator
from typing import Any, Final, cast

import pytest

from .leaks import LeakError, Surroundings, sweep
from .running import Clock, run_test

__all__ = ["ABANDONS"]

MARK: Final = "beamish"

_MODES: Final = ("strict", "auto")
_CLOCKS: Final = ("real", "virtual")
_LEAKS: Final = ("nodes", "all", "off")

_FAILED: Final = pytest.StashKey[bool]()

# In the stash of a test with a process that nothing can end: its greenlet stays behind.
ABANDONS: Final = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings."""
    parser.addini("beamish_mode", f"which tests are processes: {_MODES}", default="strict")
    parser.addini("beamish_clock", f"the clock of their nodes: {_CLOCKS}", default="real")
    parser.addini(
        "beamish_limit", "CPU seconds for which the virtual clock may stand", default="10"
    )
    parser.addini("beamish_leaks", f"which tests are checked for leaks: {_LEAKS}", default="nodes")


def pytest_configure(config: pytest.Config) -> None:
    """The mark."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(clock='real'|'virtual', leaks=True, limit=10.0): an async test that is a process "
        "of its own node",
    )
    for name, choices in (
        ("beamish_mode", _MODES),
        ("beamish_clock", _CLOCKS),
        ("beamish_leaks", _LEAKS),
    ):
        _check(name, config.getini(name), choices)


def _check(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise pytest.UsageError(f"{name}: expected one of {', '.join(choices)}; got {value!r}")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test that is a process."""
    options = _options(pyfuncitem)
    if options is None:
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    clock = options.get("clock", pyfuncitem.config.getini("beamish_clock"))
    _check(f"{pyfuncitem.nodeid}: clock", clock, _CLOCKS)
    # A fixture may have the name of an argument of run_test.
    test = functools.update_wrapper(functools.partial(pyfuncitem.obj, **arguments), pyfuncitem.obj)
    run_test(
        test,
        clock=cast("Clock", clock),
        leaks=_checks(pyfuncitem.config) and options.get("leaks", True),
        limit=float(options.get("limit", pyfuncitem.config.getini("beamish_limit"))),
        loop_factory=options.get("loop_factory"),
    )
    return True


def _options(item: pytest.Item) -> dict[str, Any] | None:
    """What the marks of a test say; None if it is not a process."""
    if not inspect.iscoroutinefunction(getattr(item, "obj", None)):
        return None
    marks = list(item.iter_markers(MARK))
    if not marks and item.config.getini("beamish_mode") != "auto":
        return None
    options: dict[str, Any] = {}
    for mark in reversed(marks):  # the closest last
        options |= mark.kwargs
    if unknown := options.keys() - {"clock", "leaks", "limit", "loop_factory"}:
        raise pytest.UsageError(
            f"{item.nodeid}: pytest.mark.beamish takes clock, leaks, limit and loop_factory; "
            f"got {', '.join(sorted(unknown))}"
        )
    return options


def _checks(config: pytest.Config) -> bool:
    return bool(config.getini("beamish_leaks") != "off")


# ---- what is left in the OS process


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Keeps whether the test itself failed, for the fixture below."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def _beamish_prepared() -> Iterator[None]:
    """Each check collects garbage; objects imported before need not be examined each time.

    And the pipe for signals that uvloop opens once in an OS process is not a leak.
    """
    if importlib.util.find_spec("uvloop"):
        importlib.import_module("uvloop").new_event_loop().close()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _beamish_leaves_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test: no node, Task, thread, child, file, signal handler, timer or greenlet."""
    if not _is_checked(request.node):
        yield
        return
    request.getfixturevalue("_beamish_prepared")
    before = Surroundings()
    yield
    stash = request.node.stash
    leaks = before.leaks(failed=stash.get(_FAILED, False), abandons=stash.get(ABANDONS, False))
    sweep()
    if leaks:
        raise LeakError(leaks)
    # The objects alive now have survived a collection: the next check need not examine them.
    # (Otherwise the checks take most of the time of a suite of thousands of tests.)
    gc.freeze()


def _is_checked(item: pytest.Item) -> bool:
    who = item.config.getini("beamish_leaks")
    if who != "nodes":
        return bool(who == "all")
    options = _options(item)
    return options is not None and bool(options.get("leaks", True))
