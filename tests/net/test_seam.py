"""The seam between sockets and the runtime: what is handed over arrives once, or is taken back."""

from __future__ import annotations

import asyncio
import contextlib
import socket as sockets
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import beamish
from beamish import Pid, Ref, process
from beamish.net import ListenSocket, Socket, SocketOptions, gen_tcp
from beamish.runtime import waiting

from .conftest import RunNode
from .sockets import SOON, connected, reason_of_end, watched


class Waiter:
    """A process that waits in suspend(), and an object that it waits on.

    Attributes:
        waiting: set by the seam.
        pid: who waits.
        task: the same, as asyncio sees it.
        ref: of the monitor of whoever made it.
        got: what suspend() returned or raised.
        back: what take_back was called with.
    """

    pid: Pid
    task: asyncio.Task[Any]
    ref: Ref

    def __init__(self) -> None:
        self.waiting: Pid | None = None
        self.got: list[Any] = []
        self.back: list[Any] = []

    async def wait(self) -> None:
        self.pid = process.self()
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        try:
            self.got.append(await waiting.suspend(self))
        except BaseException as error:
            self.got.append(type(error))
            if not isinstance(error, Exception):
                raise
        finally:
            assert self.waiting is None

    def take_back(self, value: object) -> None:
        self.back.append(value)

    async def end(self) -> None:
        """Until it has ended."""
        await reason_of_end(self.ref)


async def in_a_process() -> Waiter:
    """A process that waits in suspend()."""
    waiter = Waiter()
    pid, waiter.ref = watched(waiter.wait)
    while process.info(pid, "status") != "waiting":
        await process.sleep(0)
    return waiter


_tasks: set[asyncio.Task[None]] = set()


async def in_a_task() -> Waiter:
    """A plain asyncio Task that waits in suspend()."""
    waiter = Waiter()
    task = asyncio.create_task(waiter.wait())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    while not hasattr(waiter, "pid"):
        await process.sleep(0)
    waiter.ref = process.monitor(waiter.pid)
    return waiter


both_kinds = pytest.mark.parametrize("waits", [in_a_process, in_a_task])
Waits = Callable[[], Coroutine[Any, Any, Waiter]]


@both_kinds
def test_what_is_handed_over_is_returned(waits: Waits) -> None:
    async def main() -> None:
        waiter = await waits()

        assert waiting.wake(waiter, b"data")
        await waiter.end()

        assert (waiter.got, waiter.back) == ([b"data"], [])

    beamish.run(main)


@both_kinds
def test_a_wait_ends_once(waits: Waits) -> None:
    async def main() -> None:
        waiter = await waits()

        assert waiting.wake(waiter, b"first")
        assert not waiting.wake(waiter, b"second")
        assert not waiting.wake_error(waiter, ValueError())
        await waiter.end()

        assert (waiter.got, waiter.back) == ([b"first"], [])

    beamish.run(main)


@both_kinds
def test_a_dead_process_cannot_be_woken(waits: Waits) -> None:
    async def main() -> None:
        waiter = await waits()
        waiting.wake(waiter)
        await waiter.end()

        assert not waiting.wake(waiter, b"data")
        assert not waiting.wake_error(waiter, ValueError())

    beamish.run(main)


@both_kinds
def test_an_error_is_raised_and_nothing_is_taken_back(waits: Waits) -> None:
    async def main() -> None:
        waiter = await waits()

        assert waiting.wake_error(waiter, ConnectionError())
        await waiter.end()

        assert (waiter.got, waiter.back) == ([ConnectionError], [])

    beamish.run(main)


@both_kinds
@pytest.mark.parametrize("end", ["kill", "shutdown", "cancel"])
def test_nothing_is_taken_back_where_nothing_was_handed_over(waits: Waits, end: str) -> None:
    async def main() -> None:
        waiter = await waits()

        _end(waiter, end)
        await waiter.end()

        assert waiter.back == []
        assert len(waiter.got) == 1

    beamish.run(main)


def _end(waiter: Waiter, how: str) -> None:
    if how == "cancel":
        waiter.task.cancel()
    else:
        process.exit(waiter.pid, how)


@both_kinds
@pytest.mark.parametrize("end", ["kill", "shutdown"])
def test_what_a_process_did_not_live_to_see_is_taken_back(waits: Waits, end: str) -> None:
    async def main() -> None:
        waiter = await waits()

        assert waiting.wake(waiter, b"data")
        _end(waiter, end)
        await waiter.end()

        assert waiter.back == [b"data"]
        assert b"data" not in waiter.got

    beamish.run(main)


def test_a_process_that_is_cancelled_after_it_was_woken_still_gets_the_value() -> None:
    async def main() -> None:
        waiter = await in_a_process()

        assert waiting.wake(waiter, b"data")
        waiter.task.cancel()
        await waiter.end()

        assert (waiter.got, waiter.back) == ([b"data"], [])

    beamish.run(main)


def test_what_a_task_is_handed_and_cancelled_before_it_runs_is_taken_back() -> None:
    """asyncio raises the cancellation, though the scheduler has come to the process before."""

    async def main() -> None:
        waiter = await in_a_task()

        assert waiting.wake(waiter, b"data")
        waiter.task.cancel()
        await waiter.end()

        assert (waiter.got, waiter.back) == ([asyncio.CancelledError], [b"data"])

    beamish.run(main)


