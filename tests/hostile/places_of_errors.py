"""Where an exception meets beamish."""

from __future__ import annotations

import asyncio
from typing import Any

import beamish
from beamish import process
from beamish.otp import (
    Agent,
    ChildSpec,
    GenEventHandler,
    Stop,
    Supervisor,
    Task,
    TaskSupervisor,
    gen_event,
    gen_server,
    gen_statem,
)

from .judging import (
    SOON,
    Do,
    Echo,
    Machine,
    check,
    dies,
    error_place,
    is_plain,
    lives,
    may_fail,
    raises,
    reason_of,
    waits,
)

# ---- exceptions


@error_place
async def raised_by_a_function(error: Any) -> None:
    async def child() -> None:
        raise error

    await dies(child)
    await dies(raises, error)


@error_place
async def raised_in_a_slice(error: Any) -> None:
    async def child() -> None:
        await process.sleep(0)
        process.set_label("child")
        await process.receive()
        raise error

    pid, ref = process.spawn_monitor(child)
    process.send(pid, "go")
    await reason_of(ref)


@error_place
async def raised_in_a_clean_up(error: Any) -> None:
    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            raise error

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            raise error

    for function in (child, waits):
        for reason in ("boom", "kill"):
            pid, ref = process.spawn_monitor(function)
            await process.sleep(0)
            process.exit(pid, reason)
            expected = "killed" if reason == "kill" else reason
            check(await reason_of(ref) == expected, "another reason")


@error_place
async def raised_by_who_is_linked(error: Any) -> None:
    process.flag(trap_exit=True)
    pid = process.spawn_link(raises, error)
    await process.receive(("EXIT", pid, ...), timeout=SOON)
    why = process.why(pid)
    if why is not None:
        str(why)


@error_place
async def raised_by_who_owns(error: Any) -> None:
    closed: list[str] = []

    async def child() -> None:
        process.own(object(), close=lambda _: closed.append("plain"))
        process.own(object(), close=lambda _: asyncio.sleep(0))
        raise error

    await dies(child)
    check(closed == ["plain"], f"closed {closed}")


@error_place
async def raised_in_callbacks(error: Any) -> None:
    class Fails(Echo):
        def init(self, where: str) -> None:
            self.where = where
            if where == "init":
                raise error

        def terminate(self, reason: Any) -> None:
            if self.where == "terminate":
                raise error

    try:
        await Fails.start("init")
    except BaseException:
        pass
    for how in ("call", "cast", "info", "terminate"):
        server = await Fails.start(how)
        ref = process.monitor(server)
        if how == "call":
            _, caller_ref = process.spawn_monitor(
                gen_server.call, server, Do(lambda: raises(error)), timeout=SOON
            )
            await reason_of(caller_ref)
        elif how == "cast":
            gen_server.cast(server, Do(lambda: raises(error)))
        elif how == "info":
            process.send(server, Do(lambda: raises(error)))
        else:
            gen_server.cast(server, Do(lambda: Stop("enough")))
        await reason_of(ref)


@error_place
async def raised_in_a_machine_and_an_agent(error: Any) -> None:
    machine = await Machine.start()
    ref = process.monitor(machine)
    gen_statem.cast(machine, Do(lambda: raises(error)))
    await reason_of(ref)
    agent = await Agent.start(int)
    ref = process.monitor(agent)
    Agent.cast(agent, lambda _: raises(error))
    await reason_of(ref)


@error_place
@may_fail
async def raised_in_an_event_handler(error: Any) -> None:
    class Handler(GenEventHandler):
        def handle_event(self, event: Any) -> Any:
            raise error

    manager = await gen_event.start()
    await gen_event.add_handler(manager, Handler)
    gen_event.notify(manager, "event")
    try:
        await gen_event.which_handlers(manager)
    finally:
        if not is_plain(error):
            await gen_event.stop(manager)


@error_place
async def raised_by_a_child(error: Any) -> None:
    starts: list[int] = []

    async def child() -> None:
        starts.append(1)
        if len(starts) <= 2:
            raise error
        await process.sleep(None)

    process.flag(trap_exit=True)
    supervisor = await Supervisor.start_link([child], max_restarts=5)
    for _ in range(200):
        if len(starts) == 3:
            break
        await process.sleep(0.01)
    check(len(starts) == 3, f"{len(starts)} starts")
    await Supervisor.count_children(supervisor)
    await lives(supervisor)


@error_place
@may_fail
async def raised_by_a_start_function(error: Any) -> None:
    process.flag(trap_exit=True)
    supervisor = await Supervisor.start_link([])
    try:
        await Supervisor.start_child(supervisor, ChildSpec("child", (raises, (error,))))
    finally:
        await Supervisor.count_children(supervisor)
        await lives(supervisor)


@error_place
async def raised_in_a_task(error: Any) -> None:
    process.flag(trap_exit=True)
    task = Task.run_async(raises, error)
    check(await task.yield_(SOON) is not None, "no outcome")
    supervisor = await TaskSupervisor.start_link()
    task = await TaskSupervisor.async_nolink(supervisor, raises, error)
    check(await task.yield_(SOON) is not None, "no outcome")
    await lives(supervisor)


@error_place
async def raised_by_a_close(error: Any) -> None:
    closed: list[str] = []

    async def later() -> None:
        await asyncio.sleep(0)
        raise error

    async def at_once() -> None:
        raise error

    async def child() -> None:
        process.own(object(), close=lambda _: closed.append("first"))
        process.own(object(), close=lambda _: raises(error))
        process.own(object(), close=lambda _: closed.append("second"))
        process.own(object(), close=lambda _: later())
        process.own(object(), close=lambda _: closed.append("third"))
        process.own(object(), close=lambda _: at_once())
        process.own(object(), close=lambda _: closed.append("fourth"))

    check(await dies(child) == "normal", "another reason")
    check(closed == ["fourth", "third", "second", "first"], f"closed {closed}")


@error_place
async def raised_by_a_task_of_asyncio(error: Any) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise error

    if not is_plain(error):  # asyncio itself lets these leave the loop
        process.flag(trap_exit=True)
        pid = process.adopt(asyncio.create_task(work()))
        await process.receive(("EXIT", pid, ...), timeout=SOON)


@error_place
@may_fail
async def raised_by_a_thread(error: Any) -> None:
    await process.offload(lambda: raises(error))


@error_place
async def raised_by_a_predicate(error: Any) -> None:
    def look(_: object) -> Any:
        raise error

    async def child() -> None:
        await process.receive(look)

    pid, ref = process.spawn_monitor(child)
    process.send(pid, "message")
    await reason_of(ref)


@error_place
async def raised_in_a_block(error: Any) -> None:
    caught: list[Any] = []

    async def child() -> None:
        try:
            with process.critical():
                raise error
        except BaseException as same:
            caught.append(same is error)

    await dies(child)
    check(caught == [True], "another exception")


@error_place
async def as_an_exitreason_of(error: Any) -> None:
    check(await dies(process.exit, error) is error, "another reason")
    pid, ref = process.spawn_monitor(waits)
    process.exit(pid, error)
    check(await reason_of(ref) is error, "another reason")


@error_place
async def in_words(error: Any) -> None:
    async def child() -> None:
        beamish.to_erlang(error)

    async def other() -> None:
        beamish.format_exit(error)

    await dies(child)
    await dies(other)
