"""How a process speaks to a server: call, cast, reply.

Path of a call: call -> behaviour.request -> the server's ``answer`` (steps.py) -> behaviour.reply.
An idle server is handed the call and answers in its caller's turn; a busy one finds it in its
mailbox.

A call watches the server and gives it, as the address of its answer, a reference that takes one
message and then is an address no more (``reply_demonitor``). So a call ends at once when its
server dies, and an answer that comes after the time-out is dropped before it reaches the mailbox.
A call that is answered at once needs neither monitor nor address (runtime/handing.py).

Source: stdlib, gen_server(3) (OTP 25 manual).
"""

from __future__ import annotations

from typing import Any

from beamish import behaviour, process
from beamish.otp import proc_lib
from beamish.otp.gen import GEN_CALL, GEN_CAST, Caller, Dest, answer, whereis
from beamish.terms import NOPROC, NORMAL, Atom, BadArgError, Pid, ProcessExit, Ref
from beamish.terms.errors import CallCycleError
from beamish.terms.reasons import CALL_CYCLE, CALLING_SELF, NODEDOWN
from beamish.terms.words import CALL, GEN_SERVER, TIMEOUT

__all__ = ["call", "cast", "reply", "stop"]


async def call(dest: Dest, request: Any, timeout: float | None = 5.0) -> Any:
    """Sends a request to a server and waits for its reply.

    Args:
        dest: a pid, a registered name, ``(name, node)`` or ``("via", registry, key)``.
        request: any term; it is what ``handle_call`` gets.
        timeout: seconds to wait, or None for ever; 5.0 as in OTP.

    Returns:
        The reply.

    Exits:
        With ``(reason, ("gen_server", "call", (dest, request)))``, to be caught with ``except
        ProcessExit as e: e.reason``, where the reason is ``noproc`` if there is no such process,
        ``timeout``, ``calling_self``, ``("call_cycle", cycle)`` if the server waits, directly or
        over others, for an answer of the caller, or the server's exit reason if it ends meanwhile.
        A reply that comes later is never seen.

    Example:
        >>> await gen_server.call("counter", "value", timeout=1.0)
        5

    Source: gen_server:call/3.
    """
    if dest.__class__ is Pid:
        pid: Any = dest
    else:
        pid = whereis(dest)
        if not isinstance(pid, Pid):
            raise _failed(NOPROC if pid is None else (NODEDOWN, Atom(pid[1])), dest, request)
    try:
        message = await behaviour.request(pid, GEN_CALL, request, timeout)
    except TimeoutError:
        raise _failed(TIMEOUT, dest, request) from None
    except CallCycleError as error:
        alone = pid is process.self()
        raise _failed(CALLING_SELF if alone else (CALL_CYCLE, error.cycle), dest, request) from None
    if message.__class__ is tuple:
        return message[1]
    raise _failed(message[4], dest, request)


def _failed(reason: Any, dest: Dest, request: Any) -> ProcessExit:
    return ProcessExit((reason, (GEN_SERVER, CALL, (dest, request))))


def cast(dest: Dest, request: Any) -> None:
    """Sends a request to a server and does not wait; never fails.

    Args:
        dest: a pid, a registered name, ``(name, node)`` or ``("via", registry, key)``. If there is
            no such process the request is dropped.
        request: any term; it is what ``handle_cast`` gets.

    Source: gen_server:cast/2.
    """
    pid = dest if dest.__class__ is Pid else whereis(dest)
    if pid is not None:
        process.send(pid, (GEN_CAST, request))


def reply(caller: Caller, value: Any) -> None:
    """Answers a call whose ``handle_call`` returned NoReply; from any process.

    Args:
        caller: what handle_call was given.
        value: the reply. It is dropped if the caller does not wait any more.

    Source: gen_server:reply/2.
    """
    if not _is_caller(caller):
        raise BadArgError(
            "gen_server.reply: expected the `caller` that handle_call was given, and a value; "
            f"got {caller!r} ({type(caller).__name__})"
        )
    answer(caller, value)


def _is_caller(caller: Any) -> bool:
    match caller:
        case (Pid(), Ref()):
            return True
        case _:
            return False


async def stop(dest: Dest, reason: Any = NORMAL, timeout: float | None = None) -> None:
    """Stops a server and waits until it is gone.

    Args:
        dest: a pid, name or via tuple.
        reason: its ``terminate`` gets it, and it exits with it; ``normal`` by default.
        timeout: seconds to wait, or None for ever (the default, as in OTP).

    Exits:
        ``noproc`` if there is no such server, ``timeout`` if it is not gone in time, the server's
        own reason if it ended with another.

    Source: gen_server:stop/3.
    """
    await proc_lib.stop(dest, reason, timeout)
