"""A test as a process on a node of its own, and what it leaves behind on that node."""

from __future__ import annotations

import asyncio
import functools
import inspect
import signal
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

import beamish
from beamish import behaviour, process
from beamish.runtime.here import running_node
from beamish.terms import Pid, ProcessExit, format_exit

from .clock import NothingWillHappenError, VirtualClockLoop
from .expecting import settle
from .leaks import LeakError, sweep
from .standstill import LIMIT

__all__ = ["Clock", "run_test"]

Clock: TypeAlias = Literal["real", "virtual"]
"""The clock that a test runs on, ``"real"`` or ``"virtual"``."""

# Seconds that processes linked to a test may take for their clean-up.
_GRACE: Final = 1.0


def run_test(
    test: Callable[..., Any],
    /,
    *args: Any,
    clock: Clock = "real",
    leaks: bool = True,
    limit: float = LIMIT,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    **kwargs: Any,
) -> None:
    """Runs ``test(*args, **kwargs)`` as a process on a node of its own.

    Args:
        test: an ``async def`` (or plain) function.
        clock: ``"virtual"``: time jumps to the next timer when everything waits.
        leaks: whether anything left on the node after the test is an error.
        limit: seconds of CPU time after which a test on the virtual clock fails in which something
            always computes: the clock cannot move then.
        loop_factory: makes the event loop, if it is not the clock's.

    Raises:
        Whatever the test raises.
        AssertionError: another process ended the test's, by a link or an exit signal.
        LeakError: something was left behind.
        NothingWillHappenError: the virtual clock cannot move, or nothing is left that could happen.
    """
    if loop_factory is None and clock == "virtual":
        loop_factory = functools.partial(VirtualClockLoop, limit)
    outcome = _Outcome(leaks)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        beamish.run(
            _host,
            test,
            args,
            kwargs,
            outcome,
            loop_factory=loop_factory,
            on_signal=outcome.on_signal,
        )
    except NothingWillHappenError:
        # The loop stopped in the middle of everything, and nothing was restored.
        sweep()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        raise
    outcome.tell()


class _Outcome:
    """How a test went."""

    def __init__(self, check: bool) -> None:
        self.check = check
        self.error: BaseException | None = None
        self.leaks: list[str] = []
        self.signal: signal.Signals | None = None

    def on_signal(self, number: signal.Signals) -> None:
        self.signal = number

    def tell(self) -> None:
        """Raises what was wrong."""
        if self.signal is not None:
            raise KeyboardInterrupt  # for pytest
        if self.error is not None:
            raise self.error
        if self.leaks:
            raise LeakError(self.leaks)


async def _host(
    test: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], outcome: _Outcome
) -> None:
    """The main process: it waits for the end of the test's process, and looks at what is left."""
    tasks = asyncio.all_tasks()
    name = getattr(test, "__name__", "test")
    pid, ref = process.spawn_opt(
        _test, test, args, kwargs, outcome, monitor=True, label=name, initial_call=test
    )
    await behaviour.receive_reply(ref)
    await _stop_applications()
    if outcome.check and outcome.error is None:
        outcome.leaks = await _left_behind(tasks, pid)


async def _test(
    test: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], outcome: _Outcome
) -> None:
    """The test's process; its end takes linked processes along."""
    try:
        result = test(*args, **kwargs)
        if inspect.isawaitable(result):
            await result
    except ProcessExit as ended:
        outcome.error = _ended(ended)
        raise
    except BaseException as error:  # noqa: BLE001 - pytest's outcomes are not Exceptions
        outcome.error = error
    process.exit("shutdown")


def _ended(ended: ProcessExit) -> BaseException:
    if process.alive(process.self()):
        return ended  # it called exit itself
    return AssertionError(
        f"the test's process was ended from outside, with the reason {format_exit(ended.reason)}: "
        "by a process that it is linked to (it can trap exits), or by an exit signal"
    )


async def _stop_applications() -> None:
    """Stops the applications that the test has started in order, as when a node stops."""
    controller = process.whereis("application_controller")
    if controller is None:
        return
    ref = process.monitor(controller)
    process.exit(controller, "shutdown")
    await behaviour.receive_reply(ref)


async def _left_behind(tasks: set[asyncio.Task[Any]], test: Pid) -> list[str]:
    """What is still there once processes that are about to end have had their time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _GRACE
    while True:
        await settle()
        found = [*_processes(), *_timers(), *_tasks(tasks)]
        if not found or loop.time() >= end:
            return found
        await process.sleep(0.01)


def _processes() -> list[str]:
    me = process.self()
    return [_described(pid) for pid in process.list() if pid is not me]


def _described(pid: Pid) -> str:
    info = process.info(pid) or {}
    name = info.get("registered_name") or info.get("label")
    shown = f" ({name})" if name else ""
    return (
        f"a process: {pid!r}{shown}, which runs {info.get('initial_call')}; its parent is "
        f"{info.get('parent')!r}. Link it to the test (start_link, spawn_link), or stop it"
    )


def _timers() -> list[str]:
    return [
        f"a timer: it sends {ref._message!r} to {ref._dest!r} in "  # noqa: SLF001
        f"{process.read_timer(ref):.3f} s. Cancel it: process.cancel_timer"
        for ref in running_node().timers.pending()
    ]


def _tasks(before: set[asyncio.Task[Any]]) -> list[str]:
    return [
        f"an asyncio.Task: {task!r}. Await it, or cancel it"
        for task in asyncio.all_tasks() - before
        if not task.done()
    ]
