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
    from .debugging import Debug as Debug
    from .debugging import DebugFunction, Event, Statistics
    from .debugging import check_options as check_options
    from .formatting import formatted as formatted
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
    from .special import SYSTEM as SYSTEM
    from .special import (
        Special,
        Status,
        debug_options,
        get_log,
        handle_debug,
        handle_system_msg,
        print_log,
    )
    from .special import event_words as event_words
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
    "DebugFunction",
    "Event",
    "Special",
    "Statistics",
    "Status",
    "change_code",
    "debug_options",
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
