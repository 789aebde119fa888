"""Preemption: CPU-bound Python does not stop the others.

An interval timer on the CPU time of the OS process (ITIMER_VIRTUAL: no wake-ups while idle)
interrupts between two bytecodes, every few milliseconds. A process that two ticks in a row find
running is parked where it is: its greenlet stays behind with the Python stack, and another worker
continues with the run queue. At its next turn it continues in the middle of its code, with its
locals and contextvars.

It is parked only where that is safe: no frame from the interrupted one to the process' first may
hold a lock that other processes take. So it is never parked in the runtime, asyncio, the import
system, or a module of the standard library or of an installed package that has to do with threads;
there the next tick tries again. logging and queue, which many loops call all the time, get a
closer look: locks.py. The behaviours in ``otp`` are written like user code, and are safe. Nor is
a process parked that holds an RLock (held.py) or is in a call of a file (instruction.py): these
belong to the thread. A Lock of the user's it may hold. If another process waits for that, the
watchdog notices that nothing moves, and the waiting one is parked too. In a block of
`process.critical()` it is not parked at all.

Off the main thread there are no signals: nothing is preempted there, and the watchdog reports.

Traps: the timer must be off when the node stops (an OS process dies of SIGVTALRM at its exit);
nothing may run in a parked process' Context, which is still entered. A finalizer is never parked:
during a collection the collector keeps lists on the C stack that a switch would take away, and
nothing is collected until it continues; and exceptions in ``__del__`` are ignored.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, final

from beamish.terms import ProcessExit, careful
from beamish.terms.careful import do_all

from . import trampoline
from .asyncio_task import take_cancellation
from .debugging import is_debugger
from .forking import give_signal_back
from .held import Held, held_in, lend, take_back
from .here import here
from .instruction import is_at_a_file, is_at_a_lock, raise_in
from .interrupting import count_time, ignored_cancellation
from .locks import may_hold_a_lock
from .replacing import watch_exec
from .reports import report_missing
from .scheduler import Scheduler, _slice, close_by_force
from .serving import Server
from .stack import has_room
from .states import EXIT_PENDING, EXITING, RUNNING, TICKED, WOKEN
from .tracers import is_tracing
from .watchdog import Watchdog

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

    from .process import Process

__all__ = ["Preemption"]

TICK: Final = 0.004  # seconds of CPU time to the next tick; Linux makes that 5 to 8 ms
_AGAIN: Final = 0.5  # the same, where the tick found no room on the stack for its handler
_SOON: Final = 0.0001  # the same, where an RLock was held: it may be released any time
_IDLE: Final = 0.05  # seconds without a drain after which the timer is turned off

# A process' own frames are above one of these.
_BASES: Final[tuple[CodeType, ...]] = (
    Scheduler.work.__code__,
    Scheduler._end.__code__,
    _slice.__code__,
    close_by_force.__code__,
    Scheduler.hand_over.__code__,
    Server._send.__code__,
    Server._go_on.__code__,
)
# A server's step is called from here, too, if its message was in the mailbox.
_RECEIVE: Final[CodeType] = Server.receive.__code__


@final
class Preemption:
    """The interval timer of a node, and the parking of processes.

    Attributes:
        on: whether the timer runs.
    """

    __slots__ = (
        "_beat",
        "_can_signal",
        "_collecting",
        "_look",
        "_loop",
        "_old",
        "_old_timer",
        "_on_tick",
        "_scheduler",
        "_watchdog",
        "on",
    )

    def __init__(self, scheduler: Scheduler, loop: asyncio.AbstractEventLoop) -> None:
        self._scheduler = scheduler
        self._loop = loop
        self.on: bool = False
        self._beat = 0
        self._old: Any = None
        self._old_timer = (0.0, 0.0)
        self._look: asyncio.TimerHandle | None = None
        self._collecting = False
        # A loop may want to know where it is busy: see testing.VirtualClockLoop.
        self._on_tick: Callable[[FrameType], BaseException | None] | None = getattr(
            loop, "on_tick", None
        )
        gc.callbacks.append(self._on_collection)
        # A program may end with its node running, in a loop that nobody runs any more.
        atexit.register(self._stop)
        here.rest = self.take_a_break
        self._can_signal = self._handle_signal()
        self._watchdog = Watchdog(scheduler, nudges=self._can_signal)

    def _handle_signal(self) -> bool:
        if threading.current_thread() is not threading.main_thread():
            return False
        try:
            self._old = signal.signal(signal.SIGVTALRM, self._tick)
        except Exception as error:
            report_missing("Nothing is preempted: its signal cannot be handled", error)
            return False
        self._old_timer = signal.getitimer(signal.ITIMER_VIRTUAL)
        watch_exec()
        return True

    def start(self) -> None:
        """Turns the timer on; it turns itself off when the node has been idle for a while.

        Where there is no timer, or no thread for the watchdog, the processes run all the same.
        """
        self._watchdog.resume()
        try:
            self._set_timer()
            self._look_later()
        except Exception as error:
            report_missing("Nothing is preempted: there is no timer", error)
        self.on = True

    def _set_timer(self) -> None:
        if not self._can_signal:
            return
        _keep_quiet_when_full()
        self.on = True  # or a tick that comes at once would not set it again
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, TICK, _AGAIN)
        except BaseException:
            self.on = self._can_signal = False
            raise

    def begin_slice(self) -> None:
        """A process that is parked by the next tick has the whole time until then."""
        if self._can_signal and self.on:
            signal.setitimer(signal.ITIMER_VIRTUAL, TICK, _AGAIN)

    def _look_later(self) -> None:
        self._beat = self._scheduler.beat
        self._look = self._loop.call_later(
            _IDLE, self._stop_if_idle, context=self._scheduler.context
        )

    def _stop_if_idle(self) -> None:
        if self._scheduler.beat != self._beat or here.armed:
            self._look_later()
        else:
            self._stop()

    def _stop(self) -> None:
        self.on = False
        if self._can_signal:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        self._watchdog.pause()

    def close(self) -> None:
        """Turns the timer off for good, and then gives the signal back."""
        # The watchdog sends the signal, too.
        steps = [self._stop, self._watchdog.close, self._give_back]
        do_all([*steps, self._stop_looking, self._stop_listening])

    def _give_back(self) -> None:
        """Without a handler the signal ends the OS process: the timer must be off before."""
        self._stop()
        # (None is a handler that Python does not know; ours does nothing any more.)
        if self._old is not None and signal.getsignal(signal.SIGVTALRM) == self._tick:
            signal.signal(signal.SIGVTALRM, self._old)
            if any(self._old_timer):
                signal.setitimer(signal.ITIMER_VIRTUAL, *self._old_timer)

    def forget(self) -> None:
        """In a forked child there is neither the timer nor the watchdog, but the handler."""
        self.on = False
        give_signal_back(signal.SIGVTALRM, self._tick, self._old)
        self._stop_listening()

    def _stop_looking(self) -> None:
        if self._look is not None:
            # In a loop that runs on it would look forever, and turn off the next node's timer.
            self._look.cancel()

    def _stop_listening(self) -> None:
        atexit.unregister(self._stop)
        gc.callbacks.remove(self._on_collection)

    def _on_collection(self, phase: str, _info: dict[str, int]) -> None:
        self._collecting = phase == "start"

    def _tick(self, _number: int, frame: FrameType | None) -> None:
        if self.on:
            # Set anew each time: every signal puts a byte into asyncio's wake-up pipe, and ticks
            # that come faster than they are handled (in a long C call) would fill it, so that
            # the byte of a SIGTERM would be lost.
            try:
                signal.setitimer(signal.ITIMER_VIRTUAL, TICK, _AGAIN)
            except Exception as failure:
                report_missing("Nothing is preempted any more", failure)
        nudged = self._watchdog.take_nudge()
        if self._on_tick is not None and frame is not None:
            wrong = self._on_tick(frame)
            if wrong is not None:
                raise_in(frame, wrong)
                return
        proc = here.process
        if proc is None:
            return
        if WOKEN <= proc.state <= RUNNING:
            proc.state = TICKED  # a new slice begins with another state
        elif proc.fate is not None and not proc.fate.ticked:
            proc.fate.ticked = True  # its clean-up has the time between two ticks as well
        elif frame is not None and self._may_park(proc):
            held = self._may_leave(proc, frame, nudged=nudged)
            if held is not None:
                error = self._park(proc, frame, held)
                if error is not None:
                    raise_in(frame, error)
            else:
                here.due = proc

    def _may_leave(
        self, proc: Process, frame: FrameType, *, nudged: bool = False
    ) -> list[Held] | None:
        """What it holds, if it may be parked where it is; None if not.

        Whoever holds an RLock may not, unless it waits for another lock there.
        """
        safe = is_at_a_lock(frame) if nudged else not is_at_a_file(frame)
        if not (safe and can_park(frame, waiting=nudged)):
            return None
        held = held_in(_frames_of_process(frame))
        if held and not nudged:
            self._watchdog.note_held(proc, held[0].where)
            if self.on:
                signal.setitimer(signal.ITIMER_VIRTUAL, _SOON, _AGAIN)
            return None
        return held

    def _may_park(self, proc: Process) -> bool:
        return (
            (proc.state == TICKED or EXIT_PENDING <= proc.state <= EXITING)
            and not self._collecting
            and not (proc.rare is not None and proc.rare.critical)
            and has_room()
        )

    def take_a_break(self) -> None:
        """Preempts the calling process at the end of a call of beamish.process, if it is due.

        Nearly every tick finds code that calls the runtime in a loop in the runtime, where it
        cannot be parked. So the calls that never wait end with ``if here.due``.
        """
        proc, here.due = here.due, None
        if proc is None or proc is not here.process or not self._may_park(proc):
            return
        frame = sys._getframe(2)  # the caller of process.send, say
        held = self._may_leave(proc, frame)
        if held is not None:
            error = self._park(proc, frame, held)
            if error is not None:
                raise error

    def _park(self, proc: Process, frame: FrameType, held: list[Held]) -> BaseException | None:
        """Parks a process; returns what is to be raised where it was, when it goes on."""
        count_time(proc)
        lent = lend(held, proc)
        try:
            self._scheduler.park(proc)
        finally:
            take_back(lent)
        return _after_park(proc) or ignored_cancellation(proc, frame)


def _keep_quiet_when_full() -> None:
    """Turns off the warning that asyncio's wake-up pipe is full: a full pipe wakes it anyway."""
    number = signal.set_wakeup_fd(-1)
    if number != -1:
        signal.set_wakeup_fd(number, warn_on_full_buffer=False)


