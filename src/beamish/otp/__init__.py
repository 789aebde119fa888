"""The behaviours: what a process promises, written as any user could write it.

    from beamish.otp import GenServer, Supervisor, Task, TaskSupervisor, gen_server

``call`` and ``cast`` of this package make a method of a server callable from outside;
``gen_server.call`` and ``gen_server.cast`` send a request.
"""

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

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
    from .application import Application, ConfigError, Setting
    from .child import Backoff, ChildSpec, Waiting, child_spec
    from .directives import Continue, Fail, Hibernate, Ignore, NoReply, Reply, Stop, Timeout
    from .errors import (
        AlreadyRegisteredError,
        ApplicationError,
        ChildError,
        ChildSpecError,
        HandlerError,
        StartError,
        StartIgnored,
        UndefinedCallbackError,
    )
    from .gen import Dest, Name, ViaModule
    from .gen_event import GenEvent, GenEventHandler
    from .gen_server import Caller, GenServer
    from .gen_statem import GenStatem
    from .methods import call, cast
    from .registry import Registry, Select
    from .supervisor import (
        ChildCount,
        ChildInfo,
        DynamicSupervisor,
        DynamicSupervisorFlags,
        PartitionSupervisor,
        Supervisor,
        SupervisorFlags,
    )
    from .task import Task, TaskSupervisor
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".": (
                "application gen_event gen_server gen_statem global_ logger pg proc_lib sys timer"
            ),
            ".agent": "Agent",
            ".application": "Application ConfigError Setting",
            ".child": "Backoff ChildSpec Waiting child_spec",
            ".directives": "Continue Fail Hibernate Ignore NoReply Reply Stop Timeout",
            ".errors": (
                "AlreadyRegisteredError ApplicationError ChildError ChildSpecError HandlerError "
                "StartError StartIgnored UndefinedCallbackError"
            ),
            ".gen_event": "GenEvent GenEventHandler",
            ".gen_server": "Caller GenServer",
            ".gen_statem": "GenStatem",
            ".methods": "call cast",
            ".gen": "Dest Name ViaModule",
            ".registry": "Registry Select",
            ".supervisor": (
                "ChildCount ChildInfo DynamicSupervisor DynamicSupervisorFlags PartitionSupervisor "
                "Supervisor SupervisorFlags"
            ),
            ".task": "Task TaskSupervisor",
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
    "UndefinedCallbackError",
    "ViaModule",
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
