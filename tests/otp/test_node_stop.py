"""Behaviours whose node stops, and which nobody is linked to."""

from __future__ import annotations

from typing import Any

import pytest

import beamish
from beamish import process
from beamish.otp import GenServer, GenStatem
from beamish.otp.gen_statem import NextState


class Server(GenServer):
    def init(self, ends: list[Any]) -> None:
        process.flag(trap_exit=True)
        self.ends = ends

    def terminate(self, reason: Any) -> None:
        self.ends.append(reason)


class Machine(GenStatem):
    callback_mode = "handle_event_function"

    def init(self, ends: list[Any]) -> NextState:
        process.flag(trap_exit=True)
        self.ends = ends
        return NextState("only")

    def handle_event(self, event_type: Any, content: Any, state: Any) -> None: ...

    def terminate(self, reason: Any, state: Any) -> None:
        self.ends.append(reason)


@pytest.mark.parametrize("behaviour", [Server, Machine])
def test_one_that_traps_exits_takes_the_order_of_the_node(behaviour: Any) -> None:
    ends: list[Any] = []

    async def main() -> None:
        await behaviour.start(ends)

    beamish.run(main)

    assert ends == ["shutdown"]
