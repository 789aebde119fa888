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

__all__ = ["function_name", "is_plain_function", "start_function", "start_task"]


def is_plain_function(fn: Any) -> TypeGuard[Callable[..., Any]]:
    """Whether this is a coroutine function, a method or a partial of one."""
    return callable(fn) and inspect.iscoroutinefunction(fn)


def function_name(fn: Any) -> str:
    """The name of a function, or of the function in a partial."""
    while isinstance(fn, functools.partial):
        fn = cast("functools.partial[Any]", fn).func
    return str(getattr(fn, "__name__", None) or type(fn).__name__)


def start_function(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Pid:
    """Runs a coroutine function in a process linked to the caller; used as a start function."""
    return process.spawn_opt(reporting, fn, args, dict(kwargs), link=True, initial_call=fn)


def start_task(task: asyncio.Task[Any]) -> Pid:
    """Adopts a running Task as a child of the caller; used as a start function.

    Raises:
        StartError: the Task is done; the reason is its exception, or ``noproc``.
    """
    if not task.done():
        return process.adopt(task)
    error = None if task.cancelled() else task.exception()
    raise StartError(NOPROC if error is None else error)
