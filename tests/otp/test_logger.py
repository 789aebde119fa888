"""The bridge between processes and logging: metadata, levels, storms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from typing import Any

import pytest

from beamish import behaviour, process
from beamish.otp import Agent, Supervisor, logger
from beamish.terms import BadArgError
from beamish.testing import expect_down, settle

LOG = logging.getLogger("test.logger")


class Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "asyncio":  # which tells of its selector
            self.records.append(record)


@pytest.fixture
def records() -> Generator[list[Any]]:
    """What is logged while the bridge stands."""
    handler = Collector()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logger.install(handler)
    yield handler.records
    logger.uninstall()
    root.removeHandler(handler)
    root.setLevel(level)
    LOG.setLevel(logging.NOTSET)


@pytest.mark.beamish
async def test_records_carry_the_metadata_and_the_pid_of_their_process(records: list[Any]) -> None:
    logger.metadata(request_id="a1", user="u")
    logger.metadata(user=None, size=3)
    LOG.info("text")

    [record] = records
    assert record.metadata == {"request_id": "a1", "size": 3} == logger.get_metadata()
    assert (record.request_id, record.size, record.pid) == ("a1", 3, repr(process.self()))


@pytest.mark.beamish
async def test_each_process_has_its_own_and_begins_with_its_spawners(records: list[Any]) -> None:
    def child() -> None:
        logger.metadata(child=True)
        LOG.info("child")

    logger.metadata(request_id="a1")
    pid = process.spawn(child)
    await expect_down(pid)
    LOG.info("parent")

    assert [record.metadata for record in records] == [
        {"request_id": "a1", "child": True},
        {"request_id": "a1"},
    ]
    assert records[0].pid == repr(pid)


@pytest.mark.beamish
async def test_the_tasks_of_a_process_log_with_its_metadata(records: list[Any]) -> None:
    async def task() -> None:
        LOG.info("task")

    logger.metadata(request_id="a1")
    processes = len(process.list())
    await asyncio.create_task(task())

    assert records[0].request_id == "a1"
    assert records[0].pid == ""
    assert len(process.list()) == processes  # logging makes no process of a Task


@pytest.mark.beamish
async def test_metadata_can_be_replaced(records: list[Any]) -> None:
    logger.metadata(a=1)
    logger.reset_metadata(b=2)

    assert logger.get_metadata() == {"b": 2}
    assert records == []


def test_metadata_cannot_be_called_as_what_records_have() -> None:
    with pytest.raises(BadArgError, match="args, name is what log records have"):
        logger.metadata(name="x", args=1, fine=2)


def test_outside_of_processes_there_is_no_pid(records: list[Any]) -> None:
    LOG.info("text")

    assert (records[0].pid, records[0].metadata) == ("", {})


@pytest.mark.beamish
async def test_a_crash_report_carries_the_metadata_and_its_own_pid(records: list[Any]) -> None:
    async def crash() -> None:
        logger.metadata(request_id="a1")
        raise ZeroDivisionError

    pid = process.spawn(crash)
    await expect_down(pid)

    [report] = records
    assert (report.report, report.pid, report.request_id) == ("crash", repr(pid), "a1")
    assert report.beamish["pid"] == repr(pid)


# ---- levels


@pytest.mark.beamish
async def test_a_process_may_log_less_than_others(records: list[Any]) -> None:
    def quiet() -> None:
        logger.put_process_level("error")
        LOG.warning("not told")
        LOG.error("told")

    await expect_down(process.spawn(quiet))
    LOG.info("another")

    assert [record.getMessage() for record in records] == ["told", "another"]
    assert logger.get_process_level() is None


def test_levels_of_everything_and_of_a_logger(records: list[Any]) -> None:
    logger.configure(level="error")
    LOG.warning("no")
    logger.put_logger_level("test", "debug")
    LOG.debug("yes")
    logger.put_logger_level("test", None)
    LOG.warning("no")

    assert [record.getMessage() for record in records] == ["yes"]


def test_a_level_that_there_is_not_is_refused() -> None:
    level: Any = "loud"
    with pytest.raises(BadArgError, match="expected one of all, debug, info, .*; got 'loud'"):
        logger.configure(level=level)


# ---- storms


def _report(kind: str, what: object) -> None:
    behaviour.report(logging.ERROR, kind, "%r", lambda: ((what,), {}))


@pytest.mark.beamish
async def test_nothing_is_put_into_words_for_a_report_that_is_left_out(records: list[Any]) -> None:
    asked: list[int] = []

    class Counts:
        def __repr__(self) -> str:
            asked.append(1)
            return "counts"

    async def crash() -> None:
        raise ValueError(Counts())

    logger.install(burst_limit_max_count=3, burst_limit_window_time=3600)
    for ref in [process.spawn_monitor(crash)[1] for _ in range(100)]:
        await process.receive(("DOWN", ref, ..., ..., ...))
    told = len(asked)
    logging.getLogger("beamish").setLevel(logging.CRITICAL)
    try:
        await process.receive(("DOWN", process.spawn_monitor(crash)[1], ..., ..., ...))
    finally:
        logging.getLogger("beamish").setLevel(logging.NOTSET)

    assert len(records) == 3
    assert 0 < told == len(asked)
    assert told % 3 == 0


@pytest.mark.beamish
async def test_a_storm_of_crash_reports_is_limited_and_counted(records: list[Any]) -> None:
    async def crash() -> None:
        raise ZeroDivisionError

    logger.install(burst_limit_max_count=10, burst_limit_window_time=3600)
    for ref in [process.spawn_monitor(crash)[1] for _ in range(100)]:
        await expect_down(ref)
    LOG.info("what is no report is written")
    logger.uninstall()

    assert [getattr(record, "report", None) for record in records] == [
        *["crash"] * 10,
        None,
        "crash",
    ]
    assert records[-1].getMessage() == (
        "90 reports (crash) were left out: no more than 10 in 3600 s are written"
    )


def test_a_new_window_begins_with_the_count_of_the_last(
    records: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("beamish.otp.logger.filters.time.monotonic", lambda: now[0])
    logger.install(burst_limit_max_count=2, burst_limit_window_time=1)

    for number in range(5):
        _report("crash", number)
    _report("supervisor", "other")
    now[0] = 1.0
    _report("crash", 5)

    assert [record.getMessage() for record in records] == [
        "0",
        "1",
        "'other'",
        "3 reports (crash) were left out: no more than 2 in 1 s are written",
        "5",
    ]


def test_the_limit_can_be_switched_off(records: list[Any]) -> None:
    logger.install(burst_limit_enable=False)

    for _ in range(1000):
        _report("crash", "x")

    assert len(records) == 1000


@pytest.mark.beamish
async def test_a_supervisors_report_is_a_record_as_any_other(records: list[Any]) -> None:
    await Supervisor.start_link([Agent.child_spec(dict, name="child", restart="temporary")])
    child = process.whereis("child")
    assert child is not None

    ref = process.monitor(child)
    process.exit(child, "kill")
    await expect_down(ref, "killed")
    await settle()

    assert [record.report for record in records] == ["supervisor"]
