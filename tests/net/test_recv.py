"""G5, G6, G7 and G9: reading from a passive socket, in every packet mode, to the end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import beamish
from beamish import BadArgError, Pid, process
from beamish.net import ClosedError, PacketTooBigError, Socket, TcpTimeoutError, gen_tcp
from tests.support.clock import VirtualClockLoop

from .conftest import RunNode
from .sockets import SOON, about, connected, fails, reason_of_end, watched


async def read_to_the_end(socket: Socket) -> list[bytes]:
    """All packets up to the end of the stream."""
    found: list[bytes] = []
    while True:
        try:
            found.append(await gen_tcp.recv(socket, timeout=SOON))
        except ClosedError:
            return found


# ---- G5: raw


def test_g5_raw_recv_returns_whatever_is_there(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"hello")

        assert await gen_tcp.recv(far, timeout=SOON) == b"hello"

    run_node(main)


def test_g5_raw_recv_returns_what_came_before_the_peer_closed(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"hello")
        gen_tcp.close(near)

        assert await gen_tcp.recv(far, timeout=SOON) == b"hello"
        await fails("closed", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_g5_a_length_is_exactly_so_many_bytes(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"abcdefgh")

        assert await gen_tcp.recv(far, 3, timeout=SOON) == b"abc"
        assert await gen_tcp.recv(far, 1) == b"d"
        assert await gen_tcp.recv(far) == b"efgh"

    run_node(main)


def test_g5_a_length_is_waited_for_over_several_writes(run_node: RunNode) -> None:
    async def reader(socket: Socket, parent: Pid) -> None:
        process.send(parent, await gen_tcp.recv(socket, 200_000))

    async def main() -> None:
        far, near = await connected()
        process.spawn(reader, far, process.self())
        for n in range(20):
            await gen_tcp.send(near, bytes([n]) * 10_000)
            await process.sleep(0)

        data = await process.receive(timeout=SOON)

        assert data == b"".join(bytes([n]) * 10_000 for n in range(20))

    run_node(main)


def test_g5_a_timeout_loses_nothing(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"abc")

        await fails("timeout", gen_tcp.recv(far, 4, timeout=0.01))

        assert await gen_tcp.recv(far, 2) == b"ab"
        assert await gen_tcp.recv(far) == b"c"

    run_node(main)


def test_g5_a_timeout_is_a_timeouterror(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected()

        error = await fails("timeout", gen_tcp.recv(far, timeout=0.001))

        assert isinstance(error, TcpTimeoutError)
        assert isinstance(error, TimeoutError)

    run_node(main)


def test_g5_recv_gives_up_in_time() -> None:
    async def main() -> float:
        far, _ = await connected()
        before = asyncio.get_running_loop().time()
        await fails("timeout", gen_tcp.recv(far, timeout=120))
        return asyncio.get_running_loop().time() - before

    assert beamish.run(main, loop_factory=VirtualClockLoop) == about(120, 0.01)


def test_g5_a_timeout_of_0_looks_without_waiting(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await fails("timeout", gen_tcp.recv(far, timeout=0))

        await gen_tcp.send(near, b"hello")

        assert await gen_tcp.recv(far, timeout=0) == b"hello"
        gen_tcp.close(near)
        await fails("closed", gen_tcp.recv(far, timeout=0))

    run_node(main)


def test_g5_a_timeout_of_0_takes_a_whole_number_of_bytes_or_none(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"abc")

        await fails("timeout", gen_tcp.recv(far, 4, timeout=0))

        assert await gen_tcp.recv(far, 3, timeout=0) == b"abc"

    run_node(main)


@pytest.mark.parametrize("timeout", [-1, "soon", True])
def test_what_is_no_timeout_is_a_bad_argument(timeout: Any) -> None:
    async def main() -> None:
        far, _ = await connected()
        with pytest.raises(BadArgError, match="expected a timeout in seconds"):
            await gen_tcp.recv(far, timeout=timeout)

    beamish.run(main)


@pytest.mark.parametrize("length", [-1, 1.5, "all", True])
def test_what_is_no_length_is_a_bad_argument(length: Any) -> None:
    async def main() -> None:
        far, _ = await connected()
        with pytest.raises(BadArgError, match="expected a length in bytes"):
            await gen_tcp.recv(far, length)

    beamish.run(main)


@pytest.mark.parametrize("active", [True, "once", 5])
def test_g5_recv_on_an_active_socket_is_einval(run_node: RunNode, active: Any) -> None:
    async def main() -> None:
        far, _ = await connected({"active": active})

        error = await fails("einval", gen_tcp.recv(far))

        assert "active=False" in str(error)

    run_node(main)


def test_g5_a_second_recv_at_the_same_time_is_ealready(run_node: RunNode) -> None:
    async def reader(socket: Socket, parent: Pid) -> None:
        process.send(parent, await gen_tcp.recv(socket))

    async def main() -> None:
        far, near = await connected()
        pid = process.spawn(reader, far, process.self())
        while process.info(pid, "status") != "waiting":
            await process.sleep(0)

        await fails("ealready", gen_tcp.recv(far))
        await gen_tcp.send(near, b"for the first")

        assert await process.receive(timeout=SOON) == b"for the first"
        await gen_tcp.send(near, b"for the next")
        assert await gen_tcp.recv(far, timeout=SOON) == b"for the next"

    run_node(main)


def test_nothing_is_lost_when_a_process_dies_in_recv(run_node: RunNode) -> None:
    async def reader(socket: Socket) -> None:
        await gen_tcp.recv(socket, 10)

    async def main() -> None:
        far, near = await connected()
        pid, ref = watched(reader, far)
        await gen_tcp.send(near, b"hello")
        while process.info(pid, "status") != "waiting":
            await process.sleep(0)

        process.exit(pid, "kill")
        await reason_of_end(ref)

        assert await gen_tcp.recv(far, timeout=SOON) == b"hello"

    run_node(main)


def test_nothing_is_lost_when_a_process_dies_between_its_data_and_its_turn(
    run_node: RunNode,
) -> None:
    async def reader(socket: Socket) -> None:
        await gen_tcp.recv(socket)

    async def main() -> None:
        far, near = await connected({"packet": "line"})
        pid, ref = watched(reader, far)
        while process.info(pid, "status") != "waiting":
            await process.sleep(0)
        await gen_tcp.send(near, b"one\ntwo\n")

        far._on_ready(1)  # as the loop does: now the line is on its way to the process
        process.exit(pid, "kill")
        await reason_of_end(ref)

        assert await gen_tcp.recv(far, timeout=SOON) == b"one\n"
        assert await gen_tcp.recv(far, timeout=SOON) == b"two\n"

    run_node(main)


def test_nothing_is_lost_when_recv_is_cancelled(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await gen_tcp.recv(far)
        await gen_tcp.send(near, b"hello")

        assert await gen_tcp.recv(far, timeout=SOON) == b"hello"

    run_node(main)


def test_recv_works_in_a_plain_asyncio_task() -> None:
    async def main() -> None:
        async with beamish.node():
            far, near = await connected()
            task = asyncio.create_task(gen_tcp.recv(far))
            await asyncio.sleep(0)
            await gen_tcp.send(near, b"hello")
            assert await asyncio.wait_for(task, SOON) == b"hello"

    asyncio.run(main())


# ---- G6: lines


def test_g6_a_line_comes_with_its_newline(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"one\r\n\ntwo\n")

        assert await gen_tcp.recv(far, timeout=SOON) == b"one\r\n"
        assert await gen_tcp.recv(far, timeout=SOON) == b"\n"
        assert await gen_tcp.recv(far, timeout=SOON) == b"two\n"

    run_node(main)


def test_g6_a_length_in_line_mode_is_einval(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"hello\n")

        await fails("einval", gen_tcp.recv(far, 3))

        assert await gen_tcp.recv(far, timeout=SOON) == b"hello\n"

    run_node(main)


def test_g6_a_line_longer_than_the_buffer_comes_in_pieces(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"x" * 20_000 + b"\n")

        pieces = [len(await gen_tcp.recv(far, timeout=SOON)) for _ in range(3)]

        assert pieces == [9216, 9216, 1569]

    run_node(main)


def test_g6_the_option_buffer_sets_the_size_of_the_pieces(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "buffer": 1460})
        await gen_tcp.send(near, b"x" * 5_000 + b"\n")

        pieces = [len(await gen_tcp.recv(far, timeout=SOON)) for _ in range(4)]

        assert pieces == [1460, 1460, 1460, 621]

    run_node(main)


def test_g6_a_line_over_packet_size_is_emsgsize_and_the_socket_is_finished(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "packet_size": 10})
        await gen_tcp.send(near, b"short\n" + b"x" * 10 + b"\n")

        assert await gen_tcp.recv(far, timeout=SOON) == b"short\n"
        error = await fails("emsgsize", gen_tcp.recv(far, timeout=SOON))

        assert isinstance(error, PacketTooBigError)
        await fails("closed", gen_tcp.recv(far))
        await fails("closed", gen_tcp.send(far, b"x"))
        await fails("closed", gen_tcp.recv(near, timeout=SOON))

    run_node(main)


def test_g6_emsgsize_reaches_a_process_that_already_waits(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "packet_size": 10})
        process.send_after(0.001, process.self(), "go")
        task = process.spawn(_send_after_go, near, b"x" * 11)
        gen_tcp.controlling_process(near, task)
        process.send(task, "go")

        await fails("emsgsize", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


async def _send_after_go(socket: Socket, data: bytes) -> None:
    await process.receive("go")
    await gen_tcp.send(socket, data)
    await process.sleep(None)


def test_g6_a_last_line_without_newline_is_dropped(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"whole\npart")
        gen_tcp.close(near)

        assert await read_to_the_end(far) == [b"whole\n"]

    run_node(main)


def test_with_partial_line_a_last_line_without_newline_is_delivered(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "partial_line": True})
        await gen_tcp.send(near, b"whole\npart")
        gen_tcp.close(near)

        assert await read_to_the_end(far) == [b"whole\n", b"part"]

    run_node(main)


def test_with_partial_line_a_process_that_waits_is_given_the_last_line(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "partial_line": True})
        pid = process.spawn(_send_after_go, near, b"part")
        gen_tcp.controlling_process(near, pid)
        process.send(pid, "go")
        process.exit(pid, "shutdown")

        assert set(await read_to_the_end(far)) <= {b"part"}

    run_node(main)


def test_with_partial_line_a_stream_that_ends_with_a_newline_has_no_more_lines(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "partial_line": True})
        await gen_tcp.send(near, b"whole\n")
        gen_tcp.close(near)

        assert await read_to_the_end(far) == [b"whole\n"]

    run_node(main)


def test_a_line_may_end_with_another_byte(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "line_delimiter": b";"})
        await gen_tcp.send(near, b"a\nb;c;")

        assert await gen_tcp.recv(far, timeout=SOON) == b"a\nb;"
        assert await gen_tcp.recv(far, timeout=SOON) == b"c;"

    run_node(main)


# ---- G7: the end of the stream


def test_g7_fewer_bytes_than_asked_for_are_lost_with_the_end(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"ab")
        gen_tcp.close(near)

        await fails("closed", gen_tcp.recv(far, 4, timeout=SOON))
        await fails("closed", gen_tcp.recv(far, 2))

    run_node(main)


def test_g7_fewer_bytes_than_asked_for_are_there_after_a_timeout(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await gen_tcp.send(near, b"ab")
        await fails("timeout", gen_tcp.recv(far, 4, timeout=0.01))
        gen_tcp.close(near)

        assert await gen_tcp.recv(far, 2) == b"ab"
        await fails("closed", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_g7_recv_goes_on_saying_closed(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        gen_tcp.close(near)

        for _ in range(3):
            error = await fails("closed", gen_tcp.recv(far, timeout=SOON))
            assert isinstance(error, ClosedError)
            assert isinstance(error, ConnectionError)

    run_node(main)


def test_g7_a_process_that_waits_in_recv_hears_that_the_socket_was_closed_here(
    run_node: RunNode,
) -> None:
    async def closer(socket: Socket) -> None:
        gen_tcp.close(socket)

    async def main() -> None:
        far, _ = await connected()
        process.spawn(closer, far)

        await fails("closed", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_g7_a_packet_that_has_only_begun_is_lost_with_the_end(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": 4})
        await gen_tcp.send(near, b"\0\0\0\5ab")
        gen_tcp.close(near)

        await fails("closed", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


# ---- G9: length headers


@pytest.mark.parametrize("packet", [1, 2, 4])
def test_g9_a_header_is_put_on_by_send_and_taken_off_by_recv(
    run_node: RunNode, packet: Any
) -> None:
    async def main() -> None:
        far, near = await connected({"packet": packet}, packet=packet)
        for body in (b"one", b"", b"x" * 200):
            await gen_tcp.send(near, body)

        assert [await gen_tcp.recv(far, timeout=SOON) for _ in range(3)] == [
            b"one",
            b"",
            b"x" * 200,
        ]

    run_node(main)


def test_g9_the_header_is_big_endian_on_the_wire(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected(packet=2)
        await gen_tcp.send(near, b"abc")

        assert await gen_tcp.recv(far, 5, timeout=SOON) == b"\0\3abc"

    run_node(main)


def test_g9_a_packet_too_long_for_its_header_is_refused(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": 1}, packet=1)

        await fails("emsgsize", gen_tcp.send(near, bytes(256)))

        await gen_tcp.send(near, bytes(255))
        assert await gen_tcp.recv(far, timeout=SOON) == bytes(255)

    run_node(main)


def test_g9_a_packet_over_packet_size_is_emsgsize(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": 4, "packet_size": 3}, packet=4)
        await gen_tcp.send(near, b"abc")
        await gen_tcp.send(near, b"abcd")

        assert await gen_tcp.recv(far, timeout=SOON) == b"abc"
        await fails("emsgsize", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_g9_a_faulty_header_is_emsgsize(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": 4})
        await gen_tcp.send(near, b"\xff\xff\xff\xff")

        await fails("emsgsize", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_g9_a_large_packet_in_many_pieces_comes_whole(run_node: RunNode) -> None:
    async def sender(socket: Socket, data: bytes) -> None:
        await process.receive("go")
        for start in range(0, len(data), 7777):
            await gen_tcp.send(socket, data[start : start + 7777])
        await process.sleep(None)

    async def main() -> None:
        body = bytes(range(256)) * 4000
        far, near = await connected({"packet": 4})
        pid = process.spawn(sender, near, len(body).to_bytes(4, "big") + body)
        gen_tcp.controlling_process(near, pid)
        process.send(pid, "go")

        assert await gen_tcp.recv(far, timeout=SOON) == body

    run_node(main)


# ---- changing the mode


def test_what_was_read_ahead_is_cut_by_the_new_packet_mode(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"l1\nl2\nrest")
        assert await gen_tcp.recv(far, timeout=SOON) == b"l1\n"

        gen_tcp.setopts(far, packet="raw")

        assert await gen_tcp.recv(far) == b"l2\nrest"

    run_node(main)


def test_a_header_that_was_read_is_there_when_the_mode_changes(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": 2})
        await gen_tcp.send(near, b"\0\3ab")
        await fails("timeout", gen_tcp.recv(far, timeout=0.01))

        gen_tcp.setopts(far, packet="raw")

        assert await gen_tcp.recv(far, timeout=SOON) == b"\0\3ab"

    run_node(main)


def test_a_raw_recv_returns_no_more_than_the_buffer_that_was_set(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"buffer": 100})
        await gen_tcp.send(near, bytes(250))

        sizes = [len(await gen_tcp.recv(far, timeout=SOON)) for _ in range(3)]

        assert sizes == [100, 100, 50]

    run_node(main)


# ---- flow control


def test_a_passive_socket_that_nobody_reads_holds_the_peer_back(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"recbuf": 20_000}, sndbuf=20_000, send_timeout=0.05)
        await gen_tcp.send(near, b"first\n")
        assert await gen_tcp.recv(far, timeout=SOON) == b"first\n"

        assert await _sent_before_it_waits(near) < 1_000_000
        assert far._framer.size <= 65536
        assert far._events == 0

    run_node(main)


async def _sent_before_it_waits(socket: Socket) -> int:
    sent = 0
    while True:
        try:
            await gen_tcp.send(socket, bytes(10_000))
        except TcpTimeoutError:
            return sent
        sent += 10_000


def test_a_socket_that_was_held_back_goes_on_where_it_stopped(run_node: RunNode) -> None:
    async def flood(socket: Socket) -> None:
        await process.receive("go")
        for n in range(20_000):
            await gen_tcp.send(socket, b"%06d\n" % n)
        await process.sleep(None)

    async def main() -> None:
        far, near = await connected({"packet": "line"})
        pid = process.spawn(flood, near)
        gen_tcp.controlling_process(near, pid)
        process.send(pid, "go")
        assert await gen_tcp.recv(far, timeout=SOON) == b"000000\n"
        await process.sleep(0.01)  # the flood fills every buffer

        lines = [await gen_tcp.recv(far, timeout=SOON) for _ in range(19_999)]

        assert lines == [b"%06d\n" % n for n in range(1, 20_000)]

    run_node(main)
