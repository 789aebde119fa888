"""A reserve of memory, for telling the end of a process that has used up all other.

The first MemoryError that reaches the runtime opens it. So there is memory for the report, for the
messages to links and monitors, and for the switch to whoever receives these. What the dead process
had is free a moment later, and the reserve is closed again. See giving_up.py for where that fails.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Final, final

from .giving_up import give_up

if TYPE_CHECKING:
    import asyncio

__all__ = ["Reserve"]

# Address space, not memory: nothing is written to it. The interpreter asks for a MiB at a time.
_SIZE: Final = 4 << 20
_LEAST: Final = 256 << 10  # what an end takes, and more
_PAUSE: Final = 0.05  # seconds between two attempts to close it


@final
class Reserve:
    """The reserve of a node."""

    __slots__ = ("_block", "_loop", "_next")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._block: mmap.mmap | None = None
        self._next: asyncio.TimerHandle | None = None
        self._close()

    def open(self) -> None:
        """Gives the memory free, for now; gives up where it is used up already."""
        if self._block is not None:
            self._free()
            self._close_later()
            return
        try:
            bytearray(_LEAST)
        except MemoryError:
            give_up()  # else a switch would fail, which nobody could catch

    def _free(self) -> None:
        block, self._block = self._block, None
        if block is not None:
            block.close()

    def _close_later(self) -> None:
        try:
            self._next = self._loop.call_later(_PAUSE, self._close)
        except MemoryError:
            give_up()

    def _close(self) -> None:
        try:
            self._block = mmap.mmap(-1, _SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except (OSError, MemoryError):  # not yet
            self._close_later()

    def end(self) -> None:
        """The node has ended: nothing is reserved any more."""
        if self._next is not None:
            self._next.cancel()
        self._free()
