"""Groups of processes: each knows its leader, and those that it spawns are in its group.

A context variable keeps it, for a process' context is a copy of its spawner's: so the hot path of
spawning knows nothing of groups, and the asyncio Tasks of a process are in its group as well.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from beamish.terms import Pid

from .here import current

if TYPE_CHECKING:
    from .process import Process

__all__ = ["group_leader", "leader_of", "set_group_leader"]

_GROUP_LEADER: Final[ContextVar[Pid | None]] = ContextVar("beamish.group_leader", default=None)


def leader_of(proc: Process) -> Pid | None:
    """The leader of a process' group; None where it is in no group."""
    return proc.context.get(_GROUP_LEADER)


def group_leader() -> Pid | None:
    """The leader of the caller's group: of its application, say; None where it is in no group.

    A process is in the group of the process that spawned it.

    Source: erlang:group_leader/0.
    """
    return _GROUP_LEADER.get()


def set_group_leader(leader: Pid | None) -> None:
    """Puts the calling process, and all that it spawns from now on, into another group.

    Args:
        leader: the leader's pid; None for no group.

    Source: erlang:group_leader/2, which can do so to others too.
    """
    current()  # outside of a node there are no groups
    _GROUP_LEADER.set(leader)
