"""The behaviours: what a process promises, written with ``beamish.process`` alone.

    from beamish.otp import GenServer, Supervisor, Task, TaskSupervisor, gen_server

``call`` and ``cast`` of this package make a method of a server callable from outside;
``gen_server.call`` and ``gen_server.cast`` send a request.
"""

from . import application, gen_server, logger, proc_lib
from .agent import Agent
from .application import Application
from .child_spec import ChildSpec, child_spec
from .children import ChildCount, ChildInfo
from .directives import Continue, Ignore, NoReply, Reply, Stop, Timeout
from .dynamic_supervisor import DynamicSupervisor, DynamicSupervisorFlags
from .errors import (
    AlreadyRegisteredError,
    ApplicationError,
    ChildError,
    ChildSpecError,
    StartError,
    StartIgnored,
)
from .gen_server import Caller, GenServer
from .methods import call, cast
from .names import Dest, Name
from .registry import Registry
from .settings import ConfigError, Setting
from .supervisor import Supervisor, SupervisorFlags
from .task import Task
from .task_supervisor import TaskSupervisor

__all__ = [
    "Agent",
    "AlreadyRegisteredError",
    "Application",
    "ApplicationError",
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
    "GenServer",
    "Ignore",
    "Name",
    "NoReply",
    "Registry",
    "Reply",
    "Setting",
    "StartError",
    "StartIgnored",
    "Stop",
    "Supervisor",
    "SupervisorFlags",
    "Task",
    "TaskSupervisor",
    "Timeout",
    "application",
    "call",
    "cast",
    "child_spec",
    "gen_server",
    "logger",
    "proc_lib",
]
