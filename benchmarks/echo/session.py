"""One measurement of echo: a server on one core, the client on another, each its own process."""

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

__all__ = ["measure"]

FILES = 4096


def measure(system: SystemName, connections: int, seconds: float, build: Path) -> tuple[float, str]:
    """Returns lines a second, and a remark on the client.

    Args:
        system: whose server is measured.
        connections: number of connections, each with one line on the way.
        seconds: how long answers are counted.
        build: directory for compiled programs.
    """
    raise_file_limit()
    server_core, client_core = cores()
    command = server_command(system, build)
    with on_core(server_core):
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)
    with server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            if not port.isdecimal():
                raise RuntimeError(f"expected the port of the {system} server; it said {port!r}")
            return run_client(port, connections, seconds, build, client_core)
        finally:
            server.kill()


def run_client(
    port: str, connections: int, seconds: float, build: Path, core: int | None
) -> tuple[float, str]:
    """Runs the client against the port; returns lines a second and a remark."""
    compiled = c_program("client", build)
    program = [str(compiled)] if compiled else [sys.executable, str(HERE / "echo" / "client.py")]
    command = [*program, port, str(connections), str(seconds)]
    with on_core(core):
        client = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds * 2 + 30
        )
    lines, busy = client.stdout.split()
    language = "C" if compiled else "Python"
    where = "own core" if core is not None else "not pinned"
    return float(lines), f"client in {language}, {where}, {float(busy):.0%} busy"


def server_command(system: SystemName, build: Path) -> list[str]:
    """Returns the command of a server that prints its port and serves for ever."""
    if system == "otp":
        return erl_command(build, "bench_echo", "serve")
    if system == "c":
        program = c_program("limit", build)
        if program is None:
            raise FileNotFoundError("expected a C compiler named cc on the PATH; there is none")
        return [str(program)]
    name, _, loop = system.partition("-")
    return [sys.executable, "-m", f"benchmarks.echo.{name}_server", *([loop] if loop else [])]


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
    """Allows enough open sockets for a thousand connections: the default is often 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FILES <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
