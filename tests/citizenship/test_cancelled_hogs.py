"""Rule B7: a cancellation reaches a process that computes, as it would reach one that awaits.

Each program is played twice: by asyncio, where each step of the computing awaits, and in a process,
where it does not. Both must tell the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any, Final

import anyio
import pytest

import beamish
from beamish import ProcessExit, process
from beamish.otp import GenServer, call
from beamish.runtime import interrupting
from tests.citizenship.harness import PATIENCE, SOON

pytestmark = pytest.mark.slow  # CPU time has to pass

Step = Callable[[], Awaitable[None]]

# Much more CPU time than a cancellation may be ignored for.
_LONG: Final = 0.15


async def _awaits() -> None:
    await asyncio.sleep(0)


async def _computes() -> None:
    pass


async def _forever(step: Step) -> None:
    while True:
        await step()


async def _for_long(step: Step) -> None:
    """Passes the time in which a process would be interrupted."""
    end = time.thread_time() + _LONG
    while time.thread_time() < end:
        _chunk()
        await step()


def _me() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


def _cancel_soon(times: int = 1) -> None:
    """The calling process is cancelled while it computes."""
    task = _me()
    for _ in range(times):
        asyncio.get_running_loop().call_soon(task.cancel)


# ---- time-outs


async def a_timeout(step: Step) -> Any:
    try:
        async with asyncio.timeout(SOON):
            await _forever(step)
    except TimeoutError as error:
        return type(error.__cause__), _me().cancelling()


async def a_timeout_again_and_again(step: Step) -> Any:
    ends: list[str] = []
    for _ in range(3):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SOON):
                await _forever(step)
        ends.append("ended")
    return ends


async def an_inner_timeout(step: Step) -> Any:
    outer, inner = asyncio.timeout(PATIENCE), asyncio.timeout(SOON)
    async with outer:
        with contextlib.suppress(TimeoutError):
            async with inner:
                await _forever(step)
    return inner.expired(), outer.expired(), _me().cancelling()


async def an_outer_timeout(step: Step) -> Any:
    log: list[str] = []
    outer, inner = asyncio.timeout(SOON), asyncio.timeout(PATIENCE)
    try:
        async with outer:
            try:
                async with inner:
                    await _forever(step)
            except TimeoutError:
                log.append("inner")
            finally:
                log.append("finally")
    except TimeoutError:
        log.append("outer")
    return log, inner.expired(), outer.expired(), _me().cancelling()


async def both_timeouts(step: Step) -> Any:
    log: list[str] = []
    when = asyncio.get_running_loop().time() + SOON
    outer, inner = asyncio.timeout_at(when), asyncio.timeout_at(when)
    try:
        async with outer:
            try:
                async with inner:
                    await _forever(step)
            except TimeoutError:
                log.append("inner")
    except TimeoutError:
        log.append("outer")
    return log, inner.expired(), outer.expired(), _me().cancelling()


async def a_timeout_that_is_put_off(step: Step) -> Any:
    async with asyncio.timeout(SOON) as timeout:
        timeout.reschedule(None)
        await _for_long(step)
    return timeout.expired()


async def a_timeout_in_a_function_that_is_not_async(step: Step) -> Any:
    def numbers() -> Any:
        while True:
            yield 1

    try:
        async with asyncio.timeout(SOON):
            for _ in numbers():
                await step()
    except TimeoutError:
        return "timed out"


# ---- groups and scopes


async def a_group_whose_child_fails(step: Step) -> Any:
    async def fails() -> None:
        await asyncio.sleep(SOON)
        raise LookupError

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            await _forever(step)
    except ExceptionGroup as errors:
        return [type(error) for error in errors.exceptions], _me().cancelling()


async def a_group_in_a_timeout(step: Step) -> Any:
    log: list[str] = []

    async def sleeps() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            log.append("child cancelled")

    try:
        async with asyncio.timeout(SOON), asyncio.TaskGroup() as group:
            group.create_task(sleeps())
            await asyncio.sleep(0)
            await _forever(step)
    except TimeoutError:
        log.append("timed out")
    return log, _me().cancelling()


async def an_anyio_scope(step: Step) -> Any:
    with anyio.move_on_after(SOON) as scope:
        await _forever(step)
    return scope.cancelled_caught, _me().cancelling()


async def an_anyio_scope_that_fails(step: Step) -> Any:
    try:
        with anyio.fail_after(SOON):
            await _forever(step)
    except TimeoutError:
        return "timed out", _me().cancelling()


async def an_anyio_scope_in_another(step: Step) -> Any:
    with anyio.move_on_after(SOON) as outer:
        with anyio.move_on_after(PATIENCE) as inner:
            await _forever(step)
    return inner.cancelled_caught, outer.cancelled_caught, _me().cancelling()


async def an_anyio_scope_that_is_shielded(step: Step) -> Any:
    log: list[str] = []
    with anyio.move_on_after(SOON) as scope:
        with anyio.CancelScope(shield=True):
            await _for_long(step)
            log.append("whole")
        await _forever(step)
    return log, scope.cancelled_caught, _me().cancelling()


async def an_anyio_group_whose_child_fails(step: Step) -> Any:
    async def fails() -> None:
        await asyncio.sleep(SOON)
        raise LookupError

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(fails)
            await _forever(step)
    except ExceptionGroup as errors:
        return [type(error) for error in errors.exceptions], _me().cancelling()


# ---- cancel and uncancel


async def a_cancel(step: Step) -> Any:
    asyncio.get_running_loop().call_soon(_me().cancel, "the message")
    try:
        await _forever(step)
    except asyncio.CancelledError as error:
        return error.args, _me().cancelling(), _me().uncancel()


async def a_cancel_of_itself(step: Step) -> Any:
    _me().cancel()
    try:
        await _forever(step)
    except asyncio.CancelledError:
        return _me().uncancel()


async def two_cancels(step: Step) -> Any:
    """One error answers both."""
    _cancel_soon(times=2)
    try:
        await _forever(step)
    except asyncio.CancelledError:
        pass
    await _for_long(step)
    return _me().cancelling(), _me().uncancel(), _me().uncancel()


async def a_cancel_that_was_taken(step: Step) -> Any:
    """Once for each cancel(): who catches it computes on."""
    caught: list[int] = []
    for _ in range(2):
        _cancel_soon()
        try:
            await _forever(step)
        except asyncio.CancelledError:
            caught.append(_me().cancelling())
        await _for_long(step)
    return caught


async def a_cancel_that_is_taken_back(step: Step) -> Any:
    async def cancel() -> None:
        task.cancel()
        task.uncancel()

    task = _me()
    canceller = asyncio.get_running_loop().create_task(cancel())
    await _for_long(step)
    return task.cancelling(), canceller.done()


async def a_cancel_in_a_shield(step: Step) -> Any:
    """What is shielded is another Task."""
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(SOON)
        done.append("done")

    inner = asyncio.ensure_future(work())
    _cancel_soon()
    try:
        await _forever(step)
        await asyncio.shield(inner)
    except asyncio.CancelledError:
        _me().uncancel()
    await inner
    return done


# ---- what must run to its end


async def a_cancel_during_a_finally(step: Step) -> Any:
    """In asyncio an await in a `finally` is cancelled too; what computes there is not."""
    log: list[str] = []
    try:
        try:
            await step()
        finally:
            _cancel_soon()
            await _for_long(_computes)
            log.append("whole")
        await _forever(step)
    except asyncio.CancelledError:
        log.append("cancelled")
    return log


async def a_cancel_during_a_handler(step: Step) -> Any:
    log: list[str] = []
    try:
        try:
            raise LookupError
        except LookupError:
            _cancel_soon()
            await _for_long(_computes)
            log.append("whole")
        await _forever(step)
    except asyncio.CancelledError:
        log.append("cancelled")
    return log


async def a_cancel_during_an_exit(step: Step) -> Any:
    log: list[str] = []

    @contextlib.asynccontextmanager
    async def context() -> AsyncGenerator[None]:
        yield
        _cancel_soon()
        await _for_long(_computes)
        log.append("whole")

    try:
        async with context():
            await step()
        await _forever(step)
    except asyncio.CancelledError:
        log.append("cancelled")
    return log


async def a_timeout_whose_clean_up_computes(step: Step) -> Any:
    log: list[str] = []
    try:
        async with asyncio.timeout(SOON):
            try:
                await _forever(step)
            finally:
                await _for_long(_computes)
                log.append("whole")
    except TimeoutError:
        log.append("timed out")
    return log, _me().cancelling()


_PROGRAMS: Final[list[Any]] = [
    a_timeout,
    a_timeout_again_and_again,
    an_inner_timeout,
    an_outer_timeout,
    both_timeouts,
    a_timeout_that_is_put_off,
    a_timeout_in_a_function_that_is_not_async,
    a_group_whose_child_fails,
    a_group_in_a_timeout,
    an_anyio_scope,
    an_anyio_scope_that_fails,
    an_anyio_scope_in_another,
    an_anyio_scope_that_is_shielded,
    an_anyio_group_whose_child_fails,
    a_cancel,
    a_cancel_of_itself,
    two_cancels,
    a_cancel_that_was_taken,
    pytest.param(
        a_cancel_that_is_taken_back,
        marks=pytest.mark.skipif(sys.version_info < (3, 13), reason="uncancel() took nothing back"),
    ),
    a_cancel_in_a_shield,
    a_cancel_during_a_finally,
    a_cancel_during_a_handler,
    a_cancel_during_an_exit,
    a_timeout_whose_clean_up_computes,
]


@pytest.mark.parametrize("program", _PROGRAMS)
def test_b7_a_process_that_computes_is_cancelled_as_a_task_that_awaits(program: Any) -> None:
    expected = asyncio.run(program(_awaits))

    async def main() -> Any:
        async with asyncio.timeout(PATIENCE):
            return await program(_computes)

    assert beamish.run(main) == expected


# ---- what asyncio has not


@contextlib.contextmanager
def _noting(log: list[Any]) -> Generator[None]:
    """Notes what has passed, and lets it go on."""
    try:
        yield
        log.append("whole")
    except BaseException as error:
        log.append(type(error).__name__)
        raise


async def _noted(log: list[Any], work: Callable[[Any], None], amount: float = _LONG) -> None:
    """Computes so much while it is cancelled."""
    with contextlib.suppress(asyncio.CancelledError):
        _me().cancel()
        with _noting(log):
            work(amount)
    log.append(_me().cancelling())


def _chunk() -> None:
    for _ in range(1000):
        pass


def _burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        _chunk()


def _burn_by_sends(seconds: float) -> None:
    nobody = process.make_ref()
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        for _ in range(1000):
            process.send(nobody, None)


def _burn_in_critical(seconds: float) -> None:
    with process.critical():
        _burn(seconds)


def _burn_in_a_lock_module(seconds: float) -> None:
    """Where a process is not parked: `Condition.wait_for` calls this from within threading."""

    def burnt() -> bool:
        _burn(seconds)
        return True

    condition = threading.Condition()
    with condition:
        condition.wait_for(burnt)


class _Finalized:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __del__(self) -> None:
        _burn(self._seconds)


def _burn_in_a_finalizer(seconds: float) -> None:
    _Finalized(seconds)


@pytest.mark.parametrize(
    ("work", "end"),
    [
        (_burn, "CancelledError"),
        (_burn_by_sends, "CancelledError"),
        (_burn_in_critical, "whole"),
        (_burn_in_a_lock_module, "whole"),
        (_burn_in_a_finalizer, "whole"),
    ],
)
def test_b7_a_process_is_interrupted_only_where_it_could_be_parked(work: Any, end: str) -> None:
    log: list[Any] = []

    beamish.run(_noted, log, work, _LONG if end == "whole" else PATIENCE)

    assert log == [end, 1]


# Loops without a call: the interpreter looks for signals only where they jump back.


def _loops(times: int) -> None:
    for _ in range(times):
        pass


def _loops_in_a_try(times: int) -> None:
    try:
        for _ in range(times):
            pass
    finally:
        len(())


def _loops_around_a_try(times: int) -> None:
    number = 0
    while number < times:
        try:
            number += 1
        finally:
            number += 1


def _loops_around_a_with(times: int) -> None:
    number, context = 0, contextlib.nullcontext()
    while number < times:
        with context:
            number += 1


def _loops_in_a_finally(times: int) -> None:
    try:
        len(())
    finally:
        for _ in range(times):
            pass


def _loops_with_a_condition_in_a_finally(times: int) -> None:
    number = 0
    try:
        number += 1
    finally:
        while number < times:
            number += 1


def _loops_in_a_handler(times: int) -> None:
    try:
        raise LookupError
    except LookupError:
        for _ in range(times):
            pass


@pytest.mark.parametrize(
    ("work", "end"),
    [
        (_loops, "CancelledError"),
        (_loops_in_a_try, "CancelledError"),
        (_loops_around_a_try, "CancelledError"),
        (_loops_around_a_with, "CancelledError"),
        (_loops_in_a_finally, "whole"),
        (_loops_with_a_condition_in_a_finally, "whole"),
        (_loops_in_a_handler, "whole"),
    ],
)
def test_b7_a_loop_is_known_by_what_it_jumps_back_to(work: Any, end: str) -> None:
    log: list[Any] = []

    beamish.run(_noted, log, work, 10_000_000 if end == "whole" else 10_000_000_000)

    assert log == [end, 1]


def test_b7_a_plain_task_is_not_interrupted() -> None:
    """It is not preempted either; it hears of the cancellation where it awaits."""
    log: list[Any] = []

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(_noted(log, _burn))

    beamish.run(main)

    assert log == ["whole", 1]


def test_b7_a_process_that_defers_cancellations_is_not_interrupted() -> None:
    """process.flag(async_cancel=False); the flag says what it was."""
    log: list[Any] = []

    async def main() -> list[bool]:
        answers = [process.flag(async_cancel=False), process.flag(async_cancel=False)]
        await _noted(log, _burn)
        with pytest.raises(asyncio.CancelledError):  # where it awaits
            await asyncio.sleep(0)
        answers.append(process.flag(async_cancel=True))
        await _noted(log, _burn, PATIENCE)
        return answers

    assert beamish.run(main) == [True, False, False]
    assert log == ["whole", 1, "CancelledError", 2]


@pytest.mark.parametrize("flags", [{}, {"trap_exit": True, "async_cancel": True}])
def test_flag_takes_one_flag(flags: Any) -> None:
    with pytest.raises(TypeError, match="flag takes one flag"):
        beamish.run(lambda: process.flag(**flags))


def test_b7_nothing_is_interrupted_where_nothing_is_preempted() -> None:
    log: list[Any] = []

    beamish.run(_noted, log, _burn, preempt=False)

    assert log == ["whole", 1]


def test_b7_a_cancellation_may_be_ignored_for_50_ms_of_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the process' own CPU time, whatever others use meanwhile."""
    chunks = 0
    monkeypatch.setattr(interrupting, "thread_time", lambda: chunks / 1000)

    def hog() -> None:
        while True:
            pass

    async def main() -> None:
        nonlocal chunks
        process.spawn(hog)
        with pytest.raises(asyncio.CancelledError):
            _me().cancel()
            while True:
                _chunk()
                chunks += 1

    beamish.run(main)

    assert chunks >= 50


