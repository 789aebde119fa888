"""Who starts the processes of kv, in which order, and what happens when one of them dies."""

from pathlib import Path

from beamish.otp import ChildSpec, DynamicSupervisor, Supervisor, SupervisorFlags

from . import names, subscribers
from .bucket import SUPERVISOR
from .registry import NAME as REGISTRY
from .registry import Registry
from .store import NAME as STORE
from .store import Store


class KVSupervisor(Supervisor):
    """Over the registry and the buckets.

    rest_for_one: when the registry dies, the supervisor of the buckets is restarted with it, for
    nobody knows the names of those buckets any more; they would be there forever and never be
    found. The other way round nothing is to be done: the registry is told of each bucket's death
    and forgets it. So the registry comes first, and with one_for_all it would be restarted for
    nothing. The store comes before them all, and the subscribers, whom nobody depends on, last.
    """

    def init(self, registry: str, data: Path | None) -> tuple[SupervisorFlags, list[ChildSpec]]:
        by_names = registry == "names"
        children = [
            names.child_spec() if by_names else Registry.child_spec(name=REGISTRY),
            DynamicSupervisor.child_spec(name=SUPERVISOR),
            subscribers.child_spec(),
        ]
        if data is not None:
            children.insert(0, Store.child_spec(data, name=STORE))
        return SupervisorFlags(strategy="rest_for_one"), children
