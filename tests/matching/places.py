"""``python -m tests.matching.places NAME [PLACE...]``: tries a value in behaviours.

Each place is a function of the value that asserts what should come of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Final

import pytest

import beamish
from beamish import CallError, Down, Exit, Pid, atom, process
from beamish.otp import (
    Agent,
    ChildSpec,
    DynamicSupervisor,
    Fail,
    GenEventHandler,
    GenServer,
    GenStatem,
    NoReply,
    PartitionSupervisor,
    Registry,
    StartError,
    Stop,
    Supervisor,
    Task,
    TaskSupervisor,
    application,
    gen_event,
    gen_server,
    gen_statem,
    global_,
    pg,
    proc_lib,
    timer,
)
from beamish.otp import sys as otp_sys
from beamish.otp.gen_statem import (
    GenericTimeout,
    KeepState,
    NextEvent,
    NextState,
    Postpone,
    StateTimeout,
)
from beamish.terms.careful import class_of
from beamish.testing import expect, expect_down, refute, settle

from .values import VALUES

__all__ = ["PLACES", "problems"]

# Seconds that something may take; they pass only where something is wrong.
PATIENCE: Final = 5.0

Place = Callable[[Any], Awaitable[None]]

PLACES: Final[dict[str, Place]] = {}


def place(function: Place) -> Place:
    PLACES[function.__name__] = function
    return function


def messages(value: Any) -> list[Any]:
    """Messages of all the shapes that a behaviour looks for."""
    ref = process.make_ref()
    return [
        value,
        (value,),
        (value, 1),
        (value, (process.self(), ref)),
        (value, (process.self(), ref), "request"),
        (ref, value),
        (value, value, value),
        (process.self(), value, value),
        (process.self(), (process.self(), ref), value),
        (process.self(), (process.self(), ref), (value, 1)),
        ("timeout", value, value),
        ("timeout", ref, value),
        ("EXIT", value, value),
        Exit(value, "boom"),
        Exit(value, value),
        Down(ref, "process", value, value),
        ("DOWN", value, "process", value, value),
        Down(value, "process", value, value),
        [value],
        {"k": value},
    ]


def system_messages(value: Any) -> list[Any]:
    """Requests of sys that no function makes."""
    caller = (process.self(), process.make_ref())
    debug = [value, (value, 1), ("remove", value)]
    requests = [value, (value, 1), *[("debug", what) for what in debug]]
    return [("system", caller, request) for request in requests]


def hashable(value: Any) -> bool:
    try:
        hash(value)
    except BaseException:  # noqa: BLE001 - that is what is asked
        return False
    return True


async def ends(pid: Pid, *, by: Callable[[], object]) -> Any:
    """The reason with which a process ends when something is done."""
    ref = process.monitor(pid)
    by()
    return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4]


async def outcome(fn: Callable[..., Any], *args: Any) -> Any:
    """The reason with which a process ends that runs a function."""
    _, ref = process.spawn_monitor(fn, *args)
    return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4]


# ---- GenServer


class Server(GenServer):
    """Does what it is asked to."""

    held: Any = None

    def handle_call(self, request: Any, caller: Any) -> Any:
        return request[0](*request[1:]) if class_of(request) is tuple else NoReply

    def handle_cast(self, request: Any) -> Any:
        self.held = request

    def handle_continue(self, arg: Any) -> Any:
        self.held = arg


async def answers(server: Pid) -> None:
    assert await gen_server.call(server, (lambda: "here",), PATIENCE) == "here"


@place
async def messages_to_a_server(value: Any) -> None:
    server = await Server.start_link()
    for message in [*messages(value), *system_messages(value)]:
        process.send(server, message)
        await answers(server)
    await gen_server.stop(server)


@place
async def messages_to_a_server_that_is_traced(value: Any) -> None:
    server = await Server.start_link()
    await otp_sys.log(server, True)
    await otp_sys.statistics(server, True)
    with contextlib.redirect_stdout(io.StringIO()):
        await otp_sys.trace(server, True)
        for message in [*messages(value), *system_messages(value)]:
            process.send(server, message)
            await answers(server)
        assert await gen_server.call(server, (lambda: value,), PATIENCE) is value
        await otp_sys.log(server, "print")
        await gen_server.stop(server)


@place
async def messages_to_a_server_that_is_suspended(value: Any) -> None:
    server = await Server.start_link()
    await otp_sys.suspend(server)
    for message in [*messages(value), *system_messages(value)]:
        process.send(server, message)
    await otp_sys.resume(server)
    await answers(server)
    await gen_server.stop(server)


@place
async def reply(value: Any) -> None:
    async def later() -> Any:
        await asyncio.sleep(0)
        return value

    server = await Server.start_link()
    assert await gen_server.call(server, (lambda: value,), PATIENCE) is value
    assert await gen_server.call(server, (later,), PATIENCE) is value
    gen_server.cast(server, value)
    await answers(server)
    request = gen_server.send_request(server, (lambda: value,))
    assert await gen_server.receive_response(request, PATIENCE) is value
    await gen_server.stop(server)


@place
async def responses(value: Any) -> None:
    """Other messages lie before the one that is waited for."""
    server = await Server.start_link()
    ids = gen_server.reqids_new()
    noise = messages(value)
    for message in noise:
        process.send(process.self(), message)
    gen_server.send_request(server, (lambda: value,), value, ids)
    request = gen_server.send_request(server, (lambda: value,))
    assert await gen_server.receive_response(request, PATIENCE) is value
    response = await gen_server.receive_response(ids, PATIENCE)
    assert response is not None
    assert response.reply is value
    assert response.label is value
    for message in noise:
        assert gen_server.check_response(message, ids) is None
        assert gen_server.check_response(message, request) is None
    assert len(process.flush()) == len(noise)
    await gen_server.stop(server)


@place
async def reason_of_a_stop(value: Any) -> None:
    """The process ends with it: that is what was asked for, and no failure."""
    server = await Server.start()
    await gen_server.stop(server, value, PATIENCE)
    machine = await Machine.start("one")
    await gen_statem.stop(machine, value, PATIENCE)
    manager = await gen_event.start()
    await gen_event.stop(manager, value, PATIENCE)
    process_of_proc_lib = await Server.start()
    await proc_lib.stop(process_of_proc_lib, value, PATIENCE)
    other = await Server.start()
    await otp_sys.terminate(other, value, PATIENCE)


@place
async def reason_that_a_server_gives(value: Any) -> None:
    server = await Server.start()
    gen_server.cast(server, value)
    assert await ends(server, by=lambda: process.exit(server, value)) is value
    stopping = await Server.start()
    with pytest.raises(CallError) as ended:
        await gen_server.call(stopping, (lambda: Stop(value),), PATIENCE)
    assert ended.value.reason[0] is value
    beamish.format_exit(ended.value.reason)


@place
async def reason_of_a_start(value: Any) -> None:
    class Failing(GenServer):
        def init(self, how: Any) -> Any:
            return how(value)

    def leave(reason: Any) -> None:
        process.exit(reason)

    for how in (Stop, Fail, leave):
        with pytest.raises(StartError) as failed:
            await Failing.start(how)
        assert failed.value.reason is value
        assert isinstance(str(failed.value), str)
        beamish.to_erlang(failed.value)


# ---- state machines


class Machine(GenStatem):
    """Goes to the state that it is asked to go to."""

    callback_mode = ("handle_event_function", "state_enter")

    def init(self, first: Any) -> Any:
        self.entered: list[Any] = []
        return NextState(first)

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        kind = event_type
        if kind == "enter":
            self.entered.append(state)
            return KeepState()
        match kind:
            case ("call", caller):
                gen_statem.reply(caller, content() if callable(content) else "here")
                return KeepState()
            case "cast" if callable(content):
                return content()
            case _:
                return KeepState()


async def machine_answers(machine: Pid) -> None:
    assert await gen_statem.call(machine, None, PATIENCE) == "here"


@place
async def states(value: Any) -> None:
    machine = await Machine.start_link(value)
    for state in (value, "other", value, ("pair", value), ("pair", value), value):
        gen_statem.cast(machine, partial(NextState, state))
        await machine_answers(machine)
    state, _ = await otp_sys.get_state(machine)
    assert state is value
    await gen_statem.stop(machine)


@place
async def states_of_a_machine_that_is_traced(value: Any) -> None:
    machine = await Machine.start_link(value)
    with contextlib.redirect_stdout(io.StringIO()):
        await otp_sys.trace(machine, True)
        await otp_sys.log(machine, True)
        for state in ("other", value):
            gen_statem.cast(machine, partial(NextState, state))
            await machine_answers(machine)
        for message in messages(value):
            process.send(machine, message)
            await machine_answers(machine)
        await otp_sys.log(machine, "print")
        await gen_statem.stop(machine)


@place
async def events_of_a_machine(value: Any) -> None:
    machine = await Machine.start_link("one")
    for message in [*messages(value), *system_messages(value)]:
        process.send(machine, message)
        await machine_answers(machine)
    for actions in (
        [Postpone, NextEvent("internal", value)],
        [StateTimeout(60.0, value), StateTimeout(0, value)],
        [GenericTimeout("name", 0, value)],
    ):
        gen_statem.cast(machine, partial(KeepState, *actions))
        gen_statem.cast(machine, lambda: NextState("two"))
        gen_statem.cast(machine, lambda: NextState("one"))
        await machine_answers(machine)
    await gen_statem.stop(machine)


@place
async def names_of_time_outs(value: Any) -> None:
    """One that cannot be hashed is an error of the machine's own."""
    if not hashable(value):
        return
    machine = await Machine.start_link("one")
    for seconds in (60.0, 0, None, 0.001):
        action = GenericTimeout(value, seconds, 1)
        gen_statem.cast(machine, partial(KeepState, action))
        await machine_answers(machine)
    await gen_statem.stop(machine)


