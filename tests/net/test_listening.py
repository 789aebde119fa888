"""G4 and G12: listening and accepting."""

from __future__ import annotations

import contextlib
import errno
import socket as sockets
from collections.abc import Callable
from typing import Any

import pytest

import beamish
from beamish import BadArgError, Pid, process
from beamish.net import AddressInUseError, ClosedError, ListenSocket, Socket, TcpError, gen_tcp
from beamish.net.listener import REST
from tests.support.clock import VirtualClockLoop

from .conftest import RunNode
from .sockets import SOON, about, connected, fails, reason_of_end, refused, watched


async def acceptor(listener: ListenSocket, parent: Pid, name: object) -> None:
    """Accepts once, tells how that went, and lives on."""
    try:
        await gen_tcp.accept(listener)
        process.send(parent, (name, "accepted"))
    except TcpError as error:
        process.send(parent, (name, error.reason))
    await process.sleep(None)


async def waits(pid: Pid) -> None:
    """Until a process waits."""
    while process.info(pid, "status") != "waiting":
        await process.sleep(0)


def test_g4_port_0_is_any_free_port(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)

        assert gen_tcp.port(listener) > 0
        assert gen_tcp.sockname(listener) == ("127.0.0.1", gen_tcp.port(listener))

    run_node(main)


@pytest.mark.parametrize("port", [80000, -1, "http", True, None])
def test_g4_what_is_no_port_is_a_bad_argument(port: Any) -> None:
    async def main() -> None:
        with pytest.raises(BadArgError, match="expected a port from 0 to 65535"):
            gen_tcp.listen(port)

    beamish.run(main)


def test_g4_closing_the_listener_ends_every_accept_that_waits(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        for name in range(3):
            await waits(process.spawn(acceptor, listener, process.self(), name))

        gen_tcp.close(listener)

        for name in range(3):
            assert await process.receive(timeout=SOON) == (name, "closed")

    run_node(main)


def test_g4_the_end_of_the_listeners_owner_ends_every_accept_that_waits(run_node: RunNode) -> None:
    async def owner(parent: Pid) -> None:
        process.send(parent, gen_tcp.listen(0))
        await process.sleep(None)

    async def main() -> None:
        pid, _ = watched(owner, process.self())
        listener = await process.receive(ListenSocket, timeout=SOON)
        await waits(process.spawn(acceptor, listener, process.self(), "a"))

        process.exit(pid, "kill")

        assert await process.receive(("a", ...), timeout=SOON) == ("a", "closed")

    run_node(main)


def test_g4_accepted_sockets_outlive_their_listener(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()  # its listener is closed

        await gen_tcp.send(near, b"hello")

        assert await gen_tcp.recv(far, timeout=SOON) == b"hello"

    run_node(main)


def test_g4_accept_on_a_closed_listener_is_closed(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        gen_tcp.close(listener)

        await fails("closed", gen_tcp.accept(listener))
        await fails("closed", gen_tcp.accept(listener, timeout=0))

    run_node(main)


def test_g4_accept_gives_up_after_its_timeout() -> None:
    async def main() -> float:
        listener = gen_tcp.listen(0)
        await fails("timeout", gen_tcp.accept(listener, timeout=90))
        return now()

    assert beamish.run(main, loop_factory=VirtualClockLoop) == about(90, 0.01)


def test_g4_accept_with_timeout_0_looks_without_waiting(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        await fails("timeout", gen_tcp.accept(listener, timeout=0))

        near = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))
        far = await gen_tcp.accept(listener, timeout=0)

        assert gen_tcp.peername(far) == gen_tcp.sockname(near)

    run_node(main)


def test_g4_processes_that_accept_are_served_in_the_order_of_asking(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        for name in range(5):
            await waits(process.spawn(acceptor, listener, process.self(), name))

        for _ in range(5):
            await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))

        served = [await process.receive(timeout=SOON) for _ in range(5)]
        assert served == [(name, "accepted") for name in range(5)]

    run_node(main)


@pytest.mark.parametrize("timeouts", [(1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3), (None, 1, None, 2)])
def test_g4_accepts_time_out_each_in_its_own_time(timeouts: tuple[float | None, ...]) -> None:
    async def one(listener: ListenSocket, parent: Pid, timeout: float | None) -> None:
        await fails("timeout", gen_tcp.accept(listener, timeout=timeout))
        process.send(parent, timeout)

    async def main() -> None:
        listener = gen_tcp.listen(0)
        for timeout in timeouts:
            process.spawn(one, listener, process.self(), timeout)

        for timeout in sorted(t for t in timeouts if t is not None):
            assert await process.receive() == timeout

    beamish.run(main, loop_factory=VirtualClockLoop)


def test_g4_some_accept_and_some_give_up(run_node: RunNode) -> None:
    async def one(listener: ListenSocket, parent: Pid, timeout: float | None) -> None:
        try:
            await gen_tcp.accept(listener, timeout=timeout)
            process.send(parent, (timeout, "accepted"))
        except TcpError as error:
            process.send(parent, (timeout, error.reason))
        await process.sleep(None)

    async def main() -> None:
        listener = gen_tcp.listen(0)
        for timeout in (0.01, None, 0.02, SOON):
            process.spawn(one, listener, process.self(), timeout)
        assert await process.receive(timeout=SOON) == (0.01, "timeout")
        assert await process.receive(timeout=SOON) == (0.02, "timeout")

        await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))
        await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))

        assert await process.receive(timeout=SOON) == (None, "accepted")
        assert await process.receive(timeout=SOON) == (SOON, "accepted")

    run_node(main)


