"""Task: a process for one job, whose result can be awaited; streams and supervisors of them.

It may touch ``supervisor`` (a TaskSupervisor is one) and ``proc_lib``.
"""

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .stream import Outcome, StreamOptions, TaskStream
    from .supervisor import TaskSupervisor
    from .task import Task
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".stream": "Outcome StreamOptions TaskStream",
            ".supervisor": "TaskSupervisor",
            ".task": "Task",
        },
    )

__all__ = ["Outcome", "StreamOptions", "Task", "TaskStream", "TaskSupervisor"]
