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

from . import file
from .supervisor import KVSupervisor

LONGEST_PATH = 4095  # Linux has none that is longer


def path(text: object) -> Path | None:
    """The file that a setting means; none if it says so.

    >>> path("kv.db"), path("none")
    (PosixPath('kv.db'), None)
    """
    if not isinstance(text, str) or not text.strip() or "\0" in text or len(text) > LONGEST_PATH:
        raise ValueError(text)
    return None if text == "none" else Path(text)


def is_natural(number: int) -> bool:
    """Whether something can happen so often.

    >>> is_natural(0), is_natural(-1)
    (True, False)
    """
    return number >= 0


class KV(Application):
    """Buckets, by their names."""

    description = "Buckets of keys and values"
    env: ClassVar[Mapping[str, Any]] = {
        "registry": Setting("server", type=Literal["server", "names"]),
        "data": Setting(None, type=path, expected="the path of a file, or none"),
        "max_restarts": Setting(10, check=is_natural, expected="a number from 0"),
    }
    registered = ("KV", "KV.Supervisor")

    async def start(self, type: str, args: Any) -> Pid:
        """Starts the tree.

        A supervisor whose children die more than 3 times in 5 seconds gives up, and dies itself.
        The one on top, KV, starts it again; and if that does not help, 10 times in 5 seconds, the
        application ends, and with it the program: whoever has started it is told.
        """
        env = application.get_all_env()
        data = None if env["data"] is None else file.check(env["data"])
        return await Supervisor.start_link(
            [KVSupervisor.child_spec(env["registry"], data, name="KV.Supervisor")],
            max_restarts=env["max_restarts"],
            name="KV",
        )