def test_g4_killing_processes_that_accept_does_not_harm_the_others(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        pids = [process.spawn(acceptor, listener, process.self(), n) for n in range(6)]
        for pid in pids:
            await waits(pid)
        for pid in pids[:5]:
            process.exit(pid, "kill")

        await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))

        assert await process.receive(timeout=SOON) == (5, "accepted")

    run_node(main)


def test_g4_no_connection_is_lost_when_acceptors_die_while_connections_come(
    run_node: RunNode,
) -> None:
    async def serve(listener: ListenSocket) -> None:
        socket = await gen_tcp.accept(listener)
        await gen_tcp.send(socket, b"hello")
        await process.sleep(None)

    async def main() -> None:
        listener = gen_tcp.listen(0)
        nears: list[Socket] = []
        for _ in range(20):
            doomed = process.spawn(serve, listener)
            await waits(doomed)
            nears.append(await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener)))
            process.exit(doomed, "kill")  # it may have been given the connection, or not
        for _ in range(20):
            process.spawn(serve, listener)

        ends = [await _greeted(near) for near in nears]

        assert set(ends) <= {b"hello", b"closed"}
        assert process.info(process.self(), "owned") == [listener, *nears]

    run_node(main)


async def _greeted(socket: Socket) -> bytes:
    try:
        return await gen_tcp.recv(socket, timeout=SOON)
    except ClosedError:
        return b"closed"


def test_an_accept_that_is_cancelled_leaves_the_connection_to_the_next(run_node: RunNode) -> None:
    import asyncio

    async def main() -> None:
        listener = gen_tcp.listen(0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await gen_tcp.accept(listener)

        near = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))
        far = await gen_tcp.accept(listener, timeout=SOON)

        assert gen_tcp.peername(far) == gen_tcp.sockname(near)

    run_node(main)


