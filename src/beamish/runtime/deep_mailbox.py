"""A mailbox in which very many messages are passed over: selective receive by look-ups.

A process that waits for ``("reply", ...)`` behind 10,000 other messages would look through all
of them at each receive. So a mailbox that was passed over deeply becomes a `DeepMailbox`: the same
deque, and beside it the messages by the first element of their tuples. A mailbox that is not deep
pays nothing for it; in a deep one each message costs an entry as it comes and goes.

What it guarantees: the message taken is the oldest one that matches, as in a walk from the front,
and the user's code is run by comparisons alone, as there. For that, only elements of which a dict
says the same as a pattern are looked up (str, Atom and int by value, pids and references by
identity). Everything else that might match a tuple is walked over each time: tuples that begin with
``True`` or ``1.0``, which are equal to 1, and objects that only their own code could tell.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from heapq import merge
from typing import TYPE_CHECKING, Any, Final, final

from beamish.terms.atom import Atom
from beamish.terms.identity import MonitorRef, Pid, Ref, TimerRef
from beamish.terms.messages import Down, Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["DEEP", "MISSING", "DeepMailbox", "tag_of"]

DEEP: Final = 64  # so many messages are walked over before a mailbox is indexed
MISSING: Final = object()

_Entry = tuple[int, Any]  # the number of a message, and the message

_TUPLES: Final = frozenset({tuple, Down, Exit})
_TAGS: Final = frozenset({str, Atom, int, Pid, Ref, MonitorRef, TimerRef})
_NO_TUPLES: Final = _TAGS | {float, bytes, bool, type(None), list, dict, set}
_OTHERS: Final = None  # the tag of whatever else might match a tuple


def tag_of(pattern: Any) -> Any:
    """What a pattern is looked up by: its first element; None where that cannot be."""
    tag: Any = pattern[0] if pattern.__class__ is tuple and pattern else None
    return tag if type(tag) in _TAGS else None


@final
class DeepMailbox(deque[Any]):
    """A deque of messages that can be asked for the oldest with a certain first element.

    What the runtime does with a mailbox often (append, popleft, del) keeps the index; the rest
    drops it, and the next `take` makes it anew.
    """

    # Messages are numbered by age. Where one stands is told by its number, less the older ones
    # that have gone: so many from the front, and these from the middle.
    __slots__ = ("_front", "_gone", "_next", "_tags")

    def __init__(self, messages: Iterable[Any]) -> None:
        super().__init__(messages)
        self._tags: dict[Any, deque[_Entry]] | None = None
        self._next = self._front = 0
        self._gone: list[int] = []  # sorted

    def take(self, tags: Iterable[Any], test: Callable[[Any], bool]) -> Any:
        """Takes out the oldest message with one of the tags that passes the test, or MISSING."""
        index = self._index()
        found = [index[tag] for tag in {_OTHERS, *tags} if tag in index]
        for number, message in found[0] if len(found) == 1 else merge(*found):
            if test(message):
                del self[number - self._front - bisect_left(self._gone, number)]
                return message
        return MISSING

    def _index(self) -> dict[Any, deque[_Entry]]:
        tags = self._tags
        # Places are told quickly as long as not too many have gone from the middle.
        if tags is None or len(self._gone) > DEEP + len(self):
            tags = self._tags = {}
            self._front, self._next = 0, len(self)
            self._gone.clear()
            for number, message in enumerate(self):
                _add(tags, number, message)
        return tags

    def append(self, message: Any, /) -> None:
        """A message comes."""
        super().append(message)
        if self._tags is not None:
            _add(self._tags, self._next, message)
            self._next += 1

    def popleft(self) -> Any:
        """Takes the oldest."""
        message = self[0]
        del self[0]
        return message

    def __delitem__(self, place: Any, /) -> None:
        """Takes out the message at a place, counted from the front."""
        tags = self._tags
        if tags is not None:
            number = self._number_of(place)
            _remove(tags, number, self[place])
            if place == len(self) - 1:
                # Its number, and those of any that were behind it, are free again.
                del self._gone[bisect_left(self._gone, number) :]
                self._next = number
            elif place == 0:
                self._front += 1
            else:
                insort(self._gone, number)
        super().__delitem__(place)
        if not self:
            self._tags = None  # what comes now is not deep

    def _number_of(self, place: int) -> int:
        number = place + self._front
        for gone in self._gone:
            if gone > number:
                break
            number += 1
        return number

    def insert(self, place: int, message: Any, /) -> None:
        """Puts a message between others."""
        self._tags = None
        super().insert(place, message)

    def extend(self, messages: Iterable[Any], /) -> None:
        """Many messages come."""
        self._tags = None
        super().extend(messages)

    def clear(self) -> None:
        """Takes them all out."""
        self._tags = None
        super().clear()


def _add(tags: dict[Any, deque[_Entry]], number: int, message: Any) -> None:
    tag = _place(message)
    if tag is MISSING:
        return
    entries = tags.get(tag)
    if entries is None:
        tags[tag] = deque(((number, message),))
    else:
        entries.append((number, message))


def _remove(tags: dict[Any, deque[_Entry]], number: int, message: Any) -> None:
    tag = _place(message)
    if tag is MISSING:
        return
    entries = tags[tag]
    del entries[bisect_left(entries, (number,))]
    if not entries:
        del tags[tag]


def _place(message: Any) -> Any:
    """Under which tag a message stands; MISSING where no tuple can match it."""
    kind: Any = type(message)  # not __class__, which may be a property of the user's
    if kind in _TUPLES:
        if not message:
            return MISSING
        return message[0] if type(message[0]) in _TAGS else _OTHERS
    return MISSING if kind in _NO_TUPLES else _OTHERS
