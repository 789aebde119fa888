"""The server's tree of processes inside of the test, so that members of it can be killed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from beamish import Pid, process
from beamish.otp import ChildSpec, Supervisor, SupervisorFlags, TaskSupervisor
from examples.kv.__main__ import reserve
from examples.kv.registry import NAME as REGISTRY
from examples.kv.registry import Registry
from examples.kv.server import TASK_SUPERVISOR
from examples.kv.supervisor import BUCKET_SUPERVISOR, Umbrella
from tests.runtime.harness import PATIENCE

__all__ = ["Client", "Tree", "log_records", "tree"]


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

    async def __aenter__(self) -> Client:
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
async def tree(umbrella: type[Umbrella] = PatientUmbrella) -> AsyncIterator[Tree]:
    """Starts the tree on a free port, and stops it at the end."""
    host, port = reserve("127.0.0.1", 0)
    root = await umbrella.start_link(host, port, name="KV.Umbrella")
    try:
        yield Tree(root, port)
    finally:
        await Supervisor.stop(root)


async def child(supervisor: Any, id: str) -> Pid:
    """The pid of a supervisor's child."""
    [pid] = [info.pid for info in await Supervisor.which_children(supervisor) if info.id == id]
    assert isinstance(pid, Pid)
    return pid


async def member(name: str) -> Pid:
    """The pid of a member of the tree, by the name that it has there."""
    match name:
        case "KVServer.Acceptor":
            return await child("KVServer.Supervisor", name)
        case "a bucket":
            pid = await Registry.create(REGISTRY, "shopping")
            return pid
        case "a connection":
            [first, *_] = await TaskSupervisor.children(TASK_SUPERVISOR)
            return first
        case _:
            pid = process.whereis(name)
            assert pid is not None
            return pid


async def kill(name: str) -> None:
    """Kills a member of the tree; returns when it is gone and its supervisors have seen to it."""
    pid = await member(name)
    ref = process.monitor(pid)
    process.exit(pid, "kill")
    await process.receive(("DOWN", ref, "process", pid, "killed"), timeout=PATIENCE)
    await settled()


async def settled() -> None:
    """Waits until each supervisor of the tree has dealt with what it was told before."""
    for name in ("KV.Supervisor", "KVServer.Supervisor", "KV.Umbrella", *SUPERVISORS):
        if (pid := process.whereis(name)) is not None:
            ref = process.monitor(pid)
            process.send(pid, ())


SUPERVISORS = (BUCKET_SUPERVISOR, TASK_SUPERVISOR)


@contextmanager
def log_records() -> Iterator[list[logging.LogRecord]]:
    """Collects what is logged."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield records
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
