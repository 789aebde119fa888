"""The requests that supervisors of all kinds understand, and how their replies are read.

Source: stdlib, supervisor(3) (OTP 25 manual).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, cast

from beamish.otp.child import ChildSpec
from beamish.otp.errors import ChildError, StartError, StartIgnored
from beamish.otp.gen import Dest, Name
from beamish.otp.gen_server import call, start_server
from beamish.terms import Pid
from beamish.terms.words import FAILED

from .children import BAD_SPEC, REFUSED, ChildCount, ChildInfo, Outcome
from .supervising import Supervising

__all__ = [
    "count_children",
    "request",
    "restart_child",
    "start_child",
    "start_supervisor",
    "terminate_child",
    "which_children",
]


def start_supervisor(
    kind: type[Supervising],
    cls: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    name: Name | None,
    timeout: float | None,
    link: bool,
) -> Coroutine[Any, Any, Pid]:
    """Starts the process of a supervisor.

    Args:
        kind: the class of its process.
        cls: the user's class, whose ``init`` says what to supervise.
        args: the arguments of init.
        kwargs: its keyword arguments.
        name: registered before init runs.
        timeout: seconds that the start may take, or None for no limit.
        link: whether to link it to the caller.
    """
    return start_server(
        kind,
        (cls, args, kwargs),
        {},
        name=name,
        timeout=timeout,
        link=link,
        label=cls.__name__,
        initial_call=cls.init,
    )


async def request(supervisor: Dest, message: Any, child: Any) -> Any:
    """Sends a supervisor a request for a child, and returns the reply.

    Args:
        supervisor: a pid, name or via tuple.
        message: the request, as its handle_call understands it.
        child: the id or pid of the child.

    Raises:
        StartError, ChildError, ChildSpecError: as the supervisor replies.
    """
    return _granted(await call(supervisor, message, None), child)


async def start_child(supervisor: Dest, spec: ChildSpec) -> tuple[Pid, Any]:
    """Adds a child and starts it; returns its pid and info."""
    return _started(await call(supervisor, ("start_child", spec), None), spec.id)


async def restart_child(supervisor: Dest, id: Any) -> tuple[Pid, Any]:
    """Starts a child that does not run; returns its pid and info."""
    return _started(await call(supervisor, ("restart_child", id), None), id)


async def terminate_child(supervisor: Dest, which: Any) -> None:
    """Stops the child with this id or pid."""
    await request(supervisor, ("terminate_child", which), which)


async def which_children(supervisor: Dest) -> list[ChildInfo]:
    """All children."""
    return cast("list[ChildInfo]", await call(supervisor, "which_children", None))


async def count_children(supervisor: Dest) -> ChildCount:
    """How many children there are, of each kind."""
    return cast("ChildCount", await call(supervisor, "count_children", None))


def _granted(outcome: Outcome, child: Any) -> Any:
    kind, value = outcome
    if kind == FAILED:
        raise StartError(value)
    if kind == REFUSED:
        raise ChildError(value, child)
    if kind == BAD_SPEC:
        raise value
    return value


def _started(outcome: Outcome, child: Any) -> tuple[Pid, Any]:
    pid, info = _granted(outcome, child)
    if pid is None:
        raise StartIgnored
    return pid, info
