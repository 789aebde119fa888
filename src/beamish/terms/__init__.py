"""Values: immutable, comparable, without behaviour."""

from .atom import Atom, atom
from .errors import (
    BadArgError,
    BeamishError,
    CallError,
    CallTimeout,
    NoProcError,
    NotRunningError,
    ProcessError,
    ProcessExit,
    Throw,
)
from .identity import Pid, Ref, TimerRef
from .messages import Down, Exit
from .reasons import (
    KILL,
    KILLED,
    NOCONNECTION,
    NOPROC,
    NORMAL,
    SHUTDOWN,
    format_exit,
    is_expected,
    to_erlang,
)

__all__ = [
    "KILL",
    "KILLED",
    "NOCONNECTION",
    "NOPROC",
    "NORMAL",
    "SHUTDOWN",
    "Atom",
    "BadArgError",
    "BeamishError",
    "CallError",
    "CallTimeout",
    "Down",
    "Exit",
    "NoProcError",
    "NotRunningError",
    "Pid",
    "ProcessError",
    "ProcessExit",
    "Ref",
    "Throw",
    "TimerRef",
    "atom",
    "format_exit",
    "is_expected",
    "to_erlang",
]
