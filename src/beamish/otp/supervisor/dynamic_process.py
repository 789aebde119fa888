"""The process of a DynamicSupervisor.

A child is known by its pid. While it waits to be restarted it keeps the pid that it had, so that
it can be terminated by that pid and is still counted as a child, as in Elixir.

Source: Elixir's DynamicSupervisor; the order of events was checked on Elixir.
"""

from __future__ import annotations

from typing import Any, Final

from beamish import process
from beamish.otp.child import ChildSpec
from beamish.otp.directives import Stop
from beamish.otp.errors import ChildSpecError
from beamish.terms import KILLED, Atom, Exit, Pid, is_expected
from beamish.terms.careful import class_of
from beamish.terms.words import FAILED, OK, by_word, is_word

from .children import (
    RESTARTING,
    Child,
    ChildCount,
    ChildInfo,
    Outcome,
    StartFailed,
    count,
    start_process,
    stop_processes,
    try_again,
)
from .flags import DynamicSupervisorFlags
from .intensity import RestartWindow
from .reports import progress
from .supervising import Supervising

__all__ = ["DynamicSupervisorProcess"]

_MAX_CHILDREN: Final = Atom("max_children")


class DynamicSupervisorProcess(Supervising):
    """Keeps the children; users reach it through the class methods of DynamicSupervisor."""

    flags: DynamicSupervisorFlags
    children: dict[Pid, Child]

    # ---- beginning and end

    async def _begin(self, result: Any, cls: type) -> None:
        if not isinstance(result, DynamicSupervisorFlags):
            raise ChildSpecError(
                "",
                result,
                "DynamicSupervisorFlags(...), Ignore or Stop(reason)",
                where=f"{cls.__name__}.init returned",
            )
        self.flags = result
        self.window: RestartWindow = RestartWindow(result.max_restarts, result.max_seconds)
        self.children = {}

    async def terminate(self, reason: Any) -> None:
        """Stops all children at the same time."""
        running = [child for child in self.children.values() if child.running is not None]
        for child, error in await stop_processes(running):
            self._report("shutdown_error", error, child)
        self.children.clear()

    # ---- a child ends

    def handle_info(self, message: Any) -> Any:
        """Handles the end of a child."""
        if class_of(message) is not Exit or class_of(message[1]) is not Pid:
            super().handle_info(message)
            return None
        child = self.children.get(message[1])
        if child is None or child.pid is RESTARTING:
            super().handle_info(message)  # not, or no longer, a child: logged, as in OTP
            return None
        return self._ended(message[1], child, message[2])

    def _ended(self, pid: Pid, child: Child, reason: Any) -> Any:
        """Does what follows; returns a coroutine if that takes time."""
        restart = child.spec.restart
        if restart == "permanent" or not is_expected(reason):
            if not (child.excused and is_word(reason, KILLED)):
                self._report("child_terminated", reason, child)
            if restart != "temporary":
                if child.retry is None:
                    return self._restart(child, pid)
                child.pid = RESTARTING
                try_again(child, pid)
                return None
        del self.children[pid]
        return None

    async def _restart(self, child: Child, which: Any) -> Stop | None:
        old: Pid = which
        if not self.window.add(process.monotonic_time()):
            del self.children[old]
            return self._too_often(child, old)
        try:
            pid, _ = await start_process(child, *self.flags.extra_arguments)
        except StartFailed as failed:
            self._report("start_error", failed.reason, child)
            child.pid = RESTARTING
            try_again(child, old)
            return None
        del self.children[old]
        if pid is not None:
            self._add(child, pid)
            progress(self.supervisor_title, child.spec, pid)
        return None

    # ---- requests

    def handle_cast(self, request: Any) -> Any:
        """Takes note that a task will be killed by its owner: that is no failure."""
        match by_word(request):
            case ("excuse", which):
                child = self._find(which)
                if child is not None:
                    child.excused = True
                return None
            case _:
                return super().handle_cast(request)

    async def _start_child(self, spec: ChildSpec) -> Outcome:
        if self._is_full():
            return FAILED, _MAX_CHILDREN
        child = Child(spec)
        try:
            pid, info = await start_process(child, *self.flags.extra_arguments)
        except StartFailed as failed:
            return FAILED, failed.reason
        if pid is not None:
            if child.temporary:
                child.forget_arguments()
            self._add(child, pid)
            progress(self.supervisor_title, spec, pid, asked=True)
        return OK, (pid, info)

    def _is_full(self) -> bool:
        limit = self.flags.max_children
        return limit is not None and len(self.children) >= limit

    def _add(self, child: Child, pid: Pid) -> None:
        child.pid = pid
        if child.retry is not None:
            child.retry.placed(pid)
        self.children[pid] = child

    def _terminated(self, child: Child, which: Any) -> None:
        if child.retry is not None:
            child.retry.cancel()
        del self.children[which]

    def _find(self, which: Any) -> Child | None:
        return self.children.get(which) if type(which) is Pid else None

    def _infos(self) -> list[ChildInfo]:
        return [child.info(named=False) for child in self.children.values()]

    def _count(self) -> ChildCount:
        return count(self._infos())
