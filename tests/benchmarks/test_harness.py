"""How a measurement is run: apart, and with nothing left of it."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks import apart, costs, workloads
from benchmarks.__main__ import measured, record
from benchmarks.machine import Machine
from benchmarks.plan import Plan
from benchmarks.systems import NAMES, PEERS, SERVERS, functions, lacking
from benchmarks.workload import InProcess
from benchmarks.workloads import found

PATIENCE = 60.0


def python(source: str, seconds: float = PATIENCE) -> apart.Outcome:
    return apart.run([sys.executable, "-c", source], seconds, Path.cwd(), os.environ)


def test_what_a_command_prints_is_its_outcome() -> None:
    outcome = python("import sys; print(1); print(2, file=sys.stderr)")

    assert outcome == apart.Outcome("1\n", "2\n")


def test_the_last_line_of_its_errors_says_why_a_command_failed() -> None:
    assert python("raise ValueError('no')").failure == "ValueError: no"


def test_a_silent_failure_is_told_by_its_exit_code() -> None:
    assert python("raise SystemExit(3)").failure == "ended with 3"


def test_a_command_that_takes_too_long_is_ended() -> None:
    assert python("import time; time.sleep(600)", 0.01).failure == "not done in 0 s"


def test_what_a_command_leaves_behind_is_ended(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    outcome = python(
        "import subprocess, sys; "
        f"to = open({str(fifo)!r}, 'w'); "
        "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], stdout=to)"
    )

    os.set_blocking(reading, True)
    assert outcome.failure == ""
    assert os.read(reading, 1) == b""  # the last that could write to it is gone
    os.close(reading)


def test_a_workload_is_found_by_its_file(tmp_path: Path) -> None:
    for name in ("__init__", "zebra", "call", "ping_pong", "aardvark"):
        (tmp_path / f"{name}.py").touch()

    assert found(tmp_path) == ("ping_pong", "call", "aardvark", "zebra")


@pytest.mark.parametrize("name", workloads.NAMES)
def test_every_workload_can_be_loaded(name: str) -> None:
    assert workloads.load(name).name == name


@pytest.mark.parametrize("peer", PEERS)
def test_every_peer_has_ping_pong_spawn_and_call(peer: str) -> None:
    assert {"run", "ping_pong", "spawn_exit", "call"} <= functions(peer)


def test_a_system_that_lacks_a_workload_says_so() -> None:
    workload = workloads.load("link_chain")

    lacks = {system for system in NAMES if lacking(workload, system)}

    assert lacks == {*PEERS, *SERVERS}


def test_who_is_slow_does_a_part_of_the_work_once() -> None:
    workload = workloads.load("ping_pong")
    assert isinstance(workload, InProcess)

    plan = Plan.of(workload, quick=False).part(10)

    assert (plan.size, plan.repeats) == (workload.size // 10, 1)


def test_the_loop_of_the_scheduler_can_be_had_without_citizenship() -> None:
    names = costs.without_citizenship().co_names

    assert "context" not in names
    assert "popleft" in names


def test_a_workload_that_cannot_be_loaded_stops_no_other(tmp_path: Path) -> None:
    groups = list(measured(["no such workload", "call"], [], 1, tmp_path, quick=True))

    assert groups == [[], []]
    assert record(iter(groups), tmp_path / "figures.jsonl", machine()) == (True, [])


def machine() -> Machine:
    return Machine("a fast one", 2, "Linux", "CPython", None, None, None, None, "today")
