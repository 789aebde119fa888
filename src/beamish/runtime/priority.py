"""Priority messages: they come before the others of a mailbox, if the receiver has allowed that.

The receiver makes a priority alias and gives it to those whom it trusts; what they send through it
as urgent is put before all ordinary messages, after the urgent ones that are there already. Nothing
of this is paid for where it is not used.

Source: the Erlang Reference Manual, "Priority Messages" (OTP 28).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from .mailbox import deliver
from .states import WAIT_SCAN

if TYPE_CHECKING:
    from beamish.terms import Ref

    from .process import Process

__all__ = ["Urgent", "allow", "deliver_first"]


class Urgent:
    """What a process has for priority messages.

    Attributes:
        aliases: through which they may come.
        queued: those that lay in the mailbox when the last one came.
    """

    __slots__ = ("aliases", "queued")

    def __init__(self) -> None:
        self.aliases: set[Ref] = set()
        self.queued: list[Any] = []


def allow(proc: Process, alias: Ref) -> None:
    """Lets priority messages come through an alias."""
    rare = proc.ensure_rare()
    if rare.urgent is None:
        rare.urgent = Urgent()
    rare.urgent.aliases.add(alias)


def deliver_first(proc: Process, alias: Ref, message: Any) -> None:
    """Delivers a message before the ordinary ones, if it comes through a priority alias."""
    urgent = proc.rare.urgent if proc.rare is not None else None
    if urgent is None or alias not in urgent.aliases:
        deliver(proc, message)
        return
    if proc.state == WAIT_SCAN:
        deliver(proc, message)  # it looks at what comes last; the order is kept among the rest
        return
    others, proc.mailbox = proc.mailbox, None
    deliver(proc, message)  # to one that waits for it, or as the only one of an empty mailbox
    taken: deque[Any] | None = proc.mailbox
    if not taken:
        proc.mailbox = others
        return
    if not others:
        urgent.queued = [message]
        return
    queued = urgent.queued = [one for one in urgent.queued if _is_among(one, others)]
    others.insert(len(queued), message)
    queued.append(message)
    proc.mailbox = others
    # References skip what was there before them by its place: let none skip this.
    proc.removed += len(others)


def _is_among(one: Any, messages: deque[Any]) -> bool:
    return any(message is one for message in messages)
