"""How the tests of the runtime run: each is the main process of a node of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from beamish import Pid, Ref, process
from beamish.testing import settle
from tests.support.nodes import on_real_clock, on_virtual_clock

__all__ = [
    "PATIENCE",
    "down_of",
    "end_of",
    "ended",
    "equal_to",
    "on_real_clock",
    "on_virtual_clock",
    "settle",
    "sleeper",
    "watched_end",
]

# Seconds that a test waits for what will come. On the real clock they pass only in a test that
# fails; on the virtual one they cost nothing.
PATIENCE: Final = 30.0


async def down_of(ref: Ref) -> Any:
    """The reason in the Down of a monitor."""
    return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4]


async def end_of(pid: Pid) -> Any:
    """The exit reason of a process that is alive still, once it has ended."""
    return await down_of(process.monitor(pid))


async def watched_end(fn: Callable[..., Any], *args: Any) -> Any:
    """The exit reason of a process that runs ``fn(*args)``."""
    _, ref = process.spawn_monitor(fn, *args)
    return await down_of(ref)


async def ended(fn: Callable[..., Any] = lambda: None) -> Pid:
    """The pid of a process that has ended."""
    pid, ref = process.spawn_monitor(fn)
    await down_of(ref)
    return pid


def equal_to(wanted: object) -> Callable[[object], bool]:
    """A predicate for receive, where a value would do: it is the predicate that is the subject."""

    def look(message: object) -> bool:
        return message == wanted

    return look


async def sleeper() -> None:
    """A process that takes no message and waits forever."""
    await process.sleep(None)
