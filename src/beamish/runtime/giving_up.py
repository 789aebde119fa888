"""The end of the OS process, where the node cannot keep its promises any more.

A process whose end could not be told would be one that others wait for without end. So where there
is no memory for the message that tells it, the OS process ends, as the BEAM does.

The same goes for a callback of the runtime that the loop has no memory to call, or that runs out of
it half-way: a drain that is lost is one that nobody asks for again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from beamish.terms.careful import is_a, module_name, print_error, traceback_of

if TYPE_CHECKING:
    import asyncio

__all__ = ["EXIT_CODE", "LAST_WORDS", "LoopGuard", "give_up"]

EXIT_CODE: Final = 1

# Made beforehand: when it is wanted there is no memory.
LAST_WORDS: Final = (
    b"beamish: out of memory: the end of a process could not be told, so this OS process ends\n"
)


def give_up() -> NoReturn:
    """Ends the OS process at once, with a line on stderr."""
    try:
        os.write(2, LAST_WORDS)
    finally:
        os._exit(EXIT_CODE)


@final
class LoopGuard:
    """Gives up where a callback of the runtime has no memory; the loop hears of any other.

    The handler that a loop was given may be the user's, or be replaced at any time, so this comes
    before it, on any loop.
    """

    __slots__ = ("_loop", "_pass_on")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pass_on = loop.call_exception_handler
        vars(loop)[_HANDLER] = self._handle

    def close(self) -> None:
        """Leaves the loop as it was."""
        if vars(self._loop).get(_HANDLER) == self._handle:
            del vars(self._loop)[_HANDLER]

    def _handle(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if "handle" in context and is_a(error, MemoryError) and _is_of_the_runtime(error):
            give_up()
        try:
            self._pass_on(context)
        except (SystemExit, KeyboardInterrupt):
            raise  # they end a loop, wherever they are raised
        except BaseException:
            print_error()  # a handler of the log's has failed, say


_HANDLER: Final = "call_exception_handler"
_OURS: Final = ("beamish.", "asyncio.")


def _is_of_the_runtime(error: BaseException) -> bool:
    """Whether it was raised in the runtime or in asyncio, and not in the callback of a user's."""
    tb = traceback_of(error)
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    return tb is None or module_name(tb.tb_frame.f_globals).startswith(_OURS)
