"""Rule B2: where a process may be parked (preemption.can_park)."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import logging
import operator
import posixpath
import queue
import sys
import textwrap
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from greenlet import greenlet

from beamish import behaviour, process
from beamish.otp import proc_lib
from beamish.runtime.locks import first_lock, may_hold_a_lock
from beamish.runtime.preemption import can_park

from .harness import PATIENCE, on_virtual_clock, watched_end


def _can_park_here() -> bool:
    return can_park(sys._getframe(1))


class _Asks:
    """Called by whatever it is given to, and notes whether the process could be parked there."""

    def __init__(self) -> None:
        self.answers: list[bool] = []

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.answers.append(can_park(sys._getframe(0)))


@on_virtual_clock
async def test_in_the_users_code() -> None:
    assert _can_park_here()


@on_virtual_clock
async def test_below_other_calls_of_the_users() -> None:
    def deep(depth: int) -> bool:
        return deep(depth - 1) if depth else _can_park_here()

    async def inner() -> bool:
        return deep(50)

    assert await inner()


@on_virtual_clock
async def test_in_a_generator_and_a_comprehension() -> None:
    def generator() -> Any:
        yield _can_park_here()

    assert next(generator())
    assert [_can_park_here() for _ in range(2)] == [True, True]


@on_virtual_clock
async def test_below_c_code_that_calls_back() -> None:
    """Of sorted and min: nothing of the interpreter's is locked."""
    answers: list[bool] = []

    def key(number: int) -> int:
        answers.append(_can_park_here())
        return number

    sorted([1, 2], key=key)
    min([1], key=key)

    assert answers == [True] * 3


@on_virtual_clock
async def test_below_a_module_of_the_standard_library_without_locks() -> None:
    """json, random, contextlib: nothing to do with threads."""
    answers: list[bool] = []

    def asks(*_: Any) -> float:
        answers.append(_can_park_here())
        return 0.5

    json.dumps(object(), default=asks)
    with contextlib.ExitStack() as stack:
        stack.callback(asks)

    assert answers == [True, True]


@on_virtual_clock
async def test_below_a_frozen_module() -> None:
    """os.path and the like lie in the interpreter itself."""
    answers: list[bool] = []

    class Folder:
        def __fspath__(self) -> str:
            answers.append(_can_park_here())
            return "folder"

    posixpath.isabs(Folder())

    assert answers == [True]


@on_virtual_clock
async def test_in_logging_before_it_takes_a_lock() -> None:
    """A loop that logs is inside of logging at nearly every tick."""
    asks = _Asks()
    handler = logging.Handler()
    handler.filter = asks  # type: ignore[method-assign]
    logger = logging.Logger("of its own")
    logger.addHandler(handler)
    logger.addFilter(lambda _: asks() is None)

    logger.warning("hello")

    assert asks.answers == [True, True]


@on_virtual_clock
async def test_in_a_plain_function_that_is_a_process() -> None:
    answers: list[bool] = []

    await watched_end(lambda: answers.append(_can_park_here()))

    assert answers == [True]


@pytest.mark.parametrize("first", [True, False])
@on_virtual_clock
async def test_in_the_step_of_a_server(first: bool) -> None:
    """Whether its message comes before it waits or after."""
    answers: list[bool] = []

    def step(message: Any) -> Any:
        answers.append(_can_park_here())
        return message

    async def serving() -> None:
        if not first:
            process.send_after(1.0, process.self(), "message")
        else:
            process.send(process.self(), "message")
        await behaviour.Server(step, step).receive()

    assert await watched_end(serving) == "normal"
    assert answers == [True]


@on_virtual_clock
async def test_in_a_process_of_a_behaviour() -> None:
    """The room otp is written as users write."""
    asks = _Asks()

    pid = proc_lib.spawn(asks)
    ref = process.monitor(pid)
    await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)

    assert asks.answers == [True]


# ---- where not


def _log(asks: _Asks) -> None:
    handler = logging.Handler()
    handler.emit = asks  # type: ignore[method-assign]
    logger = logging.Logger("of its own")
    logger.addHandler(handler)
    logger.warning("hello")


def _hold_a_condition(asks: _Asks) -> None:
    threading.Condition().wait_for(lambda: asks() or True)


def _sort_a_queue(asks: _Asks) -> None:
    class Item:
        def __lt__(self, other: object) -> bool:
            asks()
            return True

    items: queue.PriorityQueue[Item] = queue.PriorityQueue()
    items.put(Item())
    items.put(Item())


async def _predicate_of_receive(asks: _Asks) -> None:
    def look(_: object) -> bool:
        asks()
        return True

    process.send(process.self(), 1)
    await process.receive(look)


def _closing_what_is_owned(asks: _Asks) -> None:
    process.own(object(), close=asks)


def _another_greenlet(asks: _Asks) -> None:
    greenlet(asks).switch()


_UNSAFE: list[Callable[[_Asks], object]] = [
    _log,
    _hold_a_condition,
    _sort_a_queue,
    _predicate_of_receive,
    _closing_what_is_owned,
    _another_greenlet,
]


