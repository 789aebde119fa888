"""The reading half of a connection: from the kernel to a process that waits, or to a mailbox.

What it guarantees:

- A process that waits in recv gets its packet in the step that reads it. When a recv times out, is
  cancelled, or its process ends, nothing is lost: the next recv gets what was read.
- While no process asks for data, at most one read is done ahead. The socket is read again only when
  that data is used up; TCP's flow control holds the peer back until then.
- The end of the stream takes effect only when a recv or an active socket reaches it. Until then
  data can be sent, as on the BEAM, where a passive socket does not notice what it has not read.
"""

from __future__ import annotations

import socket as sockets
from abc import abstractmethod
from os import read
from typing import Any, Final, cast

from beamish import process
from beamish.runtime import waiting
from beamish.runtime.waiting import suspend, wake, wake_error
from beamish.terms import Atom, BadArgError, Pid
from beamish.terms.careful import elements, is_a
from beamish.terms.numbers import LONGEST, check_seconds

from .endpoint import Endpoint
from .errors import OptionError, TcpError, error_for, reason_of
from .framer import TooBig
from .node_net import NodeNet
from .options import ALWAYS, ONCE, PASSIVE, Active, Options, add_active
from .packet import TAGS, framer_for
from .poller import READ

__all__ = ["Input", "recv"]

TCP_CLOSED: Final = Atom("tcp_closed")
TCP_ERROR: Final = Atom("tcp_error")
TCP_PASSIVE: Final = Atom("tcp_passive")
_MESSAGES: Final = TAGS | {TCP_CLOSED, TCP_ERROR, TCP_PASSIVE}


