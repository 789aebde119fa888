"""What other threads ask of the node: one queue to its thread, first in, first out.

The loop is woken once for all that is asked before it has come to it.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from beamish.terms import NotRunningError

from .here import node_of_any_thread
from .home import called_function, refuse, runs_a_loop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from contextvars import Context

    from beamish.terms import Pid

    _Call = tuple[str, Callable[..., object], tuple[Any, ...], Callable[[], object] | None]

__all__ = ["Inbox", "elsewhere"]

_BATCH: Final = 1_000  # calls in one turn of the loop


class OpenCall(Protocol):
    """A call whose caller waits on another thread."""

    def drop(self) -> None:
        """The node ends first."""
        ...


@final
class Inbox:
    """The calls from other threads that the node's thread has not made yet.

    Attributes:
        pid: the sender of their exit signals; no process.
        open_calls: those that have begun, and whose callers wait for the end.
    """

    __slots__ = ("_asked", "_calls", "_closed", "_context", "_loop", "open_calls", "pid")

    def __init__(self, loop: asyncio.AbstractEventLoop, context: Context, pid: Pid) -> None:
        self._loop = loop
        self._context = context
        self._calls: deque[_Call] = deque()
        self._asked = False
        self._closed = False
        self.pid: Pid = pid
        self.open_calls: set[OpenCall] = set()

    def put(
        self,
        name: str,
        call: Callable[..., object],
        args: tuple[Any, ...],
        drop: Callable[[], object] | None = None,
    ) -> None:
        """Has a function called by the loop; `name` is what its caller has called.

        Raises:
            NotRunningError: the node has ended.
        """
        self._calls.append((name, call, args, drop))
        if not self._asked:
            self._ask()
        if self._closed:
            self.close()
            raise NotRunningError(f"{name}: the node has ended")

    def _ask(self) -> None:
        try:
            self._asked = True  # before the loop is asked: it may be faster than this thread
            self._loop.call_soon_threadsafe(self._make_calls, context=self._context)
        except RuntimeError:  # it is closed
            self._closed = True
        except BaseException:  # Ctrl-C, say
            self._asked = False  # whoever puts the next one asks again
            raise

    def _make_calls(self) -> None:
        self._asked = False  # whoever puts one from here on asks again
        if self._closed:
            self.close()  # of one put at that moment
            return
        calls = self._calls
        try:
            for _ in range(_BATCH):
                if not calls:
                    return
                name, call, args, _ = calls.popleft()
                self._make_call(name, call, args)
        finally:
            if calls and not self._asked:
                self._ask()

    def _make_call(self, name: str, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        try:
            call(*args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            told = {"message": f"{name}() from another thread has failed", "exception": error}
            self._loop.call_exception_handler(told)

    def close(self) -> None:
        """The node has ended: what has not been called is dropped."""
        self._closed = True
        with contextlib.suppress(IndexError):  # not asked beforehand: several threads may be here
            while True:
                drop = self._calls.popleft()[3]
                if drop is not None:
                    drop()
        with contextlib.suppress(KeyError):
            while True:
                self.open_calls.pop().drop()


def elsewhere(
    call: Callable[..., object], *args: Any, drop: Callable[[], object] | None = None
) -> None:
    """Has a function called on the node's thread, for a caller on another one.

    Args:
        call: what it raises goes to the loop's exception handler, which logs it.
        drop: called instead if the node ends first.

    Raises:
        NotRunningError: no node is running, or the caller is in another event loop.
    """
    node = node_of_any_thread()
    if runs_a_loop():
        refuse()
    node.inbox.put(called_function(), call, args, drop)
