"""The process of a Supervisor: what it does when a child ends, and its replies to requests.

It is a GenServer that traps exits. A failed restart goes back through the mailbox, so that requests
and the order to stop are not held up.

Source: stdlib, supervisor(3) (OTP 25 manual); the order of events was checked on OTP.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from types import CoroutineType
from typing import Any, Final

from beamish import behaviour, process
from beamish.otp.child import ChildSpec
from beamish.otp.directives import Stop
from beamish.otp.errors import ChildSpecError, StartIgnored
from beamish.otp.gen import Caller
from beamish.terms import SHUTDOWN, Atom, Exit, Pid, is_expected
from beamish.terms.careful import class_of, is_a, is_awaitable, show
from beamish.terms.words import ALREADY_STARTED, DUPLICATE_CHILD_NAME, FAILED, OK, RUNNING, by_word

from .children import (
    BAD_SPEC,
    NOT_FOUND,
    REFUSED,
    RESTARTING,
    Child,
    ChildCount,
    ChildInfo,
    Children,
    Outcome,
    StartFailed,
    count,
    start_failure,
    start_process,
    started_as,
    try_again,
)
from .flags import SupervisorFlags, check_significant, flags_and_specs
from .intensity import RestartWindow
from .reports import progress, progress_is_on, reports_are_on
from .strategies import STRATEGIES
from .supervising import Supervising

__all__ = ["SupervisorProcess"]

_NO_EXIT: Final[tuple[Any, ...]] = (None, None, None)


class SupervisorProcess(Supervising):
    """Keeps the children; users reach it through the class methods of Supervisor."""

    flags: SupervisorFlags
    children: Children
    culprit: Pid | None = None  # the child that ended last

    # ---- beginning and end

    async def _begin(self, result: Any, cls: type) -> Stop | None:
        self.flags, specs = flags_and_specs(result, cls)
        self.window: RestartWindow = RestartWindow(self.flags.max_restarts, self.flags.max_seconds)
        self.group_of = STRATEGIES[self.flags.strategy]
        self.children = Children()
        for spec in specs:
            if self.children.find(spec.id) is not None:
                return Stop((Atom("start_spec"), (DUPLICATE_CHILD_NAME, spec.id)))
            if spec.significant:
                check_significant(self.flags, spec)
            self.children.add(Child(spec))
        try:
            await self._start_all(self.children, again=False)
        except _NotStarted as failed:
            await self.terminate(SHUTDOWN)
            return Stop(
                (SHUTDOWN, (Atom("failed_to_start_child"), failed.child.spec.id, failed.reason))
            )
        return None

    async def terminate(self, reason: Any) -> None:
        """Stops all children, last first."""
        await self._stop_all(list(self.children))

    # ---- a child ends

    def handle_info(self, message: Any) -> Any:
        """Handles the end of a child."""
        _, pid, reason = message if class_of(message) is Exit else _NO_EXIT
        if class_of(pid) is not Pid:
            super().handle_info(message)
            return None
        child = self.children.by_pid.get(pid)
        if child is None:
            return None  # not, or no longer, a child: its end does not matter here
        self.culprit = pid
        return self._ended(child, reason)

    def _ended(self, child: Child, reason: Any) -> Any:
        """Does what follows; returns a coroutine if that takes time."""
        restart = child.spec.restart
        if restart == "permanent" or not is_expected(reason):
            if reports_are_on():
                self._report("child_terminated", reason, child)
            if restart != "temporary":
                return self._restart(child, None) if child.retry is None else self._put_off(child)
        self._terminated(child, None)
        return self._auto_shutdown(child)

    def _auto_shutdown(self, ended: Child) -> Stop | None:
        rule = self.flags.auto_shutdown
        if rule == "never" or not ended.spec.significant:
            return None
        others = any(child.spec.significant and child.pid is not None for child in self.children)
        return self._give_up(self.culprit) if rule == "any_significant" or not others else None

    # ---- restarting

    def _restart(self, child: Child, which: Any) -> Any:
        if not self.window.add(process.monotonic_time()):
            stop = self._too_often(child, self.culprit)
            self.children.remove(child)
            return stop
        group = self.group_of(self.children, child)
        if len(group) == 1:
            return self._start_all(group, again=True)
        return self._restart_group(child, group)

    async def _restart_group(self, child: Child, group: list[Child]) -> None:
        await self._stop_group(child, group)
        await self._start_all([child for child in group if not child.temporary], again=True)

    async def _put_off(self, child: Child) -> None:
        """Restarts a child after its backoff; its group is stopped at once."""
        group = self.group_of(self.children, child)
        if len(group) > 1:
            await self._stop_group(child, group)
        self.children.place(child, RESTARTING)
        try_again(child, child.spec.id)

    async def _stop_group(self, child: Child, group: list[Child]) -> None:
        """Stops the children that are restarted with one that has ended."""
        self.children.place(child, None)
        behaviour.because(self.culprit)
        await self._stop_all(group)
        behaviour.because(None)

    # ---- groups of children

    async def _start_all(self, group: Iterable[Child], *, again: bool) -> None:
        """Starts children in order, until one does not start.

        This repeats what start_process does: another coroutine for each child would cost as much
        as all the rest of this function.

        Args:
            group: the children.
            again: whether to try again later if a child does not start; else _NotStarted is raised.
        """
        for child in group:
            fn, args, kwargs = child.start
            try:
                result = fn(*args, **kwargs)
                if class_of(result) is CoroutineType:
                    result = await result
                if class_of(result) is not Pid:
                    result, _ = started_as(await result if is_awaitable(result) else result)
            except StartIgnored:
                result = None
            except BaseException as error:
                failure = error if is_a(error, StartFailed) else start_failure(error)
                if failure is None:
                    raise
                self._not_started(child, failure.as_otp, again=again)
                return
            if child.temporary and not self._keep(child, result):
                continue
            self.children.place(child, result)
            if progress_is_on():
                progress(self.supervisor_title, child.spec, result)

    def _not_started(self, child: Child, reason: Any, *, again: bool) -> None:
        self._report("start_error", reason, child)
        if not again:
            raise _NotStarted(child, reason) from None
        self.children.place(child, RESTARTING)
        try_again(child, child.spec.id)

    def _keep(self, child: Child, pid: Pid | None) -> bool:
        """Whether a temporary child is kept after its start; one that is ignored is not."""
        if pid is None:
            self.children.remove(child)
            return False
        child.forget_arguments()
        return True

    async def _stop_all(self, group: list[Child]) -> None:
        """Stops children, last first; temporary ones are forgotten."""
        for child in reversed(group):
            await self._stop(child)
            self._terminated(child, None)

    def _terminated(self, child: Child, which: Any) -> None:
        if child.temporary:
            self.children.remove(child)
        else:
            self.children.place(child, None)

    # ---- requests

    def handle_call(self, request: Any, caller: Caller) -> Any:
        """Replies to the class methods of Supervisor."""
        match by_word(request):
            case ("restart_child", id):
                return self._restart_child(id)
            case ("delete_child", id):
                return self._delete_child(id)
            case ("get_childspec", id):
                child = self._find(id)
                return (REFUSED, NOT_FOUND) if child is None else (OK, child.spec)
            case ("which_child", id):
                child = self._find(id)
                return (REFUSED, NOT_FOUND) if child is None else (OK, child.info())
            case _:
                return super().handle_call(request, caller)

    async def _start_child(self, spec: ChildSpec) -> Outcome:
        if not self.children.takes(spec.id):
            return BAD_SPEC, ChildSpecError(
                "id", show(spec.id), "expected what can be hashed and compared"
            )
        known = self.children.find(spec.id)
        if known is not None:
            pid = known.running
            reason = Atom("already_present") if pid is None else (ALREADY_STARTED, pid)
            return FAILED, reason
        try:
            check_significant(self.flags, spec)
        except ChildSpecError as error:
            return BAD_SPEC, error
        child = Child(spec)
        outcome = await self._start_one(child)
        if outcome[0] is OK and (child.pid is not None or not child.temporary):
            self.children.add(child)
        return outcome

    async def _start_one(self, child: Child) -> Outcome:
        """Starts a child on request; a failure goes to the caller, and to nobody else."""
        try:
            pid, info = await start_process(child)
        except StartFailed as failed:
            return FAILED, failed.as_otp
        self.children.place(child, pid)
        if child.temporary:
            child.forget_arguments()
        progress(self.supervisor_title, child.spec, pid, asked=True)
        return OK, (pid, info)

    async def _restart_child(self, id: Hashable) -> Outcome:
        child = self._find(id)
        if child is None or child.pid is not None:
            return _refused(child)
        return await self._start_one(child)

    def _delete_child(self, id: Hashable) -> Outcome:
        child = self._find(id)
        if child is None or child.pid is not None:
            return _refused(child)
        self.children.remove(child)
        return OK, None

    def _infos(self) -> list[ChildInfo]:
        return [child.info() for child in reversed(list(self.children))]

    def _count(self) -> ChildCount:
        counted = count([child.info() for child in self.children])
        running = (child.running for child in self.children)
        # A child that has unlinked itself may have ended without an exit message.
        counted["active"] = sum(pid is not None and process.alive(pid) for pid in running)
        return counted

    def _find(self, which: Any) -> Child | None:
        try:
            return self.children.find(which)
        except TypeError:  # not hashable, so not an id
            return None


def _refused(child: Child | None) -> Outcome:
    """The reply if a child cannot be started or deleted: there is none, or it is not stopped."""
    if child is None:
        return REFUSED, NOT_FOUND
    return REFUSED, RESTARTING if child.pid is RESTARTING else RUNNING


class _NotStarted(Exception):
    """A child did not start, and those after it were not tried. It never leaves this module."""

    def __init__(self, child: Child, reason: Any) -> None:
        super().__init__(child, reason)
        self.child = child
        self.reason = reason
