"""The server's tree of processes inside of the test, so that members of it can be killed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Final, Self

from beamish import Pid, process
from beamish.otp import ChildSpec, Supervisor, SupervisorFlags, TaskSupervisor
from examples.kv.__main__ import reserve
from examples.kv.registry import NAME as REGISTRY
from examples.kv.registry import Registry
from examples.kv.server import TASK_SUPERVISOR
from examples.kv.supervisor import Umbrella
from tests.runtime.harness import PATIENCE

__all__ = ["PARENTS", "Client", "Tree", "kill", "log_records", "pid_of", "tree"]


@dataclass(frozen=True)
class Tree:
    """A running tree.

    Attributes:
        root: the pid of the umbrella.
        port: where the server listens.
    """

    root: Pid
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


class PatientUmbrella(Umbrella):
    """One that does not give up while a test kills its children."""

    def init(self, host: str, port: int) -> tuple[SupervisorFlags, list[ChildSpec]]:
        flags, children = super().init(host, port)
        return replace(flags, max_restarts=10_000), children


@asynccontextmanager
async def tree(umbrella: type[Umbrella] = PatientUmbrella) -> AsyncGenerator[Tree]:
    """Starts the tree on a free port, and stops it at the end."""
    host, port = reserve("127.0.0.1", 0)
    root = await umbrella.start_link(host, port, name="KV.Umbrella")
    try:
        yield Tree(root, port)
    finally:
        if process.alive(root):
            await Supervisor.stop(root)


# Who restarts whom. Connections and buckets are not restarted.
PARENTS: Final = {
    "KVServer.Acceptor": "KVServer.Supervisor",
    "KVServer.TaskSupervisor": "KVServer.Supervisor",
    "KV.Registry": "KV.Supervisor",
    "KV.BucketSupervisor": "KV.Supervisor",
    "KV.Supervisor": "KV.Umbrella",
    "KVServer.Supervisor": "KV.Umbrella",
}


async def pid_of(member: str) -> Pid:
    """The pid of a member of the tree: "a bucket", "a connection", or one of PARENTS."""
    match member:
        case "a bucket":
            return await Registry.create(REGISTRY, "shopping")
        case "a connection":
            return (await TaskSupervisor.children(TASK_SUPERVISOR))[0]
        case _:
            for info in await Supervisor.which_children(PARENTS[member]):
                if info.id == member:
                    assert isinstance(info.pid, Pid)
                    return info.pid
            raise AssertionError(f"{PARENTS[member]} has no child {member}")


async def kill(member: str) -> None:
    """Kills a member of the tree; returns when its supervisor has restarted it."""
    pid = await pid_of(member)
    ref = process.monitor(pid)  # before: of a death that it comes upon it tells at once
    process.exit(pid, "kill")
    await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
    if member in PARENTS:
        # It answers after it has dealt with the death, of which it was told before we were.
        await Supervisor.which_children(PARENTS[member])


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
