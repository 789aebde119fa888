"""Behaviours: what ended of them is in no table of theirs."""

from __future__ import annotations

from typing import Any

from beamish import process
from beamish.otp import (
    Agent,
    ChildSpec,
    DynamicSupervisor,
    GenEventHandler,
    GenServer,
    GenStatem,
    Registry,
    StartError,
    Supervisor,
    Task,
    TaskSupervisor,
    gen_event,
    gen_server,
    gen_statem,
    pg,
)

from .storms_of_processes import idle
from .table import Boom, Payload, end_by_signal, ended, storm


class Child(GenServer):
    """A server that fails when it is told to."""

    def init(self, given: Payload) -> None:
        self.given = given

    def handle_call(self, request: Any, caller: Any) -> Any:
        raise Boom(request)

    def handle_cast(self, request: Any) -> Any:
        raise Boom(request)


def spec(id: Any = "child", **options: Any) -> ChildSpec:
    """How a supervisor starts one."""
    return ChildSpec(id, (Child.start_link, (Payload(),)), **options)


@storm
async def dynamic_children(number: int) -> object:
    sup = await DynamicSupervisor.start_link(max_restarts=10**9)
    for _ in range(number):
        pid = await DynamicSupervisor.start_child(sup, spec(restart="temporary"))
        await DynamicSupervisor.terminate_child(sup, pid)
        pid = await DynamicSupervisor.start_child(sup, spec(restart="temporary"))
        gen_server.cast(pid, Payload())
    while await DynamicSupervisor.which_children(sup):
        await process.sleep(0)
    return sup


@storm
async def static_children(number: int) -> object:
    sup = await Supervisor.start_link([], max_restarts=10**9)
    for place in range(number):
        await Supervisor.start_child(sup, spec(place))
        await Supervisor.terminate_child(sup, place)
        await Supervisor.delete_child(sup, place)
    return sup


@storm
async def restarts(number: int) -> object:
    me = process.self()

    class Restarted(GenServer):
        def init(self) -> None:
            self.payload = Payload()
            process.send(me, ("up", process.self()))

    child = ChildSpec("child", (Restarted.start_link, ()))
    sup = await Supervisor.start_link([child], max_restarts=10**9, max_seconds=3600)
    for _ in range(number):
        process.exit((await process.receive(("up", ...)))[1], "kill")
    await process.receive(("up", ...))
    return sup


@storm
async def starts_that_fail(number: int) -> None:
    class Fails(GenServer):
        def init(self, given: Payload) -> None:
            raise Boom(given)

    for _ in range(number):
        try:
            await Fails.start(Payload())
        except StartError:
            continue


@storm
async def calls_that_fail(number: int) -> None:
    async def ask() -> None:
        await gen_server.call(await Child.start(Payload()), Payload())

    for _ in range(number):
        await ended(ask)


@storm
async def agents(number: int) -> None:
    for _ in range(number):
        agent = await Agent.start(Payload)
        await Agent.update(agent, Payload)
        await Agent.stop(agent)
        await end_by_signal(await Agent.start(Payload))


class Machine(GenStatem):
    """A state machine with time-outs."""

    def init(self, given: Payload) -> Any:
        self.given = given
        return gen_statem.NextState(
            "waits",
            gen_statem.StateTimeout(3600.0, Payload()),
            gen_statem.GenericTimeout("name", 3600.0, Payload()),
        )


@storm
async def state_machines(number: int) -> None:
    for _ in range(number):
        await end_by_signal(await Machine.start(Payload()))


class Handler(GenEventHandler):
    """A handler that fails when it is told to."""

    def init(self, given: Payload) -> None:
        self.given = given

    def handle_event(self, event: Any) -> Any:
        raise Boom(event)


@storm
async def event_handlers(number: int) -> None:
    manager = await gen_event.start()

    async def add() -> None:
        await gen_event.add_sup_handler(manager, Handler, Payload())

    for _ in range(number):
        await gen_event.add_handler(manager, Handler, Payload())
        await gen_event.delete_handler(manager, Handler, Payload())
        await gen_event.add_handler(manager, Handler, Payload())
        await gen_event.sync_notify(manager, Payload())
        await ended(add)
    await end_by_signal(manager)


@storm
async def tasks(number: int) -> None:
    async def give(_given: Payload) -> Payload:
        return Payload()

    async def leave() -> None:
        Task.run_async(give, Payload())
        await process.sleep(0)

    for _ in range(number):
        await ended(leave)
        await Task.run_async(give, Payload()).await_()
        await Task.run_async(give, Payload()).yield_()
        await Task.run_async(give, Payload()).shutdown()
        await Task.run_async(give, Payload()).ignore()
    process.flush()


@storm
async def supervised_tasks(number: int) -> object:
    sup = await TaskSupervisor.start_link()

    async def give(_given: Payload) -> Payload:
        return Payload()

    async def fail(given: Payload) -> None:
        raise Boom(given)

    for _ in range(number):
        await TaskSupervisor.start_child(sup, give, Payload())
        await (await TaskSupervisor.run_async(sup, give, Payload())).await_()
        await (await TaskSupervisor.async_nolink(sup, fail, Payload())).yield_()
        await TaskSupervisor.async_nolink(sup, fail, Payload())
    while await TaskSupervisor.children(sup):
        await process.sleep(0)
    process.flush()
    return sup


@storm
async def streams(number: int) -> object:
    sup = await TaskSupervisor.start_link()

    async def give(given: Payload) -> Payload:
        return Payload(given)

    async for _ in Task.async_stream([Payload() for _ in range(number)], give):
        pass
    for _ in range(number // 10):
        async for _ in TaskSupervisor.async_stream_nolink(sup, [Payload()] * 10, give):
            break
    return sup


@storm
async def entries_of_registries(number: int) -> None:
    def register(place: int) -> None:
        Registry.register("Names", place, Payload())
        Registry.register("Names", Payload(), place)

    for keys in ("unique", "duplicate"):
        sup = await Registry.start_link(keys=keys, name="Names", partitions=2)
        for place in range(number):
            await ended(register, place)
        while Registry.count("Names"):
            await process.sleep(0)
        await end_by_signal(sup)


@storm
async def members_of_groups(number: int) -> None:
    scope = await pg.start("scope")
    for place in range(number):
        pid = process.spawn(idle)
        await pg.join("scope", place, pid)
        await end_by_signal(pid)
    while pg.which_groups("scope"):
        await process.sleep(0)
    await end_by_signal(scope)


@storm
async def global_names(number: int) -> None:
    for place in range(number):
        await end_by_signal(await Child.start(Payload(), name=("global", place)))
