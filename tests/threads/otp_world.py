"""A node with servers, registries, groups and applications, seen from another thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from beamish import Pid, process
from beamish.otp import (
    Application,
    GenServer,
    PartitionSupervisor,
    Registry,
    Task,
    application,
    call,
    cast,
    gen_event,
    gen_server,
    global_,
    pg,
    sys,
    timer,
)
from beamish.otp.application.table import table_of_node
from beamish.otp.gen import Caller
from beamish.otp.registry.table import TABLE
from beamish.otp.task import TaskStream

from .world import World

__all__ = ["Lamp", "OtpWorld", "Shop"]

_REGISTRIES: Final = ("unique", "duplicate")


class Lamp(GenServer):
    """A server that tells what it is told."""

    def init(self, world: OtpWorld, _: int = 0) -> None:
        """Keeps the world."""
        self.world = world

    def handle_cast(self, request: Any) -> None:
        """Tells a cast."""
        self.world.tell(request)

    def handle_info(self, message: Any) -> None:
        """Tells a message."""
        self.world.tell(message)

    def handle_call(self, request: Any, caller: Caller) -> Any:
        """Replies."""
        return request

    @call
    def colour(self) -> str:
        """A call."""
        return "red"

    @cast
    def press(self, colour: str) -> None:
        """A cast."""
        self.world.tell(colour)


class Shop(Application):
    """An application without processes."""

    name = "shop"
    env = {"port": 4040}  # noqa: RUF012 - as users write it


@dataclass
class OtpWorld(World):
    """A world with more in it; the witness has a name of every kind."""

    async def begin(self) -> None:
        """Called by the node's main process."""
        for keys in _REGISTRIES:
            await Registry.start_link(keys=keys, name=keys)
        await pg.start_link()
        await timer.start()
        await super().begin()
        self.server: Pid = await Lamp.start_link(self, name="lamp")
        self.manager: Pid = await gen_event.start_link(name="events")
        await PartitionSupervisor.start_link((Lamp, self), name="lamps", partitions=1)
        application.load(Shop)
        await application.start(Shop)
        await pg.join("group", self.witness)
        global_.register_name("witness", self.witness)
        Registry.put_meta("unique", "meta", "data")
        self.request: gen_server.Request[Any] = gen_server.Request("gone", self.friend, self.ref)
        self.requests = gen_server.RequestIds()
        self.requests.add(self.request, "label")
        self.none = gen_server.RequestIds()
        self.job: Task[Any] = Task(self.friend, self.ref, self.subject)
        self.special = sys.Special()
        self.interval = await timer.send_interval(3_600, self.friend, "tick")
        process.spawn(self._consume)
        while not hasattr(self, "stream"):
            await process.sleep(0)
        await self.settle()

    async def _witness(self) -> None:
        process.register("witness", process.self())
        Registry.register("unique", "witness", 1)
        Registry.register("duplicate", "witness", 2)
        await super()._witness()

    async def _consume(self) -> None:
        stream: TaskStream[int] = Task.async_stream([1, 2, 3], abs)
        await anext(stream)
        self.stream = stream
        await process.sleep(None)

    # ---- from the other thread

    def picture(self) -> dict[Any, Any]:
        """What its processes have and are, and what they keep for all."""
        shown = super().picture()
        for keys in _REGISTRIES:
            pid = process.whereis(keys)
            assert pid is not None
            table = process.info(pid, "dictionary")[TABLE]
            shown[keys] = (
                [(entry.key, entry.pid, entry.value) for entry in table.all()],
                {key: [*found] for key, found in table.by_key.items()},
                dict(table.meta),
            )
        known = table_of_node()
        shown["env"] = repr(known)
        shown["global"] = {name: global_.whereis_name(name) for name in global_.registered_names()}
        shown["pg"] = {group: pg.get_members(group) for group in pg.which_groups()}
        shown["requests"] = [*self.requests]
        shown["stream"] = self.stream._over
        return shown
