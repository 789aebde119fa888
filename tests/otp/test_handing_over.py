"""A call of an idle server is answered in its caller's turn, and nobody can tell.

Each behaviour is shown twice: of a server that waits to be handed a call, and of one that sys looks
at, to which every call goes through the mailbox and its coroutine.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import random
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from beamish import CallError, ProcessExit, behaviour, process
from beamish.otp import GenServer, NoReply, Stop, gen_server
from beamish.terms import Pid
from tests.support.logs import shown

from .support import down, exit_reason, on_real_clock, on_virtual_clock, outcome

both_ways = pytest.mark.parametrize("looked_at", [(), ("statistics",)], ids=["handed", "queued"])

where: contextvars.ContextVar[str] = contextvars.ContextVar("where", default="nowhere")


class Doing(GenServer):
    """Does in handle_call what it is asked to: a function of itself and its caller."""

    def init(self) -> None:
        where.set("server")
        self.calls = 0

    def handle_call(self, request: Any, caller: Any) -> Any:
        self.calls += 1
        return request(self, caller) if callable(request) else request

    def handle_cast(self, request: Any) -> Any:
        return request(self, None)


async def started(looked_at: Any) -> Pid:
    pid = await Doing.start(debug=list(looked_at))
    await gen_server.call(pid, "up")
    return pid


def doing(fn: Callable[[Any, Any], Any]) -> Any:
    """A request; so its parameters have types."""
    return fn


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@both_ways
@on_real_clock
async def test_the_handler_runs_as_the_server(looked_at: Any) -> None:
    server = await started(looked_at)
    where.set("caller")

    def who(*_: Any) -> Any:
        return process.self(), where.get(), asyncio.current_task()

    pid, place, task = await gen_server.call(server, who)
    assert (pid, place) == (server, "server")
    assert task is not asyncio.current_task()
    assert where.get() == "caller"


@both_ways
@on_real_clock
async def test_what_a_handler_raises_ends_server_and_caller(
    looked_at: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = await started(looked_at)
    ref = process.monitor(server)

    def fail(*_: Any) -> None:
        raise ValueError("wrong")

    with caplog.at_level(logging.ERROR, "beamish"):
        reason = await exit_reason(gen_server.call(server, fail))
    assert isinstance(reason[0], ValueError)
    assert await down(ref) is reason[0]
    [report] = caplog.records
    assert "ValueError: wrong" in shown(report)
    assert "in fail" in shown(report)


@both_ways
@on_real_clock
async def test_a_stop_iteration_is_an_error_as_any_other(looked_at: Any) -> None:
    server = await started(looked_at)

    reason = await exit_reason(gen_server.call(server, doing(lambda _, __: next(iter(())))))

    assert isinstance(reason[0], StopIteration | RuntimeError)


@both_ways
@on_real_clock
async def test_a_handler_may_kill_its_caller(looked_at: Any) -> None:
    server = await started(looked_at)

    def kill(_: Any, caller: Any) -> str:
        process.exit(caller[0], "bang")
        return "too late"

    assert await outcome(gen_server.call, server, kill) == "bang"
    assert await gen_server.call(server, "alive") == "alive"


@both_ways
@on_real_clock
async def test_a_handler_may_kill_its_server(looked_at: Any) -> None:
    server = await started(looked_at)

    def kill(*_: Any) -> str:
        process.exit(process.self(), "kill")
        return "not sent"

    assert (await exit_reason(gen_server.call(server, kill)))[0] == "killed"


@both_ways
@on_real_clock
async def test_a_handler_may_cancel_its_caller(looked_at: Any) -> None:
    server = await started(looked_at)
    caught: list[str] = []

    async def client() -> None:
        task: Any = asyncio.current_task()
        try:
            await gen_server.call(server, doing(lambda _, __: task.cancel()))
            await process.receive(timeout=0)
        except asyncio.CancelledError:
            caught.append("cancelled")
            task.uncancel()
        except TimeoutError:
            pass

    assert await outcome(client) == "normal"
    assert caught == ["cancelled"]


@both_ways
@on_real_clock
async def test_a_caller_dies_at_once_while_the_handler_computes(looked_at: Any) -> None:
    server = await started(looked_at)
    client, ref = process.spawn_monitor(gen_server.call, server, doing(lambda _, __: burn(0.3)))
    began = time.process_time()
    process.send_after(0.03, process.self(), "now")
    await process.receive("now")

    process.exit(client, "bang")

    assert await down(ref) == "bang"
    assert time.process_time() - began < 0.25  # the handler has not ended
    assert await gen_server.call(server, "goes on", 10.0) == "goes on"


@both_ways
@on_real_clock
async def test_a_call_times_out_while_the_handler_computes(looked_at: Any) -> None:
    server = await started(looked_at)
    began = time.process_time()

    reason = await exit_reason(gen_server.call(server, doing(lambda _, __: burn(0.3)), 0.03))

    assert reason[0] == "timeout"
    assert time.process_time() - began < 0.25
    assert await gen_server.call(server, "goes on", 10.0) == "goes on"
    assert process.flush() == []


@both_ways
@on_real_clock
async def test_a_call_that_may_not_wait_at_all_times_out(looked_at: Any) -> None:
    server = await started(looked_at)

    assert (await exit_reason(gen_server.call(server, "x", 0)))[0] == "timeout"


@both_ways
@on_real_clock
async def test_a_handler_sees_the_monitor_of_its_call(looked_at: Any) -> None:
    server = await started(looked_at)

    def look(_: Any, caller: Any) -> Any:
        return process.info(caller[0], "monitors"), process.info(server, "monitored_by")

    assert await gen_server.call(server, look) == ([server], [process.self()])
    assert process.info(process.self(), "monitors") == []


@both_ways
@on_real_clock
async def test_the_first_answer_counts(looked_at: Any) -> None:
    server = await started(looked_at)

    def twice(_: Any, caller: Any) -> str:
        gen_server.reply(caller, "first")
        return "second"

    assert await gen_server.call(server, twice) == "first"
    assert await gen_server.call(server, "third") == "third"
    assert process.flush() == []


@both_ways
@on_real_clock
async def test_an_answer_may_be_sent_by_hand(looked_at: Any) -> None:
    server = await started(looked_at)

    def by_hand(_: Any, caller: Any) -> str:
        process.send(caller[1], (caller[1], "by hand"))
        return "dropped"

    assert await gen_server.call(server, by_hand) == "by hand"
    assert process.flush() == []


@both_ways
@on_real_clock
async def test_an_answer_may_be_put_off(looked_at: Any) -> None:
    server = await started(looked_at)

    def later(_: Any, caller: Any) -> Any:
        process.spawn(gen_server.reply, caller, "later")
        return NoReply

    assert await gen_server.call(server, later) == "later"
    assert process.info(process.self(), "monitors") == []


@both_ways
@on_real_clock
async def test_messages_come_in_the_order_in_which_the_handler_sent_them(looked_at: Any) -> None:
    server = await started(looked_at)

    def tell(_: Any, caller: Any) -> int:
        for n in range(3):
            process.send(caller[0], n)
        return 3

    assert await gen_server.call(server, tell) == 3
    assert process.flush() == [0, 1, 2]


def cast_to(seen: list[str], n: int, *_: Any) -> None:
    seen.append(f"cast {n}")


@both_ways
@on_real_clock
async def test_a_call_comes_after_the_casts_before_it(looked_at: Any) -> None:
    server = await started(looked_at)
    seen: list[str] = []
    for n in range(3):
        gen_server.cast(server, functools.partial(cast_to, seen, n))

    assert await gen_server.call(server, doing(lambda _, __: list(seen))) == [
        "cast 0",
        "cast 1",
        "cast 2",
    ]


@both_ways
@on_real_clock
async def test_a_stop_answers_its_caller(looked_at: Any) -> None:
    server = await started(looked_at)
    ref = process.monitor(server)

    assert await gen_server.call(server, Stop("enough", reply="bye")) == "bye"
    assert await down(ref) == "enough"


@both_ways
@on_real_clock
async def test_a_handler_that_waits_is_ended_by_another_message(looked_at: Any) -> None:
    server = await started(looked_at)

    async def wait(*_: Any) -> Any:
        return await process.receive(("word", ...))

    process.send_after(0.01, server, ("word", 1))
    assert await gen_server.call(server, wait) == ("word", 1)
    assert await gen_server.call(server, "next") == "next"


@both_ways
@on_real_clock
async def test_a_handler_that_waits_is_cancelled_by_a_timeout_of_asyncio(looked_at: Any) -> None:
    server = await started(looked_at)

    async def wait(*_: Any) -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return "in time"
        return "never"

    assert await gen_server.call(server, wait) == "in time"


@both_ways
@on_real_clock
async def test_a_thrown_value_is_the_answer_also_after_a_wait(looked_at: Any) -> None:
    server = await started(looked_at)

    async def throw_late(*_: Any) -> None:
        await process.sleep(0)
        process.throw("late")

    def throw(*_: Any) -> None:
        process.throw("soon")

    assert await gen_server.call(server, throw) == "soon"
    assert await gen_server.call(server, throw_late) == "late"


@both_ways
@on_real_clock
async def test_a_server_killed_in_the_middle_of_a_call_fails_it(looked_at: Any) -> None:
    server = await started(looked_at)

    async def wait(*_: Any) -> None:
        await process.sleep(None)

    process.send_after(0.01, process.self(), "now")
    client, ref = process.spawn_monitor(gen_server.call, server, wait)
    await process.receive("now")
    process.exit(server, "kill")

    assert (await down(ref))[0] == "killed"
    assert not process.alive(client)


@on_real_clock
async def test_servers_that_call_each_other_in_a_long_chain_answer() -> None:
    servers = [await started(()) for _ in range(600)]

    async def ask(_: Any, __: Any, n: int = 0) -> int:
        if n + 1 == len(servers):
            return n
        return int(await gen_server.call(servers[n + 1], doing(lambda s, c: ask(s, c, n + 1))))

    assert await gen_server.call(servers[0], ask, None) == 599


@on_real_clock
async def test_a_process_that_calls_all_the_time_lets_others_run() -> None:
    server = await started(())

    async def caller() -> None:
        while True:
            await gen_server.call(server, "x")

    pid = process.spawn(caller)
    turns = 0
    for _ in range(100):
        await process.sleep(0)
        turns += 1
    process.exit(pid, "kill")
    assert turns == 100


@on_real_clock
async def test_a_step_raises_in_the_loop_of_its_server() -> None:
    caught: list[Any] = []

    def step(message: Any) -> Any:
        if message == "end":
            return "ended"
        raise LookupError(message)

    async def serve() -> None:
        loop = behaviour.Server(step, lambda _: None)
        while True:
            try:
                caught.append(await loop.receive())
                return
            except LookupError as error:
                caught.append(error.args[0])

    pid, ref = process.spawn_monitor(serve)
    await process.sleep(0)
    for message in (1, 2, "end"):
        process.send(pid, message)
    assert await down(ref) == "normal"
    assert caught == [1, 2, "ended"]


# ---- at random


class Scripted(GenServer):
    """Does what a script says, step by step; so do those that it calls."""

    def init(self, me: int, peers: list[Pid]) -> None:
        self.me = me
        self.peers = peers
        self.seen: list[Any] = []

    def handle_call(self, request: Any, caller: Any) -> Any:
        if request == "seen":
            return sorted(self.seen, key=lambda entry: str(entry[0]))  # in order of each sender
        return self.run(request, caller) if waits(request) else self.run_at_once(request, caller)

    def handle_cast(self, request: Any) -> None:
        self.seen.append(request)

    def handle_info(self, message: Any) -> None:
        self.seen.append(message)

    def act(self, action: Any, caller: Any) -> Any:  # noqa: C901
        kind, n, *rest = cast("tuple[Any, ...]", action)
        match kind:
            case "send":
                process.send(caller[0], (self.me, n))
            case "cast":
                gen_server.cast(self.peers[int(n)], (self.me, rest[0]))
            case "self":
                process.send(process.self(), (self.me, n))
            case "reply":
                gen_server.reply(caller, n)
            case "by hand":
                process.send(caller[1], (caller[1], n))
            case "raise":
                raise LookupError(n)
            case "exit":
                raise ProcessExit(n)
            case "signal":
                process.exit(caller[0], n)
            case "kill":
                process.exit(process.self(), "kill")
            case "look":
                self.seen.append(("look", len(process.info(caller[0], "monitors") or ())))
            case "no reply":
                return NoReply
            case "stop":
                return Stop(n, reply="stopped")
            case _:
                pass
        return None

    def run_at_once(self, script: list[Any], caller: Any) -> Any:
        for action in script:
            result = self.act(action, caller)
            if result is not None:
                return result
        return len(script)

    async def run(self, script: list[Any], caller: Any) -> Any:
        for action in script:
            match action[0]:
                case "call":
                    _, to, inner = cast("tuple[Any, ...]", action)
                    try:
                        answer = await gen_server.call(self.peers[int(to)], inner, 0.07 / to)
                    except CallError as error:
                        answer = repr(error.reason[0])
                    self.seen.append(("answer", answer))
                case "wait":
                    await process.sleep(0)
                case _:
                    result = self.act(action, caller)
                    if result is not None:
                        return result
        return len(script)


def waits(script: list[Any]) -> bool:
    return any(action[0] in ("call", "wait") for action in script)


ACTIONS = ("send", "self", "reply", "by hand", "look", "no reply", "send", "self", "look")
RARE = ("raise", "exit", "signal", "kill", "stop")


def random_script(rng: random.Random, depth: int) -> list[Any]:
    script: list[Any] = []
    for _ in range(rng.randrange(5)):
        kind = rng.random()
        if kind < 0.25 and depth < 2:
            script.append(("call", depth + 1, random_script(rng, depth + 1)))
        elif kind < 0.35:
            script.append(("cast", rng.randrange(depth, 3), rng.randrange(100)))
        elif kind < 0.45:
            script.append(("wait", 0))
        elif kind < 0.52:
            script.append((rng.choice(RARE), rng.randrange(100)))
        else:
            script.append((rng.choice(ACTIONS), rng.randrange(100)))
    return script


async def observed(seed: int, looked_at: Any) -> list[Any]:
    rng = random.Random(seed)
    peers: list[Pid] = []
    for n in range(3):
        peers.append(await Scripted.start(n, peers, debug=list(looked_at)))
    trace: list[Any] = []

    async def client() -> None:
        for _ in range(4):
            try:
                trace.append(await gen_server.call(peers[0], random_script(rng, 0), 0.5))
            except CallError as error:
                trace.append(repr(error.reason))
            trace.extend(process.flush())
            trace.append(process.info(process.self(), "monitors"))

    trace.append(repr(await outcome(client)))
    await process.sleep(5.0)  # until all that was begun is over
    for pid in peers:
        if process.alive(pid):
            trace.append(await gen_server.call(pid, "seen"))
            trace.append(process.info(pid, "monitors"))
            trace.append(process.info(pid, "monitored_by"))
            await gen_server.stop(pid)
        else:
            trace.append("dead")
    plain = {repr(pid): f"peer {n}" for n, pid in enumerate(peers)}
    return [_told(item, plain) for item in trace]


def _told(item: Any, plain: dict[str, str]) -> Any:
    if isinstance(item, list):
        return [plain.get(repr(part), part) for part in cast("list[Any]", item)]
    return item if isinstance(item, int) else str(item)


@pytest.mark.parametrize("seed", range(60))
def test_random_calls_are_answered_as_through_the_mailbox(seed: int) -> None:
    results: list[Any] = []

    @on_virtual_clock
    async def play(looked_at: Any) -> None:
        logging.getLogger("beamish").disabled = True
        try:
            results.append(await observed(seed, looked_at))
        finally:
            logging.getLogger("beamish").disabled = False

    play(())
    play(("statistics",))
    handed, queued = results
    assert handed == queued