class Input(Endpoint):
    """The reading half of a connection."""

    __slots__ = ("_active", "_end", "_framer", "_ready", "_told", "_wraps", "waiting")

    def __init__(self, sock: sockets.socket, options: Options, owner: Pid, net: NodeNet) -> None:
        super().__init__(sock, options, owner, net)
        self._use_framer(options)
        self.waiting: Pid | None = None  # the process that waits in recv
        self._active = PASSIVE
        # Why the stream ended ("closed" or a POSIX reason), for the next recv to raise.
        self._end: str | None = None
        self._told = False  # whether the owner of an active socket has had the message about it

    # ---- from the kernel

    def _on_ready(self, mask: int) -> None:
        if mask != READ:
            self._on_other(mask)
            return
        framer = self._framer
        if self.waiting is None and framer.pending:  # the last data is not used up
            self._watch(self._events & ~READ)
            return
        try:
            data = read(self._fd, framer.read_size)  # quicker than socket.recv
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._input_ended(reason_of(error))
            return
        if not data:
            self._input_ended("closed")
        elif self.waiting is not None:
            try:
                packet = framer.feed_whole(data)
            except TooBig:
                self._too_big()
                return
            # If it is not taken, the reader is about to end.
            if packet is not None and not wake(self, packet):
                framer.put_back(packet)
        else:
            framer.feed(data)
            if self._active:
                self._deliver_packets()

    @abstractmethod
    def _on_other(self, mask: int) -> None:
        """The poller reports something else: it can be written to, or is broken."""

    def _input_ended(self, reason: str) -> None:
        if reason == "econnreset" and not self._options.show_econnreset:
            reason = "closed"
        self._watch(self._events & ~READ)
        self._end = reason
        if self.waiting is not None or self._active:
            self._tell_end()

    def _too_big(self) -> None:
        self._framer.rest()
        self._input_ended("emsgsize")

    # ---- to processes

    def _deliver_packets(self) -> None:
        """Sends the owner the complete packets, as many as `active` allows."""
        framer, owner = self._framer, self._owner
        if owner is None:
            return
        tag = framer.tag
        try:
            while self._active and (packet := framer.next()) is not None:
                process.send(owner, (tag, self, packet))
                if framer.pending:  # after the send: so the owner runs before the flush
                    self._expect_replies()
                if self._active != ALWAYS:
                    self._count_down(owner)
        except TooBig:
            self._too_big()

    @abstractmethod
    def _expect_replies(self) -> None:
        """Several packets came together, so the replies to them should go out together."""

    def _count_down(self, owner: Pid) -> None:
        if self._active > 0:
            self._active -= 1
            if self._active == PASSIVE:
                process.send(owner, (TCP_PASSIVE, self))
        elif self._active == ONCE:
            self._active = PASSIVE

    def _tell_end(self) -> None:
        """Reports the end of the stream, to the waiting reader or to the owner if it is active."""
        packet = self._last_packet()
        if packet is not None:
            self._give_last(packet)
            return
        if self.waiting is not None:
            wake_error(self, self._end_error("recv"))  # before the close, which has another reason
            self._close_after_end()
            return
        owner = self._owner
        self._told = True
        reason = self._take_end("recv").reason
        if owner is None:
            return
        if reason != "closed":
            process.send(owner, (TCP_ERROR, self, reason))
        process.send(owner, (TCP_CLOSED, self))

    def _last_packet(self) -> Any:
        """The incomplete packet at the end of the stream, if it is to be delivered."""
        return self._framer.last() if self._options.partial_line else None

    def _give_last(self, packet: Any) -> None:
        if self.waiting is not None:
            self._give(packet)
            return
        owner = self._owner
        if owner is None:
            return
        process.send(owner, (self._framer.tag, self, packet))
        self._count_down(owner)
        if self._active:
            self._tell_end()

    def _take_end(self, action: str) -> TcpError:
        """The error for the end of the stream; with exit_on_close, also closes the socket."""
        error = self._end_error(action)
        self._close_after_end()
        return error

    def _end_error(self, action: str) -> TcpError:
        reason, self._end = self._end or "closed", "closed"
        return error_for(reason, action, self)

    def _close_after_end(self) -> None:
        if self._options.exit_on_close:
            self._close()

    def give_away_owned(self, old: Pid, new: Pid) -> None:
        """Moves the messages that the old owner has not received to the new one."""
        super().give_away_owned(old, new)
        waiting.move_messages(old, new, self._is_mine)

    def _is_mine(self, message: object) -> bool:
        parts = elements(message)
        return len(parts) > 1 and parts[1] is self and is_a(parts[0], str) and parts[0] in _MESSAGES

    # ---- from processes

    def _next_packet(self) -> Any:
        """The next complete packet of the data that was read; None if there is none."""
        try:
            return self._framer.next()
        except TooBig:
            self._framer.rest()
            self._end = "emsgsize"
            raise self._take_end("recv") from None

    def _active_after(self, value: Active) -> int:
        """The state of `active` after setting it to this value.

        Raises:
            OptionError: einval: the count would be out of range.
        """
        state = add_active(self._active, value)
        if state is None:
            raise OptionError(
                "einval", "setopts", self, f"active={value!r} would count beyond 32767 or -32768"
            )
        return state

    def _set_active(self, value: Active) -> None:
        """Sets `active`, and delivers the data that was read already."""
        state = self._active_after(value)
        self._active = state
        owner = self._owner
        if owner is None:
            return
        counted = isinstance(value, int) and not isinstance(value, bool)
        if state == PASSIVE:
            if counted:
                process.send(owner, (TCP_PASSIVE, self))
            return
        self._deliver_packets()
        if self._active and self._is_open:
            if self._end is None:
                self._watch(self._events | READ)
            elif not self._told:
                self._tell_end()

    def _use_framer(self, options: Options) -> None:
        self._framer = framer_for(options)
        # Shortcuts for recv and send. While there are packets in `_ready`, the socket is open and
        # passive, and no process waits in recv.
        self._ready = self._framer.ready
        self._wraps = self._framer.wraps

    def _change_framing(self, options: Options) -> None:
        """Cuts packets by new options from now on, also those in the data that was read already."""
        data = self._framer.rest()
        self._use_framer(options)
        if data:
            self._framer.feed(data)

    def _time_out(self, reader: Pid) -> None:
        if self.waiting is reader:
            wake_error(self, error_for("timeout", "recv", self))

    def _give(self, packet: Any) -> None:
        """Gives a packet to the process that waits in recv."""
        if not wake(self, packet):
            self._framer.put_back(packet)

    def take_back(self, value: Any) -> None:
        """A reader did not receive its packet: it is for the next, which may wait by now."""
        self._framer.put_back(value)
        if self.waiting is not None:
            packet = self._framer.next()
            if packet is not None:
                self._give(packet)

    def _check_recv(self, length: int) -> None:
        """Raises an error if this recv is not possible."""
        if length.__class__ is not int or length < 0:
            raise BadArgError(
                f"recv: expected a length in bytes, 0 for whatever there is; got {length!r} "
                f"({type(length).__name__})"
            )
        if not self._is_open:
            reason, self._end = self._end or "closed", None
            raise error_for(reason, "recv", self)
        if self._active:
            raise OptionError(
                "einval",
                "recv",
                self,
                "it is active: its data comes as ('tcp', socket, data) "
                "messages; read those, or setopts(socket, active=False)",
            )
        if self.waiting is not None:
            raise error_for("ealready", "recv", self)


