"""Web requests beside processes that compute without end: ``python -m benchmarks.hogs``.

A server of HTTP answers GET on 127.0.0.1, each request on a connection of its own, with the help of
a second process (a GenServer; a Task and a queue in plain asyncio). Beside it run hogs: processes
that count in a loop, or threads in plain asyncio. A client on another core sends requests at fixed
times, whether the earlier ones were answered or not.

Printed are milliseconds from the time at which a request was due to its answer, median and 99th
percentile, and what the hogs have lost to the requests: their loops for each second of CPU time,
beside those of as long a time without requests. Each line is an OS process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from beamish import process
from beamish.otp import Agent
from benchmarks import apart, machine, runners
from benchmarks.build import HERE
from benchmarks.clock import perf_counter
from benchmarks.loops import run_asyncio, run_beamish

__all__ = ["SYSTEMS", "Beside", "main"]

SYSTEMS: Final = ("beamish", "beamish-uvloop", "asyncio", "asyncio-uvloop")
LIMIT_SECONDS: Final = 120.0
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n%3d"

Next = Callable[[], Awaitable[int]]
Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Beside:
    """One measurement.

    Attributes:
        median: milliseconds of a request.
        p99: milliseconds that 99 of 100 requests do not exceed.
        lost: the part of their loops that the hogs have lost to the requests.
        least: the share of the hog that had least, times the number of hogs.
    """

    median: float
    p99: float
    lost: float
    least: float


def serving(number: Next) -> Serving:
    """A server of one request a connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER % (await number() % 1000))
        await writer.drain()
        writer.close()

    return serve


# ---- the systems


async def on_beamish(hogs: int, rate: float, seconds: float) -> Beside:
    counter = await Agent.start_link(lambda: 0)

    async def number() -> int:
        n: int = await Agent.get_and_update(counter, lambda n: (n, n + 1))
        return n

    counts = [0] * hogs

    def count(index: int) -> None:
        while True:
            counts[index] += 1

    for index in range(hogs):
        process.spawn_link(count, index)
    return await measured(counts, number, rate, seconds)


async def on_asyncio(hogs: int, rate: float, seconds: float) -> Beside:
    asked: asyncio.Queue[asyncio.Future[int]] = asyncio.Queue()

    async def answer() -> None:
        n = 0
        while True:
            (await asked.get()).set_result(n := n + 1)

    async def number() -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asked.put_nowait(future)
        return await future

    counts, stop = [0] * hogs, threading.Event()

    def count(index: int) -> None:
        while not stop.is_set():
            for _ in range(1000):
                counts[index] += 1

    threads = [threading.Thread(target=count, args=(index,)) for index in range(hogs)]
    answering = asyncio.create_task(answer())
    for thread in threads:
        thread.start()
    try:
        return await measured(counts, number, rate, seconds)
    finally:
        stop.set()
        answering.cancel()


# ---- measuring


async def measured(counts: list[int], number: Next, rate: float, seconds: float) -> Beside:
    """Runs the hogs alone, then beside the requests."""
    async with listening(serving(number)) as port:
        await asyncio.sleep(seconds / 4)
        alone, _ = await loops(counts, asyncio.sleep(seconds))
        beside, (output, _) = await loops(counts, client(port, rate, seconds))
    times = json.loads(output)
    return Beside(
        median=statistics.median(times),
        p99=sorted(times)[len(times) * 99 // 100],
        lost=1 - sum(beside) / sum(alone) if counts else 0.0,
        least=min(beside) * len(counts) / sum(beside) if counts else 1.0,
    )


async def loops(counts: list[int], during: Awaitable[Any]) -> tuple[list[float], Any]:
    """The loops of each hog for a second of CPU time, while something is awaited."""
    begun, began = counts.copy(), time.process_time()
    result = await during
    used = time.process_time() - began
    return [(now - then) / used for now, then in zip(counts, begun, strict=True)], result


@asynccontextmanager
async def listening(serve: Serving) -> AsyncGenerator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def client(port: int, rate: float, seconds: float) -> tuple[bytes, bytes]:
    """Runs the client, and returns what it has printed."""
    arguments = ["--port", str(port), "--rate", str(rate), "--seconds", str(seconds)]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.hogs", *arguments),
        stdout=asyncio.subprocess.PIPE,
        cwd=HERE.parent,
        env=runners.surroundings(),
    )
    return await child.communicate()


async def request_all(port: int, rate: float, seconds: float) -> list[float]:
    """The client: sends requests at their times; returns the milliseconds of each."""

    async def request(due: float) -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.read()
        writer.close()
        return (perf_counter() - due) * 1000

    begin, tasks = perf_counter(), list[asyncio.Task[float]]()
    for n in range(int(rate * seconds)):
        due = begin + n / rate
        await asyncio.sleep(due - perf_counter())
        tasks.append(asyncio.create_task(request(due)))
    return await asyncio.gather(*tasks)


# ---- the command


def main() -> None:
    options = arguments()
    if options.port:
        print(json.dumps(asyncio.run(request_all(options.port, options.rate, options.seconds))))
        return
    if options.worker:
        print(json.dumps(asdict(worker(options))))
        return
    print(machine.look().header())
    print("| system | hogs | median, ms | 99th percentile, ms | lost by the hogs | least share |")
    print("|---|---|---|---|---|---|")
    failed = [
        (hogs, system)
        for hogs in options.hogs
        for system in options.systems
        if not line(system, hogs, options)
    ]
    sys.exit(1 if failed else 0)


def worker(options: argparse.Namespace) -> Beside:
    hogs, rate, seconds = options.hogs[0], options.rate, options.seconds
    kind, _, loop = options.systems[0].partition("-")
    if kind == "asyncio":
        return run_asyncio(on_asyncio(hogs, rate, seconds), uvloop=bool(loop))
    return run_beamish(lambda: on_beamish(hogs, rate, seconds), uvloop=bool(loop))


def line(system: str, hogs: int, options: argparse.Namespace) -> bool:
    """Prints the figures of one system, of the round with the best median; whether there is one."""
    command = [options.python, "-m", "benchmarks.hogs", "--worker", "--systems", system]
    command += ["--hogs", str(hogs), "--rate", str(options.rate)]
    command += ["--seconds", str(options.seconds)]
    rounds: list[Beside] = []
    for _ in range(options.rounds):
        outcome = apart.run(command, LIMIT_SECONDS, HERE.parent, runners.surroundings())
        if outcome.failure:
            print(f"| {system} | {hogs} | failed: {outcome.failure} |")
            return False
        rounds.append(Beside(**json.loads(outcome.output)))
    best = min(rounds, key=lambda one: one.median)
    print(
        f"| {system} | {hogs} | {best.median:.1f} | {best.p99:.1f} "
        f"| {best.lost:.1%} | {best.least:.2f} |",
        flush=True,
    )
    return True


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hogs", description=__doc__)
    parser.add_argument("--hogs", nargs="+", type=int, default=(0, 1, 4), metavar="COUNT")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3, help="of which the best is printed")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--python", default=sys.executable, metavar="PATH")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
