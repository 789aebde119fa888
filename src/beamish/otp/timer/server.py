"""The process that keeps the timers of the functions of timer.

Each timer is an entry, for which one timer of the runtime wakes the server. An interval's times are
counted from its start, so that it does not drift.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from beamish import behaviour, process
from beamish.otp import proc_lib
from beamish.otp.directives import Reply
from beamish.otp.gen_server import GenServer
from beamish.terms import Pid, Ref, TimerRef
from beamish.terms.careful import is_a
from beamish.terms.numbers import LONGEST
from beamish.terms.words import by_word

__all__ = ["Apply", "Entry", "Send", "TimerServer"]


@final
@dataclass(frozen=True, slots=True)
class Send:
    """A message to send."""

    dest: Pid | str | tuple[str, str]
    message: Any

    def do(self) -> Ref | None:
        """Sends it, even if nobody gets it."""
        dest = self.dest
        if isinstance(dest, str) and process.whereis(dest) is None:
            return None
        process.send(dest, self.message)
        return None


@final
@dataclass(frozen=True, slots=True)
class Apply:
    """A function to run."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def do(self) -> Pid:
        """Runs it in a process of its own."""
        return proc_lib.spawn(self.fn, *self.args, **self.kwargs)


@final
@dataclass(slots=True)
class Entry:
    """A timer.

    Attributes:
        what: what to do when it is due.
        seconds: the time until then, or the interval.
        works_for: the process whose end ends the timer; None if it ends with none.
        repeats: whether it is an interval.
        one_at_a_time: whether a run must end before the next one starts.
        due: when it is next due, on the node's clock.
        timer: the runtime's timer; None while the server waits for a run.
        watch: the monitor of `works_for`.
        run: the monitor of the run that the server waits for.
    """

    what: Send | Apply
    seconds: float
    works_for: Any
    repeats: bool = False
    one_at_a_time: bool = False
    due: float = 0.0
    timer: TimerRef | None = None
    watch: Ref | None = None
    run: Ref | None = None


class TimerServer(GenServer):
    """The server with the name ``timer_server``."""

    def init(self) -> None:
        """Starts without timers."""
        self.entries: dict[Ref, Entry] = {}
        self.monitors: dict[Ref, Ref] = {}  # from monitors of works_for and of runs to the entry

    def handle_call(self, request: Any, caller: Any) -> Any:
        """Starts and cancels timers."""
        match by_word(request):
            case ("start", entry) if is_a(entry, Entry):
                return self._start(entry)
            case ("cancel", ref):
                self._forget(ref)
                return None
            case _:
                self._unexpected("call", request)
                return Reply(("error", "badarg"))

    def handle_cast(self, request: Any) -> None:
        """Logs the cast; there are none."""
        self._unexpected("cast", request)

    def handle_info(self, message: Any) -> None:
        """Handles a timer that is due, the end of a run, and the end of `works_for`."""
        match by_word(message):
            case ("timeout", timer, ref) if is_a(timer, TimerRef) and is_a(ref, Ref):
                if ref in self.entries:
                    self._due(ref, self.entries[ref])
            case ("DOWN", ref, _, _, _) if is_a(ref, Ref):
                self._ended(ref)
            case _:
                self._unexpected("message", message)

    def _unexpected(self, kind: str, what: Any) -> None:
        pid = process.self()
        behaviour.report(
            logging.ERROR,
            "unexpected_message",
            "timer_server received an unexpected %s: %r",
            lambda: ((kind, what), {"pid": pid, "message": what}),
        )

    def _start(self, entry: Entry) -> Ref:
        ref = process.make_ref()
        self.entries[ref] = entry
        if entry.works_for is not None:
            entry.watch = process.monitor(entry.works_for)
            self.monitors[entry.watch] = ref
        entry.due = process.monotonic_time() + entry.seconds
        self._wait(ref, entry)
        return ref

    def _wait(self, ref: Ref, entry: Entry) -> None:
        left = max(0.0, entry.due - process.monotonic_time())
        # A longer time is waited for in parts.
        entry.timer = process.start_timer(min(left, LONGEST), process.self(), ref)

    def _due(self, ref: Ref, entry: Entry) -> None:
        if entry.due - process.monotonic_time() > 0.001:
            self._wait(ref, entry)  # only a part of a long time has passed
            return
        done = entry.what.do()
        if not entry.repeats:
            self._forget(ref)
            return
        entry.due += entry.seconds
        if entry.one_at_a_time and isinstance(done, Pid):
            entry.timer = None
            entry.run = process.monitor(done)
            self.monitors[entry.run] = ref
        else:
            self._wait(ref, entry)

    def _ended(self, monitor: Ref) -> None:
        ref = self.monitors.pop(monitor, None)
        entry = None if ref is None else self.entries.get(ref)
        if ref is None or entry is None:
            return
        if entry.run is monitor:
            entry.run = None
            self._wait(ref, entry)
        else:
            self._forget(ref)

    def _forget(self, ref: Any) -> None:
        """Removes a timer, if it exists."""
        entry = self.entries.pop(ref, None) if is_a(ref, Ref) else None
        if entry is None:
            return
        if entry.timer is not None:
            process.cancel_timer(entry.timer)
        for monitor in (entry.watch, entry.run):
            if monitor is not None:
                process.demonitor(monitor, flush=True)
                self.monitors.pop(monitor, None)
