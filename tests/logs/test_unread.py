"""A standard error that nobody reads, or that is gone, stops no node."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import pytest

from beamish.otp.logger import BurstLimit, ThreadedHandler
from tests.support.program import PATIENCE, ROOT

from . import programs

pytestmark = pytest.mark.slow  # an OS process for each


def _start(name: str, stderr: Any, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.logs.programs", name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        **options,
    )


def _line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def test_a_storm_of_reports_that_nobody_reads_stops_neither_the_node_nor_its_end() -> None:
    with _start("storm", subprocess.PIPE) as program:
        assert _line(program.stdout) == "went on\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(PATIENCE) == 0
        assert program.stderr is not None
        assert len(program.stderr.read()) < 200_000


def test_every_record_of_a_storm_is_written_or_counted() -> None:
    with _start("storm_for_a_slow_reader", subprocess.PIPE) as program:
        assert _line(program.stdout) == "went on\n"
        program.send_signal(signal.SIGTERM)
        assert program.stderr is not None
        log = program.stderr.read()
        assert program.wait(PATIENCE) == 0

    counted = re.findall(r"(\d+) (?:reports \(crash\) were left out|log records were dropped)", log)
    written = log.count(" terminating") + log.count("SIGTERM: stopping")
    assert written + sum(map(int, counted)) == programs.STORM + 1


class _Stuck(logging.Handler):
    """Writes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.go_on.wait(PATIENCE)
        self.lines.append(record.getMessage())


def _told(lines: list[str]) -> list[str]:
    """What they say of records that were dropped."""
    return [line.partition(":")[0] for line in lines if "dropped" in line]


def test_a_handler_that_hangs_drops_what_is_too_much_and_says_how_much() -> None:
    target = _Stuck()
    handler = ThreadedHandler(target, drop_mode_qlen=5)
    log = logging.Logger("shop")
    log.addHandler(handler)

    for number in range(20):
        log.warning("%d", number)
    dropped = handler.dropped
    target.go_on.set()
    handler.flush()
    handler.close()

    assert _told(target.lines) == [f"{dropped} log records were dropped"]
    assert dropped + len(target.lines) - 1 == 20
    assert dropped >= 14


@pytest.fixture
def stuck() -> Iterator[tuple[logging.Logger, ThreadedHandler, _Stuck]]:
    """A logger whose handler has so much to write that it drops whatever comes."""
    target = _Stuck()
    handler = ThreadedHandler(target, drop_mode_qlen=5)
    log = logging.getLogger("shop.stuck")
    log.propagate = False
    log.addHandler(handler)
    while not handler.dropped:
        log.warning("too much")
    yield log, handler, target
    log.removeHandler(handler)
    target.go_on.set()
    handler.close()


def test_reports_are_counted_also_if_the_record_that_counts_them_is_dropped(stuck: Any) -> None:
    log, handler, target = stuck
    limit = BurstLimit(max_count=1)
    for _ in range(8):
        limit.passes(log.name, "crash")
    before = handler.dropped

    limit.flush()
    target.go_on.set()
    handler.flush()
    handler.close()

    assert handler.dropped == before + 7
    assert _told(target.lines) == [f"{handler.dropped} log records were dropped"]


@pytest.mark.parametrize("left_out", [None, "7", True, 7.0, object()], ids=repr)
def test_a_record_of_the_users_counts_as_one(left_out: Any, stuck: Any) -> None:
    log, handler, _ = stuck
    before = handler.dropped

    log.warning("mine", extra={"left_out": left_out})

    assert handler.dropped == before + 1


class _Refusing(ThreadedHandler):
    """Cannot write while it `refuses`, like a pipe whose reader has gone."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = True
        self.lines: list[str] = []

    def write(self, record: logging.LogRecord) -> bool:
        if not self.refuses:
            self.lines.append(record.getMessage())
        return not self.refuses


@pytest.mark.parametrize("later", [True, False], ids=["with another", "at the end"])
def test_what_could_not_be_told_is_told_later(later: bool) -> None:
    handler = _Refusing()
    log = logging.Logger("shop")
    log.addHandler(handler)
    for number in range(3):
        log.warning("%d", number)
    handler.flush()

    handler.refuses = False
    if later:
        log.warning("at last")
    handler.close()

    assert _told(handler.lines) == ["3 log records were dropped"]


def _closed() -> dict[str, Any]:
    return {"preexec_fn": lambda: os.close(2)}


def _without_reader() -> dict[str, Any]:
    reader, writer = os.pipe()
    os.close(reader)
    return {"stderr": writer}


def _full_disk() -> dict[str, Any]:
    return {"stderr": os.open("/dev/full", os.O_WRONLY)}


def _socket_without_reader() -> dict[str, Any]:
    one, other = socket.socketpair()
    other.close()
    return {"stderr": one.detach()}


GONE: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "closed": _closed,
    "a pipe without a reader": _without_reader,
    "a socket without a reader": _socket_without_reader,
    "a full disk": _full_disk,
}


@pytest.mark.parametrize("name", ["a_few", "without_threads"])
@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_a_standard_error_that_is_gone_harms_nobody(
    gone: Callable[[], dict[str, Any]], name: str
) -> None:
    options = gone()
    stderr = options.pop("stderr", None)
    with _start(name, stderr, **options) as program:
        assert _line(program.stdout) == "went on\n"
        assert program.wait(PATIENCE) == 0
    if stderr is not None:
        os.close(stderr)


def test_all_is_written_to_whoever_reads(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log, _start("a_few", log) as program:
        assert program.wait(PATIENCE) == 0

    assert (tmp_path / "log").read_text().count("terminating") == 3
