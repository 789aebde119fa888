"""How a process speaks to another: ask it and wait for the reply, tell it something, stop it.

The client functions of every behaviour are a few lines over these. A call monitors the process and
sends a reference as the address of the reply, which takes one message and no more. So a call ends
at once when its process dies, and a reply that comes after the time-out is dropped before it
reaches the mailbox. Every failure of a call is made by :func:`failed`.

Path of a call: gen_server.call, which is gen.call -> behaviour.request -> the server's loop.

Source: stdlib, gen.erl's ``call`` and ``stop`` as gen_server(3) describes them (OTP 25 manual).
"""

from __future__ import annotations

import enum
from typing import Any, Final, Literal, TypeAlias

from beamish import behaviour, process
from beamish.behaviour import at_home
from beamish.behaviour import request as ask
from beamish.terms import Atom, CallError, CallTimeout, Pid
from beamish.terms.careful import elements, is_a, same
from beamish.terms.errors import CallCycleError
from beamish.terms.numbers import check_seconds
from beamish.terms.reasons import CALL_CYCLE, CALLING_SELF, NODEDOWN, NOPROC, NORMAL
from beamish.terms.words import CALL, GEN_SERVER, INFINITY, SYS, SYSTEM, TERMINATE, TIMEOUT

from .names import Dest, check_dest, whereis
from .protocol import GEN_CALL, GEN_CAST

__all__ = [
    "LATE",
    "NOT_GIVEN",
    "Called",
    "GivenTimeout",
    "NotGiven",
    "as_given",
    "call",
    "cast",
    "failed",
    "no_process",
    "stop",
    "stop_as",
]


class NotGiven(enum.Enum):
    """The default of a time-out: an exit reason shows the time-out only if the caller gave one."""

    NOT_GIVEN = enum.auto()

    def __repr__(self) -> str:
        return self.name


NOT_GIVEN: Final[Literal[NotGiven.NOT_GIVEN]] = NotGiven.NOT_GIVEN

# Seconds to wait; None: forever; NOT_GIVEN: the function's default, 5.0 unless it says otherwise.
GivenTimeout: TypeAlias = float | NotGiven | None

# The function that a user called, as an exit reason shows it: its module, its name, and its
# arguments. None for these: the dest, the request and the time-out that was given.
Called: TypeAlias = tuple[str, Any, tuple[Any, ...] | None]


# What the exit reason of a failed ``gen_server.call`` shows.
_GEN_SERVER_CALL: Final[Called] = (GEN_SERVER, CALL, None)


# It is gen_server.call, the most frequent of all calls: a function of gen_server's that calls this
# one would cost 5 % of a round trip.
async def call(
    dest: Dest,
    request: Any,
    timeout: GivenTimeout = NOT_GIVEN,
    tag: Any = GEN_CALL,
    called: Called | None = _GEN_SERVER_CALL,
) -> Any:
    """Sends a request to a server and waits for its reply.

    This is the function; ``beamish.otp.call`` is the decorator that makes a method a call.

    Args:
        dest: a pid, a registered name, ``(name, node)`` or ``("via", registry, key)``.
        request: any term; it is what ``handle_call`` gets.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.
        tag: for behaviours of your own: the first element of the message ``(tag, (self, ref),
            request)``, by which a process knows a request.
        called: for behaviours of your own: which function the user called, for the exit reason;
            None shows none.

    Returns:
        The reply.

    Raises:
        CallError: there is no reply. Its reason is ``(reason, ("gen_server", "call", (dest,
            request)))``, or ``(dest, request, timeout)`` if a time-out was given, and that of a
            process that does not catch it. The inner reason is ``noproc`` if there is no such
            process, ``("nodedown", node)``, ``timeout``, ``calling_self``, ``("call_cycle",
            cycle)`` if the server waits, directly or through others, for a reply of the caller, or
            the server's exit reason if it ends before it replies.
        CallTimeout: no reply came in time; it is a CallError. A reply that comes later is never
            seen.

    Example:
        >>> await gen_server.call("counter", "value", timeout=1.0)
        5

    Source: gen_server:call/2, /3; gen:call/4.
    """
    pid: Any = dest
    if dest.__class__ is not Pid:
        behaviour.check_thread()
        pid = whereis(dest)
        if not isinstance(pid, Pid):
            raise failed(no_process(pid), dest, request, timeout, called)
    try:
        message = await ask(pid, tag, request, 5.0 if timeout is NOT_GIVEN else timeout)
    except TimeoutError:
        reason: Any = LATE
    except CallCycleError as error:
        reason = CALLING_SELF if pid is process.self() else (CALL_CYCLE, error.cycle)
    else:
        if message.__class__ is tuple:
            return message[1]
        reason = message[4]  # of its Down
    raise failed(reason, dest, request, timeout, called, pid)


