r"""The table of packet modes, and the modes whose packets are bytes.

The modes are Erlang's:

- "raw", or 0: no packets; recv returns what has come, or exactly as many bytes as it asks for.
- "line": lines, each with its newline.
- 1, 2, 4: packets after a big-endian length of that many bytes, which is removed.
- "http", "httph", "http_bin", "httph_bin": see ``beamish.net.http``.

Measured (CPython 3.11): cutting 20 lines with one ``splitlines`` takes a tenth of the time of 20
``find`` calls and slices. So lines are cut when they come, and other packets when they are asked
for. A read of 479 bytes takes 0.25 us less than a read of 16,384, for which the C library has to
find and then shrink memory. So lines are read in small chunks until those are too small.

Source: inet:setopts/2, option packet (OTP 25 manual).
"""

from __future__ import annotations

from typing import Final, Literal, Self, final

from .framer import Framer, Framing, TooBig
from .http import HttpFramer

__all__ = [
    "MAX_HEADER",
    "MODES",
    "TAGS",
    "HeaderFramer",
    "LineFramer",
    "Packet",
    "RawFramer",
    "framer_for",
    "header",
]

Packet = Literal["raw", "line", "http", "httph", "http_bin", "httph_bin", 0, 1, 2, 4]

# The BEAM counts a packet and its header in a signed 32-bit number, and refuses a longer one.
MAX_HEADER: Final = 0x7FFFFFFF

_LARGE_READ: Final = 65536
_SMALL_READ: Final = 16384
_LINE_READ: Final = 479  # the longest bytes object from CPython's own allocator

# Marks a line that is too long, among the others. (A line is never empty: it has its newline.)
_TOO_LONG: Final = b""


def header(width: int, length: int) -> bytes:
    r"""The length header of a packet to be sent.

    Args:
        width: 1, 2 or 4 bytes.
        length: of the packet, in bytes.

    Raises:
        TooBig: the length does not fit into the header.

    Example:
        >>> header(2, 5)
        b'\x00\x05'
    """
    try:
        return length.to_bytes(width, "big")
    except OverflowError:
        raise TooBig from None


class _Gathering(Framer):
    """A mode that collects the parts of an incomplete packet."""

    __slots__ = ("_begun",)

    def __init__(self, read_size: int, ready: list[bytes] | None = None) -> None:
        super().__init__(read_size, ready)
        self._begun: bytearray | None = None

    def _begin(self, part: bytes) -> None:
        """Adds a part of an incomplete packet."""
        if self._begun is None:
            self._begun = bytearray(part)
        else:
            self._begun += part

    def _take_begun(self) -> bytes:
        begun, self._begun = self._begun, None
        return b"" if begun is None else bytes(begun)


class _Chunked(_Gathering):
    """A mode that cuts packets from a chunk of bytes, one each time it is asked."""

    __slots__ = ("_pos", "pending")

    def __init__(self) -> None:
        super().__init__(_LARGE_READ)
        self.pending: bytes = b""
        self._pos = 0  # the index in the chunk where the undelivered bytes begin

    def feed(self, data: bytes) -> None:
        """Adds bytes that were read."""
        self.pending = self.pending[self._pos :] + data if self.pending else data
        self._pos = 0

    def feed_whole(self, data: bytes) -> bytes | None:
        """Adds bytes that were read and returns the first packet; None if it is not complete."""
        self.feed(data)
        packet: bytes | None = self.next()
        return packet

    def rest(self) -> bytes:
        """Returns all bytes that were not delivered, as they came, and forgets them."""
        data = self._take_begun() + self.pending[self._pos :]
        self.pending, self._pos = b"", 0
        return data

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return len(self._begun or b"") + len(self.pending) - self._pos

    def _missing(self, length: int) -> int:
        """The index in the chunk where a packet of this length ends."""
        return self._pos + length - (0 if self._begun is None else len(self._begun))

    def _cut(self, end: int) -> bytes:
        """Returns everything up to the index `end` of the chunk, as one packet."""
        chunk, pos = self.pending, self._pos
        if end == len(chunk):
            self.pending, self._pos = b"", 0
            packet = chunk[pos:] if pos else chunk
        else:
            self._pos = end
            packet = chunk[pos:end]
        if self._begun is not None:
            self._begun += packet
            packet = self._take_begun()
        return packet

    def _hold(self) -> None:
        """Keeps the rest of the chunk: the packet continues in the next one."""
        if self.pending:
            self._begin(self.pending[self._pos :] if self._pos else self.pending)
            self.pending, self._pos = b"", 0


