"""Whatever a client has sent, a report is one record: printable, and not too long."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

import pytest

import beamish
from beamish import process
from beamish.cli.log import LogFormatter
from beamish.otp import (
    Agent,
    GenEvent,
    GenEventHandler,
    GenServer,
    GenStatem,
    Supervisor,
    Task,
    gen_event,
    gen_server,
)
from beamish.otp.gen_statem import NextState
from beamish.terms import Pid
from beamish.terms.printable import MESSAGE_LIMIT, STACK_LIMIT

FORGED: Final = "ERROR:shop:forged"

TEXTS: Final[dict[str, str]] = {
    "a newline": f"a\n{FORGED}",
    "a carriage return": f"a\r{FORGED}",
    "other ends of lines": f"a\x0b{FORGED}\x0c{FORGED}\x1c{FORGED}\x85{FORGED}\u2028{FORGED}",
    "an escape sequence": "\x1b[2J\x1b]0;title\x07\x9b2J",
    "a change of direction": "\u202egnp.exe\u2066",
    "a lone surrogate": "\ud800",
    "a nul": "\x00",
    "what is invisible": "\u200b\ufeff\U000e0041",
    "very long": "x" * 3_000_000,
    "many lines": f"{FORGED}\n" * 100_000,
}


class _Server(GenServer):
    def init(self, text: str) -> None:
        self.text = text

    def handle_cast(self, request: Any) -> None:
        raise ValueError(request)


class _Plain(GenServer):
    """Has no handle_info."""


class _Machine(GenStatem):
    def init(self, text: str) -> Any:
        return NextState(text)

    callback_mode = "handle_event_function"

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        raise ValueError(content)


class _Handler(GenEventHandler):
    def handle_event(self, event: Any) -> None:
        raise ValueError(event)


async def _raise(text: str) -> None:
    raise ValueError(text)


async def _raise_chain(text: str) -> None:
    try:
        raise KeyError(text)
    except KeyError as error:
        raise ExceptionGroup(text, [ValueError(text), OSError(1, text)]) from error


async def _raise_with_a_note(text: str) -> None:
    error = ValueError("noted")
    error.add_note(text)
    raise error


async def _labelled(text: str) -> None:
    process.set_label(text)
    raise ValueError


async def _reporting_more(text: str) -> None:
    process.put("$report", {text: text})
    raise ValueError


async def _of_a_class(text: str) -> None:
    raise type(text.replace("\0", "").encode("utf-8", "replace").decode(), (Exception,), {})


async def _compiled(text: str) -> None:
    code = "def f():\n    raise ValueError\n"
    names: dict[str, Any] = {}
    exec(compile(code, text.replace("\0", ""), "exec"), names)  # noqa: S102 - any name of a file
    names["f"]()


async def _end_of(pid: Any) -> None:
    ref = process.monitor(pid)
    await process.receive(("DOWN", ref, ..., ..., ...))


def _spawned(fn: Callable[[str], Coroutine[Any, Any, None]]) -> Callable[[str], Any]:
    async def place(text: str) -> None:
        await _end_of(process.spawn(fn, text))

    return place


async def _server(text: str) -> None:
    pid = await _Server.start(text)
    gen_server.cast(pid, text)
    await _end_of(pid)


async def _unexpected(text: str) -> None:
    pid = await _Plain.start()
    process.send(pid, text)
    await gen_server.stop(pid)


async def _machine(text: str) -> None:
    pid = await _Machine.start(text)
    process.send(pid, text)
    await _end_of(pid)


async def _event(text: str) -> None:
    pid = await GenEvent.start()
    await gen_event.add_handler(pid, _Handler)
    await gen_event.sync_notify(pid, text)


async def _child(text: str) -> None:
    child = Agent.child_spec(dict, id=text)
    sup = await Supervisor.start_link([child], max_restarts=10)
    (_, pid, _, _), *_ = await Supervisor.which_children(sup)
    assert isinstance(pid, Pid)
    process.exit(pid, text)
    await Supervisor.which_children(sup)
    await Supervisor.stop(sup)


async def _task(text: str) -> None:
    await _end_of(Task.start(_raise, text))


async def _adopted(text: str) -> None:
    async def adopted() -> None:
        process.set_label(text)
        await _raise(text)

    task = asyncio.create_task(adopted())
    with pytest.raises(ValueError, match=r".*"):
        await task


async def _users_own(text: str) -> None:
    logging.getLogger("shop").warning("a client sent %s", text)
    try:
        await _raise(text)
    except ValueError:
        logging.getLogger("shop").exception("it failed")


PLACES: Final[dict[str, Callable[[str], Any]]] = {
    "an exception": _spawned(_raise),
    "a chain and a group": _spawned(_raise_chain),
    "a note": _spawned(_raise_with_a_note),
    "a label": _spawned(_labelled),
    "more of a report": _spawned(_reporting_more),
    "the name of a class": _spawned(_of_a_class),
    "the name of a file": _spawned(_compiled),
    "message and state of a server": _server,
    "an unexpected message": _unexpected,
    "a state machine": _machine,
    "an event handler": _event,
    "a child": _child,
    "a task": _task,
    "an adopted Task": _adopted,
    "a log record of the user's": _users_own,
}


@pytest.fixture
def terminal() -> Generator[io.BytesIO]:
    """What ``beamish run`` writes."""
    shown = io.BytesIO()
    handler = logging.StreamHandler(io.TextIOWrapper(shown, "utf-8", write_through=True))
    handler.setFormatter(LogFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield shown
    root.removeHandler(handler)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_report_stays_one_record(place: Any, text: str, terminal: io.BytesIO) -> None:
    beamish.run(place, text)

    written = terminal.getvalue().decode()
    lines = written.split("\n")
    records = [line for line in lines if line and line[0] in "0123456789"]
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith(FORGED) for line in lines)
    assert len(written) <= len(records) * (MESSAGE_LIMIT + STACK_LIMIT + 200)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_what_collectors_get_is_cut_as_well(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    beamish.run(place, TEXTS["very long"])

    for record in caplog.records:
        if record.name.startswith("beamish"):
            fields = vars(record)["beamish"]
            assert len(record.getMessage()) <= MESSAGE_LIMIT
            assert len(repr(fields)) <= MESSAGE_LIMIT + STACK_LIMIT + 10_000
