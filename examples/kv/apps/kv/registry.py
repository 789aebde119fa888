"""The registry maps names to buckets, and forgets a bucket that dies.

It is a GenServer. A method marked ``@call`` is called by other processes as
``await Registry.lookup("KV.Registry", name)``; its body runs in the registry's own process, where
``self`` is.
"""

from beamish import Down, Pid, Ref, process
from beamish.otp import GenServer, call

from . import bucket

NAME = "KV.Registry"


class Registry(GenServer):
    """Keeps the names.

    It watches the buckets by monitors and is not linked to them: links would pull it down with the
    first bucket that dies.
    """

    def init(self) -> None:
        self.buckets: dict[str, Pid] = {}
        self.names: dict[Ref, str] = {}

    @call
    def lookup(self, name: str) -> Pid | None:
        """The bucket of that name; None if none runs."""
        return self.buckets.get(name)

    @call
    async def create(self, name: str) -> Pid:
        """The bucket of that name, which is started if there is none."""
        if name not in self.buckets:
            pid = await bucket.start(name)
            self.names[process.monitor(pid)] = name
            self.buckets[name] = pid
        return self.buckets[name]

    def handle_info(self, message: object) -> None:
        match message:
            case Down(ref=ref) if ref in self.names:
                del self.buckets[self.names.pop(ref)]
            case _:
                super().handle_info(message)
