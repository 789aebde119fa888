"""What the tests of sockets share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

import pytest

from beamish import Pid, Ref, process
from beamish.net import Socket, SocketOptions, TcpError, gen_tcp

# Seconds after which something that must come is given up as lost; no test waits that long.
SOON = 5.0


async def connected(
    server: SocketOptions | None = None, **client: Unpack[SocketOptions]
) -> tuple[Socket, Socket]:
    """Both ends of a connection; the calling process owns them."""
    listener = gen_tcp.listen(0, **(server or {}))
    near = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener), timeout=SOON, **client)
    far = await gen_tcp.accept(listener, timeout=SOON)
    gen_tcp.close(listener)
    return far, near


async def fails(reason: str, operation: Any) -> TcpError:
    """Awaits what must fail with a TcpError of this reason."""
    with pytest.raises(TcpError) as caught:
        await operation
    assert caught.value.reason == reason
    return caught.value


def refused(reason: str, function: Callable[..., Any], *args: Any, **kw: Any) -> TcpError:
    """Calls what must fail with a TcpError of this reason."""
    with pytest.raises(TcpError) as caught:
        function(*args, **kw)
    assert caught.value.reason == reason
    return caught.value


def watched(fn: Callable[..., Any], *args: Any) -> tuple[Pid, Ref]:
    """A process whose end one wants to hear of."""
    return process.spawn_monitor(fn, *args)


async def reason_of_end(ref: Ref) -> Any:
    """Waits for a monitored process to end."""
    return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=SOON)).reason


async def fill(socket: Socket) -> int:
    """Sends to a peer that does not read until the kernel takes no more; how many bytes."""
    sent = 0
    while socket._out_size == 0:
        await gen_tcp.send(socket, bytes(65536))
        sent += 65536
    return sent


class About:
    """Equal to any number that is this near."""

    def __init__(self, value: float, margin: float) -> None:
        self.value = value
        self.margin = margin

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and abs(other - self.value) <= self.margin

    def __hash__(self) -> int:
        return hash((self.value, self.margin))

    def __repr__(self) -> str:
        return f"{self.value} ± {self.margin}"


about = About


async def everything(socket: Socket) -> bytes:
    """All that comes to the end of the stream."""
    got = bytearray()
    while True:
        try:
            got += await gen_tcp.recv(socket, timeout=SOON)
        except ConnectionError:
            return bytes(got)
