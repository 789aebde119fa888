"""The judgement: an object comes to a place, in a node of an OS process of its own.

A place is a function that brings the object there, in a process of its own. It may fail only where
it is said to; each process that it says must end must be heard of, and nothing else may suffer.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import beamish
from beamish import Pid, Ref, process
from beamish.otp import GenServer, GenStatem, gen_server
from beamish.otp.gen_statem import KeepState, NextState
from beamish.terms.words import is_word
from tests.hostile import objects

__all__ = [
    "ERROR_PLACES",
    "PLACES",
    "SOON",
    "Do",
    "Echo",
    "Machine",
    "be_lenient",
    "check",
    "dies",
    "error_place",
    "is_plain",
    "judge",
    "lives",
    "may_fail",
    "must",
    "place",
    "raises",
    "reason_of",
    "report_broken",
    "takes",
    "takes_and_fails",
    "waits",
]

Place = Callable[[Any], Awaitable[object]]

PLACES: Final[dict[str, Place]] = {}  # of any object
ERROR_PLACES: Final[dict[str, Place]] = {}  # of an exception
_may_fail: Final[set[Place]] = set()

SOON: Final = 5.0  # seconds in which everything must have come
_broken: list[str] = []  # what did not hold
_kills: list[bool] = []  # whether the object kills whoever looks at it


def place(function: Place) -> Place:
    """Marks a place of any object."""
    PLACES[function.__name__] = function
    return function


def error_place(function: Place) -> Place:
    """Marks a place of an exception."""
    ERROR_PLACES[function.__name__] = function
    return function


def may_fail(function: Place) -> Place:
    """Marks a place where the object is an argument, whose code may fail its caller."""
    _may_fail.add(function)
    return function


def judge(table: str, name: str, kind: str, raises: str) -> None:
    """Brings an object to a place, in a node; exits with 1 if something does not hold."""
    if table == "PLACES":
        function, make = PLACES[name], objects.make
    else:
        function, make = ERROR_PLACES[name], objects.make_error
    if raises == "process.exit of itself":
        be_lenient()
    try:
        beamish.run(_main, function, make, kind, raises, grace=0.5, stop_time=1.0)
    except BaseException as error:
        _broken.append(f"the node ended by {type(error)}")
    report_broken()


def be_lenient() -> None:
    """What happens concerns whoever meets it: only what `must` hold does."""
    _kills.append(True)


def report_broken() -> None:
    """Exits with 1 if something did not hold, or is left of the node."""
    must(not any(signal.getitimer(signal.ITIMER_VIRTUAL)), "the timer is on")
    must(signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL, "the signal has a handler")
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(SOON)
            must(not thread.is_alive(), f"{thread} is left")
    if _broken:
        print("BROKEN:", *_broken, sep="\n  ", flush=True)
        sys.exit(1)


async def _main(function: Place, make: Callable[..., Any], kind: str, raises: str) -> None:
    neighbour = await Echo.start()
    others = set(process.list())
    begin = time.monotonic()
    pid, ref = process.spawn_monitor(_visit, function, make, kind, raises)
    reason = await reason_of(ref)
    check(function in _may_fail or is_word(reason, "normal"), f"the caller fails: {type(reason)}")
    must(not process.alive(pid), "the place is alive")
    must(await gen_server.call(neighbour, "echo") == "echo", "the neighbour is ill")
    for left in set(process.list()) - others:
        ref = process.monitor(left)
        process.exit(left, "kill")
        await reason_of(ref)
    must(time.monotonic() - begin < SOON, "it took long")


async def _visit(function: Place, make: Callable[..., Any], kind: str, raises: str) -> None:
    await function(make(kind, raises))


def check(holds: bool, what: str) -> None:
    """What must hold; of an object that kills whoever looks at it no more than `must`."""
    must(holds or bool(_kills), what)


def must(holds: bool, what: str) -> None:
    if not holds:
        _broken.append(what)


async def reason_of(ref: Ref, seconds: float = SOON) -> Any:
    """The reason of an end that must come."""
    try:
        return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=seconds))[4]
    except TimeoutError:
        must(False, "there was no DOWN")
        raise


async def dies(function: Callable[..., Any], *args: Any) -> Any:
    _, ref = process.spawn_monitor(function, *args)
    return await reason_of(ref)


async def lives(pid: Pid, server: Any = None) -> None:
    """A process that must not have suffered."""
    check(process.alive(pid), "a process has died that has nothing to do with it")


class Echo(GenServer):
    """Answers what it is asked, or calls it."""

    def handle_call(self, request: Any, caller: Any) -> Any:
        if type(request) is Do:
            return request.function()
        return request

    def handle_cast(self, request: Any) -> Any:
        return request.function()

    def handle_info(self, message: Any) -> None:
        if type(message) is Do:
            message.function()


class Do:
    """A request to call a function."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function


def raises(error: BaseException) -> Any:
    raise error


async def waits() -> None:
    await process.receive("end")


async def takes() -> None:
    await process.receive()


async def takes_and_fails() -> None:
    await process.receive()
    raise LookupError


class Machine(GenStatem):
    """Does what it is asked."""

    callback_mode = "handle_event_function"

    def init(self, state: Any = "first") -> Any:
        return NextState(state)

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        if type(content) is Do:
            return content.function()
        return KeepState()


def is_plain(error: Any) -> bool:
    """Whether asyncio, or GenEvent, takes this for a mere error."""
    return not issubclass(type(error), Exception)
