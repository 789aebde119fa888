"""asyncio's Tasks as a process uses them: TaskGroup, gather, shield, wait, as_completed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway


async def double(n: int) -> int:
    await asyncio.sleep(0)
    return 2 * n


async def fail() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError


async def stay(scene: Scene, name: str) -> None:
    """A Task that waits forever; writes when it is cancelled."""
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        scene.note(name)


async def end_with_tasks(way: Way, body: Any) -> tuple[Any, list[str]]:
    """Ends a process midway and waits for the Tasks that it cancelled.

    A killed process waits for nothing: its Tasks end after it.
    """
    before = asyncio.all_tasks()
    reason, log = await end_midway(way, body)
    if way != "kill":
        assert asyncio.all_tasks() == before
    elif left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=PATIENCE)
    return reason, sorted(log)


def test_task_group_collects_results(run: Run) -> None:
    async def main() -> list[int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(double(n)) for n in range(3)]
        return [task.result() for task in tasks]

    assert run(main) == [0, 2, 4]


def test_failing_task_cancels_its_group_while_the_process_receives(run: Run) -> None:
    async def main() -> str:
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await process.receive()
        assert isinstance(caught.value.exceptions[0], ZeroDivisionError)
        process.send(process.self(), "alive and well")
        return await process.receive(timeout=0)

    assert run(main) == "alive and well"


def test_uncaught_failure_of_a_task_group_is_the_exit_reason(run: Run) -> None:
    async def main() -> Any:
        async def body() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await process.receive()

        process.spawn_monitor(body)
        return (await process.receive(Down, timeout=PATIENCE)).reason

    reason: Any = run(main, reports=("crash",))
    assert type(reason) is ExceptionGroup
    assert isinstance(reason.exceptions[0], ZeroDivisionError)


def test_exit_in_the_body_of_a_task_group_cancels_its_tasks(run: Run) -> None:
    async def main() -> tuple[Any, list[str]]:
        scene = Scene(process.self())

        async def body() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(stay(scene, "child"))
                await asyncio.sleep(0)
                process.exit("enough")

        process.spawn_monitor(body)
        return (await process.receive(Down, timeout=PATIENCE)).reason, scene.log

    assert run(main) == ("enough", ["child"])


def test_task_of_a_group_has_a_pid_of_its_own(run: Run) -> None:
    async def main() -> tuple[bool, bool]:
        async def child() -> Any:
            return process.self()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(child())
        pid = task.result()
        return pid == process.self(), process.alive(pid)

    assert run(main) == (False, False)


def test_process_ends_inside_of_a_task_group(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stay(scene, "first"))
            group.create_task(stay(scene, "second"))
            await asyncio.sleep(0)
            scene.ready()
            await process.receive()

    assert run(end_with_tasks, way, body) == (REASONS[way], ["first", "second"])


def test_process_ends_while_a_task_group_waits_for_its_tasks(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stay(scene, "first"))
            await asyncio.sleep(0)
            scene.ready()

    assert run(end_with_tasks, way, body) == (REASONS[way], ["first"])


def test_process_ends_inside_of_nested_task_groups(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(stay(scene, "outer"))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(stay(scene, "inner"))
                await asyncio.sleep(0)
                scene.ready()
                await asyncio.sleep(60)

    assert run(end_with_tasks, way, body) == (REASONS[way], ["inner", "outer"])


def test_task_group_works_in_the_clean_up_of_an_exit(run: Run) -> None:
    async def body(scene: Scene) -> None:
        try:
            scene.ready()
            await process.receive()
        finally:
            with pytest.raises(ExceptionGroup):
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail())
                    await asyncio.sleep(60)
            scene.note("cleaned up")

    assert run(end_midway, "boom", body) == ("boom", ["cleaned up"])


def test_gather_collects_results(run: Run) -> None:
    async def main() -> list[int]:
        return list(await asyncio.gather(double(1), double(2)))

    assert run(main) == [2, 4]


def test_gather_raises_the_first_failure(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await asyncio.gather(double(1), fail())

    run(main)


def test_process_ends_in_gather(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        waiting = asyncio.gather(stay(scene, "first"), stay(scene, "second"))
        await asyncio.sleep(0)
        scene.ready()
        await waiting

    assert run(end_with_tasks, way, body) == (REASONS[way], ["first", "second"])


def test_process_ends_while_it_awaits_a_task(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        task = asyncio.create_task(stay(scene, "task"))
        await asyncio.sleep(0)
        scene.ready()
        await task

    assert run(end_with_tasks, way, body) == (REASONS[way], ["task"])


def test_task_that_takes_its_time_is_waited_for_by_an_exit_signal(run: Run) -> None:
    """As a cancelled asyncio Task: first ends what it awaits, then itself."""

    async def body(scene: Scene) -> None:
        task = asyncio.create_task(stay(scene, "task"))
        await asyncio.sleep(0)
        try:
            scene.ready()
            await task
        finally:
            scene.note("process")

    assert run(end_midway, "boom", body) == ("boom", ["task", "process"])


def test_shield_protects_a_task_from_the_end_of_the_process(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, list[str]]:
        open_ = asyncio.Event()
        tasks: list[asyncio.Task[None]] = []

        async def body(scene: Scene) -> None:
            async def inner() -> None:
                await open_.wait()
                scene.note("finished")

            tasks.append(asyncio.create_task(inner()))
            scene.ready()
            await asyncio.shield(tasks[0])

        reason, log = await end_midway(way, body)
        assert log == []
        open_.set()
        await tasks[0]
        return reason, log

    assert run(main) == (REASONS[way], ["finished"])


def test_wait_returns_what_is_done_and_what_is_not(run: Run) -> None:
    async def main() -> tuple[int, int]:
        quick = asyncio.create_task(double(1))
        slow = asyncio.create_task(asyncio.sleep(60))
        done, pending = await asyncio.wait({quick, slow}, return_when=asyncio.FIRST_COMPLETED)
        slow.cancel()
        return len(done), len(pending)

    assert run(main) == (1, 1)


def test_process_ends_in_wait_and_leaves_the_tasks_to_their_owner(run: Run, way: Way) -> None:
    """asyncio.wait does not cancel what it waits for; `own` does, with the process."""

    async def body(scene: Scene) -> None:
        task = process.own(asyncio.create_task(stay(scene, "task")))
        await asyncio.sleep(0)
        scene.ready()
        await asyncio.wait([task])

    assert run(end_midway, way, body) == (REASONS[way], ["task"])


def test_as_completed_yields_results_as_they_come(run: Run) -> None:
    async def main() -> list[int]:
        return sorted([await each for each in asyncio.as_completed([double(1), double(2)])])

    assert run(main) == [2, 4]


def test_future_that_fails_in_the_turn_of_the_exit_is_not_reported(run: Run) -> None:
    """asyncio reports exceptions that nobody asked for; this one was awaited."""

    async def main() -> Any:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def body() -> None:
            await future

        pid, _ = process.spawn_monitor(body)
        await process.sleep(0)
        process.exit(pid, "boom")
        future.set_exception(ConnectionResetError())
        return (await process.receive(Down, timeout=PATIENCE)).reason

    assert run(main) == "boom"


def test_wait_takes_a_process_for_a_task(run: Run) -> None:
    async def main() -> bool:
        async def child() -> None:
            process.send(parent, asyncio.current_task())
            await process.receive("end")

        parent = process.self()
        pid = process.spawn(child)
        task = await process.receive(timeout=PATIENCE)
        process.send(pid, "end")
        done, _ = await asyncio.wait([task], timeout=PATIENCE)
        return done == {task}

    assert run(main)
