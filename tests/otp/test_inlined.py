"""What the code writes out a second time for speed is held to the original."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import Down, Exit, behaviour, process
from beamish.otp import GenServer, Stop
from beamish.otp.gen import ends_server
from beamish.otp.gen_server.steps import dispatch
from beamish.otp.gen_server.work import Work
from beamish.terms.messages import exit_message
from tests.support.nodes import on_virtual_clock


class Server(GenServer):
    def init(self) -> None: ...

    def handle_info(self, message: Any) -> None: ...


def liar() -> Any:
    """Says that it is equal to everything, and an Exit of the node."""

    def says(value: Any) -> Any:
        def method(*_: object) -> Any:
            return value

        return method

    methods: dict[str, Any] = {
        "__class__": property(says(Exit)),
        "__eq__": says(True),
        "__getitem__": says(behaviour.init()),
        "__hash__": None,
    }
    return type("Liar", (), methods)()


@pytest.mark.parametrize("has_parent", [True, False])
@on_virtual_clock
async def test_a_server_is_ended_by_whom_ends_server_names(has_parent: bool) -> None:
    parent, stranger = process.spawn(process.receive), process.spawn(process.receive)
    work = Work(Server, (), {}, None, True)
    work.server = Server()
    work.parent = parent if has_parent else None
    senders = [parent, stranger, behaviour.init(), None, liar(), process.self(), "parent"]
    messages: list[Any] = [Exit(sender, "boom") for sender in senders]
    messages += [tuple(message) for message in messages]
    messages += [Down(process.make_ref(), "process", parent, "boom"), liar(), None, [], "EXIT"]
    for message in messages:
        stops = type(dispatch(work, message)) is Stop
        assert stops is ends_server(message, work.parent)
    assert ends_server(messages[0], work.parent) is has_parent
    assert ends_server(messages[2], work.parent)


@on_virtual_clock
async def test_an_exit_message_of_a_link_is_the_one_that_exit_message_makes() -> None:
    process.flag(trap_exit=True)
    pid = process.spawn_link(process.exit, "boom")

    message = await process.receive()

    assert type(message) is type(exit_message(pid, "boom")) is Exit
    assert message == exit_message(pid, "boom")
    assert message[0] is exit_message(pid, "boom")[0]
