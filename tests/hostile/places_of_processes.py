"""Where an object meets a process: its messages, its reason, what reports show of it."""

from __future__ import annotations

import asyncio
from typing import Any

import beamish
from beamish import Pid, Ref, process
from beamish.otp import (
    ChildSpec,
    GenServer,
    Stop,
    Supervisor,
    Task,
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
    lives,
    may_fail,
    place,
    raises,
    reason_of,
    takes,
    takes_and_fails,
    waits,
)

# ---- messages


@place
async def message_taken(thing: Any) -> None:
    pid, ref = process.spawn_monitor(takes)
    process.send(pid, thing)
    check(await reason_of(ref) == "normal", "whoever takes any message has failed")


@place
async def message_last_before_a_crash(thing: Any) -> None:
    pid, ref = process.spawn_monitor(takes_and_fails)
    process.send(pid, thing)
    check(type(await reason_of(ref)) is LookupError, "another reason")


@place
async def message_waiting_at_a_crash(thing: Any) -> None:
    pid, ref = process.spawn_monitor(takes_and_fails)
    process.send(pid, "first")
    process.send(pid, thing)
    check(type(await reason_of(ref)) is LookupError, "another reason")


@place
async def message_to_a_server(thing: Any) -> None:
    server = await Echo.start()
    process.send(server, thing)
    process.send(server, ("a tuple", thing))
    gen_server.cast(server, Do(lambda: None))
    await gen_server.call(server, "still there?", timeout=SOON)


@place
async def message_flushed(thing: Any) -> None:
    process.send(process.self(), thing)
    check(len(process.flush()) == 1, "not flushed")


@place
async def message_in_info(thing: Any) -> None:
    pid = process.spawn(waits)
    await process.sleep(0)
    process.send(process.self(), thing)
    info = process.info(process.self())
    check(info is not None and len(info["messages"]) == 1, "not shown")
    process.exit(pid, "kill")


# ---- reasons


@place
async def reason_of_an_exit(thing: Any) -> None:
    check(await dies(process.exit, thing) is thing, "another reason")


@place
async def reason_of_an_exit_signal(thing: Any) -> None:
    pid, ref = process.spawn_monitor(waits)
    process.exit(pid, thing)
    check(await reason_of(ref) is thing, "another reason")


@place
async def reason_of_a_signal_to_oneself(thing: Any) -> None:
    check(await dies(lambda: process.exit(process.self(), thing)) is thing, "another reason")


@place
async def reason_through_links(thing: Any) -> None:
    async def chain(length: int) -> None:
        if length == 0:
            process.exit(thing)
        process.spawn_link(chain, length - 1)
        await process.sleep(None)

    check(await dies(chain, 5) is thing, "another reason")


@place
async def reason_that_is_trapped(thing: Any) -> None:
    process.flag(trap_exit=True)
    pid = process.spawn_link(process.exit, thing)
    message = await process.receive(("EXIT", pid, ...), timeout=SOON)
    check(message[2] is thing, "another reason")


@place
async def reason_looked_up(thing: Any) -> None:
    pid, ref = process.spawn_monitor(process.exit, thing)
    await reason_of(ref)
    why = process.why(pid)
    check(why is not None and why.root.reason is thing, "not in the journal")


@place
async def reason_of_one_that_owns_and_is_seen_as_a_task(thing: Any) -> None:
    ended: list[Any] = []

    async def child() -> None:
        task: Any = asyncio.current_task()
        task.add_done_callback(ended.append)
        process.own(object(), close=lambda _: asyncio.sleep(0))
        process.exit(thing)

    check(await dies(child) is thing, "another reason")
    await asyncio.sleep(0)
    check(len(ended) == 1, "not called back")


@place
async def reason_of_a_child(thing: Any) -> None:
    for restart in ("permanent", "transient", "temporary"):
        died = process.make_ref()

        async def child(owner: Pid, ref: Ref) -> None:
            process.send(owner, ref)
            await process.receive("end")
            process.exit(thing)

        spec = ChildSpec("child", (start, (child, process.self(), died)), restart=restart)
        supervisor = await Supervisor.start_link([spec], max_restarts=3)
        await process.receive(died, timeout=SOON)
        [(_, pid, _, _)] = await Supervisor.which_children(supervisor)
        ref = process.monitor(pid)
        process.send(pid, "end")
        await reason_of(ref)
        if restart != "temporary":
            await process.receive(died, timeout=SOON)
        await Supervisor.count_children(supervisor)
        await lives(supervisor)
        process.unlink(supervisor)
        process.exit(supervisor, "kill")


def start(function: Any, *args: Any) -> Any:
    return process.spawn_link(function, *args)


@place
@may_fail
async def reason_of_a_child_that_does_notstart(thing: Any) -> None:
    class Refuses(GenServer):
        def init(self) -> Any:
            return Stop(thing)

    process.flag(trap_exit=True)
    supervisor = await Supervisor.start_link([], max_restarts=3)
    try:
        await Supervisor.start_child(supervisor, ChildSpec("child", (Refuses.start_link, ())))
    finally:
        await Supervisor.count_children(supervisor)
        await lives(supervisor)


