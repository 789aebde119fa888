"""Where an exception comes from what is awaited, or closed: futures and resources of any making."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Final

from beamish import process

from .judging import check, dies, error_place, raises, reason_of

_METHODS: Final = ("add_done_callback", "cancel", "result", "exception", "cancelled", "get_loop")


class _Future:
    """A future that calls back when it likes, if it does not raise."""

    _asyncio_future_blocking = True

    def __init__(self, *calls: str) -> None:
        self._calls = calls
        self._callbacks: list[Callable[[Any], object]] = []

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Any = None) -> None:
        self._callbacks.append(callback)
        loop = asyncio.get_running_loop()
        for call in self._calls:
            if call == "at once":
                callback(self)
            else:
                loop.call_soon(callback, self)

    def cancel(self, msg: Any = None) -> bool:
        for callback in self._callbacks:
            callback(self)
        return True

    def result(self) -> Any:
        return None

    def exception(self) -> Any:
        return None

    def cancelled(self) -> bool:
        return False

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self)


def _that_fails(method: str, error: BaseException) -> _Future:
    """A future with a method that raises this."""

    def fail(*args: Any, **options: Any) -> Any:
        raises(error)

    future = _Future()
    vars(future)[method] = fail
    return future


async def _waits(future: Any) -> None:
    await future


async def _waits_in_a_clean_up(future: Any) -> None:
    try:
        await process.receive()
    finally:
        await future


async def _end(function: Callable[..., Any], future: Any, reason: str) -> None:
    """It is ended while it awaits this, and is heard of."""
    pid, ref = process.spawn_monitor(function, future)
    await process.sleep(0.001)
    process.exit(pid, reason)
    await reason_of(ref)


@error_place
async def raised_by_an_awaited_future(error: Any) -> None:
    for method in _METHODS:
        for reason in ("shutdown", "kill"):
            await _end(_waits, _that_fails(method, error), reason)


@error_place
async def raised_by_a_future_in_a_clean_up(error: Any) -> None:
    for method in _METHODS:
        pid, ref = process.spawn_monitor(_waits_in_a_clean_up, _that_fails(method, error))
        await process.sleep(0.001)
        process.exit(pid, "shutdown")
        process.exit(pid, "kill")
        await reason_of(ref)


@error_place
async def raised_by_a_future_that_is_cancelled(error: Any) -> None:
    for method in _METHODS:
        future = _that_fails(method, error)

        async def cancelled(future: Any = future) -> None:
            task: Any = asyncio.current_task()
            process.spawn(task.cancel)
            await future

        pid, ref = process.spawn_monitor(cancelled)
        await process.sleep(0.005)
        process.exit(pid, "kill")
        await reason_of(ref)


@error_place
async def raised_by_the_mark_of_a_future(error: Any) -> None:
    def mark(_: Any, *value: Any) -> Any:
        raises(error)

    kind: Any = type("Hostile", (_Future,), {"_asyncio_future_blocking": property(mark, mark)})
    await dies(_waits, kind())


@error_place
async def set_in_a_future_that_calls_back_often(error: Any) -> None:
    for calls in (
        ("at once",),
        ("at once", "at once"),
        ("later", "later"),
        ("at once", "later", "later"),
        (),
    ):
        future = _Future(*calls)
        vars(future)["result"] = vars(future)["cancelled"] = lambda: raises(error)
        await _end(_waits, future, "shutdown")
        await _end(_waits_in_a_clean_up, _Future(*calls), "shutdown")


@error_place
async def set_in_a_future_of_asyncio(error: Any) -> None:
    async def waits() -> None:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_exception, error)
        async with asyncio.timeout(0.01):
            await future

    await dies(waits)


@error_place
async def raised_by_an_awaited_close(error: Any) -> None:
    class Resource:
        async def aclose(self) -> None:
            await asyncio.sleep(0)
            raise error

    class WaitsForIt:
        def close(self) -> Any:
            return _that_fails("add_done_callback", LookupError())

    class Last:
        closed = False

        def close(self) -> None:
            self.closed = True

    last = Last()

    async def owns() -> None:
        process.own(last)
        process.own(Resource())
        process.own(WaitsForIt())
        process.own(object(), close=lambda _: raises(error))

    await dies(owns)
    check(last.closed, "a resource was not closed")


@error_place
async def raised_in_a_close_that_is_ended(error: Any) -> None:
    class Resource:
        async def aclose(self) -> None:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                raise error from None

    async def owns(_: object) -> None:
        process.own(Resource())
        await process.receive()

    await _end(owns, None, "shutdown")


@error_place
async def raised_in_the_generator_of_an_awaitable(error: Any) -> None:
    class Awaitable:
        def __await__(self) -> Generator[Any, Any, Any]:
            try:
                yield from asyncio.sleep(3600).__await__()
            finally:
                raise error

    await _end(_waits, Awaitable(), "shutdown")
    await _end(_waits, Awaitable(), "kill")
