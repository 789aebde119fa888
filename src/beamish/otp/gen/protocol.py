"""The messages of a call and a cast, which every behaviour speaks and understands.

A call is ``("$gen_call", caller, request)``, a cast ``("$gen_cast", request)``, as OTP has them on
the wire: a process written by hand, or one of another node, can speak to any behaviour.

Source: stdlib, gen.erl's protocol as gen_server(3) and gen_statem(3) describe it (OTP 25 manual).
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from beamish import behaviour
from beamish.terms import Atom, Exit, Pid, Ref
from beamish.terms.careful import class_of, is_a

__all__ = ["GEN_CALL", "GEN_CAST", "Caller", "ends_server", "is_protocol"]

GEN_CALL: Final = Atom("$gen_call")
GEN_CAST: Final = Atom("$gen_cast")

Caller: TypeAlias = tuple[Pid, Ref]
"""Who asks, by pid and the reference of the request; ``gen_server.reply`` takes it."""


def is_protocol(message: Any) -> bool:
    """Whether this may be a system message, or a call."""
    # The callers compare it as text: whoever writes the protocol by hand need not know Atoms.
    return class_of(message) is tuple and len(message) == 3 and is_a(message[0], str)


def ends_server(message: Any, parent: Pid | None) -> bool:
    """Whether this is the exit of the parent, or of the node: the server is to end with it."""
    return class_of(message) is Exit and (message[1] is parent or message[1] is behaviour.init())
