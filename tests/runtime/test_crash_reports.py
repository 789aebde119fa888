"""Rule P6: crash reports."""

from __future__ import annotations

import functools
import gc
import logging
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import beamish
from beamish import Exit, behaviour, process, to_erlang
from tests.support.logs import fields_of, shown

from .harness import PATIENCE, down_of, on_virtual_clock, settle, watched_end


async def _crashes(request: str) -> None:
    process.set_label("a label")
    message = await process.receive()
    raise LookupError(request, message)


def _crash_one(caplog: pytest.LogCaptureFixture) -> Any:
    """The record of a process that is linked, named and has messages waiting."""

    async def main() -> Any:
        process.flag(trap_exit=True)
        pid, ref = process.spawn_opt(_crashes, "asked", link=True, monitor=True, name="crasher")
        process.send(pid, ("the", "last message"))
        process.send(pid, "waiting")
        reason = await down_of(ref)
        return pid, process.self(), reason

    ids = beamish.run(main)
    (record,) = caplog.records
    return record, *ids


def test_p6_a_crash_is_one_record_with_fields(caplog: pytest.LogCaptureFixture) -> None:
    """P6: pid, name or label, initial call, ancestors, reason, queue, links; what JSON knows."""
    record, pid, parent, reason = _crash_one(caplog)

    assert record.name == "beamish"
    assert record.levelno == logging.ERROR
    assert record.report == "crash"
    assert record.exc_info[:2] == (LookupError, reason)
    fields = fields_of(record)
    assert "LookupError" in fields.pop("stack")
    assert fields == {
        "pid": repr(pid),
        "registered_name": "crasher",
        "label": "a label",
        "initial_call": f"{__name__}._crashes",
        "parent": repr(parent),
        "ancestors": [repr(parent)],
        "supervisor": None,
        "last_message": "('the', 'last message')",
        "state": None,
        "message_queue_len": 1,
        "links": [repr(parent)],
        "details": {},
        "reason": "LookupError: ('asked', ('the', 'last message'))",
        "exception": "LookupError",
    }


def test_p6_a_crash_can_be_read(caplog: pytest.LogCaptureFixture) -> None:
    """P6: process, name, parents, last message, traceback."""
    record, pid, parent, _ = _crash_one(caplog)

    text = shown(record)

    assert f"Process {pid!r} (crasher) terminating" in text
    assert f"Initial call: {__name__}._crashes" in text
    assert f"Ancestors: ['{parent!r}']" in text
    assert "Last message: ('the', 'last message')" in text
    assert "Message queue length: 1" in text
    assert "** (exit) LookupError: ('asked', ('the', 'last message'))" in text
    assert "Traceback (most recent call last):" in text
    assert "raise LookupError(request, message)" in text


def test_p6_the_traceback_has_none_of_the_runtimes_frames(
    caplog: pytest.LogCaptureFixture,
) -> None:
    record, *_ = _crash_one(caplog)

    assert "beamish/runtime" not in fields_of(record)["stack"]


def test_p6_a_cause_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    def crash() -> None:
        try:
            raise LookupError("the first")
        except LookupError as error:
            raise RuntimeError("the second") from error

    async def main() -> None:
        await watched_end(crash)

    beamish.run(main)

    (record,) = caplog.records
    assert "LookupError: the first" in shown(record)
    assert "direct cause" in shown(record)


