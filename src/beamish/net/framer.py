"""What a socket knows of its packet mode: how bytes become packets, and packets bytes.

A framer is fed what the kernel gave and gives packets back one at a time. It knows no socket. What
each of them guarantees:

- Linear time, however the bytes come: no byte is searched twice, and the parts of a packet are
  joined once, when it is complete.
- A packet that comes alone and whole takes no buffer: `feed_whole` returns the bytes as they came.
- Nothing is lost when the mode changes between two packets: `rest` returns all bytes that were not
  delivered, headers included, for the next framer.

A new mode is a subclass and its line in ``packet.MODES``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final, Protocol, Self

from beamish.terms import Atom

__all__ = ["Framer", "Framing", "TooBig"]

_TCP: Final = Atom("tcp")

_NONE_READY: Final[list[bytes]] = []


class TooBig(Exception):
    """A packet is longer than allowed; the socket makes its own error of it."""


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
        """The most that a raw read returns."""
        ...


class Framer(ABC):
    """One packet mode, as one socket uses it.

    Attributes:
        tag: the first element of the messages that an active socket sends.
        wraps: whether `wrap` changes what is sent.
        read_size: how many bytes to read at a time.
        pending: true if there may be a packet in what was fed. Read only.
        ready: packets that are cut already, the next one last; recv takes them from here. Always
            the same list, and empty in the modes that cut when asked. An empty packet in it stands
            for one that is too long: put it back, and `next` raises TooBig.
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
        """A new framer with these options."""

    # ---- from the wire

    @abstractmethod
    def feed(self, data: bytes) -> None:
        """Adds what came. Best done when nothing is pending, which would be copied."""

    @abstractmethod
    def feed_whole(self, data: bytes) -> Any:
        """Adds what came and takes the first packet off; None if none is complete.

        Raises:
            TooBig: the packet is longer than allowed.
        """

    @abstractmethod
    def next(self) -> Any:
        """Takes the next packet off; None if none is complete.

        Raises:
            TooBig: the packet is longer than allowed.
        """

    def want(self, length: int) -> bool:
        """Makes the next packet exactly so many bytes; 0 takes that back.

        Returns:
            False in a mode that has packets of its own.
        """
        return not length

    @abstractmethod
    def rest(self) -> bytes:
        """Takes out all bytes that were not delivered, as they came."""

    def last(self) -> Any:
        """The stream has ended: takes off the incomplete packet that may be delivered, or None."""
        return None

    @property
    @abstractmethod
    def size(self) -> int:
        """How many bytes it holds."""

    def put_back(self, packet: Any) -> None:
        """Makes the latest packet, which nobody received, the next one again."""
        self.feed(self.wrap(packet) + self.rest())

    # ---- to the wire

    def wrap(self, packet: bytes) -> bytes:
        """The bytes that are sent for a packet.

        Raises:
            TooBig: the packet is longer than its header can say.
        """
        return packet
