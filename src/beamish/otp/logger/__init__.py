"""Logger: what a process adds to its log lines, limits for storms, and handlers that never wait.

Python's ``logging`` stays as it is; in addition a process has metadata and a level of its own. No
more than 500 reports of one kind are written in a second. A log that nobody reads holds up nobody.

Source: Elixir's Logger; kernel, logger_std_h(3) (OTP 25 manual).

See the page "logger" in the documentation.
"""

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .context import (
        configure,
        get_metadata,
        get_process_level,
        metadata,
        put_logger_level,
        put_process_level,
        reset_metadata,
    )
    from .filters import BurstLimit, ProcessFilter
    from .installing import install, uninstall
    from .threaded import StderrHandler, ThreadedHandler
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".filters": "BurstLimit ProcessFilter",
            ".installing": "install uninstall",
            ".context": (
                "configure get_metadata get_process_level metadata put_logger_level "
                "put_process_level reset_metadata"
            ),
            ".threaded": "StderrHandler ThreadedHandler",
        },
    )

__all__ = [
    "BurstLimit",
    "ProcessFilter",
    "StderrHandler",
    "ThreadedHandler",
    "configure",
    "get_metadata",
    "get_process_level",
    "install",
    "metadata",
    "put_logger_level",
    "put_process_level",
    "reset_metadata",
    "uninstall",
]
