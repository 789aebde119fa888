"""The client's side of sys: what can be asked of a process and done to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, Literal, cast

from beamish.otp.gen import NOT_GIVEN, Dest, GivenTimeout, as_given, call
from beamish.terms import Atom, BadArgError
from beamish.terms.errors import ProcessError, describe
from beamish.terms.numbers import is_whole
from beamish.terms.words import OK, SYS, TERMINATE, is_word

from .debugging import Debug, DebugFunction, Event, Statistics, install_spec
from .special import (
    SYSTEM,
    Special,
    Status,
    debug_options,
    get_log,
    handle_debug,
    handle_system_msg,
    print_log,
)

__all__ = [
    "SYSTEM",
    "Debug",
    "DebugFunction",
    "Event",
    "Special",
    "Statistics",
    "Status",
    "change_code",
    "debug_options",
    "get_log",
    "get_state",
    "get_status",
    "handle_debug",
    "handle_system_msg",
    "install",
    "log",
    "log_to_file",
    "no_debug",
    "print_log",
    "remove",
    "replace_state",
    "resume",
    "statistics",
    "suspend",
    "terminate",
    "trace",
]

_CHANGE_CODE: Final = Atom("change_code")
_DEBUG: Final = Atom("debug")


# ---- state


async def get_state(dest: Dest, timeout: GivenTimeout = NOT_GIVEN) -> Any:
    """The state of a process.

    Args:
        dest: a pid, name or via tuple.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.

    Returns:
        A dict of the attributes of a GenServer, the value of an Agent, or what the
        ``system_get_state`` of another process returns.

    Raises:
        ProcessError: that function raised; the reason is ``("callback_failed", function,
            exception)``.
        CallError: ``(reason, ("sys", "get_state", (dest,)))``, or ``(dest, timeout)`` if a time-out
            was given; reasons as ``gen_server.call``.

    Example:
        >>> await sys.get_state(agent)
        {'milk': 3}

    Source: sys:get_state/2.
    """
    return await _ask(dest, Atom("get_state"), timeout)


async def replace_state(
    dest: Dest, fn: Callable[[Any], Any], timeout: GivenTimeout = NOT_GIVEN
) -> Any:
    """Makes what a function returns the state of a process.

    Args:
        dest: a pid, name or via tuple.
        fn: called in the process with the state; returns the new one. If it raises, the state
            stays.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.

    Returns:
        The new state.

    Raises:
        ProcessError: the function raised; the reason is ``("callback_failed", ..., exception)``.

    Source: sys:replace_state/3.
    """
    request = (Atom("replace_state"), _checked("replace_state", fn))
    return await _ask(dest, request, timeout)


async def get_status(dest: Dest, timeout: GivenTimeout = NOT_GIVEN) -> Status:
    """All there is to know about a process; its state as its ``format_status`` shows it.

    Source: sys:get_status/2.
    """
    return cast("Status", await _ask(dest, Atom("get_status"), timeout))


# ---- control


async def suspend(dest: Dest, timeout: GivenTimeout = NOT_GIVEN) -> None:
    """Makes a process handle nothing but system messages until `resume`.

    Source: sys:suspend/2.
    """
    await _ask(dest, Atom("suspend"), timeout)


async def resume(dest: Dest, timeout: GivenTimeout = NOT_GIVEN) -> None:
    """Lets a suspended process go on; messages that came meanwhile are in its mailbox.

    Source: sys:resume/2.
    """
    await _ask(dest, Atom("resume"), timeout)


async def terminate(dest: Dest, reason: Any, timeout: GivenTimeout = NOT_GIVEN) -> None:
    """Tells a process to clean up and exit; returns when it has received that.

    Args:
        dest: a pid, name or via tuple.
        reason: what it exits with.
        timeout: seconds to wait, or None forever (the default, as in OTP).

    Source: sys:terminate/3.
    """
    request = (TERMINATE, reason)
    await _ask(dest, request, timeout, TERMINATE, (reason,), default=None)


async def change_code(
    dest: Dest, module: Any, old_vsn: Any, extra: Any, timeout: GivenTimeout = NOT_GIVEN
) -> None:
    """Tells a suspended process to take its state over into new code: its ``code_change``.

    Args:
        dest: a pid, name or via tuple.
        module: the new class of a GenServer, which its instance gets; other processes do what they
            like with it.
        old_vsn: the version before, as the callback understands it.
        extra: whatever else the callback needs to know.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.

    Raises:
        ProcessError: the process is not suspended (``("unknown_system_msg", ...)``), or its
            callback raised (``("EXIT", exception)``).

    Source: sys:change_code/5.
    """
    args = (module, old_vsn, extra)
    await _ask(dest, (_CHANGE_CODE, *args), timeout, _CHANGE_CODE, args)


# ---- looking on


async def trace(dest: Dest, flag: bool, timeout: GivenTimeout = NOT_GIVEN) -> None:
    """Prints what a process does to standard output, or stops that.

    Source: sys:trace/3.
    """
    _check_flag("trace", flag, isinstance(flag, bool), "True or False")
    await _debug(dest, "trace", flag, timeout)


async def log(
    dest: Dest,
    flag: bool | int | tuple[Literal[True], int] | Literal["get", "print"],
    timeout: GivenTimeout = NOT_GIVEN,
) -> list[Event] | None:
    """Keeps the last events of a process.

    Args:
        dest: a pid, name or via tuple.
        flag: True keeps the last 10, a number (or ``(True, number)``) that many, False none;
            ``"get"`` returns them, ``"print"`` prints them in the process.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.

    Returns:
        With ``"get"`` the events, oldest first; otherwise None.

    Source: sys:log/3.
    """
    what: Any = flag[1] if isinstance(flag, tuple) and flag[:1] == (True,) else flag
    fits = (
        isinstance(what, bool)
        or is_whole(what, 1)
        or is_word(what, "get")
        or is_word(what, "print")
    )
    _check_flag("log", flag, fits, "True, a number > 0, False, 'get' or 'print'")
    return cast("list[Event] | None", await _debug(dest, "log", flag, timeout, what))


async def log_to_file(
    dest: Dest, path: str | os.PathLike[str] | Literal[False], timeout: GivenTimeout = NOT_GIVEN
) -> None:
    """Writes each event of a process to a file, which is emptied first; False closes it.

    Raises:
        OSError: the file cannot be opened.

    Source: sys:log_to_file/3.
    """
    fits = path is False or isinstance(path, str | os.PathLike)
    _check_flag("log_to_file", path, fits, "a path, or False to close the file")
    where = None if path is False else os.fspath(path)
    await _debug(dest, "log_to_file", path, timeout, where)


async def statistics(
    dest: Dest, flag: bool | Literal["get"], timeout: GivenTimeout = NOT_GIVEN
) -> Statistics | Literal["no_statistics"] | None:
    """Counts what a process receives and sends.

    Args:
        dest: a pid, name or via tuple.
        flag: True begins to count, False ends it, ``"get"`` returns the counts.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.

    Returns:
        With ``"get"`` the Statistics, or ``"no_statistics"`` if nothing is counted.

    Source: sys:statistics/3.
    """
    fits = isinstance(flag, bool) or flag == "get"
    _check_flag("statistics", flag, fits, "True, False or 'get'")
    return cast("Statistics | None", await _debug(dest, "statistics", flag, timeout))


async def install(
    dest: Dest,
    spec: tuple[DebugFunction, Any] | tuple[Any, DebugFunction, Any],
    timeout: GivenTimeout = NOT_GIVEN,
) -> None:
    """Adds a function that is called for every event of a process.

    Args:
        dest: a pid, name or via tuple.
        spec: ``(function, state)`` or ``(id, function, state)``. The function gets its state,
            the event and the process' name, in the process. It returns its next state, or
            ``"done"`` to be removed; it is also removed if it raises. An id has one function.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.

    Example:
        >>> await sys.install(pid, (lambda n, event, name: print(n, event) or n + 1, 0))

    Source: sys:install/3.
    """
    install_spec(spec)
    await _debug(dest, "install", spec, timeout)


async def remove(dest: Dest, function: Any, timeout: GivenTimeout = NOT_GIVEN) -> None:
    """Removes a function that `install` has added, by its id or by itself.

    Source: sys:remove/3.
    """
    await _debug(dest, "remove", function, timeout)


async def no_debug(dest: Dest, timeout: GivenTimeout = NOT_GIVEN) -> None:
    """Switches all of this off.

    Source: sys:no_debug/2.
    """
    await _ask(dest, (_DEBUG, Atom("no_debug")), timeout)


def _check_flag(function: str, given: object, fits: bool, expected: str) -> None:
    if not fits:
        raise BadArgError(f"sys.{function}: expected {expected}; got {describe(given)}")


def _checked(function: str, fn: Any) -> Any:
    _check_flag(function, fn, callable(fn), "a function of the state")
    return fn


# ---- asking


async def _debug(
    dest: Dest, function: str, given: Any, timeout: GivenTimeout, meant: Any = NOT_GIVEN
) -> Any:
    """Changes what is switched on; `meant` is what is sent for the given argument."""
    name = Atom(function)
    request = (_DEBUG, (name, given if meant is NOT_GIVEN else meant))
    return await _ask(dest, request, timeout, name, (given,))


async def _ask(
    dest: Dest,
    request: Any,
    timeout: GivenTimeout,
    function: Any = None,
    args: tuple[Any, ...] = (),
    *,
    default: float | None = 5.0,
) -> Any:
    """Sends a system message and waits for its result.

    An error shows the function as sys(3) has it: the request itself if none is named.
    """
    shown = request if function is None else function
    called = (SYS, shown, (dest, *args, *as_given(timeout)))
    seconds = default if timeout is NOT_GIVEN else timeout
    kind, value = await call(dest, request, seconds, SYSTEM, called)
    if kind != OK:
        raise _failure(value)
    return value


def _failure(reason: Any) -> Exception:
    """The exception to raise here for what went wrong there."""
    if isinstance(reason, Exception):
        return reason
    error = ProcessError(reason)
    if isinstance(reason, tuple) and isinstance(reason[-1], Exception):
        error.__cause__ = reason[-1]
    return error
