"""Who starts the processes of kv_server, and what happens when one of them dies."""

from beamish.otp import ChildSpec, Supervisor, Task, TaskSupervisor

from .server import TASK_SUPERVISOR, accept


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
