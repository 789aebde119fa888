"""A running echo server, visitors who talk to it, and its log as messages."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from beamish import Down, Pid, Ref, process, receive
from beamish.otp import Supervisor, TaskSupervisor
from examples.texts.echo_server.many_clients import TASK_SUPERVISOR

__all__ = [
    "SOON",
    "Server",
    "Visitor",
    "accepting",
    "crash_of",
    "free_port",
    "reason_of",
    "records",
    "serving",
]

# Seconds after which what must come is given up as lost; they pass only in a test that fails.
SOON: Final = 10.0


class Visitor:
    """A client that is nothing but a socket; it hangs up when the test's process ends."""

    def __init__(self) -> None:
        self.socket = process.own(socket.socket())
        self.socket.setblocking(False)
        self._heard = b""

    @classmethod
    async def of(cls, port: int) -> "Visitor":
        """A new client of the server at this port of this machine."""
        visitor = cls()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SOON):
            await loop.sock_connect(visitor.socket, ("127.0.0.1", port))
        return visitor

    async def say(self, line: bytes) -> None:
        """Types a line, as telnet sends it."""
        await asyncio.get_running_loop().sock_sendall(self.socket, line + b"\r\n")

    async def hear(self) -> bytes:
        """The next line that comes back, with its end; empty when the server has hung up."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SOON):
            while b"\n" not in self._heard:
                try:
                    data = await loop.sock_recv(self.socket, 4096)
                except ConnectionResetError:
                    data = b""
                if not data:
                    return b""
                self._heard += data
        line, end, self._heard = self._heard.partition(b"\n")
        return line + end

    async def echo(self, line: bytes) -> bytes:
        """Types a line, and tells what comes back."""
        await self.say(line)
        return await self.hear()

    def hears_nothing(self) -> bool:
        """Whether there is no answer, and the connection is still open."""
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._heard
        return False

    def quit(self) -> None:
        """Hangs up."""
        self.socket.close()


class Server:
    """A running server."""

    def __init__(self, supervisor: Pid, port: int) -> None:
        self.supervisor = supervisor
        self.port = port

    async def visitor(self) -> Visitor:
        """A client that is being served."""
        visitor = await Visitor.of(self.port)
        assert await visitor.echo(b"knock") == b"knock\r\n"
        await process.sleep(0)  # the acceptor has handed it over, if it does that at all
        return visitor

    async def child(self, name: str) -> Pid:
        """The running child of this id."""
        children = await Supervisor.which_children(self.supervisor)
        (pid,) = [child.pid for child in children if child.id == name]
        assert isinstance(pid, Pid)
        return pid

    async def acceptor(self) -> Pid:
        return await self.child("Task")

    async def tasks(self) -> list[Pid]:
        """The tasks of the clients."""
        return await TaskSupervisor.children(TASK_SUPERVISOR)


@asynccontextmanager
async def serving(
    start: Callable[[int], Awaitable[Pid]], port: int | None = None
) -> AsyncGenerator[Server, None]:
    """A server that accepts connections in the block, and whose log comes to the caller."""
    process.flag(trap_exit=True)
    with records():
        port = free_port() if port is None else port
        server = Server(await start(port), port)
        await accepting(port)
        try:
            yield server
        finally:
            if process.alive(server.supervisor):
                await Supervisor.stop(server.supervisor)


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# ---- the log, which tells when something has happened


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._reader = process.self()

    def emit(self, record: logging.LogRecord) -> None:
        process.send(self._reader, record)


@contextmanager
def records() -> Generator[None, None, None]:
    """In the block each record of the server's log is a message to the calling process."""
    handler, loggers = _Records(), [logging.getLogger(name) for name in ("KVServer", "beamish")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


async def accepting(port: int) -> None:
    """Waits until the server says that it accepts connections."""
    text = f"Accepting connections on port {port}"

    def says_so(message: object) -> bool:
        return isinstance(message, logging.LogRecord) and message.getMessage() == text

    await receive(says_so, timeout=SOON)


async def crash_of(pid: Pid) -> logging.LogRecord:
    """Waits for the crash report of a process."""

    def is_report(message: object) -> bool:
        if not isinstance(message, logging.LogRecord):
            return False
        fields = vars(message)
        return fields.get("report") == "crash" and fields["beamish"]["pid"] == repr(pid)

    record: logging.LogRecord = await receive(is_report, timeout=SOON)
    return record


async def reason_of(watching: Ref) -> Any:
    """Waits for a monitored process to end; why it did."""
    down: Down = await receive(("DOWN", watching, ..., ..., ...), timeout=SOON)
    return down.reason
