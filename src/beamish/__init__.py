"""beamish: Erlang/OTP for Python."""

from typing import TYPE_CHECKING

from .on_demand import exports as _exports

if TYPE_CHECKING:
    from . import behaviour, process
    from .boot import node, run
    from .process import (
        demonitor,
        link,
        make_ref,
        monitor,
        receive,
        register,
        send,
        spawn,
        spawn_link,
        spawn_monitor,
        unlink,
        whereis,
    )
    from .terms import (
        Atom,
        BadArgError,
        BeamishError,
        CallError,
        CallTimeout,
        Down,
        Exit,
        NoProcError,
        NotRunningError,
        Pid,
        ProcessError,
        ProcessExit,
        Ref,
        Throw,
        TimerRef,
        atom,
        format_exit,
        to_erlang,
    )
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".": "behaviour process",
            ".boot": "node run",
            ".process": (
                "demonitor link make_ref monitor receive register send spawn spawn_link "
                "spawn_monitor unlink whereis"
            ),
            ".terms": (
                "Atom BadArgError BeamishError CallError CallTimeout Down Exit NoProcError "
                "NotRunningError Pid ProcessError ProcessExit Ref Throw TimerRef atom "
                "format_exit to_erlang"
            ),
        },
    )

__version__ = "0.1.0"

__all__ = [
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
    "behaviour",
    "demonitor",
    "format_exit",
    "link",
    "make_ref",
    "monitor",
    "node",
    "process",
    "receive",
    "register",
    "run",
    "send",
    "spawn",
    "spawn_link",
    "spawn_monitor",
    "to_erlang",
    "unlink",
    "whereis",
]
