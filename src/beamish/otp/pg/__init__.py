"""pg: named groups of processes.

No look-up finds a process that has died. Members are read from a table, without waiting. Joining
and leaving go through the process of the scope.

Source: kernel, pg(3).

See the page "pg" in the documentation.
"""

# Its scope is a server: it may touch `gen_server` and what that stands on.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .functions import (
        child_spec,
        demonitor,
        get_local_members,
        get_members,
        join,
        leave,
        monitor,
        monitor_scope,
        start,
        start_link,
        which_groups,
    )
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".functions": (
                "child_spec demonitor get_local_members get_members join leave monitor "
                "monitor_scope start start_link which_groups"
            ),
        },
    )

__all__ = [
    "child_spec",
    "demonitor",
    "get_local_members",
    "get_members",
    "join",
    "leave",
    "monitor",
    "monitor_scope",
    "start",
    "start_link",
    "which_groups",
]
