"""A listening socket: processes that wait in accept get the connections, first come, first served.

A connection is taken from the kernel only when a process waits for one. The others stay in the
kernel's backlog.
"""

from __future__ import annotations

import errno
import socket as sockets
from collections import deque
from typing import Any, Final, final

from beamish import process
from beamish.runtime import waiting
from beamish.runtime.waiting import suspend, wake, wake_error
from beamish.terms import BadArgError, Pid

from . import inet
from .endpoint import Endpoint, Turn
from .errors import error_for
from .input import check_timeout
from .node_net import NodeNet
from .options import Options
from .poller import READ
from .stream import Socket

__all__ = ["ListenSocket", "accept"]

# The client left before it was accepted, or the network had a brief failure; see accept(2).
_PASSING: Final = frozenset(
    _number
    for name in (
        "ECONNABORTED",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETUNREACH",
        "ENONET",
        "ENOPROTOOPT",
        "EOPNOTSUPP",
        "EPERM",
        "EPROTO",
    )
    if (_number := getattr(errno, name, None)) is not None
)

# Seconds until the next try after the kernel could not give a connection.
REST: Final = 0.1

# How many times in a row accept looks for a connection without waiting for the poller.
_IN_A_ROW: Final = 16


@final
class _Acceptor(Turn):
    """A process that waits in accept."""

    __slots__ = ("_listener",)

    def __init__(self, listener: ListenSocket) -> None:
        super().__init__()
        self._listener = listener

    def take_back(self, value: sockets.socket) -> None:
        """The process did not receive the connection: it is for the next one."""
        self._listener._take_back(value)


@final
class ListenSocket(Endpoint):
    """What ``listen`` returns, and ``accept`` takes connections from.

    Its owner is the process that called ``listen``, until ``controlling_process`` names another. It
    is closed when the owner ends; the connections accepted from it stay open.
    """

    __slots__ = ("__weakref__", "_in_a_row", "_resting", "_spare", "_waiting")

    def __init__(self, sock: sockets.socket, options: Options, owner: Pid, net: NodeNet) -> None:
        super().__init__(sock, options, owner, net)
        self._waiting: deque[_Acceptor] = deque()
        # Connections that were taken for processes that did not receive them.
        self._spare: deque[sockets.socket] = deque()
        self._resting: Any = None  # the timer that ends a pause; None outside one
        self._in_a_row = 0  # how often accept may still look without waiting

    def __repr__(self) -> str:
        if not self._is_open:
            return "<ListenSocket closed>"
        return f"<ListenSocket {inet.show(inet.name_of(self._sock))}, owner {self._owner!r}>"

    # ---- from the kernel

    def _on_ready(self, mask: int) -> None:
        self._in_a_row = _IN_A_ROW
        try:
            while self._waiting:
                conn = self._take()
                if conn is None:
                    return
                self._give(conn)
        except OSError as error:
            self._rest()
            if self._waiting:
                wake_error(self._waiting.popleft(), self._failed("accept", error))
            return
        self._watch(0)  # nobody waits: further connections stay in the backlog

    def _take(self) -> sockets.socket | None:
        """The next connection; None if there is none yet."""
        if self._spare:
            return self._spare.popleft()
        while True:
            try:
                conn = self._sock.accept()[0]
            except (BlockingIOError, InterruptedError):
                return None
            except OSError as error:
                if error.errno in _PASSING:
                    continue
                raise
            conn.setblocking(False)
            return conn

    def _rest(self) -> None:
        """Pauses after the kernel could not give a connection, for lack of descriptors for example.

        The connection is still in the backlog, so without a pause an acceptor that tries again at
        once would keep the whole node busy.
        """
        self._watch(0)
        self._in_a_row = 0
        self._resting = waiting.call_later(REST, self._end_rest)

    def _end_rest(self) -> None:
        self._resting = None
        if self._is_open and self._waiting:
            self._watch(READ)

    # ---- to processes

    def _give(self, conn: sockets.socket) -> None:
        """Gives a connection to the process that has waited longest."""
        while self._waiting:
            if wake(self._waiting.popleft(), conn):
                return
        self._spare.append(conn)

    def _take_back(self, conn: sockets.socket) -> None:
        if self._is_open:
            self._give(conn)
        else:
            conn.close()

    def _forget(self, acceptor: _Acceptor) -> bool:
        """Removes an acceptor from those that wait; returns whether it was one of them."""
        if acceptor not in self._waiting:
            return False
        self._waiting.remove(acceptor)
        return True

    def _time_out(self, acceptor: _Acceptor) -> None:
        if self._forget(acceptor):
            wake_error(acceptor, error_for("timeout", "accept", self))

    # ---- the end

    def _close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._disown()
        if self._resting is not None:
            self._resting.cancel()
        self._release()
        for conn in self._spare:
            conn.close()
        while self._waiting:
            wake_error(self._waiting.popleft(), self._closed("accept"))


async def accept(listener: ListenSocket, timeout: float | None = None) -> Socket:
    """Waits for a connection and returns its socket, which the calling process owns.

    Many processes may accept on one listener; they are served in the order of their calls.

    Args:
        listener: what ``listen`` returned.
        timeout: seconds; 0 looks without waiting, None waits forever; default None.

    Returns:
        The socket of the connection, with the options of the listener.

    Raises:
        ClosedError: the listener is closed, or was closed during the wait.
        TcpTimeoutError: nobody connected in time.
        TcpError: emfile, enfile, enomem: there are too many open files. The connection stays in the
            backlog. An acceptor may call accept again at once: the listener itself pauses for 0.1 s
            after such a failure.

    Example:
        >>> socket = await gen_tcp.accept(listener)

    Source: gen_tcp:accept/1,2 (OTP 25 manual).
    """
    if not isinstance(listener, ListenSocket):
        raise _not_a_listener(listener)
    if timeout is not None:
        check_timeout("accept", timeout)
    if not listener._is_open:
        raise listener._closed("accept")
    owner = process.self()
    conn = _accept_now(listener, look=timeout == 0)
    if conn is None:
        if timeout == 0:
            raise error_for("timeout", "accept", listener)
        conn = await _accept_later(listener, timeout)
    return Socket(conn, listener._options, owner, listener._net)


def _accept_now(listener: ListenSocket, *, look: bool) -> sockets.socket | None:
    """A connection without waiting: after one, the next is often there already."""
    if listener._waiting or listener._resting is not None:
        return None
    if not (listener._in_a_row or listener._spare or look):
        return None
    listener._in_a_row = max(0, listener._in_a_row - 1)
    try:
        conn = listener._take()
    except OSError as error:
        listener._rest()
        raise listener._failed("accept", error) from None
    if conn is None:
        listener._in_a_row = 0
    return conn


async def _accept_later(listener: ListenSocket, timeout: float | None) -> sockets.socket:
    acceptor = _Acceptor(listener)
    listener._waiting.append(acceptor)
    if listener._resting is None:
        listener._watch(READ)
    timer = None
    if timeout is not None:
        timer = waiting.call_later(timeout, listener._time_out, acceptor)
    try:
        conn: sockets.socket = await suspend(acceptor)
    except BaseException:
        listener._forget(acceptor)
        raise
    finally:
        if timer is not None:
            timer.cancel()
    return conn


def _not_a_listener(listener: object) -> Exception:
    if isinstance(listener, Endpoint):
        return error_for("einval", "accept", listener)
    return BadArgError(
        f"accept: expected a socket that listen() returned; got {listener!r} "
        f"({type(listener).__name__})"
    )
