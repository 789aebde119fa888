"""Groups of processes: a process knows its leader, and the processes it spawns join its group.

The leader is kept in a context variable, because a process' context is a copy of its spawner's. So
the hot path of spawning knows nothing of groups, and the asyncio Tasks of a process are in its
group as well.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from beamish.terms import Pid

from .fate import is_alive
from .here import current

if TYPE_CHECKING:
    from .node import Node
    from .process import Process

__all__ = ["group_leader", "leader_of", "members_of", "set_group_leader"]

_GROUP_LEADER: Final[ContextVar[Pid | None]] = ContextVar("beamish.group_leader", default=None)


def leader_of(proc: Process) -> Pid | None:
    """The leader of a process' group; None if it is in no group."""
    return proc.context.get(_GROUP_LEADER)


def members_of(leader: Pid, node: Node) -> list[Pid]:
    """The living processes of a group, in no order."""
    return [
        proc.pid
        for proc in list(node.processes)
        if leader_of(proc) is leader and is_alive(proc.pid)
    ]


def group_leader() -> Pid | None:
    """The leader of the caller's group, such as its application; None if it is in no group.

    A process is in the group of the process that spawned it.

    Source: erlang:group_leader/0.
    """
    return _GROUP_LEADER.get()


def set_group_leader(leader: Pid | None) -> None:
    """Puts the calling process, and all processes that it spawns later, into another group.

    Args:
        leader: the leader's pid; None for no group.

    Source: erlang:group_leader/2, which can also set that of other processes.
    """
    current()  # outside of a node there are no groups
    _GROUP_LEADER.set(leader)
