"""What the sockets of one node share."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, final

from beamish.runtime import waiting
from beamish.terms import Ref

from .poller import GuestPoller, Poller, poller_of

__all__ = ["Lingering", "NodeNet", "node_net"]


class Lingering(Protocol):
    """A socket that is closed for its users and still writes its last bytes."""

    def give_up(self) -> None:
        """Closes it now, whatever is left."""
        ...


@final
class NodeNet:
    """The poller of a node's loop, and the sockets that outlive their owners for a moment.

    Attributes:
        poller: calls the sockets when they are ready.
        monitored: the sockets whose end somebody wants to hear of, by the reference of that.
        defaults: options that ``listen`` and ``connect`` begin with.
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
        """A socket that was closed still writes what was sent before."""
        self._lingering.add(socket)

    def is_gone(self, socket: Lingering) -> bool:
        """A socket that lingered has come to its end; whether it did linger."""
        if socket not in self._lingering:
            return False
        self._lingering.discard(socket)
        if not self._lingering and self._all_gone is not None:
            self._all_gone.set()
        return True

    @property
    def lingering(self) -> frozenset[Lingering]:
        """The sockets that are closed and still write."""
        return frozenset(self._lingering)

    async def _stop(self) -> None:
        """The node stops: what was sent before is still written, as long as the peer takes it."""
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
