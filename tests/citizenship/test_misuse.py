"""What a process cannot do with asyncio, and what it is told then."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

import beamish
from beamish import Down, NotRunningError, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import LOOPS, PATIENCE, Scene, end_midway


async def nothing() -> None: ...


def test_asyncio_run_inside_of_a_process_is_refused(run: Run) -> None:
    async def main() -> None:
        coro = nothing()
        with pytest.raises(RuntimeError, match="running event loop"):
            asyncio.run(coro)
        coro.close()

    run(main)


def test_run_until_complete_of_the_running_loop_is_refused(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="already running"):
            loop.run_until_complete(loop.create_future())
        async with asyncio.TaskGroup():  # the loop is as it was
            assert asyncio.get_running_loop() is loop

    run(main)


def test_beamish_run_inside_of_a_process_is_refused(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"in a process use process\.spawn"):
            beamish.run(nothing)

    run(main)


def test_node_inside_of_a_node_is_refused(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(NotRunningError, match="one at a time"):
            async with beamish.node():
                pass

    run(main)


def test_process_operation_without_a_node_says_how_to_start_one() -> None:
    with pytest.raises(NotRunningError, match=r"beamish\.run\(main\)"):
        process.self()


def test_future_of_another_loop_is_refused(run: Run) -> None:
    async def main() -> str:
        other = asyncio.new_event_loop()
        try:
            with pytest.raises(RuntimeError, match="attached to another loop"):
                await other.create_future()
        finally:
            other.close()
        return "went on"

    assert run(main) == "went on"


def test_object_that_is_no_future_is_refused(run: Run) -> None:
    class Foreign:
        def __await__(self) -> Generator[Any, Any, None]:
            yield "a trap of another library"

    async def main() -> str:
        with pytest.raises(RuntimeError, match="asyncio futures only"):
            await Foreign()
        return "went on"

    assert run(main) == "went on"


def test_killed_process_whose_clean_up_awaits_no_future_ends(run: Run) -> None:
    class Trap:
        def cancel(self) -> None: ...

        def __await__(self) -> Generator[Any, Any, None]:
            yield self  # a scope of another library, say

    async def body(scene: Scene) -> None:
        try:
            scene.ready()
            await asyncio.sleep(60)
        finally:
            scene.note("finally")
            await Trap()

    async def main() -> tuple[Any, list[str]]:
        return await end_midway("kill", body)

    assert run(main) == ("killed", ["finally"])


def test_future_that_was_yielded_without_yield_from_is_refused(run: Run) -> None:
    class Careless:
        def __await__(self) -> Generator[Any, Any, None]:
            yield asyncio.get_running_loop().create_future()

    async def main() -> str:
        with pytest.raises(RuntimeError, match="asyncio futures only"):
            await Careless()
        return "went on"

    assert run(main) == "went on"


def test_process_is_not_to_be_awaited(run: Run) -> None:
    async def main() -> None:
        task: Any = asyncio.current_task()
        assert not asyncio.isfuture(task)
        with pytest.raises(TypeError, match="can't be (used in 'await'|awaited)"):
            await task
        with pytest.raises(TypeError, match="an awaitable is required"):
            await asyncio.gather(task)

    run(main)


def test_receive_in_an_asyncio_task_of_a_loop_without_a_node_says_so() -> None:
    async def main() -> None:
        with pytest.raises(NotRunningError, match="no node is running"):
            await process.receive()

    asyncio.run(main())


def test_receive_that_is_not_awaited_takes_no_message(run: Run) -> None:
    async def main() -> list[str]:
        process.send(process.self(), "message")
        coro: Any = process.receive()
        coro.close()
        return process.flush()

    assert run(main) == ["message"]


def test_blocking_main_is_a_plain_function(run: Run) -> None:
    def plain() -> int:
        return 42

    assert beamish.run(plain) == 42
    del run


def test_process_of_a_plain_function_cannot_await_but_ends_normally(run: Run) -> None:
    async def main() -> Any:
        process.spawn_monitor(lambda: 42)
        return (await process.receive(Down, timeout=PATIENCE)).reason

    assert run(main) == "normal"


def test_loop_in_debug_mode_has_nothing_to_complain_of(
    loop_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def in_debug_mode() -> asyncio.AbstractEventLoop:
        loop = LOOPS[loop_name]()
        loop.set_debug(True)
        loop.slow_callback_duration = 60
        return loop

    async def main() -> str:
        async def child() -> None:
            async with asyncio.timeout(60):
                await asyncio.sleep(0)
            process.send(parent, await asyncio.to_thread(str, 42))

        parent = process.self()
        process.spawn(child)
        return str(await process.receive(timeout=PATIENCE))

    with caplog.at_level("WARNING"):
        assert beamish.run(main, loop_factory=in_debug_mode) == "42"
    assert caplog.records == []


def test_debug_mode_may_be_turned_on_while_processes_run(run: Run) -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 60
        parent = process.self()

        async def child() -> None:
            async with asyncio.timeout(60):
                await asyncio.sleep(0)
            process.send(parent, await asyncio.to_thread(str, 42))

        process.spawn(child)
        try:
            return await process.receive(timeout=PATIENCE)
        finally:
            loop.set_debug(False)

    assert run(main) == "42"


def test_clean_up_of_a_process_may_not_receive(run: Run) -> None:
    async def main() -> Any:
        async def body() -> None:
            try:
                process.send(parent, "ready")
                await process.receive()
            finally:
                try:
                    await process.receive()
                except asyncio.CancelledError as error:
                    process.send(parent, ("raised", type(error)))

        parent = process.self()
        pid, _ = process.spawn_monitor(body)
        await process.receive("ready", timeout=PATIENCE)
        process.exit(pid, "boom")
        _, kind = await process.receive(("raised", ...), timeout=PATIENCE)
        down = await process.receive(Down, timeout=PATIENCE)
        return kind is beamish.ProcessExit, down.reason

    assert run(main) == (True, "boom")
