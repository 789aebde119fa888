"""The state of a process: one small integer.

The order matters: the scheduler runs a process whose state is RUNNING or WOKEN (at most 0)
without another look; below EXIT_PENDING a process is alive and takes messages.
"""

from typing import Final

WOKEN: Final = -1  # on the run queue, with a message in `value` that it has not seen yet
RUNNING: Final = 0  # running, or on the run queue
WAIT_ANY: Final = 1  # in receive(), for whatever comes
WAIT_MATCH: Final = 2  # in receive(), for what `pattern` takes: the sender tries it
WAIT_SCAN: Final = 3  # in receive(), for what a predicate takes: it looks for itself
WAIT_FUTURE: Final = 4  # awaits an asyncio future
WAIT_WAKE: Final = 5  # in suspend(): a socket or another part of the runtime wakes it
TICKED: Final = 6  # running, and seen running by the last preemption tick; or parked
OUTSIDE: Final = 7  # adopted: it runs as its own asyncio Task, not under the scheduler
THROWING: Final = 8  # on the run queue, to be given the exception in `value`
EXIT_PENDING: Final = 9  # an exit signal has decided its end, which has not begun
EXITING: Final = 10  # its clean-up runs
DEAD: Final = 11
