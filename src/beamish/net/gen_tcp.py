"""gen_tcp: TCP sockets that belong to processes.

A process owns the sockets that it makes or is given. When it ends, for whatever reason, they are
closed before links and monitors are notified. So nothing leaks, and a server that is restarted
finds its port free. Errors are exceptions with Erlang's reason in ``.reason``.

The path of a call: ``gen_tcp.recv -> Input -> runtime.waiting.suspend``.

Source: kernel, gen_tcp(3) and inet(3) (OTP 25 and 29 manuals).

See the page "gen_tcp" in the documentation.
"""

from __future__ import annotations

import asyncio
import os
import socket as sockets
from collections.abc import Iterable
from typing import Any, Final, Literal, Unpack, cast

from beamish import process
from beamish.runtime import waiting
from beamish.terms import BadArgError, Pid
from beamish.terms.numbers import is_whole

from . import inet
from .connecting import Source, connect_any
from .endpoint import Endpoint
from .errors import NotOwnerError, OptionError, error_for, reason_of
from .inet import Address, Family, Host, SockAddress
from .input import check_timeout, recv
from .listener import ListenSocket, accept
from .node_net import node_net
from .options import (
    FRAMING,
    KERNEL,
    Options,
    SocketOptions,
    make_options,
    set_kernel_options,
    show_active,
)
from .output import send
from .stream import Socket

__all__ = [
    "ListenSocket",
    "Socket",
    "accept",
    "close",
    "connect",
    "controlling_process",
    "fdopen",
    "getopts",
    "listen",
    "peername",
    "port",
    "recv",
    "send",
    "setopts",
    "shutdown",
    "sockname",
]

_BACKLOG: Final = 1024
_HOW: Final = {
    "read": sockets.SHUT_RD,
    "write": sockets.SHUT_WR,
    "read_write": sockets.SHUT_RDWR,
}

AnySocket = Socket | ListenSocket


def listen(
    port: int,
    *,
    ip: Address = "127.0.0.1",
    local: str | bytes | os.PathLike[str] | None = None,
    backlog: int = _BACKLOG,
    **options: Unpack[SocketOptions],
) -> ListenSocket:
    """Opens a listening socket, which the calling process owns.

    Args:
        port: 0 for any free one, which ``gen_tcp.port(listener)`` returns. 0 for a Unix socket.
        ip: the address to listen on: "127.0.0.1" (the default: this machine only), "0.0.0.0",
            "::1", "::", or ``("local", path)`` for a Unix socket.
        local: the path of a Unix socket; the same as ``ip=("local", path)``.
        backlog: how many connections may wait to be accepted; default 1024. (Erlang's is 5, which
            makes the clients of a burst wait for a second.)
        options: see SocketOptions; accepted connections start with them.

    Raises:
        AddressInUseError: the address is taken. ``reuseaddr=True`` lets a server listen again while
            old connections are still ending; it does not allow two listeners at once.
        TcpError: eaddrnotavail, eacces ...
        BadArgError: an argument has a wrong type or value.

    Example:
        >>> listener = gen_tcp.listen(4040, packet="line", reuseaddr=True)

    Source: gen_tcp:listen/2 (OTP 29 manual).
    """
    owner, net = process.self(), node_net()
    inet.check_port(port, "listen")
    _check_backlog(backlog)
    options = _with_defaults("listen", options)
    chosen = make_options(options)
    family, address = inet.own_target(ip if local is None else ("local", local), port)
    where = inet.show(inet.from_kernel(family, address))
    sock: sockets.socket | None = None
    try:
        sock = sockets.socket(family, sockets.SOCK_STREAM)
        sock.setblocking(False)
        set_kernel_options(sock, options, chosen.linger)
        sock.bind(address)
        sock.listen(backlog)
    except OSError as error:
        if sock is not None:
            sock.close()
        raise error_for(reason_of(error), "listen on", where) from None
    return ListenSocket(sock, chosen, owner, net)


def _with_defaults(what: str, options: SocketOptions) -> SocketOptions:
    """The given options, and the node's defaults for the others."""
    defaults = node_net().defaults[what]
    return cast("SocketOptions", {**defaults, **options}) if defaults else options


def _check_backlog(backlog: object) -> None:
    if not is_whole(backlog):
        raise BadArgError(f"backlog: expected a number of connections; got {backlog!r}")


