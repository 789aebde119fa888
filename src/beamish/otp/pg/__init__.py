"""pg: groups of processes, found by name.

Its scope is a server: it may touch ``gen_server`` and what that stands on.
"""

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
