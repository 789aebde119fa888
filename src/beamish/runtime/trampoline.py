"""Makes a coroutine of whatever a process runs.

Its frames hold no locks, so a process may be parked above them (preemption.py accepts this file).
"""

from __future__ import annotations

import functools
import inspect
from types import FunctionType, MethodType, TracebackType
from typing import TYPE_CHECKING, Any, Final

from beamish.terms import BadArgError
from beamish.terms.careful import is_awaitable
from beamish.terms.errors import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["check_function", "coroutine_of", "name_of"]

_COROUTINE: Final = inspect.CO_COROUTINE


def coroutine_of(
    fn: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]
) -> Coroutine[Any, Any, Any]:
    """The coroutine of a call that runs in a process of its own.

    Nothing of the callee runs here: its errors, wrong arguments included, are the child's (P1).
    """
    cls = fn.__class__
    if (cls is FunctionType or cls is MethodType) and fn.__code__.co_flags & _COROUTINE:
        try:
            return fn(*args, **kw)  # type: ignore[no-any-return]
        except TypeError:
            return _call(fn, args, kw)  # fails in the child as it did here
    check_function(fn)
    return _call(fn, args, kw)


def check_function(given: Any, by: str = "spawn") -> None:
    """Refuses what a process cannot run, for callers without a type checker.

    Args:
        by: the function that it was given to.
    """
    if inspect.iscoroutine(given):
        name = given.__qualname__
        given.close()
        raise BadArgError(
            f"{by} takes a function and its arguments; got the coroutine {name}(...): "
            f"write {by}({name}, ...) and not {by}({name}(...))"
        )
    if not callable(given):
        raise BadArgError(f"{by} takes a function and its arguments; got {describe(given)}")


async def _call(fn: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]) -> Any:
    result = fn(*args, **kw)
    if is_awaitable(result):
        return await result
    return result


def name_of(coro: Any, tb: TracebackType | None = None) -> str:
    """What a coroutine runs, for reports: `module.function`.

    Args:
        coro: the coroutine, or a function.
        tb: the traceback of the exception that ended it: it no longer has a frame of its own.
    """
    fn: Any = coro
    code, frame = getattr(coro, "cr_code", None), getattr(coro, "cr_frame", None)
    while frame is None and tb is not None:
        if tb.tb_frame.f_code is code:
            frame = tb.tb_frame
        tb = tb.tb_next
    if code is _call.__code__ and frame is not None:
        fn = frame.f_locals.get("fn", coro)
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__qualname__", None) or type(fn).__qualname__
    module = getattr(fn, "__module__", None)
    if module is None and frame is not None:
        module = frame.f_globals.get("__name__")
    return f"{module}.{name}" if module else name
