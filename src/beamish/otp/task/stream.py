"""The stream of Task.async_stream: a function over many inputs, a few at a time.

A process of the stream's own (stream_process.py) starts the tasks and gets their results. It is
linked to them and to the consumer::

    consumer                               the stream's process           tasks
       | -- next ------------------------------> |                          |
       | <------------------------------ more -- |                          |
       | (reads its input)                       |                          |
       | -- next, with an input ---------------> | -- spawn, job ---------> |
       | <------------------------------ more -- |                          |
       | (its input is at its end)               |                          |
       | -- next, at the end ------------------> |                          |
       |                                         | <-- (ref, result), Down -|
       | <---------------------- item, result -- |

A slot is free only when the process of its task is gone. So ``max_concurrency`` may be as large as
the ``max_children`` of a TaskSupervisor.

Source: Elixir's Task.async_stream/5.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import (
    Any,
    Final,
    Generic,
    Literal,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    cast,
    get_args,
)

from beamish import behaviour, process
from beamish.otp.gen import check_callable, failed
from beamish.terms import Atom, BadArgError, BeamishError, Pid
from beamish.terms.errors import describe, one_of
from beamish.terms.numbers import check_seconds, is_whole
from beamish.terms.words import DONE

from .process import callers
from .stream_process import END, ITEM, MORE, NEXT, STOP, Launcher, Plan, serve_stream

__all__ = ["Inputs", "OnTimeout", "StreamOptions", "TaskStream"]

A = TypeVar("A")
R = TypeVar("R")

Inputs: TypeAlias = Iterable[A] | AsyncIterable[A]
OnTimeout: TypeAlias = Literal["exit", "kill_task"]
Outcome: TypeAlias = tuple[Literal["ok"], R] | tuple[Literal["exit"], Any]
"""How a task ended, ``("ok", result)`` or ``("exit", reason)``."""

_NOTHING: Final = Atom("nothing")


class StreamOptions(TypedDict, total=False):
    """The options of a stream.

    Args:
        max_concurrency: how many tasks may run at a time, 1 or more; None for as many as the
            machine has processors, which is the default.
        ordered: True, the default: results come in the order of the inputs (later ones are kept
            until their turn). False: results come as the tasks end.
        timeout: seconds that each task may take, or None for no limit; 5.0 by default.
        on_timeout: ``"exit"``, the default: the stream raises CallTimeout, with ``("timeout",
            ("Task", "async_stream", (timeout,)))``; ``"kill_task"``: the result is ``("exit",
            "timeout")``.
        zip_input_on_exit: whether a failed task gives ``("exit", (input, reason))``.
    """

    max_concurrency: int | None
    ordered: bool
    timeout: float | None
    on_timeout: OnTimeout
    zip_input_on_exit: bool


@dataclass(frozen=True, slots=True)
class _Options:
    """The same options, checked."""

    max_concurrency: int | None = None
    ordered: bool = True
    timeout: float | None = 5.0
    on_timeout: OnTimeout = "exit"
    zip_input_on_exit: bool = False

    def __post_init__(self) -> None:
        most: Any = self.max_concurrency
        if most is not None and not is_whole(most, 1):
            raise _bad("max_concurrency", "a whole number >= 1, or None", most)
        check_seconds("async_stream: timeout", self.timeout)
        late: Any = self.on_timeout
        if not isinstance(late, str) or late not in get_args(OnTimeout):
            raise _bad("on_timeout", one_of(get_args(OnTimeout)), late)


def _bad(option: str, expected: str, came: Any) -> BadArgError:
    return BadArgError(f"async_stream: {option}: expected {expected}; got {describe(came)}")


class TaskStream(AsyncIterator[Outcome[R]], Generic[R]):
    """The results of a function over many inputs: ``async for kind, value in stream``.

    It starts when the first result is requested, and only the process that does so may consume it.
    Leaving the ``async for`` stops the tasks; ``async with stream:`` and ``await
    stream.aclose()`` also wait until they are gone.

    Example::

        async with Task.async_stream(urls, fetch, max_concurrency=10) as pages:
            async for kind, page in pages:
                if kind == "ok" and "needle" in page:
                    break
    """

    def __init__(
        self,
        inputs: Inputs[Any],
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        options: StreamOptions,
        launch: Launcher,
        *,
        linked: bool,
    ) -> None:
        self._server: Pid | None = None  # first, for __del__ if the arguments are refused below
        check_callable("async_stream", fn)
        given: Any = inputs
        if not isinstance(given, Iterable | AsyncIterable):
            raise BadArgError(
                "async_stream: expected an iterable or an async iterable of inputs, and a "
                f"function; got {describe(given)}"
            )
        self._inputs: Inputs[Any] | None = inputs
        self._iterator: Iterator[Any] | AsyncIterator[Any] | None = None
        self._fn, self._args, self._options = fn, args, _Options(**options)
        self._launch, self._linked = launch, linked
        self._owner: Pid | None = None
        self._task: asyncio.Task[Any] | None = None
        self._seen = 0
        # The next remark for the stream's process, and the number of remarks so far: a request may
        # be cancelled before or after it is sent, and then the remark is sent again.
        self._remark: tuple[Any, Any] = (_NOTHING, None)
        self._read = 0
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome[R]:
        if self._over:
            raise StopAsyncIteration
        server = self._server if self._server is not None else self._begin()
        if self._owner is not process.self():
            raise BadArgError(
                f"this stream is consumed by {self._owner!r}, which took its first result; this "
                f"is {process.self()!r}: let one process make and consume it"
            )
        while True:
            reply = await behaviour.request(server, NEXT, (self._seen, self._read, *self._remark))
            self._remark = (_NOTHING, None)
            if reply.__class__ is not tuple:  # a Down
                self._finish()
                raise failed(reply[4], None, None)
            kind, value = reply[1]
            if kind is ITEM:
                self._seen += 1
                return cast("Outcome[R]", value)
            if kind is MORE:
                self._remark = await self._next_input()
                self._read += 1
                continue
            if kind is DONE:
                self._finish()
                raise StopAsyncIteration
            await self.aclose()
            raise value

    async def aclose(self) -> None:
        """Kills the tasks that still run, waits until they are gone, and ends the stream."""
        server = self._server
        if server is not None and not self._over and self._owner is process.self():
            await behaviour.request(server, STOP, None)
        self._abandon()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if self._server is not None and not self._over:
            self._abandon()

    def _begin(self) -> Pid:
        """Starts the stream's process; the calling process becomes the consumer."""
        options = self._options
        self._owner = process.self()
        self._task = asyncio.current_task()
        plan = Plan(
            fn=self._fn,
            args=self._args,
            launch=self._launch,
            asked_by=callers(),
            linked=self._linked,
            max_concurrency=options.max_concurrency or os.cpu_count() or 1,
            ordered=options.ordered,
            timeout=options.timeout,
            kill_late=options.on_timeout == "kill_task",
            zip_input=options.zip_input_on_exit,
        )
        self._server = process.spawn_opt(serve_stream, plan, link=True, label="Task.async_stream")
        return self._server

    async def _next_input(self) -> tuple[Any, Any]:
        """The next input, as a remark to the stream's process."""
        try:
            iterator = self._iterator
            if iterator is None:
                given = self._inputs
                iterator = aiter(given) if isinstance(given, AsyncIterable) else iter(given or ())
                self._iterator = iterator
            if isinstance(iterator, AsyncIterator):
                return ITEM, await anext(iterator)
            for value in iterator:
                return ITEM, value
        except StopAsyncIteration:
            pass
        except Exception:
            await self.aclose()
            raise
        except BaseException:
            self._abandon()
            raise
        self._iterator = self._inputs = None
        return END, None

    def _finish(self) -> None:
        self._over = True
        self._iterator = self._inputs = self._task = None

    def _abandon(self) -> None:
        """Ends the stream without waiting, which ``__del__`` could not do.

        If the consumer does this, it unlinks the stream's process at once. If the garbage collector
        does it, in any process or thread, the stream's process unlinks the consumer later.
        """
        server, mine = self._server, self._is_mine()
        self._finish()
        if server is None:
            return
        send = process.send if behaviour.at_home() else process.send_threadsafe
        try:
            if mine:
                process.unlink(server)
            send(server, (STOP, None, None))
        except BeamishError:
            pass  # the node has stopped, with all its processes

    def _is_mine(self) -> bool:
        try:
            return self._task is not None and asyncio.current_task() is self._task
        except RuntimeError:
            return False