async def connect(
    host: Host,
    port: int = 0,
    *,
    timeout: float | None = None,
    ip: Address | None = None,
    source_port: int = 0,
    family: Family | None = None,
    **options: Unpack[SocketOptions],
) -> Socket:
    """Connects to a server; the calling process owns the socket.

    Args:
        host: a name, an address ("127.0.0.1", "::1"), or ``("local", path)`` for a Unix socket.
            The addresses of a name are tried one after another.
        port: of the server; 0 for a Unix socket.
        timeout: seconds for the whole call; None waits forever, but the kernel gives up by itself
            after some minutes; default None.
        ip: the address of this machine to connect from; default: the kernel's choice.
        source_port: the port to connect from; default 0, any.
        family: "inet" or "inet6", to use only the IPv4 or IPv6 addresses of a name.
        options: see SocketOptions.

    Raises:
        RefusedError: no server listens there.
        TcpTimeoutError: it took too long.
        TcpError: nxdomain: the name does not exist; ehostunreach, enoent ...
        BadArgError: an argument has a wrong type or value.

    Example:
        >>> socket = await gen_tcp.connect("localhost", 4040, packet="line", timeout=5.0)

    Source: gen_tcp:connect/3,4 (OTP 25 manual).
    """
    inet.check_port(port, "connect")
    inet.check_port(source_port, "connect (source_port)")
    check_timeout("connect", timeout)
    options = _with_defaults("connect", options)
    chosen = make_options(options)
    source = Source(ip, source_port)
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            targets = await inet.targets(host, port, family)
            return await connect_any(targets, source, chosen, options)
    except TimeoutError:
        if limit.expired():
            raise error_for("timeout", "connect to", f"{host}:{port}") from None
        raise


def fdopen(fd: int, **options: Unpack[SocketOptions]) -> Socket:
    """Makes a socket from an open file descriptor, and takes it over; the calling process owns it.

    Args:
        fd: the descriptor of a connected stream socket.
        options: see SocketOptions.

    Raises:
        TcpError: ebadf, enotsock: it is not a socket.

    Source: gen_tcp:fdopen/2 (OTP 25 manual).
    """
    owner, net = process.self(), node_net()
    chosen = make_options(options)
    try:
        sock = sockets.socket(fileno=fd)
        sock.setblocking(False)
        set_kernel_options(sock, options, chosen.linger)
    except OSError as error:
        raise error_for(reason_of(error), "fdopen", f"descriptor {fd}") from None
    return Socket(sock, chosen, owner, net)


def close(socket: AnySocket) -> None:
    """Closes a socket. Calls that wait on it raise ``closed``; closing it again does nothing.

    Data that was sent before is still written, in the background, until the peer has not read any
    of it for 5 seconds (see the option `linger`). The connections of a listener stay open. The
    owner gets no message.

    Source: gen_tcp:close/1 (OTP 25 manual).
    """
    _check_socket("close", socket)
    if socket._is_open:
        waiting.check_thread()
        socket._close()


def shutdown(socket: Socket, how: Literal["read", "write", "read_write"]) -> None:
    """Ends one direction of a connection.

    Args:
        socket: a connected socket.
        how: "write": nothing more will be sent; data that was sent before is written first, then
            the peer sees the end of the stream, and can still reply. "read": nothing more will be
            received. "read_write": both.

    Raises:
        ClosedError: the socket is closed.
        TcpError: enotconn: the connection is broken.

    Source: gen_tcp:shutdown/2 (OTP 25 manual).
    """
    _check_stream("shutdown", socket)
    if how not in _HOW:
        raise BadArgError(f'shutdown: expected "read", "write" or "read_write"; got {how!r}')
    _check_open("shutdown", socket)
    try:
        socket._shutdown(_HOW[how])
    except OSError as error:
        raise error_for(reason_of(error), "shutdown", socket) from None


def controlling_process(socket: AnySocket, pid: Pid) -> None:
    """Makes another process the owner of a socket; only the owner may do that.

    From then on the socket is closed when the new owner ends. Messages of the socket that the old
    owner has not received move to the new owner's mailbox, in order.

    Args:
        socket: a connection or a listener.
        pid: the new owner.

    Raises:
        NotOwnerError: the calling process does not own it.
        ClosedError: it is closed.
        BadArgError: `pid` is not a pid, or its process is dead (an OptionError, its reason badarg).

    Example:
        >>> pid = process.spawn(serve, socket)
        >>> gen_tcp.controlling_process(socket, pid)

    Source: gen_tcp:controlling_process/2 (OTP 25 manual).
    """
    _check_socket("controlling_process", socket)
    if not isinstance(pid, Pid):
        raise BadArgError(
            f"controlling_process: expected the pid of the new owner; got {pid!r} "
            f"({type(pid).__name__})"
        )
    _check_open("controlling_process", socket)
    caller = process.self()
    if socket._owner is not caller:
        raise NotOwnerError("not_owner", "controlling_process", socket)
    if not process.alive(pid):
        raise OptionError("badarg", "controlling_process", socket, f"{pid!r} is not alive")
    if pid is not caller:
        process.give_away(socket, pid)


