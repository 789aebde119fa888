"""The server's tree of processes inside of the test, so that members of it can be killed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from beamish import Pid, process
from beamish.otp import Supervisor, TaskSupervisor, application
from examples.kv.apps import kv
from examples.kv.apps.kv_server import KVServer
from examples.kv.apps.kv_server.app import reserve
from examples.kv.apps.kv_server.server import TASK_SUPERVISOR
from tests.runtime.harness import PATIENCE

__all__ = ["PARENTS", "WAYS", "Client", "Tree", "Way", "kill", "log_records", "pid_of", "tree"]

# The two ways from a name to its bucket.
Way = Literal["server", "names"]
WAYS: Final[tuple[Way, ...]] = ("server", "names")


@dataclass(frozen=True)
class Tree:
    """The running applications.

    Attributes:
        port: where the server listens.
    """

    port: int

    async def connect(self) -> Client:
        """A new client; waits while nobody accepts, as a restarted acceptor needs a moment."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    return Client(*await asyncio.open_connection("127.0.0.1", self.port))
                except ConnectionRefusedError:
                    await process.sleep(0)

    async def serves(self) -> bool:
        """Whether a new client is served: a bucket is made, filled and read."""
        async with await self.connect() as client:
            return [
                await client.ask("CREATE again"),
                await client.ask("PUT again k v"),
                await client.ask("GET again k", 2),
            ] == ["OK\r\n", "OK\r\n", "v\r\nOK\r\n"]


class Client:
    """A client in the same OS process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass

    async def ask(self, command: str, lines: int = 1) -> str:
        """Sends a command; returns its answer, empty if the connection has ended."""
        self.writer.write(f"{command}\r\n".encode())
        try:
            answer = [await self.reader.readline() for _ in range(lines)]
        except ConnectionError:
            return ""
        return b"".join(answer).decode()


@asynccontextmanager
async def tree(registry: Way = "server", data: Path | None = None) -> AsyncGenerator[Tree]:
    """Starts both applications, on a free port, and stops them at the end.

    They do not give up while a test kills their children.
    """
    host, port = reserve("127.0.0.1", 0)
    patient = {"max_restarts": 10_000}
    application.set_env(
        {
            "kv": {"registry": registry, "data": data, **patient},
            "kv_server": {"host": host, "port": port, **patient},
        }
    )
    started = await application.ensure_all_started(KVServer)
    try:
        yield Tree(port)
    finally:
        for name in reversed(started):
            if name in [app.name for app in application.which_applications()]:
                await application.stop(name)


# Who restarts whom. Connections and buckets are not restarted.
PARENTS: Final = {
    "KVServer.Acceptor": "KVServer.Supervisor",
    "KVServer.TaskSupervisor": "KVServer.Supervisor",
    "KV.Registry": "KV.Supervisor",
    "KV.BucketSupervisor": "KV.Supervisor",
    "KV.Subscribers": "KV.Supervisor",
    "KV.Supervisor": "KV",
    "KVServer.Supervisor": "KVServer",
}


async def pid_of(member: str) -> Pid:
    """The pid of a member of the tree: "a bucket", "a connection", or one of PARENTS."""
    match member:
        case "a bucket":
            return await kv.create("shopping")
        case "a connection":
            return (await TaskSupervisor.children(TASK_SUPERVISOR))[0]
        case _:
            parent = PARENTS.get(member, "KV.Supervisor")
            for info in await Supervisor.which_children(parent):
                if info.id == member:
                    assert isinstance(info.pid, Pid)
                    return info.pid
            raise AssertionError(f"{parent} has no child {member}")


async def kill(member: str) -> None:
    """Kills a member of the tree; returns when its supervisor has restarted it."""
    pid = await pid_of(member)
    ref = process.monitor(pid)  # before: of a death that it comes upon it tells at once
    process.exit(pid, "kill")
    await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
    if member in (*PARENTS, "KV.Names", "KV.Store"):
        # It answers after it has dealt with the death, of which it was told before we were.
        await Supervisor.which_children(PARENTS.get(member, "KV.Supervisor"))


@contextmanager
def log_records() -> Generator[list[logging.LogRecord]]:
    """Collects what is logged."""
    handler = _Collector()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield handler.records
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
