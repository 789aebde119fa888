"""What CPython's garbage collector does while a node runs: less.

What dies in a node dies by reference counting; the collector is for the cycles of users. But its
cost grows with what lives: each object is looked at when it is young, when it is older, and again
whenever everything is. With a million processes that was more than half of the time of starting
them, in pauses of up to a second.

So collections begin later (the first threshold is raised), and while processes are only becoming
more they are not looked at at all: their table holds them, no collection could free any. They are
put aside with ``gc.freeze``, which takes no time, in the moment in which they would be looked at.

What is lost: cycles that were dropped meanwhile are put aside with them. The next full collection,
for which everything is taken back, finds them. Until then they are at most `_OBJECTS` for every
`_GROWTH` processes that were ever alive at once, however often processes come and go.
"""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING, Final, final

from .here import here

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Collections", "fewer_collections"]

# New objects, less those that died, after which the young ones are collected. CPython's default is
# 700 (2,000 from 3.13 on); a process is half a dozen objects.
_OBJECTS: Final = 10_000
# Processes among them that make it a time of growth: up to fifty objects for each.
_GROWTH: Final = _OBJECTS // 50
# CPython 3.12 puts some of its own aside at its start.
_FROZEN: Final = 1_000


@contextlib.contextmanager
def fewer_collections() -> Generator[None]:
    """Collects less meanwhile; unless somebody has said before how garbage is to be collected."""
    first, second, third = gc.get_threshold()
    if not 0 < first < _OBJECTS:
        yield
        return
    gc.set_threshold(_OBJECTS, second, third)
    # Who has put things aside before, for a fork, say, does not want them taken back.
    collections = None if _others_put_aside() else Collections()
    if collections is not None:
        gc.callbacks.append(collections.on_collection)
    try:
        yield
    finally:
        if collections is not None:
            gc.callbacks.remove(collections.on_collection)
            collections.take_back()
        gc.set_threshold(first, second, third)


def _others_put_aside() -> bool:
    """Whether the program itself puts things aside; once it was seen to, it is not asked again.

    CPython counts them one by one, which in a test suite took longer than the tests.
    """
    if not _freezers:
        if gc.get_freeze_count() < _FROZEN:
            return False
        _freezers.append("the program")
    return True


_freezers: Final[list[str]] = []


@final
class Collections:
    """Decides at the beginning of each collection what it looks at."""

    __slots__ = ("_aside", "_most")

    def __init__(self) -> None:
        self._most = 0  # processes alive when some were put aside last
        self._aside = False

    def on_collection(self, phase: str, info: dict[str, int]) -> None:
        """Called by the collector."""
        node = here.node
        if phase != "start" or node is None:
            return
        alive = len(node.processes)
        if info["generation"] == 2:
            self._most = alive
            self.take_back()
        elif alive >= self._most + _GROWTH or node.deaths is not None:
            # Growth; or the node stops, and what is left will have died in a moment.
            self._most = alive
            self._aside = True
            gc.freeze()

    def take_back(self) -> None:
        """What was put aside is looked at again, by full collections."""
        if self._aside:
            self._aside = False
            gc.unfreeze()