def cast(dest: Dest, request: Any) -> None:
    """Sends a request to a server or state machine and does not wait; never fails.

    This is the function; ``beamish.otp.cast`` is the decorator that makes a method a cast.

    Args:
        dest: a pid, a registered name, ``(name, node)`` or ``("via", registry, key)``. If there is
            no such process the request is dropped.
        request: any term; it is what ``handle_cast`` gets, or the content of the event ``"cast"``.

    Works from any thread; there a name is looked up when the node's thread comes to it.

    Source: gen_server:cast/2, gen_statem:cast/2.
    """
    pid: Any = dest
    if dest.__class__ is not Pid:
        if not at_home():
            check_dest(dest)
            behaviour.elsewhere(cast, dest, request)
            return
        pid = whereis(dest)
    if pid is not None:
        process.send(pid, (GEN_CAST, request))


# ---- how a call fails


class _Late(enum.Enum):
    """Why a call has failed: its time was up. The exit reason of the callee may be any term."""

    LATE = enum.auto()


LATE: Final[Literal[_Late.LATE]] = _Late.LATE


def failed(
    reason: Any,
    dest: Dest | None,
    request: Any,
    timeout: GivenTimeout = NOT_GIVEN,
    called: Called | None = None,
    callee: Pid | None = None,
) -> CallError:
    """Makes what a call raises when it fails; nothing else does.

    Args:
        reason: why there is no reply; LATE if none came in time.
        dest: the process that was asked; None if it was not a process.
        request: what it was asked.
        timeout: seconds that the caller would have waited, or None forever, as it was given.
        called: the function that the user called.
        callee: the process that `dest` names, if there is one.

    Returns:
        An error with ``(reason, (module, function, args))``, or with the reason alone if the
        function is not shown.
    """
    if reason is LATE:
        late = CallTimeout(_shown(TIMEOUT, dest, request, timeout, called), dest, request)
        late.callee = None if callee is None else behaviour.doing(callee)
        return late
    error = CallError(_shown(reason, dest, request, timeout, called), dest, request)
    cause = _exception_in(reason)
    if cause is not None:
        error.__cause__ = cause
    return error


def _shown(reason: Any, dest: Any, request: Any, timeout: Any, called: Called | None) -> Any:
    if called is None:
        return reason
    module, function, args = called
    args = (dest, request, *as_given(timeout)) if args is None else args
    return (reason, (module, function, args))


def _exception_in(reason: Any) -> BaseException | None:
    """The exception that a process has died of, also where that came through failed calls."""
    while not is_a(reason, BaseException):
        parts = elements(reason)
        if len(parts) != 2 or len(elements(parts[1])) != 3:
            return None
        reason = parts[0]
    return reason


def as_given(timeout: Any) -> tuple[Any, ...]:
    """The time-out as an argument of the call that failed; none if the caller gave none."""
    if timeout is NOT_GIVEN:
        return ()
    return (INFINITY if timeout is None else timeout,)


def no_process(found: tuple[str, str] | None) -> Any:
    """Why there is nobody to ask, given what `whereis` found instead of a pid."""
    return NOPROC if found is None else (NODEDOWN, Atom(found[1]))


# ---- stopping


async def stop(dest: Dest, reason: Any = NORMAL, timeout: float | None = None) -> None:
    """Asks a behaviour's process to terminate, and waits until it is gone.

    Args:
        dest: a pid, name or via tuple.
        reason: its ``terminate`` gets it, and it exits with it; ``normal`` by default.
        timeout: seconds to wait, or None forever (the default, as in OTP).

    Raises:
        CallError: ``noproc`` if there is no such process, or the process' own reason if it ended
            with another.
        CallTimeout: it is not gone in time; it will still terminate.

    Source: proc_lib:stop/3, gen_server:stop/3, gen_statem:stop/3, gen_event:stop/3.
    """
    await stop_as(None, dest, reason, timeout)


async def stop_as(called: Called | None, dest: Dest, reason: Any, timeout: float | None) -> None:
    """Does what :func:`stop` does; an error shows the function that the user called."""
    check_seconds("stop: timeout", timeout)
    me = process.self()
    pid = whereis(dest)
    if not isinstance(pid, Pid):
        raise failed(no_process(pid), dest, None, called=called)
    if pid is me:
        terminate = (SYS, TERMINATE, (me, reason, *as_given(timeout)))
        raise failed(CALLING_SELF, dest, None, called=terminate if called is None else called)
    ref = process.monitor(pid)
    process.send(pid, (SYSTEM, (me, process.make_ref()), (TERMINATE, reason)))
    try:
        ended = (await behaviour.receive_reply(ref, timeout))[4]
    except TimeoutError:
        process.demonitor(ref, flush=True)
        ended = LATE
    if not same(ended, reason):
        raise failed(ended, dest, None, called=called, callee=pid)
