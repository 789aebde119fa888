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
from beamish.terms.careful import class_of, is_a, pass_on, show
from beamish.terms.keys import as_key, from_key
from beamish.terms.reasons import BADARG
from beamish.terms.words import by_word

__all__ = ["GROUPS", "Groups", "Scope", "members_of"]

GROUPS: Final = Atom("$pg")
_JOIN: Final = Atom("join")
_LEAVE: Final = Atom("leave")

# For the key of each group, how often each process has joined, in the order of their first joins.
Groups = dict[Hashable, dict[Pid, int]]


def members_of(groups: Groups, group: Hashable) -> list[Pid]:
    """The living members of a group, each as often as it has joined."""
    counts = groups.get(as_key(group))
    if not counts:
        return []
    return [pid for pid, times in counts.copy().items() if process.alive(pid) for _ in range(times)]


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
        match by_word(request):
            case ("join" | "leave" | "monitor" as what, group, *pids):
                try:
                    key = as_key(group)
                except BaseException as error:  # noqa: BLE001 - its hash is the user's code
                    pass_on(error)
                    return BADARG
                return self._of_group(what, key, pids, caller)
            case ("monitor_scope",):
                ref = process.monitor(caller[0])
                self.of_scope[ref] = caller[0]
                groups = [from_key(key) for key in self.groups]
                found = [(group, members_of(self.groups, group)) for group in groups]
                return ref, {group: pids for group, pids in found if pids}
            case ("demonitor", ref):
                return self._demonitor(ref)
            case _:
                raise BadArgError(f"pg: no such request: {show(request)}")

    def _of_group(self, what: str, key: Any, pids: list[Any], caller: Caller) -> Any:
        if what == "join":
            return self._join(key, *pids)
        if what == "leave":
            return self._leave(key, *pids)
        ref = process.monitor(caller[0])
        self.of_group.setdefault(key, {})[ref] = caller[0]
        self.watched[ref] = key
        return ref, members_of(self.groups, from_key(key))

    def handle_cast(self, request: Any) -> Any:
        """Refuses casts; there are none."""
        raise BadArgError(f"pg: no such request: {show(request)}")

    def handle_info(self, message: Any) -> None:
        """Handles the end of a member, or of a process that monitors."""
        if class_of(message) is Down:
            if not self._demonitor(message.ref):
                self._ended(message.pid)
            return
        match by_word(message):
            case ("nodeup" | "nodedown", _):
                pass  # of other nodes, which it does not know
            case _:
                raise BadArgError(f"pg: no such message: {show(message)}")

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
        found = self.joined.pop(pid, None) if is_a(pid, Pid) else None
        for group in reversed(found[1]) if found else ():  # as OTP: latest first, one by one
            self._drop(group, pid)
            self._tell(_LEAVE, group, [pid])

    def _tell(self, what: Atom, group: Hashable, pids: list[Pid]) -> None:
        for monitors in (self.of_scope, self.of_group.get(group, {})):
            for ref, pid in monitors.items():
                process.send(pid, (ref, what, from_key(group), list(pids)))

    def _demonitor(self, ref: Any) -> bool:
        if not is_a(ref, Ref):
            return False
        if ref in self.watched:
            group = self.watched.pop(ref)
            del self.of_group[group][ref]
            if not self.of_group[group]:
                del self.of_group[group]
        elif self.of_scope.pop(ref, None) is None:
            return False
        process.demonitor(ref, flush=True)
        return True
