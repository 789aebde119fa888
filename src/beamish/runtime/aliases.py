"""Aliases: references that are addresses of the process that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from beamish.terms import BadArgError, Ref
from beamish.terms.careful import is_a
from beamish.terms.errors import describe
from beamish.terms.identity import MonitorRef

from .ties import unwatch

if TYPE_CHECKING:
    from .process import Process

__all__ = ["EXPLICIT", "REPLY", "activate", "alias_destination", "check_alias", "unalias"]

# How an alias ends; kept as these very objects, to be compared by identity.
EXPLICIT: Final = "explicit_unalias"
REPLY: Final = "reply_demonitor"
_KINDS: Final = {kind: kind for kind in (EXPLICIT, "demonitor", REPLY)}


def check_alias(kind: Any) -> None:
    """Refuses what is not a kind of alias."""
    if kind is not None and not (is_a(kind, str) and kind in _KINDS):
        raise BadArgError(f"alias: expected None or one of {[*_KINDS]}; got {describe(kind)}")


def activate(proc: Process, ref: Ref, kind: str) -> None:
    """Makes a reference an address of the process."""
    ref._alias = proc.pid
    if isinstance(ref, MonitorRef):
        ref._kind = _KINDS[kind]


def unalias(proc: Process, ref: Any) -> bool:
    """Ends an alias of the process; returns whether it was active."""
    if not isinstance(ref, Ref):
        raise BadArgError(f"unalias takes a Ref; got {describe(ref)}")
    if ref._alias is not proc.pid:
        return False
    ref._alias = None
    return True


def alias_destination(ref: Ref) -> Process | None:
    """The process that a message through this reference reaches; a reply alias ends with it."""
    if ref._alias is None:
        return None
    proc: Process | None = ref._alias._process
    if proc is not None and isinstance(ref, MonitorRef) and ref._kind is REPLY:
        ref._alias = None
        unwatch(proc, ref)
    return proc