# ---- events


class Handler(GenEventHandler):
    """Keeps what it hears."""

    def init(self, *args: Any) -> None:
        self.heard: list[Any] = []

    def handle_event(self, event: Any) -> Any:
        self.heard.append(event)

    def handle_call(self, request: Any) -> Any:
        return request


@place
async def events(value: Any) -> None:
    manager = await gen_event.start_link()
    await gen_event.add_handler(manager, Handler)
    gen_event.notify(manager, value)
    await gen_event.sync_notify(manager, value)
    assert await gen_event.call(manager, Handler, value) is value
    for message in [*messages(value), *system_messages(value)]:
        process.send(manager, message)
        assert await gen_event.which_handlers(manager) == [Handler]
    await gen_event.stop(manager)


@place
async def ids_of_event_handlers(value: Any) -> None:
    manager = await gen_event.start_link()
    for id in ((Handler, value), (Handler, "other")):
        await gen_event.add_handler(manager, id, value)
    assert await gen_event.call(manager, (Handler, "other"), "here") == "here"
    assert await gen_event.call(manager, (Handler, value), "here") == "here"
    await gen_event.delete_handler(manager, (Handler, value), value)
    assert await gen_event.which_handlers(manager) == [(Handler, "other")]
    await gen_event.stop(manager)