@pytest.mark.parametrize("first", ["exit", "cancel"])
@pytest.mark.parametrize("reason", ["boom", "kill"])
def test_b7_one_error_answers_an_exit_signal_and_a_cancellation(first: str, reason: str) -> None:
    """The exit signal decides; its clean-up may await."""

    async def main() -> Any:
        log: list[str] = []

        async def victim() -> None:
            process.send(parent, _me())
            try:
                while True:
                    pass
            except ProcessExit:
                log.append("exit")
                await asyncio.sleep(0)
                log.append("awaited")
                raise
            except asyncio.CancelledError:
                log.append("cancelled")

        parent = process.self()
        pid, ref = process.spawn_monitor(victim)
        task = await process.receive(timeout=PATIENCE)
        for what in (first, "cancel" if first == "exit" else "exit"):
            if what == "exit":
                process.exit(pid, reason)
            else:
                task.cancel()
        down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
        return down[4], log

    expected = ("boom", ["exit", "awaited"]) if reason == "boom" else ("killed", ["exit"])
    assert beamish.run(main) == expected


def test_b7_a_process_that_does_not_catch_it_ends_as_cancelled() -> None:
    async def main() -> Any:
        async def victim() -> None:
            process.send(parent, _me())
            await _forever(_computes)

        parent = process.self()
        _, ref = process.spawn_monitor(victim)
        (await process.receive(timeout=PATIENCE)).cancel()
        return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4]

    assert beamish.run(main) == "cancelled"


def test_b7_a_timeout_in_a_callback_of_a_server_ends_its_computing() -> None:
    class Server(GenServer):
        @call
        async def compute(self) -> str:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SOON):
                    await _forever(_computes)
            return "timed out"

    async def main() -> list[str]:
        pid = await Server.start_link()
        return [await Server.compute(pid) for _ in range(2)]

    assert beamish.run(main) == ["timed out", "timed out"]
