"""Threads and OS processes beside a node: to_thread, executors, offload, send_threadsafe."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from beamish import Down, NotRunningError, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway


class Gate:
    """Keeps a thread waiting until the test opens it."""

    def __init__(self) -> None:
        self._opened = threading.Event()

    def pass_through(self, ready: Any = None) -> str:
        if ready is not None:
            ready()
        assert self._opened.wait(PATIENCE)
        return "through"

    def open(self) -> None:
        self._opened.set()


def add(a: int, b: int) -> int:
    return a + b


def fail() -> None:
    raise ZeroDivisionError("by the thread")


def here() -> int:
    return os.getpid()


def test_to_thread_returns_what_the_function_returns(run: Run) -> None:
    async def main() -> tuple[int, bool]:
        return await asyncio.to_thread(add, 1, 2), await asyncio.to_thread(
            threading.current_thread
        ) is threading.current_thread()

    assert run(main) == (3, False)


def test_to_thread_raises_what_the_function_raises(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(fail)

    run(main)


def test_others_run_while_a_process_waits_for_a_thread(run: Run) -> None:
    async def main() -> str:
        gate = Gate()

        async def opener() -> None:
            gate.open()

        waiting = asyncio.to_thread(gate.pass_through)
        process.spawn(opener)
        return await waiting

    assert run(main) == "through"


def test_process_ends_while_it_waits_for_a_thread(run: Run, way: Way) -> None:
    """The thread cannot be stopped; what it returns is dropped."""

    async def main() -> Any:
        gate = Gate()

        async def body(scene: Scene) -> None:
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(
                gate.pass_through, lambda: loop.call_soon_threadsafe(scene.ready)
            )

        reason, _ = await end_midway(way, body)
        gate.open()
        return reason

    assert run(main) == REASONS[way]


def test_executor_of_ones_own_works_and_is_shut_down(run: Run, way: Way) -> None:
    async def main() -> Any:
        gate = Gate()

        async def body(scene: Scene) -> None:
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor() as executor:
                assert await loop.run_in_executor(executor, add, 1, 2) == 3
            executor = process.own(ThreadPoolExecutor(), lambda pool: pool.shutdown(wait=False))
            waiting = loop.run_in_executor(executor, gate.pass_through)
            scene.ready()
            await waiting

        reason, _ = await end_midway(way, body)
        gate.open()
        return reason

    assert run(main) == REASONS[way]


# ---- offload


def test_offload_runs_on_a_thread(run: Run) -> None:
    async def main() -> tuple[int, int]:
        return await process.offload(add, 1, 2), await process.offload(here)

    assert run(main) == (3, os.getpid())


def test_offload_raises_what_the_function_raises(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await process.offload(fail)

    run(main)


def test_process_ends_while_it_offloads(run: Run, way: Way) -> None:
    async def main() -> Any:
        gate = Gate()

        async def body(scene: Scene) -> None:
            ready = scene.ready
            loop = asyncio.get_running_loop()
            await process.offload(gate.pass_through, lambda: loop.call_soon_threadsafe(ready))

        reason, _ = await end_midway(way, body)
        gate.open()
        return reason

    assert run(main) == REASONS[way]


def test_timeout_ends_an_offload(run: Run) -> None:
    async def main() -> None:
        gate = Gate()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await process.offload(gate.pass_through)
        gate.open()

    run(main)


@pytest.mark.slow  # an OS process is started
def test_offload_runs_on_an_os_process(run: Run) -> None:
    async def main() -> tuple[int, bool]:
        return (
            await process.offload(add, 1, 2, cpu=True),
            await process.offload(here, cpu=True) == os.getpid(),
        )

    assert run(main) == (3, False)


@pytest.mark.slow  # an OS process is started
def test_process_ends_while_it_offloads_to_an_os_process(run: Run, way: Way) -> None:
    async def main() -> Any:
        async def body(scene: Scene) -> None:
            await process.offload(here, cpu=True)  # it has started
            scene.ready()
            await process.offload(time.sleep, 60, cpu=True)  # the node's end ends it

        return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


# ---- from a thread


def test_send_threadsafe_reaches_a_process(run: Run) -> None:
    async def main() -> list[int]:
        me = process.self()

        def work() -> None:
            for n in range(3):
                process.send_threadsafe(me, n)

        thread = threading.Thread(target=work)
        thread.start()
        got = [await process.receive(timeout=PATIENCE) for _ in range(3)]
        thread.join()
        return got

    assert run(main) == [0, 1, 2]


def test_send_threadsafe_takes_a_name(run: Run) -> None:
    async def main() -> str:
        process.register("main", process.self())
        await asyncio.to_thread(process.send_threadsafe, "main", "hello")
        message = await process.receive(timeout=PATIENCE)
        process.unregister("main")
        return message

    assert run(main) == "hello"


def test_send_threadsafe_to_a_process_that_has_ended_is_dropped(run: Run) -> None:
    async def main() -> list[Any]:
        pid, _ = process.spawn_monitor(lambda: None)
        await process.receive(Down, timeout=PATIENCE)
        await asyncio.to_thread(process.send_threadsafe, pid, "hello")
        await process.sleep(0)
        return process.flush()

    assert run(main) == []


def test_send_threadsafe_to_an_unknown_name_is_reported_by_the_loop(run: Run) -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        seen: asyncio.Future[str] = loop.create_future()
        loop.set_exception_handler(lambda _, context: seen.set_result(str(context["exception"])))
        await asyncio.to_thread(process.send_threadsafe, "nobody", "hello")
        return await seen

    assert "no process is registered" in run(main)


def test_send_threadsafe_without_a_node_says_so() -> None:
    with pytest.raises(NotRunningError, match="no node is running"):
        process.send_threadsafe("anyone", "hello")


def test_thread_has_no_process_of_its_own(run: Run) -> None:
    async def main() -> None:
        gate = Gate()

        def work() -> None:
            gate.pass_through()
            process.self()

        # Opened by a callback: no process runs while the thread asks.
        asyncio.get_running_loop().call_later(0, gate.open)
        with pytest.raises(NotRunningError, match=r"self\(\) was called on the thread "):
            await asyncio.to_thread(work)

    run(main)


def test_coroutine_handed_in_from_a_thread_is_adopted(run: Run) -> None:
    async def main() -> tuple[str, str]:
        loop, parent = asyncio.get_running_loop(), process.self()

        async def ask() -> str:
            process.send(parent, (process.self(), "question"))
            return await process.receive(timeout=PATIENCE)

        def work() -> None:
            future = asyncio.run_coroutine_threadsafe(ask(), loop)
            answers.append(future.result(PATIENCE))

        answers: list[str] = []
        thread = threading.Thread(target=work)
        thread.start()
        sender, question = await process.receive(timeout=PATIENCE)
        process.send(sender, "answer")
        await asyncio.to_thread(thread.join)
        return question, answers[0]

    assert run(main) == ("question", "answer")