def _after_park(proc: Process) -> ProcessExit | None:
    """The ProcessExit to raise where a process was parked, if an exit signal has come."""
    fate = proc.fate
    if proc.state == EXITING and fate is not None and (fate.force or not fate.thrown):
        if fate.thrown:
            fate.tries += 1
        fate.thrown = True
        take_cancellation(proc)  # this answers it as well
        return ProcessExit(fate.reason)
    return None


def can_park(frame: FrameType | None, *, waiting: bool = False) -> bool:
    """Whether every frame from this one to the process' first is safe to leave.

    Args:
        waiting: whether the process waits for a lock there.
    """
    if frame is None or any(frame.f_code is base for base in _BASES):
        return False
    while frame is not None:
        code = frame.f_code
        if any(code is base for base in _BASES):
            return True
        safe = _known.get(code.co_filename)
        if safe is None:
            safe = _known[code.co_filename] = _is_safe(code.co_filename, frame.f_globals)
        if not (waiting and code.co_filename in _waiting):
            if not (safe or code is _RECEIVE) or code.co_name == "__del__":
                return False
            if code.co_filename in _stepwise and may_hold_a_lock(frame):
                return False
        if is_tracing(frame):
            return False
        frame = frame.f_back
    return False  # one of the user's own greenlets is in between


