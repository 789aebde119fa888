"""anyio in processes: cancel scopes, task groups, streams, locks."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import anyio
import anyio.abc
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import CLEANED, PATIENCE, REASONS, SOON, Scene, Way, end_midway


async def stay(scene: Scene, name: str) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        scene.note(name)


async def end_with_tasks(way: Way, body: Any) -> tuple[Any, list[str]]:
    """A killed process waits for nothing: the Tasks that it cancelled end after it."""
    before = asyncio.all_tasks()
    reason, log = await end_midway(way, body)
    while left := asyncio.all_tasks() - before:
        assert way == "kill"
        await asyncio.wait(left, timeout=PATIENCE)
    return reason, sorted(log)


# ---- cancel scopes


def test_move_on_after_ends_a_wait(run: Run) -> None:
    async def main() -> tuple[bool, str]:
        with anyio.move_on_after(SOON) as scope:
            await anyio.sleep_forever()
        return scope.cancelled_caught, "went on"

    assert run(main) == (True, "went on")


def test_move_on_after_ends_a_receive_and_loses_no_message(run: Run) -> None:
    async def main() -> str:
        with anyio.move_on_after(SOON) as scope:
            await process.receive()
        assert scope.cancelled_caught
        process.send(process.self(), "late")
        return await process.receive(timeout=0)

    assert run(main) == "late"


def test_move_on_after_ends_the_sleep_of_a_process(run: Run) -> None:
    async def main() -> bool:
        with anyio.move_on_after(SOON) as scope:
            await process.sleep(None)
        return scope.cancelled_caught

    assert run(main)


def test_fail_after_raises(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError), anyio.fail_after(SOON):
            await process.receive()

    run(main)


def test_cancelled_scope_raises_at_every_wait(run: Run) -> None:
    """anyio cancels by level: a wait in the scope is cancelled again and again."""

    async def main() -> list[str]:
        log: list[str] = []
        with anyio.CancelScope() as scope:
            scope.cancel()
            for wait in (process.receive, anyio.lowlevel.checkpoint, anyio.sleep_forever):
                try:
                    await wait()
                except asyncio.CancelledError:
                    log.append("cancelled")
            await process.receive()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return log

    assert run(main) == ["cancelled"] * 3


def test_checkpoint_lets_others_run(run: Run) -> None:
    async def main() -> list[str]:
        log: list[str] = []
        asyncio.get_running_loop().call_soon(log.append, "callback")
        await anyio.lowlevel.checkpoint()
        return log

    assert run(main) == ["callback"]


def test_cancel_of_a_scope_ends_a_process_that_only_yields(run: Run) -> None:
    async def main() -> bool:
        with anyio.move_on_after(SOON) as scope:
            while True:
                await asyncio.sleep(0)
        return scope.cancelled_caught

    assert run(main)


def test_shielded_scope_is_not_cancelled(run: Run) -> None:
    async def main() -> list[str]:
        log: list[str] = []
        with anyio.CancelScope() as outer:
            outer.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0)
                process.send(process.self(), "message")
                log.append(await process.receive(timeout=PATIENCE))
            await process.receive()
        return log

    assert run(main) == ["message"]


def test_inner_scope_ends_and_the_outer_goes_on(run: Run) -> None:
    async def main() -> tuple[bool, bool]:
        with anyio.fail_after(60), anyio.CancelScope() as outer:
            with anyio.move_on_after(SOON) as inner:
                await process.receive()
            await anyio.sleep(0)
        return inner.cancelled_caught, outer.cancelled_caught

    assert run(main) == (True, False)


def test_process_ends_inside_of_a_scope(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        with anyio.fail_after(60):
            async with scene.cleaning():
                scene.ready()
                await process.receive()

    assert run(end_midway, way, body) == (REASONS[way], CLEANED[way])


def test_exit_inside_of_a_cancelled_scope_is_not_taken_for_its_cancellation(run: Run) -> None:
    async def main() -> Any:
        async def body() -> None:
            with anyio.CancelScope() as scope:
                scope.cancel()
                process.exit("enough")
            process.exit("swallowed")

        process.spawn_monitor(body)
        return (await process.receive(Down, timeout=PATIENCE)).reason

    assert run(main) == "enough"


def test_scope_works_in_the_clean_up_of_an_exit(run: Run) -> None:
    async def body(scene: Scene) -> None:
        try:
            scene.ready()
            await process.receive()
        finally:
            with anyio.move_on_after(SOON, shield=True) as scope:
                await anyio.sleep_forever()
            scene.note("cut short" if scope.cancelled_caught else "?")

    assert run(end_midway, "boom", body) == ("boom", ["cut short"])


def test_forceful_close_works_in_the_clean_up_of_an_exit(run: Run) -> None:
    """anyio.aclose_forcefully closes in a cancelled scope, so that nothing is waited for."""

    class Slow(anyio.abc.AsyncResource):
        def __init__(self, scene: Scene) -> None:
            self.scene = scene

        async def aclose(self) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                self.scene.note("closed")

    async def body(scene: Scene) -> None:
        try:
            scene.ready()
            await process.receive()
        finally:
            await anyio.aclose_forcefully(Slow(scene))
            scene.note("went on")

    assert run(end_midway, "boom", body) == ("boom", ["closed", "went on"])


# ---- task groups


def test_task_group_runs_tasks_beside_a_process(run: Run) -> None:
    async def main() -> list[int]:
        got: list[int] = []

        async def child(n: int) -> None:
            await anyio.sleep(0)
            got.append(n)

        async with anyio.create_task_group() as group:
            for n in range(3):
                group.start_soon(child, n)
        return sorted(got)

    assert run(main) == [0, 1, 2]


def test_start_waits_until_the_task_has_started(run: Run) -> None:
    async def main() -> str:
        async def service(*, task_status: anyio.abc.TaskStatus[str]) -> None:
            await anyio.sleep(0)
            task_status.started("ready")
            await anyio.sleep_forever()

        async with anyio.create_task_group() as group:
            value: str = await group.start(service)
            group.cancel_scope.cancel()
        return value

    assert run(main) == "ready"


def test_failing_task_cancels_the_process_that_receives(run: Run) -> None:
    async def main() -> None:
        async def child() -> None:
            await anyio.sleep(0)
            raise ZeroDivisionError

        with pytest.raises(ExceptionGroup) as caught:
            async with anyio.create_task_group() as group:
                group.start_soon(child)
                await process.receive()
        assert isinstance(caught.value.exceptions[0], ZeroDivisionError)

    run(main)


def test_task_of_a_group_is_adopted(run: Run) -> None:
    async def main() -> str:
        async def child(parent: Any) -> None:
            process.send(parent, await process.receive(timeout=PATIENCE))

        async def tell(parent: Any, *, task_status: anyio.abc.TaskStatus[Any]) -> None:
            task_status.started(process.self())
            await child(parent)

        async with anyio.create_task_group() as group:
            pid = await group.start(tell, process.self())
            process.send(pid, "hello")
        return await process.receive(timeout=PATIENCE)

    assert run(main) == "hello"


def test_process_ends_inside_of_a_task_group(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(stay, scene, "first")
            group.start_soon(stay, scene, "second")
            await anyio.sleep(0)
            scene.ready()
            await process.receive()

    assert run(end_with_tasks, way, body) == (REASONS[way], ["first", "second"])


def test_process_ends_while_a_task_group_waits_for_its_tasks(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(stay, scene, "child")
            await anyio.sleep(0)
            scene.ready()

    assert run(end_with_tasks, way, body) == (REASONS[way], ["child"])


def test_exit_in_the_body_of_a_task_group_is_the_exit_reason(run: Run) -> None:
    async def main() -> tuple[Any, list[str]]:
        scene = Scene(process.self())

        async def body() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(stay, scene, "child")
                await anyio.sleep(0)
                process.exit("enough")

        process.spawn_monitor(body)
        return (await process.receive(Down, timeout=PATIENCE)).reason, scene.log

    assert run(main) == ("enough", ["child"])


# ---- streams, locks, threads


def test_memory_stream_joins_two_processes(run: Run) -> None:
    async def main() -> list[int]:
        sending, receiving = anyio.create_memory_object_stream[int](0)

        async def producer() -> None:
            async with sending:
                for n in range(3):
                    await sending.send(n)

        process.spawn(producer)
        async with receiving:
            return [n async for n in receiving]

    assert run(main) == [0, 1, 2]


def test_process_ends_while_it_reads_a_memory_stream(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, str]:
        sending, receiving = anyio.create_memory_object_stream[str](1)

        async def body(scene: Scene) -> None:
            scene.ready()
            await receiving.receive()

        reason, _ = await end_midway(way, body)
        async with sending, receiving:
            await sending.send("item")
            return reason, await receiving.receive()

    assert run(main) == (REASONS[way], "item")


@pytest.mark.parametrize("kind", [anyio.Lock, lambda: anyio.Semaphore(1)])
def test_lock_is_free_after_its_holder_has_ended(run: Run, way: Way, kind: Any) -> None:
    async def main() -> Any:
        lock = kind()

        async def body(scene: Scene) -> None:
            async with lock:
                scene.ready()
                await process.receive()

        reason, _ = await end_midway(way, body)
        with anyio.fail_after(PATIENCE):
            async with lock:
                return reason

    assert run(main) == REASONS[way]


def test_process_ends_while_it_waits_for_an_event(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, list[str]]:
        event = anyio.Event()

        async def body(scene: Scene) -> None:
            with scene.noting("left"):
                scene.ready()
                await event.wait()

        ended = await end_midway(way, body)
        event.set()
        return ended

    assert run(main) == (REASONS[way], ["left"])


def test_thread_of_anyio_calls_back_into_a_process(run: Run) -> None:
    async def main() -> str:
        me = process.self()

        def work() -> str:
            anyio.from_thread.run_sync(process.send, me, "from the thread")
            return "result"

        assert await anyio.to_thread.run_sync(work) == "result"
        return await process.receive(timeout=PATIENCE)

    assert run(main) == "from the thread"


def test_process_talks_over_the_sockets_of_anyio(run: Run) -> None:
    async def main() -> bytes:
        async def serve(stream: anyio.abc.SocketStream) -> None:
            async with stream:
                with contextlib.suppress(anyio.EndOfStream):
                    while True:
                        await stream.send((await stream.receive()).upper())

        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as group,
        ):
            group.start_soon(listener.serve, serve)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await stream.send(b"hello")
                answer = await stream.receive()
            group.cancel_scope.cancel()
        return answer

    assert run(main) == b"HELLO"


def test_process_ends_while_it_reads_a_socket_of_anyio(run: Run, way: Way) -> None:
    async def main() -> Any:
        async def serve(stream: anyio.abc.SocketStream) -> None:
            async with stream:
                with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                    await stream.receive()

        async def body(scene: Scene) -> None:
            stream = process.own(await anyio.connect_tcp("127.0.0.1", port))
            async with stream:
                scene.ready()
                await stream.receive()

        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as group,
        ):
            group.start_soon(listener.serve, serve)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            reason, _ = await end_midway(way, body)
            group.cancel_scope.cancel()
        return reason

    assert run(main) == REASONS[way]


def test_task_info_of_anyio_knows_the_process(run: Run) -> None:
    async def main() -> bool:
        info = anyio.get_current_task()
        return info.name == repr(process.self()) and not info.has_pending_cancellation()

    assert run(main)
