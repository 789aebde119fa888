"""What a state machine's callbacks return: results, and the actions in them.

Source: stdlib, gen_statem(3), "DATA TYPES" (OTP 25 manual).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias, cast, final

from beamish.otp.directives import Hibernate, Stop
from beamish.otp.gen import Caller
from beamish.terms import NORMAL, Atom, Pid, Ref
from beamish.terms.words import TIMEOUT

if TYPE_CHECKING:
    from .callbacks import GenStatemCallbacks

__all__ = [
    "STATE_TIMEOUT",
    "Action",
    "ChangeCallbackModule",
    "EventTimeout",
    "EventType",
    "GenericTimeout",
    "Hibernate",
    "KeepState",
    "NextEvent",
    "NextState",
    "PopCallbackModule",
    "Postpone",
    "PushCallbackModule",
    "RepeatState",
    "Reply",
    "Result",
    "StateTimeout",
    "Stop",
    "StopAndReply",
    "Time",
    "TimeoutAction",
]

EventType: TypeAlias = str | tuple[str, Any]
"""What a state callback is called for.

``("call", caller)``, ``"cast"``, ``"info"``, ``"internal"``, ``"enter"``, ``"timeout"``,
``"state_timeout"`` or ``("timeout", name)``.
"""

# Seconds; None is forever, which takes a running one back; the two words are for cancel() and
# update() alone.
Time: TypeAlias = float | Literal["cancel", "update"] | None

STATE_TIMEOUT: Final = Atom("state_timeout")
_CANCEL: Final = "cancel"
_UPDATE: Final = "update"


# ---- actions


@final
@dataclass(frozen=True, slots=True)
class Reply:
    """Replies to a call.

    Args:
        caller: from the event type ``("call", caller)``.
        value: the reply.
    """

    caller: Caller
    value: Any


@final
@dataclass(frozen=True, slots=True)
class Postpone:
    """Puts the event aside until the state changes; then it comes again, before later ones.

    Args:
        postpone: False takes back an earlier Postpone of the same result.
    """

    postpone: bool = True


@final
@dataclass(frozen=True, slots=True)
class NextEvent:
    """Inserts an event before all that wait; several keep their order.

    Args:
        type: any event type, such as ``"internal"``, which no other process can send.
        content: what the state callback gets with it.
    """

    type: EventType
    content: Any = None


@dataclass(frozen=True, slots=True)
class _Timeout:
    """What the time-outs without a name have in common.

    Args:
        seconds: from now; 0 comes before any event that has not been received yet; None is
            forever: it takes a running time-out of this kind back.
        content: what the state callback gets.
        abs: `seconds` is a time on the clock of ``process.monotonic_time()``.
    """

    seconds: Time
    content: Any = None
    abs: bool = False

    @classmethod
    def cancel(cls) -> Self:
        """Takes back a running time-out of this kind, even one that is due."""
        return cls(_CANCEL)

    @classmethod
    def update(cls, content: Any) -> Self:
        """Gives a running time-out new content; if none is running, it comes at once."""
        return cls(_UPDATE, content)


@final
class StateTimeout(_Timeout):
    """An event ``"state_timeout"``, unless the state changes first.

    Args:
        seconds: from now; 0 comes before any event that has not been received yet; None is
            forever: it takes a running time-out of this kind back.
        content: what the state callback gets.
        abs: `seconds` is a time on the clock of ``process.monotonic_time()``.
    """

    __slots__ = ()
    kind = STATE_TIMEOUT


@final
class EventTimeout(_Timeout):
    """An event ``"timeout"``, unless any other event comes first.

    Args:
        seconds: as for StateTimeout.
        content: as for StateTimeout.
        abs: as for StateTimeout.
    """

    __slots__ = ()
    kind = TIMEOUT


@final
@dataclass(frozen=True, slots=True)
class GenericTimeout:
    """An event ``("timeout", name)``, whatever comes first; one for each name.

    Args:
        name: any hashable term. Setting one of that name again replaces it.
        seconds: as for StateTimeout.
        content: as for StateTimeout.
        abs: as for StateTimeout.
    """

    name: Any
    seconds: Time
    content: Any = None
    abs: bool = False

    @classmethod
    def cancel(cls, name: Any) -> GenericTimeout:
        """Takes back the time-out of that name, even one that is due."""
        return cls(name, _CANCEL)

    @classmethod
    def update(cls, name: Any, content: Any) -> GenericTimeout:
        """Gives the time-out of that name new content; if none is running, it comes at once."""
        return cls(name, _UPDATE, content)

    @property
    def kind(self) -> tuple[Atom, Any]:
        """The event type."""
        return (TIMEOUT, self.name)


@final
@dataclass(frozen=True, slots=True)
class ChangeCallbackModule:
    """From now on the machine is one of another class; what is on ``self`` stays.

    Args:
        cls: a GenStatem; it takes over in the state that this result leads to.
    """

    cls: type[GenStatemCallbacks]


@final
@dataclass(frozen=True, slots=True)
class PushCallbackModule:
    """Like ChangeCallbackModule; PopCallbackModule returns to the class that was left.

    Args:
        cls: a GenStatem.
    """

    cls: type[GenStatemCallbacks]


@final
@dataclass(frozen=True, slots=True)
class PopCallbackModule:
    """Returns to the class that the last PushCallbackModule left; without one it is an error."""


TimeoutAction: TypeAlias = StateTimeout | EventTimeout | GenericTimeout
Action: TypeAlias = (
    Reply
    | Postpone
    | type[Postpone]
    | NextEvent
    | Hibernate
    | type[Hibernate]
    | TimeoutAction
    | ChangeCallbackModule
    | PushCallbackModule
    | PopCallbackModule
    | type[PopCallbackModule]
)
"""What a result may have with it, such as a Reply, Postpone, NextEvent or StateTimeout."""


# ---- results


@final
@dataclass(frozen=True, slots=True, init=False)
class NextState:
    """The machine goes to a state; returned from init, it begins in that state.

    If the state is another one, postponed events come again, the state time-out is taken back, and
    the state enter call is made. NextState of the same state is a KeepState.

    Args:
        state: a method's name with state functions, any term with handle_event.
        actions: what else happens, in this order.
    """

    state: Any
    actions: tuple[Action, ...]

    def __init__(self, state: Any, *actions: Action) -> None:
        object.__setattr__(self, "state", state)
        object.__setattr__(self, "actions", actions)


@final
@dataclass(frozen=True, slots=True, init=False)
class KeepState:
    """The machine stays where it is; ``None`` says the same.

    Args:
        actions: what else happens, in this order.
    """

    actions: tuple[Action, ...]

    def __init__(self, *actions: Action) -> None:
        object.__setattr__(self, "actions", actions)


@final
@dataclass(frozen=True, slots=True, init=False)
class RepeatState:
    """Like KeepState, and the state enter call is made again.

    Args:
        actions: what else happens, in this order.
    """

    actions: tuple[Action, ...]

    def __init__(self, *actions: Action) -> None:
        object.__setattr__(self, "actions", actions)


@final
@dataclass(frozen=True, slots=True, init=False)
class StopAndReply:
    """Ends the machine as ``Stop(reason)`` does, and replies to calls first.

    Args:
        reason: the exit reason.
        replies: sent in this order, before terminate runs.
    """

    reason: Any
    replies: tuple[Reply, ...]

    def __init__(self, reason: Any = NORMAL, *replies: Reply) -> None:
        object.__setattr__(self, "reason", reason)
        object.__setattr__(self, "replies", replies)


Result: TypeAlias = (
    NextState
    | KeepState
    | type[KeepState]
    | RepeatState
    | type[RepeatState]
    | Stop
    | type[Stop]
    | StopAndReply
    | None
)
"""What a state callback returns, such as NextState, KeepState, Stop or None."""


def is_event_type(kind: Any) -> bool:
    """Whether this is an event type that NextEvent may insert."""
    match kind:
        case ("call", _) | ("timeout", _):
            return True
        case str():
            return kind in _PLAIN_TYPES
        case _:
            return False


_PLAIN_TYPES: Final[Sequence[str]] = ("cast", "info", "internal", "timeout", "state_timeout")


def is_reply(action: Any) -> bool:
    """Whether this is a Reply to a caller that can be replied to."""
    if not isinstance(action, Reply):
        return False
    caller: Any = action.caller
    return (
        isinstance(caller, tuple)
        and len(cast("tuple[Any, ...]", caller)) == 2
        and isinstance(caller[0], Pid)
        and isinstance(caller[1], Ref)
    )
