"""Sentry, structlog and a JSON formatter show exception, stack, process and supervisor."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Generator
from typing import Any

import pytest
import sentry_sdk
import structlog
from pythonjsonlogger.json import JsonFormatter
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.transport import Transport

import beamish
from beamish import process
from beamish.otp import GenServer, Supervisor, gen_server


class Till(GenServer):
    """A server that fails when it is told to."""

    def handle_cast(self, request: Any) -> None:
        raise LookupError(request)


async def _crash_under_a_supervisor() -> None:
    child = Till.child_spec(name="till")
    await Supervisor.start_link([child], name="shop")
    ref = process.monitor("till")
    gen_server.cast("till", "no coins")
    await process.receive(("DOWN", ref, ..., ..., ...))


class _Kept(Transport):
    """Keeps the events that would go to Sentry."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Any) -> None:
        event = envelope.get_event()
        if event is not None:
            self.events.append(event)


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Generator[list[dict[str, Any]]]:
    # Sentry puts a function of its own here, and leaves it.
    monkeypatch.setattr(logging.Logger, "callHandlers", logging.Logger.callHandlers)
    kept = _Kept()
    sentry_sdk.init(
        dsn="http://key@localhost/1",
        transport=kept,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration()],
    )
    yield kept.events
    sentry_sdk.get_client().close()
    sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)


def test_sentry_groups_and_shows_exception_stack_process_and_supervisor(
    sentry: list[dict[str, Any]],
) -> None:
    beamish.run(_crash_under_a_supervisor)

    crash = next(event for event in sentry if event["extra"].get("report") == "crash")
    (value,) = crash["exception"]["values"]
    assert (value["type"], value["value"]) == ("LookupError", "no coins")
    assert value["stacktrace"]["frames"][-1]["function"] == "handle_cast"
    assert crash["logentry"]["message"] == "Process %s terminating%s\n** (exit) %s"
    fields = crash["extra"]["beamish"]
    assert (fields["registered_name"], fields["supervisor"]) == ("till", "shop")


def _lines(formatter: logging.Formatter) -> list[dict[str, Any]]:
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        beamish.run(_crash_under_a_supervisor)
    finally:
        root.removeHandler(handler)
    return [json.loads(line) for line in shown.getvalue().splitlines()]


def test_a_json_formatter_shows_exception_stack_process_and_supervisor() -> None:
    lines = _lines(JsonFormatter("%(name)s %(message)s"))

    crash = next(line for line in lines if line.get("report") == "crash")
    assert "in handle_cast" in crash["exc_info"]
    fields = crash["beamish"]
    assert fields["exception"] == "LookupError"
    assert (fields["registered_name"], fields["supervisor"]) == ("till", "shop")
    assert any(line["name"] == "beamish.supervisor" for line in lines)


def test_structlog_shows_exception_stack_process_and_supervisor() -> None:
    lines = _lines(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.dict_tracebacks,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )

    crash = next(line for line in lines if line.get("report") == "crash")
    (told,) = crash["exception"]
    assert (told["exc_type"], told["exc_value"]) == ("LookupError", "no coins")
    assert told["frames"][-1]["name"] == "handle_cast"
    assert crash["beamish"]["supervisor"] == "shop"
    assert any(line["logger"] == "beamish.supervisor" for line in lines)


def test_reports_of_supervisors_can_be_silenced_alone(caplog: pytest.LogCaptureFixture) -> None:
    supervisors = logging.getLogger("beamish.supervisor")
    supervisors.setLevel(logging.CRITICAL)
    try:
        beamish.run(_crash_under_a_supervisor)
    finally:
        supervisors.setLevel(logging.NOTSET)

    assert {record.name for record in caplog.records} == {"beamish"}
