"""The behaviours: what a process promises, written with ``beamish.process`` alone.

    from beamish.otp import GenServer, Supervisor, Task, TaskSupervisor, gen_server

``call`` and ``cast`` of this package make a method of a server callable from outside;
``gen_server.call`` and ``gen_server.cast`` send a request.
"""

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

# At once: its function has the name of its module, see on_demand.exports.
from .child_spec import ChildSpec, child_spec

if TYPE_CHECKING:
    from . import (
        application,
        gen_event,
        gen_server,
        gen_statem,
        global_,
        logger,
        pg,
        proc_lib,
        sys,
        timer,
    )
    from .agent import Agent
    from .application import Application
    from .backoff import Backoff, Waiting
    from .children import ChildCount, ChildInfo
    from .directives import Continue, Fail, Hibernate, Ignore, NoReply, Reply, Stop, Timeout
    from .dynamic_supervisor import DynamicSupervisor, DynamicSupervisorFlags
    from .errors import (
        AlreadyRegisteredError,
        ApplicationError,
        ChildError,
        ChildSpecError,
        HandlerError,
        StartError,
        StartIgnored,
    )
    from .gen_event import GenEvent, GenEventHandler
    from .gen_server import Caller, GenServer
    from .gen_statem import GenStatem
    from .methods import call, cast
    from .names import Dest, Name
    from .partition_supervisor import PartitionSupervisor
    from .registry import Registry, Select
    from .settings import ConfigError, Setting
    from .supervisor import Supervisor, SupervisorFlags
    from .task import Task
    from .task_supervisor import TaskSupervisor
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".": (
                "application gen_event gen_server gen_statem global_ logger pg proc_lib sys timer"
            ),
            ".agent": "Agent",
            ".application": "Application",
            ".backoff": "Backoff Waiting",
            ".children": "ChildCount ChildInfo",
            ".directives": "Continue Fail Hibernate Ignore NoReply Reply Stop Timeout",
            ".dynamic_supervisor": "DynamicSupervisor DynamicSupervisorFlags",
            ".errors": (
                "AlreadyRegisteredError ApplicationError ChildError ChildSpecError HandlerError "
                "StartError StartIgnored"
            ),
            ".gen_event": "GenEvent GenEventHandler",
            ".gen_server": "Caller GenServer",
            ".gen_statem": "GenStatem",
            ".methods": "call cast",
            ".names": "Dest Name",
            ".partition_supervisor": "PartitionSupervisor",
            ".registry": "Registry Select",
            ".settings": "ConfigError Setting",
            ".supervisor": "Supervisor SupervisorFlags",
            ".task": "Task",
            ".task_supervisor": "TaskSupervisor",
        },
    )

__all__ = [
    "Agent",
    "AlreadyRegisteredError",
    "Application",
    "ApplicationError",
    "Backoff",
    "Caller",
    "ChildCount",
    "ChildError",
    "ChildInfo",
    "ChildSpec",
    "ChildSpecError",
    "ConfigError",
    "Continue",
    "Dest",
    "DynamicSupervisor",
    "DynamicSupervisorFlags",
    "Fail",
    "GenEvent",
    "GenEventHandler",
    "GenServer",
    "GenStatem",
    "HandlerError",
    "Hibernate",
    "Ignore",
    "Name",
    "NoReply",
    "PartitionSupervisor",
    "Registry",
    "Reply",
    "Select",
    "Setting",
    "StartError",
    "StartIgnored",
    "Stop",
    "Supervisor",
    "SupervisorFlags",
    "Task",
    "TaskSupervisor",
    "Timeout",
    "Waiting",
    "application",
    "call",
    "cast",
    "child_spec",
    "gen_event",
    "gen_server",
    "gen_statem",
    "global_",
    "logger",
    "pg",
    "proc_lib",
    "sys",
    "timer",
]
