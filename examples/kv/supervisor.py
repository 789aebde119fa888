"""Who starts the processes, in which order, and what happens when one of them dies."""

from beamish.otp import (
    ChildSpec,
    DynamicSupervisor,
    Supervisor,
    SupervisorFlags,
    Task,
    TaskSupervisor,
)

from .registry import NAME as REGISTRY
from .registry import Registry
from .server import TASK_SUPERVISOR, accept

BUCKET_SUPERVISOR = "KV.BucketSupervisor"


class KVSupervisor(Supervisor):
    """Over the registry and the buckets.

    rest_for_one: when the registry dies, the supervisor of the buckets is restarted with it, for
    nobody knows the names of those buckets any more; they would be there for ever and never be
    found. The other way round nothing is to be done: the registry is told of each bucket's death
    and forgets it. So the registry comes first, and with one_for_all it would be restarted for
    nothing.
    """

    def init(self) -> tuple[SupervisorFlags, list[ChildSpec]]:
        children = [
            Registry.child_spec(BUCKET_SUPERVISOR, name=REGISTRY),
            DynamicSupervisor.child_spec(name=BUCKET_SUPERVISOR),
        ]
        return SupervisorFlags(strategy="rest_for_one"), children


class KVServerSupervisor(Supervisor):
    """Over the acceptor and the tasks.

    one_for_one: connections outlive the acceptor, and the acceptor a crash of all connections. The
    supervisor of the tasks comes first, for the acceptor needs it; so the acceptor is also the
    first to stop. A task is not restarted unless one says so, and without its acceptor a server
    would be no more: ``permanent``.
    """

    def init(self, host: str, port: int) -> list[ChildSpec]:
        return [
            TaskSupervisor.child_spec(name=TASK_SUPERVISOR),
            Task.child_spec(accept, host, port, id="KVServer.Acceptor", restart="permanent"),
        ]


class Umbrella(Supervisor):
    """Over both, which are two applications under one umbrella project in the guide.

    A supervisor whose children die more than 3 times in 5 seconds gives up, and dies itself. This
    one starts it again; and if that does not help, 10 times in 5 seconds, the program ends, and
    whoever has started it is told.
    """

    def init(self, host: str, port: int) -> tuple[SupervisorFlags, list[ChildSpec]]:
        children = [
            KVSupervisor.child_spec(name="KV.Supervisor"),
            KVServerSupervisor.child_spec(host, port, name="KVServer.Supervisor"),
        ]
        return SupervisorFlags(max_restarts=10, max_seconds=5), children
