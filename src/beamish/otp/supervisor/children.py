"""A supervisor's children: their table, and how a child is started and stopped.

Source: stdlib, supervisor(3) (OTP 25 manual); the order of events was checked on OTP.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypedDict, cast, final

from beamish import behaviour, process
from beamish.otp.child import ChildSpec, ChildType, Modules, Retry, Waiting
from beamish.otp.directives import Ignore
from beamish.otp.errors import StartError, StartIgnored
from beamish.otp.gen import GEN_CAST
from beamish.terms import (
    KILLED,
    NOPROC,
    SHUTDOWN,
    Atom,
    Down,
    Exit,
    Pid,
    Ref,
    TimerRef,
    is_expected,
)
from beamish.terms.careful import class_of, elements, is_a, is_awaitable, same
from beamish.terms.ends import exit_reason
from beamish.terms.keys import as_key
from beamish.terms.words import EXIT, is_word

__all__ = [
    "BAD_SPEC",
    "NOT_FOUND",
    "REFUSED",
    "TRY_AGAIN",
    "Child",
    "ChildCount",
    "ChildInfo",
    "Children",
    "StartFailed",
    "count",
    "is_abnormal_stop",
    "is_due",
    "start_failure",
    "start_process",
    "started_as",
    "stop_process",
    "stop_processes",
    "try_again",
]

# A supervisor replies (OK, value), or what its client raises: (FAILED, reason) for a StartError,
# (REFUSED, reason) for a ChildError, (BAD_SPEC, error) for the error itself.
REFUSED: Final = Atom("refused")
BAD_SPEC: Final = Atom("bad_spec")
NOT_FOUND: Final = Atom("not_found")

Outcome: TypeAlias = tuple[Atom, Any]

TRY_AGAIN: Final = Atom("try_again_restart")

RESTARTING: Final = cast("Literal['restarting']", Atom("restarting"))

ChildPid: TypeAlias = Pid | Literal["restarting"] | None


class _ChildInfo(NamedTuple):
    id: Hashable
    pid: ChildPid
    type: ChildType
    modules: Modules


class ChildInfo(_ChildInfo):
    """One entry of ``which_children``: OTP's four fields, and what a restarting child waits for.

    Attributes:
        id: the id of its spec; None under a DynamicSupervisor.
        pid: its pid, ``"restarting"`` between two attempts to start it, or None if it does not run.
        type: ``"worker"`` or ``"supervisor"``.
        modules: as in its spec.
        waiting: the next attempt and its delay, if the child has a backoff and is restarting; else
            None.
    """

    waiting: Waiting | None = None

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"ChildInfo({shown}{f', waiting={self.waiting!r}' if self.waiting else ''})"


class ChildCount(TypedDict):
    """What ``count_children`` counts.

    Attributes:
        specs: all child specs, running or not.
        active: the children that run. Under a Supervisor, as in OTP, a child that unlinked itself
            and then ended is not counted, although which_children still shows its pid.
        supervisors: the children of type supervisor, running or not.
        workers: the children of type worker, running or not.
    """

    specs: int
    active: int
    supervisors: int
    workers: int


class StartFailed(Exception):
    """A child did not start. It never leaves the supervisor.

    Attributes:
        reason: why; if the start function itself failed, what it raised.
        crashed: whether the start function itself failed, not only the process.
    """

    def __init__(self, reason: Any, *, crashed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.crashed = crashed

    @property
    def as_otp(self) -> Any:
        """The reason as in OTP's supervisor: ``("EXIT", error)`` if the function itself failed."""
        return (EXIT, self.reason) if self.crashed else self.reason


@final
class Child:
    """A child spec and its process.

    Attributes:
        spec: its specification.
        start: its start function and the arguments, taken from the spec once.
        temporary: whether it is forgotten when it ends.
        pid: its process, ``"restarting"``, or None.
        retry: its attempts to restart; None if it has no backoff.
        excused: whether it is no failure if it is killed: its owner does that.
    """

    __slots__ = ("excused", "pid", "retry", "spec", "start", "temporary")

    def __init__(self, spec: ChildSpec) -> None:
        self.spec: ChildSpec = spec
        self.start: tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]] = spec.function()
        self.temporary: bool = spec.restart == "temporary"
        self.pid: ChildPid = None
        self.excused: bool = False
        self.retry: Retry | None = Retry(spec.backoff) if spec.backoff is not None else None

    @property
    def running(self) -> Pid | None:
        """Its pid, or None."""
        return self.pid if isinstance(self.pid, Pid) else None

    def forget_arguments(self) -> None:
        """Drops the start arguments: a temporary child is never started again."""
        self.spec = self.spec.without_arguments()
        self.start = self.spec.function()

    def __repr__(self) -> str:
        return repr(self.info())

    def info(self, *, named: bool = True) -> ChildInfo:
        """Its entry in which_children."""
        spec = self.spec
        info = ChildInfo(spec.id if named else None, self.pid, spec.type, spec.modules)
        if self.retry is not None and self.pid is RESTARTING:
            info.waiting = self.retry.waiting()
        return info