@place
async def errors_of_event_handlers(value: Any) -> None:
    class Failing(Handler):
        def handle_event(self, event: Any) -> Any:
            return value if event == "return" else process.exit(value)

    manager = await gen_event.start_link()
    for event in ("return", "exit"):
        await gen_event.add_handler(manager, (Failing, value))
        await gen_event.sync_notify(manager, event)
        assert await gen_event.which_handlers(manager) == []
    await gen_event.stop(manager)


# ---- supervisors


class Worker(GenServer):
    """Ends for a reason when it is told to stop."""

    def init(self, arg: Any = None, reason: Any = None) -> None:
        self.reason = reason
        process.flag(trap_exit=reason is not None)

    def terminate(self, reason: Any) -> None:
        if self.reason is not None:
            process.exit(self.reason)


def spec(id: Any = "worker", *args: Any, **options: Any) -> ChildSpec:
    return ChildSpec(id, (Worker.start_link, args), **options)


async def child_of(supervisor: Pid, id: Any = "worker") -> Pid:
    child = await Supervisor.which_child(supervisor, id)
    assert isinstance(child.pid, Pid)
    return child.pid


@place
async def messages_to_supervisors(value: Any) -> None:
    supervisor = await Supervisor.start_link([spec()])
    dynamic = await DynamicSupervisor.start_link()
    partitions = await PartitionSupervisor.start_link(Server, name="partitions", partitions=2)
    tasks = await TaskSupervisor.start_link()
    for message in [*messages(value), *system_messages(value)]:
        for one in (supervisor, dynamic, partitions, tasks):
            process.send(one, message)
    await settle()
    assert (await Supervisor.count_children(supervisor))["active"] == 1
    assert (await DynamicSupervisor.count_children(dynamic))["active"] == 0
    assert (await Supervisor.count_children(partitions))["active"] == 2
    assert await TaskSupervisor.children(tasks) == []
    for one in (supervisor, dynamic, partitions, tasks):
        await gen_server.stop(one)


