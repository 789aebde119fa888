"""Finds what a test has left behind in the OS process.

Recorded before a test and compared after it: open files and sockets, child processes, threads,
signal handlers and interval timers, unfinished asyncio Tasks, parked greenlets, the node, and
asyncio's complaints. Each leak is a line of text; `sweep` removes what would spoil the tests that
follow.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, Final, TypeVar

from greenlet import greenlet

from beamish.runtime.here import here
from beamish.runtime.stopping import close

__all__ = ["LeakError", "Surroundings", "sweep"]

T = TypeVar("T")

# Real seconds that something about to go (a thread that ends, a child that exits) may take. They
# pass only in a test that fails.
_PATIENCE: Final = 5.0
_TIMERS: Final = {
    "ITIMER_REAL": signal.ITIMER_REAL,
    "ITIMER_VIRTUAL": signal.ITIMER_VIRTUAL,
    "ITIMER_PROF": signal.ITIMER_PROF,
}


class LeakError(AssertionError):
    """A test has left something behind.

    Attributes:
        leaks: each in words.
    """

    def __init__(self, leaks: list[str]) -> None:
        super().__init__("the test has left behind:\n" + "\n".join(leaks))
        self.leaks = leaks


class Surroundings:
    """What must be the same before and after a test.

    Example:
        >>> before = Surroundings()
        >>> beamish.run(main)
        >>> before.leaks()
        []
    """

    def __init__(self) -> None:
        self._files = _open_files()
        self._children = _children()
        self._threads = set(threading.enumerate())
        self._handlers = _signal_handlers()
        self._objects = {id(thing) for thing in _unfinished()}
        self._complaints = _Complaints()

    def leaks(self, *, failed: bool = False, abandons: bool = False) -> list[str]:
        """What is left that was not there before, in words.

        Args:
            failed: the test itself has failed: objects that its traceback keeps alive do not count.
            abandons: it had a process that the node had to abandon, whose greenlet stays.
        """
        self._complaints.close()
        gc.collect()  # forgotten objects complain now: "was never retrieved", "unclosed"
        found = [f"asyncio complained: {text}" for text in self._complaints.texts]
        if here.node is not None or here.process is not None:
            found.append(f"a node still runs: {here.node!r}, in {here.process!r}")
        found += _changed_handlers(self._handlers, _signal_handlers())
        found += [f"the timer {name} runs" for name in _running_timers()]
        found += [f"a thread: {thread}" for thread in self._new_threads()]
        found += [f"a child process: {pid}" for pid in self._new_children()]
        if not failed:
            found += [f"an open file: {name}" for name in self._new_files()]
            left = [thing for thing in _unfinished() if id(thing) not in self._objects]
            found += [repr(one) for one in left if not (abandons and type(one) is greenlet)]
        return found

    def _new_threads(self) -> list[threading.Thread]:
        for thread in set(threading.enumerate()) - self._threads:
            thread.join(_PATIENCE)
        return [one for one in set(threading.enumerate()) - self._threads if one.is_alive()]

    def _new_children(self) -> list[int]:
        return _unless_it_goes_away(lambda: sorted(_children() - self._children))

    def _new_files(self) -> list[str]:
        before = self._files
        return _unless_it_goes_away(
            lambda: [name for number, name in _open_files().items() if before.get(number) != name]
        )


def _unless_it_goes_away(look: Callable[[], list[T]]) -> list[T]:
    """What is left after a while: a pool of processes closes its pipes late."""
    end = time.monotonic() + _PATIENCE
    while (found := look()) and time.monotonic() < end:
        time.sleep(0.01)
        gc.collect()
    return found


def sweep() -> None:
    """Removes what a failed test has left, so that the next one starts clean."""
    node = here.node
    if node is not None:
        close(node)
    for timer in _TIMERS.values():
        signal.setitimer(timer, 0)


class _Complaints(logging.Handler):
    """Collects what asyncio reports as an error: exceptions and Tasks that nobody looked at."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []
        logging.getLogger("asyncio").addHandler(self)

    def close(self) -> None:
        logging.getLogger("asyncio").removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


_LIBRARY: Final = re.compile(r"\.so(\.\d+)*$")


def _open_files() -> dict[int, str]:
    """Each open file by its number, except the one that lists them, and multiprocessing's own.

    And libraries: libffi keeps itself open from the first use of ctypes on (an import of NumPy).
    """
    found: dict[int, str] = {}
    tracker: int | None = getattr(resource_tracker, "_resource_tracker")._fd  # noqa: B009
    for entry in Path("/dev/fd").iterdir():
        try:
            found[int(entry.name)] = str(entry.readlink())
        except OSError:
            pass  # the listing's own, closed by now
    found.pop(-1 if tracker is None else tracker, None)
    return {number: name for number, name in found.items() if _LIBRARY.search(name) is None}


def _children() -> set[int]:
    """The child processes, if the system lists them, except multiprocessing's own."""
    tracker: int | None = getattr(resource_tracker, "_resource_tracker")._pid  # noqa: B009
    found: set[int] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            found |= {int(word) for word in listing.read_text().split()}
        except OSError:
            pass  # of a thread that has just ended
    return found - {tracker}


def _signal_handlers() -> dict[str, Any]:
    found: dict[str, Any] = {
        number.name: signal.getsignal(number)
        for number in signal.valid_signals()
        if isinstance(number, signal.Signals)
    }
    found["wakeup fd"] = wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    return found


def _changed_handlers(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name, handler in after.items():
        if handler != before[name]:
            yield f"the handler of {name}: it was {before[name]!r}, it is {handler!r}"


def _running_timers() -> list[str]:
    return [name for name, timer in _TIMERS.items() if signal.getitimer(timer) != (0.0, 0.0)]


def _unfinished() -> list[object]:
    """Tasks that are not done, and greenlets left behind in the middle of their code."""
    return [thing for thing in gc.get_objects() if _is_unfinished(thing)]


def _is_unfinished(thing: object) -> bool:
    if type(thing) is greenlet:
        return bool(thing) and thing.parent is not None and thing is not greenlet.getcurrent()
    return type(thing) is asyncio.Task and not thing.done()
