"""The systems that are compared, and which of them can run what."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from benchmarks.workload import Echo, InProcess, Outside, Workload

__all__ = ["NAMES", "PEERS", "PeerName", "SystemName", "lacking"]

PeerName = Literal["trio", "pykka", "thespian", "triotp", "fauxtp"]

# otp: one BEAM scheduler (+S 1:1). c: the limit of the machine, for echo only.
SystemName = Literal[
    "otp",
    "beamish",
    "beamish-uvloop",
    "asyncio",
    "asyncio-uvloop",
    "trio",
    "pykka",
    "thespian",
    "triotp",
    "fauxtp",
    "c",
]

NAMES: tuple[SystemName, ...] = get_args(SystemName)
PEERS: tuple[PeerName, ...] = get_args(PeerName)

_FUNCTION = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)


def lacking(workload: Workload, system: SystemName) -> str:
    """Returns why the workload has no meaning on the system; nothing where it has one."""
    if isinstance(workload, Outside):
        return "" if system in workload.systems else "not compared"
    if system in PEERS:
        return "" if workload.name in functions(system) else "not compared"
    if system == "c":
        return "" if isinstance(workload, Echo) else "there is only an echo server in C"
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
