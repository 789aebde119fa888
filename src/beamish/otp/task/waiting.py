"""Waiting for tasks: for one, for several, for the end of one that is stopped.

An outcome is ``("ok", result)``, ``("exit", reason)``, or, if it cannot be known, ``("nodedown",
("nodedown", node))``; None if there is none yet.

Source: Elixir's Task.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias, cast

from beamish import behaviour, process
from beamish.otp.gen import failed
from beamish.terms import NOCONNECTION, SHUTDOWN, Atom, BadArgError, CallError, Pid, Ref
from beamish.terms.careful import elements, is_a
from beamish.terms.errors import describe
from beamish.terms.numbers import is_whole
from beamish.terms.reasons import NODEDOWN
from beamish.terms.words import OK, is_word

from .process import kill

__all__ = [
    "EXIT",
    "TASK",
    "Found",
    "check_yield_many",
    "collect",
    "failure",
    "forget",
    "known",
    "stop",
    "wait",
]

EXIT: Final = Atom("exit")
TASK: Final = Atom("Task")

Found: TypeAlias = tuple[Atom, Any]


async def wait(ref: Ref, timeout: float | None) -> Found | None:
    """The outcome of the task with this reference; None if it does not come in time."""
    try:
        return _outcome(ref, await behaviour.receive_reply(ref, timeout))
    except TimeoutError:
        return None


async def forget(ref: Ref) -> Found | None:
    """Stops watching the task with this reference; returns its outcome if that has already come."""
    process.demonitor(ref)
    return await wait(ref, 0)


async def collect(
    refs: Iterable[Ref],
    timeout: float | None,
    *,
    limit: int | None = None,
    first_failure: bool = False,
) -> dict[Ref, Found]:
    """The outcomes of tasks as they come: of all, of a number, or up to the first failure."""
    pending = set(refs)
    most = len(pending) if limit is None else min(limit, len(pending))
    found: dict[Ref, Found] = {}
    now = process.monotonic_time
    deadline = None if timeout is None else now() + timeout

    def of_these(message: Any) -> bool:
        return _ref_of(message) in pending

    while len(found) < most:
        left = None if deadline is None else max(0.0, deadline - now())
        try:
            message = await process.receive(of_these, timeout=left)
        except TimeoutError:
            break
        ref = cast("Ref", _ref_of(message))
        pending.discard(ref)
        outcome = found[ref] = _outcome(ref, message)
        if first_failure and outcome[0] is not OK:
            break
    return found


def _ref_of(message: Any) -> Ref | None:
    """The reference of a task's message: ``(ref, result)``, or a Down."""
    parts = elements(message)
    size = len(parts)
    found = parts[0] if size == 2 else parts[1] if size == 5 else None
    return found if is_a(found, Ref) else None


def _outcome(ref: Ref, message: Any) -> Found:
    """The outcome in a message of a task; a result ends its monitor."""
    if message[0] is ref:
        process.demonitor(ref, flush=True)
        return (OK, message[1])
    reason = message[4]
    if is_word(reason, NOCONNECTION):
        who = message[3]
        return (NODEDOWN, (NODEDOWN, who.node if is_a(who, Pid) else who[1]))
    return (EXIT, reason)


async def stop(pid: Pid, ref: Ref, timeout: float | Literal["brutal_kill"] | None) -> Any:
    """Ends a task's process and waits until it is gone; returns its exit reason.

    This function makes its own monitor, because that of the task may have fired. If the process is
    already ending, though, that monitor says ``noproc``, and the task's has the true reason.
    """
    process.unlink(pid)
    watch = process.monitor(pid)
    if behaviour.monitoring(ref) and not behaviour.monitoring(watch):
        watch = ref
    if timeout == "brutal_kill":
        kill(pid)
    else:
        process.exit(pid, SHUTDOWN)
    limit = None if isinstance(timeout, str) else timeout
    try:
        down = await _gone(watch, limit)
    except TimeoutError:
        process.exit(pid, "kill")
        down = await _gone(watch, None)
    return down[4]


async def _gone(watch: Ref, timeout: float | None) -> Any:
    """The Down of a monitor."""
    return await process.receive(("DOWN", watch, ..., ..., ...), timeout=timeout)


def known(outcome: Found | None, what: str, *args: Any) -> Any:
    """The outcome itself; raises if it cannot be known."""
    if outcome is not None and outcome[0] is NODEDOWN:
        raise failure(outcome[1], what, *args)
    return outcome


def failure(reason: Any, what: str, *args: Any, pid: Pid | None = None) -> CallError:
    """What a function of Task raises: the reason (or LATE), and the function that was called.

    Args:
        pid: the task that has failed, or was late.
    """
    return failed(reason, pid, None, called=(TASK, Atom(what), args), callee=pid)


def check_yield_many(limit: Any, on_timeout: Any) -> None:
    """Refuses options that make no sense."""
    if limit is not None and not is_whole(limit):
        raise BadArgError(
            f"yield_many: limit: expected a whole number >= 0, or None; got {describe(limit)}"
        )
    if not isinstance(on_timeout, str) or on_timeout not in {"nothing", "ignore", "kill_task"}:
        raise BadArgError(
            "yield_many: on_timeout: expected 'nothing', 'ignore' or 'kill_task'; "
            f"got {describe(on_timeout)}"
        )
