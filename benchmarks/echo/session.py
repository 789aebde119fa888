"""One measurement over TCP: a server on one core, the client on another, each its own process."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.build import HERE, c_program, erl_command
from benchmarks.systems import SystemName
from benchmarks.workload import Echo

__all__ = ["measure"]

FILES = 16384


def measure(workload: Echo, system: SystemName, seconds: float, build: Path) -> tuple[float, str]:
    """Returns the workload's figure, and a remark on the client.

    Args:
        workload: what the clients do.
        system: whose server is measured.
        seconds: how long answers are counted.
        build: directory for compiled programs.
    """
    raise_file_limit()
    server_core, client_core = cores()
    command = server_command(workload, system, build)
    with on_core(server_core):
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)
    with server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            if not port.isdecimal():
                raise RuntimeError(f"expected the port of the {system} server; it said {port!r}")
            client = client_command(workload, port, seconds, build)
            with on_core(client_core):
                if workload.figure == "memory":
                    return memory(client, workload.connections, server.pid), ""
                return exchange(client, workload, seconds, client_core)
        finally:
            server.kill()


def client_command(workload: Echo, port: str, seconds: float, build: Path) -> list[str]:
    compiled = c_program("client", build)
    program = [str(compiled)] if compiled else [sys.executable, str(HERE / "echo" / "client.py")]
    numbers = (workload.connections, workload.lines, seconds)
    return [*program, port, workload.kind, *map(str, numbers)]


def exchange(
    command: list[str], workload: Echo, seconds: float, core: int | None
) -> tuple[float, str]:
    """Runs the client; returns the figure and a remark."""
    client = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds * 2 + 30
    )
    rate, busy, median, p99 = map(float, client.stdout.split())
    language = "Python" if command[0] == sys.executable else "C"
    where = "own core" if core is not None else "not pinned"
    remark = (
        f"50 % within {median:.0f} us, 99 % within {p99:.0f}; "
        f"client in {language}, {where}, {busy:.0%} busy"
    )
    return (p99 if workload.figure == "p99" else rate), remark


def memory(command: list[str], connections: int, server: int) -> float:
    """Returns the bytes by which the server grows for each connection that waits."""
    before = resident(server)
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with client:
        assert client.stdout is not None
        if client.stdout.readline() != "idle\n":
            raise RuntimeError("the client could not open its connections")
        return (resident(server) - before) / connections


def resident(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def server_command(workload: Echo, system: SystemName, build: Path) -> list[str]:
    """Returns the command of a server that prints its port and serves forever."""
    name, _, variant = system.partition("-")
    if workload.kind == "kv":
        if name == "otp":
            return erl_command(build, "bench_kv", "serve")
        name = "kv"
    if name == "otp":
        return erl_command(build, "bench_echo", variant or "passive", flags=("+Q", str(FILES)))
    if system == "c":
        program = c_program("limit", build)
        if program is None:
            raise FileNotFoundError("expected a C compiler named cc on the PATH; there is none")
        return [str(program)]
    loop = [variant] if variant else []
    return [sys.executable, "-m", f"benchmarks.echo.{name}_server", *loop]


def cores() -> tuple[int | None, int | None]:
    """Returns the cores of server and client, or None twice where they cannot be had."""
    if sys.platform != "linux":
        return None, None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


@contextmanager
def on_core(core: int | None) -> Generator[None, None, None]:
    """What is started inside runs on that core only: it inherits ours for the moment."""
    if core is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_file_limit() -> None:
    """Allows enough open sockets for ten thousand connections: the default is often 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FILES <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
