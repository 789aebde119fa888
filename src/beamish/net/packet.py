r"""Framing: bytes in, packets out. Pure; nothing here knows a socket.

A framer is fed what the kernel gave and cuts packets off it one at a time. What it guarantees:

- Linear time, however the bytes come: nothing that was searched is searched again, and the parts of
  a packet are joined once, when it is whole.
- A packet that comes alone and whole takes no buffer at all: `feed_whole` gives it back as it came.
- Nothing is lost when the framing changes between two packets: `rest` gives back all bytes that
  have not been delivered, headers included, for the next framer.

The framings are Erlang's: `raw`; `line` (the newline stays on it); 1, 2 or 4 (a big-endian length
before each packet, which is taken off).

Source: inet:setopts/2, option packet (OTP 25 manual).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, final

__all__ = [
    "MAX_HEADER",
    "Framer",
    "HeaderFramer",
    "LineFramer",
    "RawFramer",
    "TooBig",
    "header",
]

# The BEAM counts a packet and its header in a signed 32-bit number: what does not fit is refused.
MAX_HEADER: Final = 0x7FFFFFFF


class TooBig(Exception):  # noqa: N818 (a finding, which the socket turns into its own error)
    """A packet is longer than allowed."""


def header(width: int, length: int) -> bytes:
    r"""The length header of a packet to be sent.

    Args:
        width: 1, 2 or 4 bytes.
        length: of the packet, in bytes.

    Raises:
        TooBig: a header of this width cannot say that length.

    Example:
        >>> header(2, 5)
        b'\x00\x05'
    """
    try:
        return length.to_bytes(width, "big")
    except OverflowError:
        raise TooBig from None


class Framer(ABC):
    """What every framing has: the bytes not yet delivered, and the position in them.

    Attributes:
        chunk: what came last, while there is something in it that was not looked at; else empty.
            To be read only: ``if framer.chunk`` asks whether a packet may be waiting.
    """

    __slots__ = ("_begun", "_held", "_pos", "chunk")

    def __init__(self) -> None:
        self.chunk = b""
        self._pos = 0  # where in the chunk the undelivered bytes begin
        self._begun: bytearray | None = None  # the beginning of the packet that goes on in chunk
        self._held = 0  # bytes in _begun

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return self._held + len(self.chunk) - self._pos

    def feed(self, data: bytes) -> None:
        """Adds what came.

        Bytes not yet looked at are put in front, which costs a copy: feed when there are none.
        """
        self.chunk = self.chunk[self._pos :] + data if self.chunk else data
        self._pos = 0

    def feed_whole(self, data: bytes) -> bytes | None:
        """Adds what came and cuts the first packet off; None where none is whole yet.

        Raises:
            TooBig: the packet is longer than allowed.
        """
        self.feed(data)
        return self.next()

    @abstractmethod
    def next(self) -> bytes | None:
        """Cuts the next packet off; None where none is whole yet.

        Raises:
            TooBig: the packet is longer than allowed.
        """

    def rest(self) -> bytes:
        """All bytes that were not delivered, as they came; the framer is empty afterwards."""
        data = self.chunk[self._pos :]
        if self._begun is not None:
            data = bytes(self._begun) + data
        self.clear()
        return data

    def clear(self) -> None:
        """Forgets everything."""
        self.chunk, self._pos, self._begun, self._held = b"", 0, None, 0

    def wire(self, packet: bytes) -> bytes:
        """The bytes that a packet was cut from."""
        return packet

    def put_back(self, packet: bytes) -> None:
        """Takes a packet back that nobody received: it is the next one again."""
        self.feed(self.wire(packet) + self.rest())

    # ---- for the framings

    def _cut(self, end: int) -> bytes:
        """Everything up to `end` of the chunk, as one packet."""
        chunk, pos = self.chunk, self._pos
        if end == len(chunk):
            self.chunk, self._pos = b"", 0
            packet = chunk[pos:] if pos else chunk
        else:
            self._pos = end
            packet = chunk[pos:end]
        if self._begun is not None:
            self._begun += packet
            packet = bytes(self._begun)
            self._begun, self._held = None, 0
        return packet

    def _hold(self) -> None:
        """Puts the rest of the chunk aside: the packet goes on in the next one."""
        if self.chunk:
            if self._begun is None:
                self._begun = bytearray()
            self._begun += self.chunk[self._pos :] if self._pos else self.chunk
            self._held = len(self._begun)
            self.chunk, self._pos = b"", 0


@final
class RawFramer(Framer):
    """No framing: whatever there is, or exactly `want` bytes.

    Args:
        limit: the most that is delivered at once where no number is asked for; in bytes.
    """

    __slots__ = ("_limit", "want")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self.want = 0  # how many bytes make a packet; 0 for any number

    def feed_whole(self, data: bytes) -> bytes | None:
        """Adds what came and gives it back, unless a number of bytes is asked for."""
        if self.want or self._held or self.chunk or len(data) > self._limit:
            return super().feed_whole(data)
        return data

    def next(self) -> bytes | None:
        """What there is; with `want`, that many bytes or None."""
        available = len(self.chunk) - self._pos
        if self.want:
            need = self.want - self._held
            if available >= need:
                return self._cut(self._pos + need)
            self._hold()
            return None
        if not available:
            return None
        return self._cut(self._pos + min(available, self._limit))

    def unhold(self) -> None:
        """Nobody waits any more for the packet that has begun: its bytes are any bytes again."""
        if self._held:
            self.feed(self.rest())


@final
class LineFramer(Framer):
    r"""Lines, each with its newline.

    Args:
        limit: the longest piece in bytes; a longer line comes in pieces of this size.
        packet_size: the longest line in bytes, 0 for no limit; a longer one is an error.
        delimiter: the byte that ends a line.

    Example:
        >>> framer = LineFramer(9216); framer.feed(b"one\ntwo\nth")
        >>> framer.next(), framer.next(), framer.next(), framer.rest()
        (b'one\n', b'two\n', None, b'th')
    """

    __slots__ = ("_delimiter", "_limit", "_strict")

    def __init__(self, limit: int, packet_size: int = 0, delimiter: bytes = b"\n") -> None:
        super().__init__()
        # Where the line may be no longer than a piece, it is an error instead of pieces.
        self._strict = 0 < packet_size <= limit
        self._limit = packet_size if self._strict else limit
        self._delimiter = delimiter

    def feed_whole(self, data: bytes) -> bytes | None:
        """Adds what came; gives a line that came alone and whole back as it is."""
        end = data.find(self._delimiter) + 1
        if end == len(data) <= self._limit and not self._held and not self.chunk:
            return data
        self.feed(data)
        return self.next()

    def next(self) -> bytes | None:
        """The next line, or piece of a long one."""
        chunk, pos = self.chunk, self._pos
        limit = pos + self._limit - self._held
        end = chunk.find(self._delimiter, pos, limit) + 1
        if end:
            return self._cut(end)
        if len(chunk) >= limit and self._strict:
            if len(chunk) > limit:
                raise TooBig
        elif len(chunk) >= limit:
            return self._cut(limit)
        self._hold()
        return None

    def last(self) -> bytes:
        """The line that no newline ended; empty where there is none."""
        return self.rest()


@final
class HeaderFramer(Framer):
    r"""Packets with their length before them, big-endian; the header is taken off.

    Args:
        width: of the header: 1, 2 or 4 bytes.
        packet_size: the longest packet in bytes, 0 for no limit.

    Example:
        >>> framer = HeaderFramer(2); framer.feed(b"\x00\x03one\x00\x05t")
        >>> framer.next(), framer.next(), framer.rest()
        (b'one', None, b'\x00\x05t')
    """

    __slots__ = ("_most", "_need", "_width")

    def __init__(self, width: int, packet_size: int = 0) -> None:
        super().__init__()
        self._width = width
        self._most = packet_size or MAX_HEADER - width
        self._need = -1  # length of the packet that is coming; -1 before its header was read

    def next(self) -> bytes | None:
        """The next packet."""
        if self._need < 0 and not self._read_header():
            return None
        end = self._pos + self._need - self._held
        if end > len(self.chunk):
            self._hold()
            return None
        self._need = -1
        return self._cut(end)

    def _read_header(self) -> bool:
        end = self._pos + self._width - self._held
        if end > len(self.chunk):
            self._hold()
            return False
        self._need = int.from_bytes(self._cut(end), "big")
        if self._need > self._most:
            raise TooBig
        return True

    def rest(self) -> bytes:
        """All bytes that were not delivered; the header of the packet that is coming included."""
        if self._need < 0:
            return super().rest()
        begun = self._need.to_bytes(self._width, "big")
        return begun + super().rest()

    def clear(self) -> None:
        """Forgets everything."""
        super().clear()
        self._need = -1

    def wire(self, packet: bytes) -> bytes:
        """The packet with its header."""
        return header(self._width, len(packet)) + packet