def setopts(socket: AnySocket, **options: Unpack[SocketOptions]) -> None:
    """Changes options of a socket.

    On a connection, all but reuseaddr, reuseport and ipv6_v6only have an effect. On a listener,
    they apply to the connections that are accepted from then on.

    Raises:
        ClosedError: the socket is closed.
        OptionError: einval: an option cannot have that value; nothing was changed.

    Example:
        >>> gen_tcp.setopts(socket, active="once")

    Source: inet:setopts/2 (OTP 25 manual).
    """
    _check_socket("setopts", socket)
    _check_open("setopts", socket)
    try:
        changed = socket._options.changed(options)
    except BadArgError as error:
        raise OptionError("einval", "setopts", socket, str(error)) from None
    if "active" in options and isinstance(socket, Socket):
        socket._active_after(options["active"])
    try:
        set_kernel_options(socket._sock, options, changed.linger)
    except OSError as error:
        raise error_for(reason_of(error), "setopts", socket) from None
    socket._options = changed
    if isinstance(socket, Socket):
        _apply(socket, options, changed)


def _apply(socket: Socket, options: SocketOptions, changed: Options) -> None:
    if not FRAMING.isdisjoint(options):
        socket._change_framing(changed)
    if "active" in options:
        socket._set_active(options["active"])


def getopts(socket: AnySocket, *names: str | Iterable[str]) -> dict[str, Any]:
    """The options of a socket with these names; without names, all of them.

    Example:
        >>> gen_tcp.getopts(socket, "active", "packet")
        {'active': False, 'packet': 'line'}

    Raises:
        ClosedError: the socket is closed.
        OptionError: einval: an option does not exist.

    Source: inet:getopts/2 (OTP 25 manual).
    """
    _check_socket("getopts", socket)
    _check_open("getopts", socket)
    wanted = [one for name in names for one in ([name] if isinstance(name, str) else name)]
    if wanted:
        return {name: _getopt(socket, name) for name in wanted}
    found: dict[str, Any] = {}
    for name in SocketOptions.__annotations__:
        try:
            found[name] = _getopt(socket, name)
        except OSError:
            pass  # this kind of socket does not have this option of the kernel
    return found


def _getopt(socket: AnySocket, name: str) -> Any:
    if name == "active" and isinstance(socket, Socket):
        return show_active(socket._active)
    option = KERNEL.get(name)
    try:
        if option is not None:
            return option.read(socket._sock)
        if name in SocketOptions.__annotations__:
            return getattr(socket._options, name)
    except OSError as error:
        raise error_for(reason_of(error), "getopts", socket) from None
    raise OptionError("einval", "getopts", socket, f"there is no option {name!r} that can be read")


def sockname(socket: AnySocket) -> SockAddress:
    """The address of a socket on this machine: ``(ip, port)``, or ``("local", path)``.

    Raises:
        ClosedError: the socket is closed.

    Source: inet:sockname/1 (OTP 25 manual).
    """
    _check_socket("sockname", socket)
    _check_open("sockname", socket)
    try:
        return inet.from_kernel(socket._sock.family, socket._sock.getsockname())
    except OSError as error:
        raise error_for(reason_of(error), "sockname", socket) from None


def peername(socket: Socket) -> SockAddress:
    """The address of the other end of a connection: ``(ip, port)``, or ``("local", path)``.

    Raises:
        ClosedError: the socket is closed.
        TcpError: enotconn: it is a listener, or the connection is broken.

    Source: inet:peername/1 (OTP 25 manual).
    """
    _check_socket("peername", socket)
    _check_open("peername", socket)
    try:
        return inet.from_kernel(socket._sock.family, socket._sock.getpeername())
    except OSError as error:
        raise error_for(reason_of(error), "peername", socket) from None


def port(socket: AnySocket) -> int:
    """The port of a socket on this machine.

    Raises:
        ClosedError: the socket is closed.
        OptionError: einval: a Unix socket has no port.

    Example:
        >>> listener = gen_tcp.listen(0)
        >>> port = gen_tcp.port(listener)

    Source: inet:port/1 (OTP 25 manual).
    """
    address = sockname(socket)
    if isinstance(address[1], int):
        return address[1]
    raise OptionError("einval", "port", socket, "a Unix socket has no port")


def _check_socket(action: str, socket: object) -> None:
    if not isinstance(socket, Endpoint):
        raise BadArgError(
            f"{action}: expected a socket of gen_tcp; got {socket!r} ({type(socket).__name__})"
        )


def _check_open(action: str, socket: AnySocket) -> None:
    if not socket._is_open:
        raise error_for("closed", action, socket)
    waiting.check_thread()  # the node may close it at any time, and another may get its number


def _check_stream(action: str, socket: object) -> None:
    _check_socket(action, socket)
    if not isinstance(socket, Socket):
        raise error_for("enotconn", action, socket)
