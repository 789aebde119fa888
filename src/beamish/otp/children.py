"""A supervisor's children: starting one, stopping one, and the table of them.

Source: stdlib, supervisor(3) (OTP 25 manual); the order of events was checked on OTP.
"""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterator
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypedDict, cast, final

from beamish import process
from beamish.terms import KILLED, NOPROC, SHUTDOWN, Atom, Pid, ProcessExit, is_expected

from .child_spec import ChildSpec, ChildType
from .directives import Ignore
from .errors import StartError, StartIgnored

__all__ = [
    "Child",
    "ChildCount",
    "ChildInfo",
    "Children",
    "StartFailed",
    "count",
    "is_abnormal_stop",
    "start_process",
    "stop_process",
    "unlink_flush",
]

_DOWN: Final = Atom("DOWN")
_EXIT: Final = Atom("EXIT")

RESTARTING: Final[Literal["restarting"]] = cast("Literal['restarting']", Atom("restarting"))

ChildPid: TypeAlias = Pid | Literal["restarting"] | None


class ChildInfo(NamedTuple):
    """One entry of ``which_children``.

    Attributes:
        id: the id of its spec; None under a DynamicSupervisor.
        pid: its pid, ``"restarting"`` between two attempts to start it, or None if it does not run.
        type: ``"worker"`` or ``"supervisor"``.
        modules: as in its spec.
    """

    id: Hashable
    pid: ChildPid
    type: ChildType
    modules: tuple[str, ...]


class ChildCount(TypedDict):
    """What ``count_children`` counts.

    Attributes:
        specs: all child specs, running or not.
        active: the children that run.
        supervisors: the specs of type supervisor, running or not.
        workers: the specs of type worker, running or not.
    """

    specs: int
    active: int
    supervisors: int
    workers: int


class StartFailed(Exception):  # noqa: N818 - it never leaves a supervisor
    """A child did not start; `reason` is what the supervisor makes of it."""

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)
        self.reason = reason


@final
class Child:
    """A child spec and what has become of it."""

    __slots__ = ("pid", "spec")

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.pid: ChildPid = None

    @property
    def running(self) -> Pid | None:
        """Its pid, if it has one."""
        return self.pid if isinstance(self.pid, Pid) else None

    @property
    def temporary(self) -> bool:
        """Whether it is forgotten when it ends."""
        return self.spec.restart == "temporary"

    def info(self) -> ChildInfo:
        """As which_children shows it."""
        return ChildInfo(self.spec.id, self.pid, self.spec.type, self.spec.modules)


@final
class Children:
    """The children of a supervisor, in the order in which they are started."""

    __slots__ = ("_by_id", "_by_pid")

    def __init__(self) -> None:
        self._by_id: dict[Hashable, Child] = {}
        self._by_pid: dict[Pid, Child] = {}

    def __iter__(self) -> Iterator[Child]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, child: Child) -> None:
        """Puts a child behind the others."""
        self._by_id[child.spec.id] = child

    def remove(self, child: Child) -> None:
        """Forgets a child and its spec."""
        self.place(child, None)
        self._by_id.pop(child.spec.id, None)

    def place(self, child: Child, pid: ChildPid) -> None:
        """Says where a child runs now, or that it does not."""
        old = child.running
        if old is not None:
            self._by_pid.pop(old, None)
        child.pid = pid
        if isinstance(pid, Pid):
            self._by_pid[pid] = child

    def find(self, id: Hashable) -> Child | None:
        """The child of this id."""
        return self._by_id.get(id)

    def find_pid(self, pid: Pid) -> Child | None:
        """The child that runs as this pid."""
        return self._by_pid.get(pid)

    def from_child(self, child: Child) -> list[Child]:
        """A child and those started after it, in the order of their start."""
        children = list(self)
        return children[children.index(child) :]


def count(infos: list[ChildInfo]) -> ChildCount:
    """Counts children as count_children does."""
    return {
        "specs": len(infos),
        "active": sum(isinstance(info.pid, Pid) for info in infos),
        "supervisors": sum(info.type == "supervisor" for info in infos),
        "workers": sum(info.type == "worker" for info in infos),
    }


# ---- starting


async def start_process(spec: ChildSpec, *extra: Any) -> tuple[Pid | None, Any]:
    """Calls a child's start function.

    Args:
        spec: the child's.
        extra: arguments before those of the spec (a DynamicSupervisor's extra_arguments).

    Returns:
        The pid and the info that it started with; (None, None) if it shall be ignored.

    Raises:
        StartFailed: with the reason, in the shape that OTP gives it: ``("EXIT", error)`` where the
            start function itself failed.
    """
    fn, args, kwargs = spec.function()
    try:
        result = fn(*extra, *args, **kwargs)
        if result.__class__ is not Pid and inspect.isawaitable(result):
            result = await result
    except StartIgnored:
        return None, None
    except StartError as error:
        raise StartFailed(error.reason) from None
    except ProcessExit as ended:
        if not process.alive(process.self()):
            raise  # it is the supervisor that ends
        raise StartFailed((_EXIT, ended.reason)) from None
    except Exception as error:
        raise StartFailed((_EXIT, error)) from None
    return _started(result)


def _started(result: Any) -> tuple[Pid | None, Any]:
    match result:
        case Pid():
            return result, None
        case (Pid() as pid, info):
            return pid, info
        case Ignore():
            return None, None
        case _ if result is Ignore:
            return None, None
        case _:
            raise StartFailed(result)


# ---- stopping


async def stop_process(pid: Pid, spec: ChildSpec) -> Any:
    """Stops a child as its spec says, and waits until it is gone.

    It watches the child by a monitor because the child may have unlinked itself.

    Returns:
        None, or the reason if it did not end as it was told: to be reported.
    """
    ref = process.monitor(pid)
    process.exit(pid, "kill" if spec.shutdown == "brutal_kill" else SHUTDOWN)
    timeout = None if spec.shutdown == "brutal_kill" else cast("float | None", spec.shutdown)
    try:
        message = await process.receive((_DOWN, ref, ..., ..., ...), timeout=timeout)
    except TimeoutError:
        process.exit(pid, "kill")
        message = await process.receive((_DOWN, ref, ..., ..., ...))
    reason = await unlink_flush(pid, message[4])
    return reason if is_abnormal_stop(reason, spec) else None


def is_abnormal_stop(reason: Any, spec: ChildSpec) -> bool:
    """Whether a stopped child's reason is another than the one that it was told."""
    told = KILLED if spec.shutdown == "brutal_kill" else SHUTDOWN
    if isinstance(reason, str) and reason == told:
        return False
    return spec.restart == "permanent" or not is_expected(reason)


async def unlink_flush(pid: Pid, reason: Any) -> Any:
    """Removes the link to a dead child and its exit message; returns why it really ended.

    A child that ended before it was watched is ``noproc`` to the monitor; then the exit message
    that its link has left knows the reason.
    """
    process.unlink(pid)
    try:
        message = await process.receive((_EXIT, pid, ...), timeout=0)
    except TimeoutError:
        return reason
    return message[2] if isinstance(reason, str) and reason == NOPROC else reason
