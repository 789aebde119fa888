"""The Atoms that several rooms use: one constant for each word, with its name.

Exit reasons are in :mod:`.reasons`. A word that only one room uses is a constant of that room. A
test makes sure that no two modules make an Atom of the same text.
"""

from __future__ import annotations

from typing import Any, Final

from .atom import Atom

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


def is_word(term: object, word: str) -> bool:
    """Whether a term is this word, as an Atom or a plain string.

    A term may be any object, whose ``==`` alone might do anything.
    """
    if term is word:
        return True
    text: Any = term
    return issubclass(type(text), str) and str.__eq__(text, word)
