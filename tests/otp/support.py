"""What the tests of the behaviours share: running a test as a process, children to supervise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import beamish
from beamish import process
from beamish.otp import GenServer, Stop
from beamish.terms import Pid, Ref
from tests.support.nodes import on_real_clock, on_virtual_clock

__all__ = [
    "Worker",
    "down",
    "ended_by",
    "events",
    "exit_reason",
    "on_real_clock",
    "on_virtual_clock",
    "outcome",
    "reason_of",
    "started",
]


async def reason_of(pid: Pid) -> Any:
    """Waits for the end of a process; its exit reason."""
    return await down(process.monitor(pid))


async def down(ref: Ref) -> Any:
    """Waits for what a monitor tells; the exit reason."""
    return (await process.receive(("DOWN", ref, ..., ..., ...)))[4]


async def ended_by(pid: Pid, reason: Any) -> Any:
    """Sends an exit signal to a process and waits for its end; its exit reason."""
    ref = process.monitor(pid)
    process.exit(pid, reason)
    return await down(ref)


async def outcome(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Runs a function in a process of its own; the reason with which that ended.

    For what ends its caller: the test's own process lives on.
    """
    _, ref = process.spawn_monitor(fn, *args, **kwargs)
    return await down(ref)


async def exit_reason(awaitable: Any) -> Any:
    """The reason of the CallError that awaiting something raises."""
    with pytest.raises(beamish.CallError) as ended:
        await awaitable
    return ended.value.reason


class Worker(GenServer):
    """Tells a witness of its start and its terminate, and ends as it is told."""

    def init(self, witness: Pid, name: str, *, trap: bool = False, slow: float = 0.0) -> None:
        process.flag(trap_exit=trap)
        self.witness, self.name, self.slow = witness, name, slow
        process.send(witness, ("started", name, process.self()))

    def handle_call(self, request: Any, caller: Any) -> Any:
        match request:
            case ("raise", error):
                raise error
            case ("exit", reason):
                raise beamish.ProcessExit(reason)
            case ("stop", reason):
                return Stop(reason, reply="stopping")
            case _:
                return (self.name, request)

    def handle_cast(self, request: Any) -> Any:
        return self.handle_call(request, None) and None

    async def terminate(self, reason: Any) -> None:
        if self.slow:
            await process.sleep(self.slow)
        process.send(self.witness, ("terminated", self.name, reason))


def events() -> list[Any]:
    """What the workers have told this process so far, without their pids: ("started", "a")."""
    told: list[Any] = []
    for message in process.flush():
        match message:
            case ("started", name, _):
                told.append(("started", name))
            case ("terminated", _, _):
                told.append(message)
            case _:
                pass
    return told


def started() -> list[str]:
    """The names of the workers that have started since this was last asked, in order."""
    return [event[1] for event in events() if event[0] == "started"]
