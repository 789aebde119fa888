"""One queue to the node: its order, and what a flood of calls does to the loop."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import Any, Final

import pytest

import beamish
from beamish import BadArgError, Exit, Pid, process
from tests.runtime.harness import PATIENCE, on_real_clock

_THREADS: Final = 8
_EACH: Final = 10_000


def _run_on_threads(*works: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    return threads


@on_real_clock
async def test_r14_all_that_a_thread_asks_for_comes_in_its_order() -> None:
    me = process.self()
    process.flag(trap_exit=True)

    def work() -> None:
        process.send(me, 1)
        process.send_threadsafe(me, 2)
        process.spawn(process.send, me, 3)
        process.exit(me, 4)
        process.call_threadsafe(process.send, me, 5)
        process.send(me, 6)

    threads = _run_on_threads(work)
    got = [await process.receive(timeout=PATIENCE) for _ in range(6)]
    threads[0].join()

    # The spawned process sends when its turn comes, after what the same turn of the loop delivers.
    assert sorted(_number(one) for one in got) == [1, 2, 3, 4, 5, 6]
    assert [_number(one) for one in got if _number(one) != 3] == [1, 2, 4, 5, 6]


def _number(message: Any) -> int:
    number: int = message.reason if isinstance(message, Exit) else message
    return number


@on_real_clock
async def test_r14_a_spawned_process_gets_what_its_thread_sends_it_next() -> None:
    """It begins before: the message is not lost, and the exit signal ends what has begun."""
    me = process.self()

    async def child() -> None:
        process.send(me, await process.receive())
        try:
            await process.receive()
        finally:
            process.send(me, "ended")

    def work() -> None:
        pid = process.spawn(child)
        process.send(pid, "hello")
        process.call_threadsafe(lambda: None)
        process.exit(pid, "enough")

    threads = _run_on_threads(work)

    assert [await process.receive(timeout=PATIENCE) for _ in range(2)] == ["hello", "ended"]
    threads[0].join()


@pytest.mark.slow  # 80,000 messages
@pytest.mark.parametrize("send", [process.send, process.send_threadsafe])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_r14_nothing_is_lost_of_what_many_threads_send(send: Any, busy: bool) -> None:
    @on_real_clock
    async def test() -> None:
        me = process.self()
        done: list[bool] = []

        async def compute() -> None:
            while not done:
                pass

        if busy:
            process.spawn(compute)

        def work(name: int) -> None:
            for number in range(_EACH):
                send(me, (name, number))

        threads = _run_on_threads(*(functools.partial(work, name) for name in range(_THREADS)))
        got: dict[int, list[int]] = {name: [] for name in range(_THREADS)}
        for _ in range(_THREADS * _EACH):
            name, number = await process.receive(timeout=PATIENCE)
            got[name].append(number)
        done.append(True)
        for thread in threads:
            thread.join()

        assert all(numbers == list(range(_EACH)) for numbers in got.values())
        assert process.flush() == []

    test()


@pytest.mark.slow  # 80,000 messages
@on_real_clock
async def test_a_flood_leaves_the_loop_its_turns() -> None:
    """1,000 calls in a turn: what else the loop has to do comes in between."""
    me = process.self()
    loop = asyncio.get_running_loop()
    turns = 0

    def count() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(count)

    def work() -> None:
        for number in range(_EACH):
            process.send(me, number)

    with process.critical():  # the loop comes to nothing meanwhile
        for thread in _run_on_threads(*[work] * _THREADS):
            thread.join()
    loop.call_soon(count)
    for _ in range(_THREADS * _EACH):
        await process.receive()

    assert turns >= _THREADS * _EACH // 1_000 - 1


@on_real_clock
async def test_the_loop_is_asked_once_for_all_that_waits() -> None:
    loop = asyncio.get_running_loop()
    me = process.self()
    asked: list[Any] = []
    ask = loop.call_soon_threadsafe

    def count(*args: Any, **kw: Any) -> Any:
        asked.append(args)
        return ask(*args, **kw)

    loop.call_soon_threadsafe = count  # type: ignore[method-assign,assignment]
    with process.critical():
        for thread in _run_on_threads(lambda: [process.send(me, n) for n in range(500)]):
            thread.join()
    for _ in range(500):
        await process.receive(timeout=PATIENCE)

    assert len(asked) == 1


class _Interrupted(asyncio.SelectorEventLoop):
    """Ctrl-C comes just before, or just after, the loop is asked."""

    when = ""

    def call_soon_threadsafe(self, *args: Any, **kw: Any) -> Any:  # type: ignore[override]
        when, self.when = self.when, ""
        if when == "before":
            raise KeyboardInterrupt
        handle = super().call_soon_threadsafe(*args, **kw)
        if when == "after":
            raise KeyboardInterrupt
        return handle


@pytest.mark.parametrize("when", ["before", "after"])
def test_ctrl_c_in_a_sending_thread_loses_no_wake_up(when: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Interrupted)
        me = process.self()
        told = threading.Event()

        def work() -> bool:
            loop.when = when
            with pytest.raises(KeyboardInterrupt):
                process.send(me, "first")
            process.send(me, "second")
            return told.wait(PATIENCE)  # before this returns, only that wakes the loop

        working = asyncio.create_task(asyncio.to_thread(work))
        assert await process.receive(timeout=PATIENCE) == "first"
        assert await process.receive(timeout=PATIENCE) == "second"
        told.set()
        assert await working

    beamish.run(main, loop_factory=_Interrupted)


@on_real_clock
async def test_what_fails_on_the_nodes_side_goes_to_the_log_and_the_rest_goes_on() -> None:
    me = process.self()
    loop = asyncio.get_running_loop()
    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    def work() -> None:
        process.send("nobody", 1)
        process.send_threadsafe("nobody", 2)
        process.send(me, 3)

    threads = _run_on_threads(work)

    assert await process.receive(timeout=PATIENCE) == 3
    threads[0].join()
    assert [context["message"] for context in told] == [
        "send() from another thread has failed",
        "send_threadsafe() from another thread has failed",
    ]
    assert all("cannot send to 'nobody'" in str(context["exception"]) for context in told)


@pytest.mark.parametrize("send", [process.send, process.send_threadsafe])
@on_real_clock
async def test_what_is_no_destination_is_refused_on_the_thread(send: Any) -> None:
    with pytest.raises(BadArgError, match="expected a Pid"):
        await asyncio.to_thread(send, 42, "message")


@on_real_clock
async def test_what_is_no_pid_is_refused_on_the_thread() -> None:
    name: Any = "name"
    with pytest.raises(BadArgError, match="exit takes a Pid"):
        await asyncio.to_thread(lambda: process.exit(name, "reason"))


@on_real_clock
async def test_an_asyncio_task_is_ended_by_a_thread() -> None:
    task = asyncio.create_task(asyncio.sleep(PATIENCE))
    await asyncio.to_thread(process.exit, task, "enough")

    with pytest.raises(asyncio.CancelledError):
        await task


@on_real_clock
async def test_the_exit_signal_of_a_thread_comes_from_no_process() -> None:
    process.flag(trap_exit=True)
    await asyncio.to_thread(process.exit, process.self(), "reason")

    message = await process.receive(Exit, timeout=PATIENCE)
    assert isinstance(message.pid, Pid)
    assert not process.alive(message.pid)
    assert message.reason == "reason"
