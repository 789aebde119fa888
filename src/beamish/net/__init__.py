"""Bytes in and out: sockets that belong to processes."""

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
from .stream import Socket

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
    "TcpError",
    "TcpTimeoutError",
    "gen_tcp",
    "inet",
]