@pytest.mark.parametrize(
    ("fn", "args"),
    [
        (lambda: 1 / 0, ()),
        (process.error, ("e",)),
        (process.throw, ("v",)),
    ],
)
def test_p6_errors_and_throws_are_reported(
    fn: Callable[..., Any], args: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """P6: a plain process that dies of an uncaught error or throw."""

    async def main() -> None:
        await watched_end(fn, *args)

    beamish.run(main)

    assert [getattr(record, "report", None) for record in caplog.records] == ["crash"]


async def _link_and_wait() -> None:
    process.spawn_link(process.exit, "boom")
    await process.sleep(None)


@pytest.mark.parametrize(
    ("fn", "args"),
    [
        (lambda: None, ()),
        (process.exit, ("boom",)),
        (process.exit, ("kill",)),
        (lambda: process.exit(process.self(), "boom"), ()),
        (lambda: process.exit(process.self(), "kill"), ()),
        (_link_and_wait, ()),
        (sys.exit, (3,)),
    ],
)
def test_p6_exits_and_signals_are_not_reported(
    fn: Callable[..., Any], args: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """P6: exit/1, a signal, kill log nothing."""

    async def main() -> None:
        await watched_end(fn, *args)

    beamish.run(main)

    assert caplog.records == []


def test_p6_a_crash_is_reported_once_however_many_are_linked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """P6: those who die of the signal say nothing."""

    async def chain(length: int) -> None:
        if length == 0:
            raise LookupError("at the end of the chain")
        process.spawn_link(chain, length - 1)
        await process.sleep(None)

    async def main() -> None:
        assert isinstance(await watched_end(chain, 10), LookupError)

    beamish.run(main)

    assert len(caplog.records) == 1


def test_p6_an_error_while_cleaning_up_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """The reason is that of the signal; the error must not be lost."""

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            raise LookupError("while cleaning up")

    async def main() -> None:
        pid, ref = process.spawn_monitor(child)
        await settle()
        process.exit(pid, "boom")
        assert await down_of(ref) == "boom"

    beamish.run(main)

    (record,) = caplog.records
    assert getattr(record, "report", None) == "cleanup"
    assert "LookupError: while cleaning up" in shown(record)


def test_the_failure_of_main_is_raised_and_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever called run() gets it."""

    async def main() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        beamish.run(main)

    assert caplog.records == []


def test_report_crash_reports_any_reason(caplog: pytest.LogCaptureFixture) -> None:
    """For proc_lib-like code, which reports an exit(reason) of its own."""

    async def main() -> None:
        behaviour.report_crash(("shut", "down"), last_message="the last")

    beamish.run(main)

    (record,) = caplog.records
    assert fields_of(record)["reason"] == "('shut', 'down')"
    assert "** (exit) ('shut', 'down')" in record.getMessage()
    assert "Last message: 'the last'" in record.getMessage()


def test_a_handler_that_fails_does_not_hold_up_a_death() -> None:
    """Logging is not worth a process that never ends."""

    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("disk full")

    handler = Failing()
    logging.getLogger("beamish").addHandler(handler)

    async def main() -> None:
        assert isinstance(await watched_end(lambda: 1 / 0), ZeroDivisionError)

    try:
        beamish.run(main)
    finally:
        logging.getLogger("beamish").removeHandler(handler)


class _Thing:
    def __repr__(self) -> str:
        raise AssertionError("shown")


def test_a_message_that_cannot_be_shown_does_not_hold_up_a_death(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A repr that raises is shown as such."""

    async def child() -> None:
        await process.receive()
        raise LookupError

    async def main() -> None:
        pid, ref = process.spawn_monitor(child)
        process.send(pid, _Thing())
        assert isinstance(await down_of(ref), LookupError)

    beamish.run(main)

    assert len(caplog.records) == 1


def test_a_label_that_cannot_be_shown_does_not_hold_up_a_death(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def child() -> None:
        process.set_label(_Thing())
        raise LookupError

    async def main() -> None:
        assert isinstance(await watched_end(child), LookupError)

    beamish.run(main)

    assert len(caplog.records) == 1


def _plain() -> None:
    raise LookupError


async def _coroutine() -> None:
    raise LookupError


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (_plain, f"{__name__}._plain"),
        (_coroutine, f"{__name__}._coroutine"),
        (functools.partial(_plain), f"{__name__}._plain"),
        (functools.partial(_coroutine), f"{__name__}._coroutine"),
    ],
)
def test_the_initial_call_is_that_of_the_user(
    fn: Callable[..., Any], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a plain function too, whatever the runtime has wrapped around it."""

    async def main() -> None:
        await watched_end(fn)

    beamish.run(main)

    assert [fields_of(record)["initial_call"] for record in caplog.records] == [name]


# ---- nothing is kept alive


class _Local:
    pass


@on_virtual_clock
async def test_after_the_report_the_reason_keeps_no_frame_alive() -> None:
    """E2: no traceback keeps frames alive; the stack is kept as plain data."""
    locals_: list[weakref.ref[_Local]] = []

    def inner() -> None:
        local = _Local()
        locals_.append(weakref.ref(local))
        raise LookupError("inner")

    def crash() -> None:
        local = _Local()
        locals_.append(weakref.ref(local))
        try:
            inner()
        except LookupError as error:
            raise RuntimeError("outer") from error

    reason = await watched_end(crash)
    gc.collect()

    assert [ref() for ref in locals_] == [None, None]
    assert reason.__traceback__ is None
    assert reason.__cause__.__traceback__ is None
    assert to_erlang(reason)[1][0][1].endswith("crash")


@on_virtual_clock
async def test_a_reason_that_went_through_a_link_keeps_no_frame_alive() -> None:
    locals_: list[weakref.ref[_Local]] = []

    async def crash() -> None:
        local = _Local()
        locals_.append(weakref.ref(local))
        raise LookupError

    process.flag(trap_exit=True)
    process.spawn_link(crash)
    message = await process.receive(Exit, timeout=PATIENCE)
    gc.collect()

    assert isinstance(message.reason, LookupError)
    assert locals_[0]() is None
