"""Socket options: their names, defaults and limits, checked once, where they are passed in.

An Options value is immutable and shared: every connection that a listener accepts starts with the
listener's. The options that the kernel keeps (nodelay, recbuf ...) are read from the kernel and
written to it.

Source: inet:setopts/2 (OTP 29 manual). The defaults are OTP's, except for `active`: ours is False,
because most Python programs read with `recv`.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, TypedDict

from beamish.terms import BadArgError
from beamish.terms.numbers import FINITE, is_number, is_whole

from .packet import MODES, Packet

__all__ = [
    "ALWAYS",
    "CLOSED",
    "FRAMING",
    "KERNEL",
    "ONCE",
    "PASSIVE",
    "Active",
    "KernelOption",
    "Linger",
    "Options",
    "Packet",
    "SocketOptions",
    "add_active",
    "make_options",
    "set_kernel_options",
    "show_active",
]

Active = bool | Literal["once"] | int
Linger = tuple[bool, int]

# The state of `active`: 0 for passive, above 0 the number of messages left, below 0 one of these.
PASSIVE: Final = 0
ALWAYS: Final = -1
ONCE: Final = -2
CLOSED: Final = -3  # the socket is closed

_MOST_ACTIVE: Final = 32767
RAW_READ: Final = 65536  # the most bytes of a raw recv if `buffer` was not set


class SocketOptions(TypedDict, total=False):
    r"""The options of ``listen``, ``connect`` and ``setopts``; sizes in bytes, times in seconds.

    - packet: "raw" (default), "line", or 1, 2, 4 for a length header of that many bytes; "http"
      and "httph" for the lines of HTTP, parsed: see ``beamish.net.http``.
    - packet_size: the longest packet; default 0, no limit. A longer one is the error emsgsize.
    - buffer: the longest piece of a line, default 9216: a longer line comes in pieces. If it is
      set, it is also the most that one raw recv returns (otherwise 65536). Setting `recbuf` raises
      it.
    - line_delimiter: the byte that ends a line; default b"\n".
    - partial_line: whether a last line without a newline is delivered before the end; default
      False.
    - active: False (default) for recv; True, "once" or a number of messages. The number is
      added to those that are left, from -32768 to 32767 in all; at 0 the socket is passive again.
    - exit_on_close: whether this side is closed when the peer has closed its own; default True.
    - show_econnreset: whether a reset is reported as an error instead of a normal end; default
      False.
    - send_timeout: seconds that send waits for a peer that does not read; default None, forever.
    - send_timeout_close: whether the socket is closed after that time; default False.
    - high_watermark, low_watermark: the lengths of the queue at which sends start to wait, and at
      which they go on; default 8192 and 4096.
    - linger: (True, 0) resets the connection when it is closed; (True, s) gives up writing the
      queue after s seconds; (False, 0), the default, after 5 seconds without progress.
    - nodelay, keepalive, reuseaddr, reuseport, ipv6_v6only: True or False; default False.
    - recbuf, sndbuf: the sizes of the kernel's buffers; default: the kernel's choice.
    - priority, tos: numbers for the kernel.
    """

    packet: Packet
    packet_size: int
    buffer: int
    line_delimiter: bytes
    partial_line: bool
    active: Active
    exit_on_close: bool
    show_econnreset: bool
    send_timeout: float | None
    send_timeout_close: bool
    high_watermark: int
    low_watermark: int
    linger: Linger
    nodelay: bool
    keepalive: bool
    reuseaddr: bool
    reuseport: bool
    ipv6_v6only: bool
    recbuf: int
    sndbuf: int
    priority: int
    tos: int


@dataclass(frozen=True, slots=True)
class Options:
    """The options that the kernel does not keep; sizes in bytes, times in seconds."""

    packet: Packet = "raw"
    packet_size: int = 0
    buffer: int = 9216
    line_delimiter: bytes = b"\n"
    partial_line: bool = False
    active: Active = False
    exit_on_close: bool = True
    show_econnreset: bool = False
    send_timeout: float | None = None
    send_timeout_close: bool = False
    high_watermark: int = 8192
    low_watermark: int = 4096
    linger: Linger = (False, 0)
    raw_limit: int = RAW_READ  # `buffer`, if it was set

    def changed(self, values: Mapping[str, Any]) -> Options:
        """Returns a copy with some options changed, after checking the values.

        Raises:
            BadArgError: an option does not exist, or cannot have the value.
        """
        checked = {name: _checked(name, value) for name, value in values.items()}
        if "recbuf" in checked:  # as in OTP: the kernel's buffer should fit into ours
            checked.setdefault("buffer", max(self.buffer, checked["recbuf"]))
        if "buffer" in checked:
            checked["raw_limit"] = checked["buffer"]
        ours = {name: value for name, value in checked.items() if name in _OURS}
        changed = replace(self, **ours)
        if changed.low_watermark > changed.high_watermark:
            raise BadArgError(
                f"low_watermark ({changed.low_watermark}) must not be above high_watermark "
                f"({changed.high_watermark}); set both"
            )
        return changed


_OURS: Final = frozenset(field.name for field in fields(Options))

# The options that decide how the stream is cut: `recbuf` changes `buffer`.
FRAMING: Final = frozenset(["packet", "packet_size", "buffer", "recbuf", "line_delimiter"])


# ---- which values are allowed


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _positive(value: object) -> bool:
    return is_whole(value, 1)


def _seconds(value: object) -> bool:
    return value is None or is_number(value, 0, FINITE)


def _packet(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value in MODES


def _active(value: object) -> bool:
    if isinstance(value, bool):
        return True
    return value == "once" or (
        isinstance(value, int) and -_MOST_ACTIVE - 1 <= value <= _MOST_ACTIVE
    )


def _linger(value: object) -> bool:
    match value:
        case (bool(), int() as seconds):
            return seconds >= 0
        case _:
            return False


def _delimiter(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 1


def _either(values: Iterable[object]) -> str:
    """Lists values as text: '"raw", "line" or 4'."""
    *first, last = (f'"{one}"' if isinstance(one, str) else str(one) for one in values)
    return f"{', '.join(first)} or {last}"


_FLAG: Final = (_flag, "True or False")
_SIZE: Final = (_positive, "a number of bytes above 0")
_COUNT: Final = (is_whole, "an int >= 0")

_CHECKS: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "packet": (_packet, _either(MODES)),
    "packet_size": (is_whole, "a number of bytes, or 0 for no limit"),
    "buffer": _SIZE,
    "line_delimiter": (_delimiter, 'one byte, as in b";"'),
    "partial_line": _FLAG,
    "active": (_active, 'True, False, "once", or a number from -32768 to 32767'),
    "exit_on_close": _FLAG,
    "show_econnreset": _FLAG,
    "send_timeout": (_seconds, "seconds (a number >= 0) or None for forever"),
    "send_timeout_close": _FLAG,
    "high_watermark": _SIZE,
    "low_watermark": _SIZE,
    "linger": (_linger, "(on, seconds), as in (True, 5)"),
    "nodelay": _FLAG,
    "keepalive": _FLAG,
    "reuseaddr": _FLAG,
    "reuseport": _FLAG,
    "recbuf": _SIZE,
    "sndbuf": _SIZE,
    "ipv6_v6only": _FLAG,
    "priority": _COUNT,
    "tos": _COUNT,
}


def _checked(name: str, value: Any) -> Any:
    check = _CHECKS.get(name)
    if check is None:
        raise BadArgError(
            f"there is no socket option {name!r}; the options are {', '.join(sorted(_CHECKS))}"
        )
    if not check[0](value):
        raise BadArgError(f"{name}: expected {check[1]}; got {value!r} ({type(value).__name__})")
    return value


def make_options(values: Mapping[str, Any]) -> Options:
    """The options of a new socket.

    Raises:
        BadArgError: an option does not exist, or cannot have the value.
    """
    return _DEFAULTS.changed(values) if values else _DEFAULTS


_DEFAULTS: Final = Options()


def add_active(now: int, value: Active) -> int | None:
    """The state of `active` after setting it: a number is added, any other value replaces it.

    Returns:
        The new state; None if the count would be out of range.
    """
    if value is True:
        return ALWAYS
    if value is False:
        return PASSIVE
    if isinstance(value, str):
        return ONCE
    if not _active(value):
        return None
    total = max(now, 0) + value
    return max(total, PASSIVE) if total <= _MOST_ACTIVE else None


def show_active(state: int) -> Active:
    """The state of `active` as users write it.

    Example:
        >>> show_active(ONCE), show_active(PASSIVE), show_active(3)
        ('once', False, 3)
    """
    if state > 0:
        return state
    if state == ONCE:
        return "once"
    return state == ALWAYS


# ---- the kernel's options


@dataclass(frozen=True, slots=True)
class KernelOption:
    """An option that the kernel keeps."""

    level: int
    number: int
    flag: bool = True  # whether it is a boolean; otherwise a number

    def read(self, sock: socket.socket) -> bool | int:
        """Reads it from the kernel."""
        value = sock.getsockopt(self.level, self.number)
        return bool(value) if self.flag else value

    def write(self, sock: socket.socket, value: int) -> None:
        """Writes it to the kernel."""
        sock.setsockopt(self.level, self.number, int(value))


KERNEL: Final[dict[str, KernelOption]] = {
    "nodelay": KernelOption(socket.IPPROTO_TCP, socket.TCP_NODELAY),
    "keepalive": KernelOption(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    "reuseaddr": KernelOption(socket.SOL_SOCKET, socket.SO_REUSEADDR),
    "recbuf": KernelOption(socket.SOL_SOCKET, socket.SO_RCVBUF, flag=False),
    "sndbuf": KernelOption(socket.SOL_SOCKET, socket.SO_SNDBUF, flag=False),
    "ipv6_v6only": KernelOption(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY),
    "tos": KernelOption(socket.IPPROTO_IP, socket.IP_TOS, flag=False),
}
if hasattr(socket, "SO_REUSEPORT"):
    KERNEL["reuseport"] = KernelOption(socket.SOL_SOCKET, socket.SO_REUSEPORT)
if hasattr(socket, "SO_PRIORITY"):
    KERNEL["priority"] = KernelOption(socket.SOL_SOCKET, socket.SO_PRIORITY, flag=False)


def set_kernel_options(sock: socket.socket, values: Mapping[str, Any], linger: Linger) -> None:
    """Writes those of the values to the kernel that it keeps.

    Of `linger` the kernel gets only whether closing resets the connection, (True, 0). We wait for
    any other time ourselves: in the kernel, close() would block the whole node.

    Raises:
        OSError: the kernel refuses a value.
    """
    for name, value in values.items():
        option = KERNEL.get(name)
        if option is not None:
            option.write(sock, value)
    if "linger" in values:
        on, seconds = linger
        packed = struct.pack("ii", on and seconds == 0, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, packed)
