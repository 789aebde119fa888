"""The node's thread, and whoever calls from another.

Only the node's thread may look at `here` and change processes: on any other, the current process is
whatever happens to run on the node's. So every public function asks `at_home` before it believes
`here.process`; `current()` and `running_node()` ask for those that begin with one of them.

A lock that the node's thread owns gives the fastest answer that CPython has, at half of what
comparing `threading.get_ident()` costs.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NoReturn

from beamish.terms.errors import NotRunningError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "at_home",
    "called_function",
    "leave_home",
    "refuse",
    "runs_a_loop",
    "take_home",
    "this_thread",
]

_home: Final[Any] = threading.RLock()

at_home: Final[Callable[[], bool]] = _home._is_owned
"""Whether this is the thread of the running node."""


def take_home() -> None:
    """Makes this thread the node's."""
    _home.acquire(blocking=False)


def leave_home() -> None:
    """There is no node any more. Any thread may say so, also in a forked child."""
    _home._at_fork_reinit()


def this_thread() -> str:
    """The thread that calls, in words.

    Not `threading.current_thread()`: that makes up an object for a thread that it does not know,
    and keeps it.
    """
    number = threading.get_ident()
    known: Any = getattr(threading, "_active", {}).get(number)
    return f"the thread {number if known is None else repr(known.name)}"


def runs_a_loop() -> bool:
    """Whether an event loop runs on this thread."""
    return asyncio._get_running_loop() is not None


def refuse(possible: str = "") -> NoReturn:
    """Refuses a call from a thread that is not the node's.

    Args:
        possible: what the function can do there.
    """
    where = this_thread()
    if runs_a_loop():
        where = f"another event loop, on {where}"
    raise NotRunningError(
        f"{called_function()}() was called on {where}, where no process runs: {possible}"
        "process.call_threadsafe(function, ...) runs a function in a process of the node, "
        "process.send_threadsafe(dest, message) sends a message"
    )


def called_function() -> str:
    """The function of the package that its user has called."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_back.f_globals):
        frame = frame.f_back
    return frame.f_code.co_qualname.partition(".__")[0]  # `critical`, not its __enter__


def _is_ours(names: dict[str, Any]) -> bool:
    return str(names.get("__name__")).startswith("beamish.")
