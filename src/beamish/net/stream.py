"""A connected socket: both halves together, and how it ends."""

from __future__ import annotations

import socket as sockets
from typing import Any, Final, final

from beamish.runtime import waiting
from beamish.terms import Pid

from . import inet
from .errors import TcpError
from .node_net import NodeNet
from .options import CLOSED, Options, show_active
from .output import FINISHED, Output
from .poller import READ, WRITE

__all__ = ["Socket"]

# Seconds without progress after which a closed connection is given up because its peer does not
# read: as long as gen_tcp:close waits on the BEAM.
PATIENCE: Final = 5.0


@final
class Socket(Output):
    """One end of a connection, made by ``accept`` and ``connect``.

    Its owner is the process that accepted or connected, until ``controlling_process`` names
    another. When the owner ends, for whatever reason, the socket is closed. Any process may use it;
    only the owner gets the messages of an active socket.

    The functions for it are in ``beamish.net.gen_tcp``.
    """

    __slots__ = ("__weakref__", "_left", "_progress")

    def __init__(self, sock: sockets.socket, options: Options, owner: Pid, net: NodeNet) -> None:
        super().__init__(sock, options, owner, net)
        self._progress: Any = None  # the timer that looks for progress of a closed socket
        self._left = 0  # the bytes left to write at its last look
        if options.active is not False:
            self._set_active(options.active)

    def __repr__(self) -> str:
        return f"<Socket {self._describe()}>"

    def _describe(self) -> str:
        if not self._is_open:
            return "closed"
        there = inet.show(inet.peer_of(self._sock))
        here = inet.show(inet.name_of(self._sock))
        return f"{here} to {there}, owner {self._owner!r}, active {show_active(self._active)!r}"

    # ---- from the poller

    def _on_other(self, mask: int) -> None:
        if mask & ~WRITE and self._events & READ:
            self._on_ready(READ)
        if mask & ~READ and self._events & WRITE:
            self._on_writable()

    # ---- the end

    def _shutdown(self, how: int) -> None:
        """Ends one direction or both; writing ends after the queue is written."""
        if how != sockets.SHUT_RD:
            self._write_joined()
            self._writing = FINISHED
            if self._out:
                if how == sockets.SHUT_RDWR:
                    self._sock.shutdown(sockets.SHUT_RD)
                return
        self._sock.shutdown(how)

    def _close(self) -> None:
        if not self._is_open:
            return
        self._active = CLOSED  # so that closing it on this side sends no message
        try:
            self._write_joined()
        except TcpError:
            return  # the connection is broken, and was closed because of that
        self._is_open = False
        self._writing = FINISHED
        self._disown()
        self._fail_all("closed")
        self._framer.rest()
        if self._out and self._options.linger != (True, 0):
            self._linger()
        else:
            self._release()

    def _linger(self) -> None:
        """Goes on writing the queue, as long as the peer reads."""
        self._watch(WRITE)
        self._net.lingers(self)
        self._left = self._out_size
        on, seconds = self._options.linger
        wait = float(seconds) if on else PATIENCE
        self._progress = waiting.call_later(wait, self._look_for_progress)

    def _written(self) -> None:
        if self._is_open:
            self._shut_write()
        else:
            self.give_up()

    def _look_for_progress(self) -> None:
        if self._out_size == self._left or self._options.linger[0]:
            self.give_up()
        else:
            self._left = self._out_size
            self._progress = waiting.call_later(PATIENCE, self._look_for_progress)

    def give_up(self) -> None:
        """Closes a lingering socket at once, whatever is left to write."""
        if self._net.is_gone(self):
            self._progress.cancel()
            self._release()
