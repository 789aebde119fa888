"""The net under all that: what a thread must not do is done, and its caller is named."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from beamish import Pid, process
from beamish.runtime import fate, mailbox
from beamish.runtime.here import here
from tests.runtime.harness import PATIENCE, on_real_clock, settle


def _deliver(pid: Pid) -> None:
    proc: Any = pid._process
    mailbox.deliver(proc, "hello")


def _cancel(pid: Pid) -> None:
    proc: Any = pid._process
    proc.cancel()


def _doom(pid: Pid) -> None:
    proc: Any = pid._process
    fate.doom(proc, "doomed")


@pytest.mark.parametrize(
    ("act", "name", "end"),
    [
        (_deliver, "deliver", "hello"),
        (_cancel, "TaskFace.cancel", "cancelled"),
        (_doom, "doom", "doomed"),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_what_was_not_guarded_is_done_and_logged_by_name(
    act: Callable[[Pid], None], name: str, end: str, debug: bool
) -> None:
    @on_real_clock
    async def test() -> None:
        loop = asyncio.get_running_loop()
        loop.set_debug(debug)
        told: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: told.append(context))
        ended = threading.Event()

        async def waiting() -> None:
            process.exit(await process.receive())

        async def watching(pid: Pid) -> None:
            process.monitor(pid)
            down = await process.receive()
            assert down.reason == end
            ended.set()

        pid = process.spawn(waiting)
        process.spawn(watching, pid)
        await settle()

        def work() -> bool:
            while here.armed:  # until no process runs any more
                time.sleep(0)
            act(pid)
            return ended.wait(PATIENCE)  # nothing else wakes the loop meanwhile

        assert await asyncio.to_thread(work)
        assert f"{name}() on the thread " in told[0]["message"]
        assert "only the node's thread may do that" in told[0]["message"]

    test()


@on_real_clock
async def test_the_loop_of_a_process_is_known_on_any_thread() -> None:
    """As that of a Task, by which a thread gets back to it."""
    task = asyncio.current_task()
    assert task is not None

    loop = await asyncio.to_thread(task.get_loop)
    assert loop is asyncio.get_running_loop()
