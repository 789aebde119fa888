"""Framers: how a packet mode cuts a stream into packets, and makes bytes of packets.

A framer is fed the bytes that were read, and returns packets one at a time. It does not know the
socket. What each framer guarantees:

- Linear time, in whatever pieces the bytes come: no byte is searched twice, and the parts of a
  packet are joined once, when it is complete.
- A complete packet that comes alone is not copied: `feed_whole` returns the bytes that it was fed.
- Nothing is lost when the mode changes between two packets: `rest` returns all bytes that were not
  delivered, headers included, for the next framer.

To add a mode, write a subclass and add it to ``packet.MODES`` and to the type ``Packet``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final, Protocol, Self

from beamish.terms import Atom

__all__ = ["Framer", "Framing", "TooBig"]

_TCP: Final = Atom("tcp")

_NONE_READY: Final[list[bytes]] = []


class TooBig(Exception):
    """A packet is longer than allowed. The socket raises an error of its own instead."""


class Framing(Protocol):
    """The options that a framer is made from; sizes in bytes. See SocketOptions."""

    @property
    def packet(self) -> str | int:
        """The packet mode."""
        ...

    @property
    def packet_size(self) -> int:
        """The longest packet; 0 for no limit."""
        ...

    @property
    def buffer(self) -> int:
        """The longest piece of a line."""
        ...

    @property
    def line_delimiter(self) -> bytes:
        """The byte that ends a line."""
        ...

    @property
    def raw_limit(self) -> int:
        """The most bytes that a raw recv returns."""
        ...


class Framer(ABC):
    """The packet mode of one socket, with the bytes that were read and not delivered.

    Attributes:
        tag: the first element of the messages that an active socket sends.
        wraps: whether `wrap` changes what is sent.
        read_size: how many bytes to read at a time.
        pending: true if there may be a packet in the bytes that were fed. Do not set it.
        ready: complete packets, the next one last; recv takes them from here. Always the same list.
            It stays empty in the modes that cut packets only when asked. An empty packet in it
            marks one that is too long: leave it there, and `next` raises TooBig.
    """

    __slots__ = ("read_size", "ready", "wraps")

    tag: ClassVar[Atom] = _TCP

    pending: Any  # a slot of each subclass

    def __init__(self, read_size: int, ready: list[bytes] | None = None) -> None:
        self.read_size: int = read_size
        self.ready: list[bytes] = _NONE_READY if ready is None else ready
        self.wraps: bool = False

    @classmethod
    @abstractmethod
    def of(cls, framing: Framing) -> Self:
        """Makes a framer from socket options."""

    # ---- from the wire

    @abstractmethod
    def feed(self, data: bytes) -> None:
        """Adds bytes that were read. Bytes that are pending are copied."""

    @abstractmethod
    def feed_whole(self, data: bytes) -> Any:
        """Adds bytes that were read and returns the first packet; None if it is not complete.

        Raises:
            TooBig: the packet is longer than allowed.
        """

    @abstractmethod
    def next(self) -> Any:
        """Returns the next packet; None if it is not complete.

        Raises:
            TooBig: the packet is longer than allowed.
        """

    def want(self, length: int) -> bool:
        """Makes the next packet exactly `length` bytes; 0 cancels that.

        Returns:
            False if the mode does not allow it, because its stream says where packets end.
        """
        return not length

    @abstractmethod
    def rest(self) -> bytes:
        """Returns all bytes that were not delivered, as they came, and forgets them."""

    def last(self) -> Any:
        """After the end of the stream: returns the incomplete packet if the mode may deliver it."""
        return None

    @property
    @abstractmethod
    def size(self) -> int:
        """How many bytes it holds."""

    def put_back(self, packet: Any) -> None:
        """Makes the latest packet, which no process received, the next one again."""
        self.feed(self.wrap(packet) + self.rest())

    # ---- to the wire

    def wrap(self, packet: bytes) -> bytes:
        """The bytes on the wire for a packet.

        Raises:
            TooBig: the header cannot express the packet's length.
        """
        return packet
