"""Plain asyncio code as a supervisor's child: coroutine functions, and Tasks that already run."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard, cast

from beamish import process
from beamish.otp.errors import StartError
from beamish.otp.gen import reporting
from beamish.terms import NOPROC, Pid
from beamish.terms.careful import same

__all__ = ["Runs", "RunsFunction", "function_name", "is_plain_function", "start_task"]


def is_plain_function(fn: Any) -> TypeGuard[Callable[..., Any]]:
    """Whether this is a coroutine function, a method or a partial of one."""
    return callable(fn) and inspect.iscoroutinefunction(fn)


def function_name(fn: Any) -> str:
    """The name of a function, or of the function in a partial."""
    while isinstance(fn, functools.partial):
        fn = cast("functools.partial[Any]", fn).func
    return str(getattr(fn, "__name__", None) or type(fn).__name__)


class Runs:
    """A start function that runs a function of the user's, which reports show in its place.

    It is called with what else is needed to start the process.
    """

    __slots__ = ("fn",)

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and same(other.fn, self.fn)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return function_name(self.fn)

    def given(self, *start: Any) -> tuple[tuple[Any, ...], Mapping[str, Any]] | None:
        """What the user's function is called with; None if that is not known any more.

        Args:
            start: what the start function is called with.
        """
        raise NotImplementedError


class RunsFunction(Runs):
    """Runs a coroutine function in a process linked to the caller."""

    __slots__ = ()

    def __call__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Pid:
        """Starts the process."""
        fn = self.fn
        return process.spawn_opt(reporting, fn, args, dict(kwargs), link=True, initial_call=fn)

    def given(self, *start: Any) -> tuple[tuple[Any, ...], Mapping[str, Any]] | None:
        """See Runs."""
        return (start[0], start[1]) if start else None


def start_task(task: asyncio.Task[Any]) -> Pid:
    """Adopts a running Task as a child of the caller; used as a start function.

    Raises:
        StartError: the Task is done; the reason is its exception, or ``noproc``.
    """
    if not task.done():
        return process.adopt(task)
    error = None if task.cancelled() else task.exception()
    raise StartError(NOPROC if error is None else error)
