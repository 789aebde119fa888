"""A process that a thread has spawned: from the first moment it is like any other."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from beamish import BadArgError, Exit, Pid, process
from tests.runtime.harness import PATIENCE, down_of, on_real_clock

_VARIABLE: Final = contextvars.ContextVar("variable", default="none")


def _spawn_at_home(fn: Callable[..., Any], *args: Any) -> Pid:
    return process.spawn(fn, *args)


def _spawn_on_a_thread(fn: Callable[..., Any], *args: Any) -> Pid:
    """The loop has no turn before this returns: the process has not begun."""
    pids: list[Pid] = []
    with process.critical():
        thread = threading.Thread(target=lambda: pids.append(process.spawn(fn, *args)))
        thread.start()
        thread.join()
    return pids[0]


async def _echo(to: Pid) -> None:
    process.send(to, ("got", await process.receive()))
    await process.sleep(None)


# ---- what can be done to a process that has not begun


async def _sent(pid: Pid) -> Any:
    process.send(pid, "hello")
    return await process.receive(timeout=PATIENCE)


async def _ended(pid: Pid) -> Any:
    ref = process.monitor(pid)
    process.exit(pid, "enough")
    return process.alive(pid), await down_of(ref)


async def _killed(pid: Pid) -> Any:
    ref = process.monitor(pid)
    process.exit(pid, "kill")
    return process.alive(pid), await down_of(ref)


async def _ended_twice(pid: Pid) -> Any:
    ref = process.monitor(pid)
    process.exit(pid, "first")
    process.exit(pid, "kill")
    return process.alive(pid), await down_of(ref)


async def _exited_normally(pid: Pid) -> Any:
    process.exit(pid, "normal")
    return process.alive(pid), await _sent(pid)


async def _linked(pid: Pid) -> Any:
    process.flag(trap_exit=True)
    process.link(pid)
    process.exit(pid, "enough")
    return (await process.receive(Exit, timeout=PATIENCE)).reason


async def _unlinked(pid: Pid) -> Any:
    process.link(pid)
    process.unlink(pid)
    process.exit(pid, "enough")
    return await down_of(process.monitor(pid))


async def _demonitored(pid: Pid) -> Any:
    return process.demonitor(process.monitor(pid), info=True), await _sent(pid)


async def _registered(pid: Pid) -> Any:
    process.register("spawned", pid)
    process.send("spawned", "by name")
    return process.whereis("spawned") == pid, await process.receive(timeout=PATIENCE)


async def _given(pid: Pid) -> Any:
    closed: list[bool] = []
    thing = process.own(object(), lambda _: closed.append(True))
    process.give_away(thing, pid)
    ref = process.monitor(pid)
    process.exit(pid, "enough")
    return await down_of(ref), closed


async def _timed(pid: Pid) -> Any:
    process.send_after(0, pid, "later")
    return await process.receive(timeout=PATIENCE)


async def _cancelled(pid: Pid) -> Any:
    ref = process.monitor(pid)
    proc: Any = pid._process
    proc.cancel()
    return await down_of(ref)


async def _shown(pid: Pid) -> Any:
    shown = process.info(pid)
    assert shown is not None
    return {name: value for name, value in shown.items() if name not in ("parent", "ancestors")}


@pytest.mark.parametrize(
    "act",
    [
        *(_sent, _ended, _killed, _ended_twice, _exited_normally, _linked, _unlinked),
        *(_demonitored, _registered, _given, _timed, _cancelled, _shown),
    ],
    ids=lambda act: act.__name__.strip("_"),
)
def test_r14_a_process_that_has_not_begun_is_like_any_other(
    act: Callable[[Pid], Awaitable[Any]],
) -> None:
    """One that was spawned at home is the judge."""
    got: list[Any] = []
    for spawn in (_spawn_at_home, _spawn_on_a_thread):

        @on_real_clock
        async def test(spawn: Any = spawn) -> None:
            got.append(await act(spawn(_echo, process.self())))

        test()

    assert got[0] == got[1]


@on_real_clock
async def test_r14_it_has_no_parent_and_its_own_context() -> None:
    me = process.self()

    def look() -> None:
        process.send(me, (process.parent(), process.ancestors(), _VARIABLE.get()))

    def work() -> None:
        _VARIABLE.set("the thread's")
        process.spawn(look)
        _VARIABLE.set("changed")

    await asyncio.to_thread(work)

    assert await process.receive(timeout=PATIENCE) == (None, [], "the thread's")


@on_real_clock
async def test_r14_what_it_runs_fails_in_it_and_not_in_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def needs_one(_: int) -> None:
        pass

    pid = await asyncio.to_thread(lambda: process.spawn(needs_one))  # type: ignore[call-arg]
    reason = await down_of(process.monitor(pid))

    assert isinstance(reason, TypeError) or reason == "noproc"
    assert any("needs_one" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("what", [42, None, "name"])
@on_real_clock
async def test_r14_what_is_no_function_is_refused_on_the_thread(what: Any) -> None:
    with pytest.raises(BadArgError, match="spawn takes a function"):
        await asyncio.to_thread(lambda: process.spawn(what))


@on_real_clock
async def test_r14_each_pid_is_another() -> None:
    def work() -> list[Pid]:
        return [process.spawn(process.sleep, None) for _ in range(500)]

    pids = [
        pid
        for some in await asyncio.gather(*(asyncio.to_thread(work) for _ in range(8)))
        for pid in some
    ]

    assert len(set(pids)) == 4_000
    assert all(process.alive(pid) for pid in pids)
    assert set(pids) < {*process.list()}
