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
WAIT_REPLY: Final = 4  # in receive_reply(): `pattern` is the reference
WAIT_FUTURE: Final = 5  # awaits an asyncio future
WAIT_WAKE: Final = 6  # in suspend(): a socket or another part of the runtime wakes it
TICKED: Final = 7  # running, and seen running by the last preemption tick; or parked
OUTSIDE: Final = 8  # adopted: it runs as its own asyncio Task, not under the scheduler
THROWING: Final = 9  # on the run queue, to be given the exception in `value`
EXIT_PENDING: Final = 10  # an exit signal has decided its end, which has not begun
EXITING: Final = 11  # its clean-up runs
DEAD: Final = 12
