"""Handlers that write from a thread of their own: no process waits for whoever reads the log.

    node's thread                         thread of the handler
    emit: words, then a bounded queue --> write

As long as the writer keeps up, `emit` waits until the record is written, so that it is in its place
among what the program prints. A writer that cannot go on, because nobody reads the pipe or the disk
hangs, is waited for once and for a moment only; then it fills the queue. The process that finds
that full waits for a moment again. From then on records are dropped and counted, until there is
room; then one record says how many.

Source: kernel, logger chapter, "Protecting the Handler from Overload" (OTP 25 manual).
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import queue
import threading
import time
import weakref
from typing import Any, Final

from beamish.terms.careful import print_error
from beamish.terms.printable import MESSAGE_LIMIT, cut
from beamish.terms.stderr import write

__all__ = ["StderrHandler", "ThreadedHandler"]

_PATIENCE: Final = 0.05  # seconds that a process waits for a writer that may only be behind
_PAUSE: Final = 0.001


class ThreadedHandler(logging.Handler):
    """Hands records to another handler in a thread of its own, through a bounded queue.

    A record is put into words where it is logged; the other handler gets it with its message and
    the text of its exception, without the exception itself. Where no thread can be had, and in a
    forked child, it writes where it is called.

    Args:
        target: the handler that writes; this one's level and filters decide what it gets.
        drop_mode_qlen: the records that wait at most; others are dropped and counted.
        stop_time: seconds that `flush` and `close` wait at most for those that wait.

    Example:
        >>> handler = ThreadedHandler(logging.FileHandler("shop.log"))
        >>> logging.getLogger().addHandler(handler)

    Source: kernel, logger_std_h(3), ``drop_mode_qlen`` and ``sync_mode_qlen``.
    """

    def __init__(
        self,
        target: logging.Handler | None = None,
        *,
        drop_mode_qlen: int = 1000,
        stop_time: float = 1.0,
    ) -> None:
        super().__init__()
        self.target = target
        self.drop_mode_qlen = drop_mode_qlen
        self.stop_time = stop_time
        self.dropped = 0
        """How many records were dropped so far."""
        self._may_have_thread = True
        self._begin()
        _living.add(self)

    def _begin(self) -> None:
        # A SimpleQueue, because a signal handler may log while the same thread is in `put`.
        self._queue: queue.SimpleQueue[logging.LogRecord | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._caught_up = threading.Event()
        self._behind = False
        self._dropping = False
        self._stuck = False
        self._told = self.dropped
        self._put = self._done = 0
        self._hopeless_at = -1  # what was written when flush had waited in vain
        self._end: float | None = None  # when to give up; while a thread works, only at the end

    # ---- where records come from

    @property
    def is_full(self) -> bool:
        """Whether a record would be dropped; so nobody needs to put a report into words."""
        if self._dropping and self._queue.qsize() <= self.drop_mode_qlen // 2:
            self._dropping = False
        return self._dropping

    def count_dropped(self, count: int = 1) -> None:
        """Counts records that are not written; most of them were not even made."""
        self.dropped += count

    def emit(self, record: logging.LogRecord) -> None:
        """Puts a record into words, and queues it."""
        try:
            if self.is_full or not self._has_room():
                self.count_dropped(_reports_of(record))
            elif self._has_thread():
                self._hand_over(self.prepare(record))
            else:
                self._end = time.monotonic() + (0.0 if self._stuck else self.stop_time)
                self._write(self.prepare(record))
        except Exception:  # noqa: BLE001 - as every handler of logging
            self.handleError(record)

    def _hand_over(self, record: logging.LogRecord) -> None:
        self._caught_up.clear()
        self._put += 1
        self._queue.put(record)
        if not self._behind:
            self._behind = not self._caught_up.wait(_PATIENCE)

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """A copy of a record that has text instead of objects."""
        plain = copy.copy(record)
        plain.msg, plain.args = record.getMessage(), None
        if record.exc_info and not record.exc_text:
            plain.exc_text = self._formatter_of_target().formatException(record.exc_info)
        plain.exc_info = None
        metadata: dict[str, Any] | None = getattr(record, "metadata", None)
        if metadata:
            plain.__dict__["metadata"] = {key: str(value) for key, value in metadata.items()}
        return plain

    def _formatter_of_target(self) -> logging.Formatter:
        formatter = self.formatter if self.target is None else self.target.formatter
        return formatter or logging.Formatter()

    def _has_room(self) -> bool:
        end = None
        while self._queue.qsize() >= self.drop_mode_qlen:
            now = time.monotonic()
            end = now + _PATIENCE if end is None else end
            if now >= end:
                self._dropping = True
                return False
            time.sleep(_PAUSE)
        return True

    def _has_thread(self) -> bool:
        if self._thread is None and self._may_have_thread:
            thread = threading.Thread(target=self._work, name="beamish.log", daemon=True)
            try:
                thread.start()
            except (RuntimeError, MemoryError):
                self._may_have_thread = False
            else:
                self._thread = thread
        return self._thread is not None

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Shows the error that is being handled on stderr, as far as that takes it now."""
        if logging.raiseExceptions:
            print_error()

    # ---- the thread

    def _work(self) -> None:
        while (record := self._queue.get()) is not None:
            with contextlib.suppress(Exception):
                self._write(record)
            self._done += 1
            if self._queue.empty():
                self._behind = False
                self._caught_up.set()
        with contextlib.suppress(Exception):
            self._tell_dropped()

    def _write(self, record: logging.LogRecord) -> None:
        self._stuck = not self.write(record)
        if self._stuck:
            self.count_dropped(_reports_of(record))
        elif self._queue.qsize() <= self.drop_mode_qlen // 2:
            self._tell_dropped()

    def _tell_dropped(self) -> None:
        count = self.dropped - self._told
        if count and self.write(_told_of(count)):
            self._told += count

    def write(self, record: logging.LogRecord) -> bool:
        """Writes a record, in whatever thread it is called; returns whether that was possible."""
        if self.target is not None and record.levelno >= self.target.level:
            self.target.handle(record)
        return True

    def gives_up(self) -> bool:
        """Whether to wait no longer for the reader of the log."""
        return self._end is not None and time.monotonic() > self._end

    # ---- the end

    def flush(self) -> None:
        """Waits until all is written, but not for long."""
        if self._thread is None or self._hopeless_at == self._done:
            return
        end = time.monotonic() + self.stop_time
        while self._done < self._put:
            if time.monotonic() > end:
                self._hopeless_at = self._done
                return
            time.sleep(_PAUSE)

    def close(self) -> None:
        """Writes what waits, as long as `stop_time` permits, and ends the thread."""
        thread, self._may_have_thread = self._thread, False
        if thread is not None:
            self.flush()
            self._end = time.monotonic()
            self._queue.put(None)
            thread.join(2 * _PATIENCE)
            self._begin()
        super().close()

    def begin_in_child(self) -> None:
        """A forked child has no thread, and must not write what its parent will."""
        self._may_have_thread = False
        self._begin()


