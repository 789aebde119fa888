"""The messages that a process gets when it traps exits or monitors another process."""

from __future__ import annotations

from typing import Any, final

from .careful import show
from .identity import Pid, Ref
from .words import DOWN, EXIT, PROCESS, is_word

__all__ = ["Down", "Exit"]


def exit_message(pid: Pid, reason: Any) -> Exit:
    """The same as Exit(pid, reason), faster."""
    made: Exit = new_tuple(Exit, (EXIT, pid, reason))
    return made


def down_message(ref: Ref, who: Any, reason: Any) -> Down:
    """The same as Down(ref, "process", who, reason), faster."""
    made: Down = new_tuple(Down, (DOWN, ref, PROCESS, who, reason))
    return made


new_tuple: Any = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


@final
class Exit(tuple[Any, ...]):
    """A trapped exit signal: Erlang's ``{'EXIT', Pid, Reason}``, and equal to that tuple.

    Args:
        pid: the process that died or sent the signal.
        reason: the exit reason.

    Example:
        >>> match Exit(1, "boom"):
        ...     case Exit(pid, reason): print(pid, reason)
        1 boom

    Source: erlang:process_flag/2, trap_exit (OTP 25 manual).
    """

    __slots__ = ()
    __match_args__ = ("pid", "reason")

    def __new__(cls, pid: Pid | Any, reason: Any) -> Exit:  # noqa: D102  # the class tells
        return super().__new__(cls, (EXIT, pid, reason))

    @property
    def pid(self) -> Pid:
        """The process that died or sent the signal."""
        pid: Pid = self[1]
        return pid

    @property
    def reason(self) -> Any:
        """The exit reason."""
        return self[2]

    def __repr__(self) -> str:
        return f"Exit(pid={show(self[1])}, reason={show(self[2])})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self[1], self[2]


@final
class Down(tuple[Any, ...]):
    """What a monitor sends: Erlang's ``{'DOWN', Ref, process, Pid, Reason}``, equal to that tuple.

    Args:
        ref: what ``monitor`` returned.
        kind: always ``"process"``.
        pid: the process that died; ``(name, node)`` if the monitor was made by name.
        reason: the exit reason; ``noproc`` if there was no such process.

    Source: erlang:monitor/2 (OTP 25 manual).
    """

    __slots__ = ()
    __match_args__ = ("ref", "kind", "pid", "reason")

    def __new__(  # noqa: D102  # the class tells
        cls, ref: Ref | Any, kind: str | Any, pid: Any, reason: Any
    ) -> Down:
        kind = PROCESS if is_word(kind, PROCESS) else kind
        return super().__new__(cls, (DOWN, ref, kind, pid, reason))

    @property
    def ref(self) -> Ref:
        """The reference of the monitor."""
        ref: Ref = self[1]
        return ref

    @property
    def kind(self) -> Any:
        """``"process"``."""
        return self[2]

    @property
    def pid(self) -> Any:
        """The process that died: a pid, or ``(name, node)``."""
        return self[3]

    @property
    def reason(self) -> Any:
        """The exit reason."""
        return self[4]

    def __repr__(self) -> str:
        ref, kind, pid, reason = map(show, self[1:])
        return f"Down(ref={ref}, kind={kind}, pid={pid}, reason={reason})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self[1], self[2], self[3], self[4]
