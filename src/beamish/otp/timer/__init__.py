"""timer: a message, a function or an exit signal, after some time or at intervals.

Intervals do not drift, and end with the process that they work for. Functions run in processes of
their own; the process ``timer_server`` does not wait for them, and their crashes do not affect it.

Source: stdlib, timer(3) (OTP 25 manual; apply_repeatedly from OTP 26).

See the page "timer" in the documentation.
"""

# A server keeps its timers: it may touch `gen_server` and what that stands on.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .functions import (
        Timer,
        apply_after,
        apply_interval,
        apply_repeatedly,
        cancel,
        exit_after,
        hms,
        hours,
        kill_after,
        minutes,
        seconds,
        send_after,
        send_interval,
        sleep,
        start,
        tc,
    )
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".functions": (
                "Timer apply_after apply_interval apply_repeatedly cancel exit_after hms "
                "hours kill_after minutes seconds send_after send_interval sleep start tc"
            ),
        },
    )

__all__ = [
    "Timer",
    "apply_after",
    "apply_interval",
    "apply_repeatedly",
    "cancel",
    "exit_after",
    "hms",
    "hours",
    "kill_after",
    "minutes",
    "seconds",
    "send_after",
    "send_interval",
    "sleep",
    "start",
    "tc",
]
