"""``beamish run`` of the KV server of examples/, until it has answered its first client.

Counted: milliseconds, from the start of the OS process to the answer. Until it listens, the client
tries to connect again every millisecond.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

from benchmarks.build import HERE
from benchmarks.workload import Outside

PATIENCE, PAUSE = 30.0, 0.001  # seconds


def measure(system: str) -> float:
    port = free_port()
    loop = ["--loop", "uvloop"] if system.endswith("uvloop") else []
    start = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "beamish", "run", *loop, "examples.kv"],
        env={**os.environ, "HOST": "127.0.0.1", "PORT": str(port)},
        cwd=HERE.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with connect(port, server) as client:
            client.sendall(b"CREATE shopping\r\n")
            answer = client.recv(100)
        took = time.perf_counter() - start
    finally:
        server.kill()
        server.wait()
    assert answer == b"OK\r\n", answer
    return took * 1000


def connect(port: int, server: subprocess.Popen[bytes]) -> socket.socket:
    """Connects as soon as it listens."""
    end = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        try:
            return socket.create_connection(("127.0.0.1", port), PATIENCE)
        except ConnectionRefusedError:
            time.sleep(PAUSE)
    raise RuntimeError("the KV server does not come up: try `beamish run examples.kv`")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


WORKLOAD = Outside(
    name="startup_kv",
    title="`beamish run` of the KV server, to its first answer",
    unit="ms",
    better="lower",
    measure=measure,
    systems=("beamish", "beamish-uvloop"),
)
