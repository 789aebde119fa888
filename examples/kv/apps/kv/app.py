"""The application kv: its settings, and its start.

    registry        "server": a GenServer that watches the buckets; "names": a Registry
    data            the file that keeps the buckets; none: they live in memory
    max_restarts    how often in 5 seconds KV.Supervisor may be started again

In the environment they are KV_REGISTRY, KV_DATA and KV_MAX_RESTARTS.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from beamish import Pid
from beamish.otp import Application, Setting, Supervisor, application

from . import store
from .supervisor import KVSupervisor


class KV(Application):
    """Buckets, by their names."""

    description = "Buckets of keys and values"
    env: ClassVar[Mapping[str, Any]] = {
        "registry": Setting("server", type=Literal["server", "names"]),
        "data": Setting(None, type=Path | None),
        "max_restarts": 10,
    }
    registered = ("KV", "KV.Supervisor")

    async def start(self, type: str, args: Any) -> Pid:
        """Starts the tree.

        A supervisor whose children die more than 3 times in 5 seconds gives up, and dies itself.
        The one on top, KV, starts it again; and if that does not help, 10 times in 5 seconds, the
        application ends, and with it the program: whoever has started it is told.
        """
        env = application.get_all_env()
        data = None if env["data"] is None else store.check(env["data"])
        return await Supervisor.start_link(
            [KVSupervisor.child_spec(env["registry"], data, name="KV.Supervisor")],
            max_restarts=env["max_restarts"],
            name="KV",
        )
