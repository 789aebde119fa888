"""How a process speaks to a server: call and reply; cast and stop are those of every behaviour.

Path of a call: call -> gen.call -> behaviour.request -> the server's ``answer`` (steps.py) ->
behaviour.reply. An idle server is handed the call and replies in its caller's turn; a busy one
finds it in its mailbox.

Source: stdlib, gen_server(3) (OTP 25 manual).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

from beamish import behaviour
from beamish.otp.gen import GEN_CALL, NOT_GIVEN, Called, Caller, CallTimeout, Dest
from beamish.otp.gen import call as gen_call
from beamish.terms import BadArgError, Pid, Ref
from beamish.terms.words import CALL, GEN_SERVER

__all__ = ["call", "reply"]

_CALLED: Final[Called] = (GEN_SERVER, CALL, None)


# It is not a coroutine function but returns gen.call's coroutine: one frame less in each call.
def call(dest: Dest, request: Any, timeout: CallTimeout = NOT_GIVEN) -> Coroutine[Any, Any, Any]:
    """Sends a request to a server and waits for its reply.

    This is the function; ``beamish.otp.call`` is the decorator that makes a method a call.

    Args:
        dest: a pid, a registered name, ``(name, node)`` or ``("via", registry, key)``.
        request: any term; it is what ``handle_call`` gets.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.

    Returns:
        The reply.

    Exits:
        With ``(reason, ("gen_server", "call", (dest, request)))``, or ``(dest, request, timeout)``
        if a time-out was given, to be caught with ``except ProcessExit as e: e.reason``. The reason
        is ``noproc`` if there is no such process, ``timeout``, ``calling_self``, ``("call_cycle",
        cycle)`` if the server waits, directly or through others, for a reply of the caller, or the
        server's exit reason if it ends before it replies. A reply that comes later is never seen.

    Example:
        >>> await gen_server.call("counter", "value", timeout=1.0)
        5

    Source: gen_server:call/2, /3.
    """
    return gen_call(dest, GEN_CALL, request, timeout, _CALLED)


def reply(caller: Caller, value: Any) -> None:
    """Replies to a call whose ``handle_call`` returned NoReply; from any process.

    Args:
        caller: what handle_call was given.
        value: the reply. It is dropped if the caller no longer waits.

    Source: gen_server:reply/2.
    """
    if not _is_caller(caller):
        raise BadArgError(
            "gen_server.reply: expected the `caller` that handle_call was given, and a value; "
            f"got {caller!r} ({type(caller).__name__})"
        )
    behaviour.reply(caller, value)


def _is_caller(caller: Any) -> bool:
    match caller:
        case (Pid(), Ref()):
            return True
        case _:
            return False
