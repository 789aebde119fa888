"""What the callbacks of an event handler may return besides a plain value.

Source: stdlib, gen_event(3), the callback functions (OTP 25 manual).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

if TYPE_CHECKING:
    from .handler import GenEventHandler

__all__ = ["HandlerId", "RemoveHandler", "SwapHandler"]

HandlerId: TypeAlias = "type[GenEventHandler] | tuple[type[GenEventHandler], Any]"
"""A handler, by its class, or ``(class, id)`` where there are several of one class."""


@final
@dataclass(frozen=True, slots=True)
class RemoveHandler:
    """Takes the handler out: ``terminate("remove_handler")`` runs, and it is gone.

    Args:
        reply: from handle_call, the reply.
    """

    reply: Any = None


@final
@dataclass(frozen=True, slots=True)
class SwapHandler:
    """Replaces this handler by another.

    ``terminate(args)`` of this one runs, then ``init((new_args, result))`` of the other, where
    `result` is what terminate returned. So the first can hand over to the second.

    Args:
        args: for this one's terminate.
        handler: the other one.
        new_args: for the other one's init.
        reply: from handle_call, the reply.
    """

    args: Any
    handler: HandlerId
    new_args: Any = None
    reply: Any = None
