"""How a server replies later than it returns; call, cast and stop are those of every behaviour.

Path of a call: gen.call -> behaviour.request -> the server's ``answer`` (steps.py) ->
behaviour.reply. An idle server is handed the call and replies in its caller's turn; a busy one
finds it in its mailbox.

Source: stdlib, gen_server(3) (OTP 25 manual).
"""

from __future__ import annotations

from typing import Any

from beamish import behaviour
from beamish.otp.gen import Caller
from beamish.terms import BadArgError, Pid, Ref

__all__ = ["reply"]


def reply(caller: Caller, value: Any) -> None:
    """Replies to a call whose ``handle_call`` returned NoReply; from any process or thread.

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