def test_many_acceptors_take_many_connections_at_once(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        for name in range(20):
            process.spawn(acceptor, listener, process.self(), name)

        for _ in range(20):
            process.spawn(_connect_and_stay, gen_tcp.port(listener))

        accepted = [await process.receive(timeout=SOON) for _ in range(20)]
        assert sorted(accepted) == [(name, "accepted") for name in range(20)]

    run_node(main)


async def _connect_and_stay(port: int) -> None:
    await gen_tcp.connect("127.0.0.1", port)
    await process.sleep(None)


def test_accepted_sockets_begin_with_the_options_of_the_listener(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected(
            {"packet": "line", "packet_size": 77, "nodelay": True, "active": "once"}
        )

        assert gen_tcp.getopts(far, "packet", "packet_size", "nodelay", "active") == {
            "packet": "line",
            "packet_size": 77,
            "nodelay": True,
            "active": "once",
        }

    run_node(main)


def test_options_set_on_a_listener_are_for_the_next_connections(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        gen_tcp.setopts(listener, packet="line")
        await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))

        far = await gen_tcp.accept(listener, timeout=SOON)

        assert gen_tcp.getopts(far, "packet") == {"packet": "line"}

    run_node(main)


def test_accept_on_a_connection_is_einval(run_node: RunNode) -> None:
    async def main() -> None:
        far: Any = (await connected())[0]

        await fails("einval", gen_tcp.accept(far))

    run_node(main)


def test_recv_send_and_shutdown_on_a_listener_are_enotconn(run_node: RunNode) -> None:
    async def main() -> None:
        listener: Any = gen_tcp.listen(0)

        await fails("enotconn", gen_tcp.recv(listener))
        await fails("enotconn", gen_tcp.send(listener, b"x"))
        refused("enotconn", gen_tcp.shutdown, listener, "write")
        refused("enotconn", gen_tcp.peername, listener)

    run_node(main)


@pytest.mark.parametrize("function", [gen_tcp.accept, gen_tcp.recv])
def test_what_is_no_socket_is_a_bad_argument(function: Callable[..., Any]) -> None:
    async def main() -> None:
        with pytest.raises(BadArgError, match="got 'sock' \\(str\\)"):
            await function("sock")

    beamish.run(main)


# ---- addresses in use


def test_g12_a_second_listener_on_a_port_is_eaddrinuse(run_node: RunNode) -> None:
    async def main() -> None:
        port = gen_tcp.port(gen_tcp.listen(0, reuseaddr=True))

        with pytest.raises(AddressInUseError) as caught:
            gen_tcp.listen(port, reuseaddr=True)

        assert caught.value.reason == "eaddrinuse"
        assert caught.value.errno == errno.EADDRINUSE
        assert f"127.0.0.1:{port}" in str(caught.value)
        assert "reuseaddr=True" in str(caught.value)

    run_node(main)


def test_g12_reuseaddr_lets_a_listener_come_back_while_its_connections_live(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0, reuseaddr=True)
        port = gen_tcp.port(listener)
        near = await gen_tcp.connect("127.0.0.1", port)
        far = await gen_tcp.accept(listener)
        gen_tcp.close(listener)

        again = gen_tcp.listen(port, reuseaddr=True)

        await gen_tcp.connect("127.0.0.1", port)
        await gen_tcp.accept(again, timeout=SOON)
        await gen_tcp.send(near, b"old")
        assert await gen_tcp.recv(far, timeout=SOON) == b"old"

    run_node(main)


def test_reuseport_allows_two_listeners(run_node: RunNode) -> None:
    async def main() -> None:
        port = gen_tcp.port(gen_tcp.listen(0, reuseport=True))

        assert gen_tcp.port(gen_tcp.listen(port, reuseport=True)) == port

    run_node(main)


def test_an_address_that_is_not_ours_is_eaddrnotavail(run_node: RunNode) -> None:
    async def main() -> None:
        refused("eaddrnotavail", gen_tcp.listen, 0, ip="203.0.113.1")

    run_node(main)


@pytest.mark.slow  # a thousand processes, one after the other
def test_a_port_is_free_again_after_each_of_1000_killed_acceptors(run_node: RunNode) -> None:
    async def accept_for_ever(port: int, parent: Pid) -> None:
        listener = gen_tcp.listen(port, reuseaddr=True)
        process.send(parent, gen_tcp.port(listener))
        while True:
            await gen_tcp.accept(listener)

    async def main() -> None:
        port = 0
        for _ in range(1000):
            pid, ref = watched(accept_for_ever, port, process.self())
            port = await process.receive(int, timeout=SOON)
            await gen_tcp.connect("127.0.0.1", port)
            process.exit(pid, "kill")
            assert await reason_of_end(ref) == "killed"

    run_node(main)


# ---- too many open files


class _NoDescriptors:
    """A kernel's socket that has connections, and no descriptor for them, until it is relieved."""

    def __init__(self, real: sockets.socket) -> None:
        self.real = real
        self.tries = 0
        self.relieved = False

    def accept(self) -> tuple[sockets.socket, Any]:
        self.tries += 1
        if not self.relieved:
            raise OSError(errno.EMFILE, "too many open files")
        return self.real.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def _without_descriptors(listener: ListenSocket) -> _NoDescriptors:
    kernel: Any = _NoDescriptors(listener._sock)
    listener._sock = kernel
    return kernel


def test_emfile_is_an_error_of_accept_and_the_connection_is_not_lost(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        kernel = _without_descriptors(listener)
        near = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))

        error = await fails("emfile", gen_tcp.accept(listener, timeout=SOON))
        kernel.relieved = True
        far = await gen_tcp.accept(listener, timeout=SOON)

        assert "ulimit -n" in str(error)
        assert gen_tcp.peername(far) == gen_tcp.sockname(near)

    run_node(main)


def test_an_acceptor_that_just_tries_again_after_emfile_does_not_spin() -> None:
    async def main() -> int:
        listener = gen_tcp.listen(0)
        kernel = _without_descriptors(listener)
        await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))
        while now() < 10 * REST:
            await fails("emfile", gen_tcp.accept(listener))
        return kernel.tries

    assert beamish.run(main, loop_factory=VirtualClockLoop) <= 12


def test_of_several_that_wait_one_hears_of_emfile_and_the_others_wait_on(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        kernel = _without_descriptors(listener)
        for name in range(2):
            await waits(process.spawn(acceptor, listener, process.self(), name))
        await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))
        assert await process.receive(timeout=SOON) == (0, "emfile")

        kernel.relieved = True

        assert await process.receive(timeout=SOON) == (1, "accepted")

    run_node(main)


def now() -> float:
    """The loop's time: virtual on the virtual clock."""
    import asyncio

    return asyncio.get_running_loop().time()
