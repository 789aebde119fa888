"""The Atoms that several rooms use: one constant for each word, with its name.

Exit reasons are in :mod:`.reasons`. A word that only one room uses is a constant of that room. A
test makes sure that no two modules make an Atom of the same text.
"""

from __future__ import annotations

from typing import Any, Final

from .atom import Atom
from .careful import elements, is_a

__all__ = [
    "ALREADY_STARTED",
    "CALL",
    "DONE",
    "DOWN",
    "DUPLICATE_CHILD_NAME",
    "ERROR",
    "EXIT",
    "FAILED",
    "GEN_SERVER",
    "IGNORE",
    "IN",
    "INFINITY",
    "OK",
    "OUT",
    "PROCESS",
    "RUNNING",
    "STOP",
    "SYS",
    "SYSTEM",
    "TERMINATE",
    "TIMEOUT",
    "by_word",
    "is_word",
]

ALREADY_STARTED: Final = Atom("already_started")
CALL: Final = Atom("call")
DONE: Final = Atom("done")
DOWN: Final = Atom("DOWN")
DUPLICATE_CHILD_NAME: Final = Atom("duplicate_child_name")
ERROR: Final = Atom("error")
EXIT: Final = Atom("EXIT")
FAILED: Final = Atom("failed")
GEN_SERVER: Final = Atom("gen_server")
IGNORE: Final = Atom("ignore")
IN: Final = Atom("in")
INFINITY: Final = Atom("infinity")
OK: Final = Atom("ok")
OUT: Final = Atom("out")
PROCESS: Final = Atom("process")
RUNNING: Final = Atom("running")
STOP: Final = Atom("stop")
SYS: Final = Atom("sys")
SYSTEM: Final = Atom("system")
TERMINATE: Final = Atom("terminate")
TIMEOUT: Final = Atom("timeout")


def by_word(term: object) -> tuple[Any, ...]:
    """A term to be told by the word that it is, or begins with: ``(word, *rest)``; else ``()``.

    For ``match``, whose comparisons run the code of whatever is in the place of the word.

    Example:
        >>> by_word(("lock", key)), by_word(Atom("stop")), by_word((array, 1)), by_word(7)
        (('lock', key), ('stop',), (), ())
    """
    parts = elements(term) if issubclass(type(term), tuple) else [term]
    if not parts or not is_a(parts[0], str):
        return ()
    return (str.__str__(parts[0]), *parts[1:])


def is_word(term: object, word: str) -> bool:
    """Whether a term is this word, as an Atom or a plain string.

    A term may be any object, whose ``==`` alone might do anything; the comparison of str itself
    runs no code of a term's, and is neither true nor false with what is no str.
    """
    return str.__eq__(word, term) is True
