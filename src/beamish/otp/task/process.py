"""What runs in a task's process, and what it notes there.

A task's process dictionary holds ``$callers`` (who asked for it, and for whom they ran, nearest
first), ``$ancestors``, and what its crash report shows besides: ``Started from``, ``Function``,
``Arguments``.

Source: Elixir's Task, "Ancestor and Caller Tracking".
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from beamish import process
from beamish.otp.gen import reporting
from beamish.terms import SHUTDOWN, Atom, Pid, Ref
from beamish.terms.words import DOWN

__all__ = [
    "CALLERS",
    "callers",
    "give_job",
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
    """Who asks, and for whom they run, nearest first: the ``$callers`` of a task to be."""
    return [process.self(), *process.get(CALLERS, ())]


async def run_task(
    asked_by: list[Pid], fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The whole life of a task that nobody waits for."""
    _mark(asked_by, fn, args, kwargs)
    result = fn(*args, **kwargs)
    return await result if inspect.isawaitable(result) else result


async def run_for_owner(asked_by: list[Pid]) -> None:
    """The whole life of a task that somebody waits for."""
    _, ref, fn, args, kwargs = await process.receive((_RUN, ..., ..., ..., ...))
    await _answer(asked_by, ref, fn, args, kwargs)


async def run_for_supervised_owner(asked_by: list[Pid], owner: Pid, link: bool) -> None:
    """The same under a TaskSupervisor, which starts it: its owner may be gone before it says what.

    1. the supervisor starts this process   2. the owner dies   3. nobody will ever send the job:
    the watch on the owner ends the wait. Linked, the owner's link follows with the job.
    """
    watch = process.monitor(owner)
    message = await process.receive((_RUN, ..., ..., ..., ...), (DOWN, watch, ..., ..., ...))
    if message[0] is DOWN:
        if link:
            process.exit((SHUTDOWN, message[4]))
        return
    process.demonitor(watch, flush=True)
    _, ref, fn, args, kwargs = message
    await _answer(asked_by, ref, fn, args, kwargs)


def spawn_for_owner(asked_by: list[Pid], fn: Function) -> tuple[Pid, Ref]:
    """Starts a task linked to and watched by the caller; it waits for its job."""
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
    """Tells a task that waits for it what to run, and by which reference to answer."""
    process.send(pid, (_RUN, ref, fn, args, kwargs))


async def _answer(
    asked_by: list[Pid], ref: Ref, fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    _mark(asked_by, fn, args, kwargs)
    result = fn(*args, **kwargs)
    process.send(ref, (ref, await result if inspect.isawaitable(result) else result))


def _mark(asked_by: list[Pid], fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Notes in the process dictionary for whom this task runs, and what."""
    process.put(CALLERS, asked_by)
    process.put(ANCESTORS, process.ancestors())
    report: dict[str, Any] = {"Started from": asked_by[0], "Function": fn, "Arguments": args}
    if kwargs:
        report["Keywords"] = kwargs
    process.put(_REPORT, report)
