"""Where an object meets a behaviour, a table, a timer, asyncio, or the log."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any

from beamish import process
from beamish.otp import (
    Agent,
    ChildSpec,
    DynamicSupervisor,
    GenEventHandler,
    Registry,
    Stop,
    Supervisor,
    Task,
    gen_event,
    gen_server,
    gen_statem,
    pg,
)
from beamish.otp import timer as otp_timer
from beamish.otp.gen_statem import NextState

from .judging import (
    SOON,
    Do,
    Echo,
    Machine,
    check,
    dies,
    lives,
    may_fail,
    place,
    raises,
    reason_of,
    takes,
)

# ---- requests


@place
async def request_of_a_call(thing: Any) -> None:
    server = await Echo.start()
    await gen_server.call(server, thing, timeout=SOON)
    await lives(server)


@place
async def reply_of_a_server(thing: Any) -> None:
    server = await Echo.start()
    reply = await gen_server.call(server, Do(lambda: thing), timeout=SOON)
    check(reply is thing, "another reply")
    await lives(server)
    await gen_server.call(server, "echo", timeout=SOON)


@place
async def reply_by_hand(thing: Any) -> None:
    async def server() -> None:
        _, caller, _ = await process.receive()
        gen_server.reply(caller, thing)

    pid, ref = process.spawn_monitor(server)
    check(await gen_server.call(pid, "ask", timeout=SOON) is thing, "another reply")
    await reason_of(ref)


@place
async def state_at_a_crash(thing: Any) -> None:
    class Keeps(Echo):
        def init(self) -> None:
            self.kept = thing

    server = await Keeps.start()
    ref = process.monitor(server)
    gen_server.cast(server, Do(lambda: 1 / 0))
    check(type(await reason_of(ref)) is ZeroDivisionError, "another reason")


@place
@may_fail
async def state_of_an_agent(thing: Any) -> None:
    agent = await Agent.start(lambda: thing)
    ref = process.monitor(agent)
    try:
        await Agent.get(agent, lambda state: 1 / 0)
    finally:
        await reason_of(ref)


@place
async def state_of_a_machine(thing: Any) -> None:
    machine = await Machine.start()
    ref = process.monitor(machine)
    gen_statem.cast(machine, Do(lambda: NextState(thing)))
    gen_statem.cast(machine, Do(lambda: NextState("other")))
    gen_statem.cast(machine, Do(lambda: 1 / 0))
    await reason_of(ref)


@place
async def result_of_a_callback(thing: Any) -> None:
    server = await Echo.start()
    ref = process.monitor(server)
    gen_server.cast(server, Do(lambda: thing))
    gen_server.cast(server, Do(lambda: Stop("enough")))
    await reason_of(ref)


@place
async def event(thing: Any) -> None:
    class Handler(GenEventHandler):
        def init(self, arg: Any) -> None:
            self.arg = arg

        def handle_event(self, event: Any) -> Any:
            return event

        def handle_call(self, request: Any) -> Any:
            return request

    manager = await gen_event.start()
    await gen_event.add_handler(manager, Handler, thing)
    gen_event.notify(manager, thing)
    process.send(manager, thing)
    await gen_event.which_handlers(manager)
    await lives(manager)
    await gen_event.stop(manager)


@place
@may_fail
async def id_of_an_event_handler(thing: Any) -> None:
    manager = await gen_event.start()
    try:
        await gen_event.add_handler(manager, (GenEventHandler, thing))
    finally:
        await lives(manager)


@place
async def result_of_a_task(thing: Any) -> None:
    check(await Task.run_async(lambda: thing).await_(SOON) is thing, "another result")


@place
@may_fail
async def id_of_a_child(thing: Any) -> None:
    process.flag(trap_exit=True)
    supervisor = await Supervisor.start_link([])
    try:
        await Supervisor.start_child(supervisor, ChildSpec(thing, (Echo.start_link, ())))
        await Supervisor.terminate_child(supervisor, thing)
    finally:
        await Supervisor.count_children(supervisor)
        await lives(supervisor)


@place
@may_fail
async def child_specification(thing: Any) -> None:
    process.flag(trap_exit=True)
    supervisor = await Supervisor.start_link([])
    try:
        await Supervisor.start_child(supervisor, thing)
    finally:
        await Supervisor.count_children(supervisor)
        await lives(supervisor)


@place
@may_fail
async def result_of_a_start_function(thing: Any) -> None:
    process.flag(trap_exit=True)
    supervisor = await DynamicSupervisor.start_link()
    try:
        await DynamicSupervisor.start_child(supervisor, ChildSpec("child", (lambda: thing, ())))
    finally:
        await lives(supervisor)


# ---- what is owned


@place
async def owned(thing: Any) -> None:
    async def child() -> None:
        process.own(thing, close=lambda _: None)
        process.own(object(), close=lambda _: thing)

    await dies(child)


@place
@may_fail
async def owned_that_closes_itself(thing: Any) -> None:
    closed: list[str] = []

    async def child() -> None:
        process.own(object(), close=lambda _: closed.append("first"))
        try:
            process.own(thing)
        finally:
            process.own(object(), close=lambda _: closed.append("last"))

    await dies(child)
    check(closed == ["last", "first"], f"closed {closed}")


# ---- time


@place
async def message_of_a_timer(thing: Any) -> None:
    pid, ref = process.spawn_monitor(takes)
    process.send_after(0.001, pid, thing)
    process.send_after(0.001, process.self(), "mine")
    await process.receive("mine", timeout=SOON)
    await reason_of(ref)


@place
async def time_of_a_timer(thing: Any) -> None:
    for set_timer in (process.send_after, process.start_timer):
        try:
            set_timer(thing, process.self(), "late")
        except BaseException:
            continue
    process.send_after(0.001, process.self(), "mine")
    await process.receive("mine", timeout=SOON)


@place
async def time_to_sleep(thing: Any) -> None:
    _, ref = process.spawn_monitor(process.sleep, thing)
    process.send_after(0.001, process.self(), "mine")
    await process.receive("mine", timeout=SOON)
    process.exit(_, "kill")
    await reason_of(ref)


@place
async def time_out_of_a_receive(thing: Any) -> None:
    async def child() -> None:
        await process.receive("never", timeout=thing)

    pid, ref = process.spawn_monitor(child)
    process.send_after(0.001, process.self(), "mine")
    await process.receive("mine", timeout=SOON)
    process.exit(pid, "kill")
    await reason_of(ref)


@place
async def time_out_of_a_call(thing: Any) -> None:
    async def silent() -> None:
        await process.sleep(None)

    pid = process.spawn(silent)
    caller, ref = process.spawn_monitor(gen_server.call, pid, "ask", timeout=thing)
    process.send_after(0.001, process.self(), "mine")
    await process.receive("mine", timeout=SOON)
    process.exit(caller, "kill")
    await reason_of(ref)
    process.exit(pid, "kill")


@place
async def destination_of_a_timer(thing: Any) -> None:
    try:
        process.send_after(0.001, thing, "lost")
    except BaseException:
        pass
    process.send_after(0.002, process.self(), "mine")
    await process.receive("mine", timeout=SOON)


@place
@may_fail
async def arguments_of_the_timer_module(thing: Any) -> None:
    await otp_timer.apply_after(0.001, thing, (thing,))
    process.send_after(0.002, process.self(), "mine")
    await process.receive("mine", timeout=SOON)


# ---- tables


@place
async def key_of_a_registry(thing: Any) -> None:
    process.flag(trap_exit=True)
    registry = await Registry.start_link(keys="unique", name="names")

    async def child() -> None:
        Registry.register("names", thing, "value")

    await dies(child)
    Registry.register("names", "other")
    check(len(Registry.lookup("names", "other")) == 1, "the registry is ill")
    await lives(registry)


@place
async def value_in_a_registry(thing: Any) -> None:
    process.flag(trap_exit=True)
    registry = await Registry.start_link(keys="duplicate", name="values")

    async def child() -> None:
        Registry.register("values", "key", thing)

    await dies(child)
    await process.sleep(0.01)
    check(Registry.lookup("values", "key") == [], "an entry of a dead process")
    await lives(registry)


@place
async def group_of_pg(thing: Any) -> None:
    process.flag(trap_exit=True)
    scope = await pg.start_link()

    async def child() -> None:
        await pg.join(thing, process.self())

    await dies(child)
    await pg.join("group", process.self())
    check(pg.get_members("group") == [process.self()], "the groups are ill")
    await lives(scope)


# ---- asyncio


@place
async def awaited(thing: Any) -> None:
    class Yields:
        def __await__(self) -> Any:
            yield thing

    async def child() -> None:
        await Yields()

    async def other() -> None:
        await thing

    pid, ref = process.spawn_monitor(child)
    await process.sleep(0.01)
    process.exit(pid, "kill")
    await reason_of(ref)
    await dies(other)


@place
async def awaited_while_cleaning_up(thing: Any) -> None:
    class Yields:
        def __await__(self) -> Any:
            yield thing

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            await Yields()

    for reason in ("boom", "kill"):
        pid, ref = process.spawn_monitor(child)
        await process.sleep(0)
        process.exit(pid, reason)
        await reason_of(ref)


@place
async def done_callback(thing: Any) -> None:
    async def child() -> None:
        task: Any = asyncio.current_task()
        task.add_done_callback(thing)

    check(await dies(child) == "normal", "another reason")


@place
async def message_of_a_cancellation(thing: Any) -> None:
    async def child() -> None:
        task: Any = asyncio.current_task()
        task.cancel(thing)
        await asyncio.sleep(1)

    await dies(child)


@place
async def result_of_a_thread(thing: Any) -> None:
    await process.offload(lambda: thing)


# ---- logging


class _Handler(logging.Handler):
    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def emit(self, record: Any) -> None:
        self._function(record)


@place
async def log_handler(thing: Any) -> None:
    handler = _Handler(lambda record: thing == thing or bool(thing) or str(thing))
    logger = logging.getLogger("beamish")
    logger.addHandler(handler)
    try:
        await _failing_tree()
    finally:
        logger.removeHandler(handler)


@place
async def log_filter(thing: Any) -> None:
    logger = logging.getLogger("beamish")

    def look(record: Any) -> Any:
        return thing

    logger.addFilter(look)
    try:
        await _failing_tree()
    finally:
        logger.removeFilter(look)


async def _failing_tree() -> None:
    """Reports of all kinds: of a crash, of a supervisor, of a clean-up, of a closing."""
    await dies(raises, LookupError())

    async def child() -> None:
        process.own(object(), close=lambda _: 1 / 0)
        try:
            await process.sleep(None)
        finally:
            raise LookupError

    pid, ref = process.spawn_monitor(child)
    await process.sleep(0)
    process.exit(pid, "boom")
    check(await reason_of(ref) == "boom", "another reason")
    server = await Echo.start()
    supervisor = await Supervisor.start_link([(Echo, (), {"name": "child"})])
    child_pid = process.whereis("child")
    assert child_pid is not None
    ref = process.monitor(child_pid)
    gen_server.cast(child_pid, Do(lambda: 1 / 0))
    await reason_of(ref)
    await Supervisor.count_children(supervisor)
    process.send(server, "unexpected")
    await gen_server.call(server, "echo", timeout=SOON)
    await lives(supervisor)
    await lives(server)


@place
async def stderr(thing: Any) -> None:
    old, sys.stderr = sys.stderr, thing
    try:
        await _failing_tree()
    finally:
        sys.stderr = old
