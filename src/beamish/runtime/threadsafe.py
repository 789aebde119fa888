"""What is made for other threads: a message from any thread, and a call that waits for its result.

They may also be used where another event loop runs; what else works from other threads (inbox.py)
may not, because code that runs in a loop expects to be in its own world.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, TypeVar, final, overload

from beamish.terms import KILLED, NORMAL, SHUTDOWN, NotRunningError, ProcessExit
from beamish.terms.careful import is_a
from beamish.terms.numbers import LONGEST, check_seconds
from beamish.terms.words import is_word

from .destinations import check_destination
from .here import node_of_any_thread
from .home import at_home
from .mailbox import send
from .signals import exit_signal
from .spawning import spawn_process
from .trampoline import check_function

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .node import Node
    from .process import Process

__all__ = ["call_threadsafe", "send_threadsafe"]

T = TypeVar("T")


def send_threadsafe(dest: Any, message: Any) -> None:
    """Sends a message from any thread; also where another event loop runs.

    Messages from one thread arrive in the order in which they were sent. What is wrong on the
    node's side, an unregistered name for example, goes to the loop's exception handler.

    Args:
        dest: as for `send`.
        message: any term.

    Raises:
        BadArgError: `dest` is no destination.
        NotRunningError: no node is running.

    Source: asyncio's call_soon_threadsafe.
    """
    check_destination(dest)
    node_of_any_thread().inbox.put("send_threadsafe", send, (dest, message))


@overload
def call_threadsafe(
    fn: Callable[..., Coroutine[Any, Any, T]],
    /,
    *args: Any,
    timeout: float | None = ...,
) -> T: ...
@overload
def call_threadsafe(fn: Callable[..., T], /, *args: Any, timeout: float | None = ...) -> T: ...
def call_threadsafe(fn: Callable[..., Any], /, *args: Any, timeout: float | None = None) -> Any:
    """Runs ``fn(*args)`` in a process of the node, for another thread, which waits for the result.

    The process has no parent. If it fails, its caller gets the exception, and nothing is reported.

    Args:
        fn: an ``async def`` function, or a plain one, which then cannot wait.
        args: its arguments; for keywords use `functools.partial`.
        timeout: seconds to wait; None for forever. A process that takes longer gets the exit
            signal ``shutdown``.

    Raises:
        Whatever `fn` raises. ProcessExit: the process ended with a reason other than ``normal``.
        TimeoutError: it took too long.
        NotRunningError: no node is running, or it has ended meanwhile; or the caller is on the
            node's own thread, which would wait for itself.
        BadArgError: `fn` is not a function.

    Example:
        >>> def on_worker_thread(pid):
        ...     return process.call_threadsafe(GenServer.call, pid, "get", timeout=1.0)

    Source: asyncio.run_coroutine_threadsafe.
    """
    node = node_of_any_thread()
    if at_home():
        raise NotRunningError(
            "call_threadsafe() is for other threads: on the node's own it would wait for itself; "
            "await the function, or spawn it"
        )
    if timeout is not None:
        check_seconds("timeout", timeout, LONGEST)
    check_function(fn, "call_threadsafe")
    call = _Call(node, fn, args)
    node.inbox.put("call_threadsafe", call.begin, (), call.drop)
    try:
        wait([call.result], timeout)
    except BaseException:
        call.give_up()  # Ctrl-C in the waiting thread, say
        raise
    if not call.result.done():
        call.give_up()
        raise TimeoutError(f"call_threadsafe: no result came within {timeout} s")
    return call.result.result()


@final
class _Call:
    """A call from another thread.

    Attributes:
        result: of the process, or why there is none.
    """

    __slots__ = ("_node", "_proc", "_work", "result")

    def __init__(self, node: Node, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.result: Future[Any] = Future()
        self._node = node
        self._work: tuple[Callable[..., Any], tuple[Any, ...]] | None = (fn, args)
        self._proc: Process | None = None

    # ---- on the node's thread

    def begin(self) -> None:
        work, self._work = self._work, None
        if work is None:
            return  # given up before it began
        try:
            self._proc = proc = spawn_process(*work, {})
            rare = proc.ensure_rare()
        except BaseException as error:
            self.result.set_exception(error)
            raise
        rare.on_end = self._on_end
        rare.quiet = True  # whoever called gets the exception
        self._node.inbox.open_calls.add(self)

    def _on_end(self, reason: Any, result: Any) -> None:
        self._node.inbox.open_calls.discard(self)
        if is_a(reason, BaseException):
            self.result.set_exception(reason)
        elif is_word(reason, NORMAL):
            self.result.set_result(result)
        elif self._node.stopping and (is_word(reason, SHUTDOWN) or is_word(reason, KILLED)):
            self.drop()
        else:
            self.result.set_exception(ProcessExit(reason))

    def _end(self) -> None:
        if self._proc is not None:
            exit_signal(self._proc, self._node.inbox.pid, SHUTDOWN, link=False)

    # ---- on any thread

    def drop(self) -> None:
        """The node ends before the call does."""
        error = NotRunningError("call_threadsafe: the node has ended before the call did")
        self.result.set_exception(error)

    def give_up(self) -> None:
        """Nobody waits for the result any more."""
        self._work = None
        with contextlib.suppress(NotRunningError):
            self._node.inbox.put("call_threadsafe", self._end, ())
