"""The systems that are compared, and which of them can run what."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from benchmarks.workload import Echo, InProcess, Outside, Workload

__all__ = ["NAMES", "PEERS", "SERVERS", "PeerName", "SystemName", "lacking"]

PeerName = Literal["trio", "pykka", "thespian", "triotp", "fauxtp"]

# otp: one BEAM scheduler (+S 1:1). For echo only: otp-active, with active sockets; protocol-uvloop,
# a bare Protocol without a process or task; c, the limit of the machine.
SystemName = Literal[
    "otp",
    "otp-active",
    "beamish",
    "beamish-uvloop",
    "asyncio",
    "asyncio-uvloop",
    "protocol-uvloop",
    "trio",
    "pykka",
    "thespian",
    "triotp",
    "fauxtp",
    "c",
]

NAMES: tuple[SystemName, ...] = get_args(SystemName)
PEERS: tuple[PeerName, ...] = get_args(PeerName)
SERVERS: tuple[SystemName, ...] = ("otp-active", "protocol-uvloop", "c")

_FUNCTION = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)


def lacking(workload: Workload, system: SystemName) -> str:
    """Returns why the workload has no meaning on the system; nothing where it has one."""
    if isinstance(workload, Outside):
        return "" if system in workload.systems else "not compared"
    if system in PEERS:
        return "" if workload.name in functions(system) else "not compared"
    if isinstance(workload, Echo):
        kv = workload.kind == "kv" and system not in ("otp", "beamish", "beamish-uvloop")
        return "not compared" if kv else ""
    if system in SERVERS:
        return "there is only an echo server"
    if not isinstance(workload, InProcess):
        return ""
    if system.endswith("-uvloop") and not workload.loops:
        return "the loop has no part in it"
    if system.startswith("asyncio") and workload.on_asyncio is None:
        return "not compared"
    return ""


@cache
def functions(peer: str) -> frozenset[str]:
    """Returns the functions of a peer's module, which cannot be imported here."""
    source = (Path(__file__).parent / "peers" / f"on_{peer}.py").read_text()
    return frozenset(_FUNCTION.findall(source))