@final
class RawFramer(_Chunked):
    """No packets: delivers what has come, or exactly as many bytes as `want` says.

    Args:
        limit: the most bytes that it delivers at once, without `want`.
    """

    __slots__ = ("_limit", "_want")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._want = 0  # the length of the next packet in bytes; 0 for any

    @classmethod
    def of(cls, framing: Framing) -> Self:
        """Makes a framer from socket options."""
        return cls(framing.raw_limit)

    def feed_whole(self, data: bytes) -> bytes | None:
        """Adds bytes that were read, and returns them unless `want` asks for another number."""
        if self._want or self.pending or len(data) > self._limit:
            self.feed(data)
            return self.next()
        return data

    def next(self) -> bytes | None:
        """Returns what has come; after `want`, that many bytes or None."""
        if self._want:
            end = self._missing(self._want)
            if end <= len(self.pending):
                self._want = 0
                return self._cut(end)
            self._hold()
            return None
        if not self.pending:
            return None
        return self._cut(min(len(self.pending), self._pos + self._limit))

    def want(self, length: int) -> bool:
        """Makes the next packet exactly `length` bytes; 0 cancels that."""
        self._want = length
        if not length and self._begun is not None:
            self.feed(self.rest())  # what was collected may be delivered in any length
        return True


@final
class HeaderFramer(_Chunked):
    r"""Packets after a header with their length, big-endian; the header is removed.

    Args:
        width: of the header, 1, 2 or 4 bytes.
        packet_size: the longest packet in bytes, 0 for no limit.

    Example:
        >>> framer = HeaderFramer(2); framer.feed(b"\x00\x03one\x00\x05t")
        >>> framer.next(), framer.next(), framer.rest()
        (b'one', None, b'\x00\x05t')
    """

    __slots__ = ("_most", "_need", "_width")

    def __init__(self, width: int, packet_size: int = 0) -> None:
        super().__init__()
        self.wraps = True
        self._width = width
        self._most = packet_size or MAX_HEADER - width
        self._need = -1  # the length of the next packet; -1 until its header is complete

    @classmethod
    def of(cls, framing: Framing) -> Self:
        """Makes a framer from socket options."""
        return cls(int(framing.packet), framing.packet_size)

    def next(self) -> bytes | None:
        """Returns the next packet; None if it is not complete."""
        if self._need < 0 and not self._read_header():
            return None
        end = self._missing(self._need)
        if end > len(self.pending):
            self._hold()
            return None
        self._need = -1
        return self._cut(end)

    def _read_header(self) -> bool:
        end = self._missing(self._width)
        if end > len(self.pending):
            self._hold()
            return False
        self._need = int.from_bytes(self._cut(end), "big")
        if self._need > self._most:
            raise TooBig
        return True

    def rest(self) -> bytes:
        """Returns all bytes that were not delivered, with the header of the next packet."""
        if self._need < 0:
            return super().rest()
        begun = self._need.to_bytes(self._width, "big")
        self._need = -1
        return begun + super().rest()

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return super().size + (self._width if self._need >= 0 else 0)

    def wrap(self, packet: bytes) -> bytes:
        """The packet with its header."""
        return header(self._width, len(packet)) + packet


