"""What the controller of a scenario and its actors say to each other.

Types of their own, so that no message of a scenario can be taken for one of these, and so that
they are easily left out of what a mailbox is said to hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from beamish.terms import Pid

from .terms import JSON

__all__ = [
    "Ack",
    "Blocked",
    "Born",
    "Command",
    "Done",
    "Event",
    "Letter",
    "Noted",
    "Sync",
    "Synced",
    "TimerIsOver",
    "TimerWasStarted",
    "Woke",
]


class Letter:
    """From the controller to an actor."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Command(Letter):
    """Run these operations."""

    operations: list[JSON]


@dataclass(frozen=True, slots=True, eq=False)
class Sync(Letter):
    """Answer, whatever you wait for."""

    round: int


@dataclass(frozen=True, slots=True, eq=False)
class Ack(Letter):
    """Your new-born is watched."""


class Event:
    """From an actor to the controller."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Born(Event):
    """An actor spawned another."""

    name: str
    pid: Pid
    parent: Pid


@dataclass(frozen=True, slots=True, eq=False)
class Noted(Event):
    """An operation gave this result."""

    actor: str
    result: JSON


@dataclass(frozen=True, slots=True, eq=False)
class Done(Event):
    """An actor went through all its operations."""

    actor: str


@dataclass(frozen=True, slots=True, eq=False)
class Blocked(Event):
    """An actor waits in ``await``."""

    actor: str


@dataclass(frozen=True, slots=True, eq=False)
class Woke(Event):
    """An actor's ``await`` is over."""

    actor: str


@dataclass(frozen=True, slots=True, eq=False)
class TimerWasStarted(Event):
    """An actor starts a timer of no time at all."""


@dataclass(frozen=True, slots=True, eq=False)
class TimerIsOver(Event):
    """The controller's own timer, started after those of the actors, is over."""


@dataclass(frozen=True, slots=True, eq=False)
class Synced(Event):
    """The answer to a Sync."""

    pid: Pid
    round: int
