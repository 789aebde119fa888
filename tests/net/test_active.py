"""G8: data as messages to the owner."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.net import OptionError, Socket, SocketOptions, gen_tcp

from .conftest import RunNode
from .sockets import SOON, connected, fails, refused


async def messages(*expected: object) -> None:
    """These messages come, in this order, and no others before them."""
    for message in expected:
        assert await process.receive(timeout=SOON) == message


async def nothing_more(socket: Socket, peer: Socket) -> None:
    """What the peer sends now makes no message any more: it is there for recv."""
    await gen_tcp.send(peer, b"last\n")
    assert await gen_tcp.recv(socket, timeout=SOON) == b"last\n"
    assert process.flush() == []


def active_of(socket: Socket) -> Any:
    return gen_tcp.getopts(socket, "active")["active"]


def test_g8_active_data_comes_as_tcp_messages(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": True})

        await gen_tcp.send(near, b"hello")

        await messages(("tcp", far, b"hello"))

    run_node(main)


def test_g8_each_packet_is_a_message(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": True, "packet": "line"})

        await gen_tcp.send(near, b"one\ntwo\nthree")
        await gen_tcp.send(near, b"\n")

        await messages(("tcp", far, b"one\n"), ("tcp", far, b"two\n"), ("tcp", far, b"three\n"))

    run_node(main)


def test_g8_the_end_of_the_stream_is_tcp_closed(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": True})
        await gen_tcp.send(near, b"bye")

        gen_tcp.close(near)

        await messages(("tcp", far, b"bye"), ("tcp_closed", far))

    run_node(main)


def test_g8_once_delivers_one_message_and_is_passive_again(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": "once", "packet": "line"})
        await gen_tcp.send(near, b"one\ntwo\n")

        await messages(("tcp", far, b"one\n"))

        assert active_of(far) is False
        assert await gen_tcp.recv(far) == b"two\n"
        await nothing_more(far, near)

    run_node(main)


def test_g8_setting_once_delivers_what_was_read_already_at_once(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": "once", "packet": "line"})
        await gen_tcp.send(near, b"one\ntwo\n")
        await messages(("tcp", far, b"one\n"))

        gen_tcp.setopts(far, active="once")

        assert process.flush() == [("tcp", far, b"two\n")]

    run_node(main)


def test_g8_a_number_counts_down_to_passive(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        gen_tcp.setopts(far, active=3)
        gen_tcp.setopts(far, active=2)
        assert active_of(far) == 5

        await gen_tcp.send(near, b"a\nb\nc\nd\ne\nf\n")

        await messages(*(("tcp", far, line) for line in (b"a\n", b"b\n", b"c\n", b"d\n", b"e\n")))
        await messages(("tcp_passive", far))
        assert active_of(far) is False
        assert await gen_tcp.recv(far) == b"f\n"

    run_node(main)


# (values set one after the other, what active is then, whether tcp_passive comes): recorded from
# OTP 25, each beginning with a passive socket.
COUNTS: list[tuple[list[Any], Any, bool]] = [
    ([0], False, True),
    ([5], 5, False),
    ([5, -2], 3, False),
    ([5, -2, 0], 3, False),
    ([5, -5], False, True),
    ([-1], False, True),
    ([32767], 32767, False),
    ([True, 7], 7, False),
    (["once", 3], 3, False),
    ([7, "once"], "once", False),
    ([7, True], True, False),
    ([7, False], False, False),
    ([32767, -32768], False, True),
    ([True, 0], False, True),
    (["once", -1], False, True),
    ([True, -1], False, True),
]


@pytest.mark.parametrize(("values", "active", "passive"), COUNTS)
def test_g8_numbers_are_added_to_what_is_left(
    run_node: RunNode, values: list[Any], active: Any, passive: bool
) -> None:
    async def main() -> None:
        far, _ = await connected()

        for value in values:
            gen_tcp.setopts(far, active=value)

        assert active_of(far) == active
        assert process.flush() == ([("tcp_passive", far)] if passive else [])

    run_node(main)


@pytest.mark.parametrize("value", [40000, 32768, -32769])
def test_g8_a_number_out_of_range_is_einval(run_node: RunNode, value: int) -> None:
    async def main() -> None:
        far, _ = await connected()

        refused("einval", gen_tcp.setopts, far, active=value)

        assert active_of(far) is False

    run_node(main)


def test_g8_a_sum_out_of_range_is_einval_and_changes_nothing(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected({"active": 32767})

        with pytest.raises(OptionError, match="count beyond 32767"):
            gen_tcp.setopts(far, active=1, packet="line")

        assert gen_tcp.getopts(far, "active", "packet") == {"active": 32767, "packet": "raw"}

    run_node(main)


def test_g8_a_listeners_number_is_for_each_connection(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": 2, "packet": "line"})

        await gen_tcp.send(near, b"a\nb\nc\n")

        await messages(("tcp", far, b"a\n"), ("tcp", far, b"b\n"), ("tcp_passive", far))

    run_node(main)


def test_g8_closing_it_here_makes_no_message(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": True})

        gen_tcp.close(far)

        await fails("closed", gen_tcp.recv(near, timeout=SOON))
        assert process.flush() == []

    run_node(main)


def test_g8_a_passive_socket_hears_of_the_end_when_it_becomes_active(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        gen_tcp.close(near)

        gen_tcp.setopts(far, active=True)

        await messages(("tcp_closed", far))
        refused("closed", gen_tcp.setopts, far, active=True)

    run_node(main)


@pytest.mark.parametrize("active", [True, "once", 3])
def test_g8_the_end_is_told_once_whatever_the_mode(run_node: RunNode, active: Any) -> None:
    async def main() -> None:
        far, near = await connected({"active": active})

        gen_tcp.close(near)

        await messages(("tcp_closed", far))
        refused("closed", gen_tcp.setopts, far, active="once")
        assert process.flush() == []

    run_node(main)


def test_g8_the_end_of_a_socket_that_stays_open_for_writing_is_told_once(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected({"active": "once", "exit_on_close": False})
        gen_tcp.shutdown(near, "write")
        await messages(("tcp_closed", far))

        gen_tcp.setopts(far, active="once")
        await gen_tcp.send(far, b"still writing")

        assert await gen_tcp.recv(near, timeout=SOON) == b"still writing"
        assert process.flush() == []

    run_node(main)


@pytest.mark.parametrize("active", [True, "once"])
def test_g8_a_packet_that_is_too_big_is_tcp_error_and_then_tcp_closed(
    run_node: RunNode, active: Any
) -> None:
    async def main() -> None:
        options: SocketOptions = {"active": active, "packet": "line", "packet_size": 10}
        far, near = await connected(options)

        await gen_tcp.send(near, b"x" * 20 + b"\n")

        await messages(("tcp_error", far, "emsgsize"), ("tcp_closed", far))
        await fails("closed", gen_tcp.recv(near, timeout=SOON))

    run_node(main)


def test_a_last_line_without_newline_makes_no_message(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": True, "packet": "line"})
        await gen_tcp.send(near, b"ab\ncd")

        gen_tcp.close(near)

        await messages(("tcp", far, b"ab\n"), ("tcp_closed", far))

    run_node(main)


def test_with_partial_line_the_last_line_is_a_message_before_the_end(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": True, "packet": "line", "partial_line": True})
        await gen_tcp.send(near, b"ab\ncd")

        gen_tcp.close(near)

        await messages(("tcp", far, b"ab\n"), ("tcp", far, b"cd"), ("tcp_closed", far))

    run_node(main)


def test_with_partial_line_and_once_the_end_waits_for_the_next_once(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"active": "once", "packet": "line", "partial_line": True})
        await gen_tcp.send(near, b"cd")
        gen_tcp.close(near)
        await messages(("tcp", far, b"cd"))

        gen_tcp.setopts(far, active="once")

        await messages(("tcp_closed", far))

    run_node(main)


def test_a_socket_may_change_between_active_and_passive(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"one\n")
        assert await gen_tcp.recv(far, timeout=SOON) == b"one\n"

        gen_tcp.setopts(far, active=True)
        await gen_tcp.send(near, b"two\n")
        await messages(("tcp", far, b"two\n"))
        gen_tcp.setopts(far, active=False)

        await nothing_more(far, near)

    run_node(main)


def test_an_active_once_echo_gives_every_byte_back(run_node: RunNode) -> None:
    async def echo(parent: Any) -> None:
        listener = gen_tcp.listen(0, active="once")
        process.send(parent, gen_tcp.port(listener))
        socket = await gen_tcp.accept(listener)
        while True:
            match await process.receive():
                case ("tcp", _, data):
                    await gen_tcp.send(socket, data)
                    gen_tcp.setopts(socket, active="once")
                case _:
                    return

    async def main() -> None:
        process.spawn(echo, process.self())
        near = await gen_tcp.connect("127.0.0.1", await process.receive(int, timeout=SOON))
        data = bytes(range(256)) * 100

        for byte in range(0, len(data), 100):
            await gen_tcp.send(near, data[byte : byte + 100])

        assert await gen_tcp.recv(near, len(data), timeout=SOON) == data

    run_node(main)
