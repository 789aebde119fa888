"""The journal of deaths: who ended whom.

A death must cost next to nothing, so an entry is a single append. The sender of an exit signal that
decides an end appends ``(pid, reason, sender, is_link)``. A process that ends by itself, but not
normally, appends ``(pid, reason, None, False, where)``. A process that acts because of another's
end, such as a supervisor that stops the siblings, appends ``(pid, culprit)`` before it acts, and
``(pid, None)`` afterwards. `why` puts the entries together when somebody asks.

A normal end has no entry: nobody asks why, and a node may have a million of them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from textwrap import indent
from typing import Any, Final, Literal, final

from beamish.terms import Atom, Pid, format_exit, to_erlang
from beamish.terms.careful import class_name, is_a, show, traceback_of
from beamish.terms.ends import exit_in
from beamish.terms.tracebacks import lines_of

from .brief import brief
from .here import here
from .reports import who

__all__ = ["SHORT", "SIZE", "Death", "Why", "new_journal", "note", "plain", "where_in", "why"]

SIZE: Final = 1000  # entries
SHORT: Final = 200  # characters of a word that is kept without a look at its size

# A death: (pid, reason, sender or None, whether through a link), and where, if it ended by itself;
# a note: (pid, culprit or None).
Entry = tuple[Any, ...]


@final
@dataclass(frozen=True, slots=True, repr=False)
class Death:
    """One death.

    Attributes:
        pid: the process that died.
        reason: the exit reason; a short form of one that takes more than 32 KB.
        how: ``"itself"``: it raised, or called exit; ``"link"``: a linked process ended;
            ``"signal"``: an exit signal was sent to it.
        by: the linked process, or the sender; None if it ended by itself.
        because: the process because of whose end `by`, or the dead process, acted; None if unknown.
        where: the lines of its code in which it raised, one a line as in a traceback, the last call
            last; None if it did not raise, or called exit.
    """

    pid: Pid
    reason: Any
    how: Literal["itself", "link", "signal"]
    by: Pid | None = None
    because: Pid | None = None
    where: str | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return (
            f"Death(pid={self.pid!r}, reason={show(self.reason)}, how={self.how!r}, "
            f"by={self.by!r}, because={self.because!r}, where={self.where!r})"
        )

    def __str__(self) -> str:
        if self.how == "link":
            how = f"was linked to {self.by!r}, which ended"
        elif self.how == "signal":
            how = f"was sent an exit signal by {_who(self.by)}"
        else:
            how = "ended by itself"
        lines = "" if self.where is None else "\n" + indent(self.where, "    ")
        return f"{self.pid!r} {how}: {show(self.reason, format_exit)}{lines}"


@final
class Why(tuple[Death, ...]):
    """How a process ended, and what led to that: its own death first, the root cause last.

    When printed, each death has its own line, and those below it say where it was.
    """

    __slots__ = ()

    @property
    def root(self) -> Death:
        """The first known cause."""
        return self[-1]

    def __str__(self) -> str:
        return "\n  because ".join(map(str, self))


def _who(pid: Pid | None) -> str:
    """A pid, with the name or label of its process if that is alive."""
    proc = pid._process if pid is not None else None
    return repr(pid) if proc is None else who(proc)


def new_journal() -> deque[Entry]:
    """An empty journal, which forgets the oldest entry when it is full."""
    return deque(maxlen=SIZE)


def plain(reason: Any) -> Any:
    """A reason as an entry keeps it: of no more than some size, and without a traceback.

    A traceback would keep frames alive. That of a process' exception has already been replaced by
    plain data. That of an adopted Task's has not; and asyncio's warning of an exception that was
    never retrieved comes only when nothing refers to it any more.
    """
    cls = type(reason)  # pyright: ignore[reportUnknownVariableType]
    if (cls is Atom or cls is str) and len(reason) <= SHORT:
        return reason  # the common case
    journal = here.journal
    if journal and journal[-1][1] is reason:
        return reason  # it goes along links, and is small
    if is_a(reason, BaseException) and traceback_of(reason) is not None:
        try:
            reason = to_erlang(reason)
        except BaseException:
            return (Atom(class_name(reason)), [])
    return brief(reason)


def where_in(error: BaseException | None) -> str | None:
    """Where a process has raised what ends it, as an entry keeps it; None if it has not."""
    if not is_a(error, Exception):
        return None
    leaf = exit_in(error)
    return lines_of(error if leaf is None else leaf)


def note(pid: Pid, culprit: Pid | None) -> None:
    """Notes that a process acts from now on because of the culprit's end; None: no longer."""
    here.journal.append((pid, culprit))


def why(pid: Pid) -> Why | None:
    """What the journal knows about a death, or None."""
    entries = list(here.journal)
    places = _places(entries)
    found: list[Death] = []
    seen: set[Pid] = set()
    next_one: Pid | None = pid
    while next_one in places and next_one not in seen:
        seen.add(next_one)
        place = places[next_one]
        _, reason, by, is_link, *more = entries[place]
        if is_link:
            found.append(Death(next_one, reason, "link", by))
            next_one = by
            continue
        because = _note_before(entries, place, by or next_one)
        how: Literal["itself", "signal"] = "itself" if by in (None, next_one) else "signal"
        by = by if how == "signal" else None
        found.append(Death(next_one, reason, how, by, because, *more))
        next_one = because
    return Why(found) if found else None


def _places(entries: list[Entry]) -> dict[Pid, int]:
    """The place of each process' death.

    The first signal decides, unless the process ended by itself before the signal reached it: it
    appends its own entry later.
    """
    places: dict[Pid, int] = {}
    for place, entry in enumerate(entries):
        if len(entry) > 2 and (entry[2] is None or entry[0] not in places):
            places[entry[0]] = place
    return places


def _note_before(entries: list[Entry], place: int, pid: Pid) -> Pid | None:
    """The process because of whose end this process acted then."""
    for entry in reversed(entries[:place]):
        if len(entry) == 2 and entry[0] is pid:
            culprit: Pid | None = entry[1]
            return culprit
    return None