@place
async def reasons_of_children(value: Any) -> None:
    for restart in ("permanent", "transient", "temporary"):
        supervisor = await Supervisor.start_link([spec(restart=restart)])
        child = await child_of(supervisor)
        assert await ends(child, by=partial(process.exit, child, value)) is value
        await settle()
        assert (await Supervisor.count_children(supervisor))["active"] == (restart != "temporary")
        await gen_server.stop(supervisor)
    dynamic = await DynamicSupervisor.start_link()
    child = await DynamicSupervisor.start_child(dynamic, spec())
    assert await ends(child, by=lambda: process.exit(child, value)) is value
    await settle()
    assert (await DynamicSupervisor.count_children(dynamic))["active"] == 1
    await gen_server.stop(dynamic)


@place
async def reasons_of_children_that_stop(value: Any) -> None:
    supervisor = await Supervisor.start_link([spec("worker", None, value)])
    await gen_server.stop(supervisor)
    both = await Supervisor.start_link(
        [spec("worker", None, value), spec("other")], strategy="one_for_all"
    )
    process.exit(await child_of(both, "other"), "boom")
    await settle()
    assert (await Supervisor.count_children(both))["active"] == 2
    await gen_server.stop(both)


@place
async def arguments_of_children(value: Any) -> None:
    supervisor = await Supervisor.start_link([spec("worker", value)])
    child = await child_of(supervisor)
    await ends(child, by=lambda: process.exit(child, "boom"))
    await settle()
    assert await child_of(supervisor) is not child
    await gen_server.stop(supervisor)


@place
async def ids_of_children(value: Any) -> None:
    if not hashable(value):
        return
    supervisor = await Supervisor.start_link([spec(value), spec("other")])
    child = await child_of(supervisor, value)
    await ends(child, by=lambda: process.exit(child, "boom"))
    await settle()
    await Supervisor.terminate_child(supervisor, value)
    await Supervisor.restart_child(supervisor, value)
    await Supervisor.terminate_child(supervisor, value)
    await Supervisor.delete_child(supervisor, value)
    assert (await Supervisor.count_children(supervisor))["specs"] == 1
    await gen_server.stop(supervisor)


@place
async def keys_of_partitions(value: Any) -> None:
    if not hashable(value):
        return
    partitions = await PartitionSupervisor.start_link(Server, name="partitions", partitions=2)
    name = ("via", PartitionSupervisor, ("partitions", value))
    assert await gen_server.call(name, (lambda: "here",), PATIENCE) == "here"
    await gen_server.stop(partitions)


# ---- tasks


@place
async def results_of_tasks(value: Any) -> None:
    def give(arg: Any = None) -> Any:
        return value

    assert await Task.run_async(give).await_() is value
    supervisor = await TaskSupervisor.start_link()
    assert await (await TaskSupervisor.run_async(supervisor, give)).await_() is value
    found = [result async for result in Task.async_stream([1, 2, value], give)]
    assert all(kind == "ok" and result is value for kind, result in found)
    tasks = [Task.run_async(give), Task.run_async(give)]
    assert all(result is value for result in await Task.await_many(tasks))
    await gen_server.stop(supervisor)


@place
async def reasons_of_tasks(value: Any) -> None:
    def leave(arg: Any = None) -> None:
        process.exit(value)

    async def waits() -> None:
        await Task.run_async(leave).await_()

    assert await outcome(waits) is not None
    supervisor = await TaskSupervisor.start_link()
    task = await TaskSupervisor.async_nolink(supervisor, leave)
    found = await task.yield_(PATIENCE)
    assert found is not None
    assert found[1] is value
    async for kind, reason in TaskSupervisor.async_stream_nolink(supervisor, [1, 2], leave):
        assert kind == "exit"
        assert reason is value
    await gen_server.stop(supervisor)


