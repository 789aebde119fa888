"""Task: a process for one job, whose result can be awaited; streams and supervisors of them.

A task of ``Task`` is linked to its caller: the abnormal end of either is the other's. One of
``TaskSupervisor`` is linked to the supervisor, and its failure harms nobody else. A stream never
has more tasks than it may, reads its inputs only when results are asked for, and leaves nothing
behind.

Source: Elixir's Task and Task.Supervisor.

See the pages "Task" and "TaskSupervisor" in the documentation.
"""

# It may touch `supervisor` (a TaskSupervisor is one) and `proc_lib`.

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
