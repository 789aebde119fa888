"""The second queue: processes that compute without a wait, served by time.

A process that was parked, or whose turn a tick has ended, waits here and not among the woken ones.
It is served when the others have nothing to do: when `QUIET` turns of the loop in a row brought
nothing to the run queue. One is not enough. A request of the web takes several turns (a connection,
its data, a Task, a process), the loop polls only between them, and what it finds is called after
the drain. So a turn more costs microseconds, and one less a whole slice of a busy process.

If the others always have something to do, the busy ones have a quarter of the time. A third of what
the others take is owed to them; when that is `WAIT` seconds' worth they are served until it is
paid. They are served first in, first out. So of k busy processes each has 1 / 4k of the time, and
others wait for one slice at most.

A process leaves this queue when it waits for something that is not there yet: what wakes it then is
an event like any other. An exit signal and a cancellation move it to the run queue.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, final

from .states import TICKED, WAIT_FUTURE

if TYPE_CHECKING:
    import asyncio

    from .process import Process

__all__ = ["Busy"]

QUIET: Final = 8  # turns of the loop
WAIT: Final = 0.01  # seconds that the others may take
SHARE: Final = 1 / 3  # of what the others take
_MOST: Final = 0.1  # seconds that are owed at most: more is the loop's doing, or the computer's


@final
class Busy:
    """The second queue of a node.

    Attributes:
        procs: those that are in it, in turn, with what each awaits that is not parked.
        served: the process whose slice this is, if it is one of them.
    """

    __slots__ = ("_began", "_fresh", "_owed", "_paying", "_quiet", "procs", "served")

    def __init__(self) -> None:
        self.procs: OrderedDict[Process, asyncio.Future[Any] | None] = OrderedDict()
        self.served: Process | None = None
        self._began = 0.0  # when the busy process, or the others, began with what they do
        self._owed = 0.0
        self._paying = False
        self._quiet = 0
        self._fresh = 0  # how many have come in this turn of the loop, and wait for the next one

    def add(self, proc: Process, future: asyncio.Future[Any] | None, now: float) -> None:
        """Puts a process at the end: a parked one, or one that awaits a turn of the loop."""
        if self.served is not None:
            self.stop(now)
        elif not self.procs:
            self._began = now
            self._owed = 0.0
            self._paying = False
            self._quiet = 0
        self.procs.pop(proc, None)  # of a wait before, which has ended in another way
        self.procs[proc] = future
        self._fresh += 1

    def remove(self, proc: Process) -> bool:
        """Takes a parked process out; False if it is not there."""
        return proc in self.procs and self.procs.pop(proc) is None

    def holds(self, proc: Process) -> bool:
        """Whether a process waits here for its turn, and for nothing else."""
        if proc not in self.procs:
            return False
        future = self.procs[proc]
        return future is None or (proc.waiter is future and proc.state == WAIT_FUTURE)

    def turn(self, now: float, *, quiet: bool) -> None:
        """A turn of the loop begins.

        Args:
            now: the time in seconds.
            quiet: it has brought nothing to the run queue.
        """
        if self.served is not None:
            self.stop(now)
        self._quiet = self._quiet + 1 if quiet else 0
        self._fresh = 0

    def is_due(self, now: float) -> bool:
        """Whether it is the turn of a busy process."""
        if self.served is not None:
            self.stop(now)
        self._owed = min(self._owed + (now - self._began) * SHARE, _MOST)
        self._began = now
        self._paying = self._paying or self._owed >= WAIT * SHARE
        return (self._paying or self._quiet >= QUIET) and self._fresh < len(self.procs)

    def take(self) -> Process | None:
        """Takes out the first, and begins to count its time."""
        while len(self.procs) > self._fresh:
            proc, future = self.procs.popitem(last=False)
            if future is not None:
                if proc.waiter is not future or proc.state != WAIT_FUTURE or future.done():
                    continue  # it was cancelled, or is to end: the run queue has it
                proc.waiter = proc.value = None
                proc.state = TICKED
            self.served = proc
            self._quiet = 0
            return proc
        return None

    def stop(self, now: float) -> None:
        """The slice of the busy process is over."""
        self.served = None
        self._owed = max(self._owed - (now - self._began), 0.0)
        self._paying = self._paying and self._owed > 0.0
        self._began = now
