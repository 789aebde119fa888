"""New references of a process, each with a mark: no message before it can hold the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beamish.terms.identity import MonitorRef, Ref, new_monitor, new_ref

if TYPE_CHECKING:
    from .node import Node
    from .process import Process

__all__ = ["make_monitor_ref", "make_ref"]


def make_ref(node: Node, proc: Process) -> Ref:
    """A new reference, made by this process."""
    # Messages that have arrived cannot hold it.
    mark = proc.removed + len(proc.mailbox) if proc.mailbox else 0
    return new_ref(node.next_ref(), node.home, proc.pid, mark)


def make_monitor_ref(node: Node, proc: Process) -> MonitorRef:
    """A new reference for a monitor of this process."""
    mark = proc.removed + len(proc.mailbox) if proc.mailbox else 0
    return new_monitor(node.next_ref(), node.home, proc.pid, mark)
