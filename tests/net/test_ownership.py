"""G1 to G3: who owns a socket, what others may do with it, and how it is handed on."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import BadArgError, Pid, process
from beamish.net import ListenSocket, NotOwnerError, OptionError, Socket, gen_tcp

from .conftest import RunNode
from .sockets import SOON, connected, fails, reason_of_end, refused, watched


async def until(*messages: object) -> None:
    """Waits for messages, one after the other."""
    for message in messages:
        await process.receive(message, timeout=SOON)


@pytest.mark.parametrize("end", ["returns", "raises", "exits", "is killed"])
def test_g1_a_socket_is_closed_when_its_owner_ends_whatever_the_reason(
    run_node: RunNode, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def owner(port: int, parent: Pid) -> None:
        await gen_tcp.connect("127.0.0.1", port)
        process.send(parent, "connected")
        await process.receive("go")
        if end == "raises":
            raise ZeroDivisionError
        if end == "exits":
            process.exit("enough")
        if end == "is killed":
            await process.sleep(None)

    async def main() -> None:
        listener = gen_tcp.listen(0)
        pid, _ = watched(owner, gen_tcp.port(listener), process.self())
        socket = await gen_tcp.accept(listener, timeout=SOON)
        await until("connected")

        process.send(pid, "go")
        if end == "is killed":
            process.exit(pid, "kill")

        await fails("closed", gen_tcp.recv(socket, timeout=SOON))

    run_node(main)


def test_g1_who_accepts_a_connection_owns_it_not_the_owner_of_the_listener(
    run_node: RunNode,
) -> None:
    async def acceptor(listener: ListenSocket, parent: Pid) -> None:
        process.send(parent, await gen_tcp.accept(listener))
        await process.receive("end")

    async def main() -> None:
        listener = gen_tcp.listen(0)
        pid, ref = watched(acceptor, listener, process.self())
        near = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener), timeout=SOON)
        far = await process.receive(Socket, timeout=SOON)
        assert process.info(pid, "owned") == [far]

        process.send(pid, "end")
        await reason_of_end(ref)

        await fails("closed", gen_tcp.recv(near, timeout=SOON))
        assert "ListenSocket 127.0.0.1" in repr(listener)

    run_node(main)


def test_g1_a_socket_is_closed_before_anyone_hears_of_its_owners_death(run_node: RunNode) -> None:
    async def owner(parent: Pid) -> None:
        process.send(parent, gen_tcp.listen(0))
        await process.sleep(None)

    async def main() -> None:
        pid, ref = watched(owner, process.self())
        listener = await process.receive(ListenSocket, timeout=SOON)
        port = gen_tcp.port(listener)

        process.exit(pid, "kill")
        await reason_of_end(ref)

        assert gen_tcp.port(gen_tcp.listen(port)) == port

    run_node(main)


def test_g2_anyone_may_receive_send_and_close(run_node: RunNode) -> None:
    async def stranger(socket: Socket, parent: Pid) -> None:
        data = await gen_tcp.recv(socket)
        await gen_tcp.send(socket, data.upper())
        gen_tcp.setopts(socket, packet="line")
        gen_tcp.close(socket)
        process.send(parent, "closed")

    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"hello")

        process.spawn(stranger, far, process.self())
        await until("closed")

        assert await gen_tcp.recv(near, timeout=SOON) == b"HELLO"
        await fails("closed", gen_tcp.recv(near, timeout=SOON))

    run_node(main)


def test_g2_active_messages_go_to_the_owner_alone(run_node: RunNode) -> None:
    async def stranger(socket: Socket, parent: Pid) -> None:
        gen_tcp.setopts(socket, active=True)
        process.send(parent, ("set", process.self()))
        await process.sleep(None)

    async def main() -> None:
        far, near = await connected()
        process.spawn(stranger, far, process.self())
        _, pid = await process.receive(("set", ...), timeout=SOON)

        await gen_tcp.send(near, b"hello")

        assert await process.receive(("tcp", ...), ("tcp", ..., ...), timeout=SOON) == (
            "tcp",
            far,
            b"hello",
        )
        assert process.info(pid, "messages") == []

    run_node(main)


def test_g3_giving_a_socket_to_oneself_is_fine(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()

        gen_tcp.controlling_process(far, process.self())

        await gen_tcp.send(far, b"still here")
        assert await gen_tcp.recv(near, timeout=SOON) == b"still here"

    run_node(main)


def test_g3_only_the_owner_may_give_a_socket_away(run_node: RunNode) -> None:
    async def stranger(socket: Socket, parent: Pid) -> None:
        refused("not_owner", gen_tcp.controlling_process, socket, process.self())
        process.send(parent, "refused")

    async def main() -> None:
        far, _ = await connected()
        process.spawn(stranger, far, process.self())
        await until("refused")

    run_node(main)


def test_g3_the_former_owner_may_not_give_it_away_again(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected()
        heir = process.spawn(process.sleep, None)
        gen_tcp.controlling_process(far, heir)

        with pytest.raises(NotOwnerError) as caught:
            gen_tcp.controlling_process(far, process.self())

        assert isinstance(caught.value, PermissionError)

    run_node(main)


def test_g3_a_dead_process_cannot_be_given_a_socket(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        pid, ref = watched(lambda: None)
        await reason_of_end(ref)

        with pytest.raises(OptionError) as caught:
            gen_tcp.controlling_process(far, pid)

        assert caught.value.reason == "badarg"
        assert isinstance(caught.value, BadArgError)
        await gen_tcp.send(far, b"still mine")
        assert await gen_tcp.recv(near, timeout=SOON) == b"still mine"

    run_node(main)


def test_g3_a_closed_socket_cannot_be_given_away(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected()
        gen_tcp.close(far)

        refused("closed", gen_tcp.controlling_process, far, process.spawn(process.sleep, None))

    run_node(main)


def test_g3_what_is_no_pid_is_a_bad_argument(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected()
        someone: Any = "someone"

        with pytest.raises(BadArgError, match="expected the pid of the new owner"):
            gen_tcp.controlling_process(far, someone)

    run_node(main)


def test_g3_a_socket_that_was_given_away_ends_with_its_new_owner(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        heir = process.spawn(process.sleep, None)
        gen_tcp.controlling_process(far, heir)
        assert process.info(heir, "owned") == [far]
        assert process.info(process.self(), "owned") == [near]

        process.exit(heir, "kill")

        await fails("closed", gen_tcp.recv(near, timeout=SOON))

    run_node(main)


def test_g3_the_end_of_the_former_owner_does_not_touch_it(run_node: RunNode) -> None:
    async def first(heir: Pid, parent: Pid) -> None:
        far, near = await connected()
        gen_tcp.controlling_process(far, heir)
        gen_tcp.controlling_process(near, heir)
        process.send(parent, (far, near))

    async def main() -> None:
        _, ref = watched(first, process.self(), process.self())
        far, near = await process.receive((Socket, Socket), timeout=SOON)
        await reason_of_end(ref)

        await gen_tcp.send(far, b"alive")

        assert await gen_tcp.recv(near, timeout=SOON) == b"alive"

    run_node(main)


def test_g3_a_listener_can_be_given_away(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        heir, ref = watched(process.sleep, None)
        gen_tcp.controlling_process(listener, heir)

        process.exit(heir, "kill")
        await reason_of_end(ref)

        await fails("closed", gen_tcp.accept(listener))

    run_node(main)


def test_g3_the_messages_of_an_active_socket_move_to_the_new_owner(run_node: RunNode) -> None:
    async def heir(parent: Pid) -> None:
        await process.receive("go")
        process.send(parent, process.flush())

    async def main() -> None:
        far, near = await connected({"packet": "line", "active": 2})
        await gen_tcp.send(near, b"one\ntwo\n")
        while process.info(process.self(), "message_queue_len") != 3:
            await process.sleep(0)
        process.send(process.self(), "mine")
        pid = process.spawn(heir, process.self())

        gen_tcp.controlling_process(far, pid)
        assert process.flush() == ["mine"]
        process.send(pid, "go")

        assert await process.receive(list, timeout=SOON) == [
            ("tcp", far, b"one\n"),
            ("tcp", far, b"two\n"),
            ("tcp_passive", far),
        ]

    run_node(main)


def test_g3_what_is_in_the_buffer_is_there_for_the_new_owner(run_node: RunNode) -> None:
    async def heir(socket: Socket, parent: Pid) -> None:
        await process.receive("yours")
        process.send(parent, await gen_tcp.recv(socket))

    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"one\ntwo\n")
        assert await gen_tcp.recv(far, timeout=SOON) == b"one\n"
        pid = process.spawn(heir, far, process.self())

        gen_tcp.controlling_process(far, pid)
        process.send(pid, "yours")

        assert await process.receive(timeout=SOON) == b"two\n"

    run_node(main)


def test_giving_away_with_process_give_away_is_the_same(run_node: RunNode) -> None:
    async def heir(parent: Pid) -> None:
        process.send(parent, await process.receive(timeout=SOON))

    async def main() -> None:
        far, near = await connected({"active": True})
        await gen_tcp.send(near, b"hello")
        while not process.info(process.self(), "message_queue_len"):
            await process.sleep(0)
        pid = process.spawn(heir, process.self())

        process.give_away(far, pid)

        assert await process.receive(timeout=SOON) == ("tcp", far, b"hello")
        await fails("closed", gen_tcp.recv(near, timeout=SOON))

    run_node(main)