@place
async def messages_beside_tasks(value: Any) -> None:
    """Those who wait for tasks leave all other messages where they are."""
    noise = messages(value)
    for message in noise:
        process.send(process.self(), message)
    assert await Task.run_async(lambda: 1).await_() == 1
    assert await Task.await_many([Task.run_async(lambda: 1)]) == [1]
    found = [result async for result in Task.async_stream([1, 2], lambda one: one)]
    assert found == [("ok", 1), ("ok", 2)]
    assert len(process.flush()) == len(noise)


# ---- agents, registries, groups, timers


@place
async def states_of_agents(value: Any) -> None:
    agent = await Agent.start_link(lambda: value)
    assert await Agent.get(agent, lambda state: state) is value
    await Agent.update(agent, lambda _: value)
    assert await Agent.get_and_update(agent, lambda state: (state, value)) is value
    for message in [*messages(value), *system_messages(value)]:
        process.send(agent, message)
    assert await Agent.get(agent, lambda state: state) is value
    await Agent.stop(agent)


@place
async def values_in_a_registry(value: Any) -> None:
    for keys in ("unique", "duplicate"):
        registry = await Registry.start_link(keys=keys, name="registry")
        me = process.self()
        Registry.register("registry", "key", value)
        assert Registry.lookup("registry", "key")[0][1] is value
        for pattern in (1, "text", ("stop", 43), 4.5, b"halt", {"k": 1}):
            assert Registry.match("registry", "key", pattern) == [], pattern
            assert Registry.count_match("registry", "key", pattern) == 0
            Registry.unregister_match("registry", "key", pattern)
            assert Registry.select("registry", ("key", me, pattern)) == []
        Registry.dispatch("registry", "key", lambda _: None)
        if not iscoroutinefunction(value):  # a predicate, whose result nobody would await
            Registry.unregister_match("registry", "key", value)
        Registry.unregister("registry", "key")
        assert Registry.lookup("registry", "key") == []
        await gen_server.stop(registry)


@place
async def keys_in_a_registry(value: Any) -> None:
    if not hashable(value):
        return
    for keys in ("unique", "duplicate"):
        registry = await Registry.start_link(keys=keys, name="registry")
        for key in (value, ("pair", value)):
            Registry.register("registry", key, 1)
            Registry.register("registry", "other", 2)
            assert [found for _, found in Registry.lookup("registry", key)] == [1]
            assert [found for _, found in Registry.lookup("registry", "other")] == [2]
            assert Registry.select("registry", ("other", ..., ...)) != []
            async with Registry.lock("registry", key):
                pass
            Registry.unregister("registry", key)
            assert Registry.lookup("registry", key) == []
            Registry.unregister("registry", "other")
        await gen_server.stop(registry)


class Colliding:
    """A key with the hash of another that it cannot be compared with."""

    def __init__(self, value: Any, hash: int) -> None:
        self.value = value
        self.hash = hash

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return bool(self.value == other)


@place
async def keys_of_the_same_hash(value: Any) -> None:
    """A key of one process does not disturb the others."""
    keys = ["key", Colliding(value, hash("key")), b"key", ("key", 1)]
    registry = await Registry.start_link(keys="unique", name="registry")
    for number, key in enumerate(keys):
        Registry.register("registry", key, number)
        Registry.put_meta("registry", key, number)
        assert global_.register_name(key, process.self())
        async with Registry.lock("registry", key):
            pass
    for number, key in enumerate(keys):
        assert Registry.lookup("registry", key) == [(process.self(), number)]
        assert Registry.meta("registry", key) == number
        assert global_.whereis_name(key) is process.self()
        Registry.unregister("registry", key)
        Registry.delete_meta("registry", key)
        global_.unregister_name(key)
        assert Registry.lookup("registry", key) == []
        assert global_.whereis_name(key) is None
    await gen_server.stop(registry)
    scope = await pg.start_link("scope")
    for key in keys:
        await pg.join("scope", key, process.self())
    assert len(pg.which_groups("scope")) == len(keys)
    for key in keys:
        assert pg.get_members("scope", key) == [process.self()]
        await pg.leave("scope", key, process.self())
    await gen_server.stop(scope)
    supervisor = await Supervisor.start_link([spec(key) for key in keys])
    for key in keys:
        await Supervisor.terminate_child(supervisor, key)
        await Supervisor.delete_child(supervisor, key)
    await gen_server.stop(supervisor)
    machine = await Machine.start_link("one")
    for seconds in (60.0, 0, None):
        actions = [GenericTimeout(key, seconds, 1) for key in keys]
        gen_statem.cast(machine, partial(KeepState, *actions))
        await machine_answers(machine)
    await gen_statem.stop(machine)


