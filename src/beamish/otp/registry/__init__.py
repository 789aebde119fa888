"""Registry: finds processes by key, and dispatches to those that registered under one.

It may touch ``supervisor``, ``task`` and ``gen_server``, of which it is made.
"""

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .registry import Registry
    from .select import Select
    from .table import Keys
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".registry": "Registry",
            ".select": "Select",
            ".table": "Keys",
        },
    )

__all__ = ["Keys", "Registry", "Select"]
