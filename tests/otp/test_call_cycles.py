"""A call that would wait for itself exits at once, with the cycle; what OTP lets pass passes."""

from __future__ import annotations

import asyncio
from typing import Any

import beamish
from beamish import process
from beamish.otp import Agent, Continue, GenServer, NoReply, gen_server, sys
from beamish.terms import Pid, format_exit
from tests.support.clock import VirtualClockLoop

from .support import exit_reason, on_real_clock, on_virtual_clock


class Hop(GenServer):
    """Calls the next of a list of servers with the rest of it."""

    async def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
        match request:
            case ("via", [first, *rest]):
                return await gen_server.call(first, ("via", rest))
            case ("twice", helper, other):
                await gen_server.call(helper, ("via", []))
                return await gen_server.call(other, ("via", [process.self()]))
            case ("try", other):
                try:
                    return await gen_server.call(other, ("via", [process.self()]))
                except beamish.CallError as error:
                    return ("ended", error.reason)
            case _:
                return "done"


async def hops(*names: str) -> None:
    """A server of each name, unlinked."""
    for name in names:
        await Hop.start(name=name)


@on_real_clock
async def test_a_call_that_closes_a_cycle_of_two_exits_at_once_with_the_cycle() -> None:
    await hops("a", "b")

    reason = await exit_reason(gen_server.call("a", ("via", ["b", "a"])))

    # b closes the cycle and exits with it; a, which called b, with that, and so do we.
    cycle: Any = (("b", ("via", [])), ("a", ("via", ["a"])))
    inner: Any = (("call_cycle", cycle), ("gen_server", "call", ("a", ("via", []))))
    assert reason[0][0] == inner


@on_real_clock
async def test_a_cycle_over_several_hops_is_spelled_out() -> None:
    await hops("a", "b", "c", "d")

    reason = await exit_reason(gen_server.call("a", ("via", ["b", "c", "d", "a"])))

    while reason[0][0] != "call_cycle":
        reason = reason[0]
    assert [who for who, _ in reason[0][1]] == ["d", "a", "b", "c"]
    assert "these calls wait for each other: d calls a with ('via', []), a calls b with" in (
        format_exit(reason)
    )


@on_real_clock
async def test_processes_without_a_name_are_told_by_their_pids() -> None:
    one, two = await Hop.start(), await Hop.start()

    reason = await exit_reason(gen_server.call(one, ("via", [two, one])))

    assert [who for who, _ in reason[0][0][0][1]] == [two, one]


@on_real_clock
async def test_a_cycle_is_found_after_another_call_of_the_same_request() -> None:
    await hops("a", "b", "c")

    reason = await exit_reason(gen_server.call("a", ("twice", "c", "b")))

    assert reason[0][0][0][0] == "call_cycle"


@on_real_clock
async def test_a_request_that_still_lies_in_the_mailbox_closes_a_cycle() -> None:
    await hops("a", "b")

    # 1. a works on something else, and calls b late   2. b calls a meanwhile, and waits
    async def busy_first(witness: Pid) -> None:
        reason = await exit_reason(gen_server.call("b", ("via", [])))
        process.send(witness, reason)

    class Late(Hop):
        async def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            gen_server.reply(caller, "on my way")
            await process.sleep(0.01)  # b has called by then, and waits
            await busy_first(request)

    await Late.start(name="late")
    b = process.whereis("b")
    assert b is not None
    await gen_server.call("late", process.self())
    process.spawn(gen_server.call, "b", ("via", ["late"]))

    reason: Any = await process.receive(("call_cycle", ...), (tuple, ...))

    assert reason[0] == (
        "call_cycle",
        (("late", ("via", [])), ("b", ("via", []))),
    )


@on_real_clock
async def test_a_server_that_catches_it_goes_on() -> None:
    await hops("a", "b")

    kind, reason = await gen_server.call("a", ("try", "b"))

    assert kind == "ended"
    assert reason[0][0][0] == "call_cycle"
    assert await gen_server.call("a", "hello") == "done"


@on_real_clock
async def test_agents_that_ask_each_other_are_told() -> None:
    one = await Agent.start(lambda: 1)
    two = await Agent.start(lambda: 2)

    async def ask(_: int, other: Pid, back: Pid) -> int:
        return await Agent.get(other, lambda _: Agent.get(back, lambda n: n))

    reason = await exit_reason(Agent.get(one, ask, two, one))

    assert reason[0][0][0][0] == "call_cycle"


@on_real_clock
async def test_a_system_request_closes_a_cycle_too() -> None:
    class Peeking(Hop):
        async def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            return await sys.get_state(request)

    await hops("a")
    await Peeking.start(name="peeking")
    asked = process.whereis("a")

    class Asking(GenServer):
        async def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            return await gen_server.call("peeking", process.self())

    await Asking.start(name="asking")
    reason = await exit_reason(gen_server.call("asking", "go"))

    assert asked is not None
    assert reason[0][0][0][0] == "call_cycle"
    assert reason[0][0][1][:2] == ("sys", "get_state")


@on_real_clock
async def test_calls_that_meet_without_a_cycle_are_answered() -> None:
    await hops("a", "b", "c")

    process.spawn(gen_server.call, "b", ("via", ["c"]))

    assert await gen_server.call("a", ("via", ["b", "c"])) == "done"


class Deferring(GenServer):
    """Puts a request aside, lets another process answer it, and calls who asked."""

    def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
        process.send(process.self(), ("call", request))
        process.spawn(answer_later, caller)
        return NoReply

    async def handle_info(self, message: Any) -> None:
        _, who = message
        answer = await gen_server.call(who, ("via", []))
        process.send("witness", answer)


async def answer_later(caller: gen_server.Caller) -> None:
    await process.sleep(1.0)
    gen_server.reply(caller, "late")


@on_virtual_clock
async def test_a_request_put_aside_for_another_process_to_answer_is_no_cycle() -> None:
    process.register("witness", process.self())
    await Deferring.start_link(name="deferring")

    class Asking(Hop):
        async def handle_cast(self, request: Any) -> None:
            process.send("witness", await gen_server.call("deferring", process.self()))

    pid = await Asking.start_link()
    gen_server.cast(pid, "ask")

    assert [await process.receive(), await process.receive()] == ["late", "done"]


@on_real_clock
async def test_a_continue_before_the_answer_is_still_the_same_request() -> None:
    class Continuing(GenServer):
        def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            return Continue((request, caller))

        async def handle_continue(self, arg: Any) -> None:
            other, caller = arg
            reason = await exit_reason(gen_server.call(other, "back"))
            gen_server.reply(caller, reason[0][0])

    class Asking(GenServer):
        async def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            return await gen_server.call(request, process.self())

    continuing, asking = await Continuing.start_link(), await Asking.start_link()

    assert await gen_server.call(asking, continuing) == "call_cycle"


def test_a_broken_cycle_costs_no_time() -> None:
    async def main() -> float:
        await hops("a", "b")
        await exit_reason(gen_server.call("a", ("via", ["b", "a"])))
        return asyncio.get_running_loop().time()

    assert beamish.run(main, loop_factory=VirtualClockLoop) == 0.0