@place
async def messages_to_a_registry(value: Any) -> None:
    registry = await Registry.start_link(keys="unique", name="registry", partitions=2)
    partitions = [info.pid for info in await Supervisor.which_children(registry)]
    for message in [*messages(value), *system_messages(value)]:
        for pid in (registry, *partitions):
            assert isinstance(pid, Pid)
            process.send(pid, message)
    await settle()
    Registry.register("registry", "key", value)
    assert Registry.lookup("registry", "key")[0][1] is value
    Registry.unregister("registry", "key")
    assert all(isinstance(pid, Pid) and process.alive(pid) for pid in partitions)
    await gen_server.stop(registry)


@place
async def groups(value: Any) -> None:
    scope = await pg.start_link("scope")
    if hashable(value):
        await pg.join("scope", value, process.self())
        assert pg.get_members("scope", value) == [process.self()]
        await pg.leave("scope", value, process.self())
    await pg.join("scope", "group", process.self())
    assert pg.get_members("scope", "group") == [process.self()]
    await gen_server.stop(scope)


@place
async def names_of_global(value: Any) -> None:
    if not hashable(value):
        return
    assert global_.register_name(value, process.self())
    assert global_.whereis_name(value) is process.self()
    global_.unregister_name(value)
    assert global_.whereis_name(value) is None


@place
async def messages_of_timers(value: Any) -> None:
    process.send_after(0.001, process.self(), value)
    assert await process.receive(timeout=PATIENCE) is value
    await timer.send_after(0.001, process.self(), value)
    assert await process.receive(timeout=PATIENCE) is value
    ref = process.start_timer(60.0, process.self(), value)
    process.cancel_timer(ref)
    server = process.whereis("timer_server")
    if server is not None:
        for message in [*messages(value), *system_messages(value)]:
            process.send(server, message)
        await timer.send_after(0.001, process.self(), "there")
        assert await process.receive(timeout=PATIENCE) == "there"


# ---- processes


@place
async def dictionary_of_a_process(value: Any) -> None:
    process.put("key", value)
    assert process.get("key") is value
    known = process.info(process.self(), "dictionary")
    assert known["key"] is value
    assert process.erase("key") is value
    if not hashable(value):
        return
    for key, number in ((value, 1), ("pair", value), ("other", 3)):
        process.put(key, number)
    assert process.get(value) == 1
    assert process.get("other") == 3
    assert process.erase(value) == 1
    process.erase("pair")
    assert process.get_keys(3) == ["other"]


@place
async def labels_of_processes(value: Any) -> None:
    pid, ref = process.spawn_monitor(process.receive)
    await settle()
    labelled = process.spawn_opt(process.receive, label=value)
    assert isinstance(labelled, Pid)
    assert process.label(labelled) is value
    process.set_label(value)
    assert process.label(process.self()) is value
    process.exit(pid, "boom")
    await expect_down(ref, "boom")
    assert isinstance(str(process.why(pid)), str)
    process.exit(labelled, "kill")


@place
async def what_is_known_of_a_process(value: Any) -> None:
    """All that `process.info` shows, where each thing that a user may choose is the value."""

    async def waits() -> None:
        process.set_label(value)
        process.put("value", value)
        process.monitor(process.self(), tag=value)
        await process.receive("end")

    pid, ref = process.spawn_monitor(waits)
    await settle()
    noise = messages(value)
    for message in noise:
        process.send(pid, message)
    info = process.info(pid)
    assert info is not None
    assert len(info["messages"]) == info["message_queue_len"] == len(noise)
    process.exit(pid, "kill")
    await expect_down(ref, "killed")


