"""The client of the echo workloads where there is no C compiler: client.c, in Python.

It is slower than some servers, so its figures are a lower limit; the table says that it was used.
"""

from __future__ import annotations

import select
import socket
import sys
import time

LINE = b"0123456789 abcdefghi 0123456789\n"


class Client:
    """All connections, and how many bytes of each answer are missing."""

    def __init__(self, port: int, connections: int) -> None:
        self.selector = Selector()
        self.sockets: dict[int, socket.socket] = {}
        self.missing: dict[int, int] = {}
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = connection.fileno()
            self.sockets[number] = connection
            self.missing[number] = len(LINE)
            self.selector.register(number)
            connection.send(LINE)

    def echo_until(self, end: float) -> int:
        """Echoes until the time is over and returns the number of lines."""
        sockets, missing, lines = self.sockets, self.missing, 0
        while time.perf_counter() < end:
            for number in self.selector.ready():
                connection = sockets[number]
                answer = connection.recv(missing[number])
                if not answer:
                    raise ConnectionError("the server closed the connection")
                missing[number] -= len(answer)
                if not missing[number]:
                    lines += 1
                    missing[number] = len(LINE)
                    connection.send(LINE)
        return lines


class Selector:
    """Readable descriptors: epoll where there is one, else poll."""

    def __init__(self) -> None:
        self._poll = select.epoll() if sys.platform == "linux" else select.poll()

    def register(self, number: int) -> None:
        self._poll.register(number, select.POLLIN)

    def ready(self) -> list[int]:
        # Both count the time-out differently (seconds, milliseconds); -1 is for ever in both.
        return [number for number, _ in self._poll.poll(-1)]


def main(port: int, connections: int, seconds: float) -> None:
    client = Client(port, connections)
    client.echo_until(time.perf_counter() + seconds / 4)
    start, cpu = time.perf_counter(), time.process_time()
    lines = client.echo_until(start + seconds)
    took = time.perf_counter() - start
    print(f"{lines / took:.1f} {(time.process_time() - cpu) / took:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
