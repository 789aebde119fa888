"""What the storms share: the table of them, and ways to end a process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from beamish import Pid, process
from beamish.otp import GenServer, NoReply, gen_server

__all__ = ["STORMS", "Boom", "Mute", "Payload", "end_by_signal", "ended", "storm"]

Storm = Callable[[int], Awaitable[object]]

STORMS: Final[dict[str, Storm]] = {}


def storm(function: Storm) -> Storm:
    """Puts it into the table."""
    STORMS[function.__name__] = function
    return function


class Payload:
    """Something that nothing refers to but what is tried."""

    def __init__(self, *what: Any) -> None:
        self.what = what


class Boom(Exception):
    """What a process fails with."""


async def ended(fn: Any, *args: Any) -> Pid:
    """Waits for the end of a process that runs this."""
    pid, ref = process.spawn_monitor(fn, *args)
    await process.receive(("DOWN", ref, ..., ..., ...))
    return pid


async def end_by_signal(pid: Pid, reason: Any = "kill") -> None:
    """Ends a process, and waits for that."""
    ref = process.monitor(pid)
    process.unlink(pid)
    process.exit(pid, reason)
    await process.receive(("DOWN", ref, ..., ..., ...))


class Mute(GenServer):
    """Replies to nobody until it is told to."""

    def init(self) -> None:
        """Nobody has asked yet."""
        self.callers: list[Any] = []

    def handle_call(self, request: Any, caller: Any) -> Any:
        """Keeps the caller."""
        match request:
            case "how many":
                return len(self.callers)
            case "reply":
                for waiting in self.callers:
                    gen_server.reply(waiting, Payload())
                self.callers.clear()
                return "ok"
            case _:
                self.callers.append(caller)
                return NoReply
