"""Where a message goes: to a name, (name, node), alias or via tuple."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from beamish.terms import BadArgError, Pid, Ref
from beamish.terms.errors import describe

from .aliases import alias_destination
from .handing import establish_handed
from .here import here, running_node

if TYPE_CHECKING:
    from .process import Process

__all__ = ["check_destination", "destination"]


def destination(dest: Any) -> Process | None:
    """The process that a message reaches, or None. Not for a Pid.

    Raises:
        BadArgError: the name is not registered, or this is not a destination.
    """
    node = running_node()
    if isinstance(dest, str):
        proc = node.names.lookup(dest)
        if proc is None:
            raise BadArgError(f"cannot send to {dest!r}: no process is registered by that name")
        return proc
    if isinstance(dest, Ref):
        if here.handed is not None:
            establish_handed()  # it may be that call's
        return alias_destination(dest)
    if isinstance(dest, tuple):
        parts = cast("tuple[Any, ...]", dest)
        if len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], str):
            return node.names.lookup(parts[0]) if parts[1] == node.name else None
        if len(parts) == 3 and parts[0] == "via":
            pid = parts[1].whereis_name(parts[2])
            if isinstance(pid, Pid):
                return cast("Process | None", pid._process)
            raise BadArgError(f"cannot send to {dest!r}: no process is registered by that name")
    raise _no_destination(dest)


def check_destination(dest: Any) -> None:
    """Refuses what cannot be a destination, for a message that is sent later."""
    if not isinstance(dest, Pid | str | Ref | tuple):
        raise _no_destination(dest)


def _no_destination(dest: Any) -> BadArgError:
    return BadArgError(
        "expected a Pid, a registered name, (name, node), an alias or a via tuple; "
        f"got {describe(dest)}"
    )
