"""The state of a process: one small integer.

The order matters. One comparison each decides whether a process waits (below WOKEN), whether the
scheduler must look closer before running it (above RUNNING), and whether it is alive and takes
messages (below EXIT_PENDING).
"""

from typing import Final

WAIT_ANY: Final = -7  # in receive(), for any message
WAIT_MATCH: Final = -6  # in receive(), for a message that `pattern` takes: the sender tries it
WAIT_SCAN: Final = -5  # in receive(), for a message that a predicate takes: the process tries it
WAIT_REPLY: Final = -4  # in receive_reply(): `pattern` is the reference
WAIT_FUTURE: Final = -3  # awaits an asyncio future
WAIT_WAKE: Final = -2  # in suspend(): a socket or another part of the runtime wakes it
WOKEN: Final = -1  # on the run queue, with a message in `value` that it has not seen yet
RUNNING: Final = 0  # running, or on the run queue
TICKED: Final = 1  # running, and seen running by the last preemption tick; or parked
OUTSIDE: Final = 2  # adopted: it runs as its own asyncio Task, not under the scheduler
THROWING: Final = 3  # on the run queue; the exception in `value` will be raised in it
EXIT_PENDING: Final = 4  # an exit signal has decided its end, which has not begun
EXITING: Final = 5  # its clean-up runs
DEAD: Final = 6
FORKED: Final = 7  # in a forked child: it has forked, and its code goes on without a node