@place
async def reason_of_a_server(thing: Any) -> None:
    server = await Echo.start()
    ref = process.monitor(server)
    gen_server.cast(server, Do(lambda: Stop(thing)))
    check(await reason_of(ref) is thing, "another reason")


@place
async def reason_of_a_stop(thing: Any) -> None:
    server = await Echo.start()
    ref = process.monitor(server)
    try:
        await gen_server.stop(server, thing)
    finally:
        await reason_of(ref)


@place
async def reason_of_a_callee(thing: Any) -> None:
    server = await Echo.start()
    _, ref = process.spawn_monitor(
        gen_server.call, server, Do(lambda: process.exit(thing)), timeout=SOON
    )
    await reason_of(ref)


@place
async def reason_of_a_task(thing: Any) -> None:
    process.flag(trap_exit=True)
    task: Task[Any] = Task.run_async(process.exit, thing)
    found = await task.yield_(SOON)
    check(found is not None and found[1] is thing, "another outcome")


@place
async def reason_of_a_machine(thing: Any) -> None:
    machine = await Machine.start()
    ref = process.monitor(machine)
    gen_statem.cast(machine, Do(lambda: gen_statem.Stop(thing)))
    check(await reason_of(ref) is thing, "another reason")


@place
async def reason_of_main_of_a_group(thing: Any) -> None:
    """A link between two who are both told by others."""
    one, one_ref = process.spawn_monitor(waits)
    other, other_ref = process.spawn_opt(waits, monitor=True)
    process.send(one, "noise")
    process.exit(other, thing)
    process.exit(one, thing)
    await reason_of(one_ref)
    await reason_of(other_ref)


# ---- what reports show


@place
async def label(thing: Any) -> None:
    async def child() -> None:
        process.set_label(thing)
        raise LookupError

    check(type(await dies(child)) is LookupError, "another reason")


@place
async def label_from_the_beginning(thing: Any) -> None:
    _, ref = process.spawn_opt(raises, LookupError(), monitor=True, label=thing)
    check(type(await reason_of(ref)) is LookupError, "another reason")


@place
async def label_of_one_who_ended_another(thing: Any) -> None:
    pid, ref = process.spawn_monitor(waits)

    async def killer() -> None:
        process.set_label(thing)
        process.exit(pid, "boom")
        await process.sleep(None)

    process.spawn(killer)
    await reason_of(ref)
    str(process.why(pid))


@place
async def initial_call(thing: Any) -> None:
    _, ref = process.spawn_opt(raises, LookupError(), monitor=True, initial_call=thing)
    check(type(await reason_of(ref)) is LookupError, "another reason")


@place
@may_fail
async def function_of_a_process(thing: Any) -> None:
    _, ref = process.spawn_monitor(thing)
    await reason_of(ref)


def _divide(_: Any) -> float:
    return 1 / 0


@place
async def argument_of_a_process(thing: Any) -> None:
    _, ref = process.spawn_monitor(_divide, thing)
    check(type(await reason_of(ref)) is ZeroDivisionError, "another reason")


@place
async def result_of_a_process(thing: Any) -> None:
    async def returns() -> Any:
        return thing

    check(await dies(returns) == "normal", "another reason")
    await dies(lambda: thing)


@place
async def what_a_report_shows_as_well(thing: Any) -> None:
    async def child() -> None:
        process.put("$report", {thing: thing})
        raise LookupError

    async def other() -> None:
        process.put("$report", thing)
        raise LookupError

    await dies(child)
    check(type(await dies(other)) is LookupError, "another reason")


@place
async def dictionary(thing: Any) -> None:
    async def child() -> None:
        process.put("key", thing)
        process.put(thing, "value")
        raise LookupError

    await dies(child)


@place
@may_fail
async def name_of_a_process(thing: Any) -> None:
    pid, ref = process.spawn_monitor(waits)
    try:
        process.register(thing, pid)
    finally:
        process.exit(pid, "boom")
        check(await reason_of(ref) == "boom", "another reason")
        process.register("hostile", process.self())
        process.unregister("hostile")


@place
@may_fail
async def name_of_a_server(thing: Any) -> None:
    server = await Echo.start(name=thing)
    await gen_server.call(thing, "echo", timeout=SOON)
    await gen_server.stop(server)


@place
@may_fail
async def name_in_a_look_up(thing: Any) -> None:
    process.whereis(thing)
    process.send(thing, "message")


@place
@may_fail
async def name_in_the_table_of_atoms(thing: Any) -> None:
    try:
        beamish.Atom(thing)
    finally:
        check(beamish.Atom("hostile") == "hostile", "no atom is found any more")
        check(beamish.Atom("1") == "1", "no atom is found any more")


@place
async def context_variable(thing: Any) -> None:
    import contextvars

    contextvars.ContextVar[Any]("hostile").set(thing)
    await dies(raises, LookupError())
