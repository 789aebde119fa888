"""The code that runs in a task's process, and its entries in the process dictionary.

These are ``$callers`` (the process that started the task, the caller that this one runs for, and so
on), ``$ancestors``, and what a crash report shows in addition: ``Started from``, ``Function``,
``Arguments``.

Source: Elixir's Task, "Ancestor and Caller Tracking".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from beamish import process
from beamish.otp.gen import cast, reporting
from beamish.terms import KILL, SHUTDOWN, Atom, Pid, Ref
from beamish.terms.careful import is_awaitable
from beamish.terms.words import DOWN

__all__ = [
    "CALLERS",
    "callers",
    "give_job",
    "kill",
    "run_for_owner",
    "run_for_supervised_owner",
    "run_task",
    "spawn_for_owner",
]

CALLERS: Final = Atom("$callers")
ANCESTORS: Final = Atom("$ancestors")

_REPORT: Final = Atom("$report")
_RUN: Final = Atom("$task")
_BY_DEMONITOR: Final = {"alias": "demonitor"}

Function = Callable[..., Any]


def callers() -> list[Pid]:
    """The ``$callers`` of a task that the calling process starts: itself, then its own callers."""
    return [process.self(), *process.get(CALLERS, ())]


async def run_task(
    asked_by: list[Pid], fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The whole life of a task that nobody waits for."""
    _mark(asked_by, fn, args, kwargs)
    result = fn(*args, **kwargs)
    return await result if is_awaitable(result) else result


async def run_for_owner(asked_by: list[Pid]) -> None:
    """The whole life of a task that somebody waits for."""
    _, ref, fn, args, kwargs = await process.receive((_RUN, ..., ..., ..., ...))
    await _reply(asked_by, ref, fn, args, kwargs)


async def run_for_supervised_owner(asked_by: list[Pid], owner: Pid, link: bool) -> None:
    """The same under a TaskSupervisor, where the owner may end before it sends the job.

    1. the supervisor starts this process   2. the owner ends   3. nobody will ever send the job:
    the monitor of the owner ends the wait. If it is to be linked, the owner links it with the job.
    """
    watch = process.monitor(owner)
    message = await process.receive((_RUN, ..., ..., ..., ...), (DOWN, watch, ..., ..., ...))
    if message[0] is DOWN:
        if link:
            process.exit((SHUTDOWN, message[4]))
        return
    process.demonitor(watch, flush=True)
    _, ref, fn, args, kwargs = message
    await _reply(asked_by, ref, fn, args, kwargs)


def spawn_for_owner(asked_by: list[Pid], fn: Function) -> tuple[Pid, Ref]:
    """Starts a task, linked to the caller and monitored by it; the task waits for its job."""
    return process.spawn_opt(
        reporting,
        run_for_owner,
        (asked_by,),
        {},
        link=True,
        monitor=_BY_DEMONITOR,
        initial_call=fn,
    )


def give_job(
    pid: Pid, ref: Ref, fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Sends a waiting task the function to run, and the reference for its result."""
    process.send(pid, (_RUN, ref, fn, args, kwargs))


def kill(pid: Pid) -> None:
    """Kills a task of the caller's; to a supervisor of the task this is no failure."""
    parent = process.info(pid, "parent")
    if parent is not None and parent is not process.self():
        cast(parent, ("excuse", pid))
    process.exit(pid, KILL)


async def _reply(
    asked_by: list[Pid], ref: Ref, fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    _mark(asked_by, fn, args, kwargs)
    result = fn(*args, **kwargs)
    process.send(ref, (ref, await result if is_awaitable(result) else result))


def _mark(asked_by: list[Pid], fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Notes in the process dictionary what this task runs, and for which callers."""
    process.put(CALLERS, asked_by)
    process.put(ANCESTORS, process.ancestors())
    report: dict[str, Any] = {"Started from": asked_by[0], "Function": fn, "Arguments": args}
    if kwargs:
        report["Keywords"] = kwargs
    process.put(_REPORT, report)
