"""The process of a scope of pg: it keeps the groups, watches members, and notifies monitors.

Its process dictionary has the groups. Readers use them directly instead of calling the process.
They skip members that have died but have not been removed yet.

Source: kernel, pg(3); the order of events was checked on OTP 25.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from beamish import process
from beamish.otp.gen import Caller
from beamish.otp.gen_server import GenServer
from beamish.terms import Atom, BadArgError, Down, Pid, Ref
from beamish.terms.careful import class_of
from beamish.terms.reasons import BADARG

__all__ = ["GROUPS", "Groups", "Scope", "members_of"]

GROUPS: Final = Atom("$pg")
_JOIN: Final = Atom("join")
_LEAVE: Final = Atom("leave")

# How often each process has joined, in the order of their first joins.
Groups = dict[Hashable, dict[Pid, int]]


def members_of(groups: Groups, group: Hashable) -> list[Pid]:
    """The living members of a group, each as often as it has joined."""
    counts = groups.get(group)
    if not counts:
        return []
    return [pid for pid, times in counts.items() if process.alive(pid) for _ in range(times)]


class Scope(GenServer):
    """Keeps the groups of one scope."""

    groups: Groups
    joined: dict[Pid, tuple[Ref, list[Hashable]]]
    of_scope: dict[Ref, Pid]  # the pids that monitor the scope
    of_group: dict[Hashable, dict[Ref, Pid]]  # the pids that monitor a group
    watched: dict[Ref, Hashable]  # the group of each of those references

    def init(self) -> None:
        """Starts without groups."""
        self.groups = {}
        self.joined = {}
        self.of_scope = {}
        self.of_group = {}
        self.watched = {}
        process.put(GROUPS, self.groups)

    def handle_call(self, request: Any, caller: Caller) -> Any:
        """Replies to the functions of pg."""
        if class_of(request) is tuple and len(request) > 1 and not self._can_be_a_group(request[1]):
            return BADARG
        match request:
            case ("join", group, pids):
                return self._join(group, pids)
            case ("leave", group, pids):
                return self._leave(group, pids)
            case ("monitor", group):
                ref = process.monitor(caller[0])
                self.of_group.setdefault(group, {})[ref] = caller[0]
                self.watched[ref] = group
                return ref, members_of(self.groups, group)
            case "monitor_scope":
                ref = process.monitor(caller[0])
                self.of_scope[ref] = caller[0]
                found = {group: members_of(self.groups, group) for group in self.groups}
                return ref, {group: pids for group, pids in found.items() if pids}
            case ("demonitor", ref):
                return self._demonitor(ref)
            case _:
                raise BadArgError(f"pg: no such request: {request!r}")

    def handle_cast(self, request: Any) -> Any:
        """Refuses casts; there are none."""
        raise BadArgError(f"pg: no such request: {request!r}")

    def handle_info(self, message: Any) -> None:
        """Handles the end of a member, or of a process that monitors."""
        match message:
            case Down():
                if not self._demonitor(message.ref):
                    self._ended(message.pid)
            case ("nodeup" | "nodedown", _):
                pass  # of other nodes, which it does not know
            case _:
                raise BadArgError(f"pg: no such message: {message!r}")

    def _can_be_a_group(self, name: Any) -> bool:
        """Whether a name can be hashed and compared with others."""
        try:
            self.groups.get(name)
            self.of_group.get(name)
        except BaseException:  # noqa: BLE001 - its methods are the user's
            return False
        return True

    def _join(self, group: Hashable, pids: list[Pid]) -> None:
        if not pids:
            return
        counts = self.groups.setdefault(group, {})
        for pid in pids:
            counts[pid] = counts.get(pid, 0) + 1
            if pid not in self.joined:
                self.joined[pid] = (process.monitor(pid), [])
            self.joined[pid][1].append(group)
        self._tell(_JOIN, group, pids)

    def _leave(self, group: Hashable, pids: list[Pid]) -> bool:
        left = [self._leave_once(group, pid) for pid in pids]
        if not any(left):
            return False
        self._tell(_LEAVE, group, pids)
        return True

    def _leave_once(self, group: Hashable, pid: Pid) -> bool:
        if pid not in self.groups.get(group, ()):
            return False
        watch, groups = self.joined[pid]
        groups.remove(group)
        if not groups:
            process.demonitor(watch, flush=True)
            del self.joined[pid]
        self._drop(group, pid)
        return True

    def _drop(self, group: Hashable, pid: Pid) -> None:
        counts = self.groups[group]
        counts[pid] -= 1
        if not counts[pid]:
            del counts[pid]
        if not counts:
            del self.groups[group]

    def _ended(self, pid: Pid) -> None:
        found = self.joined.pop(pid, None)
        for group in reversed(found[1]) if found else ():  # as OTP: latest first, one by one
            self._drop(group, pid)
            self._tell(_LEAVE, group, [pid])

    def _tell(self, what: Atom, group: Hashable, pids: list[Pid]) -> None:
        for monitors in (self.of_scope, self.of_group.get(group, {})):
            for ref, pid in monitors.items():
                process.send(pid, (ref, what, group, list(pids)))

    def _demonitor(self, ref: Any) -> bool:
        if ref in self.watched:
            group = self.watched.pop(ref)
            del self.of_group[group][ref]
            if not self.of_group[group]:
                del self.of_group[group]
        elif self.of_scope.pop(ref, None) is None:
            return False
        process.demonitor(ref, flush=True)
        return True
