"""Contextvars, callbacks of the loop, signals and asynchronous generators of processes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncGenerator
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import CLEANED, PATIENCE, REASONS, Scene, Way, end_midway

VARIABLE: ContextVar[str] = ContextVar("VARIABLE", default="unset")


# ---- contextvars


def test_process_inherits_the_variables_of_its_parent(run: Run) -> None:
    async def main() -> str:
        parent = process.self()

        async def child() -> None:
            process.send(parent, VARIABLE.get())

        VARIABLE.set("parent's")
        process.spawn(child)
        VARIABLE.set("changed")
        return await process.receive(timeout=PATIENCE)

    assert run(main) == "parent's"


def test_variables_of_a_process_are_its_own(run: Run) -> None:
    async def main() -> tuple[list[str], str]:
        parent = process.self()

        async def child(value: str) -> None:
            VARIABLE.set(value)
            await process.receive("go on")
            await asyncio.sleep(0)
            process.send(parent, VARIABLE.get())

        pids = [process.spawn(child, value) for value in "abc"]
        await process.sleep(0)
        for pid in pids:
            process.send(pid, "go on")
        seen = [await process.receive(timeout=PATIENCE) for _ in pids]
        return sorted(seen), VARIABLE.get()

    assert run(main) == (["a", "b", "c"], "unset")


def test_task_of_a_process_inherits_its_variables(run: Run) -> None:
    async def main() -> tuple[str, str]:
        async def inner() -> str:
            seen = VARIABLE.get()
            VARIABLE.set("the task's")
            return seen

        VARIABLE.set("the process's")
        return await asyncio.create_task(inner()), VARIABLE.get()

    assert run(main) == ("the process's", "the process's")


def test_thread_of_a_process_inherits_its_variables(run: Run) -> None:
    async def main() -> tuple[str, str]:
        VARIABLE.set("the process's")
        return await asyncio.to_thread(VARIABLE.get), await process.offload(VARIABLE.get)

    assert run(main) == ("the process's", "the process's")


def test_context_may_be_run_while_the_process_waits(run: Run) -> None:
    async def main() -> str:
        VARIABLE.set("mine")
        context = copy_context()
        await process.sleep(0)
        return context.run(VARIABLE.get)

    assert run(main) == "mine"


# ---- callbacks


def test_callback_of_call_soon_runs_in_a_copy_of_the_context(run: Run) -> None:
    async def main() -> tuple[str, str]:
        loop = asyncio.get_running_loop()
        seen: asyncio.Future[str] = loop.create_future()

        def callback() -> None:
            seen.set_result(VARIABLE.get())
            VARIABLE.set("changed")

        VARIABLE.set("mine")
        loop.call_soon(callback)
        return await seen, VARIABLE.get()

    assert run(main) == ("mine", "mine")


def test_callback_sends_to_a_process(run: Run) -> None:
    async def main() -> list[str]:
        loop, me = asyncio.get_running_loop(), process.self()
        loop.call_soon(process.send, me, "soon")
        first = await process.receive(timeout=PATIENCE)
        loop.call_later(0.001, process.send, me, "later")
        return [first, await process.receive(timeout=PATIENCE)]

    assert run(main) == ["soon", "later"]


def test_callback_may_spawn_a_process_that_has_no_parent(run: Run) -> None:
    async def main() -> Any:
        me = process.self()

        async def child() -> None:
            process.send(me, ("child", process.parent()))

        asyncio.get_running_loop().call_soon(process.spawn, child)
        return await process.receive(timeout=PATIENCE)

    assert run(main) == ("child", None)


def test_callback_has_no_process_of_its_own(run: Run) -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        raised: asyncio.Future[str] = loop.create_future()

        def callback() -> None:
            try:
                process.self()
            except RuntimeError as error:
                raised.set_result(str(error))

        loop.call_soon(callback)
        return await raised

    assert "a callback has none" in run(main)


def test_failing_callback_is_the_loops_to_report_and_hurts_no_process(run: Run) -> None:
    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        loop.set_exception_handler(lambda _, context: seen.append(str(context["exception"])))
        loop.call_soon(process.send, "nobody", "hello")
        await process.sleep(0)
        await process.sleep(0)
        return seen

    (text,) = run(main)
    assert "no process is registered" in text


def test_signal_handler_of_the_loop_sends_to_a_process(run: Run) -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, process.send, process.self(), "usr1")
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            return await process.receive(timeout=PATIENCE)
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    assert run(main) == "usr1"


# ---- asynchronous generators


async def numbers(scene: Scene | None = None) -> AsyncGenerator[int]:
    try:
        for n in range(1000):
            await asyncio.sleep(0)
            yield n
    finally:
        if scene is not None:
            scene.note("finally")
            await asyncio.sleep(0)
            scene.note("awaited")


def test_generator_is_read_by_a_process(run: Run) -> None:
    async def main() -> list[int]:
        found: list[int] = []
        async with contextlib.aclosing(numbers()) as source:
            async for n in source:
                found.append(n)
                if n == 2:
                    break
        return found

    assert run(main) == [0, 1, 2]


def test_process_may_receive_inside_of_a_generator(run: Run) -> None:
    async def main() -> list[int]:
        async def messages() -> AsyncGenerator[int]:
            while (message := await process.receive(timeout=PATIENCE)) != "end":
                yield message

        for message in (1, 2, "end"):
            process.send(process.self(), message)
        return [message async for message in messages()]

    assert run(main) == [1, 2]


def test_process_ends_while_a_generator_of_its_own_waits(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async def waiting() -> AsyncGenerator[int]:
            yield 0
            async with scene.cleaning():
                scene.ready()
                await process.receive()

        async for _ in waiting():
            pass

    assert run(end_midway, way, body) == (REASONS[way], CLEANED[way])


def test_process_ends_in_the_body_of_a_loop_over_a_generator(run: Run, way: Way) -> None:
    """The generator stays behind; asyncio closes it, in a Task of its own."""

    async def main() -> tuple[Any, list[str]]:
        async def body(scene: Scene) -> None:
            async for _ in numbers(scene):
                scene.ready()
                await process.receive()

        reason, log = await end_midway(way, body)
        while log[-1:] != ["awaited"]:
            await asyncio.sleep(0)
        return reason, log

    assert run(main) == (REASONS[way], ["finally", "awaited"])


def test_process_ends_while_aclosing_holds_a_generator(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with contextlib.aclosing(numbers(scene)) as source:
            async for _ in source:
                scene.ready()
                await process.receive()

    assert run(end_midway, way, body) == (REASONS[way], CLEANED[way])


def test_exit_stack_of_a_process_unwinds(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(scene.cleaning())
            stack.callback(scene.note, "callback")
            scene.ready()
            await process.receive()

    assert run(end_midway, way, body) == (REASONS[way], ["callback", *CLEANED[way]])


def test_every_finally_of_nested_managers_runs_when_the_process_is_killed(run: Run) -> None:
    """Each waits in its clean-up; a kill passes through all of them all the same."""

    async def body(scene: Scene) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(40):
                await stack.enter_async_context(scene.cleaning())
            scene.ready()
            await process.receive()

    assert run(end_midway, "kill", body) == ("killed", ["finally"] * 40)


def test_process_that_swallows_its_end_is_ended_all_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraisable: list[Any] = []

    def keep(args: Any) -> None:
        unraisable.append(args.exc_value)

    monkeypatch.setattr("sys.unraisablehook", keep)

    async def body(scene: Scene) -> None:
        scene.ready()
        while True:
            try:
                await asyncio.Event().wait()
            except BaseException:  # noqa: BLE001  # the subject of the test
                scene.note("swallowed")

    async def main() -> tuple[Any, bool]:
        reason, log = await end_midway("kill", body)
        return reason, "swallowed" in log

    assert run(main, reports=("cleanup",)) == ("killed", True)
    gc.collect()
    (error,) = unraisable  # CPython says it when the coroutine is thrown away
    assert str(error) == "coroutine ignored GeneratorExit"


def test_failure_in_the_clean_up_is_reported_and_does_not_change_the_reason(run: Run) -> None:
    async def main() -> Any:
        async def body() -> None:
            try:
                process.send(parent, "ready")
                await process.receive()
            finally:
                await asyncio.sleep(0)
                raise ZeroDivisionError

        parent = process.self()
        pid, _ = process.spawn_monitor(body)
        await process.receive("ready", timeout=PATIENCE)
        process.exit(pid, "boom")
        return (await process.receive(Down, timeout=PATIENCE)).reason

    assert run(main, reports=("cleanup",)) == "boom"
