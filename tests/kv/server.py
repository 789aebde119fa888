"""The KV server as a program of its own, and a client that speaks with it."""

from __future__ import annotations

import socket
import struct
import sys
from types import TracebackType
from typing import Final, Self

from tests.support.program import PATIENCE, Program

__all__ = ["COMMAND", "Client", "Server"]

# What `make run` runs, with the Python of the tests.
COMMAND: Final = (sys.executable, "-m", "examples.kv")


class Server(Program):
    """A KV server that accepts connections on a port of its own."""

    def __init__(self, *command: str, env: dict[str, str] | None = None) -> None:
        super().__init__(*(command or COMMAND), env={"PORT": "0", **(env or {})})
        try:
            self.port = self.accepting()
        except BaseException:
            self.end()
            raise

    def accepting(self) -> int:
        """Waits until it accepts; returns the port."""
        return int(self.wait_for(r"\[info\] Accepting connections on port (\d+)$")[1])

    def connect(self) -> Client:
        """A new client of it."""
        return Client(self.port)


class Client:
    """A client that writes and reads as it is told, in the calling thread.

    Args:
        port: of the server, on this machine.
        receive_buffer: of the kernel, in bytes; by default the kernel's choice.
    """

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self._input = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Sends bytes."""
        self.socket.sendall(data)

    def line(self) -> bytes:
        """The next line; empty at the end of the connection."""
        return self._input.readline()

    def lines(self, number: int) -> list[bytes]:
        """So many lines."""
        return [self.line() for _ in range(number)]

    def rest(self) -> bytes:
        """Everything until the server closes the connection."""
        return self._input.read()

    def ask(self, command: bytes, lines: int = 1) -> bytes:
        """Sends a command; returns its answer, which has so many lines."""
        self.send(command + b"\r\n")
        return b"".join(self.lines(lines))

    def is_served(self) -> bool:
        """Whether the server answers."""
        return self.ask(b"HELLO") == b"UNKNOWN COMMAND\r\n"

    def finish(self) -> None:
        """Says that nothing more will be sent; answers can still be read."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Closes the connection."""
        self._input.close()
        self.socket.close()

    def vanish(self) -> None:
        """Throws the connection away: the server gets a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()
