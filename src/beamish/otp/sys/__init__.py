"""sys: looks into a running process, and takes its controls, without its code knowing.

Every behaviour answers system messages between two messages of its own, and any coroutine can. A
suspended process handles nothing else. One that nobody looks at pays one comparison a message.

Source: stdlib, sys(3) (OTP 25 manual).

See the page "sys" in the documentation.
"""

# It may touch `gen`; no behaviour.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .debugging import Debug, DebugFunction, Event, Statistics, check_options
    from .formatting import formatted
    from .functions import (
        change_code,
        get_state,
        get_status,
        install,
        log,
        log_to_file,
        no_debug,
        remove,
        replace_state,
        resume,
        statistics,
        suspend,
        terminate,
        trace,
    )
    from .special import (
        SYSTEM,
        Special,
        Status,
        debug_options,
        event_words,
        get_log,
        handle_debug,
        handle_system_msg,
        print_log,
    )
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".debugging": "Debug DebugFunction Event Statistics check_options",
            ".formatting": "formatted",
            ".functions": (
                "change_code get_state get_status install log log_to_file no_debug remove "
                "replace_state resume statistics suspend terminate trace"
            ),
            ".special": (
                "SYSTEM Special Status debug_options event_words get_log handle_debug "
                "handle_system_msg print_log"
            ),
        },
    )

__all__ = [
    "SYSTEM",
    "Debug",
    "DebugFunction",
    "Event",
    "Special",
    "Statistics",
    "Status",
    "change_code",
    "check_options",
    "debug_options",
    "event_words",
    "formatted",
    "get_log",
    "get_state",
    "get_status",
    "handle_debug",
    "handle_system_msg",
    "install",
    "log",
    "log_to_file",
    "no_debug",
    "print_log",
    "remove",
    "replace_state",
    "resume",
    "statistics",
    "suspend",
    "terminate",
    "trace",
]
