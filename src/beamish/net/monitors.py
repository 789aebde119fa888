"""Hearing of the end of sockets; options that all new sockets of a node begin with.

Source: inet (OTP 25 manual); the kernel's parameters inet_default_listen_options and
inet_default_connect_options.
"""

from __future__ import annotations

from beamish import process
from beamish.terms import BadArgError, Ref
from beamish.terms.errors import describe

from .endpoint import Endpoint
from .node_net import node_net
from .options import SocketOptions, make_options

__all__ = ["cancel_monitor", "monitor", "set_default_options"]


def monitor(socket: Endpoint) -> Ref:
    """Asks to be told of the end of a socket or listener, by ``Down(ref, "port", socket, reason)``.

    The reason is ``normal`` if it was closed, that of its owner if that has ended, or ``noproc`` if
    it was closed already. Each call makes one more monitor; they go with the process
    that made them.

    Args:
        socket: what listen, accept or connect returned.

    Example:
        >>> ref = inet.monitor(socket)
        >>> await process.receive(("DOWN", ref, "port", socket, ...))

    Source: inet:monitor/1 (OTP 25 manual).
    """
    if not isinstance(socket, Endpoint):
        raise BadArgError(f"inet.monitor: expected a socket; got {describe(socket)}")
    ref = process.make_ref()
    socket._add_monitor(ref, process.self())
    return ref


def cancel_monitor(ref: Ref) -> bool:
    """Ends a monitor; whether there was one whose message had not been sent.

    Source: inet:cancel_monitor/1 (OTP 25 manual).
    """
    if not isinstance(ref, Ref):
        raise BadArgError(
            f"inet.cancel_monitor: expected what inet.monitor returned; got {describe(ref)}"
        )
    socket: Endpoint | None = node_net().monitored.get(ref)
    if socket is None:
        return False
    socket._remove_monitor(ref)
    return True


def set_default_options(
    *, listen: SocketOptions | None = None, connect: SocketOptions | None = None
) -> None:
    """Sets what ``gen_tcp.listen`` and ``gen_tcp.connect`` of this node begin with from now on.

    Their own arguments come before these. None leaves them as they are, ``{}`` takes them back.

    Raises:
        BadArgError: an option cannot have that value.

    Example:
        >>> inet.set_default_options(listen={"nodelay": True, "reuseaddr": True})

    Source: kernel(6), inet_default_listen_options, inet_default_connect_options.
    """
    defaults = node_net().defaults
    for name, options in (("listen", listen), ("connect", connect)):
        if options is not None:
            make_options(options)
            defaults[name] = dict(options)
