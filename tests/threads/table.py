"""Each public function of `process` and `behaviour`, and what it does on another thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from beamish import Atom, Down, Pid, ProcessError, behaviour, process
from beamish.behaviour import Server, Unanswered
from beamish.terms import Throw

from .world import World

__all__ = ["TABLES", "Delivered", "Raises", "Refused", "Works", "cases"]


@dataclass(frozen=True)
class Refused:
    """It raises NotRunningError, and nothing changes.

    Attributes:
        call: the call.
        name: what the error calls the function, if that is not its name.
    """

    call: Callable[[Any], Any]
    name: str | None = None


@dataclass(frozen=True)
class Delivered:
    """It takes effect on the node's thread, soon.

    Attributes:
        call: the call.
        tells: whether this is what a process of the node is then told.
        in_loops: whether another event loop may run where it is called.
    """

    call: Callable[[Any], Any]
    tells: Callable[[Any, Any], bool]
    in_loops: bool = False


@dataclass(frozen=True)
class Works:
    """It works as it does in a process, and changes nothing.

    Attributes:
        call: the call.
        result: whether this is the result.
    """

    call: Callable[[Any], Any]
    result: Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Raises:
    """It needs no node: it raises what it is made for."""

    call: Callable[[Any], Any]
    error: type[BaseException]


Case = Refused | Delivered | Works | Raises


def _told(text: str) -> Callable[[World, Any], bool]:
    return lambda _, message: message == text


def _is(value: Any) -> Callable[[World, Any], bool]:
    return lambda _, result: result == value


def _nothing() -> None:
    pass


def _failing(text: str) -> Any:
    raise ZeroDivisionError(text)


def _critical(_: World) -> None:
    with process.critical():
        pass


def _step(_: Any) -> Any:
    return None


def _log(_: World) -> None:
    behaviour.report(logging.DEBUG, "test", "Nothing of note", lambda: ((), {}))


# By the name in ``__all__``; a function that does two things has a case for each.
_PROCESS: Final[dict[str, dict[str, Case]]] = {
    "adopt": {"": Refused(lambda w: process.adopt(w.task))},
    "alias": {
        "": Refused(lambda _: process.alias()),
        "priority": Refused(lambda _: process.alias(priority=True)),
        "reply": Refused(lambda _: process.alias(reply=True)),
    },
    "alive": {"": Works(lambda w: process.alive(w.subject), _is(value=True))},
    "ancestors": {"": Refused(lambda _: process.ancestors())},
    "call_threadsafe": {
        "": Delivered(
            lambda w: process.call_threadsafe(w.tell, "called"), _told("called"), in_loops=True
        ),
        "raises": Raises(
            lambda _: process.call_threadsafe(_failing, "by itself"), ZeroDivisionError
        ),
    },
    "cancel_timer": {
        "": Refused(lambda w: process.cancel_timer(w.timer)),
        "async": Refused(lambda w: process.cancel_timer(w.timer, async_=True)),
    },
    "critical": {"": Refused(_critical)},
    "demonitor": {"": Refused(lambda w: process.demonitor(w.ref, flush=True))},
    "dictionary": {"": Refused(lambda _: process.dictionary())},
    "disown": {"": Refused(lambda w: process.disown(w.thing))},
    "erase": {"": Refused(lambda _: process.erase("key"))},
    "error": {"": Raises(lambda _: process.error("wrong"), ProcessError)},
    "exit": {
        "": Refused(lambda _: process.exit("reason")),
        "to a pid": Delivered(
            lambda w: process.exit(w.victim, "enough"),
            lambda w, message: type(message) is Down and message[3:] == (w.victim, "enough"),
        ),
    },
    "flag": {
        "trap_exit": Refused(lambda _: process.flag(trap_exit=True)),
        "async_cancel": Refused(lambda _: process.flag(async_cancel=False)),
    },
    "flush": {"": Refused(lambda _: process.flush())},
    "get": {"": Refused(lambda _: process.get("key"))},
    "get_keys": {"": Refused(lambda _: process.get_keys())},
    "give_away": {"": Refused(lambda w: process.give_away(w.thing, w.friend))},
    "group_leader": {"": Works(lambda _: process.group_leader(), _is(None))},
    "info": {
        "": Refused(lambda w: process.info(w.subject)),
        "registered_name": Works(
            lambda w: process.info(w.subject, "registered_name"), _is(Atom("subject"))
        ),
        "trap_exit": Works(lambda w: process.info(w.subject, "trap_exit"), _is(value=False)),
        "parent": Works(
            lambda w: process.info(w.subject, "parent"),
            lambda w, pid: pid == w.main,
        ),
        "ancestors": Works(
            lambda w: process.info(w.subject, "ancestors"),
            lambda w, pids: pids == [w.main],
        ),
        "dictionary": Works(lambda w: process.info(w.subject, "dictionary"), _is({"key": "value"})),
        "group_leader": Works(lambda w: process.info(w.subject, "group_leader"), _is(None)),
        **{
            item: Refused(lambda w, item=item: process.info(w.subject, item))  # type: ignore[misc]
            for item in (
                *("label", "initial_call", "status", "message_queue_len", "messages", "links"),
                *("monitors", "monitored_by", "owned"),
            )
        },
    },
    "label": {"": Refused(lambda w: process.label(w.subject))},
    "link": {
        "": Refused(lambda w: process.link(w.victim)),
        "to a Task": Refused(lambda w: process.link(w.task)),
    },
    "list": {
        "": Works(
            lambda _: process.list(),
            lambda w, pids: {w.friend, w.victim, w.witness, w.subject} < {*pids},
        )
    },
    "make_ref": {"": Refused(lambda _: process.make_ref())},
    "matches": {"": Works(lambda _: process.matches(("ok", int), ("ok", 1)), _is(value=True))},
    "monitor": {
        "": Refused(lambda w: process.monitor(w.victim)),
        "of a name": Refused(lambda _: process.monitor("subject")),
        "of a Task": Refused(lambda w: process.monitor(w.task)),
    },
    "monotonic_time": {
        "": Works(
            lambda _: process.monotonic_time(), lambda w, time: 0 <= w.loop.time() - time < 60
        )
    },
    "offload": {"": Refused(lambda _: process.offload(_nothing))},
    "own": {"": Refused(lambda _: process.own(object(), close=repr))},
    "parent": {"": Refused(lambda _: process.parent())},
    "put": {"": Refused(lambda _: process.put("key", "another"))},
    "read_timer": {
        "": Refused(lambda w: process.read_timer(w.timer)),
        "async": Refused(lambda w: process.read_timer(w.timer, async_=True)),
    },
    "receive": {
        "": Refused(lambda _: process.receive()),
        "pattern": Refused(lambda _: process.receive(str)),
        "timeout": Refused(lambda _: process.receive(timeout=0)),
    },
    "register": {"": Refused(lambda w: process.register("another", w.friend))},
    "registered": {"": Works(lambda _: process.registered(), _is([Atom("subject")]))},
    "self": {"": Refused(lambda _: process.self())},
    "send": {
        "": Delivered(lambda w: process.send(w.witness, "sent"), _told("sent")),
    },
    "send_after": {
        "": Refused(lambda w: process.send_after(0, w.witness, "sent")),
        "abs": Refused(lambda w: process.send_after(0, w.witness, "sent", abs=True)),
    },
    "send_priority": {
        "": Delivered(lambda w: process.send_priority(w.urgent, "urgent"), _told("urgent")),
    },
    "send_threadsafe": {
        "": Delivered(
            lambda w: process.send_threadsafe(w.witness, "sent"), _told("sent"), in_loops=True
        )
    },
    "set_group_leader": {"": Refused(lambda w: process.set_group_leader(w.friend))},
    "set_label": {"": Refused(lambda _: process.set_label("another"))},
    "sleep": {
        "": Refused(lambda _: process.sleep(0.001)),
        "0": Refused(lambda _: process.sleep(0)),
        "None": Refused(lambda _: process.sleep(None)),
    },
    "spawn": {"": Delivered(lambda w: process.spawn(w.tell, "spawned"), _told("spawned"))},
    "spawn_link": {"": Refused(lambda w: process.spawn_link(w.tell, "spawned"))},
    "spawn_monitor": {"": Refused(lambda w: process.spawn_monitor(w.tell, "spawned"))},
    "spawn_opt": {
        "": Refused(lambda w: process.spawn_opt(w.tell, "spawned")),
        "link": Refused(lambda w: process.spawn_opt(w.tell, "spawned", link=True)),
    },
    "spawn_request": {"": Refused(lambda w: process.spawn_request(w.tell, "spawned"))},
    "spawn_request_abandon": {
        "": Works(lambda w: process.spawn_request_abandon(w.ref), _is(value=False))
    },
    "start_timer": {
        "": Refused(lambda w: process.start_timer(0, w.witness, "sent"), "start_timer")
    },
    "throw": {"": Raises(lambda _: process.throw("value"), Throw)},
    "unalias": {"": Refused(lambda w: process.unalias(w.alias))},
    "unlink": {"": Refused(lambda w: process.unlink(w.friend))},
    "unregister": {"": Refused(lambda _: process.unregister("subject"))},
    "whereis": {"": Works(lambda _: process.whereis("subject"), lambda w, pid: pid is w.subject)},
    "why": {"": Works(lambda w: process.why(w.subject), _is(None))},
}

_BEHAVIOUR: Final[dict[str, dict[str, Case]]] = {
    "Server": {"": Refused(lambda _: Server(_step, _step).receive(), "Server.receive")},
    "Unanswered": {"": Works(lambda _: Unanswered("later").outcome, _is("later"))},
    "acknowledge": {
        "": Delivered(lambda w: behaviour.acknowledge(w.starter, "started"), _told("started")),
        "as a reply": Delivered(
            lambda w: behaviour.acknowledge(w.caller, "reply"),
            lambda w, message: message == (w.caller[1], "reply"),
        ),
    },
    "at_home": {"": Works(lambda _: behaviour.at_home(), _is(value=False))},
    "because": {"": Refused(lambda w: behaviour.because(w.friend))},
    "call_cycle": {"": Refused(lambda w: behaviour.call_cycle(w.friend))},
    "check_thread": {"": Refused(lambda _: behaviour.check_thread())},
    "doing": {"": Refused(lambda w: behaviour.doing(w.friend))},
    "elsewhere": {"": Delivered(lambda w: behaviour.elsewhere(w.tell, "called"), _told("called"))},
    "ending": {"": Refused(lambda _: behaviour.ending())},
    "group_members": {"": Refused(lambda w: behaviour.group_members(w.friend))},
    "init": {"": Works(lambda _: behaviour.init(), lambda _, pid: pid.__class__ is Pid)},
    "monitoring": {"": Refused(lambda w: behaviour.monitoring(w.ref))},
    "receive_reply": {
        "": Refused(lambda w: behaviour.receive_reply(w.ref)),
        "timeout": Refused(lambda w: behaviour.receive_reply(w.ref, 0)),
    },
    "reply": {
        "": Delivered(
            lambda w: behaviour.reply(w.caller, "reply"),
            lambda w, message: message == (w.caller[1], "reply"),
        )
    },
    "report": {"": Works(_log, _is(None))},
    "report_crash": {"": Refused(lambda _: behaviour.report_crash("reason"))},
    "report_gates": {"": Works(lambda _: len(behaviour.report_gates) >= 0, _is(value=True))},
    "request": {"": Refused(lambda w: behaviour.request(w.witness, "ask", "what"))},
    "serving": {"": Refused(lambda _: behaviour.serving(None))},
    "start": {"": Refused(lambda w: behaviour.start(w.tell, ()))},
}

TABLES: Final = {"process": _PROCESS, "behaviour": _BEHAVIOUR}


def cases(kind: type[Case]) -> list[Any]:
    """The name and the case of each of this kind, as parameters."""
    return [
        pytest.param(name, case, id=f"{module}.{name}" + (f" {what}" if what else ""))
        for module, table in TABLES.items()
        for name, rows in table.items()
        for what, case in rows.items()
        if isinstance(case, kind)
    ]
