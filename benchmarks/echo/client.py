"""The client of the echo workloads where there is no C compiler: client.c, in Python.

It is slower than some servers, so its figures are a lower limit; the table says that it was used.
It knows echo only.
"""

from __future__ import annotations

import select
import socket
import statistics
import sys
import time

LINE = b"0123456789 abcdefghi 0123456789\n"


class Client:
    """All connections, how many bytes of each answer are missing, and since when."""

    def __init__(self, port: int, connections: int, lines: int) -> None:
        self.packet = LINE * lines
        self.selector = Selector()
        self.sockets: dict[int, socket.socket] = {}
        self.missing: dict[int, int] = {}
        self.sent: dict[int, float] = {}
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = connection.fileno()
            self.sockets[number] = connection
            self.selector.register(number)
            self.send(number)

    def send(self, number: int) -> None:
        self.missing[number] = len(self.packet)
        self.sent[number] = time.perf_counter()
        self.sockets[number].sendall(self.packet)

    def echo_until(self, end: float) -> list[float]:
        """Echoes until the time is over and returns the time of each packet."""
        times: list[float] = []
        while (now := time.perf_counter()) < end:
            for number in self.selector.ready():
                answer = self.sockets[number].recv(self.missing[number])
                if not answer:
                    raise ConnectionError("the server closed the connection")
                self.missing[number] -= len(answer)
                if not self.missing[number]:
                    times.append(now - self.sent[number])
                    self.send(number)
        return times


class Selector:
    """Readable descriptors: epoll where there is one, else poll."""

    def __init__(self) -> None:
        self._poll = select.epoll() if sys.platform == "linux" else select.poll()

    def register(self, number: int) -> None:
        self._poll.register(number, select.POLLIN)

    def ready(self) -> list[int]:
        # Both count the time-out differently (seconds, milliseconds); -1 is forever in both.
        return [number for number, _ in self._poll.poll(-1)]


def main(port: int, kind: str, connections: int, lines: int, seconds: float) -> None:
    if kind != "echo":
        sys.exit(f"{kind}: the client for it is written in C, and there is no compiler named cc")
    client = Client(port, connections, lines)
    client.echo_until(time.perf_counter() + seconds / 4)
    start, cpu = time.perf_counter(), time.process_time()
    times = client.echo_until(start + seconds)
    took = time.perf_counter() - start
    median, p99 = (1e6 * statistics.quantiles(times, n=100)[at] for at in (49, 98))
    rate, busy = len(times) * lines / took, (time.process_time() - cpu) / took
    print(f"{rate:.1f} {busy:.3f} {median:.1f} {p99:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
