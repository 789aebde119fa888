"""The journal of deaths: who ended whom, as far as that can be told afterwards.

Written in the fewest steps, for a death must cost next to nothing: whoever sends an exit signal
that decides an end appends ``(pid, reason, sender, is_link)``; a process that ends by itself, other
than normally, appends ``(pid, reason, None, False)``; and a process that acts on account of
another's end, such as a supervisor that stops the siblings, appends ``(pid, culprit)`` before it
does, and ``(pid, None)`` when it has. Who wants to know puts that together.

A process that ends normally is no entry: nobody asks why, and a node may have a million of them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final, Literal, final

from beamish.terms import Pid, format_exit, to_erlang

from .here import here

__all__ = ["SIZE", "Death", "Why", "new_journal", "note", "plain", "why"]

SIZE: Final = 1000  # entries

# A death: (pid, reason, sender or None, whether through a link); a note: (pid, culprit or None).
Entry = tuple[Any, ...]


@final
@dataclass(frozen=True, slots=True)
class Death:
    """One death.

    Attributes:
        pid: who died.
        reason: the exit reason.
        how: ``"itself"``: it raised, or called exit; ``"link"``: a linked process ended;
            ``"signal"``: an exit signal was sent to it.
        by: who that was; None if it ended by itself.
        because: on account of whose end `by`, or the process itself, acted; None if nobody said so.
    """

    pid: Pid
    reason: Any
    how: Literal["itself", "link", "signal"]
    by: Pid | None = None
    because: Pid | None = None

    def __str__(self) -> str:
        if self.how == "link":
            how = f"was linked to {self.by!r}, which ended"
        elif self.how == "signal":
            how = f"was sent an exit signal by {_who(self.by)}"
        else:
            how = "ended by itself"
        return f"{self.pid!r} {how}: {format_exit(self.reason)}"


@final
class Why(tuple[Death, ...]):
    """How a process ended, and what led to that: the asked one's death first, the root cause last.

    Printed, each death has a line of its own.
    """

    __slots__ = ()

    @property
    def root(self) -> Death:
        """The first cause that is known."""
        return self[-1]

    def __str__(self) -> str:
        return "\n  because ".join(map(str, self))


def _who(pid: Pid | None) -> str:
    """A pid, and what its process is called if it lives."""
    proc = pid._process if pid is not None else None
    rare = proc.rare if proc is not None else None
    called = (rare is not None and rare.name) or (proc is not None and proc.label())
    return f"{pid!r} ({called})" if called else repr(pid)


def new_journal() -> deque[Entry]:
    """An empty journal, which forgets the oldest entry when it is full."""
    return deque(maxlen=SIZE)


def plain(reason: Any) -> Any:
    """A reason as an entry may hold it: no exception with a traceback, which keeps frames alive.

    That of a process has been replaced by plain data before; that of an adopted Task has not, and
    asyncio's warning of an exception that nobody asks for comes when nobody holds it any more.
    """
    if isinstance(reason, BaseException) and reason.__traceback__ is not None:
        return to_erlang(reason)
    return reason


def note(pid: Pid, culprit: Pid | None) -> None:
    """What this process does from here on is a consequence of that one's end; None: no more."""
    here.journal.append((pid, culprit))


def why(pid: Pid) -> Why | None:
    """What the journal knows of a death; None if nothing."""
    entries = list(here.journal)
    places = _places(entries)
    found: list[Death] = []
    seen: set[Pid] = set()
    next_one: Pid | None = pid
    while next_one in places and next_one not in seen:
        seen.add(next_one)
        place = places[next_one]
        _, reason, by, is_link = entries[place]
        if is_link:
            found.append(Death(next_one, reason, "link", by))
            next_one = by
            continue
        because = _note_before(entries, place, by or next_one)
        how: Literal["itself", "signal"] = "itself" if by in (None, next_one) else "signal"
        found.append(Death(next_one, reason, how, by if how == "signal" else None, because))
        next_one = because
    return Why(found) if found else None


def _places(entries: list[Entry]) -> dict[Pid, int]:
    """Where each process' death stands.

    The first signal decides; a process that has ended by itself all the same, before the signal
    reached it, has said so later.
    """
    places: dict[Pid, int] = {}
    for place, entry in enumerate(entries):
        if len(entry) == 4 and (entry[2] is None or entry[0] not in places):
            places[entry[0]] = place
    return places


def _note_before(entries: list[Entry], place: int, pid: Pid) -> Pid | None:
    """On whose account this process acted then."""
    for entry in reversed(entries[:place]):
        if len(entry) == 2 and entry[0] is pid:
            culprit: Pid | None = entry[1]
            return culprit
    return None
