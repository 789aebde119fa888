"""Connecting: by address and name, over IPv4, IPv6 and Unix sockets, and what may go wrong."""

from __future__ import annotations

import asyncio
import ipaddress
import socket as sockets
from pathlib import Path
from typing import Any

import pytest

import beamish
from beamish import BadArgError, process
from beamish.net import RefusedError, gen_tcp
from tests.support.clock import VirtualClockLoop

from .conftest import RunNode
from .sockets import SOON, about, fails, reason_of_end, refused, watched


def unused_port() -> int:
    """A port on which nobody listens."""
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", (127, 0, 0, 1), ipaddress.IPv4Address("127.0.0.1")],
    ids=["text", "name", "numbers", "object"],
)
def test_a_host_is_an_address_in_any_form_or_a_name(run_node: RunNode, host: Any) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)

        near = await gen_tcp.connect(host, gen_tcp.port(listener), timeout=SOON)
        far = await gen_tcp.accept(listener, timeout=SOON)

        assert gen_tcp.peername(near) == gen_tcp.sockname(far) == gen_tcp.sockname(listener)
        assert gen_tcp.sockname(near) == gen_tcp.peername(far)
        assert gen_tcp.port(near) == gen_tcp.peername(far)[1]

    run_node(main)


def test_ipv6_works_as_ipv4_does(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0, ip="::1")
        near = await gen_tcp.connect("::1", gen_tcp.port(listener), timeout=SOON)
        far = await gen_tcp.accept(listener, timeout=SOON)

        await gen_tcp.send(near, b"hello")

        assert await gen_tcp.recv(far, timeout=SOON) == b"hello"
        assert gen_tcp.sockname(far) == ("::1", gen_tcp.port(listener))
        assert "[::1]" in repr(far)

    run_node(main)


def test_ipv6_v6only_leaves_the_port_to_ipv4(run_node: RunNode) -> None:
    async def main() -> None:
        # IPv4 chooses the port: most of what else runs here would be in the way there.
        other = gen_tcp.listen(0, ip="0.0.0.0")  # noqa: S104

        listener = gen_tcp.listen(gen_tcp.port(other), ip="::", ipv6_v6only=True)

        assert gen_tcp.getopts(listener, "ipv6_v6only") == {"ipv6_v6only": True}
        assert gen_tcp.port(other) == gen_tcp.port(listener)

    run_node(main)


def test_a_unix_socket_works_as_tcp_does(run_node: RunNode, tmp_path: Path) -> None:
    path = tmp_path / "socket"

    async def main() -> None:
        listener = gen_tcp.listen(0, local=path, packet="line")
        near = await gen_tcp.connect(("local", path), timeout=SOON)
        far = await gen_tcp.accept(listener, timeout=SOON)

        await gen_tcp.send(near, b"hello\n")

        assert await gen_tcp.recv(far, timeout=SOON) == b"hello\n"
        assert gen_tcp.sockname(far) == gen_tcp.peername(near) == ("local", str(path))
        assert gen_tcp.sockname(near) == gen_tcp.peername(far) == ("local", "")
        refused("einval", gen_tcp.port, listener)
        assert str(path) in repr(listener)
        gen_tcp.close(near)
        await fails("closed", gen_tcp.recv(far, timeout=SOON))

    run_node(main)


def test_ip_local_path_is_a_unix_socket_too(run_node: RunNode, tmp_path: Path) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0, ip=("local", tmp_path / "socket"))

        assert gen_tcp.sockname(listener) == ("local", str(tmp_path / "socket"))
        refused("eaddrinuse", gen_tcp.listen, 0, local=tmp_path / "socket")
        gen_tcp.close(listener)
        await fails("econnrefused", gen_tcp.connect(("local", tmp_path / "socket")))
        await fails("enoent", gen_tcp.connect(("local", tmp_path / "nothing")))

    run_node(main)


def test_g12_a_port_where_nobody_listens_is_econnrefused(run_node: RunNode) -> None:
    async def main() -> None:
        port = unused_port()

        with pytest.raises(RefusedError) as caught:
            await gen_tcp.connect("127.0.0.1", port, timeout=SOON)

        assert caught.value.reason == "econnrefused"
        assert isinstance(caught.value, ConnectionRefusedError)
        assert f"127.0.0.1:{port}" in str(caught.value)
        assert process.info(process.self(), "owned") == []

    run_node(main)