def test_what_a_task_is_handed_and_cancelled_before_its_step_is_taken_back() -> None:
    """Its future has the value already, and the Task has not gone on."""

    async def main() -> None:
        waiter = await in_a_task()

        assert waiting.wake(waiter, b"data")
        # Comes after it on the run queue: the value is in its future by then.
        process.spawn(waiter.task.cancel)
        await waiter.end()

        assert (waiter.got, waiter.back) == ([asyncio.CancelledError], [b"data"])

    beamish.run(main)


def test_an_error_that_a_cancelled_task_does_not_see_is_not_taken_back() -> None:
    async def main() -> None:
        waiter = await in_a_task()

        assert waiting.wake_error(waiter, ConnectionError())
        waiter.task.cancel()
        await waiter.end()

        assert (waiter.got, waiter.back) == ([asyncio.CancelledError], [])

    beamish.run(main)


def test_a_cancellation_before_the_wait_is_raised_where_it_would_begin() -> None:
    async def cancelled(waiter: Waiter) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await waiter.wait()

    async def main() -> None:
        waiter = Waiter()
        _, ref = watched(cancelled, waiter)
        await reason_of_end(ref)

        assert (waiter.got, waiter.back) == ([asyncio.CancelledError], [])

    beamish.run(main)


def test_a_sleep_that_was_cancelled_does_not_end_the_next_wait() -> None:
    async def sleeper(waiter: Waiter) -> None:
        task: Any = asyncio.current_task()
        process.spawn(task.cancel)  # has its turn before the loop goes round
        with contextlib.suppress(asyncio.CancelledError):
            await process.sleep(0)
        await waiter.wait()

    async def main() -> None:
        waiter = Waiter()
        pid = process.spawn(sleeper, waiter)
        for _ in range(3):
            await process.sleep(0)

        assert process.info(pid, "status") == "waiting"
        assert waiter.got == []
        process.exit(pid, "kill")

    beamish.run(main)


def test_a_wake_ends_the_wait_on_its_object_and_no_later_one() -> None:
    async def twice(first: Waiter, second: Waiter) -> None:
        task: Any = asyncio.current_task()
        process.spawn(task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await waiting.suspend(first)
        await second.wait()

    async def main() -> None:
        first, second = Waiter(), Waiter()
        _, second.ref = watched(twice, first, second)
        while second.waiting is None:
            await process.sleep(0)

        assert not waiting.wake(first, b"late")
        assert waiting.wake(second, b"data")
        await second.end()

        assert (first.back, second.got, second.back) == ([], [b"data"], [])

    beamish.run(main)


# ---- the sockets use it


@pytest.mark.parametrize("active", [False, True])
def test_a_connection_is_for_the_next_if_who_was_given_it_is_killed(
    run_node: RunNode, active: bool
) -> None:
    async def acceptor(listener: ListenSocket) -> None:
        await gen_tcp.accept(listener)

    async def main() -> None:
        options: SocketOptions = {"active": active}
        listener = gen_tcp.listen(0, **options)
        doomed, ref = watched(acceptor, listener)
        while process.info(doomed, "status") != "waiting":
            await process.sleep(0)

        with sockets.create_connection(("127.0.0.1", gen_tcp.port(listener))) as peer:
            listener._on_ready(1)  # as the loop does: now it is on its way to the process
            process.exit(doomed, "kill")
            await reason_of_end(ref)

            far = await gen_tcp.accept(listener, timeout=SOON)
            assert gen_tcp.peername(far) == peer.getsockname()

    run_node(main)


async def _in_recv(far: Socket) -> asyncio.Task[Any]:
    task = asyncio.create_task(gen_tcp.recv(far))
    while far.waiting is None:
        await asyncio.sleep(0)
    return task


def test_no_packet_is_lost_when_a_task_is_cancelled_between_its_data_and_its_turn(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        task = await _in_recv(far)
        await gen_tcp.send(near, b"one\ntwo\n")

        far._on_ready(1)  # as the loop does: now the line is on its way to the Task
        task.cancel()
        await asyncio.wait([task])

        assert await gen_tcp.recv(far, timeout=SOON) == b"one\n"
        assert await gen_tcp.recv(far, timeout=SOON) == b"two\n"

    run_node(main)


def test_a_packet_that_was_taken_back_is_for_the_next_who_waits_already(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        doomed, ref = watched(gen_tcp.recv, far)
        while process.info(doomed, "status") != "waiting":
            await process.sleep(0)
        await gen_tcp.send(near, b"hello\n")
        far._on_ready(1)  # as the loop does: now the line is on its way to the process
        process.exit(doomed, "kill")

        # It waits before the other has ended.
        assert await gen_tcp.recv(far, timeout=SOON) == b"hello\n"
        assert await reason_of_end(ref) == "killed"

    run_node(main)


@pytest.mark.parametrize("length", [0, 2, 4])
def test_a_length_is_that_of_the_process_that_asked_for_it(run_node: RunNode, length: int) -> None:
    async def reader(socket: Socket, parent: Pid) -> None:
        process.send(parent, await gen_tcp.recv(socket, 5))

    async def main() -> None:
        far, near = await connected()
        pid = process.spawn(reader, far, process.self())
        while process.info(pid, "status") != "waiting":
            await process.sleep(0)
        await gen_tcp.send(near, b"helloxy")
        far._on_ready(1)  # as the loop does: now its five bytes are on their way to the process
        if length > 2:
            await gen_tcp.send(near, b"zabc")

        # It asks before the other has had its turn.
        assert await gen_tcp.recv(far, length, timeout=SOON) == b"xyza"[: length or 2]
        assert await process.receive(timeout=SOON) == b"hello"

    run_node(main)
