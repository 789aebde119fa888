"""The process of a Supervisor: what it does when a child ends, and what it answers.

It is a GenServer that traps exits. A failed restart goes back through the mailbox, so that a
request, or the order to stop, can get in between.

Source: stdlib, supervisor(3) (OTP 25 manual); the order of events was checked on OTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from types import CoroutineType
from typing import Any, Literal, TypeAlias, cast, get_args

from beamish import behaviour, process
from beamish.otp.child import ChildLike, ChildSpec, child_spec
from beamish.otp.directives import Ignore, Stop
from beamish.otp.errors import ChildSpecError, StartIgnored
from beamish.otp.gen import Caller, is_coroutine
from beamish.otp.gen_server import GenServer
from beamish.terms import SHUTDOWN, Atom, Exit, Pid, is_expected
from beamish.terms.numbers import is_number, is_whole
from beamish.terms.words import ALREADY_STARTED, DUPLICATE_CHILD_NAME, FAILED, OK, RUNNING

from .children import (
    BAD_SPEC,
    NOT_FOUND,
    REFUSED,
    RESTARTING,
    Answer,
    Child,
    ChildCount,
    Children,
    StartFailed,
    count,
    is_due,
    start_failure,
    start_process,
    started_as,
    stop_process,
    try_again,
)
from .intensity import REACHED_MAX_RESTART_INTENSITY, RestartWindow
from .reports import Context, progress, progress_is_on, report, reports_are_on

__all__ = [
    "AutoShutdown",
    "Strategy",
    "SupervisorFlags",
    "SupervisorProcess",
    "check_childspecs",
    "check_intensity",
]

Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]
AutoShutdown: TypeAlias = Literal["never", "any_significant", "all_significant"]


@dataclass(frozen=True, slots=True)
class SupervisorFlags:
    """How a supervisor treats its children.

    Args:
        strategy: what a restart of one child means for the others: ``"one_for_one"`` nothing;
            ``"one_for_all"`` all are stopped and started again; ``"rest_for_one"`` those started
            after it are.
        max_restarts: how many restarts are allowed within `max_seconds`; with one more the
            supervisor stops all children and exits with ``shutdown``. 3 as in Elixir (Erlang
            has 1).
        max_seconds: the length of that window; 5 seconds as in Erlang and Elixir.
        auto_shutdown: whether it exits with ``shutdown`` when children marked significant end
            without being restarted: ``"never"``, ``"any_significant"`` of them, or
            ``"all_significant"``.

    Raises:
        ChildSpecError: a flag is none of these.

    Source: supervisor(3), sup_flags() (OTP 25 manual).
    """

    strategy: Strategy = "one_for_one"
    max_restarts: int = 3
    max_seconds: float = 5
    auto_shutdown: AutoShutdown = "never"

    def __post_init__(self) -> None:
        _check_choice("strategy", self.strategy, get_args(Strategy))
        check_intensity(self.max_restarts, self.max_seconds)
        _check_choice("auto_shutdown", self.auto_shutdown, get_args(AutoShutdown))


def _check_choice(field: str, value: Any, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        expected = " or ".join([", ".join(map(repr, choices[:-1])), repr(choices[-1])])
        raise ChildSpecError(field, value, expected, where="supervisor")


def check_intensity(max_restarts: Any, max_seconds: Any) -> None:
    """Refuses what cannot be a restart window."""
    if not is_whole(max_restarts):
        raise ChildSpecError(
            "max_restarts", max_restarts, "a whole number >= 0", where="supervisor"
        )
    if not is_number(max_seconds) or not max_seconds:
        raise ChildSpecError(
            "max_seconds", max_seconds, "seconds (a number > 0)", where="supervisor"
        )


class SupervisorProcess(GenServer):
    """Keeps the children; users reach it through Supervisor's class methods."""

    flags: SupervisorFlags
    children: Children
    window: RestartWindow
    title: str
    culprit: Pid | None = None  # the child that ended last

    # ---- beginning and end

    async def init(self, cls: type[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Asks the user's class what to supervise, and starts that."""
        process.flag(trap_exit=True)
        result = cls().init(*args, **kwargs)
        if is_coroutine(result):
            result = await result
        if result is Ignore or isinstance(result, Ignore | Stop):
            return result
        self.flags, specs = _flags_and_specs(result, cls)
        self.window = RestartWindow(self.flags.max_restarts, self.flags.max_seconds)
        self.title = title_of(cls)
        self.children = Children()
        return await self._init_children(specs)

    async def _init_children(self, specs: list[ChildSpec]) -> Stop | None:
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
        """Sees a child end."""
        if message.__class__ is not Exit:
            super().handle_info(message)
            return None
        pid, reason = message[1], message[2]
        child = self.children.by_pid.get(pid)
        if child is None:
            return None  # not, or no longer, a child: its end is nobody's business here
        self.culprit = pid
        return self._ended(child, reason)

    def _ended(self, child: Child, reason: Any) -> Any:
        """What follows; a coroutine, where that takes time."""
        restart = child.spec.restart
        if restart == "permanent" or not is_expected(reason):
            if reports_are_on():
                self._report("child_terminated", reason, child)
            if restart != "temporary":
                return self._restart(child) if child.retry is None else self._put_off(child)
        if child.temporary:
            self.children.remove(child)
        else:
            self.children.place(child, None)
        return self._auto_shutdown(child)

    def _auto_shutdown(self, ended: Child) -> Stop | None:
        rule = self.flags.auto_shutdown
        if rule == "never" or not ended.spec.significant:
            return None
        others = any(child.spec.significant and child.pid is not None for child in self.children)
        return self._give_up() if rule == "any_significant" or not others else None

    def _give_up(self) -> Stop:
        behaviour.because(self.culprit)
        return Stop(SHUTDOWN)

    # ---- restarting

    def _restart(self, child: Child) -> Any:
        """A coroutine that restarts a child, and what goes with it; or Stop."""
        if not self.window.add(asyncio.get_running_loop().time()):
            self._report("shutdown", REACHED_MAX_RESTART_INTENSITY, child)
            self.children.remove(child)
            return self._give_up()
        if self.flags.strategy == "one_for_one":
            return self._start_all((child,), again=True)
        return self._restart_group(child)

    async def _restart_group(self, child: Child) -> None:
        group = await self._stop_group(child)
        await self._start_all([child for child in group if not child.temporary], again=True)

    async def _put_off(self, child: Child) -> None:
        """Restarts a child with a backoff later; its group is stopped at once."""
        if self.flags.strategy != "one_for_one":
            await self._stop_group(child)
        self.children.place(child, RESTARTING)
        try_again(child, child.spec.id)

    async def _stop_group(self, child: Child) -> list[Child]:
        """Stops those that are restarted with a child that has ended; all of them, in order."""
        children = self.children
        all_of_them = self.flags.strategy == "one_for_all"
        group = list(children) if all_of_them else children.from_child(child)
        children.place(child, None)
        behaviour.because(self.culprit)
        await self._stop_all(group)
        behaviour.because(None)
        return group

    def handle_cast(self, request: Any) -> Any:
        """Tries again to start a child that did not."""
        match request:
            case ("try_again_restart", id, number):
                child = self.children.find(id)
                return self._restart(child) if child and is_due(child, number) else None
            case _:
                super().handle_info(request)
                return None

    # ---- groups of children

    async def _start_all(self, group: Iterable[Child], *, again: bool) -> None:
        """Starts children in order, until one does not start.

        The start of each is written out here: another coroutine for each child would cost as much
        as all the rest of this function.

        Args:
            group: the children.
            again: one that does not start is tried again later; else it raises _NotStarted.
        """
        for child in group:
            fn, args, kwargs = child.start
            try:
                result = fn(*args, **kwargs)
                if result.__class__ is CoroutineType:
                    result = await result
                if result.__class__ is not Pid:
                    result, _ = started_as(await result if isawaitable(result) else result)
            except StartIgnored:
                result = None
            except BaseException as error:
                failure = error if isinstance(error, StartFailed) else start_failure(error)
                if failure is None:
                    raise
                self._not_started(child, failure.as_otp, again=again)
                return
            if child.temporary and not self._keep(child, result):
                continue
            self.children.place(child, result)
            if progress_is_on():
                progress(self.title, child.spec, result)

    def _not_started(self, child: Child, reason: Any, *, again: bool) -> None:
        self._report("start_error", reason, child)
        if not again:
            raise _NotStarted(child, reason) from None
        self.children.place(child, RESTARTING)
        try_again(child, child.spec.id)

    def _keep(self, child: Child, pid: Pid | None) -> bool:
        """Whether a temporary child that was started is kept: one to be ignored is not."""
        if pid is None:
            self.children.remove(child)
            return False
        child.forget_arguments()
        return True

    async def _stop_all(self, group: list[Child]) -> None:
        """Stops children, last first; temporary ones are forgotten."""
        for child in reversed(group):
            await self._stop(child)
            if child.temporary:
                self.children.remove(child)

    async def _stop(self, child: Child) -> None:
        pid = child.running
        if pid is not None:
            error = await stop_process(pid, child.spec)
            if error is not None:
                self._report("shutdown_error", error, child)
        self.children.place(child, None)

    def _report(self, context: Context, reason: Any, child: Child) -> None:
        report(context, reason, self.title, child.spec, child.running)

    # ---- what it is asked

    async def handle_call(self, request: Any, caller: Caller) -> Any:
        """Answers what Supervisor's class methods ask."""
        match request:
            case ("start_child", ChildSpec() as spec):
                return await self._start_child(spec)
            case ("terminate_child", id):
                return await self._terminate_child(id)
            case ("restart_child", id):
                return await self._restart_child(id)
            case ("delete_child", id):
                return self._delete_child(id)
            case ("get_childspec", id):
                child = self._find(id)
                return (REFUSED, NOT_FOUND) if child is None else (OK, child.spec)
            case ("which_child", id):
                child = self._find(id)
                return (REFUSED, NOT_FOUND) if child is None else (OK, child.info())
            case "which_children":
                return [child.info() for child in reversed(list(self.children))]
            case "count_children":
                return self._count()
            case _:
                return super().handle_call(request, caller)

    async def _start_child(self, spec: ChildSpec) -> Answer:
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
        answer = await self._start_one(child)
        if answer[0] is OK and (child.pid is not None or not child.temporary):
            self.children.add(child)
        return answer

    async def _start_one(self, child: Child) -> Answer:
        """Starts a child on request: its failure is the asker's, and costs no restart."""
        try:
            pid, info = await start_process(child)
        except StartFailed as failed:
            self._report("start_error", failed.as_otp, child)
            return FAILED, failed.as_otp
        self.children.place(child, pid)
        if child.temporary:
            child.forget_arguments()
        progress(self.title, child.spec, pid, asked=True)
        return OK, (pid, info)

    async def _terminate_child(self, id: Hashable) -> Answer:
        child = self._find(id)
        if child is None:
            return REFUSED, NOT_FOUND
        await self._stop(child)
        if child.temporary:
            self.children.remove(child)
        return OK, None

    async def _restart_child(self, id: Hashable) -> Answer:
        child = self._find(id)
        if child is None:
            return REFUSED, NOT_FOUND
        if child.pid is not None:
            return REFUSED, RESTARTING if child.pid is RESTARTING else RUNNING
        return await self._start_one(child)

    def _delete_child(self, id: Hashable) -> Answer:
        child = self._find(id)
        if child is None:
            return REFUSED, NOT_FOUND
        if child.pid is not None:
            return REFUSED, RESTARTING if child.pid is RESTARTING else RUNNING
        self.children.remove(child)
        return OK, None

    def _count(self) -> ChildCount:
        counted = count([child.info() for child in self.children])
        running = (child.running for child in self.children)
        # A child that has unlinked itself may have ended unheard.
        counted["active"] = sum(pid is not None and process.alive(pid) for pid in running)
        return counted

    def _find(self, id: Hashable) -> Child | None:
        try:
            return self.children.find(id)
        except TypeError:  # not hashable, so nobody's id
            return None


class _NotStarted(Exception):
    """A child did not start; those after it were not tried. It never leaves here."""

    def __init__(self, child: Child, reason: Any) -> None:
        super().__init__(child, reason)
        self.child = child
        self.reason = reason


def check_significant(flags: SupervisorFlags, spec: ChildSpec) -> None:
    """Refuses a significant child where nothing would come of it."""
    if spec.significant and flags.auto_shutdown == "never":
        raise ChildSpecError(
            "significant",
            True,
            "False where auto_shutdown is 'never'",
            where=f"child spec {spec.id!r}",
            hint="give the supervisor auto_shutdown='any_significant' or 'all_significant'",
            combined=("auto_shutdown", "never"),
        )


def check_childspecs(children: Any, auto_shutdown: AutoShutdown) -> None:
    """Refuses a list of children with which no supervisor could be started."""
    flags = SupervisorFlags(auto_shutdown=auto_shutdown)
    seen: set[Hashable] = set()
    for spec in specs_of(children):
        check_significant(flags, spec)
        if spec.id in seen:
            raise ChildSpecError(
                "id",
                spec.id,
                "an id of its own for each child",
                where="supervisor",
                hint="child_spec(child, id=...) gives it another",
            )
        seen.add(spec.id)


def title_of(cls: type) -> str:
    """What a supervisor is called in reports."""
    me = process.self()
    name: str = process.info(me, "registered_name")
    return name or f"{me!r} ({cls.__name__})"


def specs_of(children: Any) -> list[ChildSpec]:
    """The child specs of a list of children; a bad one is named by its number."""
    if not isinstance(children, Sequence) or isinstance(children, str | bytes):
        raise ChildSpecError("children", children, "a list of children", where="supervisor")
    listed = cast("Sequence[ChildLike]", children)
    return [
        child if isinstance(child, ChildSpec) else child_spec(child, where=f"child {n}")
        for n, child in enumerate(listed, 1)
    ]


def _flags_and_specs(result: Any, cls: type) -> tuple[SupervisorFlags, list[ChildSpec]]:
    match result:
        case (SupervisorFlags() as flags, children):
            return flags, specs_of(children)
        case list():
            return SupervisorFlags(), specs_of(cast("list[Any]", result))
        case _:
            raise ChildSpecError(
                "",
                result,
                "children, (SupervisorFlags(...), children), Ignore or Stop(reason)",
                where=f"{cls.__name__}.init returned",
            )
