"""Rule R12: a comparison of a behaviour that computes is preempted, and ended, as other code is."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import Pid, process
from beamish.otp import GenEventHandler, GenStatem, gen_event, gen_statem
from beamish.otp.gen_statem import KeepState, NextState
from tests.support.nodes import on_real_clock

from .apart import run

PATIENCE = 30.0


class Slow:
    """A state that is compared until somebody says that it is enough."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.began = self.enough = False

    def __eq__(self, other: object) -> bool:
        self.began = True
        while not self.enough:
            pass
        return True


class Machine(GenStatem):
    """Goes where it is told to go."""

    callback_mode = "handle_event_function"

    def init(self, state: Any) -> Any:
        return NextState(state)

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        if event_type == "cast":
            return NextState(content)
        gen_statem.reply(event_type[1], "here")
        return KeepState()


async def comparing(slow: Slow) -> Pid:
    """A machine that compares two states."""
    machine = await Machine.start("other")
    gen_statem.cast(machine, slow)
    while not slow.began:
        await process.sleep(0)
    return machine


@on_real_clock
async def test_r12_others_run_while_a_machine_compares_its_states() -> None:
    slow = Slow()
    machine = await comparing(slow)

    await process.sleep(0.01)
    slow.enough = True

    assert await gen_statem.call(machine, None, PATIENCE) == "here"
    await gen_statem.stop(machine)


@on_real_clock
async def test_r12_a_machine_that_compares_its_states_can_be_ended() -> None:
    machine = await comparing(Slow())
    ref = process.monitor(machine)

    process.exit(machine, "enough")

    down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
    assert down[4] == "enough"


class Handler(GenEventHandler):
    """Does nothing."""

    def init(self, *args: Any) -> None:
        return None


@on_real_clock
async def test_r12_a_manager_that_compares_ids_of_handlers_can_be_ended() -> None:
    slow = Slow()
    manager = await gen_event.start()
    await gen_event.add_handler(manager, (Handler, slow))
    process.spawn(gen_event.call, manager, (Handler, "other"), "request")
    while not slow.began:
        await process.sleep(0)
    ref = process.monitor(manager)

    process.exit(manager, "kill")

    down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
    assert down[4] == "killed"


# ---- deep in C code


@pytest.mark.slow  # an OS process
def test_r12_a_process_is_parked_deep_in_the_code_of_c() -> None:
    assert run("tests.matching.deep", "60") == (0, "")
