"""Monitors of sockets, and the default options of a node.

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
    """Monitors a socket or listener: its end sends ``Down(ref, "port", socket, reason)``.

    The reason is ``normal`` if it was closed, the exit reason of its owner if the owner ended, or
    ``noproc`` if it was closed before the call. Each call makes another monitor; a monitor ends
    with the process that made it.

    Args:
        socket: the result of listen, accept or connect.

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
    """Ends a monitor. Returns False if there is none, or its message was sent already.

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
    """Sets the default options of ``gen_tcp.listen`` and ``gen_tcp.connect`` on this node.

    Arguments of the call take precedence. None leaves the defaults as they are, ``{}`` clears them.

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
