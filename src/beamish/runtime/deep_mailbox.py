"""A mailbox where very many messages are skipped: selective receive by look-ups.

A process that waits for ``("reply", ...)`` behind 10,000 other messages would look through all
of them at each receive. So a mailbox in which many messages were skipped becomes a `DeepMailbox`:
the same deque, with an index of the messages by the first element of their tuples. A mailbox that
is not deep pays nothing for it; in a deep one each message costs an entry as it comes and goes.

It guarantees that the message taken is the oldest one that matches, as in a walk from the front,
and that only comparisons run the user's code. To that end it looks up only elements for which a
dict look-up and a pattern agree (str, Atom and int by value, pids and references by identity).
All other tuples that might match are walked over each time: those that begin with ``True`` or
``1.0``, which are equal to 1, and those whose first element only its own code can compare.
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

DEEP: Final = 64  # messages that are walked over before a mailbox is indexed
MISSING: Final = object()

_Entry = tuple[int, Any]  # the number of a message, and the message

_TUPLES: Final = frozenset({tuple, Down, Exit})
_TAGS: Final = frozenset({str, Atom, int, Pid, Ref, MonitorRef, TimerRef})
_NO_TUPLES: Final = _TAGS | {float, bytes, bool, type(None), list, dict, set}
_OTHERS: Final = None  # the tag of all other messages that might match a tuple


def tag_of(pattern: Any) -> Any:
    """The key that a pattern is looked up by: its first element; None if that is not possible."""
    tag: Any = pattern[0] if pattern.__class__ is tuple and pattern else None
    return tag if type(tag) in _TAGS else None


@final
class DeepMailbox(deque[Any]):
    """A deque of messages that finds the oldest one with a certain first element.

    The frequent operations of the runtime (append, popleft, del) keep the index; the others drop
    it, and the next `take` makes a new one.
    """

    # Messages are numbered by age. The place of one is its number less the older messages that
    # have gone: a count for those from the front, a list for those from the middle.
    __slots__ = ("_front", "_gone", "_next", "_tags")

    def __init__(self, messages: Iterable[Any]) -> None:
        super().__init__(messages)
        self._tags: dict[Any, deque[_Entry]] | None = None
        self._next = self._front = 0
        self._gone: list[int] = []  # sorted

    def take(
        self,
        tags: list[Any],
        test: Callable[[Any], bool],
        walk: Callable[[deque[_Entry]], Iterable[_Entry]] = iter,
    ) -> Any:
        """Takes out the oldest message with one of the tags that passes the test, or MISSING.

        Args:
            tags: what the messages that are tested begin with.
            test: it may run the user's code.
            walk: how those with one tag are walked over.

        Raises:
            RuntimeError: the test has changed the mailbox, and some messages were not tested.
        """
        index = self._index()
        newest = self._next
        entries: Iterable[_Entry]
        if len(tags) == 1 and _OTHERS not in index:
            entries = walk(index[tags[0]]) if tags[0] in index else ()
        else:
            entries = merge(*[walk(index[tag]) for tag in {_OTHERS, *tags} if tag in index])
        for number, message in entries:
            if test(message):
                if self._tags is index:
                    self._delete(number - self._front - bisect_left(self._gone, number), number)
                else:  # the test has changed it
                    self._discard(message)
                return message
        if self._next != newest:
            raise RuntimeError("the mailbox was changed while it was searched")
        return MISSING

    def _discard(self, message: Any) -> None:
        for place, other in enumerate(self):
            if other is message:
                del self[place]
                return

    def _index(self) -> dict[Any, deque[_Entry]]:
        tags = self._tags
        # Finding a place is fast as long as not too many have gone from the middle.
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
        self._delete(place, self._number_of(place) if self._tags is not None else 0)

    def _delete(self, place: int, number: int) -> None:
        tags = self._tags
        if tags is not None:
            _remove(tags, number, self[place])
            if place == len(self) - 1:
                # Its number is free again, and those of removed messages that were behind it.
                del self._gone[bisect_left(self._gone, number) :]
                self._next = number
            elif place == 0:
                self._front += 1
            else:
                insort(self._gone, number)
        super().__delitem__(place)
        if not self:
            self._tags = None  # the mailbox is no longer deep

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
    """The tag that a message is filed under; MISSING if no pattern of a tuple can match it."""
    # Not __class__, which may be a property in the user's code.
    kind = type(message)  # pyright: ignore[reportUnknownVariableType]
    try:
        if kind in _TUPLES:
            if not message:
                return MISSING
            return message[0] if type(message[0]) in _TAGS else _OTHERS
        return MISSING if kind in _NO_TUPLES else _OTHERS
    except Exception:
        return _OTHERS  # the hash of the class is the code of its metaclass