def _frames_of_process(frame: FrameType) -> Iterator[FrameType]:
    """The frames of the running process, from this one to its first."""
    while not any(frame.f_code is base for base in _BASES):
        yield frame
        assert frame.f_back is not None
        frame = frame.f_back


_known: Final[dict[str, bool]] = {}  # by file name; an entry never changes
_stepwise: Final[set[str]] = set()  # the files of modules that are safe until they take a lock
_waiting: Final[set[str]] = set()  # the files of modules that hold none while they wait for one


_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_BEHAVIOURS: Final = os.path.join(_PACKAGE, "otp") + os.sep
# Here the user's code runs as well, and no lock is held: a comparison of states may take long.
_SAFE: Final = {os.path.realpath(str(module.__file__)) for module in (trampoline, careful)}
_STDLIB: Final = os.path.dirname(os.path.realpath(os.__file__))
_ASYNCIO: Final = os.path.join(_STDLIB, "asyncio") + os.sep
_STEPWISE: Final = (
    os.path.join(_STDLIB, "logging", "__init__.py"),
    os.path.join(_STDLIB, "queue.py"),
)
_WAITING: Final = (
    os.path.join(_STDLIB, "threading.py"),
    os.path.join(_STDLIB, "queue.py"),
    os.path.join(_STDLIB, "concurrent", "futures", "_base.py"),
    os.path.join(_STDLIB, "multiprocessing", "synchronize.py"),
)
_INSTALLED: Final = ("site-packages", "dist-packages")


def _is_safe(filename: str, module: dict[str, Any]) -> bool:
    if is_debugger(filename, module):
        return False
    if filename.startswith("<frozen "):  # os, posixpath, abc ... and the import system
        return "import" not in filename and not _has_to_do_with_threads(module)
    path = os.path.realpath(filename)
    if path.startswith(_PACKAGE):
        return path in _SAFE or path.startswith(_BEHAVIOURS)
    if path in _WAITING:
        _waiting.add(filename)
    if path in _STEPWISE:
        _stepwise.add(filename)
        return True
    if path.startswith(_STDLIB) or any(part in path for part in _INSTALLED):
        return not path.startswith(_ASYNCIO) and not _has_to_do_with_threads(module)
    return True


def _has_to_do_with_threads(module: dict[str, Any]) -> bool:
    lockers = {"threading", "_thread", "asyncio", "multiprocessing", "queue", "logging"}
    return any(
        (getattr(value, "__name__", None) in lockers and type(value) is type(sys))
        or getattr(value, "__module__", None) in lockers
        for value in list(module.values())
    )
