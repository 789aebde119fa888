"""Making a connection: the addresses of a name are tried one after another."""

from __future__ import annotations

import errno
import socket as sockets
from collections.abc import Mapping
from typing import Any, Final, final

from beamish import process
from beamish.runtime.waiting import suspend, wake
from beamish.terms import Pid

from . import inet
from .endpoint import Endpoint
from .errors import TcpError, error_for, reason_of
from .inet import Address, Target
from .node_net import NodeNet, node_net
from .options import Options, set_kernel_options
from .poller import WRITE
from .stream import Socket

__all__ = ["Source", "connect_any"]

_IN_PROGRESS: Final = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR)


@final
class _Attempt(Endpoint):
    """A connection that is being made, while its owner waits. If the owner ends, it is closed."""

    __slots__ = ("waiting",)

    def __init__(self, sock: sockets.socket, options: Options, owner: Pid, net: NodeNet) -> None:
        super().__init__(sock, options, owner, net)
        self.waiting: Pid | None = None

    def _on_ready(self, mask: int) -> None:
        self._watch(0)
        wake(self, self._sock.getsockopt(sockets.SOL_SOCKET, sockets.SO_ERROR))

    def take_back(self, value: int) -> None:
        """The process ended before it received the outcome, and the attempt with it."""

    def _close(self) -> None:
        self._is_open = False
        self._release()

    def taken(self) -> sockets.socket:
        """Ends the attempt and returns the kernel's socket."""
        self._watch(0)
        self._disown()
        return self._sock


@final
class Source:
    """The address to connect from."""

    __slots__ = ("_ip", "_port")

    def __init__(self, ip: Address | None, port: int) -> None:
        self._ip = ip
        self._port = port

    def bind(self, sock: sockets.socket) -> None:
        """Binds a socket to the address, if one was given."""
        if self._ip is not None:
            family, address = inet.own_target(self._ip, self._port)
            if family != sock.family:
                raise OSError(errno.EAFNOSUPPORT, "")
            sock.bind(address)
        elif self._port:
            any_ip = "::" if sock.family == sockets.AF_INET6 else "0.0.0.0"  # noqa: S104
            sock.bind((any_ip, self._port))


async def connect_any(
    targets: list[Target],
    source: Source,
    options: Options,
    kernel: Mapping[str, Any],
) -> Socket:
    """Connects to the first of several addresses that accepts.

    Raises:
        TcpError: no address accepted; the reason is that of the last one.
    """
    failure = error_for("nxdomain", "connect to", "no address")
    for target in targets:
        try:
            return await _connect(target, source, options, kernel)
        except TcpError as error:
            failure = error
    raise failure


async def _connect(
    target: Target, source: Source, options: Options, kernel: Mapping[str, Any]
) -> Socket:
    owner, net = process.self(), node_net()
    family, address = target
    try:
        sock = sockets.socket(family, sockets.SOCK_STREAM)
    except OSError as error:
        raise error_for(reason_of(error), "connect to", _show(target)) from None
    try:
        sock.setblocking(False)
        set_kernel_options(sock, kernel, options.linger)
        source.bind(sock)
        failed = sock.connect_ex(address)
        if failed in _IN_PROGRESS:
            failed = await _wait(sock, options, owner, net)
        if failed:
            raise OSError(failed, "")
    except OSError as error:
        sock.close()
        raise error_for(reason_of(error), "connect to", _show(target)) from None
    except BaseException:
        sock.close()
        raise
    return Socket(sock, options, owner, net)


async def _wait(sock: sockets.socket, options: Options, owner: Pid, net: NodeNet) -> int:
    """Waits until the connection is made or refused; returns the number of the error, or 0."""
    attempt = _Attempt(sock, options, owner, net)
    attempt._watch(WRITE)
    try:
        failed: int = await suspend(attempt)
    finally:
        attempt.taken()
    return failed


def _show(target: Target) -> str:
    return inet.show(inet.from_kernel(*target))
