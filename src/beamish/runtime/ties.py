"""How the links and monitors of a process are kept: None, a single one, or a dict of them.

Most processes have at most one of each kind. A dict for one would take 232 bytes, and be made and
dropped with every monitor. From the second on they are in a dict, in the order in which they
were made, and the dict stays. A monitor is kept as its reference, which knows both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from beamish.terms.identity import MonitorRef, Pid

if TYPE_CHECKING:
    from collections.abc import Collection

    from .process import Process

__all__ = ["Links", "Monitors", "tie", "tied", "untie", "unwatch", "watch"]

K = TypeVar("K", Pid, MonitorRef)

Links: TypeAlias = "Pid | dict[Pid, None] | None"
Monitors: TypeAlias = "MonitorRef | dict[MonitorRef, None] | None"


def tie(ties: K | dict[K, None] | None, key: K) -> K | dict[K, None]:
    """What to keep instead of `ties` when this one is added."""
    if ties is None:
        return key
    if ties.__class__ is dict:
        kept: Any = ties
        kept[key] = None
        return kept  # type: ignore[no-any-return]
    return {cast("K", ties): None, key: None}


def untie(ties: K | dict[K, None] | None, key: K) -> K | dict[K, None] | None:
    """What to keep instead of `ties` when this one is removed, if it is there."""
    if ties is key:
        return None
    if ties.__class__ is dict:
        kept: Any = ties
        kept.pop(key, None)
    return ties


def tied(ties: K | dict[K, None] | None) -> Collection[K]:
    """All of them, in the order in which they were made."""
    if ties is None:
        return ()
    if ties.__class__ is dict:
        kept: Any = ties
        return kept  # type: ignore[no-any-return]
    return (cast("K", ties),)


def watch(proc: Process, target: Process, ref: MonitorRef) -> None:
    """Makes the monitor, on both sides."""
    ref._watched = target
    # tie, inlined for the case of many.
    mine: Any = proc.monitors
    if mine.__class__ is dict:
        mine[ref] = None
    else:
        proc.monitors = tie(mine, ref)
    theirs: Any = target.watchers
    if theirs.__class__ is dict:
        theirs[ref] = None
    else:
        target.watchers = tie(theirs, ref)


def unwatch(proc: Process, ref: MonitorRef) -> bool:
    """Ends a monitor of the process; returns whether it was active."""
    target: Process | None = ref._watched
    if target is None or ref._maker is not proc.pid:
        return False
    ref._watched = None
    proc.monitors = untie(proc.monitors, ref)
    target.watchers = untie(target.watchers, ref)
    return True
