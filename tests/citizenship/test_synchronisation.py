"""asyncio's Queue, Lock, Event, Condition, Semaphore and Barrier between processes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway


async def join(count: int) -> None:
    """Waits for the ends of processes that the caller monitors."""
    for _ in range(count):
        down = await process.receive(Down, timeout=PATIENCE)
        assert down.reason == "normal"


def test_queue_hands_items_from_process_to_process(run: Run) -> None:
    async def main() -> list[int]:
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
        got: list[int] = []

        async def producer() -> None:
            for n in range(5):
                await queue.put(n)

        async def consumer() -> None:
            for _ in range(5):
                got.append(await queue.get())
                queue.task_done()

        process.spawn_monitor(producer)
        process.spawn_monitor(consumer)
        await join(2)
        await queue.join()
        return got

    assert run(main) == [0, 1, 2, 3, 4]


def test_queue_serves_the_next_after_one_that_waited_has_ended(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, str]:
        queue: asyncio.Queue[str] = asyncio.Queue()

        async def body(scene: Scene) -> None:
            scene.ready()
            await queue.get()

        reason, _ = await end_midway(way, body)
        queue.put_nowait("item")
        return reason, await asyncio.wait_for(queue.get(), PATIENCE)

    assert run(main) == (REASONS[way], "item")


def test_queue_keeps_the_item_that_came_in_the_turn_of_the_end(run: Run, way: Way) -> None:
    """The process that was woken for the item ends before it takes it; the next one gets it."""

    async def main() -> tuple[Any, str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        scene = Scene(process.self())

        async def first() -> None:
            scene.task = asyncio.current_task()
            scene.ready()
            await queue.get()

        async def second() -> None:
            process.send(scene.director, await queue.get())

        pid, _ = process.spawn_monitor(first)
        await process.receive("ready", timeout=PATIENCE)
        process.spawn(second)
        await process.sleep(0)
        queue.put_nowait("item")
        scene.end(pid, way)
        down = await process.receive(Down, timeout=PATIENCE)
        return down.reason, await process.receive(timeout=PATIENCE)

    assert run(main) == (REASONS[way], "item")


def test_lock_is_held_by_one_process_at_a_time(run: Run) -> None:
    async def main() -> list[str]:
        lock = asyncio.Lock()
        log: list[str] = []

        async def worker(name: str) -> None:
            async with lock:
                log.append(f"{name} in")
                await asyncio.sleep(0)
                log.append(f"{name} out")

        process.spawn_monitor(worker, "a")
        process.spawn_monitor(worker, "b")
        await join(2)
        return log

    assert run(main) == ["a in", "a out", "b in", "b out"]


def test_lock_is_free_after_its_holder_has_ended(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, bool]:
        lock = asyncio.Lock()

        async def body(scene: Scene) -> None:
            async with lock:
                scene.ready()
                await process.receive()

        reason, _ = await end_midway(way, body)
        return reason, lock.locked()

    assert run(main) == (REASONS[way], False)


def test_lock_passes_to_the_next_after_one_that_waited_has_ended(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, bool]:
        lock = asyncio.Lock()

        async def body(scene: Scene) -> None:
            scene.ready()
            async with lock:
                raise AssertionError

        async with lock:
            reason, _ = await end_midway(way, body)
        async with asyncio.timeout(PATIENCE), lock:
            return reason, lock.locked()

    assert run(main) == (REASONS[way], True)


def test_event_wakes_all_processes_that_wait(run: Run) -> None:
    async def main() -> None:
        event = asyncio.Event()
        for _ in range(3):
            process.spawn_monitor(event.wait)
        await process.sleep(0)
        event.set()
        await join(3)

    run(main)


def test_process_ends_while_it_waits_for_an_event(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, list[str]]:
        event = asyncio.Event()

        async def body(scene: Scene) -> None:
            with scene.noting("left"):
                scene.ready()
                await event.wait()

        ended = await end_midway(way, body)
        event.set()
        return ended

    assert run(main) == (REASONS[way], ["left"])


def test_condition_notifies_a_process(run: Run) -> None:
    async def main() -> None:
        condition = asyncio.Condition()
        items: list[int] = []

        async def taker() -> None:
            async with condition:
                await condition.wait_for(lambda: bool(items))

        process.spawn_monitor(taker)
        await process.sleep(0)
        async with condition:
            items.append(1)
            condition.notify()
        await join(1)

    run(main)


def test_condition_is_free_after_one_that_waited_has_ended(run: Run, way: Way) -> None:
    """It takes the lock again to leave, whatever ends it."""

    async def main() -> tuple[Any, bool]:
        condition = asyncio.Condition()

        async def body(scene: Scene) -> None:
            async with condition:
                scene.ready()
                await condition.wait()

        reason, _ = await end_midway(way, body)
        return reason, condition.locked()

    assert run(main) == (REASONS[way], False)


@pytest.mark.parametrize("way", ["boom", "cancel"])
def test_process_ends_when_it_has_its_condition_back_from_another(run: Run, way: Way) -> None:
    """The wait of a condition is left with the lock. (A killed process cannot wait for it.)"""

    async def main() -> tuple[Any, bool]:
        condition = asyncio.Condition()
        scene = Scene(process.self())

        async def holder() -> None:
            async with condition:
                process.send(scene.director, "locked")
                await process.receive("leave")

        async def victim() -> None:
            scene.task = asyncio.current_task()
            async with condition:
                scene.ready()
                await condition.wait()

        pid, _ = process.spawn_monitor(victim)
        await process.receive("ready", timeout=PATIENCE)
        other = process.spawn(holder)
        await process.receive("locked", timeout=PATIENCE)
        scene.end(pid, way)
        process.send(other, "leave")
        down = await process.receive(Down, timeout=PATIENCE)
        return down.reason, condition.locked()

    assert run(main) == (REASONS[way], False)


@pytest.mark.parametrize("kind", [asyncio.Semaphore, asyncio.BoundedSemaphore])
def test_semaphore_is_free_after_its_holder_has_ended(
    run: Run, way: Way, kind: type[asyncio.Semaphore]
) -> None:
    async def main() -> tuple[Any, bool]:
        semaphore = kind(1)

        async def body(scene: Scene) -> None:
            async with semaphore:
                scene.ready()
                await asyncio.sleep(60)

        reason, _ = await end_midway(way, body)
        return reason, semaphore.locked()

    assert run(main) == (REASONS[way], False)


def test_semaphore_passes_to_the_next_after_one_that_waited_has_ended(run: Run, way: Way) -> None:
    async def main() -> Any:
        semaphore = asyncio.Semaphore(1)

        async def body(scene: Scene) -> None:
            scene.ready()
            async with semaphore:
                raise AssertionError

        async with semaphore:
            reason, _ = await end_midway(way, body)
        async with asyncio.timeout(PATIENCE), semaphore:
            return reason

    assert run(main) == REASONS[way]


def test_barrier_lets_processes_through_together(run: Run) -> None:
    async def main() -> list[int]:
        barrier = asyncio.Barrier(3)
        places: list[int] = []

        async def runner() -> None:
            places.append(await barrier.wait())

        for _ in range(3):
            process.spawn_monitor(runner)
        await join(3)
        return sorted(places)

    assert run(main) == [0, 1, 2]


def test_barrier_forgets_one_that_has_ended(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, int]:
        barrier = asyncio.Barrier(2)

        async def body(scene: Scene) -> None:
            scene.ready()
            await barrier.wait()

        reason, _ = await end_midway(way, body)
        return reason, barrier.n_waiting

    assert run(main) == (REASONS[way], 0)


def test_future_of_the_loop_carries_an_answer_to_a_process(run: Run) -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        loop.call_later(0, future.set_result, "answer")
        return await future

    assert run(main) == "answer"
