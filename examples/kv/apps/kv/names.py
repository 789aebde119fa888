"""Names without a process of one's own: a bucket registers itself in a Registry as it starts.

Compare it with registry.py: there is nothing to monitor, for a name goes with its process, and
nobody waits for a look-up, for the table is read directly. What is lost is a place for one's own
code between a name and its bucket. Which of the two is used a setting says: ``registry``.
"""

from beamish import Pid
from beamish.otp import ChildSpec, Registry, StartError

from . import bucket

NAME = "KV.Names"


def child_spec() -> ChildSpec:
    """How a supervisor starts the table."""
    return Registry.child_spec(keys="unique", name=NAME)


def lookup(name: str) -> Pid | None:
    """The bucket of that name; None if none runs."""
    return Registry.whereis_name((NAME, name))


async def create(name: str) -> Pid:
    """The bucket of that name, which is started if there is none."""
    pid = lookup(name)
    if pid is not None:
        return pid
    try:
        return await bucket.start(name, ("via", Registry, (NAME, name)))
    except StartError as failed:
        match failed.reason:
            case ("already_started", Pid() as other):
                return other  # somebody was quicker
            case _:
                raise