@pytest.mark.parametrize("fn", _UNSAFE)
@on_virtual_clock
async def test_not_below_the_runtime_or_the_standard_library(
    fn: Callable[[_Asks], object],
) -> None:
    """They may hold locks that others wait for."""
    asks = _Asks()

    await watched_end(fn, asks)

    assert asks.answers
    assert not any(asks.answers)


@on_virtual_clock
async def test_not_in_a_finalizer() -> None:
    """It may run in the middle of a garbage collection."""
    answers: list[bool] = []

    class Thing:
        def __del__(self) -> None:
            answers.append(_can_park_here())

    Thing()

    assert answers == [False]


@on_virtual_clock
async def test_not_while_a_module_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import system holds a lock for the module."""
    (tmp_path / "imported_by_a_process.py").write_text(
        textwrap.dedent("""
            import sys
            from beamish.runtime.preemption import can_park
            ANSWER = can_park(sys._getframe(0))
        """)
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    module = importlib.import_module("imported_by_a_process")

    del sys.modules["imported_by_a_process"]
    assert module.ANSWER is False


@on_virtual_clock
async def test_not_in_a_callback_of_the_loop() -> None:
    """It is not a process' code."""
    asks = _Asks()
    asyncio.get_running_loop().call_soon(asks)

    await process.sleep(0.01)

    assert asks.answers == [False]


@on_virtual_clock
async def test_not_in_a_task() -> None:
    """A plain asyncio Task is not a process that could be parked."""

    async def task() -> bool:
        return _can_park_here()

    assert await asyncio.create_task(task()) is False


# ---- functions that take locks


_LOCK = threading.Lock()


def _takes_none(ask: Callable[[], None]) -> None:
    for _ in range(2):
        ask()


def _takes_one_with_with(ask: Callable[[], None]) -> None:
    ask()
    with _LOCK:
        ask()
    ask()


def _acquires_one(ask: Callable[[], None]) -> None:
    ask()
    _LOCK.acquire()
    try:
        ask()
    finally:
        _LOCK.release()


def _takes_one_in_a_loop(ask: Callable[[], None]) -> None:
    ask()
    for _ in range(2):
        ask()
        with _LOCK:
            pass


def _goes_back_after_an_error(ask: Callable[[], None]) -> None:
    ask()
    while True:
        try:
            ask()
            _LOCK.release()
        except RuntimeError:
            _LOCK.acquire()
        else:
            break


@pytest.mark.parametrize(
    ("function", "answers"),
    [
        (_takes_none, [False, False]),
        (_takes_one_with_with, [False, True, True]),
        (_acquires_one, [False, True]),
        (_takes_one_in_a_loop, [False, True, True]),
        (_goes_back_after_an_error, [False, True, True]),
    ],
)
def test_a_function_may_hold_a_lock_from_where_it_deals_with_one(
    function: Callable[[Callable[[], None]], None], answers: list[bool]
) -> None:
    found: list[bool] = []

    function(lambda: found.append(may_hold_a_lock(sys._getframe(1))))

    assert found == answers


@pytest.mark.parametrize(
    ("module", "function", "deals_with_locks"),
    [
        ("queue", "Queue.put_nowait", False),
        ("queue", "Queue.put", True),
        ("queue", "Queue.get", True),
        ("logging", "Logger.callHandlers", False),
        ("logging", "Handler.handle", True),
        ("logging", "Handler.acquire", True),
        ("logging", "Handler.release", True),
    ],
)
def test_functions_of_logging_and_queue_that_deal_with_locks(
    module: str, function: str, deals_with_locks: bool
) -> None:
    """What this tells must hold for each CPython."""
    code = operator.attrgetter(f"{function}.__code__")(importlib.import_module(module))

    assert (first_lock(code) < len(code.co_code)) is deals_with_locks


def test_not_without_a_node() -> None:
    assert can_park(None) is False
    assert _can_park_here() is False


# ---- installed packages


def _module_in(folder: Path, source: str) -> types.ModuleType:
    """A module whose code says that it lies in this folder."""
    module = types.ModuleType("installed")
    path = folder / f"installed_{abs(hash(source))}.py"
    exec(compile(textwrap.dedent(source), str(path), "exec"), module.__dict__)  # noqa: S102
    return module


@pytest.mark.parametrize(
    ("source", "safe"),
    [
        ("def call(f): return f()", True),
        ("import math\ndef call(f): return f()", True),
        ("import threading\ndef call(f): return f()", False),
        ("from threading import Lock\ndef call(f): return f()", False),
        ("import logging\ndef call(f): return f()", False),
        ("import asyncio\ndef call(f): return f()", False),
        ("from queue import Queue\ndef call(f): return f()", False),
    ],
)
@on_virtual_clock
async def test_in_an_installed_package_if_it_has_nothing_to_do_with_threads(
    source: str, safe: bool, tmp_path: Path
) -> None:
    """What imports threading, logging, asyncio ... may hold locks."""
    module = _module_in(tmp_path / "site-packages" / "package", source)

    assert module.call(_can_park_here) is safe
