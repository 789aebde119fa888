"""The state that the sockets of one node share."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, final

from beamish.runtime import waiting
from beamish.terms import Ref

from .poller import GuestPoller, Poller, poller_of

__all__ = ["Lingering", "NodeNet", "node_net"]


class Lingering(Protocol):
    """A socket that is closed for its users, and still writes its queue."""

    def give_up(self) -> None:
        """Closes it at once, whatever is left to write."""
        ...


@final
class NodeNet:
    """The poller of a node's loop, and the sockets that outlive their owners for a moment.

    Attributes:
        poller: calls the sockets when they are ready.
        monitored: the sockets that are monitored, by the monitor's reference.
        defaults: the default options of ``listen`` and ``connect``.
    """

    __slots__ = ("_all_gone", "_lingering", "defaults", "monitored", "poller")

    def __init__(self) -> None:
        self.poller: Poller = poller_of(asyncio.get_running_loop())
        self.monitored: dict[Ref, Any] = {}
        self.defaults: dict[str, dict[str, Any]] = {"listen": {}, "connect": {}}
        self._lingering: set[Lingering] = set()
        self._all_gone: asyncio.Event | None = None
        waiting.on_node_stop(self._stop)

    def lingers(self, socket: Lingering) -> None:
        """Adds a socket that was closed, and still writes its queue."""
        self._lingering.add(socket)

    def is_gone(self, socket: Lingering) -> bool:
        """Removes a socket that has ended; returns whether it was lingering."""
        if socket not in self._lingering:
            return False
        self._lingering.discard(socket)
        if not self._lingering and self._all_gone is not None:
            self._all_gone.set()
        return True

    @property
    def lingering(self) -> frozenset[Lingering]:
        """The sockets that are closed and still write their queues."""
        return frozenset(self._lingering)

    async def _stop(self) -> None:
        """At the stop of the node: waits for the queues to be written, while the peers read."""
        try:
            if self._lingering:
                self._all_gone = asyncio.Event()
                await self._all_gone.wait()
        finally:
            for socket in self.lingering:
                socket.give_up()
            if isinstance(self.poller, GuestPoller):
                self.poller.close()


def node_net() -> NodeNet:
    """The NodeNet of the running node, made on first use."""
    return waiting.per_node(NodeNet)
