"""asyncio.timeout and asyncio.wait_for inside of processes."""

from __future__ import annotations

import asyncio

import pytest

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import CLEANED, PATIENCE, REASONS, SOON, Scene, Way, end_midway


def test_timeout_ends_an_asyncio_wait(run: Run) -> None:
    async def main() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await asyncio.sleep(60)
        return "went on"

    assert run(main) == "went on"


def test_timeout_ends_a_receive(run: Run) -> None:
    async def main() -> object:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await process.receive()
        process.send(process.self(), "late")
        return await process.receive(timeout=0)

    assert run(main) == "late"


def test_timeout_ends_a_selective_receive_that_has_a_timeout_of_its_own(run: Run) -> None:
    async def main() -> list[str]:
        process.send(process.self(), "other")
        with pytest.raises(TimeoutError, match="^$"):  # asyncio's, which has no text
            async with asyncio.timeout(SOON):
                await process.receive("wanted", timeout=60)
        return process.flush()

    assert run(main) == ["other"]


def test_timeout_ends_the_sleep_of_a_process(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await process.sleep(None)

    run(main)


def test_timeout_of_zero_ends_the_first_wait(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await process.receive()

    run(main)


def test_timeout_that_does_not_pass_changes_nothing(run: Run) -> None:
    async def main() -> tuple[str, int]:
        process.send(process.self(), "in time")
        async with asyncio.timeout(60):
            message = await process.receive()
        task = asyncio.current_task()
        assert task is not None
        return message, task.cancelling()

    assert run(main) == ("in time", 0)


def test_inner_timeout_leaves_the_outer_one_in_force(run: Run) -> None:
    async def main() -> list[str]:
        log: list[str] = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60) as outer:
                try:
                    async with asyncio.timeout(SOON):
                        await asyncio.sleep(60)
                except TimeoutError:
                    log.append("inner")
                outer.reschedule(0)
                await process.receive()
        log.append("outer")
        return log

    assert run(main) == ["inner", "outer"]


def test_outer_timeout_passes_through_the_inner_one(run: Run) -> None:
    async def main() -> tuple[bool, bool]:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON) as outer:
                async with asyncio.timeout(60) as inner:
                    await process.receive()
        return outer.expired(), inner.expired()

    assert run(main) == (True, False)


def test_timeout_may_be_rescheduled(run: Run) -> None:
    async def main() -> str:
        async with asyncio.timeout(SOON) as timeout:
            timeout.reschedule(None)
            await process.sleep(SOON * 3)
        return "not cut short"

    assert run(main) == "not cut short"


def test_timeout_at_takes_the_time_of_the_loop(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout_at(asyncio.get_running_loop().time()):
                await process.receive()

    run(main)


def test_wait_for_returns_what_a_coroutine_returns(run: Run) -> None:
    async def main() -> int:
        async def answer() -> int:
            await asyncio.sleep(0)
            return 42

        return await asyncio.wait_for(answer(), 60)

    assert run(main) == 42


def test_wait_for_cancels_what_takes_too_long(run: Run) -> None:
    async def main() -> list[str]:
        log: list[str] = []

        async def slow() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                log.append("cancelled")

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow(), SOON)
        return log

    assert run(main) == ["cancelled"]


def test_wait_for_waits_for_a_plain_future(run: Run) -> None:
    async def main() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(future, SOON)
        assert future.cancelled()

    run(main)


def test_process_ends_inside_of_a_timeout(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with asyncio.timeout(60), scene.cleaning():
            scene.ready()
            await asyncio.sleep(60)

    assert run(end_midway, way, body) == (REASONS[way], CLEANED[way])


def test_process_ends_inside_of_nested_timeouts_around_a_receive(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with asyncio.timeout(60), asyncio.timeout(60), scene.cleaning():
            scene.ready()
            await process.receive(timeout=60)

    assert run(end_midway, way, body) == (REASONS[way], CLEANED[way])


def test_process_ends_in_wait_for(run: Run, way: Way) -> None:
    """What is waited for is cancelled with the process."""

    async def body(scene: Scene) -> None:
        async def slow() -> None:
            with scene.noting("cancelled"):
                scene.ready()
                await asyncio.sleep(60)

        await asyncio.wait_for(slow(), 60)

    async def main() -> tuple[object, list[str]]:
        reason, log = await end_midway(way, body)
        await asyncio.sleep(0)  # a killed process does not wait for the Task that it cancels
        return reason, log

    assert run(main) == (REASONS[way], ["cancelled"])


def test_timeout_works_in_the_clean_up_of_an_exit(run: Run) -> None:
    """An exit signal leaves time to clean up, and a time-out limits what of it one step takes."""

    async def body(scene: Scene) -> None:
        try:
            scene.ready()
            await process.receive()
        finally:
            try:
                async with asyncio.timeout(SOON):
                    await asyncio.Event().wait()
            except TimeoutError:
                scene.note("timed out")
            await asyncio.sleep(0)
            scene.note("went on")

    assert run(end_midway, "boom", body) == ("boom", ["timed out", "went on"])


def test_wait_for_works_in_the_clean_up_of_an_exit(run: Run) -> None:
    async def body(scene: Scene) -> None:
        try:
            scene.ready()
            await asyncio.sleep(60)
        finally:
            try:
                await asyncio.wait_for(asyncio.Event().wait(), SOON)
            except TimeoutError:
                scene.note("timed out")

    assert run(end_midway, "boom", body) == ("boom", ["timed out"])


def test_timeout_that_passes_while_the_process_is_ended_does_not_keep_it_alive(run: Run) -> None:
    async def main() -> object:
        async def body() -> None:
            try:
                async with asyncio.timeout(60) as timeout:
                    process.send(parent, timeout)
                    await process.receive()
            except TimeoutError:
                process.send(parent, "went on")

        parent = process.self()
        pid, _ = process.spawn_monitor(body)
        timeout = await process.receive(asyncio.Timeout, timeout=PATIENCE)
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        timeout.reschedule(loop.time())  # a callback of the next round
        loop.call_soon(done.set_result, None)
        process.exit(pid, "boom")
        await done
        down = await process.receive(Down, timeout=PATIENCE)
        process.flush()  # from CPython 3.12 on, asyncio makes a TimeoutError of the exit here
        return down.reason

    assert run(main) == "boom"
