"""Rule R15: a thread can wait for a call, which runs in a process of its own."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from beamish import BadArgError, NotRunningError, Pid, ProcessExit, process
from beamish.otp import GenServer
from beamish.runtime.here import here
from beamish.terms import Throw
from tests.runtime.harness import PATIENCE, down_of, on_real_clock


class Echo(GenServer):
    """Replies with what it is asked."""

    def handle_call(self, request: object, caller: object) -> object:
        return request


@dataclass(frozen=True)
class NoSuchKey(Exception):
    """It takes no attributes, such as a traceback's."""

    key: str


class _OddError(BaseException):
    """None that asyncio or the runtime knows of."""


async def _add(a: int, b: int = 0) -> int:
    await asyncio.sleep(0)
    return a + b


def _plain(a: int) -> int:
    return a + 1


async def _fail(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


class _Callable:
    async def __call__(self, value: int) -> int:
        return value

    async def method(self, value: int) -> int:
        return -value


# ---- results


@pytest.mark.parametrize(
    ("fn", "args", "result"),
    [
        (_add, (1, 2), 3),
        (functools.partial(_add, b=2), (1,), 3),
        (_plain, (1,), 2),
        (functools.partial(_plain, 1), (), 2),
        (_Callable(), (1,), 1),
        (_Callable().method, (1,), -1),
        (lambda: None, (), None),
        (str, (1,), "1"),
    ],
)
def test_r15_a_thread_gets_what_the_function_returns(
    fn: Callable[..., Any], args: tuple[Any, ...], result: Any
) -> None:
    @on_real_clock
    async def test() -> None:
        assert await asyncio.to_thread(process.call_threadsafe, fn, *args) == result

    test()


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("by zero"),
        NoSuchKey("k"),
        TimeoutError("its own"),
        StopAsyncIteration(),
        _OddError("odd"),
        BadArgError("its own"),
        NotRunningError("its own"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("timeout", [None, PATIENCE])
def test_r15_a_thread_gets_what_the_function_raises(
    error: BaseException, timeout: float | None
) -> None:
    got: list[BaseException] = []

    @on_real_clock
    async def test() -> None:
        def work() -> None:
            try:
                process.call_threadsafe(_fail, error, timeout=timeout)
            except BaseException as raised:  # noqa: BLE001 - it is what the test is about
                got.append(raised)

        await asyncio.to_thread(work)

    test()
    assert got == [error]
    assert got[0] is error
    frames = [frame.name for frame in traceback.extract_tb(got[0].__traceback__)]
    assert "_fail" in frames


def test_r15_nothing_is_reported_that_the_thread_is_told(caplog: pytest.LogCaptureFixture) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(process.call_threadsafe, _fail, ZeroDivisionError())

    with caplog.at_level(logging.DEBUG):
        test()

    assert [record for record in caplog.records if record.name.startswith("beamish")] == []


@pytest.mark.parametrize("reason", ["boom", "shutdown", "kill", ("shutdown", 1)])
@on_real_clock
async def test_r15_an_exit_is_raised_with_its_reason(reason: Any) -> None:
    with pytest.raises(ProcessExit) as caught:
        await asyncio.to_thread(process.call_threadsafe, process.exit, reason)

    assert caught.value.reason == reason


@on_real_clock
async def test_r15_an_exit_that_is_normal_returns_none() -> None:
    assert await asyncio.to_thread(process.call_threadsafe, process.exit, "normal") is None


@on_real_clock
async def test_r15_a_cancellation_that_nobody_caught_is_an_exit() -> None:
    """In the thread a CancelledError would be taken for one of its own."""
    with pytest.raises(ProcessExit) as caught:
        await asyncio.to_thread(process.call_threadsafe, _fail, asyncio.CancelledError())

    assert caught.value.reason == "cancelled"


@on_real_clock
async def test_r15_a_throw_is_raised() -> None:
    with pytest.raises(Throw):
        await asyncio.to_thread(process.call_threadsafe, process.throw, "value")


@on_real_clock
async def test_r15_a_killed_call_says_so() -> None:
    me = process.self()

    async def victim() -> None:
        process.send(me, process.self())
        await process.sleep(None)

    waiting = asyncio.create_task(asyncio.to_thread(process.call_threadsafe, victim))
    process.exit(await process.receive(Pid, timeout=PATIENCE), "kill")

    with pytest.raises(ProcessExit) as caught:
        await waiting
    assert caught.value.reason == "killed"


@on_real_clock
async def test_r15_it_is_a_process_without_a_parent() -> None:
    async def look() -> tuple[Any, Any, bool]:
        return process.parent(), process.ancestors(), process.alive(process.self())

    assert await asyncio.to_thread(process.call_threadsafe, look) == (None, [], True)


@on_real_clock
async def test_r15_a_server_is_called() -> None:
    pid = await Echo.start()

    result = await asyncio.to_thread(process.call_threadsafe, GenServer.call, pid, "hello")

    assert result == "hello"
    process.exit(pid, "kill")


# ---- what it refuses


def _forbidden() -> None:
    pytest.fail("this must not run")


@on_real_clock
async def test_r15_it_is_refused_on_the_nodes_own_thread() -> None:
    with pytest.raises(NotRunningError, match="it would wait for itself"):
        process.call_threadsafe(_forbidden)


@on_real_clock
async def test_r15_it_is_refused_in_a_callback_of_the_loop() -> None:
    loop = asyncio.get_running_loop()
    got: asyncio.Future[Any] = loop.create_future()

    def call() -> None:
        try:
            process.call_threadsafe(_forbidden)
        except NotRunningError as error:
            got.set_result(error)

    loop.call_soon(call)
    assert "it would wait for itself" in str(await got)


def test_r15_it_is_refused_without_a_node() -> None:
    with pytest.raises(NotRunningError, match="no node is running"):
        process.call_threadsafe(_forbidden)


@pytest.mark.parametrize("what", [42, "name", None, [_forbidden]])
@on_real_clock
async def test_r15_what_is_no_function_is_refused(what: Any) -> None:
    with pytest.raises(BadArgError, match="call_threadsafe takes a function"):
        await asyncio.to_thread(process.call_threadsafe, what)


@on_real_clock
async def test_r15_a_coroutine_is_refused_with_the_way_to_write_it() -> None:
    with pytest.raises(BadArgError, match=r"write call_threadsafe\(_add, "):
        await asyncio.to_thread(process.call_threadsafe, _add(1, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [-1, "1", float("nan"), True])
@on_real_clock
async def test_r15_a_time_out_is_seconds(timeout: Any) -> None:
    with pytest.raises(BadArgError, match="timeout"):
        await asyncio.to_thread(
            functools.partial(process.call_threadsafe, _forbidden, timeout=timeout)
        )


# ---- its time-out


@on_real_clock
async def test_r15_a_process_that_takes_longer_gets_an_exit_signal() -> None:
    me = process.self()

    async def slow() -> None:
        process.send(me, process.self())
        try:
            await process.sleep(None)
        except ProcessExit as error:
            process.send(me, error.reason)
            raise

    waiting = asyncio.create_task(
        asyncio.to_thread(functools.partial(process.call_threadsafe, slow, timeout=0.01))
    )
    pid = await process.receive(Pid, timeout=PATIENCE)
    ref = process.monitor(pid)

    with pytest.raises(TimeoutError, match=r"call_threadsafe: no result came within 0\.01 s"):
        await waiting
    assert await down_of(ref) == "shutdown"
    assert await process.receive(timeout=PATIENCE) == "shutdown"


@on_real_clock
async def test_r15_a_call_that_its_thread_gave_up_before_it_began_never_begins() -> None:
    ran: list[bool] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            process.call_threadsafe(ran.append, True, timeout=0.001)
        except TimeoutError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    with process.critical():  # the node waits for it, and does nothing else
        thread.join()
    await asyncio.to_thread(process.call_threadsafe, lambda: None)

    assert len(failed) == 1
    assert ran == []


@on_real_clock
async def test_r15_a_time_out_of_the_function_itself_is_its_own() -> None:
    async def own() -> None:
        await process.receive(timeout=0)

    with pytest.raises(TimeoutError) as caught:
        await asyncio.to_thread(functools.partial(process.call_threadsafe, own, timeout=PATIENCE))

    assert "call_threadsafe" not in str(caught.value)


# ---- within each other


@on_real_clock
async def test_r15_calls_nest() -> None:
    """A process whose thread calls a process whose thread calls one."""

    async def call(depth: int) -> int:
        if depth == 0:
            return 0
        inner: Any = await process.offload(process.call_threadsafe, call, depth - 1)
        return int(inner) + 1

    assert await asyncio.to_thread(process.call_threadsafe, call, 3) == 3


@on_real_clock
async def test_r15_many_threads_call_at_once() -> None:
    async def call(number: int) -> int:
        await process.sleep(0)
        return number

    def work(number: int) -> list[int]:
        return [process.call_threadsafe(call, 1_000 * number + n) for n in range(50)]

    got = await asyncio.gather(*(asyncio.to_thread(work, number) for number in range(8)))

    assert got == [[1_000 * number + n for n in range(50)] for number in range(8)]


@on_real_clock
async def test_r15_another_event_loop_waits_for_a_call() -> None:
    async def there() -> int:
        return process.call_threadsafe(_add, 1, 2)

    assert await asyncio.to_thread(lambda: asyncio.run(there())) == 3


@on_real_clock
async def test_r15_no_call_is_kept_when_it_is_over() -> None:
    node = here.node
    assert node is not None
    for _ in range(20):
        await asyncio.to_thread(process.call_threadsafe, _add, 1, 2)
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(process.call_threadsafe, _fail, ZeroDivisionError())

    assert not node.inbox.open_calls