@final
class Children:
    """The children of a supervisor, in the order of their start.

    Attributes:
        by_pid: the children that run.
    """

    __slots__ = ("_by_id", "by_pid")

    def __init__(self) -> None:
        self._by_id: dict[Hashable, Child] = {}
        self.by_pid: dict[Pid, Child] = {}

    def __repr__(self) -> str:
        return repr([child.info() for child in self])

    def __iter__(self) -> Iterator[Child]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def takes(self, id: Hashable) -> bool:
        """Whether a child can have this id: it must be one that can be compared."""
        try:
            self._by_id.get(id)
        except BaseException:  # noqa: BLE001 - as in find
            return False
        return True

    def add(self, child: Child) -> None:
        """Adds a child after the others."""
        self._by_id[as_key(child.spec.id)] = child

    def remove(self, child: Child) -> None:
        """Forgets a child and its spec."""
        self.place(child, None)
        self._by_id.pop(as_key(child.spec.id), None)

    def place(self, child: Child, pid: ChildPid) -> None:
        """Records the pid of a child, ``"restarting"``, or None if it does not run."""
        by_pid: Any = self.by_pid  # Any: what is not a pid is not in it either
        if child.pid is not None:
            by_pid.pop(child.pid, None)
        child.pid = pid
        if class_of(pid) is Pid:
            by_pid[pid] = child
        if child.retry is not None:
            child.retry.placed(pid)

    def find(self, id: Hashable) -> Child | None:
        """The child with this id, or None."""
        try:
            return self._by_id.get(as_key(id))
        except BaseException:  # noqa: BLE001 - an id that cannot be compared is nobody's
            return None


def count(infos: list[ChildInfo]) -> ChildCount:
    """The reply to count_children."""
    return {
        "specs": len(infos),
        "active": sum(isinstance(info.pid, Pid) for info in infos),
        "supervisors": sum(info.type == "supervisor" for info in infos),
        "workers": sum(info.type == "worker" for info in infos),
    }


# ---- starting


async def start_process(child: Child, *extra: Any) -> tuple[Pid | None, Any]:
    """Calls a child's start function.

    Args:
        child: the child.
        extra: arguments before those of the spec (a DynamicSupervisor's extra_arguments).

    Returns:
        The pid, and the info that the start function returned; (None, None) to ignore the child.

    Raises:
        StartFailed: it did not start.
    """
    fn, args, kwargs = child.start
    try:
        result = fn(*extra, *args, **kwargs)
        if class_of(result) is not Pid and is_awaitable(result):
            result = await result
    except StartIgnored:
        return None, None
    except BaseException as error:
        failure = start_failure(error)
        if failure is None:
            raise
        raise failure from None
    return (result, None) if class_of(result) is Pid else started_as(result)


def start_failure(error: BaseException) -> StartFailed | None:
    """What an exception of a start function means; None if it ends the supervisor itself."""
    if is_a(error, StartError):
        return StartFailed(error.reason)
    if class_of(error) is CancelledError or not process.alive(process.self()):
        return None
    return StartFailed(exit_reason(error), crashed=True)


def started_as(result: Any) -> tuple[Pid | None, Any]:
    """The pid and info in the result of a start function."""
    if class_of(result) is Pid:
        return result, None
    if result is Ignore or is_a(result, Ignore):
        return None, None
    if is_a(result, tuple):
        pair: list[Any] = elements(cast("tuple[Any, ...]", result))
        if len(pair) == 2 and type(pair[0]) is Pid:
            return pair[0], pair[1]
    raise StartFailed(result)


