"""Sending, the mailbox, and selective receive: the hot path.

It guarantees that a message goes to the end of the receiver's mailbox at once, that ``receive``
takes the oldest message that matches and leaves the others in order, and that a message that was
tried while waiting is not tried again.

What makes it fast, each measured:

- A process that waits for any message is handed the message itself: it goes into ``value``, which
  the scheduler passes to ``coro.send``, so ``yield`` returns it in receive(). The mailbox is only
  used when a process does not wait, or waits for something else.
- A process that waits for a pattern is not woken in vain: the sender tries the pattern on the
  new message alone. Patterns that would run the user's code (predicates) are left to the
  receiver, so that an error in them is the receiver's.
- A pattern with a reference skips the messages that came before the reference was made.

A trap: comparing a message may run the user's code, its ``__eq__`` for example. That cannot fail
(patterns.py), but it may send to this same process, empty its mailbox, or end it. So after each
comparison either everything is as it was, or the process looks again.
"""

from __future__ import annotations

from collections import deque
from types import MethodType, coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from beamish.terms import Down, Pid, ProcessExit
from beamish.terms.numbers import LONGEST, check_seconds

from .asyncio_task import take_cancellation
from .destinations import check_destination, destination
from .here import current, enqueue, here, running_node
from .home import at_home
from .inbox import elsewhere
from .outside import Sentinel, wait_outside
from .searching import LOOK_AGAIN, Wanted, find, messages_from, take, take_out
from .shapes import first_to_scan, key_of, new_shape, shapes
from .states import (
    EXIT_PENDING,
    EXITING,
    OUTSIDE,
    RUNNING,
    TICKED,
    WAIT_ANY,
    WAIT_MATCH,
    WAIT_REPLY,
    WAIT_SCAN,
    WOKEN,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from beamish.terms import Ref

    from .process import Process
    from .timers import Timer

__all__ = [
    "check",
    "check_timeout",
    "deliver",
    "flush",
    "go_on",
    "is_reply",
    "move_messages",
    "receive",
    "receive_reply",
    "send",
    "time_out",
    "waiting_messages",
]

T = TypeVar("T")

_TIMED_OUT: Final = Sentinel()


def send(dest: Any, message: T) -> T:
    """Sends a message, and returns it at once.

    The message itself is passed, not a copy: do not change it after sending. Messages from one
    process to another arrive in the order in which they were sent. A message to a dead process,
    or to a ``(name, node)`` that is not registered, is dropped.

    Args:
        dest: a Pid, a registered name, ``(name, node)``, a Ref that is an alias, or a behaviour's
            ``("via", module, name)``.

    Raises:
        BadArgError: the name is not registered, or `dest` is none of these.

    Source: erlang:send/2.
    """
    if not at_home():
        check_destination(dest)
        elsewhere(send, dest, message)
        return message
    if dest.__class__ is Pid:
        proc = dest._process
        if proc is None:
            return message
    else:
        # The look-up of a registered name, inlined; destination() refuses what cannot be hashed.
        named = dest.__class__ is str or isinstance(dest, str)
        proc = here.names.get(dest) if named else None
        if proc is None:
            proc = destination(dest)
            if proc is None:
                return message
    state = proc.state
    if state == WAIT_ANY:
        here.push(proc)
        proc.state = WOKEN
        proc.value = message
    elif state >= WOKEN:  # it does not wait: deliver(), inlined
        if state < EXIT_PENDING:
            mailbox = proc.mailbox
            if mailbox is None:
                proc.mailbox = deque((message,))
            else:
                mailbox.append(message)
    else:
        deliver(proc, message)
    if here.due:
        here.rest()
    return message


def deliver(proc: Process, message: Any) -> None:
    """Puts a message into a process' mailbox, or hands it over if it waits for it."""
    state = proc.state
    if state < WOKEN:
        if state == WAIT_MATCH:
            try:
                taken = proc.pattern(message)
            except BaseException:  # Ctrl-C, for example: let the receiver look for itself
                if proc.state == WAIT_MATCH:
                    proc.state = WAIT_SCAN
                deliver(proc, message)
                raise
            if proc.state != WAIT_MATCH:  # the comparison has sent to it, or has ended it
                deliver(proc, message)
                return
        elif state == WAIT_ANY:
            here.push(proc)
            proc.state = WOKEN
            proc.value = message
            return
        else:
            taken = state == WAIT_REPLY and is_reply(proc.pattern, message)
        if taken:
            here.push(proc)
            # Its pattern is no longer needed; info() shows where the message came in.
            proc.pattern = len(proc.mailbox) if proc.mailbox else 0
            proc.state = WOKEN
            proc.value = message
            return
    elif state >= EXIT_PENDING:
        return
    mailbox = proc.mailbox
    if mailbox is None:
        mailbox = proc.mailbox = deque()
    mailbox.append(message)
    if proc.state == WAIT_SCAN:
        _look_again(proc)


def _look_again(proc: Process) -> None:
    proc.state = RUNNING
    proc.value = LOOK_AGAIN
    enqueue(proc)


@coroutine
def receive(*patterns: Any, timeout: float | None = None) -> Generator[Any, Any, Any]:
    """Takes the oldest message that matches one of the patterns, and leaves the others.

    ``message = await receive()`` takes the next message, whatever it is.

    Args:
        patterns: each a value (equality; None, True and False by identity), ``...`` (anything), a
            type (isinstance), a tuple, list or dict of patterns (a dict may have more keys), or
            a predicate.
        timeout: seconds to wait; None for forever; 0 looks at the mailbox without waiting.

    Raises:
        TimeoutError: no match came in time. A message that does not match does not restart the
            clock.

    A pattern that holds a Ref made by this process skips the messages that are older than
    the Ref, so a call costs the same with 100,000 messages waiting.

    Example:
        >>> async def main():
        ...     ref = make_ref()
        ...     send(self(), "noise"), send(self(), (ref, 42))
        ...     return (await receive((ref, int)))[1]
        >>> beamish.run(main)
        42

    Source: the Erlang Reference Manual, "Receive".
    """
    proc = (at_home() and here.process) or current()
    if timeout is not None or proc.state > RUNNING:
        return (yield from _receive(proc, patterns, timeout))
    mailbox = proc.mailbox
    if not patterns:
        if mailbox:
            proc.removed += 1
            proc.value = message = mailbox.popleft()
            return message
        proc.state = WAIT_ANY
        proc.value = None
        return (yield)
    if len(patterns) != 1:
        return (yield from _receive(proc, patterns, None))
    pattern = patterns[0]
    key = key_of(pattern)
    shape = shapes.get(key) or new_shape(key, pattern)
    if shape is None:
        return (yield from _receive(proc, patterns, None))
    if mailbox:
        message = mailbox[0]
        if shape.test(pattern, message):
            proc.value = message
            if mailbox and mailbox[0] is message:
                proc.removed += 1
                del mailbox[0]
            else:
                take_out(proc, message)
            return message
        test = MethodType(shape.test, pattern)
        message = find(proc, test, message, first_to_scan(shape, pattern, proc.pid))
        if message is not LOOK_AGAIN:
            return message
        if proc.state > RUNNING:
            check(proc)
    proc.value = None
    proc.pattern = MethodType(shape.test, pattern)
    proc.state = WAIT_MATCH
    try:
        message = yield
    finally:
        proc.pattern = None
    if message is LOOK_AGAIN:  # see deliver
        message = yield from _receive(proc, patterns, None)
    return message


def _receive(
    proc: Process, patterns: tuple[Any, ...], timeout: float | None
) -> Generator[Any, Any, Any]:
    """receive() in general: several patterns, predicates, a time-out, an adopted process."""
    if proc.state > RUNNING:
        yield from go_on(proc)
    wanted = Wanted(proc, patterns) if proc.mailbox else None
    if wanted is not None:
        message = take(proc, wanted, max(0, wanted.mark - proc.removed))
        if message is not LOOK_AGAIN:
            return message
    timer = None if timeout is None else _set_timer(proc, patterns, timeout)
    wanted = wanted or Wanted(proc, patterns)
    outside = proc.state == OUTSIDE
    try:
        while True:
            if proc.state > RUNNING and not outside:
                check(proc)  # the code of a predicate has asked something of it
            seen = len(proc.mailbox) if proc.mailbox else 0
            proc.value = None
            proc.pattern = wanted.test
            proc.state = wanted.wait
            message = (yield from wait_outside(proc, message=True)) if outside else (yield)
            if message is LOOK_AGAIN:
                message = take(proc, wanted, seen)
                if message is LOOK_AGAIN and timer is not None and timer.is_over():
                    message = _TIMED_OUT  # it fired before the process could look again
            if message is _TIMED_OUT:
                raise _timed_out(patterns, timeout)
            if message is not LOOK_AGAIN:
                return message
    finally:
        proc.pattern = None
        if timer is not None:
            timer.cancel()


def _set_timer(proc: Process, patterns: tuple[Any, ...], timeout: float) -> Timer:
    check_timeout(timeout)
    if timeout == 0:
        raise _timed_out(patterns, timeout)
    return running_node().timers.call_later(timeout, time_out, proc)


def go_on(proc: Process) -> Generator[None, Any, None]:
    """Before a process waits: does what was asked of it while it ran, a yield or its end."""
    if proc.state == TICKED:
        yield  # its turn is over
        check(proc)  # a cancellation that came when it was on the queue again
    elif proc.state != OUTSIDE:
        check(proc)


def check(proc: Process) -> None:
    """Before a process waits: raises the exit or cancellation that was asked of it."""
    if proc.state == TICKED:
        proc.state = RUNNING
        error = take_cancellation(proc)
        if error is not None:
            raise error
    elif proc.state >= EXIT_PENDING:
        fate = proc.fate
        assert fate is not None
        proc.state = EXITING
        fate.thrown = True
        raise ProcessExit(fate.reason)


@coroutine
def receive_reply(ref: Ref, timeout: float | None = None) -> Generator[Any, Any, Any]:
    """Takes the reply to a request: ``(ref, reply)``, or the Down of the monitor `ref`.

    The wait of a call, in one step and without patterns. The reference is that of a monitor with
    ``alias="reply_demonitor"``, made before the request was sent.

    Args:
        ref: the reference in the request.
        timeout: seconds to wait; None for forever.

    Raises:
        TimeoutError: nothing came in time.

    Example:
        >>> async def main():
        ...     ref = make_ref()
        ...     send(self(), (ref, 42))
        ...     return await receive_reply(ref)
        >>> beamish.run(main) == (ref, 42)

    Source: gen_server:receive_response/2.
    """
    proc = (at_home() and here.process) or current()
    if proc.state > RUNNING:
        yield from go_on(proc)
        if proc.state > RUNNING:
            wait: Any = receive((ref, ...), ("DOWN", ref, ..., ..., ...), timeout=timeout)
            return (yield from cast("Generator[Any, Any, Any]", wait))
    mailbox = proc.mailbox
    if mailbox:
        start = max(0, ref._mark - proc.removed) if ref._maker is proc.pid else 0
        for index, message in enumerate(messages_from(mailbox, start), start):
            if is_reply(ref, message):
                del mailbox[index]
                proc.removed += 1
                proc.value = message
                return message
    if timeout is None:
        timer = None
    else:
        check_timeout(timeout)
        if timeout == 0:
            raise _no_reply(timeout)
        timer = running_node().timers.call_later(timeout, time_out, proc)
    proc.value = None
    proc.pattern = ref
    proc.state = WAIT_REPLY
    try:
        message = yield
    finally:
        proc.pattern = None
        if timer is not None:
            timer.cancel()
    if message is _TIMED_OUT:
        raise _no_reply(timeout)
    return message


def _no_reply(timeout: float | None) -> TimeoutError:
    return TimeoutError(f"no answer came within {timeout} s")


def is_reply(ref: Ref, message: Any) -> bool:
    """Whether a message is `(ref, reply)`, or the message of the monitor with this reference."""
    # Not message.__class__, which may be the user's code.
    cls = type(message)  # pyright: ignore[reportUnknownVariableType]
    if cls is tuple:
        size = len(message)
        return (size == 2 and message[0] is ref) or (size == 5 and message[1] is ref)
    return cls is Down and message[1] is ref


def time_out(proc: Process) -> None:
    """Ends the wait of a process whose time is up."""
    if WAIT_ANY <= proc.state <= WAIT_REPLY:
        proc.state = RUNNING
        proc.value = _TIMED_OUT
        enqueue(proc)


def _timed_out(patterns: tuple[Any, ...], timeout: float | None) -> TimeoutError:
    what = " that matches " + ", ".join(map(repr, patterns)) if patterns else ""
    return TimeoutError(f"no message{what} came within {timeout} s")


def check_timeout(timeout: Any) -> None:
    """Refuses what is not a time-out: Erlang's timeout_value."""
    if timeout is None or (timeout.__class__ is float and 0.0 <= timeout <= LONGEST):
        return
    check_seconds("timeout", timeout, LONGEST)


def flush(proc: Process) -> list[Any]:
    """Takes all messages out of a mailbox."""
    mailbox = proc.mailbox
    if not mailbox:
        return []
    messages = list(mailbox)
    proc.removed += len(messages)
    mailbox.clear()
    return messages


def waiting_messages(proc: Process) -> list[Any]:
    """The messages not yet received, oldest first, including one that is being handed over."""
    messages = list(proc.mailbox or ())
    if proc.state == WOKEN and proc is not here.process:
        messages.insert(proc.handed_at(), proc.value)
    return messages


def move_messages(source: Process, target: Process, wanted: Any) -> None:
    """Moves the messages that a predicate wants from one mailbox to the end of another."""
    mailbox = source.mailbox
    if not mailbox:
        return
    moved = [message for message in mailbox if wanted(message)]
    if moved:
        kept = [message for message in mailbox if not wanted(message)]
        source.removed += len(moved)
        mailbox.clear()
        mailbox.extend(kept)
        for message in moved:
            deliver(target, message)
