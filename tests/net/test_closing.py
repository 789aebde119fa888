"""G7, G10 and G11: the ends of a connection, from this side, from the other, and by force."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import beamish
from beamish import Pid, process
from beamish.net import ResetError, Socket, SocketOptions, gen_tcp
from tests.support.clock import VirtualClockLoop

from .conftest import RunNode
from .sockets import (
    SOON,
    about,
    connected,
    everything,
    fails,
    fill,
    reason_of_end,
    refused,
    watched,
)


async def received(socket: Socket) -> int:
    """How many bytes come to the end of the stream."""
    count = 0
    while True:
        try:
            count += len(await gen_tcp.recv(socket, timeout=SOON))
        except ConnectionError:
            return count


def reset(socket: Socket) -> None:
    """Throws a connection away."""
    gen_tcp.setopts(socket, linger=(True, 0))
    gen_tcp.close(socket)


# ---- closing it here


def test_g7_everything_on_a_socket_closed_here_is_closed(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected()

        gen_tcp.close(far)

        await fails("closed", gen_tcp.recv(far))
        await fails("closed", gen_tcp.recv(far, timeout=0))
        await fails("closed", gen_tcp.send(far, b"x"))
        refused("closed", gen_tcp.shutdown, far, "write")
        refused("closed", gen_tcp.setopts, far, active=True)
        refused("closed", gen_tcp.getopts, far, "active")
        refused("closed", gen_tcp.sockname, far)
        refused("closed", gen_tcp.peername, far)
        refused("closed", gen_tcp.port, far)
        assert repr(far) == "<Socket closed>"

    run_node(main)


def test_g7_closing_twice_is_fine(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected()
        listener = gen_tcp.listen(0)

        for _ in range(2):
            gen_tcp.close(far)
            gen_tcp.close(listener)

        assert repr(listener) == "<ListenSocket closed>"

    run_node(main)


def test_a_closed_socket_is_not_owned_any_more(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()

        gen_tcp.close(far)

        assert process.info(process.self(), "owned") == [near]

    run_node(main)


def test_what_was_sent_before_close_arrives(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, bytes(5_000_000))

        gen_tcp.close(near)

        assert await received(far) == 5_000_000

    run_node(main)


@pytest.mark.parametrize("end", ["returns", "is killed"])
def test_what_was_sent_before_the_owner_died_arrives(run_node: RunNode, end: str) -> None:
    async def owner(port: int, parent: Pid) -> None:
        socket = await gen_tcp.connect("127.0.0.1", port)
        await gen_tcp.send(socket, bytes(5_000_000))
        if end == "is killed":
            process.exit(process.self(), "kill")

    async def main() -> None:
        listener = gen_tcp.listen(0)
        _, ref = watched(owner, gen_tcp.port(listener), process.self())
        far = await gen_tcp.accept(listener, timeout=SOON)
        await reason_of_end(ref)

        assert await received(far) == 5_000_000

    run_node(main)


def test_a_closed_socket_whose_peer_does_not_read_is_given_up_after_a_while() -> None:
    async def main() -> None:
        far, near = await connected()
        await fill(near)
        begun = now()

        gen_tcp.close(near)
        assert near._net.lingering == {near}
        while near._net.lingering:
            await process.sleep(1)

        assert 5 <= now() - begun < 12
        assert 0 < await received(far) < 100_000_000

    beamish.run(main, loop_factory=VirtualClockLoop)


def test_linger_limits_how_long_a_closed_socket_goes_on_writing() -> None:
    async def main() -> None:
        _, near = await connected(linger=(True, 2))
        await fill(near)
        begun = now()

        gen_tcp.close(near)
        while near._net.lingering:
            await process.sleep(0.5)

        assert now() - begun == about(2, 0.6)

    beamish.run(main, loop_factory=VirtualClockLoop)


def test_a_closed_socket_that_still_writes_is_given_up_when_its_peer_goes(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected()
        await fill(near)
        gen_tcp.close(near)

        reset(far)

        while near._net.lingering:
            await process.sleep(0)

    run_node(main)


def test_the_node_stops_with_a_socket_that_still_writes(run_node: RunNode) -> None:
    async def main() -> Socket:
        _, near = await connected(linger=(True, 1))
        await fill(near)
        gen_tcp.close(near)
        assert near._net.lingering
        return near

    assert run_node(main)._fd == -1


# ---- the peer closes


def test_g7_sending_to_a_peer_that_has_closed_succeeds_first_then_is_closed(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected()
        gen_tcp.close(far)

        await gen_tcp.send(near, b"the peer answers this with a reset")
        while near._sock.getsockopt(1, 4) == 0:  # SO_ERROR, which this takes away
            await process.sleep(0)

        await fails("closed", gen_tcp.send(near, b"x"))
        await fails("closed", gen_tcp.send(near, b"x"))
        await fails("closed", gen_tcp.recv(near))

    run_node(main)


def test_g10_with_exit_on_close_our_side_ends_with_the_peers(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        gen_tcp.shutdown(near, "write")

        await fails("closed", gen_tcp.recv(far, timeout=SOON))

        await fails("closed", gen_tcp.send(far, b"x"))
        await fails("closed", gen_tcp.recv(near, timeout=SOON))
        assert process.info(process.self(), "owned") == []

    run_node(main)


def test_g10_the_end_counts_only_when_it_is_read(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        gen_tcp.shutdown(near, "write")
        await process.sleep(0.001)

        await gen_tcp.send(far, b"not read yet")

        assert await gen_tcp.recv(near, timeout=SOON) == b"not read yet"

    run_node(main)


def test_g10_without_exit_on_close_one_can_still_send(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"exit_on_close": False})
        gen_tcp.shutdown(near, "write")
        for _ in range(2):
            await fails("closed", gen_tcp.recv(far, timeout=SOON))

        await gen_tcp.send(far, b"answer")

        assert await gen_tcp.recv(near, timeout=SOON) == b"answer"
        await fails("closed", gen_tcp.recv(far, 5))
        gen_tcp.close(far)
        await fails("closed", gen_tcp.recv(near, timeout=SOON))

    run_node(main)


def test_g10_shutdown_write_lets_the_other_side_answer(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"exit_on_close": False})
        await gen_tcp.send(near, b"question")

        gen_tcp.shutdown(near, "write")

        await fails("closed", gen_tcp.send(near, b"x"))
        assert await gen_tcp.recv(far, timeout=SOON) == b"question"
        await fails("closed", gen_tcp.recv(far, timeout=SOON))
        await gen_tcp.send(far, b"answer")
        assert await gen_tcp.recv(near, timeout=SOON) == b"answer"

    run_node(main)


def test_shutdown_write_comes_after_what_was_sent(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"exit_on_close": False})
        await gen_tcp.send(near, bytes(5_000_000))

        gen_tcp.shutdown(near, "write")

        await fails("closed", gen_tcp.send(near, b"x"))
        assert await received(far) == 5_000_000
        await gen_tcp.send(far, b"got it")
        assert await gen_tcp.recv(near, timeout=SOON) == b"got it"

    run_node(main)


def test_shutdown_both_ends_both_directions(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()

        gen_tcp.shutdown(near, "read_write")

        await fails("closed", gen_tcp.recv(near, timeout=SOON))
        await fails("closed", gen_tcp.send(near, b"x"))
        await fails("closed", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_shutdown_both_comes_after_what_was_sent(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, bytes(5_000_000))

        gen_tcp.shutdown(near, "read_write")

        assert await received(far) == 5_000_000

    run_node(main)


def test_shutdown_read_ends_a_recv_that_waits(run_node: RunNode) -> None:
    async def reader(socket: Socket, parent: Pid) -> None:
        process.send(parent, (await fails("closed", gen_tcp.recv(socket))).reason)

    async def main() -> None:
        far, _ = await connected()
        pid = process.spawn(reader, far, process.self())
        while process.info(pid, "status") != "waiting":
            await process.sleep(0)

        gen_tcp.shutdown(far, "read")

        assert await process.receive(timeout=SOON) == "closed"

    run_node(main)


def test_shutdown_of_a_connection_that_is_broken_is_enotconn(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        reset(far)
        while near._sock.getsockopt(1, 4) == 0:
            await process.sleep(0)

        refused("enotconn", gen_tcp.shutdown, near, "write")

    run_node(main)


def test_shutdown_must_be_told_which_direction() -> None:
    async def main() -> None:
        far, _ = await connected()
        both: Any = "both"
        with pytest.raises(beamish.BadArgError, match='"read", "write" or "read_write"'):
            gen_tcp.shutdown(far, both)

    beamish.run(main)


# ---- resets


def test_g11_linger_true_0_resets_the_connection(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"show_econnreset": True})

        reset(near)

        error = await fails("econnreset", gen_tcp.recv(far, timeout=SOON))
        assert isinstance(error, ResetError)
        assert isinstance(error, ConnectionResetError)
        await fails("closed", gen_tcp.recv(far))
        await fails("closed", gen_tcp.send(far, b"x"))

    run_node(main)


def test_g11_a_reset_looks_like_an_end_without_show_econnreset(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()

        reset(near)

        await fails("closed", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


@pytest.mark.parametrize("active", [True, "once"])
def test_g11_an_active_socket_is_told_of_a_reset_if_it_asked_for_that(
    run_node: RunNode, active: Any
) -> None:
    async def main() -> None:
        options: SocketOptions = {"active": active, "show_econnreset": True}
        far, near = await connected(options)

        reset(near)

        assert await process.receive(timeout=SOON) == ("tcp_error", far, "econnreset")
        assert await process.receive(timeout=SOON) == ("tcp_closed", far)

    run_node(main)


@pytest.mark.parametrize("active", [True, "once"])
def test_g11_else_an_active_socket_is_told_of_the_end_only(run_node: RunNode, active: Any) -> None:
    async def main() -> None:
        far, near = await connected({"active": active})

        reset(near)

        assert await process.receive(timeout=SOON) == ("tcp_closed", far)
        await process.sleep(0)
        assert process.flush() == []

    run_node(main)


def test_g11_data_before_a_reset_is_still_read(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"data")
        await process.sleep(0.001)
        reset(near)

        assert await gen_tcp.recv(far, timeout=SOON) == b"data"
        await fails("closed", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_g11_send_and_recv_each_hear_of_a_reset_once(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"show_econnreset": True})
        reset(near)
        await process.sleep(0.001)

        await fails("econnreset", gen_tcp.send(far, b"x"))
        await fails("econnreset", gen_tcp.recv(far))
        await fails("closed", gen_tcp.send(far, b"x"))
        await fails("closed", gen_tcp.recv(far))

    run_node(main)


def test_g11_a_reset_found_by_queued_output_is_told_by_the_next_operation(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected({"show_econnreset": True})
        await fill(far)

        reset(near)
        while far._is_open:
            await process.sleep(0)

        await fails("econnreset", gen_tcp.recv(far))
        await fails("closed", gen_tcp.send(far, b"x"))

    run_node(main)


def test_g11_a_reset_found_by_queued_output_is_told_to_an_active_sockets_owner(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected({"show_econnreset": True, "active": True})
        await fill(far)

        reset(near)

        assert await process.receive(timeout=SOON) == ("tcp_error", far, "econnreset")
        assert await process.receive(timeout=SOON) == ("tcp_closed", far)
        assert process.flush() == []

    run_node(main)


def test_sockets_closed_by_the_peer_in_every_state_are_all_released(run_node: RunNode) -> None:
    options: list[SocketOptions] = [
        {},
        {"active": True},
        {"active": "once"},
        {"packet": "line"},
        {"packet": 4, "active": 5},
        {"exit_on_close": False},
        {"exit_on_close": False, "active": True},
        {"show_econnreset": True},
    ]

    async def main() -> None:
        for server in options:
            for how in (gen_tcp.close, reset):
                far, near = await connected(server)
                await gen_tcp.send(near, b"\0\0\0\1x\n")
                how(near)
                if not server.get("active"):
                    await everything(far)
                else:
                    await process.receive(("tcp", ...), ("tcp", ..., ...), timeout=SOON)
                    if far._is_open:
                        gen_tcp.setopts(far, active=True)
                    await process.receive(("tcp_closed", far), timeout=SOON)
                gen_tcp.close(far)
                process.flush()

        assert process.info(process.self(), "owned") == []

    run_node(main)


def now() -> float:
    """The loop's time: virtual on the virtual clock."""
    return asyncio.get_running_loop().time()