class StderrHandler(ThreadedHandler):
    """Writes to standard error from a thread of its own; records are cut at 16,000 characters.

    It survives a standard error that nobody reads or that is closed, and a full disk.
    """

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """As for every ThreadedHandler, and cut."""
        plain = super().prepare(record)
        plain.msg = cut(plain.msg, MESSAGE_LIMIT)
        return plain

    def write(self, record: logging.LogRecord) -> bool:
        """Writes a line, or several."""
        return write(f"{self.format(record)}\n", self.gives_up)


def _reports_of(record: logging.LogRecord) -> int:
    """What a record stands for: one that says how many reports were left out, for all of them."""
    left_out: Any = getattr(record, "left_out", 1)
    return left_out if type(left_out) is int else 1


def _told_of(count: int) -> logging.LogRecord:
    """The record about those that were dropped."""
    told = logging.makeLogRecord(
        {
            "name": "beamish",
            "levelno": logging.WARNING,
            "levelname": logging.getLevelName(logging.WARNING),
            "msg": f"{count} log records were dropped: they came faster than they could be written",
        }
    )
    told.__dict__.update(report="dropped", beamish={"dropped": count})
    return told


_living: Final[weakref.WeakSet[ThreadedHandler]] = weakref.WeakSet()


def _begin_in_child() -> None:
    for handler in [*_living]:
        handler.begin_in_child()


os.register_at_fork(after_in_child=_begin_in_child)
