"""The door to sockets that belong to processes."""

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from . import gen_tcp, inet
    from .errors import (
        AddressInUseError,
        ClosedError,
        NotOwnerError,
        OptionError,
        PacketTooBigError,
        RefusedError,
        ResetError,
        TcpError,
        TcpTimeoutError,
    )
    from .listener import ListenSocket
    from .loop import new_event_loop
    from .options import SocketOptions
    from .stream import Socket
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".": "gen_tcp inet",
            ".errors": (
                "AddressInUseError ClosedError NotOwnerError OptionError PacketTooBigError "
                "RefusedError ResetError TcpError TcpTimeoutError"
            ),
            ".listener": "ListenSocket",
            ".loop": "new_event_loop",
            ".options": "SocketOptions",
            ".stream": "Socket",
        },
    )

__all__ = [
    "AddressInUseError",
    "ClosedError",
    "ListenSocket",
    "NotOwnerError",
    "OptionError",
    "PacketTooBigError",
    "RefusedError",
    "ResetError",
    "Socket",
    "SocketOptions",
    "TcpError",
    "TcpTimeoutError",
    "gen_tcp",
    "inet",
    "new_event_loop",
]