def try_again(child: Child, which: Any) -> None:
    """Casts a request to restart a child to the calling supervisor, at once or after its backoff.

    As in OTP, a failed restart goes through the mailbox, so that requests and the order to stop are
    not held up.

    Args:
        child: the child, which is restarting.
        which: its id, or the pid that a DynamicSupervisor knows it by.
    """
    if child.retry is None:
        process.send(process.self(), (GEN_CAST, (TRY_AGAIN, which, 0)))
    else:
        child.retry.later(lambda number: (GEN_CAST, (TRY_AGAIN, which, number)))


def is_due(child: Child | None, number: int) -> bool:
    """Whether a child still waits for the attempt with this number."""
    if child is None or child.pid is not RESTARTING:
        return False  # it was terminated or deleted in the meantime
    return child.retry is None or same(child.retry.number, number)


# ---- stopping


async def stop_process(pid: Pid, spec: ChildSpec) -> Any:
    """Stops a child as its spec says, and waits until it is gone.

    A monitor watches the child, because the child may have unlinked itself.

    Returns:
        None; or, if the child did not end as ordered, its exit reason, to be reported.
    """
    ref = process.monitor(pid)
    process.exit(pid, "kill" if spec.shutdown == "brutal_kill" else SHUTDOWN)
    timeout = None if isinstance(spec.shutdown, str) else spec.shutdown
    try:
        message = await behaviour.receive_reply(ref, timeout)
    except TimeoutError:
        process.exit(pid, "kill")
        message = await behaviour.receive_reply(ref)
    reason = await unlink_flush(pid, message[4])
    return reason if is_abnormal_stop(reason, spec) else None


def is_abnormal_stop(reason: Any, spec: ChildSpec) -> bool:
    """Whether the exit reason of a stopped child is not the one it was sent."""
    sent = KILLED if spec.shutdown == "brutal_kill" else SHUTDOWN
    return not is_word(reason, sent) and (spec.restart == "permanent" or not is_expected(reason))


async def unlink_flush(pid: Pid, reason: Any) -> Any:
    """Removes the link to a child that has ended, and its exit message; returns the true reason.

    If the child ended before the monitor was made, the monitor says ``noproc``. Then the exit
    message of the link has the reason.
    """
    process.unlink(pid)
    try:
        message = await process.receive((EXIT, pid, ...), timeout=0)
    except TimeoutError:
        return reason
    return message[2] if is_word(reason, NOPROC) else reason


async def stop_processes(children: list[Child]) -> list[tuple[Child, Any]]:
    """Stops children all at the same time, each as its spec says, and waits until all are gone.

    It takes every message in the meantime, so it is for a supervisor that ends. Waiting for the
    Down messages alone would scan the exit messages of all children once for each child.

    Returns:
        The children that did not end as ordered, with their exit reasons, to be reported.
    """
    waiting: dict[Ref, Child] = {}
    for child in children:
        pid = cast("Pid", child.pid)
        waiting[process.monitor(pid)] = child
        process.exit(pid, "kill" if child.spec.shutdown == "brutal_kill" else SHUTDOWN)
    timers = _kill_timers(children)
    reasons: dict[Pid, Any] = {}
    errors: list[tuple[Child, Any]] = []
    while waiting:
        message = await process.receive()
        parts = elements(message)  # others than these: it no longer replies to anybody
        if class_of(message) is Down and is_a(parts[1], Ref) and parts[1] in waiting:
            child = waiting.pop(parts[1])
            reason = reasons.get(parts[3], parts[4])
            if is_abnormal_stop(reason, child.spec):
                errors.append((child, reason))
        elif class_of(message) is Exit and is_a(parts[1], Pid):
            reasons[parts[1]] = parts[2]
        elif len(parts) == 3 and is_a(parts[1], TimerRef) and parts[1] in timers:
            _kill_late(waiting, timers.pop(parts[1]))
    for timer in timers:
        process.cancel_timer(timer)
    return errors


def _kill_timers(children: list[Child]) -> dict[TimerRef, float]:
    """A timer for each different time that children have to stop."""
    lengths = {child.spec.shutdown for child in children}
    me = process.self()
    return {
        process.start_timer(seconds, me, "kill"): seconds
        for seconds in lengths
        if isinstance(seconds, int | float)
    }


def _kill_late(waiting: dict[Ref, Child], seconds: float) -> None:
    for child in waiting.values():
        if child.spec.shutdown == seconds:
            process.exit(cast("Pid", child.pid), "kill")
