"""What listeners and connections share: a descriptor that a process owns and a poller watches."""

from __future__ import annotations

import socket
from abc import abstractmethod
from typing import Any, Final

from beamish import process
from beamish.runtime import waiting
from beamish.terms import NOPROC, NORMAL, Atom, Down, Pid, Ref

from .errors import TcpError, error_for, reason_of
from .node_net import NodeNet
from .options import Options

__all__ = ["Endpoint"]

_NONE: Final = -1
_PORT: Final = Atom("port")


class Endpoint:
    """An open socket of the kernel's: who owns it, and what it waits for.

    The order of its end: it is not open any more; its owner is told nothing (it closed the socket
    itself, or is dying); whoever waits on it is told; then the descriptor is closed. It is never
    closed while the poller watches it.
    """

    __slots__ = ("_events", "_fd", "_is_open", "_monitors", "_net", "_options", "_owner", "_sock")

    def __init__(self, sock: socket.socket, options: Options, owner: Pid, net: NodeNet) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._net = net
        self._options = options
        self._events = 0  # what the poller watches it for
        self._is_open = True  # as far as users are concerned
        self._owner: Pid | None = owner
        self._monitors: dict[Ref, Pid] | None = None  # who wants to hear of its end
        waiting.own(owner, self)

    # ---- ownership

    def close_owned(self) -> None:
        """Called by the runtime when the owner dies, for whatever reason."""
        owner, self._owner = self._owner, None
        if self._monitors:
            self._tell_monitors(NORMAL if owner is None else waiting.exit_reason(owner))
        self._close()

    def give_away_owned(self, old: Pid, new: Pid) -> None:
        """Called by the runtime when the ownership has moved."""
        self._owner = new

    def _disown(self) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            waiting.disown(owner, self)
        if self._monitors:
            self._tell_monitors(NORMAL)

    # ---- who wants to hear of its end

    def _add_monitor(self, ref: Ref, pid: Pid) -> None:
        if not self._is_open:
            process.send(pid, Down(ref, _PORT, self, NOPROC))
            return
        if self._monitors is None:
            self._monitors = {}
        self._monitors[ref] = pid
        self._net.monitored[ref] = self

    def _remove_monitor(self, ref: Ref) -> None:
        self._net.monitored.pop(ref, None)
        if self._monitors is not None:
            self._monitors.pop(ref, None)

    def _tell_monitors(self, reason: Any) -> None:
        told, self._monitors = self._monitors, None
        for ref, pid in (told or {}).items():
            self._net.monitored.pop(ref, None)
            process.send(pid, Down(ref, _PORT, self, reason))

    @abstractmethod
    def _close(self) -> None:
        """Closes it on this side; again is nothing."""

    # ---- the descriptor

    def _watch(self, events: int) -> None:
        """Waits for these events from now on."""
        before = self._events
        if events != before:
            self._events = events
            self._net.poller.watch(self._fd, before, events, self._on_ready)

    @abstractmethod
    def _on_ready(self, mask: int) -> None:
        """The poller calls: it is ready. Runs outside of every process and must not raise."""

    def _release(self) -> None:
        """Closes the descriptor."""
        self._watch(0)
        self._fd = _NONE
        try:
            self._sock.close()
        except OSError:
            pass  # ECONNRESET on some systems: it is closed all the same

    # ---- errors

    def _closed(self, action: str) -> TcpError:
        return error_for("closed", action, self)

    def _failed(self, action: str, error: OSError) -> TcpError:
        return error_for(reason_of(error), action, self)
