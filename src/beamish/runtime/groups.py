"""Groups of processes: each knows its leader, and those that it spawns are in its group.

A context variable keeps it, for a process' context is a copy of its spawner's: so the hot path of
spawning knows nothing of groups, and the asyncio Tasks of a process are in its group as well.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from beamish.terms import Pid

if TYPE_CHECKING:
    from .process import Process

__all__ = ["GROUP_LEADER", "leader_of"]

GROUP_LEADER: Final[ContextVar[Pid | None]] = ContextVar("beamish.group_leader", default=None)


def leader_of(proc: Process) -> Pid | None:
    """The leader of a process' group; None where it is in no group."""
    return proc.context.get(GROUP_LEADER)
