"""What every test is held to: it leaves nothing behind."""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests.support.leaks import Surroundings, sweep

_FAILED = pytest.StashKey[bool]()
_ABANDONS = pytest.StashKey[bool]()


@pytest.fixture(scope="session", autouse=True)
def _prepared() -> Iterator[None]:
    """Each test collects garbage; what was imported before need not be looked at each time.

    And what uvloop opens once in the life of an OS process (a pipe for signals) is no leak.
    """
    if importlib.util.find_spec("uvloop"):
        importlib.import_module("uvloop").new_event_loop().close()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Keeps whether the test itself failed, for the fixture below."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture
def abandons(request: pytest.FixtureRequest) -> None:
    """For a test of a process that can be ended by no means: its greenlet stays behind."""
    request.node.stash[_ABANDONS] = True


@pytest.fixture(autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: no node, Task, thread, child, file, signal handler, timer or greenlet."""
    before = Surroundings()
    yield
    stash = request.node.stash
    leaks = before.leaks(failed=stash.get(_FAILED, False), abandons=stash.get(_ABANDONS, False))
    sweep()
    assert not leaks, "the test has left behind:\n" + "\n".join(leaks)
