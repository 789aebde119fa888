"""What the sockets of one node share."""

from __future__ import annotations

from typing import Protocol, final

from beamish.runtime import waiting

from .poller import Poller, poller_of

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
        lingering: sockets that still write what was sent before they were closed.
    """

    __slots__ = ("lingering", "poller")

    def __init__(self) -> None:
        self.poller: Poller = poller_of(waiting.loop())
        self.lingering: set[Lingering] = set()
        waiting.on_node_stop(self.stop)

    def stop(self) -> None:
        """The node stops: the kernel goes on with what it has, the rest is dropped."""
        global _net
        _net = None
        for one in list(self.lingering):
            one.give_up()


_net: NodeNet | None = None


def node_net() -> NodeNet:
    """The NodeNet of the running node, made on first use."""
    global _net
    if _net is None:
        _net = NodeNet()
    return _net
