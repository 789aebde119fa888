from __future__ import annotations

import asyncio
from typing import Any

import pytest

from beamish import process
from beamish.otp import Agent, Ignore, NoReply, StartError, Stop, Supervisor
from beamish.terms import BadArgError, Pid

from .support import down, exit_reason, on_real_clock, on_virtual_clock


def put(state: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**state, key: value}


@on_real_clock
async def test_an_agent_starts_with_what_its_function_returns() -> None:
    agent = await Agent.start_link(int, "42")

    assert await Agent.get(agent, lambda state: state) == 42


@on_real_clock
async def test_a_class_makes_a_first_state() -> None:
    agent = await Agent.start_link(dict, a=1)

    assert await Agent.get(agent, dict) == {"a": 1}


@on_real_clock
async def test_start_does_not_link() -> None:
    await Agent.start(dict)

    assert process.info(process.self(), "links") == []


@on_real_clock
async def test_an_agent_can_be_registered() -> None:
    agent = await Agent.start_link(dict, name="agent")

    assert process.whereis("agent") is agent
    assert await Agent.get("agent", len) == 0
    with pytest.raises(StartError) as failed:
        await Agent.start_link(dict, name="agent")
    assert failed.value.reason == ("already_started", agent)


@on_real_clock
async def test_the_function_runs_in_the_agent() -> None:
    agent = await Agent.start_link(process.self)

    assert await Agent.get(agent, lambda state: (state, process.self())) == (agent, agent)


@on_real_clock
async def test_update_makes_the_result_the_new_state() -> None:
    agent = await Agent.start_link(dict)

    result: object = await Agent.update(agent, put, "milk", 3)  # type: ignore[func-returns-value]

    assert result is None
    assert await Agent.get(agent, dict[str, int].get, "milk") == 3


@on_real_clock
async def test_get_and_update_does_both() -> None:
    agent = await Agent.start_link(lambda: 1)

    assert await Agent.get_and_update(agent, lambda n: (n, n + 1)) == 1
    assert await Agent.get(agent, int) == 2


@on_real_clock
async def test_cast_updates_without_waiting() -> None:
    agent = await Agent.start_link(dict)

    Agent.cast(agent, put, "milk", 3)

    assert await Agent.get(agent, dict) == {"milk": 3}


@on_real_clock
async def test_functions_may_be_coroutines() -> None:
    async def first() -> int:
        await process.sleep(0)
        return 1

    async def double(n: int) -> int:
        await process.sleep(0)
        return n * 2

    agent = await Agent.start_link(first)
    await Agent.update(agent, double)

    assert await Agent.get(agent, double) == 4


@pytest.mark.parametrize("value", [None, Stop("x"), NoReply, Ignore, int])
def test_every_value_can_be_got(value: Any) -> None:
    @on_real_clock
    async def test() -> None:
        agent = await Agent.start_link(lambda: value)

        assert await Agent.get(agent, lambda state: state) is value

    test()


@on_real_clock
async def test_a_function_that_raises_ends_agent_and_caller_with_that_error() -> None:
    def broken(state: dict[str, int]) -> None:
        state["half"] = 1
        raise ValueError("boom")

    agent = await Agent.start(dict)
    ref = process.monitor(agent)

    error, _ = await exit_reason(Agent.update(agent, broken))

    assert isinstance(error, ValueError)
    assert await down(ref) is error


@on_real_clock
async def test_nobody_sees_a_state_that_was_changed_by_half() -> None:
    def broken(state: dict[str, int]) -> None:
        state["half"] = 1
        raise ValueError("boom")

    sup = await Supervisor.start_link([Agent.child_spec(dict, name="agent")])
    await exit_reason(Agent.update("agent", broken))
    await Supervisor.count_children(sup)

    assert await Agent.get("agent", dict) == {}


@on_real_clock
async def test_a_bad_result_of_get_and_update_ends_the_agent_with_the_right_form() -> None:
    agent = await Agent.start(dict)

    error, _ = await exit_reason(Agent.get_and_update(agent, lambda state: state))

    assert isinstance(error, BadArgError)
    assert "expected (reply, new_state) from the function" in str(error)


@on_real_clock
async def test_an_error_in_the_first_function_fails_the_start() -> None:
    def broken() -> None:
        raise ValueError("no")

    with pytest.raises(StartError) as failed:
        await Agent.start(broken, name="agent")

    assert isinstance(failed.value.reason, ValueError)
    assert process.whereis("agent") is None


@on_virtual_clock
async def test_a_start_may_time_out() -> None:
    with pytest.raises(StartError) as failed:
        await Agent.start(process.sleep, None, timeout=1.0)

    assert failed.value.reason == "timeout"


@on_virtual_clock
async def test_get_exits_after_five_seconds_and_the_agent_goes_on() -> None:
    async def slow(state: int) -> int:
        await process.sleep(7.0)
        return state

    loop = asyncio.get_running_loop()
    agent = await Agent.start_link(lambda: 1)

    assert (await exit_reason(Agent.get(agent, slow)))[0] == "timeout"
    assert loop.time() == 5.0
    assert await Agent.get(agent, slow, timeout=10.0) == 1


@on_real_clock
async def test_stop_stops() -> None:
    agent = await Agent.start(dict)
    ref = process.monitor(agent)

    await Agent.stop(agent)

    assert await down(ref) == "normal"
    assert (await exit_reason(Agent.get(agent, dict)))[0] == "noproc"


@on_real_clock
async def test_a_coroutine_is_refused_with_the_right_form() -> None:
    async def first() -> dict[str, int]:
        return {}

    with pytest.raises(BadArgError, match="pass the function and its arguments"):
        await Agent.start_link(first())  # type: ignore[arg-type]


@on_real_clock
async def test_an_agent_is_a_child_of_a_supervisor() -> None:
    await Supervisor.start_link([Agent.child_spec(dict, name="agent"), (Agent, list)])

    assert await Agent.get("agent", len) == 0


@on_real_clock
async def test_the_report_names_the_function_and_the_class() -> None:
    class Bucket(Agent):
        pass

    bucket = await Bucket.start_link(dict)

    assert isinstance(bucket, Pid)
    assert process.label(bucket) == "Bucket"
