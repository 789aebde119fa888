"""The errors of sockets. Each has its reason as an Atom, spelled as in Erlang and POSIX.

    BeamishError, OSError
      TcpError                 .reason, .action, .where
        ClosedError            closed: the connection or the listener is gone (a ConnectionError)
        ResetError             econnreset: the peer reset the connection
        RefusedError           econnrefused: no server listens there
        TcpTimeoutError        timeout: it took too long (a TimeoutError)
        AddressInUseError      eaddrinuse: the address is taken
        NotOwnerError          not_owner: only the owner may do that
        OptionError            einval: the socket cannot do that in its state (a BadArgError)
        PacketTooBigError      emsgsize: a packet is longer than packet_size allows

Every other reason (``enotconn``, ``ehostunreach``, ``nxdomain``, ``emfile``, ``ealready`` ...) is a
plain TcpError. ``except TcpError as error: match error.reason: case "closed": ...`` reads like the
clauses of an Erlang program.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from beamish.terms import Atom, BadArgError, BeamishError, atom

__all__ = [
    "AddressInUseError",
    "ClosedError",
    "NotOwnerError",
    "OptionError",
    "PacketTooBigError",
    "RefusedError",
    "ResetError",
    "TcpError",
    "TcpTimeoutError",
    "error_for",
    "reason_of",
]


class TcpError(BeamishError, OSError):
    """A socket operation failed.

    Attributes:
        reason: an Atom: ``"closed"``, ``"timeout"``, or a POSIX name in lower case.
        action: the operation that failed, ``"recv"`` for example.
        where: the socket or address of the operation.
        errno: the number of a POSIX reason; None for ``closed`` and the other reasons of Erlang's.

    Source: gen_tcp and inet, "POSIX Error Codes" (OTP 25 manual).
    """

    reason: Atom
    action: str
    where: object

    def __init__(self, reason: str, action: str = "", where: object = "") -> None:
        super().__init__(_NUMBERS.get(reason), reason)
        self.reason = atom(reason)
        self.action = action
        self.where = where

    @property
    def erlang_term(self) -> Atom:
        """The reason as it appears in Erlang's form of an exit by this error."""
        return self.reason

    def __str__(self) -> str:
        doing = f"{self.action} {self.where}".strip()
        said = f"{explain(self.reason)} ({self.reason!s})"
        hint = _HINTS.get(self.reason)
        text = f"{doing}: {said}" if doing else said
        return f"{text}; {hint}" if hint else text

    def __reduce__(self) -> tuple[type[TcpError], tuple[str, str, str]]:
        # In another OS process the socket has no meaning, but its description does.
        return type(self), (str(self.reason), self.action, str(self.where))


class ClosedError(TcpError, ConnectionError):
    """closed: the connection has ended, or the socket was closed on this side."""


class ResetError(TcpError, ConnectionResetError):
    """econnreset: the peer reset the connection; only with ``show_econnreset=True``."""


class RefusedError(TcpError, ConnectionRefusedError):
    """econnrefused: no server listens at that address."""


class TcpTimeoutError(TcpError, TimeoutError):
    """timeout: the operation took longer than its time-out. Nothing is lost; it can be repeated.

    etimedout: the kernel gave the connection up.
    """


class AddressInUseError(TcpError):
    """eaddrinuse: the address is taken by another socket."""


class NotOwnerError(TcpError, PermissionError):
    """not_owner: only the owner of a socket may give it away."""


class OptionError(TcpError, BadArgError):
    """einval: this socket cannot take an option or an argument."""

    def __init__(self, reason: str, action: str = "", where: object = "", hint: str = "") -> None:
        super().__init__(reason, action, where)
        self.hint = hint

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}; {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[type[TcpError], tuple[str, ...]]:  # type: ignore[override]
        return type(self), (str(self.reason), self.action, str(self.where), self.hint)


class PacketTooBigError(TcpError):
    """emsgsize: a packet is longer than ``packet_size``, or its length does not fit its header."""


_CLASSES: Final[dict[str, type[TcpError]]] = {
    "closed": ClosedError,
    "econnreset": ResetError,
    "econnrefused": RefusedError,
    "timeout": TcpTimeoutError,
    "etimedout": TcpTimeoutError,
    "eaddrinuse": AddressInUseError,
    "not_owner": NotOwnerError,
    "einval": OptionError,
    "badarg": OptionError,
    "emsgsize": PacketTooBigError,
}

_NUMBERS: Final[dict[str, int]] = {name.lower(): no for no, name in errno.errorcode.items()}

_WORDS: Final[dict[str, str]] = {
    "closed": "the connection is closed",
    "timeout": "it took too long",
    "not_owner": "the calling process does not own the socket",
    "ealready": "another process is already waiting in recv on this socket",
    "badarg": "bad argument",
    "emsgsize": "the packet is too long",
    "nxdomain": "no such host name",
    "eaddrinuse": "the address is in use",
    "econnrefused": "no server listens there",
    "econnreset": "the peer reset the connection",
    "emfile": "this OS process has too many open files",
    "enfile": "the machine has too many open files",
    "eacces": "permission denied",
    "eaddrnotavail": "this machine has no such address",
    "enotconn": "the socket is not connected",
}

_HINTS: Final[dict[str, str]] = {
    "eaddrinuse": "another socket listens there, or old connections are still ending: "
    "pass reuseaddr=True, take another port, or port 0 for any free one",
    "emfile": "close sockets, raise the limit (ulimit -n), or accept fewer clients",
    "ealready": "let one process read, and pass on what it reads by message",
    "not_owner": "call controlling_process from the process that owns it",
    "eacces": "ports below 1024 need privileges; take a higher one",
}


def explain(reason: str) -> str:
    """Describes a reason in words.

    Example:
        >>> explain("closed")
        'the connection is closed'
    """
    words = _WORDS.get(reason)
    if words is not None:
        return words
    number = _NUMBERS.get(reason)
    return os.strerror(number).lower() if number is not None else "the operation failed"


def error_for(reason: str, action: str, where: object) -> TcpError:
    """Makes the exception for a reason, of the class for that reason."""
    return _CLASSES.get(reason, TcpError)(reason, action, where)


def reason_of(error: OSError) -> str:
    """The reason of an OSError: its POSIX name in lower case.

    Example:
        >>> reason_of(ConnectionRefusedError(errno.ECONNREFUSED, ""))
        'econnrefused'
    """
    if isinstance(error, TcpError):
        return error.reason
    number = error.errno
    if number is None:
        return "timeout" if isinstance(error, TimeoutError) else "einval"
    return errno.errorcode.get(number, "einval").lower()
