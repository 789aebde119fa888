"""What a supervisor can start: child specifications, and the classes and functions they name.

Source: supervisor(3), child_spec() (OTP 25 manual); Elixir's Supervisor, "child_spec/1".

See the page "Supervisor" in the documentation.
"""

# Apart from `supervisor`, because every behaviour's class is such a child: it may touch `gen`,
# `errors` and `proc_lib`, and no behaviour.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .backoff import Backoff, Waiting
    from .backoff import Retry as Retry
    from .plain import Runs as Runs
    from .plain import function_name as function_name
    from .plain import is_plain_function as is_plain_function
    from .spec import DEFAULT as DEFAULT
    from .spec import (
        ChildLike,
        ChildSpec,
        ChildType,
        Modules,
        Restart,
        Shutdown,
        StartFunction,
        child_spec,
    )
    from .supervised import Supervised as Supervised
    from .supervised import SupervisedServer as SupervisedServer
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".backoff": "Backoff Retry Waiting",
            ".plain": "Runs function_name is_plain_function",
            ".spec": (
                "ChildLike ChildSpec ChildType DEFAULT Modules Restart Shutdown StartFunction "
                "child_spec"
            ),
            ".supervised": "Supervised SupervisedServer",
        },
    )

__all__ = [
    "Backoff",
    "ChildLike",
    "ChildSpec",
    "ChildType",
    "Modules",
    "Restart",
    "Shutdown",
    "StartFunction",
    "Waiting",
    "child_spec",
]
