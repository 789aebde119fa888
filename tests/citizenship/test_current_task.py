"""``asyncio.current_task()`` inside of a process: the process, seen as a Task."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any

import pytest

from beamish import Down, behaviour, process
from beamish.runtime.here import current
from beamish.runtime.states import TICKED
from tests.citizenship import harness
from tests.citizenship.conftest import Run
from tests.citizenship.harness import LOOPS, PATIENCE

VARIABLE: ContextVar[str] = ContextVar("VARIABLE", default="unset")


def this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def face_of(fn: Any) -> tuple[asyncio.Task[Any], Any]:
    """The face of a new process that runs `fn` after it has told of itself, and its monitor."""
    parent = process.self()

    async def body() -> object:
        process.send(parent, ("face", this_task()))
        return await fn()

    _, ref = process.spawn_monitor(body)
    return (await process.receive(("face", ...), timeout=PATIENCE))[1], ref


async def reason_of(ref: Any) -> Any:
    down = await process.receive((..., ref, ..., ..., ...), timeout=PATIENCE)
    assert isinstance(down, Down)
    return down.reason


def test_current_task_is_one_and_the_same_in_a_process(run: Run) -> None:
    async def main() -> bool:
        first = this_task()
        await asyncio.sleep(0)
        process.send(process.self(), "x")
        await process.receive()
        await process.sleep(0)
        return this_task() is first is asyncio.current_task(asyncio.get_running_loop())

    assert run(main)


def test_each_process_is_a_task_of_its_own(run: Run) -> None:
    async def main() -> bool:
        async def child() -> None:
            process.send(parent, this_task())

        parent = process.self()
        process.spawn(child)
        process.spawn(child)
        tasks = {await process.receive(timeout=PATIENCE) for _ in range(2)}
        return len(tasks) == 2 and this_task() not in tasks

    assert run(main)


def test_a_callback_of_the_loop_has_no_current_task(run: Run) -> None:
    async def main() -> object:
        seen = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(lambda: seen.set_result(asyncio.current_task()))
        return await seen

    assert run(main) is None


def test_task_that_a_process_starts_is_a_plain_one(run: Run) -> None:
    async def main() -> bool:
        async def inner() -> object:
            return asyncio.current_task()

        task = asyncio.create_task(inner())
        return await task is task

    assert run(main)


if sys.version_info >= (3, 12):  # asyncio has no eager Tasks before

    def test_task_that_starts_at_once_is_a_process_of_its_own() -> None:
        """On the default loop. (On another one it is taken for its maker until its first wait.)"""

        async def main() -> tuple[bool, Any, list[Any]]:
            async def eager() -> tuple[Any, Any]:
                me = process.self()
                return me, await process.receive(timeout=PATIENCE)

            loop = asyncio.get_running_loop()
            loop.set_task_factory(asyncio.eager_task_factory)
            process.send(process.self(), "the maker's")
            task = asyncio.create_task(eager())
            pid = process.list()[-1]
            process.send(pid, "the task's")
            found, message = await task
            return found == pid != process.self(), message, process.flush()

        assert harness.run(LOOPS["default"], main) == (True, "the task's", ["the maker's"])


def test_task_is_named_by_its_pid_until_it_is_given_a_name(run: Run) -> None:
    async def main() -> tuple[str, str]:
        task = this_task()
        before = task.get_name()
        task.set_name("clerk")
        return before, task.get_name()

    before, after = run(main)
    assert before.startswith("<0.")
    assert after == "clerk"


def test_get_coro_is_the_coroutine_that_runs(run: Run) -> None:
    async def child(parent: Any) -> None:
        process.send(parent, (this_task(), inspect.getcoroutinestate(this_task().get_coro())))  # type: ignore[arg-type]
        await process.receive()

    async def main() -> tuple[str, str, str]:
        pid = process.spawn(child, process.self())
        task, state = await process.receive(timeout=PATIENCE)
        coro = task.get_coro()
        answer = coro.__name__, state, inspect.getcoroutinestate(coro)
        process.send(pid, "go on")
        return answer

    assert run(main) == ("child", inspect.CORO_RUNNING, inspect.CORO_SUSPENDED)


def test_get_loop_is_the_running_loop(run: Run) -> None:
    async def main() -> bool:
        return this_task().get_loop() is asyncio.get_running_loop()

    assert run(main)


def test_get_context_is_the_context_that_its_code_runs_in(run: Run) -> None:
    async def main() -> str:
        VARIABLE.set("mine")
        task: Any = this_task()  # Task.get_context is of CPython 3.12
        context: Context = task.get_context()
        return context[VARIABLE]

    assert run(main) == "mine"


def test_get_stack_shows_the_frame_that_it_waits_in(run: Run) -> None:
    async def waiting() -> None:
        await process.receive()

    async def main() -> list[str]:
        task, ref = await face_of(waiting)
        names = [frame.f_code.co_name for frame in task.get_stack()]
        task.cancel()
        await reason_of(ref)
        return names

    assert run(main) == ["body"]


def test_cancel_raises_in_a_receive(run: Run) -> None:
    async def main() -> tuple[bool, str]:
        async def waiting() -> None:
            try:
                await process.receive()
            except asyncio.CancelledError as error:
                seen.append(error.args)
                raise

        seen: list[Any] = []
        task, ref = await face_of(waiting)
        assert task.cancel("enough")
        reason = await reason_of(ref)
        return seen == [("enough",)], reason

    assert run(main) == (True, "cancelled")


def test_cancel_raises_in_an_asyncio_wait(run: Run) -> None:
    async def main() -> tuple[bool, str]:
        async def waiting() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                seen.append(error.args)
                raise

        seen: list[Any] = []
        task, ref = await face_of(waiting)
        assert task.cancel("enough")
        reason = await reason_of(ref)
        return seen == [("enough",)], reason

    assert run(main) == (True, "cancelled")


def test_cancellation_may_be_caught_and_the_process_goes_on(run: Run) -> None:
    async def main() -> tuple[int, int, str]:
        task = this_task()
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await process.receive()
        asked = task.cancelling()
        left = task.uncancel()
        process.send(process.self(), "next")
        return asked, left, await process.receive(timeout=PATIENCE)

    assert run(main) == (1, 0, "next")


WAITS: dict[str, Callable[[Any], Any]] = {
    "receive": lambda _: process.receive(),
    "receive for a time": lambda _: process.receive(timeout=2 * PATIENCE),
    "request": lambda silent: behaviour.request(silent, "ask", "anything", timeout=None),
    "server": lambda _: behaviour.Server(lambda message: message, lambda call: call).receive(),
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_cancellation_that_meets_a_process_about_to_have_its_next_turn_is_not_lost(
    run: Run, wait: Any
) -> None:
    """Its time was used up, so it let others run before it waits; it is on the queue again."""

    async def main() -> str:
        async def waiting() -> None:
            soon: Any = asyncio.get_running_loop().call_soon
            # A round of the loop for the end of the pause, one to put it on the queue, and this.
            soon(soon, soon, this_task().cancel)
            current().state = TICKED  # as the preemption timer leaves it
            await wait(silent)

        silent = process.spawn(process.sleep, None)
        _, ref = await face_of(waiting)
        reason = str(await reason_of(ref))
        process.exit(silent, "kill")
        return reason

    assert run(main) == "cancelled"


def test_process_that_cancels_itself_is_told_at_its_next_wait(run: Run) -> None:
    async def main() -> list[str]:
        log: list[str] = []
        for wait in (process.receive, lambda: asyncio.sleep(0), lambda: asyncio.sleep(60)):
            this_task().cancel()
            log.append("runs on")
            with pytest.raises(asyncio.CancelledError):
                await wait()
            this_task().uncancel()
        return log

    assert run(main) == ["runs on"] * 3


def test_uncancel_takes_back_what_was_not_delivered(run: Run) -> None:
    async def main() -> str:
        this_task().cancel()
        assert this_task().uncancel() == 0
        await asyncio.sleep(0)
        return "not cancelled"

    assert run(main) == "not cancelled"


@pytest.mark.parametrize("wait", ["receive", "future", "yield"])
def test_two_cancellations_at_once_raise_one_error(run: Run, wait: str) -> None:
    async def main() -> tuple[int, str]:
        async def waiting() -> None:
            waits: dict[str, Any] = {
                "receive": process.receive,
                "future": asyncio.get_running_loop().create_future,
                "yield": lambda: asyncio.sleep(0),
            }
            try:
                while True:
                    await waits[wait]()
            except asyncio.CancelledError:
                await asyncio.sleep(0)
                process.send(parent, ("cleaned up", this_task().cancelling()))
                raise

        parent = process.self()
        task, ref = await face_of(waiting)
        task.cancel()
        task.cancel()
        answer = await process.receive(("cleaned up", int), Down, timeout=PATIENCE)
        return answer[1], await reason_of(ref)

    assert run(main) == (2, "cancelled")


def test_cancel_after_the_cancelled_future_has_woken_it_raises_one_error(run: Run) -> None:
    """What awaits a cancelled future is told once, however late the second request comes."""

    async def main() -> str:
        async def waiting() -> None:
            try:
                await future
            except asyncio.CancelledError:
                await asyncio.sleep(0)
                process.send(parent, "cleaned up")
                raise

        parent = process.self()
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        task, ref = await face_of(waiting)
        future.add_done_callback(lambda _: task.cancel())  # runs after the process was woken
        task.cancel()
        await process.receive("cleaned up", timeout=PATIENCE)
        reason: str = await reason_of(ref)
        return reason

    assert run(main) == "cancelled"


def test_cancel_does_not_lose_a_message(run: Run) -> None:
    async def main() -> list[str]:
        async def waiting() -> None:
            got: list[str] = []
            while len(got) < 2:
                try:
                    got.append(await process.receive())
                except asyncio.CancelledError:
                    got.append("cancelled")
            process.send(parent, got)

        parent = process.self()
        task, ref = await face_of(waiting)
        pid = process.list()[-1]
        process.send(pid, "message")
        task.cancel()
        got: list[Any] = await process.receive(list, timeout=PATIENCE)  # pyright: ignore[reportUnknownVariableType]
        await reason_of(ref)
        return sorted(got)

    assert run(main) == ["cancelled", "message"]


def test_ended_process_is_a_done_task(run: Run) -> None:
    async def main() -> tuple[bool, bool, Any]:
        async def answer() -> int:
            return 42

        task, ref = await face_of(answer)
        task.add_done_callback(lambda _: None)  # from here on it keeps its result
        await reason_of(ref)
        return task.done(), task.cancelled(), task.cancel()

    assert run(main) == (True, False, False)


def test_task_that_was_cancelled_says_so(run: Run) -> None:
    async def main() -> tuple[bool, bool]:
        task, ref = await face_of(process.receive)
        task.cancel()
        await reason_of(ref)
        with pytest.raises(asyncio.CancelledError):
            task.result()
        with pytest.raises(asyncio.CancelledError):
            task.exception()
        return task.done(), task.cancelled()

    assert run(main) == (True, True)


def test_result_of_a_running_process_is_an_invalid_state(run: Run) -> None:
    async def main() -> None:
        task = this_task()
        with pytest.raises(asyncio.InvalidStateError):
            task.result()
        with pytest.raises(asyncio.InvalidStateError):
            task.exception()

    run(main)


def test_done_callback_is_called_with_the_task_in_its_context(run: Run) -> None:
    async def main() -> tuple[bool, str, str]:
        async def answer() -> str:
            await asyncio.sleep(0)
            return "result"

        task, ref = await face_of(answer)
        called: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        VARIABLE.set("the caller's")
        task.add_done_callback(lambda done: called.set_result((done, VARIABLE.get())))
        await reason_of(ref)
        done, variable = await called
        return done is task, variable, task.result()

    assert run(main) == (True, "the caller's", "result")


def test_done_callback_runs_in_the_context_that_it_is_given(run: Run) -> None:
    async def main() -> str:
        async def nothing() -> None: ...

        task, ref = await face_of(nothing)
        called: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        VARIABLE.set("the caller's")
        task.add_done_callback(lambda _: called.set_result(VARIABLE.get()), context=Context())
        await reason_of(ref)
        return await called

    assert run(main) == "unset"


def test_done_callback_of_an_ended_process_is_called_soon(run: Run) -> None:
    async def main() -> bool:
        async def nothing() -> None: ...

        task, ref = await face_of(nothing)
        await reason_of(ref)
        called: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        task.add_done_callback(called.set_result)
        return await called is task

    assert run(main)


def test_removed_done_callback_is_not_called(run: Run) -> None:
    async def main() -> tuple[int, int, list[str]]:
        log: list[str] = []

        def callback(_: object) -> None:
            log.append("called")

        task, ref = await face_of(process.receive)
        task.add_done_callback(callback)
        task.add_done_callback(callback)
        removed = task.remove_done_callback(callback), task.remove_done_callback(callback)
        task.cancel()
        await reason_of(ref)
        await asyncio.sleep(0)
        return *removed, log

    assert run(main) == (2, 0, [])


def test_uncaught_cancelled_error_is_an_expected_end_of_asyncio_and_not_reported(run: Run) -> None:
    async def main() -> Any:
        async def cancels() -> None:
            raise asyncio.CancelledError("why")

        _, ref = process.spawn_monitor(cancels)
        return await reason_of(ref)

    assert run(main) == "cancelled"


def test_cancel_from_another_thread_is_asked_by_call_soon_threadsafe(run: Run) -> None:
    async def main() -> Any:
        loop = asyncio.get_running_loop()
        task, ref = await face_of(process.receive)
        await asyncio.to_thread(lambda: loop.call_soon_threadsafe(task.cancel))
        return await reason_of(ref)

    assert run(main) == "cancelled"
