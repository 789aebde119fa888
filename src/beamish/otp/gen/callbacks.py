"""What happens around a user's callback: awaiting it, and freeing a name if it fails.

A callback may be ``def`` or ``async def``; a Throw that it does not catch counts as its result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamish.otp.directives import Fail, Ignore, Stop
from beamish.terms import ProcessExit, Throw
from beamish.terms.careful import is_a

from .awaiting import is_coroutine
from .names import Name, unregister
from .starting import Starter, fail, ignore

__all__ = ["declined", "run_callback", "unclaim"]


def unclaim(name: Name | None) -> None:
    """Frees a via name before anyone hears that the start failed; a local name frees itself."""
    if name is not None:
        unregister(name)


def declined(starter: Starter, name: Name | None, result: Any) -> bool:
    """Handles an init that does not want the process: Ignore, Fail or Stop.

    Args:
        starter: hears of Ignore and Fail; the caller then ends normally.
        name: the name of the process, which is freed.
        result: what init has returned.

    Returns:
        False if the result is none of these.

    Raises:
        ProcessExit: it is Stop; the starter hears of it as of any other end.
    """
    unclaim(name)
    if result is Ignore or is_a(result, Ignore):
        ignore(starter)
    elif is_a(result, Fail):
        fail(starter, result.reason)
    elif is_a(result, Stop):
        raise ProcessExit(result.reason)
    else:
        return False
    return True


async def run_callback(callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a callback, `def` or `async def`; what it throws counts as its result, as in OTP."""
    try:
        result = callback(*args, **kwargs)
        return await result if is_coroutine(result) else result
    except Throw as thrown:
        return thrown.value
