"""What listeners and connections share: a descriptor with an owner, watched by a poller."""

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

__all__ = ["Endpoint", "Turn"]

_NONE: Final = -1
_PORT: Final = Atom("port")


class Endpoint:
    """A socket of the kernel, its owner, and the events it waits for.

    How it ends, in this order: it is marked as closed; the processes that wait on it get an error;
    the descriptor is closed. The owner gets no message, for it closed the socket itself or is
    ending. A descriptor is never closed while the poller watches it.
    """

    __slots__ = ("_events", "_fd", "_is_open", "_monitors", "_net", "_options", "_owner", "_sock")

    def __init__(self, sock: socket.socket, options: Options, owner: Pid, net: NodeNet) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._net = net
        self._options = options
        self._events = 0  # the events that the poller watches for
        self._is_open = True  # for users; the descriptor may be open longer
        self._owner: Pid | None = owner
        self._monitors: dict[Ref, Pid] | None = None  # by reference, the pids to notify of its end
        waiting.own(owner, self)

    # ---- ownership

    def close_owned(self) -> None:
        """The runtime calls this when the owner ends, for whatever reason."""
        owner, self._owner = self._owner, None
        if self._monitors:
            self._tell_monitors(NORMAL if owner is None else waiting.exit_reason(owner))
        self._close()

    def give_away_owned(self, old: Pid, new: Pid) -> None:
        """The runtime calls this after the ownership has moved."""
        self._owner = new

    def _disown(self) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            waiting.disown(owner, self)
        if self._monitors:
            self._tell_monitors(NORMAL)

    # ---- monitors

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
        monitors, self._monitors = self._monitors, None
        for ref, pid in (monitors or {}).items():
            self._net.monitored.pop(ref, None)
            process.send(pid, Down(ref, _PORT, self, reason))

    @abstractmethod
    def _close(self) -> None:
        """Closes it on this side; closing it again does nothing."""

    # ---- the descriptor

    def _watch(self, events: int) -> None:
        """Changes the events that it waits for."""
        before = self._events
        if events != before:
            self._events = events
            self._net.poller.watch(self._fd, before, events, self._on_ready)

    @abstractmethod
    def _on_ready(self, mask: int) -> None:
        """The poller calls this when it is ready. Runs in no process, and must not raise."""

    def _release(self) -> None:
        """Closes the descriptor."""
        self._watch(0)
        self._fd = _NONE
        try:
            self._sock.close()
        except OSError:
            pass  # ECONNRESET on some systems; it is closed nevertheless

    # ---- errors

    def _closed(self, action: str) -> TcpError:
        return error_for("closed", action, self)

    def _failed(self, action: str, error: OSError) -> TcpError:
        return error_for(reason_of(error), action, self)


class Turn:
    """A place in a queue of processes: one of them waits on it."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: Pid | None = None

    def take_back(self, value: Any) -> None:
        """Takes back what the process was given and has not received."""
