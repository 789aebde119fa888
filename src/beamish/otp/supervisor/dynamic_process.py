"""The process of a DynamicSupervisor.

A child is known by its pid. While it waits for another attempt to be started it keeps the pid
that it had, so that it can be terminated by it and still counts among the children, as in Elixir.

Source: Elixir's DynamicSupervisor; the order of events was checked on Elixir.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from beamish import behaviour, process
from beamish.otp.child import ChildSpec
from beamish.otp.directives import Ignore, Stop
from beamish.otp.errors import ChildSpecError
from beamish.otp.gen import Caller, is_coroutine
from beamish.otp.gen_server import GenServer
from beamish.terms import SHUTDOWN, Atom, Exit, Pid, is_expected
from beamish.terms.numbers import is_whole
from beamish.terms.words import FAILED, OK

from .children import (
    NOT_FOUND,
    REFUSED,
    RESTARTING,
    Answer,
    Child,
    ChildInfo,
    StartFailed,
    count,
    is_due,
    start_process,
    stop_process,
    stop_processes,
    try_again,
)
from .intensity import REACHED_MAX_RESTART_INTENSITY, RestartWindow
from .process import check_intensity, title_of
from .reports import Context, progress, report

__all__ = ["DynamicSupervisorFlags", "DynamicSupervisorProcess"]

_MAX_CHILDREN: Final = Atom("max_children")


@dataclass(frozen=True, slots=True)
class DynamicSupervisorFlags:
    """How a dynamic supervisor treats its children.

    Args:
        max_children: how many there may be at a time; None for any number.
        max_restarts: how many restarts are allowed within `max_seconds`; with one more the
            supervisor stops all children and exits with ``shutdown``. 3 as in Elixir.
        max_seconds: the length of that window; 5 seconds as in Elixir.
        extra_arguments: given to every child's start function before its own arguments.

    Raises:
        ChildSpecError: a flag is none of these.

    Source: Elixir's DynamicSupervisor.init/1.
    """

    max_children: int | None = None
    max_restarts: int = 3
    max_seconds: float = 5
    extra_arguments: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        check_intensity(self.max_restarts, self.max_seconds)
        limit: Any = self.max_children
        if limit is not None and not is_whole(limit):
            raise ChildSpecError(
                "max_children", limit, "a whole number >= 0, or None", where="supervisor"
            )
        extra: Any = self.extra_arguments
        if not isinstance(extra, tuple):
            raise ChildSpecError("extra_arguments", extra, "a tuple", where="supervisor")


class DynamicSupervisorProcess(GenServer):
    """Keeps the children; users reach it through DynamicSupervisor's class methods."""

    flags: DynamicSupervisorFlags
    children: dict[Pid, Child]
    window: RestartWindow
    title: str

    # ---- beginning and end

    async def init(self, cls: type[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Asks the user's class for the flags."""
        process.flag(trap_exit=True)
        result = cls().init(*args, **kwargs)
        if is_coroutine(result):
            result = await result
        if result is Ignore or isinstance(result, Ignore | Stop):
            return result
        if not isinstance(result, DynamicSupervisorFlags):
            raise ChildSpecError(
                "",
                result,
                "DynamicSupervisorFlags(...), Ignore or Stop(reason)",
                where=f"{cls.__name__}.init returned",
            )
        self.flags = result
        self.window = RestartWindow(result.max_restarts, result.max_seconds)
        self.title = title_of(cls)
        self.children = {}
        return None

    async def terminate(self, reason: Any) -> None:
        """Stops all children at the same time."""
        running = [child for child in self.children.values() if child.running is not None]
        for child, error in await stop_processes(running):
            self._report("shutdown_error", error, child)
        self.children.clear()

    # ---- a child ends

    def handle_info(self, message: Any) -> Any:
        """Sees a child end."""
        if message.__class__ is not Exit:
            super().handle_info(message)
            return None
        child = self.children.get(message[1])
        if child is None or child.pid is RESTARTING:
            super().handle_info(message)  # not, or no longer, a child: as in OTP it is logged
            return None
        return self._ended(message[1], child, message[2])

    def _ended(self, pid: Pid, child: Child, reason: Any) -> Any:
        """What follows; a coroutine, where that takes time."""
        restart = child.spec.restart
        if restart == "permanent" or not is_expected(reason):
            self._report("child_terminated", reason, child)
            if restart != "temporary":
                if child.retry is None:
                    return self._restart(pid, child)
                child.pid = RESTARTING
                try_again(child, pid)
                return None
        del self.children[pid]
        return None

    async def _restart(self, old: Pid, child: Child) -> Stop | None:
        if not self.window.add(asyncio.get_running_loop().time()):
            self._report("shutdown", REACHED_MAX_RESTART_INTENSITY, child)
            del self.children[old]
            behaviour.because(old)
            return Stop(SHUTDOWN)
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
            progress(self.title, child.spec, pid)
        return None

    def handle_cast(self, request: Any) -> Any:
        """Tries again to start a child that did not."""
        match request:
            case ("try_again_restart", old, number):
                child = self.children.get(old)
                return self._restart(old, child) if child and is_due(child, number) else None
            case _:
                super().handle_info(request)
                return None

    # ---- what it is asked

    def handle_call(self, request: Any, caller: Caller) -> Any:
        """Answers what DynamicSupervisor's class methods ask."""
        match request:
            case ("start_child", ChildSpec() as spec):
                return self._start_child(spec)
            case ("terminate_child", pid):
                return self._terminate_child(pid)
            case "which_children":
                return self._infos()
            case "count_children":
                return count(self._infos())
            case _:
                return super().handle_call(request, caller)

    async def _start_child(self, spec: ChildSpec) -> Answer:
        if self._is_full():
            return FAILED, _MAX_CHILDREN
        child = Child(spec)
        try:
            pid, info = await start_process(child, *self.flags.extra_arguments)
        except StartFailed as failed:
            self._report("start_error", failed.reason, child)
            return FAILED, failed.reason
        if pid is not None:
            if child.temporary:
                child.forget_arguments()
            self._add(child, pid)
            progress(self.title, spec, pid, asked=True)
        return OK, (pid, info)

    def _is_full(self) -> bool:
        limit = self.flags.max_children
        return limit is not None and len(self.children) >= limit

    def _add(self, child: Child, pid: Pid) -> None:
        child.pid = pid
        if child.retry is not None:
            child.retry.placed(pid)
        self.children[pid] = child

    async def _terminate_child(self, pid: Any) -> Answer:
        child = self.children.get(pid) if isinstance(pid, Pid) else None
        if child is None:
            return REFUSED, NOT_FOUND
        if child.running is not None:
            error = await stop_process(child.running, child.spec)
            if error is not None:
                self._report("shutdown_error", error, child)
        if child.retry is not None:
            child.retry.cancel()
        del self.children[pid]
        return OK, None

    def _infos(self) -> list[ChildInfo]:
        return [child.info(named=False) for child in self.children.values()]

    def _report(self, context: Context, reason: Any, child: Child) -> None:
        report(context, reason, self.title, child.spec, child.running)
