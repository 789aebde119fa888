"""Priority messages: they come before the others in a mailbox, if the receiver has allowed that.

The receiver makes a priority alias and gives it to processes that it trusts. Urgent messages
through it come before all ordinary messages, and after the urgent ones that are already there. A
program that does not use them pays nothing.

Source: the Erlang Reference Manual, "Priority Messages" (OTP 28).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .mailbox import deliver
from .states import WAIT_SCAN

if TYPE_CHECKING:
    from collections import deque

    from beamish.terms import Ref

    from .process import Process

__all__ = ["Urgent", "allow", "deliver_first"]


class Urgent:
    """What a process has for priority messages.

    Attributes:
        aliases: the aliases through which they may come.
        queued: those that were in the mailbox when the last one came.
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
        deliver(proc, message)  # it tries the newest message only; the others keep their order
        return
    before = len(proc.mailbox) if proc.mailbox else 0
    deliver(proc, message)  # to one that waits for it, or behind the others
    mailbox = proc.mailbox
    if not mailbox or len(mailbox) == before or mailbox[-1] is not message:
        return  # it was taken
    if len(mailbox) == 1:
        urgent.queued = [message]
        return
    del mailbox[len(mailbox) - 1]
    queued = urgent.queued = [one for one in urgent.queued if _is_among(one, mailbox)]
    # References skip what was there before them by its place: let none skip this.
    proc.removed += len(mailbox)
    mailbox.insert(len(queued), message)
    queued.append(message)


def _is_among(one: Any, messages: deque[Any]) -> bool:
    return any(message is one for message in messages)