@pytest.mark.parametrize("host", ["no.such.host.invalid", ".", "", "a\0b", "x" * 300])
def test_an_unknown_name_is_nxdomain(run_node: RunNode, host: str, no_names: None) -> None:
    async def main() -> None:
        await fails("nxdomain", gen_tcp.connect(host, 80, timeout=SOON))

    run_node(main)


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is known, and no name server is asked."""

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        raise sockets.gaierror(sockets.EAI_NONAME, "no such name")

    monkeypatch.setattr(sockets, "getaddrinfo", getaddrinfo)


def test_the_addresses_of_a_name_are_tried_one_after_the_other(
    run_node: RunNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0)
        port = gen_tcp.port(listener)
        _knows(monkeypatch, ["127.0.0.2", "127.0.0.1"], port)

        near = await gen_tcp.connect("two.example", port, timeout=SOON)

        assert gen_tcp.peername(near) == ("127.0.0.1", port)

    run_node(main)


def _knows(monkeypatch: pytest.MonkeyPatch, addresses: list[str], port: int) -> None:
    async def getaddrinfo(*_: Any, **__: Any) -> Any:
        return [(sockets.AF_INET, sockets.SOCK_STREAM, 6, "", (ip, port)) for ip in addresses]

    loop: Any = type(asyncio.get_running_loop())
    if loop.__module__.startswith("uvloop"):  # its methods cannot be replaced
        from beamish.runtime import waiting

        class Loop:
            pass

        fake: Any = Loop()
        fake.getaddrinfo = getaddrinfo
        monkeypatch.setattr(waiting, "loop", lambda: fake)
    else:
        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)


def test_connect_gives_up_in_time() -> None:
    async def main() -> float:
        listener = gen_tcp.listen(0, backlog=0)
        port = gen_tcp.port(listener)
        await gen_tcp.connect("127.0.0.1", port)  # the backlog is full: the kernel goes silent
        before = asyncio.get_running_loop().time()
        error = await fails("timeout", gen_tcp.connect("127.0.0.1", port, timeout=60))
        assert isinstance(error, TimeoutError)
        return asyncio.get_running_loop().time() - before

    assert beamish.run(main, loop_factory=VirtualClockLoop) == about(60, 0.1)


def test_a_process_can_be_killed_while_it_looks_a_name_up(
    run_node: RunNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        _never_answers(monkeypatch)
        pid, ref = watched(gen_tcp.connect, "slow.example", 80)
        while process.info(pid, "status") != "waiting":
            await process.sleep(0)

        process.exit(pid, "kill")

        assert await reason_of_end(ref) == "killed"

    run_node(main)


def _never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from beamish.runtime import waiting

    class Loop:
        async def getaddrinfo(self, *_: Any, **__: Any) -> Any:
            await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(waiting, "loop", Loop)


def test_one_may_choose_the_address_and_the_port_to_connect_from(run_node: RunNode) -> None:
    async def main() -> None:
        port = gen_tcp.port(gen_tcp.listen(0))
        own = unused_port()

        near = await gen_tcp.connect("127.0.0.1", port, source_port=own, timeout=SOON)
        other = await gen_tcp.connect("127.0.0.1", port, ip="127.0.0.5", timeout=SOON)

        assert gen_tcp.sockname(near) == ("127.0.0.1", own)
        assert gen_tcp.sockname(other)[0] == "127.0.0.5"

    run_node(main)


@pytest.mark.parametrize("host", [5, None, (1, 2, 3), (1, 2, 3, 400), ("local", 5), b"127.0.0.1"])
def test_what_is_no_host_is_a_bad_argument(host: Any) -> None:
    async def main() -> None:
        with pytest.raises(BadArgError, match="expected"):
            await gen_tcp.connect(host, 80)

    beamish.run(main)


def test_an_open_descriptor_can_be_adopted(run_node: RunNode) -> None:
    async def main() -> None:
        left, right = sockets.socketpair()
        with right:
            socket = gen_tcp.fdopen(left.detach(), packet="line")

            right.send(b"hello\n")
            assert await gen_tcp.recv(socket, timeout=SOON) == b"hello\n"

            gen_tcp.close(socket)
            assert right.recv(1) == b""

    run_node(main)


def test_what_is_no_socket_cannot_be_adopted(run_node: RunNode) -> None:
    async def main() -> None:
        refused("ebadf", gen_tcp.fdopen, 99_999)

    run_node(main)


def test_outside_of_a_node_the_error_says_so() -> None:
    with pytest.raises(beamish.NotRunningError):
        gen_tcp.listen(0)
