"""The functions that set and cancel timers, which the process ``timer_server`` keeps."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

from beamish import behaviour, process
from beamish.otp import gen_server
from beamish.otp.errors import StartError
from beamish.otp.gen import whereis
from beamish.terms import KILL, Atom, BadArgError, Pid, Ref
from beamish.terms.errors import describe
from beamish.terms.numbers import check_seconds

from .server import Apply, Entry, Send, TimerServer

__all__ = [
    "Timer",
    "apply_after",
    "apply_interval",
    "apply_repeatedly",
    "cancel",
    "exit_after",
    "hms",
    "hours",
    "kill_after",
    "minutes",
    "seconds",
    "send_after",
    "send_interval",
    "sleep",
    "start",
    "tc",
]

R = TypeVar("R")

Dest = Pid | str | tuple[str, str]

_SERVER: Final = Atom("timer_server")


@final
@dataclass(frozen=True, slots=True)
class Timer:
    """A timer, to be cancelled with :func:`cancel`.

    Attributes:
        ref: its reference.
    """

    ref: Ref


# ---- once


async def apply_after(seconds: float, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
    """Runs a function after a time, in a process of its own.

    Args:
        seconds: from now, 0 or more.
        fn: ``def`` or ``async def``.
        args: its arguments.
        kwargs: its keyword arguments.

    Raises:
        BadArgError: `seconds` is not a number >= 0, or `fn` is not a function.

    Source: timer:apply_after/2,3,4.
    """
    what = _applied("apply_after", seconds, fn, args, kwargs)
    return await _start(Entry(what, seconds, None))


async def send_after(seconds: float, *dest_and_message: Any) -> Timer:
    """Sends a message after a time: ``send_after(1.0, pid, "hello")``.

    Args:
        seconds: from now, 0 or more.
        dest_and_message: a pid, a name (looked up when the time comes) or ``(name, node)``, and
            the message; or the message alone, which is sent to the caller.

    Source: timer:send_after/2,3.
    """
    behaviour.check_thread()
    _check_seconds("send_after", seconds)
    dest, message = _sent("send_after", dest_and_message)
    what = Send(dest, message)
    if seconds == 0:  # as in OTP, it has been sent when this returns
        what.do()
        return Timer(process.make_ref())
    return await _start(Entry(what, seconds, _receiver(dest)))


async def exit_after(seconds: float, *pid_and_reason: Any) -> Timer:
    """Sends an exit signal after a time: ``exit_after(1.0, pid, "late")``.

    Args:
        seconds: from now, 0 or more.
        pid_and_reason: a pid or a name, and the reason; or the reason alone, for the caller.

    Source: timer:exit_after/2,3.
    """
    dest, reason = _sent("exit_after", pid_and_reason)
    what = _applied("exit_after", seconds, _exit, (dest, reason), {})
    return await _start(Entry(what, seconds, _receiver(dest)))


async def kill_after(seconds: float, pid: Pid | str | None = None) -> Timer:
    """Kills a process after a time.

    Args:
        seconds: from now, 0 or more.
        pid: a pid or a name; the caller if it is None.

    Source: timer:kill_after/1,2.
    """
    return await exit_after(seconds, process.self() if pid is None else pid, KILL)


def _receiver(dest: Any) -> Pid | None:
    """The process whose end ends a timer; one to a name is for whoever has it when it is due."""
    return dest if isinstance(dest, Pid) else None


def _exit(dest: Any, reason: Any) -> None:
    pid = whereis(dest)
    if isinstance(pid, Pid):
        process.exit(pid, reason)


# ---- repeatedly


async def send_interval(seconds: float, *dest_and_message: Any) -> Timer:
    """Sends a message at intervals, until the receiver ends.

    Args:
        seconds: the interval, more than 0.
        dest_and_message: a pid, a name or ``(name, node)``, and the message; or the message alone,
            which is sent to the caller. A name means the process that has it now.

    Source: timer:send_interval/2,3.
    """
    _check_seconds("send_interval", seconds, interval=True)
    dest, message = _sent("send_interval", dest_and_message)
    return await _start(Entry(Send(dest, message), seconds, dest, repeats=True))


async def apply_interval(
    seconds: float, fn: Callable[..., Any], *args: Any, **kwargs: Any
) -> Timer:
    """Runs a function at intervals, each time in a process of its own, until the caller ends.

    It does not wait for one run to end before the next one.

    Args:
        seconds: the interval, more than 0.
        fn: ``def`` or ``async def``.
        args: its arguments.
        kwargs: its keyword arguments.

    Source: timer:apply_interval/2,3,4.
    """
    what = _applied("apply_interval", seconds, fn, args, kwargs, interval=True)
    return await _start(Entry(what, seconds, process.self(), repeats=True))


async def apply_repeatedly(
    seconds: float, fn: Callable[..., Any], *args: Any, **kwargs: Any
) -> Timer:
    """Like :func:`apply_interval`, but one run at a time.

    A run that takes longer than the interval delays the next ones, which then follow without a
    pause until they have caught up.

    Source: timer:apply_repeatedly/2,3,4 (OTP 26).
    """
    what = _applied("apply_repeatedly", seconds, fn, args, kwargs, interval=True)
    return await _start(Entry(what, seconds, process.self(), repeats=True, one_at_a_time=True))


# ---- cancelling, and the server


async def cancel(timer: Timer) -> None:
    """Cancels a timer; after this returns, it starts nothing more.

    A timer that is over or cancelled is ignored. A function that already runs is not stopped.

    Args:
        timer: the result of one of the other functions.

    Raises:
        BadArgError: it is not a timer.

    Source: timer:cancel/1.
    """
    given: Any = timer
    if not isinstance(given, Timer):
        raise BadArgError(
            f"timer.cancel: expected what send_interval, apply_after ... returned; "
            f"got {describe(given)}"
        )
    behaviour.check_thread()
    if process.whereis(_SERVER) is not None:
        await gen_server.call(_SERVER, ("cancel", timer.ref), timeout=None)


async def start() -> None:
    """Starts the timer server, as the first use would.

    Source: timer:start/0.
    """
    behaviour.check_thread()
    if process.whereis(_SERVER) is not None:
        return
    try:
        await TimerServer.start(name=_SERVER)
    except StartError as error:
        match error.reason:
            case ("already_started", _):
                return  # another process was quicker
            case _:
                raise


async def _start(entry: Entry) -> Timer:
    await start()
    ref: Ref = await gen_server.call(_SERVER, ("start", entry), timeout=None)
    return Timer(ref)


# ---- waiting and measuring


async def sleep(seconds: float | None) -> None:
    """Waits for any time; messages stay in the mailbox.

    Args:
        seconds: 0 or more, or None forever. It may be longer than a time-out, whose limit is
            2**32 - 1 milliseconds (49 days).

    Source: timer:sleep/1.
    """
    if seconds is not None:
        _check_seconds("sleep", seconds)
    await process.sleep(seconds)


def tc(fn: Callable[..., R], *args: Any, **kwargs: Any) -> tuple[float, R]:
    """Calls a function, and measures how long that takes.

    Args:
        fn: a plain function; for an ``async def`` one, only the making of the coroutine would be
            measured.
        args: its arguments.
        kwargs: its keyword arguments.

    Returns:
        (seconds, result).

    Raises:
        BadArgError: `fn` is an ``async def`` function.

    Source: timer:tc/1,2,3, which counts microseconds.
    """
    if inspect.iscoroutinefunction(fn):
        raise BadArgError(
            f"timer.tc: expected a plain function; got {describe(fn)}; "
            "for an async one take process.monotonic_time() before and after"
        )
    begin = time.perf_counter()
    result = fn(*args, **kwargs)
    return time.perf_counter() - begin, result


def seconds(n: float) -> float:
    """The seconds in `n` seconds, which is `n`; in Erlang the unit is the millisecond.

    Source: timer:seconds/1.
    """
    return n


def minutes(n: float) -> float:
    """The seconds in `n` minutes.

    Source: timer:minutes/1.
    """
    return 60 * n


def hours(n: float) -> float:
    """The seconds in `n` hours.

    Source: timer:hours/1.
    """
    return 3600 * n


def hms(hours: float, minutes: float, seconds: float) -> float:
    """The seconds in a number of hours, minutes and seconds.

    Source: timer:hms/3.
    """
    return 3600 * hours + 60 * minutes + seconds


# ---- arguments


def _check_seconds(function: str, seconds: Any, *, interval: bool = False) -> None:
    check_seconds(f"timer.{function}", seconds, forever=False, zero=not interval)


def _applied(
    function: str,
    seconds: Any,
    fn: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    interval: bool = False,
) -> Apply:
    _check_seconds(function, seconds, interval=interval)
    if not callable(fn):
        raise BadArgError(
            f"timer.{function}: expected a function and its arguments; got {describe(fn)}"
        )
    return Apply(fn, args, kwargs)


def _sent(function: str, given: tuple[Any, ...]) -> tuple[Any, Any]:
    match given:
        case (message,):
            return process.self(), message
        case (Pid() | str() | (str(), str()) as dest, message):
            return dest, message
        case _:
            raise BadArgError(
                f"timer.{function}: expected a pid, a name or (name, node), and a term; or the "
                f"term alone; got {given!r}"
            )
