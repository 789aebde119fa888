"""The end of the OS process, where the node cannot keep its promises any more.

A process whose end could not be told would be one that others wait for without end. So where there
is no memory for the message that tells it, the OS process ends, as the BEAM does.
"""

from __future__ import annotations

import os
from typing import Final, NoReturn

__all__ = ["EXIT_CODE", "give_up"]

EXIT_CODE: Final = 1

# Made beforehand: when it is wanted there is no memory.
_LAST_WORDS: Final = (
    b"beamish: out of memory: the end of a process could not be told, so this OS process ends\n"
)


def give_up() -> NoReturn:
    """Ends the OS process at once, with a line on stderr."""
    try:
        os.write(2, _LAST_WORDS)
    finally:
        os._exit(EXIT_CODE)
