"""What CPython's garbage collector does while a node runs: less.

A node's own objects are freed by reference counting; the collector is for the cycles in user code.
But its cost grows with the number of live objects: it examines each when it is young, when it is
older, and again in every full collection. With a million processes that took more than half the
time of starting them, in pauses of up to a second.

So collections begin later (the first threshold is raised), and while the number of processes only
grows, the collector skips them: the node's table refers to them, so no collection could free any.
When they would be examined they are put aside with ``gc.freeze``, which takes no time.

The price: cycles that were dropped in the meantime are put aside with them. The next full
collection, for which everything is taken back, finds them. Until then there are at most `_OBJECTS`
of them for every `_GROWTH` processes that were ever alive at once, however often processes come
and go.
"""

from __future__ import annotations

import gc
from typing import Final, Self, final

from .here import here

__all__ = ["Collections", "fewer_collections"]

# New objects, less freed ones, after which the young generation is collected. CPython's default is
# 700 (2,000 from 3.13 on); a process is about six objects.
_OBJECTS: Final = 10_000
# New processes among them that mean growth: up to fifty objects for each.
_GROWTH: Final = _OBJECTS // 50
# CPython 3.12 puts some of its own objects aside when it starts.
_FROZEN: Final = 1_000


@final
class fewer_collections:  # noqa: N801 - it reads as a function
    """Collects less in this block, unless the program has its own settings of the collector.

    No generator: at its exit contextlib sets an attribute of the exception that passes, which may
    take none.
    """

    __slots__ = ("_before", "_collections")

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None
        self._collections: Collections | None = None

    def __enter__(self) -> Self:
        first, second, third = gc.get_threshold()
        if 0 < first < _OBJECTS:
            self._collect_less(first, second, third)
        return self

    def _collect_less(self, first: int, second: int, third: int) -> None:
        self._before = (first, second, third)
        gc.set_threshold(_OBJECTS, second, third)
        # A program that has put objects aside before (for a fork, say) wants them to stay there.
        if not _others_put_aside():
            self._collections = Collections()
            gc.callbacks.append(self._collections.on_collection)

    def forget(self) -> None:
        """The collector does as before; what was put aside stays there, as in a forked child.

        So the child does not copy it.
        """
        if self._collections is not None:
            gc.callbacks.remove(self._collections.on_collection)
        if self._before is not None:
            gc.set_threshold(*self._before)

    def __exit__(self, *_: object) -> None:
        self.forget()
        if self._collections is not None:
            self._collections.take_back()


def _others_put_aside() -> bool:
    """Whether the program itself puts objects aside; once seen, that is not checked again.

    CPython counts them one by one, which took longer in a test suite than the tests.
    """
    if not _freezers:
        if gc.get_freeze_count() < _FROZEN:
            return False
        _freezers.append("the program")
    return True


_freezers: Final[list[str]] = []


@final
class Collections:
    """Decides at the start of each collection what it examines."""

    __slots__ = ("_aside", "_most")

    def __init__(self) -> None:
        self._most = 0  # processes alive when objects were last put aside
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
        elif alive >= self._most + _GROWTH or node.stopping:
            # Growth; or the node stops, and the remaining processes will soon have ended.
            self._most = alive
            self._aside = True
            gc.freeze()

    def take_back(self) -> None:
        """Has full collections examine again what was put aside."""
        if self._aside:
            self._aside = False
            gc.unfreeze()