def check_timeout(action: str, timeout: object) -> None:
    """Refuses a value that is not a time-out."""
    check_seconds(action, timeout, LONGEST, what="a timeout in seconds")


async def recv(socket: Input, length: int = 0, timeout: float | None = None) -> bytes:
    r"""Waits for data on a passive socket and returns it.

    Args:
        socket: a connected socket, with ``active=False``.
        length: with ``packet="raw"`` the exact number of bytes to return; 0 returns what there is,
            at least 1 byte. In the other packet modes it must be 0, and one packet is returned.
        timeout: seconds; 0 looks without waiting, None waits forever; default None.

    Returns:
        The bytes: raw data, a line with its newline, or a packet without its length header. With
        ``packet="http"``, the tuple or Atom that ``beamish.net.http`` describes.

    Raises:
        ClosedError: the peer or this side closed the connection. Fewer bytes than `length`, and a
            last line without a newline, are dropped (but see the option ``partial_line``).
        TcpTimeoutError: the data did not come in time. What did come is kept for the next call.
        ResetError: the peer reset the connection, with ``show_econnreset=True``.
        PacketTooBigError: a packet is longer than ``packet_size``; the connection is finished.
        OptionError: einval: the socket is active, or `length` is not 0 in a packet mode.
        TcpError: ealready: another process waits in recv on this socket.

    Example:
        >>> line = await gen_tcp.recv(socket, timeout=5.0)

    Source: gen_tcp:recv/2,3 (OTP 25 manual).
    """
    waiting.check_thread()
    try:
        ready = socket._ready
    except AttributeError:
        if isinstance(socket, Input):
            raise
        raise not_a_connection("recv", socket) from None
    if length or timeout is not None:
        return await _recv_as_asked(socket, length, timeout)
    if ready:  # several packets came together: take the next one by the shortest way
        packet = ready.pop()
        if packet:
            return packet
        ready.append(packet)  # it marks one that is too long
    if socket._active or socket.waiting is not None:
        socket._check_recv(0)
    if socket._framer.pending:
        found: bytes | None = socket._next_packet()
        if found is not None:
            return found
    if not socket._events & READ:
        if socket._end is not None:
            return await _wait(socket, None)
        socket._watch(socket._events | READ)
    # _wait() in its most common form, without another coroutine.
    data: bytes = await suspend(socket)
    return data


async def _recv_as_asked(socket: Input, length: int, timeout: float | None) -> bytes:
    """recv() with a length or a time-out."""
    if timeout is not None:
        check_timeout("recv", timeout)
    if length or socket._active or socket.waiting is not None:
        socket._check_recv(length)
    if length:
        return await _recv_exactly(socket, length, timeout)
    packet = socket._next_packet() if socket._framer.pending else None
    return packet if packet is not None else await _wait(socket, timeout)


async def _recv_exactly(socket: Input, length: int, timeout: float | None) -> bytes:
    framer = socket._framer
    if not framer.want(length):
        raise OptionError(
            "einval",
            "recv",
            socket,
            f"a length means nothing with packet={socket._options.packet!r}: recv gives whole "
            "packets; pass 0",
        )
    try:
        packet = socket._next_packet()
        return packet if packet is not None else await _wait(socket, timeout)
    except BaseException:
        if socket.waiting is None:  # otherwise another process waits, perhaps for another length
            framer.want(0)  # the bytes that did come are kept for a recv of any length
        raise


async def _wait(socket: Input, timeout: float | None) -> bytes:
    """Waits for the next packet."""
    if socket._end is not None:
        packet: bytes | None = socket._last_packet()
        if packet is not None:
            return packet
        raise socket._take_end("recv")
    if timeout == 0:
        return _look(socket)
    socket._watch(socket._events | READ)
    timer = None
    if timeout is not None:
        timer = waiting.call_later(timeout, socket._time_out, process.self())
    try:
        return cast("bytes", await suspend(socket))
    finally:
        if timer is not None:
            timer.cancel()


def _look(socket: Input) -> bytes:
    """recv() with a time-out of 0: what the kernel has now."""
    socket._on_ready(READ)
    packet: bytes | None = socket._next_packet() if socket._framer.pending else None
    if packet is not None:
        return packet
    if socket._end is not None:
        raise socket._take_end("recv")
    raise error_for("timeout", "recv", socket)


def not_a_connection(action: str, socket: object) -> Exception:
    """The error for a value that is not a connected socket."""
    if isinstance(socket, Endpoint):
        return error_for("enotconn", action, socket)
    return BadArgError(
        f"{action}: expected a socket that accept() or connect() returned; "
        f"got {socket!r} ({type(socket).__name__})"
    )
