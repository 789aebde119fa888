"""Supervisors: processes that start other processes, and restart them when they fail.

Children are started in order and stopped in the reverse order. A supervisor whose children end too
often gives up: it stops them and exits, and its own supervisor takes over.

Source: stdlib, supervisor(3) (OTP 25 manual); Elixir's Supervisor, DynamicSupervisor and
PartitionSupervisor, whose defaults these are.

See the pages "Supervisor", "DynamicSupervisor" and "PartitionSupervisor" in the documentation.
"""

# A supervisor is a server: it may touch `gen_server`, `child` and `proc_lib`.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .children import ChildCount, ChildInfo
    from .client import start_child as start_child
    from .dynamic import DynamicSupervisor
    from .flags import AutoShutdown, DynamicSupervisorFlags, SupervisorFlags
    from .partition import PartitionSupervisor
    from .strategies import Strategy
    from .supervisor import Supervisor
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".children": "ChildCount ChildInfo",
            ".client": "start_child",
            ".dynamic": "DynamicSupervisor",
            ".flags": "AutoShutdown DynamicSupervisorFlags SupervisorFlags",
            ".partition": "PartitionSupervisor",
            ".strategies": "Strategy",
            ".supervisor": "Supervisor",
        },
    )

__all__ = [
    "AutoShutdown",
    "ChildCount",
    "ChildInfo",
    "DynamicSupervisor",
    "DynamicSupervisorFlags",
    "PartitionSupervisor",
    "Strategy",
    "Supervisor",
    "SupervisorFlags",
]
