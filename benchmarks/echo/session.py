"""One measurement of echo: a server on one core, the client on another, each its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.build import HERE, c_program, erl_command
from benchmarks.systems import SystemName

__all__ = ["measure", "raise_file_limit"]


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
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent) as server:
        pin(server.pid, server_core)
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
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
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        pin(client.pid, core)
        output, _ = client.communicate(timeout=seconds * 2 + 30)
    if client.returncode:
        raise subprocess.CalledProcessError(client.returncode, command)
    lines, busy = output.split()
    language = "C" if compiled else "Python"
    where = "own core" if core is not None else "not pinned"
    return float(lines), f"client in {language}, {where}, {float(busy):.0%} busy"


def server_command(system: SystemName, build: Path) -> list[str]:
    """Returns the command of a server that prints its port and serves for ever."""
    if system == "otp":
        return erl_command(build, "bench_echo")
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


def pin(pid: int, core: int | None) -> None:
    """Keeps a process, and the threads that it starts from now on, on one core."""
    if core is not None and sys.platform == "linux":
        os.sched_setaffinity(pid, {core})


def raise_file_limit() -> None:
    """Allows as many open sockets as the machine permits: the default is often 1024."""
    import resource  # noqa: PLC0415 - there is none on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