@final
class LineFramer(_Gathering):
    r"""Lines, each with its newline; they are cut when they come.

    Args:
        limit: the longest piece in bytes; a longer line is delivered in pieces of this size.
        packet_size: the longest line in bytes, 0 for no limit; a longer one is an error.
        delimiter: the byte that ends a line.

    Example:
        >>> framer = LineFramer(9216); framer.feed(b"one\ntwo\nth")
        >>> framer.next(), framer.next(), framer.next(), framer.rest()
        (b'one\n', b'two\n', None, b'th')
    """

    __slots__ = ("_after", "_bulk_read", "_delimiter", "_limit", "_strict", "pending")

    def __init__(self, limit: int, packet_size: int = 0, delimiter: bytes = b"\n") -> None:
        super().__init__(_LINE_READ, [])
        self.pending: list[bytes] = self.ready  # complete lines, the next one last
        self._bulk_read = _SMALL_READ if limit < _SMALL_READ else _LARGE_READ
        # If a line must be shorter than a piece, a longer one is an error instead of pieces.
        self._strict = 0 < packet_size < limit
        self._limit = packet_size if self._strict else limit
        self._delimiter = delimiter
        self._after: bytes | None = None  # the line that is too long, and what came after it

    @classmethod
    def of(cls, framing: Framing) -> Self:
        """Makes a framer from socket options."""
        return cls(framing.buffer, framing.packet_size, framing.line_delimiter)

    def feed(self, data: bytes) -> None:
        """Adds bytes that were read."""
        if self.pending:
            data = self.rest() + data
        if len(data) >= _LINE_READ:  # more comes at a time than a small read takes
            self.read_size: int = self._bulk_read
        begun = self._begun
        held = 0 if begun is None else len(begun)
        lines = _lines(data, self._delimiter)
        if len(data) + held >= self._limit <= held + max(map(len, lines), default=0):
            self._feed_slowly(data)
            return
        last = b"" if data.endswith(self._delimiter) else lines.pop()
        if begun is not None and lines:
            begun += lines[0]
            lines[0] = self._take_begun()
        if last:
            self._begin(last)
        lines.reverse()
        self.pending += lines

    def _feed_slowly(self, data: bytes) -> None:
        """Adds bytes in which a line may be too long."""
        lines: list[bytes] = []
        pos, size = 0, len(data)
        while pos < size:
            held = 0 if self._begun is None else len(self._begun)
            limit = pos + self._limit - held
            end = data.find(self._delimiter, pos, limit) + 1
            if not end and size >= limit and not self._strict:
                end = limit
            if not end:
                if size > limit:
                    self._after = self._take_begun() + data[pos:]
                    lines.append(_TOO_LONG)
                else:
                    self._begin(data[pos:])
                break
            lines.append(self._take_begun() + data[pos:end])
            pos = end
        lines.reverse()
        self.pending += lines

    def feed_whole(self, data: bytes) -> bytes | None:
        """Adds bytes that were read; a complete line that came alone is returned as it is."""
        if (
            data.find(self._delimiter) + 1 == len(data) <= self._limit
            and self._begun is None
            and not self.pending
        ):
            return data
        self.feed(data)
        return self.next()

    def next(self) -> bytes | None:
        """Returns the next line, or the next piece of a long one."""
        pending = self.pending
        if not pending:
            return None
        line = pending.pop()
        if not line:
            pending.append(line)
            raise TooBig
        return line

    def rest(self) -> bytes:
        """Returns all bytes that were not delivered, as they came, and forgets them."""
        self.pending.reverse()
        data = b"".join([*self.pending, self._after or b"", self._take_begun()])
        self.pending.clear()
        self._after = None
        return data

    def last(self) -> bytes | None:
        """Returns the last line, which has no newline."""
        return self.rest() or None

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return sum(map(len, self.pending)) + len(self._after or b"") + len(self._begun or b"")


def _lines(data: bytes, delimiter: bytes) -> list[bytes]:
    """Cuts after each delimiter; the last piece may have none.

    ``splitlines`` does it in one step. It also cuts after a carriage return without a newline, so
    it is used only if there is none.
    """
    if delimiter == b"\n" and (b"\r" not in data or data.count(b"\r") == data.count(b"\r\n")):
        return data.splitlines(keepends=True)
    *lines, last = data.split(delimiter)
    lines = [line + delimiter for line in lines]
    if last:
        lines.append(last)
    return lines


# The values of the option `packet`.
MODES: Final[dict[str | int, type[Framer]]] = {
    "raw": RawFramer,
    "line": LineFramer,
    "http": HttpFramer,
    "httph": HttpFramer,
    "http_bin": HttpFramer,
    "httph_bin": HttpFramer,
    0: RawFramer,
    1: HeaderFramer,
    2: HeaderFramer,
    4: HeaderFramer,
}

# The first elements of the messages of active sockets.
TAGS: Final = frozenset(mode.tag for mode in MODES.values())


def framer_for(framing: Framing) -> Framer:
    """Makes a framer of the mode that these options name."""
    return MODES[framing.packet].of(framing)
