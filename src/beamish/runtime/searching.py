"""Finding in a mailbox what a receive takes: the oldest message that matches.

What it guarantees: messages that are taken in their order are found in the same time however many
lie behind them, for no more are looked at, or copied, than have to be.

A trap: to test a message may run the user's code, its ``__eq__`` or a predicate. That may send to
this very process, take messages out of its mailbox, or end it. So after each test everything is as
it was, or is looked at anew.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, final

from .deep_mailbox import DEEP, MISSING, DeepMailbox, tag_of
from .outside import Sentinel
from .patterns import AnyOf, has_predicate, mark_of
from .shapes import first_to_scan, key_of, new_shape, shapes
from .states import WAIT_ANY, WAIT_MATCH, WAIT_SCAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .process import Process

__all__ = ["LOOK_AGAIN", "Wanted", "find", "messages_from", "take", "take_out"]

LOOK_AGAIN: Final = Sentinel()  # none matches


@final
class Wanted:
    """What receive() waits for.

    Attributes:
        patterns: what was asked for.
        test: tells whether one of them takes a message.
        mark: how many messages had arrived before the first that can be taken.
        wait: in which state it is waited for: who tests the messages that come.
    """

    __slots__ = ("mark", "patterns", "test", "wait")

    test: Callable[[Any], bool] | None

    def __init__(self, proc: Process, patterns: tuple[Any, ...]) -> None:
        self.patterns = patterns
        self.mark = 0
        if not patterns:
            self.test = None
            self.wait = WAIT_ANY
            return
        pattern = patterns[0]
        key = key_of(pattern)
        shape = (shapes.get(key) or new_shape(key, pattern)) if len(patterns) == 1 else None
        if shape is not None:
            self.test = MethodType(shape.test, pattern)
            self.mark = first_to_scan(shape, pattern, proc.pid)
            self.wait = WAIT_MATCH
        else:
            self.test = AnyOf(patterns)
            self.mark = min(mark_of(pattern, proc.pid) for pattern in patterns)
            self.wait = WAIT_SCAN if has_predicate(patterns) else WAIT_MATCH


def find(proc: Process, test: MethodType, first: Any, mark: int) -> Any:
    """`take` of what one plain pattern takes, from its mark on, and not the very first."""
    mailbox = proc.mailbox
    if not mailbox:
        return LOOK_AGAIN
    start = max(mark - proc.removed, 1 if mailbox[0] is first else 0)
    behind = len(mailbox) - start
    if behind <= 0:
        return LOOK_AGAIN
    if behind > DEEP:
        return _take_deep(proc, (test.__self__,), test, start)
    if mailbox.__class__ is DeepMailbox and behind < DEEP // 2:
        proc.mailbox = deque(mailbox)  # it has become shallow
    return _take_first(proc, test, start)


def take(proc: Process, wanted: Wanted, start: int) -> Any:
    """Takes the first message from `start` on that matches; LOOK_AGAIN if there is none."""
    mailbox = proc.mailbox
    if not mailbox or start >= len(mailbox):
        return LOOK_AGAIN
    test = wanted.test
    if test is None:
        proc.removed += 1
        proc.value = message = mailbox.popleft()
        return message
    if len(mailbox) - start <= DEEP:
        return _take_first(proc, test, start)
    if wanted.wait == WAIT_MATCH:
        return _take_deep(proc, wanted.patterns, test, start)
    if start > max(0, wanted.mark - proc.removed):
        return _take_first(proc, test, start)  # what was looked at is not looked at again
    removed = proc.removed
    message = _take_deep(proc, wanted.patterns, test, start, messages_from)
    if message is LOOK_AGAIN and proc.removed != removed:
        return _take_first(proc, test, 0)  # a predicate has taken some out, and some were missed
    return message


def _take_deep(
    proc: Process,
    patterns: tuple[Any, ...],
    test: Callable[[Any], bool],
    start: int,
    walk: Callable[[deque[Any]], Iterable[Any]] = iter,
) -> Any:
    """The same in a mailbox that may be passed over deeply: see deep_mailbox.py."""
    tags = [tag_of(pattern) for pattern in patterns]
    if None in tags:
        return _take_first(proc, test, start)
    if not isinstance(proc.mailbox, DeepMailbox):
        message = _take_first(proc, test, start, DEEP)
        if message is not LOOK_AGAIN or not proc.mailbox:
            return message
        proc.mailbox = DeepMailbox(proc.mailbox)
    # Messages before the start cannot match either.
    try:
        message = proc.mailbox.take(tags, test, walk)
    except RuntimeError:
        # The test has changed the mailbox. If a predicate has raised this, it will again.
        return _take_first(proc, test, start)
    if message is MISSING:
        return LOOK_AGAIN
    proc.removed += 1
    proc.value = message
    return message


def _take_first(
    proc: Process, test: Callable[[Any], bool], start: int, most: int | None = None
) -> Any:
    """The same by looking at the messages one after the other; with `most`, at so many."""
    removed, mailbox = proc.removed, proc.mailbox
    if not mailbox:
        return LOOK_AGAIN
    index = start
    for message in islice(messages_from(mailbox, start), most):
        if test(message):
            proc.value = message
            if index < len(mailbox) and mailbox[index] is message:
                proc.removed += 1
                del mailbox[index]
            else:
                take_out(proc, message)
            return message
        index += 1
    if proc.removed == removed:
        return LOOK_AGAIN
    # Some were taken out meanwhile by the code of the test, and the next ones passed over.
    return _take_first(proc, test, max(0, start - (proc.removed - removed)), most)


def take_out(proc: Process, message: Any) -> None:
    """Takes a message out that is no longer where it was, if it is still there."""
    mailbox = proc.mailbox or deque()
    for index, other in enumerate(mailbox):
        if other is message:
            proc.removed += 1
            del mailbox[index]
            return


_FEW: Final = 64  # messages


def messages_from(mailbox: deque[Any], start: int = 0) -> Iterator[Any]:
    """The messages from an index on, oldest first; the mailbox may be changed meanwhile.

    The first few one by one, then in copied portions, ever bigger ones: to copy what is behind
    the one that is taken would cost at every receive, and so would walking over what is before.
    """
    index = start
    while index < len(mailbox):
        if index < start + _FEW:
            yield mailbox[index]
            index += 1
        else:
            portion = _portion(mailbox, index, 7 * (index - start))
            yield from portion
            index += len(portion)


def _portion(mailbox: deque[Any], start: int, size: int) -> list[Any]:
    """A copy of so many messages from an index on."""
    behind = len(mailbox) - start
    if behind >= start:
        return list(islice(mailbox, start, start + size))
    portion = list(islice(reversed(mailbox), max(0, behind - size), behind))
    portion.reverse()
    return portion
