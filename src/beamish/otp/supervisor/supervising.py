"""What the processes of all supervisors have in common: start, requests, reports, giving up.

Source: stdlib, supervisor(3) (OTP 25 manual); Elixir's DynamicSupervisor.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine
from typing import Any

from beamish import behaviour, process
from beamish.otp.child import ChildSpec
from beamish.otp.directives import Ignore, Stop
from beamish.otp.gen import Caller, is_coroutine
from beamish.otp.gen_server import GenServer
from beamish.terms import SHUTDOWN, Pid
from beamish.terms.careful import is_a
from beamish.terms.words import OK, by_word

from .children import (
    NOT_FOUND,
    REFUSED,
    Child,
    ChildCount,
    ChildInfo,
    Outcome,
    is_due,
    stop_process,
)
from .intensity import REACHED_MAX_RESTART_INTENSITY, RestartWindow
from .reports import Context, report

__all__ = ["Supervising"]


class Supervising(GenServer):
    """The process of a supervisor of any kind.

    Attributes:
        window: counts its restarts.
        supervisor_title: what it is called in reports.
    """

    window: RestartWindow
    supervisor_title: str

    async def init(self, cls: type[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls init of the user's class, and starts what it says."""
        process.flag(trap_exit=True)
        result = cls().init(*args, **kwargs)
        if is_coroutine(result):
            result = await result
        if result is Ignore or is_a(result, Ignore) or is_a(result, Stop):
            return result
        self.supervisor_title = _title_of(cls)
        return await self._begin(result, cls)

    # ---- what each kind of supervisor defines

    @abstractmethod
    async def _begin(self, result: Any, cls: type) -> Stop | None:
        """Starts with the result of the class' init."""

    @abstractmethod
    def _find(self, which: Any) -> Child | None:
        """The child with this id or pid, or None."""

    @abstractmethod
    def _restart(self, child: Child, which: Any) -> Any:
        """Restarts a child; returns a coroutine, or Stop."""

    @abstractmethod
    def _start_child(self, spec: ChildSpec) -> Coroutine[Any, Any, Outcome]:
        """Adds a child and starts it."""

    @abstractmethod
    def _terminated(self, child: Child, which: Any) -> None:
        """A child has ended, and is not restarted."""

    @abstractmethod
    def _infos(self) -> list[ChildInfo]:
        """The reply to which_children."""

    @abstractmethod
    def _count(self) -> ChildCount:
        """The reply to count_children."""

    # ---- requests

    def handle_call(self, request: Any, caller: Caller) -> Any:
        """Replies to the class methods of supervisors."""
        match by_word(request):
            case ("start_child", spec) if is_a(spec, ChildSpec):
                return self._start_child(spec)
            case ("terminate_child", which):
                return self._terminate_child(which)
            case ("which_children",):
                return self._infos()
            case ("count_children",):
                return self._count()
            case _:
                return super().handle_call(request, caller)

    def handle_cast(self, request: Any) -> Any:
        """Tries again to start a child whose restart failed."""
        match by_word(request):
            case ("try_again_restart", which, number):
                child = self._find(which)
                return self._restart(child, which) if child and is_due(child, number) else None
            case _:
                super().handle_info(request)
                return None

    async def _terminate_child(self, which: Any) -> Outcome:
        child = self._find(which)
        if child is None:
            return REFUSED, NOT_FOUND
        await self._stop(child)
        self._terminated(child, which)
        return OK, None

    async def _stop(self, child: Child) -> None:
        """Stops a child, if it runs."""
        pid = child.running
        if pid is not None:
            error = await stop_process(pid, child.spec)
            if error is not None:
                self._report("shutdown_error", error, child)

    # ---- giving up

    def _too_often(self, child: Child, culprit: Pid | None) -> Stop:
        """Reports that there were too many restarts, and gives up."""
        self._report("shutdown", REACHED_MAX_RESTART_INTENSITY, child)
        return self._give_up(culprit)

    def _give_up(self, culprit: Pid | None) -> Stop:
        behaviour.because(culprit)
        return Stop(SHUTDOWN)

    def _report(self, context: Context, reason: Any, child: Child) -> None:
        report(context, reason, self.supervisor_title, child.spec, child.running)


def _title_of(cls: type) -> str:
    me = process.self()
    name: str = process.info(me, "registered_name")
    return name or f"{me!r} ({cls.__name__})"
