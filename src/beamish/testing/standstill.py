"""Notices that a virtual clock stands still because something computes without end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import FrameType
from typing import Final

import beamish
from beamish.runtime.here import here

__all__ = ["LIMIT", "Standstill"]

LIMIT: Final = 10.0  # seconds of CPU time, unless another limit is given

_OURS: Final = tuple(f"{Path(str(module.__file__)).parent}/" for module in (asyncio, beamish))


class Standstill:
    """How long a loop has been busy, in seconds of its thread's CPU time, and where.

    Attributes:
        words: what is wrong, once that is so.
    """

    def __init__(self, limit: float) -> None:
        self.words: str | None = None
        self._limit = limit
        self._moved: float | None = None  # when the clock moved last
        self._turned: float | None = None  # when the loop went round last
        self._where = "where, nobody knows: nothing is preempted"

    def moved(self, now: float) -> None:
        """Everything waits: the clock moves on."""
        self._moved = self._turned = now

    def turned(self, now: float) -> None:
        """The loop goes round, and something is ready."""
        self._turned = now
        self._moved = now if self._moved is None else self._moved
        if now - self._moved > self._limit:
            self.words = self._in_words("is always busy")

    def ticked(self, frame: FrameType, now: float) -> str | None:
        """Notes where the program is; what is wrong, if the loop does not even go round."""
        where = _place_of(frame)
        if where is None:
            return None
        self._where = where
        if self._turned is None or now - self._turned <= self._limit or _is_inside(frame):
            return None
        self._turned = now  # whoever catches it has the time again
        self.words = self._in_words("computes, and cannot be preempted there")
        return self.words

    def take_words(self) -> str:
        """What is wrong; the program may end now, which takes time as well."""
        words, self.words, self._moved = self.words or "", None, None
        return words

    def _in_words(self, what: str) -> str:
        return (
            f"the virtual clock has stood still for {self._limit:g} s of CPU time, because "
            f"something {what}: {self._where}"
        )


def _place_of(frame: FrameType) -> str | None:
    """The innermost place outside of beamish and asyncio, in words."""
    found: FrameType | None = frame
    while found is not None and _is_inside(found):
        if found.f_code.co_name == "_run_once":
            return None  # what has called the loop is not to blame
        found = found.f_back
    if found is None:
        return None
    proc = here.process
    who = "a Task or callback" if proc is None else repr(proc.pid)
    code = found.f_code
    return f"{who}, at {code.co_filename}:{found.f_lineno}, in {code.co_qualname}"


def _is_inside(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_OURS)
