"""Where code runs on another thread than the node's: everywhere the same holds."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import threading
import weakref
from _thread import start_new_thread
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI

import beamish
from beamish import NotRunningError, Pid, process
from tests.runtime.harness import PATIENCE, on_real_clock

Work = Callable[[], object]


async def _thread(work: Work) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    await asyncio.to_thread(thread.join)


async def _timer(work: Work) -> None:
    timer = threading.Timer(0, work)
    timer.start()
    await asyncio.to_thread(timer.join)


async def _to_thread(work: Work) -> None:
    await asyncio.to_thread(work)


async def _executor(work: Work) -> None:
    with ThreadPoolExecutor() as executor:
        await asyncio.get_running_loop().run_in_executor(executor, work)


async def _initializer(work: Work) -> None:
    with ThreadPoolExecutor(initializer=work) as executor:
        await asyncio.get_running_loop().run_in_executor(executor, gc.isenabled)


async def _offload(work: Work) -> None:
    await process.offload(work)


async def _done_callback(work: Work) -> None:
    """A thread's future calls back on that thread."""
    begin = threading.Event()
    executor = ThreadPoolExecutor()
    executor.submit(begin.wait, PATIENCE).add_done_callback(lambda _: work())
    begin.set()
    await asyncio.to_thread(executor.shutdown)


class _Finalized:
    def __init__(self, work: Work) -> None:
        self._work = work

    def __del__(self) -> None:
        self._work()


async def _finalizer(work: Work) -> None:
    things = [_Finalized(work)]
    await asyncio.to_thread(things.clear)


async def _finalizer_of_a_cycle(work: Work) -> None:
    def drop() -> None:
        thing: Any = _Finalized(work)
        thing.itself = thing
        del thing
        gc.collect()

    await asyncio.to_thread(drop)


async def _weakref(work: Work) -> None:
    class Thing:
        pass

    things = [Thing()]
    weakref.finalize(things[0], work)
    await asyncio.to_thread(things.clear)


async def _def_handler(work: Work) -> None:
    app = FastAPI()

    @app.get("/")
    def handler() -> str:
        work()
        return "done"

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/")).json() == "done"


PLACES: Final[list[Callable[[Work], Awaitable[None]]]] = [
    *(_thread, _timer, _to_thread, _executor, _initializer, _offload, _done_callback),
    *(_finalizer, _finalizer_of_a_cycle, _weakref, _def_handler),
]
_everywhere: Final = pytest.mark.parametrize(
    "place", PLACES, ids=[place.__name__.strip("_") for place in PLACES]
)


@_everywhere
@on_real_clock
async def test_r14_what_is_sent_there_is_delivered(place: Any) -> None:
    me = process.self()

    await place(lambda: process.send(me, threading.get_ident()))

    assert await process.receive(timeout=PATIENCE) != threading.get_ident()


@_everywhere
@on_real_clock
async def test_r14_what_is_spawned_there_runs(place: Any) -> None:
    me = process.self()

    async def child() -> None:
        process.send(me, (process.parent(), threading.get_ident()))

    await place(lambda: process.spawn(child))

    assert await process.receive(timeout=PATIENCE) == (None, threading.get_ident())


@_everywhere
@on_real_clock
async def test_r14_what_needs_a_process_is_refused_there(place: Any) -> None:
    me = process.self()
    process.put("key", "mine")

    def work() -> None:
        try:
            process.put("key", "the thread's")
        except NotRunningError as error:
            process.send(me, str(error))

    await place(work)

    assert "put() was called on the thread" in await process.receive(timeout=PATIENCE)
    assert process.get("key") == "mine"


@_everywhere
@on_real_clock
async def test_r15_a_call_from_there_is_made(place: Any) -> None:
    me = process.self()

    async def call() -> Pid:
        await process.sleep(0)
        return process.self()

    def work() -> None:
        process.send(me, process.call_threadsafe(call, timeout=PATIENCE))

    await place(work)

    assert await process.receive(Pid, timeout=PATIENCE) != me


# ---- signal handlers


@contextlib.contextmanager
def _handling(number: signal.Signals, work: Work) -> Any:
    def handle(_number: int, _frame: object) -> None:
        work()

    before = signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("send", [process.send, process.send_threadsafe])
def test_r14_a_signal_handler_sends_to_a_node_of_another_thread(send: Any) -> None:
    pids: list[Pid] = []
    ready, told = threading.Event(), threading.Event()

    async def main() -> None:
        pids.append(process.self())
        ready.set()
        if await process.receive(timeout=PATIENCE) == "from a handler":
            told.set()

    thread = threading.Thread(target=beamish.run, args=(main,))
    with _handling(signal.SIGUSR1, lambda: send(pids[0], "from a handler")):
        thread.start()
        assert ready.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert told.wait(PATIENCE)
    thread.join()


@on_real_clock
async def test_r14_a_signal_handler_of_the_nodes_thread_wakes_the_loop() -> None:
    """It runs in the middle of whatever the node does, or of its sleep."""
    me = process.self()
    woken = threading.Event()

    def work() -> bool:
        os.kill(os.getpid(), signal.SIGUSR1)
        return woken.wait(PATIENCE)  # nothing else wakes the loop meanwhile

    with _handling(signal.SIGUSR1, lambda: process.send_threadsafe(me, "from a handler")):
        working = asyncio.create_task(asyncio.to_thread(work))
        assert await process.receive(timeout=PATIENCE) == "from a handler"
        woken.set()
        assert await working


@on_real_clock
async def test_r14_a_thread_that_threading_does_not_know_leaves_nothing() -> None:
    """`threading.current_thread()` would make up an object for it, and keep that."""
    done = threading.Event()
    told: list[str] = []

    def work() -> None:
        number = threading.get_ident()
        try:
            process.self()
        except NotRunningError as error:
            told.append(str(error))
        told.extend(one.name for one in threading.enumerate() if one.ident == number)
        done.set()

    number = start_new_thread(work, ())
    await asyncio.to_thread(done.wait, PATIENCE)

    assert len(told) == 1
    assert told[0].startswith(f"self() was called on the thread {number}, ")
