"""Plain asyncio code as a supervisor's child: coroutine functions and existing Tasks."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    ChildSpecError,
    DynamicSupervisor,
    StartError,
    Supervisor,
    child_spec,
    gen_server,
    gen_statem,
)
from beamish.terms import Pid

from .support import ended_by, exit_reason, on_real_clock, reason_of


async def pid_in(sup: Pid) -> Any:
    (info,) = await Supervisor.which_children(sup)
    return info.pid


class Server:
    """A server as asyncio's libraries have them: it knows nothing of processes."""

    def __init__(self) -> None:
        self.ports: asyncio.Queue[int] = asyncio.Queue()
        self.closed = asyncio.Event()

    async def serve(self, host: str = "127.0.0.1") -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(echo, host, 0)
        try:
            self.ports.put_nowait(server.sockets[0].getsockname()[1])
            async with server:
                await server.serve_forever()
        finally:
            self.closed.set()

    async def ask(self) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", await self.ports.get())
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return line


async def for_ever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    await asyncio.sleep(0)
    raise ValueError("boom")


# ---- functions


@on_real_clock
async def test_a_coroutine_function_is_a_child() -> None:
    server = Server()

    await Supervisor.start_link([server.serve])

    assert await server.ask() == b"hello\n"


@on_real_clock
async def test_it_is_restarted_when_it_ends() -> None:
    server = Server()
    sup = await Supervisor.start_link([(server.serve, "127.0.0.1")])
    await server.ask()

    await ended_by(await pid_in(sup), "kill")

    assert await server.ask() == b"hello\n"


@on_real_clock
async def test_it_is_cancelled_when_its_supervisor_stops() -> None:
    server = Server()
    sup = await Supervisor.start_link([server.serve])
    await server.ports.get()

    await Supervisor.stop(sup)

    assert server.closed.is_set()


def test_its_id_is_its_name_and_it_is_permanent() -> None:
    spec = child_spec((functools.partial(for_ever), (), {}))

    assert (spec.id, spec.restart, spec.type) == ("for_ever", "permanent", "worker")


def test_its_spec_can_be_changed() -> None:
    spec = child_spec(Server().serve, id="web", restart="transient", shutdown=1.0)

    assert (spec.id, spec.restart, spec.shutdown) == ("web", "transient", 1.0)


@on_real_clock
async def test_its_exception_is_the_exit_reason() -> None:
    async def gated() -> None:
        await process.receive("go")
        await fails()

    sup = await Supervisor.start_link([child_spec(gated, restart="temporary")])
    pid = await pid_in(sup)
    ref = process.monitor(pid)
    process.send(pid, "go")

    reason = (await process.receive(("DOWN", ref, ..., ..., ...)))[4]
    assert isinstance(reason, ValueError)


@on_real_clock
async def test_a_dynamic_supervisor_takes_it_too() -> None:
    server = Server()
    sup = await DynamicSupervisor.start_link()

    await DynamicSupervisor.start_child(sup, (server.serve, (), {"host": "127.0.0.1"}))

    assert await server.ask() == b"hello\n"


# ---- Tasks


@on_real_clock
async def test_a_running_task_is_a_child_until_it_ends() -> None:
    task = asyncio.create_task(for_ever(), name="poller")

    sup = await Supervisor.start_link([task])

    (info,) = await Supervisor.which_children(sup)
    assert info.id == "poller"
    task.cancel()
    assert await reason_of(info.pid) == "cancelled"  # type: ignore[arg-type]
    assert await Supervisor.which_children(sup) == []


@on_real_clock
async def test_a_task_is_cancelled_when_its_supervisor_stops() -> None:
    task = asyncio.create_task(for_ever())
    sup = await Supervisor.start_link([task])

    await Supervisor.stop(sup)
    await asyncio.wait([task])

    assert task.cancelled()


@on_real_clock
async def test_a_task_that_is_done_cannot_be_started() -> None:
    process.flag(trap_exit=True)
    good, bad = asyncio.create_task(asyncio.sleep(0)), asyncio.create_task(fails())
    await asyncio.wait([good, bad])
    sup = await Supervisor.start_link([])

    with pytest.raises(StartError) as ended:
        await Supervisor.start_child(sup, good)
    with pytest.raises(StartError) as failed:
        await Supervisor.start_child(sup, bad)

    assert ended.value.reason == "noproc"
    assert failed.value.reason is bad.exception()


@on_real_clock
async def test_a_task_cannot_be_permanent() -> None:
    task = asyncio.create_task(for_ever())

    with pytest.raises(ChildSpecError, match="pass the coroutine function instead of the Task"):
        child_spec(task, restart="permanent")
    assert child_spec(task, id="x").restart == "temporary"
    task.cancel()


# ---- mappings


@on_real_clock
async def test_a_mapping_is_a_spec_and_may_hold_more() -> None:
    fields = {"id": "a", "start": (process.spawn_link, (for_ever,)), "restart": "temporary"}

    sup = await Supervisor.start_link([fields | {"note": "not looked at"}])

    spec = await Supervisor.get_childspec(sup, "a")
    assert (spec.restart, spec.shutdown, spec.type) == ("temporary", 5.0, "worker")


@pytest.mark.parametrize("field", ["id", "start"])
def test_what_a_mapping_lacks_is_named(field: str) -> None:
    fields: dict[str, Any] = {"id": "a", "start": for_ever}
    del fields[field]

    with pytest.raises(ChildSpecError, match=f"{field}: expected .*; it is missing") as refused:
        child_spec(fields)

    assert refused.value.reason == f"missing_{field}"


@pytest.mark.parametrize("module", [gen_server, gen_statem])
@on_real_clock
async def test_a_task_that_calls_itself_does_not_wait_for_itself(module: Any) -> None:
    async def call_oneself() -> None:
        reason, _ = await exit_reason(module.call(process.self(), "x", None))
        assert reason == "calling_self"

    await asyncio.create_task(call_oneself())
