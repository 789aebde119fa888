"""Rule C7: what a process owns is closed when it ends, before anyone hears of the death."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import pytest

import beamish
from beamish import BadArgError, Pid, process

from .harness import (
    PATIENCE,
    down_of,
    ended,
    on_real_clock,
    on_virtual_clock,
    settle,
    sleeper,
    watched_end,
)

_ENDS: dict[str, Callable[[], object]] = {
    "normal": lambda: None,
    "exit": lambda: process.exit("boom"),
    "error": lambda: 1 / 0,
    "signal": lambda: process.exit(process.self(), "boom"),
    "kill": lambda: process.exit(process.self(), "kill"),
}


class _Resource:
    """Something with close()."""

    def __init__(self, steps: list[str] | None = None, name: str = "closed") -> None:
        self.steps = [] if steps is None else steps
        self.name = name

    def close(self) -> None:
        self.steps.append(self.name)


async def _own(resource: Any, close: Callable[[Any], Any] | None = None) -> None:
    """A process that owns something and ends."""
    process.own(resource, close)


@pytest.mark.parametrize("end", _ENDS)
@on_virtual_clock
async def test_a_resource_is_closed_however_its_owner_ends(end: str) -> None:
    resource = _Resource()

    async def child() -> None:
        assert process.own(resource) is resource
        _ENDS[end]()

    await watched_end(child)

    assert resource.steps == ["closed"]


@on_virtual_clock
async def test_the_latest_is_closed_first() -> None:
    steps: list[str] = []

    async def child() -> None:
        for name in ("first", "second", "third"):
            process.own(_Resource(steps, name))

    await watched_end(child)

    assert steps == ["third", "second", "first"]


@on_virtual_clock
async def test_owning_twice_closes_once() -> None:
    resource = _Resource()

    async def child() -> None:
        process.own(resource)
        process.own(resource)

    await watched_end(child)

    assert resource.steps == ["closed"]


@pytest.mark.parametrize("method", ["aclose", "close", "cancel", "kill", "terminate"])
@on_virtual_clock
async def test_how_to_close_is_told_by_what_it_is(method: str) -> None:
    steps: list[str] = []

    def close(_: object) -> None:
        steps.append(method)

    resource = type("Thing", (), {method: close})()

    await watched_end(_own, resource)

    assert steps == [method]


@on_virtual_clock
async def test_how_to_close_can_be_said() -> None:
    steps: list[Any] = []
    resource = _Resource()

    await watched_end(_own, resource, steps.append)

    assert steps == [resource]
    assert resource.steps == []


@on_virtual_clock
async def test_what_cannot_be_closed_is_badarg() -> None:
    with pytest.raises(BadArgError, match=r"say how to close it: own\(resource, close=function\)"):
        process.own(42)


@on_virtual_clock
async def test_a_close_that_awaits_is_waited_for() -> None:
    """Before the DOWN, within the grace period."""
    steps: list[str] = []

    class Slow:
        async def aclose(self) -> None:
            steps.append("closing")
            await asyncio.sleep(2)
            steps.append("closed")

    pid, ref = process.spawn_monitor(_own, Slow())
    await settle()
    assert not process.alive(pid)

    assert await down_of(ref) == "normal"
    assert steps == ["closing", "closed"]


@on_virtual_clock
async def test_a_close_that_never_ends_is_given_up() -> None:
    """After the grace period."""
    loop = asyncio.get_running_loop()
    before = loop.time()

    class Stuck:
        async def aclose(self) -> None:
            await asyncio.sleep(3600)

    assert await watched_end(_own, Stuck()) == "normal"
    assert loop.time() - before == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("how", ["raises", "exits", "awaits and raises", "is cancelled"])
def test_a_failing_close_is_reported_and_does_not_stop_the_others(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[str] = []

    class Failing:
        def __repr__(self) -> str:
            return "<failing>"

        def close(self) -> Any:
            if how == "raises":
                raise OSError("disk full")
            if how == "exits":
                process.exit("disk full")
            return self._later()

        async def _later(self) -> None:
            await asyncio.sleep(0)
            if how == "is cancelled":
                raise asyncio.CancelledError("disk full")
            raise OSError("disk full")

    async def child() -> None:
        process.own(_Resource(steps, "one"))
        process.own(Failing())
        process.own(_Resource(steps, "two"))

    async def main() -> None:
        assert await watched_end(child) == "normal"

    beamish.run(main)

    assert steps == ["two", "one"]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("beamish", logging.ERROR)
    assert getattr(record, "report", None) == "close"
    assert "<failing>" in record.getMessage()
    assert "disk full" in record.getMessage()


# ---- the usual kinds


@on_virtual_clock
async def test_an_open_file_is_closed() -> None:
    with tempfile.TemporaryFile() as file:
        await watched_end(_own, file)
        assert file.closed


@on_virtual_clock
async def test_a_task_is_cancelled_and_waited_for() -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.5)
            steps.append("cleaned up")

    task = asyncio.create_task(work())
    await settle()

    await watched_end(_own, task)

    assert task.cancelled()
    assert steps == ["cleaned up"]


@on_virtual_clock
async def test_a_task_that_is_done_is_left_alone() -> None:
    task = asyncio.create_task(asyncio.sleep(0, "result"))
    await task

    await watched_end(_own, task)

    assert task.result() == "result"


@pytest.mark.slow  # starts a child process
@on_real_clock
async def test_a_subprocess_is_killed_and_waited_for() -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(3600)", stdin=subprocess.DEVNULL
    )

    await watched_end(_own, child)

    assert child.returncode == -9


@pytest.mark.slow  # starts a child process
@on_real_clock
async def test_a_subprocess_that_has_ended_is_left_alone() -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await child.wait()

    await watched_end(_own, child)

    assert child.returncode == 0


@on_real_clock
async def test_a_stream_is_closed_and_the_peer_sees_it() -> None:
    accepted: asyncio.Queue[asyncio.StreamReader] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await accepted.put(reader)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        reader = await accepted.get()

        await watched_end(_own, writer)

        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""
        for one in writers:
            one.close()
            await one.wait_closed()


# ---- giving away


@on_virtual_clock
async def test_info_shows_what_is_owned() -> None:
    resource = process.own(_Resource())

    assert process.info(process.self(), "owned") == [resource]
    assert process.disown(resource) is True
    assert process.info(process.self(), "owned") == []


@on_virtual_clock
async def test_disown_ends_the_ownership_without_closing() -> None:
    resource = _Resource()

    async def child() -> None:
        process.own(resource)
        assert process.disown(resource) is True
        assert process.disown(resource) is False

    assert await watched_end(child) == "normal"
    assert resource.steps == []


@on_virtual_clock
async def test_what_was_given_away_lives_with_its_new_owner() -> None:
    resource = _Resource()
    heir, heir_ref = process.spawn_monitor(sleeper)

    async def child() -> None:
        process.own(resource)
        assert process.give_away(resource, heir) is True

    await watched_end(child)
    assert resource.steps == []
    assert process.info(heir, "owned") == [resource]

    process.exit(heir, "boom")
    await down_of(heir_ref)
    assert resource.steps == ["closed"]


@on_virtual_clock
async def test_what_one_does_not_own_cannot_be_given_away() -> None:
    heir = process.spawn(sleeper)

    with pytest.raises(BadArgError, match="does not own"):
        process.give_away(_Resource(), heir)


@pytest.mark.parametrize("dead", [True, False])
@on_virtual_clock
async def test_nothing_is_given_to_the_dead_or_to_what_is_no_pid(dead: bool) -> None:
    resource = process.own(_Resource())
    heir: Any = await ended() if dead else "heir"

    with pytest.raises(BadArgError, match="give_away takes the Pid of a living process"):
        process.give_away(resource, heir)

    assert process.info(process.self(), "owned") == [resource]


@on_virtual_clock
async def test_giving_to_oneself_changes_nothing() -> None:
    resource = process.own(_Resource())

    process.give_away(resource, process.self())

    assert process.info(process.self(), "owned") == [resource]


@on_virtual_clock
async def test_an_adopted_task_owns_too() -> None:
    resource = _Resource()

    async def task() -> None:
        process.own(resource)

    await asyncio.create_task(task())
    await settle()

    assert resource.steps == ["closed"]


# ---- offload


@on_real_clock
async def test_offload_runs_on_a_thread_and_returns_the_result() -> None:
    name = await process.offload(lambda: threading.current_thread().name)

    assert name.startswith("beamish-offload")


@on_real_clock
async def test_offload_raises_what_the_function_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        await process.offload(lambda: 1 / 0)


@on_real_clock
async def test_the_node_goes_on_while_work_is_offloaded() -> None:
    event = threading.Event()

    async def child(parent: Pid) -> None:
        process.send(parent, "meanwhile")
        event.set()

    process.spawn(child, process.self())

    assert await process.offload(event.wait, PATIENCE) is True
    assert process.flush() == ["meanwhile"]


@on_real_clock
async def test_one_who_offloads_can_be_ended_meanwhile() -> None:
    """B6: the caller can be killed."""
    begun, event = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        event.wait(PATIENCE)

    pid, ref = process.spawn_monitor(process.offload, work)
    await process.offload(begun.wait, PATIENCE)
    process.exit(pid, "boom")

    assert await down_of(ref) == "boom"
    event.set()


@pytest.mark.slow  # starts an OS process
@on_real_clock
async def test_offload_of_computing_runs_in_an_os_process() -> None:
    assert await process.offload(pow, 7, 77, cpu=True) == 7**77