@place
async def environment_of_an_application(value: Any) -> None:
    application.put_env("app", "key", value)
    assert application.get_env("app", "key") is value
    assert application.fetch_env("app", "key") is value
    assert application.get_all_env("app")["key"] is value
    application.delete_env("app", "key")


@place
async def messages_through_aliases(value: Any) -> None:
    noise = messages(value)
    for alias in (process.alias(), process.alias(reply=True)):
        for message in noise:
            process.send(alias, message)
        process.unalias(alias)
    process.send_priority(process.alias(priority=True), value)
    assert await process.receive() is value
    process.flush()


@place
async def messages_of_a_task_of_asyncio(value: Any) -> None:
    """It is adopted, and passes over all other messages."""

    async def takes() -> Any:
        process.send(parent, ("up", process.self()))
        return await process.receive("stop", 43, ("halt", ...))

    parent = process.self()
    task = asyncio.create_task(takes())
    _, pid = await process.receive(("up", Pid), timeout=PATIENCE)
    for message in [*messages(value), ("halt", value)]:
        process.send(pid, message)
    took = await asyncio.wait_for(task, PATIENCE)
    assert took[1] is value


@place
async def reasons_in_words(value: Any) -> None:
    async def leave(reason: Any) -> None:
        process.exit(reason)

    for reason in (value, (value, 1), (value, ("m", "f", (value,))), (ValueError(value), value)):
        pid = process.spawn(leave, reason)
        await settle()
        why = process.why(pid)
        assert why is not None
        assert isinstance(str(why), str)
        assert isinstance(repr(why), str)
        assert isinstance(beamish.format_exit(reason), str)
        beamish.to_erlang(reason)
    for message in (Exit(value, value), Down(process.make_ref(), "process", value, value)):
        assert isinstance(repr(message), str)


@place
async def waits_for_messages(value: Any) -> None:
    """Those of the runtime pass over all other messages."""
    noise = messages(value)
    for message in noise:
        process.send(process.self(), message)
    pid, ref = process.spawn_monitor(process.receive, "end")
    process.demonitor(ref, flush=True)
    process.demonitor(process.monitor(pid), flush=True)
    assert await gen_server.call(await Server.start_link(), (lambda: 1,), PATIENCE) == 1
    _, ref = process.spawn_monitor(process.exit, "boom")
    await expect_down(ref, "boom")
    process.exit(pid, "kill")
    assert len(process.flush()) == len(noise)


@place
async def tests(value: Any) -> None:
    process.send(process.self(), ("thing", value))
    await refute(("thing", 43))
    with pytest.raises(AssertionError):
        await expect(("thing", 43), timeout=0)
    with pytest.raises(AssertionError):
        await refute(("thing", ...))
    process.send(process.self(), ("thing", value))
    assert (await expect(("thing", ...)))[1] is value
    for reason in (value, ("pair", value)):
        _, ref = process.spawn_monitor(process.exit, reason)
        with pytest.raises(AssertionError):
            await expect_down(ref, 43)
        _, ref = process.spawn_monitor(process.exit, reason)
        assert await expect_down(ref, reason) is reason


async def problems(name: str, places: Iterable[str]) -> list[str]:
    """Tries a value in some places: in which of them something went wrong, and what."""
    found: list[str] = []
    for where in places:
        pid, ref = process.spawn_monitor(PLACES[where], VALUES[name]())
        try:
            down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=4 * PATIENCE)
        except TimeoutError:
            process.demonitor(ref)
            process.exit(pid, "kill")
            found.append(f"{where}: it hangs")
        else:
            if down[4] is not atom("normal"):
                found.append(f"{where}: {beamish.format_exit(down[4])}")
        await settle()
    return found


async def main(name: str, *places: str) -> int:
    """Prints them; 0 if there are none."""
    found = await problems(name, places or PLACES)
    for text in found:
        print(text)
    return min(1, len(found))


if __name__ == "__main__":
    logging.disable()
    sys.exit(beamish.run(main, *sys.argv[1:]))
