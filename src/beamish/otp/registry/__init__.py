"""Registry: processes under keys of any kind, unique or shared.

No look-up finds a process that has died. The table is read and written directly by whoever asks,
without waiting; only ``lock``, and ``dispatch`` with ``parallel=True``, wait.

Source: Elixir's Registry.

See the page "Registry" in the documentation.
"""

# It may touch `supervisor`, `task` and `gen_server`, of which it is made.

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
