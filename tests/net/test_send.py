"""Writing: what can be sent, when it goes out, and what happens when the peer does not read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

import beamish
from beamish import BadArgError, Pid, process
from beamish.net import Socket, TcpTimeoutError, gen_tcp, output
from tests.support.clock import VirtualClockLoop

from .conftest import RunNode
from .sockets import SOON, about, connected, everything, fails, fill, reason_of_end, watched


async def sender(socket: Socket, data: bytes, parent: Pid) -> None:
    """Sends, and tells how that went."""
    try:
        await gen_tcp.send(socket, data)
        process.send(parent, "sent")
    except OSError as error:
        process.send(parent, error.reason)  # type: ignore[attr-defined]
    await process.sleep(None)


async def waiting(pid: Pid) -> None:
    """Until a process waits."""
    while process.info(pid, "status") != "waiting":
        await process.sleep(0)


# ---- what can be sent


@pytest.mark.parametrize(
    "data",
    [
        b"abc",
        bytearray(b"abc"),
        memoryview(b"abc"),
        [b"a", b"bc"],
        [b"a", [bytearray(b"b"), (b"c",)]],
    ],
    ids=["bytes", "bytearray", "memoryview", "list", "nested"],
)
def test_bytes_and_nested_lists_of_them_can_be_sent(run_node: RunNode, data: Any) -> None:
    async def main() -> None:
        far, near = await connected()

        await gen_tcp.send(near, data)

        assert await gen_tcp.recv(far, 3, timeout=SOON) == b"abc"

    run_node(main)


def test_what_is_sent_may_be_changed_afterwards(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected(high_watermark=1_000_000)
        await fill(near)
        data = bytearray(b"before")
        await gen_tcp.send(near, data)
        data[:] = b"after!"
        gen_tcp.close(near)

        assert (await everything(far)).endswith(b"before")

    run_node(main)


def test_sending_nothing_is_fine(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()

        await gen_tcp.send(near, b"")
        await gen_tcp.send(near, [])
        await gen_tcp.send(near, b"x")

        assert await gen_tcp.recv(far, timeout=SOON) == b"x"

    run_node(main)


@pytest.mark.parametrize("data", ["text", 5, None, [b"a", "text"], {b"a": 1}])
def test_what_is_not_bytes_is_a_bad_argument(data: Any) -> None:
    async def main() -> None:
        far, _ = await connected()

        with pytest.raises(BadArgError, match="expected bytes, or a list of them") as caught:
            await gen_tcp.send(far, data)

        if data == "text":
            assert "text.encode()" in str(caught.value)

    beamish.run(main)


# ---- when it goes out


def test_a_single_answer_goes_out_at_once(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()

        await gen_tcp.send(near, b"now")

        assert far._sock.recv(100) == b"now"  # nothing of ours has run in between

    run_node(main)


@pytest.mark.parametrize("active", [False, True])
def test_answers_to_requests_that_came_together_go_out_together(
    run_node: RunNode, active: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "active": active})
        writes: list[bytes] = []

        def write(fd: int, data: bytes) -> int:
            if fd == far._fd:
                writes.append(bytes(data))
            return os.write(fd, data)

        monkeypatch.setattr(output, "write", write)
        await gen_tcp.send(near, b"1\n2\n3\n4\n")

        for _ in range(4):
            line = (await process.receive(timeout=SOON))[2] if active else await gen_tcp.recv(far)
            await gen_tcp.send(far, line)

        assert await gen_tcp.recv(near, 8, timeout=SOON) == b"1\n2\n3\n4\n"
        assert writes == [b"1\n2\n3\n4\n"]

    run_node(main)


def test_many_long_answers_do_not_pile_up_until_the_end_of_the_round(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line", "active": True})
        await gen_tcp.send(near, b"1\n2\n")
        await process.receive(timeout=SOON)
        far._expect_replies()

        for _ in range(8):
            await gen_tcp.send(far, bytes(20_000))
            assert far._out_size + len(far._joined or b"") <= 65536 + 20_000

        assert len(await gen_tcp.recv(near, 160_000, timeout=SOON)) == 160_000

    run_node(main)


def test_an_answer_that_was_put_off_goes_out_before_shutdown_and_close(run_node: RunNode) -> None:
    async def main() -> None:
        ends: list[Callable[[Socket], None]] = [gen_tcp.close, _shut_write]
        for end in ends:
            far, near = await connected({"packet": "line"})
            await gen_tcp.send(near, b"1\n2\n3\n")
            await gen_tcp.recv(far, timeout=SOON)

            await gen_tcp.send(far, b"one\n")
            end(far)

            assert await gen_tcp.recv(near, timeout=SOON) == b"one\n"
            await fails("closed", gen_tcp.recv(near, timeout=SOON))

    run_node(main)


def _shut_write(socket: Socket) -> None:
    gen_tcp.shutdown(socket, "write")


def test_an_answer_that_was_put_off_finds_the_peer_gone(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"1\n2\n3\n")
        await gen_tcp.recv(far, timeout=SOON)
        gen_tcp.setopts(near, linger=(True, 0))
        gen_tcp.close(near)

        await gen_tcp.send(far, b"one\n")
        await process.sleep(0.001)

        await fails("closed", gen_tcp.send(far, b"two\n"))
        await fails("closed", gen_tcp.recv(far))

    run_node(main)


# ---- a peer that does not read


def test_g11_a_send_that_finds_the_queue_empty_never_waits(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()

        await gen_tcp.send(near, bytes(20_000_000))

        assert near._out_size > 0
        gen_tcp.setopts(far, linger=(True, 0))

    run_node(main)


def test_a_send_over_the_high_watermark_waits_until_the_peer_reads(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        sent = await fill(near)
        pid = process.spawn(sender, near, bytes(100_000), process.self())
        await waiting(pid)
        assert process.flush() == []

        left = sent + 100_000
        while left:
            left -= len(await gen_tcp.recv(far, timeout=SOON))

        assert await process.receive(timeout=SOON) == "sent"

    run_node(main)


def test_a_send_below_the_high_watermark_does_not_wait(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected(high_watermark=500_000, low_watermark=100)
        await fill(near)

        await gen_tcp.send(near, bytes(100_000))

        assert near._out_size >= 100_000
        gen_tcp.setopts(far, linger=(True, 0))

    run_node(main)


def test_senders_wait_until_the_queue_is_down_to_the_low_watermark(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected(high_watermark=200_000, low_watermark=150_000)
        sent = await fill(near)
        process.spawn(sender, near, bytes(300_000), process.self())

        left = sent + 300_000
        while not process.info(process.self(), "message_queue_len"):
            left -= len(await gen_tcp.recv(far, timeout=SOON))

        assert process.flush() == ["sent"]
        while left:
            left -= len(await gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_several_senders_wait_and_all_their_data_arrives(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        sent = await fill(near)
        for n in range(5):
            process.spawn(sender, near, bytes([n]) * 50_000, process.self())

        data = await gen_tcp.recv(far, sent + 250_000, timeout=SOON)

        assert sorted(data[sent::50_000]) == [0, 1, 2, 3, 4]
        for start in range(sent, len(data), 50_000):
            assert len(set(data[start : start + 50_000])) == 1
        assert [await process.receive(timeout=SOON) for _ in range(5)] == ["sent"] * 5

    run_node(main)


def test_g11_send_gives_up_after_send_timeout_and_the_socket_stays() -> None:
    async def main() -> None:
        far, near = await connected(send_timeout=30)
        sent = await fill(near)
        begun = asyncio.get_running_loop().time()

        with pytest.raises(TcpTimeoutError):
            await gen_tcp.send(near, bytes(100_000))
        assert asyncio.get_running_loop().time() - begun == about(30, 0.01)
        with pytest.raises(TcpTimeoutError):
            await gen_tcp.send(near, b"again")

        await gen_tcp.send(far, b"hello")
        assert await gen_tcp.recv(near, timeout=SOON) == b"hello"
        assert len(await gen_tcp.recv(far, sent)) == sent

    beamish.run(main, loop_factory=VirtualClockLoop)


def test_g11_with_send_timeout_close_the_socket_is_closed() -> None:
    async def main() -> None:
        far, near = await connected(send_timeout=0.5, send_timeout_close=True)
        await fill(near)
        for n in range(2):
            process.spawn(sender, near, bytes([n]) * 10_000, process.self())

        assert sorted([await process.receive(), await process.receive()]) == ["closed", "timeout"]

        await fails("closed", gen_tcp.send(near, b"x"))
        await fails("closed", gen_tcp.recv(near))
        await everything(far)

    beamish.run(main, loop_factory=VirtualClockLoop)


def test_a_send_timeout_of_0_does_not_wait(run_node: RunNode) -> None:
    async def main() -> None:
        _, near = await connected(send_timeout=0, linger=(True, 0))
        await fill(near)

        await fails("timeout", gen_tcp.send(near, bytes(10_000)))

    run_node(main)


def test_a_sender_that_waits_hears_that_the_peer_has_gone(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        await fill(near)
        pid = process.spawn(sender, near, bytes(100_000), process.self())
        await waiting(pid)

        gen_tcp.setopts(far, linger=(True, 0))
        gen_tcp.close(far)

        assert await process.receive(timeout=SOON) == "closed"
        await fails("closed", gen_tcp.send(near, b"x"))

    run_node(main)


def test_a_sender_that_waits_hears_that_the_socket_was_closed_here(run_node: RunNode) -> None:
    async def main() -> None:
        _, near = await connected(linger=(True, 0))
        await fill(near)
        pid = process.spawn(sender, near, bytes(100_000), process.self())
        await waiting(pid)

        gen_tcp.close(near)

        assert await process.receive(timeout=SOON) == "closed"

    run_node(main)


def test_a_process_can_be_killed_while_it_waits_to_send(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()
        sent = await fill(near)
        pid, ref = watched(sender, near, bytes(100_000), process.self())
        await waiting(pid)

        process.exit(pid, "kill")
        assert await reason_of_end(ref) == "killed"

        assert len(await gen_tcp.recv(far, sent + 100_000, timeout=SOON)) == sent + 100_000
        await gen_tcp.send(near, b"goes on")
        assert await gen_tcp.recv(far, timeout=SOON) == b"goes on"

    run_node(main)


def test_both_sides_send_much_at_once_without_a_deadlock(run_node: RunNode) -> None:
    size = 5_000_000

    async def talk(socket: Socket, parent: Pid) -> None:
        await process.receive("go")
        process.spawn_link(write, socket)
        process.send(parent, len(await gen_tcp.recv(socket, size)))
        await process.receive("end")

    async def write(socket: Socket) -> None:
        for _ in range(100):
            await gen_tcp.send(socket, bytes(size // 100))

    async def main() -> None:
        pids = [process.spawn_link(talk, end, process.self()) for end in await connected()]
        for pid, end in zip(pids, process.info(process.self(), "owned"), strict=True):
            gen_tcp.controlling_process(end, pid)
        for pid in pids:
            process.send(pid, "go")

        assert [await process.receive(timeout=SOON) for _ in pids] == [size, size]
        for pid in pids:
            process.send(pid, "end")

    run_node(main)
