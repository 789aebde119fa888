"""What the functions and methods of ``beamish.otp`` do on another thread than the node's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from beamish import Atom, Pid, process
from beamish.otp import (
    Agent,
    Backoff,
    ChildSpec,
    DynamicSupervisor,
    GenEvent,
    GenEventHandler,
    GenServer,
    GenStatem,
    PartitionSupervisor,
    Registry,
    Select,
    Supervisor,
    Task,
    TaskSupervisor,
    application,
    child_spec,
    errors,
    gen_event,
    gen_server,
    gen_statem,
    global_,
    logger,
    pg,
    proc_lib,
    sys,
    timer,
)
from beamish.otp.gen import GEN_CAST
from beamish.terms import BadArgError

from .otp_world import Lamp, OtpWorld, Shop
from .table import Case, Delivered, Raises, Refused, Works

__all__ = ["CALLED_BY_BEHAVIOURS", "OTP"]

World = OtpWorld


def _told(*message: Any) -> Callable[[Any, Any], bool]:
    """Whether the witness, or a lamp, has been told this."""
    wanted = message[0] if len(message) == 1 else message
    return lambda _, told: told == wanted


def _replied(w: Any, told: Any) -> bool:
    return told == (w.caller[1], "reply")


def _is(value: Any) -> Callable[[Any, Any], bool]:
    return lambda _, result: result == value


def _found(value: Any) -> Callable[[Any, Any], bool]:
    return lambda w, result: result == [(w.witness, value)]


def _is_witness(w: Any, result: Any) -> bool:
    return result is w.witness


def _is_a(kind: type) -> Callable[[Any, Any], bool]:
    return lambda _, result: isinstance(result, kind)


def _any(_: Any, __: Any) -> bool:
    return True


def _step(*_: Any) -> None:
    pass


class _Handler(GenEventHandler):
    pass


class _Machine(GenStatem):
    pass


_RECORD: Final = logging.LogRecord("test", logging.INFO, "file", 1, "a message", None, None)
_LIMIT: Final = logger.BurstLimit()
_HANDLER: Final = logger.ThreadedHandler(logging.NullHandler())
_STDERR: Final = logger.StderrHandler()
_NAMES: Final = {
    "a name": "witness",
    "a name and node": ("witness", "nonode@nohost"),
    "a global name": ("global", "witness"),
    "a name of a registry": ("via", Registry, ("unique", "witness")),
}


def _awaits(call: Callable[[World], Any]) -> dict[str, Case]:
    return {"": Refused(call)}


def _cast_to(cast: Callable[[Any, Any], Any]) -> dict[str, Case]:
    """Delivered, whatever the receiver is called by."""
    return {
        "": Delivered(lambda w: cast(w.witness, "red"), _told(GEN_CAST, "red")),
        **{
            what: Delivered(
                lambda _, dest=dest: cast(dest, "red"),  # type: ignore[misc]
                _told(GEN_CAST, "red"),
            )
            for what, dest in _NAMES.items()
        },
        "a partition": Delivered(
            lambda _: cast(("via", PartitionSupervisor, ("lamps", 7)), "red"), _told("red")
        ),
        "nonsense": Raises(lambda _: cast(7, "red"), BadArgError),
    }


def _dispatch(w: World) -> None:
    Registry.dispatch("unique", "witness", lambda found: process.send(found[0][0], "dispatched"))


def _emit() -> None:
    handler = logger.ThreadedHandler(logging.NullHandler())
    handler.emit(_RECORD)
    handler.close()


def _install() -> None:
    logger.install()
    logger.uninstall()


async def _lock(_: World) -> None:
    async with Registry.lock("unique", "key"):
        pass


# By the name by which users reach it; a function that does two things has a case for each.
OTP: Final[dict[str, dict[str, Case]]] = {
    # ---- servers
    "gen_server.abcast": {
        "": Delivered(lambda _: gen_server.abcast("witness", "red"), _told(GEN_CAST, "red")),
        "to some nodes": Delivered(
            lambda _: gen_server.abcast("witness", "red", nodes=["nonode@nohost"]),
            _told(GEN_CAST, "red"),
        ),
    },
    "gen_server.call": {
        "": Refused(lambda w: gen_server.call(w.server, "what")),
        "a name": Refused(lambda _: gen_server.call("lamp", "what")),
        "an unknown name": Refused(lambda _: gen_server.call("nobody", "what")),
        "a global name": Refused(lambda _: gen_server.call(("global", "nobody"), "what")),
    },
    "gen_server.cast": _cast_to(gen_server.cast),
    "gen_server.check_response": {
        "": Works(lambda w: gen_server.check_response("other", w.request), _is(None)),
        "of several": Works(lambda w: gen_server.check_response("other", w.requests), _is(None)),
    },
    "gen_server.enter_loop": _awaits(lambda _: gen_server.enter_loop(GenServer())),
    "gen_server.multi_call": {
        "": Refused(lambda _: gen_server.multi_call("lamp", "what")),
        "no node": Refused(lambda _: gen_server.multi_call("lamp", "what", nodes=[])),
    },
    "gen_server.receive_response": {
        "": Refused(lambda w: gen_server.receive_response(w.request)),
        "of several": Refused(lambda w: gen_server.receive_response(w.requests)),
        "of none": Refused(lambda w: gen_server.receive_response(w.none)),
        "at once": Refused(lambda w: gen_server.receive_response(w.request, 0)),
    },
    "gen_server.reply": {"": Delivered(lambda w: gen_server.reply(w.caller, "reply"), _replied)},
    "gen_server.reqids_add": {
        "": Works(
            lambda w: gen_server.reqids_add(w.request, 1, gen_server.reqids_new()),
            lambda _, result: len(result) == 1,
        )
    },
    "gen_server.reqids_new": {"": Works(lambda _: gen_server.reqids_new(), _any)},
    "gen_server.reqids_size": {"": Works(lambda w: gen_server.reqids_size(w.requests), _is(1))},
    "gen_server.reqids_to_list": {
        "": Works(
            lambda w: gen_server.reqids_to_list(w.requests),
            lambda w, result: result == [(w.request, "label")],
        )
    },
    "gen_server.send_request": {
        "": Refused(lambda w: gen_server.send_request(w.server, "what")),
        "an unknown name": Refused(lambda _: gen_server.send_request("nobody", "what")),
        "a collection": Refused(lambda w: gen_server.send_request(w.server, "what", 1, w.requests)),
    },
    "gen_server.start": {
        "": Refused(lambda w: gen_server.start(Lamp, w)),
        "a name": Refused(lambda w: gen_server.start(Lamp, w, name="lamp")),
        "options": Refused(lambda w: gen_server.start(Lamp, w, debug=["log"])),
    },
    "gen_server.start_link": _awaits(lambda w: gen_server.start_link(Lamp, w)),
    "gen_server.start_monitor": _awaits(lambda w: gen_server.start_monitor(Lamp, w)),
    "gen_server.stop": {
        "": Refused(lambda w: gen_server.stop(w.server)),
        "an unknown name": Refused(lambda _: gen_server.stop("nobody")),
    },
    "gen_server.wait_response": {
        "": Refused(lambda w: gen_server.wait_response(w.request)),
        "of none": Refused(lambda w: gen_server.wait_response(w.none)),
    },
    "gen_server.whereis": {
        "": Works(lambda w: gen_server.whereis(w.witness), _is_witness),
        **{
            what: Works(
                lambda _, dest=dest: gen_server.whereis(dest),  # type: ignore[misc]
                _is_witness,
            )
            for what, dest in _NAMES.items()
        },
    },
    "gen_server.RequestIds.add": {
        "": Works(lambda w: gen_server.RequestIds().add(w.request), _is(None))
    },
    "gen_server.RequestIds.find": {"": Works(lambda w: w.requests.find("other"), _is(None))},
    "gen_server.RequestIds.remove": {
        "": Raises(lambda w: gen_server.RequestIds().remove(w.request), KeyError)
    },
    "GenServer.abcast": {
        "": Delivered(lambda _: GenServer.abcast("witness", "red"), _told(GEN_CAST, "red"))
    },
    "GenServer.call": {
        "": Refused(lambda w: GenServer.call(w.server, "what")),
        "an unknown name": Refused(lambda _: GenServer.call("nobody", "what")),
    },
    "GenServer.cast": _cast_to(GenServer.cast),
    "GenServer.multi_call": _awaits(lambda _: GenServer.multi_call("lamp", "what")),
    "GenServer.reply": {"": Delivered(lambda w: GenServer.reply(w.caller, "reply"), _replied)},
    "GenServer.start": _awaits(lambda w: Lamp.start(w)),
    "GenServer.start_link": _awaits(lambda w: Lamp.start_link(w, name="another")),
    "GenServer.start_monitor": _awaits(lambda w: Lamp.start_monitor(w)),
    "GenServer.stop": _awaits(lambda w: GenServer.stop(w.server)),
    "methods.CallMethod.__call__": {
        "": Refused(lambda w: Lamp.colour(w.server)),
        "a name": Refused(lambda _: Lamp.colour("lamp")),
    },
    "methods.CallMethod.send_request": _awaits(lambda w: Lamp.colour.send_request(w.server)),
    "methods.CallMethod.within": {"": Works(lambda _: Lamp.colour.within(1.0).timeout, _is(1.0))},
    "methods.CastMethod.__call__": {
        "": Delivered(lambda w: Lamp.press(w.server, "red"), _told("red")),
        "a name": Delivered(lambda _: Lamp.press("lamp", "red"), _told("red")),
    },
    "call": {"": Works(lambda _: Lamp.colour.name, _is("colour"))},
    "cast": {"": Works(lambda _: Lamp.press.name, _is("press"))},
    "Agent.cast": {
        "": Delivered(
            lambda w: Agent.cast(w.witness, abs),
            lambda _, told: told[0] is GEN_CAST and told[1].fn is abs,
        ),
        "a name": Delivered(
            lambda _: Agent.cast("witness", abs), lambda _, told: told[1].fn is abs
        ),
    },
    "Agent.child_spec": {"": Works(lambda _: Agent.child_spec(dict), _is_a(ChildSpec))},
    "Agent.get": _awaits(lambda w: Agent.get(w.server, abs)),
    "Agent.get_and_update": _awaits(lambda w: Agent.get_and_update(w.server, abs)),
    "Agent.start": _awaits(lambda _: Agent.start(dict)),
    "Agent.start_link": _awaits(lambda _: Agent.start_link(dict, name="another")),
    "Agent.stop": _awaits(lambda w: Agent.stop(w.server)),
    "Agent.update": _awaits(lambda w: Agent.update(w.server, abs)),
    "Agent.whereis": {"": Works(lambda _: Agent.whereis("witness"), _is_witness)},
    # ---- state machines
    "gen_statem.call": {
        "": Refused(lambda w: gen_statem.call(w.server, "what")),
        "a time-out": Refused(lambda w: gen_statem.call(w.server, "what", ("clean_timeout", 1.0))),
    },
    "gen_statem.enter_loop": _awaits(lambda _: gen_statem.enter_loop(_Machine(), "state")),
    "gen_statem.reply": {
        "": Delivered(lambda w: gen_statem.reply(w.caller, "reply"), _replied),
        "several": Delivered(
            lambda w: gen_statem.reply([gen_statem.Reply(w.caller, "reply")]), _replied
        ),
    },
    "gen_statem.EventTimeout.cancel": {
        "": Works(lambda _: gen_statem.EventTimeout.cancel(), _is_a(gen_statem.EventTimeout))
    },
    "gen_statem.EventTimeout.update": {
        "": Works(lambda _: gen_statem.EventTimeout.update(1), _is_a(gen_statem.EventTimeout))
    },
    "gen_statem.GenericTimeout.cancel": {
        "": Works(lambda _: gen_statem.GenericTimeout.cancel("n"), _is_a(gen_statem.GenericTimeout))
    },
    "gen_statem.GenericTimeout.update": {
        "": Works(
            lambda _: gen_statem.GenericTimeout.update("n", 1), _is_a(gen_statem.GenericTimeout)
        )
    },
    # ---- events
    "gen_event.add_handler": _awaits(lambda w: gen_event.add_handler(w.manager, _Handler)),
    "gen_event.add_sup_handler": _awaits(lambda w: gen_event.add_sup_handler(w.manager, _Handler)),
    "gen_event.call": _awaits(lambda w: gen_event.call(w.manager, _Handler, "what")),
    "gen_event.check_response": {
        "": Works(lambda w: gen_event.check_response("other", w.request), _is(None))
    },
    "gen_event.delete_handler": _awaits(lambda w: gen_event.delete_handler(w.manager, _Handler)),
    "gen_event.notify": {
        "": Delivered(
            lambda w: gen_event.notify(w.witness, "event"), lambda _, told: told[1] == "event"
        ),
        **{
            what: Delivered(
                lambda _, dest=dest: gen_event.notify(dest, "event"),  # type: ignore[misc]
                lambda _, told: told[1] == "event",
            )
            for what, dest in _NAMES.items()
            if what != "a global name"  # ("global", key) is a name and node to it
        },
    },
    "gen_event.receive_response": {
        "": Refused(lambda w: gen_event.receive_response(w.request)),
        "of none": Refused(lambda w: gen_event.receive_response(w.none)),
    },
    "gen_event.send_request": _awaits(
        lambda w: gen_event.send_request(w.manager, _Handler, "what", 1, w.requests)
    ),
    "gen_event.start": _awaits(lambda _: gen_event.start()),
    "gen_event.start_link": _awaits(lambda _: gen_event.start_link(name="another")),
    "gen_event.start_monitor": _awaits(lambda _: gen_event.start_monitor()),
    "gen_event.swap_handler": _awaits(
        lambda w: gen_event.swap_handler(w.manager, (_Handler, 1), (_Handler, 2))
    ),
    "gen_event.swap_sup_handler": _awaits(
        lambda w: gen_event.swap_sup_handler(w.manager, (_Handler, 1), (_Handler, 2))
    ),
    "gen_event.sync_notify": _awaits(lambda w: gen_event.sync_notify(w.manager, "event")),
    "gen_event.wait_response": _awaits(lambda w: gen_event.wait_response(w.request)),
    "gen_event.which_handlers": _awaits(lambda w: gen_event.which_handlers(w.manager)),
    "GenEvent.start": _awaits(lambda _: GenEvent.start()),
    "GenEvent.start_link": _awaits(lambda _: GenEvent.start_link()),
    "GenEvent.start_monitor": _awaits(lambda _: GenEvent.start_monitor()),
    # ---- supervisors
    "Backoff.delay": {"": Works(lambda _: Backoff(first=1.0).delay(1) >= 0, _is(value=True))},
    "Backoff.is_steady": {"": Works(lambda _: Backoff().is_steady(10**9), _is(value=True))},
    "ChildSpec.function": {
        "": Works(lambda w: Lamp.child_spec(w).function(), _is_a(tuple)),
    },
    "ChildSpec.without_arguments": {
        "": Works(lambda w: Lamp.child_spec(w).without_arguments(), _is_a(ChildSpec)),
    },
    "child_spec": {"": Works(lambda w: child_spec((Lamp, w)), _is_a(ChildSpec))},
    "Supervisor.check_childspecs": {
        "": Works(lambda w: Supervisor.check_childspecs([(Lamp, w)]), _is(None))
    },
    "Supervisor.count_children": {
        "": Refused(lambda w: Supervisor.count_children(w.server)),
        "a name": Refused(lambda _: Supervisor.count_children("nobody")),
    },
    "Supervisor.delete_child": _awaits(lambda w: Supervisor.delete_child(w.server, 1)),
    "Supervisor.get_childspec": _awaits(lambda w: Supervisor.get_childspec(w.server, 1)),
    "Supervisor.restart_child": _awaits(lambda w: Supervisor.restart_child(w.server, 1)),
    "Supervisor.start": _awaits(lambda _: Supervisor.start([])),
    "Supervisor.start_child": _awaits(lambda w: Supervisor.start_child(w.server, (Lamp, w))),
    "Supervisor.start_child_info": _awaits(
        lambda w: Supervisor.start_child_info(w.server, (Lamp, w))
    ),
    "Supervisor.start_link": _awaits(lambda _: Supervisor.start_link([], name="another")),
    "Supervisor.terminate_child": _awaits(lambda w: Supervisor.terminate_child(w.server, 1)),
    "Supervisor.which_child": _awaits(lambda w: Supervisor.which_child(w.server, 1)),
    "Supervisor.which_children": _awaits(lambda w: Supervisor.which_children(w.server)),
    "DynamicSupervisor.count_children": _awaits(
        lambda w: DynamicSupervisor.count_children(w.server)
    ),
    "DynamicSupervisor.start": _awaits(lambda _: DynamicSupervisor.start()),
    "DynamicSupervisor.start_child": _awaits(
        lambda w: DynamicSupervisor.start_child(w.server, (Lamp, w))
    ),
    "DynamicSupervisor.start_child_info": _awaits(
        lambda w: DynamicSupervisor.start_child_info(w.server, (Lamp, w))
    ),
    "DynamicSupervisor.start_link": _awaits(lambda _: DynamicSupervisor.start_link()),
    "DynamicSupervisor.stop": _awaits(lambda w: DynamicSupervisor.stop(w.server)),
    "DynamicSupervisor.terminate_child": _awaits(
        lambda w: DynamicSupervisor.terminate_child(w.server, w.friend)
    ),
    "DynamicSupervisor.whereis": {
        "": Works(lambda _: DynamicSupervisor.whereis("witness"), _is_witness)
    },
    "DynamicSupervisor.which_children": _awaits(
        lambda w: DynamicSupervisor.which_children(w.server)
    ),
    "PartitionSupervisor.count_children": _awaits(
        lambda _: PartitionSupervisor.count_children("lamps")
    ),
    "PartitionSupervisor.partitions": {
        "": Works(lambda _: PartitionSupervisor.partitions("lamps"), _is(1))
    },
    "PartitionSupervisor.register_name": {
        "": Raises(lambda w: PartitionSupervisor.register_name("lamps", w.friend), BadArgError)
    },
    "PartitionSupervisor.resize": {
        "": Refused(lambda _: PartitionSupervisor.resize("lamps", 0)),
        "an unknown name": Refused(lambda _: PartitionSupervisor.resize("nobody", 0)),
    },
    "PartitionSupervisor.send": {
        "": Delivered(lambda _: PartitionSupervisor.send(("lamps", 7), "red"), _told("red"))
    },
    "PartitionSupervisor.start_link": _awaits(
        lambda w: PartitionSupervisor.start_link((Lamp, w), name="another")
    ),
    "PartitionSupervisor.unregister_name": {
        "": Raises(lambda _: PartitionSupervisor.unregister_name("lamps"), BadArgError)
    },
    "PartitionSupervisor.whereis_name": {
        "": Works(lambda _: PartitionSupervisor.whereis_name(("lamps", 7)), _is_a(Pid))
    },
    "PartitionSupervisor.which_children": _awaits(
        lambda _: PartitionSupervisor.which_children("lamps")
    ),
    # ---- tasks
    "Task.async_stream": {"": Works(lambda _: Task.async_stream([1], abs), _any)},
    "Task.await_": _awaits(lambda w: w.job.await_()),
    "Task.await_many": _awaits(lambda w: Task.await_many([w.job])),
    "Task.child_spec": {"": Works(lambda _: Task.child_spec(_step), _is_a(ChildSpec))},
    "Task.completed": _awaits(lambda _: Task.completed(1)),
    "Task.ignore": _awaits(lambda w: w.job.ignore()),
    "Task.run_async": _awaits(lambda _: Task.run_async(_step)),
    "Task.shutdown": _awaits(lambda w: w.job.shutdown()),
    "Task.start": _awaits(lambda _: Task.start(_step)),
    "Task.start_link": _awaits(lambda _: Task.start_link(_step)),
    "Task.yield_": _awaits(lambda w: w.job.yield_()),
    "Task.yield_many": _awaits(lambda w: Task.yield_many([w.job])),
    "task.TaskStream.aclose": _awaits(lambda w: w.stream.aclose()),
    "task.TaskStream.__anext__": {
        "": Refused(lambda w: anext(w.stream)),
        "the first": Refused(lambda _: anext(Task.async_stream([1], abs))),
    },
    "TaskSupervisor.async_nolink": _awaits(lambda w: TaskSupervisor.async_nolink(w.server, _step)),
    "TaskSupervisor.async_stream": {
        "": Works(lambda w: TaskSupervisor.async_stream(w.server, [1], abs), _any)
    },
    "TaskSupervisor.async_stream_nolink": {
        "": Works(lambda w: TaskSupervisor.async_stream_nolink(w.server, [1], abs), _any)
    },
    "TaskSupervisor.children": _awaits(lambda w: TaskSupervisor.children(w.server)),
    "TaskSupervisor.count_children": _awaits(lambda w: TaskSupervisor.count_children(w.server)),
    "TaskSupervisor.run_async": _awaits(lambda w: TaskSupervisor.run_async(w.server, _step)),
    "TaskSupervisor.start_child": _awaits(lambda w: TaskSupervisor.start_child(w.server, _step)),
    "TaskSupervisor.start_link": _awaits(lambda _: TaskSupervisor.start_link()),
    "TaskSupervisor.terminate_child": _awaits(
        lambda w: TaskSupervisor.terminate_child(w.server, w.friend)
    ),
    # ---- names and groups
    "Registry.count": {"": Works(lambda _: Registry.count("unique"), _is(1))},
    "Registry.count_match": {
        "": Works(lambda _: Registry.count_match("unique", "witness", int), _is(1))
    },
    "Registry.count_select": {"": Works(lambda _: Registry.count_select("unique"), _is(1))},
    "Registry.delete_meta": _awaits(lambda _: Registry.delete_meta("unique", "meta")),
    "Registry.dispatch": {
        "": Delivered(_dispatch, _told("dispatched")),
        "in parallel": Refused(
            lambda _: Registry.dispatch("unique", "witness", _step, parallel=True)
        ),
        "to nobody": Works(lambda _: Registry.dispatch("unique", "nobody", _step), _is(None)),
    },
    "Registry.keys": {
        "": Works(lambda w: Registry.keys("unique", w.witness), _is(["witness"])),
    },
    "Registry.lock": {
        "": Refused(_lock, "_lock"),
        "a function": Refused(lambda _: Registry.lock("unique", "key", _step)),
    },
    "Registry.lookup": {
        "unique": Works(lambda _: Registry.lookup("unique", "witness"), _found(1)),
        "duplicate": Works(lambda _: Registry.lookup("duplicate", "witness"), _found(2)),
        "nobody": Works(lambda _: Registry.lookup("unique", "nobody"), _is([])),
        "no registry": Raises(lambda _: Registry.lookup("nobody", "witness"), BadArgError),
    },
    "Registry.match": {"": Works(lambda _: Registry.match("unique", "witness", int), _found(1))},
    "Registry.meta": {"": Works(lambda _: Registry.meta("unique", "meta"), _is("data"))},
    "Registry.put_meta": _awaits(lambda _: Registry.put_meta("unique", "meta", "other")),
    "Registry.register": {
        "": Refused(lambda _: Registry.register("unique", "another")),
        "a key that is taken": Refused(lambda _: Registry.register("unique", "witness")),
    },
    "Registry.register_name": _awaits(
        lambda w: Registry.register_name(("unique", "another"), w.witness)
    ),
    "Registry.select": {
        "": Works(
            lambda _: Registry.select("unique"),
            lambda w, result: result == [("witness", w.witness, 1)],
        )
    },
    "Registry.send": {
        "": Delivered(lambda _: Registry.send(("unique", "witness"), "sent"), _told("sent"))
    },
    "Registry.start_link": _awaits(lambda _: Registry.start_link(keys="unique", name="another")),
    "Registry.unregister": _awaits(lambda _: Registry.unregister("unique", "witness")),
    "Registry.unregister_match": _awaits(
        lambda _: Registry.unregister_match("unique", "witness", ...)
    ),
    "Registry.unregister_name": _awaits(lambda _: Registry.unregister_name(("unique", "witness"))),
    "Registry.update_value": _awaits(lambda _: Registry.update_value("unique", "witness", abs)),
    "Registry.values": {
        "": Works(lambda w: Registry.values("duplicate", "witness", w.witness), _is([2]))
    },
    "Registry.whereis_name": {
        "": Works(lambda _: Registry.whereis_name(("unique", "witness")), _is_witness)
    },
    "Select.takes": {"": Works(lambda _: Select(key=int).takes((1, 2, 3)), _is(value=True))},  # type: ignore[arg-type]
    "global_.re_register_name": _awaits(lambda w: global_.re_register_name("witness", w.friend)),
    "global_.register_name": _awaits(lambda w: global_.register_name("another", w.friend)),
    "global_.registered_names": {"": Works(lambda _: global_.registered_names(), _is(["witness"]))},
    "global_.send": {
        "": Refused(lambda _: global_.send("witness", "sent")),
        "an unknown name": Refused(lambda _: global_.send("nobody", "sent")),
    },
    "global_.unregister_name": _awaits(lambda _: global_.unregister_name("witness")),
    "global_.whereis_name": {
        "": Works(lambda _: global_.whereis_name("witness"), _is_witness),
        "nobody": Works(lambda _: global_.whereis_name("nobody"), _is(None)),
    },
    "pg.child_spec": {"": Works(lambda _: pg.child_spec(), _is_a(ChildSpec))},
    "pg.demonitor": _awaits(lambda w: pg.demonitor(w.ref)),
    "pg.get_local_members": {
        "": Works(lambda _: pg.get_local_members("group"), lambda w, r: r == [w.witness])
    },
    "pg.get_members": {"": Works(lambda _: pg.get_members("group"), lambda w, r: r == [w.witness])},
    "pg.join": _awaits(lambda w: pg.join("group", w.friend)),
    "pg.leave": _awaits(lambda w: pg.leave("group", w.witness)),
    "pg.monitor": _awaits(lambda _: pg.monitor("group")),
    "pg.monitor_scope": _awaits(lambda _: pg.monitor_scope()),
    "pg.start": _awaits(lambda _: pg.start("pg")),
    "pg.start_link": _awaits(lambda _: pg.start_link("another")),
    "pg.which_groups": {"": Works(lambda _: pg.which_groups(), _is(["group"]))},
    # ---- applications
    "Application.is_library": {"": Works(lambda _: Shop.is_library(), _is(value=True))},
    "Setting.words": {"": Works(lambda _: application.Setting("a text").words(), _is_a(str))},
    "application.configure": _awaits(lambda _: application.configure(Shop, port="1")),
    "application.delete_env": _awaits(lambda _: application.delete_env(Shop, "port")),
    "application.ensure_all_started": _awaits(lambda _: application.ensure_all_started(Shop)),
    "application.ensure_loaded": _awaits(lambda _: application.ensure_loaded(Shop)),
    "application.ensure_started": _awaits(lambda _: application.ensure_started(Shop)),
    "application.fetch_env": {"": Works(lambda _: application.fetch_env(Shop, "port"), _is(4040))},
    "application.get_all_env": {
        "": Works(lambda _: application.get_all_env(Shop), _is({"port": 4040}))
    },
    "application.get_all_key": {
        "": Works(lambda _: application.get_all_key(Shop)["env"], _is({"port": 4040}))
    },
    "application.get_application": {
        "": Works(lambda _: application.get_application(), _is(None)),
        "of a process": Works(lambda w: application.get_application(w.friend), _is(None)),
    },
    "application.get_env": {
        "": Works(lambda _: application.get_env(Shop, "port"), _is(4040)),
        "by its name": Works(lambda _: application.get_env("shop", "port"), _is(4040)),
        "its own": Raises(lambda _: application.get_env(None, "port"), BadArgError),
    },
    "application.get_key": {"": Works(lambda _: application.get_key(Shop, "mod"), _is(None))},
    "application.get_supervisor": {
        "": Works(lambda _: application.get_supervisor(Shop), _is(None))
    },
    "application.load": _awaits(lambda _: application.load(Shop)),
    "application.load_config": _awaits(lambda _: application.load_config("no such file")),
    "application.loaded_applications": {
        "": Works(
            lambda _: [one.name for one in application.loaded_applications()], _is([Atom("shop")])
        )
    },
    "application.put_env": _awaits(lambda _: application.put_env(Shop, "port", 1)),
    "application.set_env": _awaits(lambda _: application.set_env({"shop": {"port": 1}})),
    "application.start": _awaits(lambda _: application.start(Shop)),
    "application.stop": _awaits(lambda _: application.stop(Shop)),
    "application.unload": _awaits(lambda _: application.unload(Shop)),
    "application.which_applications": {
        "": Works(
            lambda _: [one.name for one in application.which_applications()], _is([Atom("shop")])
        )
    },
    # ---- proc_lib and sys
    "proc_lib.get_label": _awaits(lambda w: proc_lib.get_label(w.subject)),
    "proc_lib.hibernate": _awaits(lambda _: proc_lib.hibernate(_step)),
    "proc_lib.init_ack": {
        "": Refused(lambda _: proc_lib.init_ack()),
        "for another": Delivered(
            lambda w: proc_lib.init_ack(starter=w.caller),
            lambda w, told: told == (w.caller[1], Atom("ack")),
        ),
    },
    "proc_lib.init_fail": {
        "": Refused(lambda _: proc_lib.init_fail("reason")),
        "for another": Refused(lambda w: proc_lib.init_fail("reason", starter=w.caller)),
    },
    "proc_lib.initial_call": _awaits(lambda w: proc_lib.initial_call(w.subject)),
    "proc_lib.set_label": _awaits(lambda _: proc_lib.set_label("another")),
    "proc_lib.spawn": _awaits(lambda _: proc_lib.spawn(_step)),
    "proc_lib.spawn_link": _awaits(lambda _: proc_lib.spawn_link(_step)),
    "proc_lib.spawn_monitor": _awaits(lambda _: proc_lib.spawn_monitor(_step)),
    "proc_lib.start": _awaits(lambda _: proc_lib.start(_step)),
    "proc_lib.start_link": _awaits(lambda _: proc_lib.start_link(_step, name="another")),
    "proc_lib.start_monitor": _awaits(lambda _: proc_lib.start_monitor(_step)),
    "proc_lib.starter": _awaits(lambda _: proc_lib.starter()),
    "sys.Special.system_code_change": {
        "": Raises(lambda w: w.special.system_code_change(1, 2, 3), NotImplementedError)
    },
    "sys.Special.system_format_event": _awaits(
        lambda w: w.special.system_format_event(("in", "message"))
    ),
    "sys.Special.system_get_state": {"": Works(lambda w: w.special.system_get_state(), _is(None))},
    "sys.Special.system_module": {"": Works(lambda w: w.special.system_module(), _is(sys.Special))},
    "sys.Special.system_name": _awaits(lambda w: w.special.system_name()),
    "sys.Special.system_replace_state": {
        "": Raises(lambda w: w.special.system_replace_state(abs), NotImplementedError)
    },
    "sys.Special.system_status": {
        "": Works(lambda w: w.special.system_status(), _is({"State": None}))
    },
    "sys.change_code": _awaits(lambda w: sys.change_code(w.server, Lamp, 1, 2)),
    "sys.debug_options": {"": Works(lambda _: sys.debug_options(sys.Special(), []), _is(None))},
    "sys.get_log": {"": Works(lambda w: sys.get_log(w.special), _is([]))},
    "sys.get_state": {
        "": Refused(lambda w: sys.get_state(w.server)),
        "an unknown name": Refused(lambda _: sys.get_state("nobody")),
    },
    "sys.get_status": _awaits(lambda w: sys.get_status(w.server)),
    "sys.handle_debug": {"": Works(lambda w: sys.handle_debug(w.special, ("in", 1)), _is(None))},
    "sys.handle_system_msg": _awaits(
        lambda w: sys.handle_system_msg(w.special, w.caller, "get_state", None)
    ),
    "sys.install": _awaits(lambda w: sys.install(w.server, (_step, 1))),
    "sys.log": _awaits(lambda w: sys.log(w.server, True)),
    "sys.log_to_file": _awaits(lambda w: sys.log_to_file(w.server, "file")),
    "sys.no_debug": _awaits(lambda w: sys.no_debug(w.server)),
    "sys.print_log": {"": Works(lambda w: sys.print_log(w.special), _is(None))},
    "sys.remove": _awaits(lambda w: sys.remove(w.server, _step)),
    "sys.replace_state": _awaits(lambda w: sys.replace_state(w.server, _step)),
    "sys.resume": _awaits(lambda w: sys.resume(w.server)),
    "sys.statistics": _awaits(lambda w: sys.statistics(w.server, True)),
    "sys.suspend": _awaits(lambda w: sys.suspend(w.server)),
    "sys.terminate": _awaits(lambda w: sys.terminate(w.server, "reason")),
    "sys.trace": _awaits(lambda w: sys.trace(w.server, True)),
    # ---- timers
    "timer.apply_after": _awaits(lambda _: timer.apply_after(0, _step)),
    "timer.apply_interval": _awaits(lambda _: timer.apply_interval(1, _step)),
    "timer.apply_repeatedly": _awaits(lambda _: timer.apply_repeatedly(1, _step)),
    "timer.cancel": _awaits(lambda w: timer.cancel(w.interval)),
    "timer.exit_after": _awaits(lambda w: timer.exit_after(0, w.friend, "late")),
    "timer.hms": {"": Works(lambda _: timer.hms(0, 0, 1), _is(1))},
    "timer.hours": {"": Works(lambda _: timer.hours(1), _is(3600))},
    "timer.kill_after": _awaits(lambda w: timer.kill_after(0, w.friend)),
    "timer.minutes": {"": Works(lambda _: timer.minutes(1), _is(60))},
    "timer.seconds": {"": Works(lambda _: timer.seconds(1), _is(1))},
    "timer.send_after": {
        "": Refused(lambda w: timer.send_after(1, w.witness, "sent")),
        "at once": Refused(lambda w: timer.send_after(0, w.witness, "sent")),
    },
    "timer.send_interval": _awaits(lambda w: timer.send_interval(1, w.witness, "sent")),
    "timer.sleep": _awaits(lambda _: timer.sleep(0)),
    "timer.start": _awaits(lambda _: timer.start()),
    "timer.tc": {"": Works(lambda _: timer.tc(abs, -1)[1], _is(1))},
    # ---- the logger, which any thread uses
    "logger.BurstLimit.filter": {"": Works(lambda _: _LIMIT.filter(_RECORD), _is(value=True))},
    "logger.BurstLimit.flush": {"": Works(lambda _: _LIMIT.flush(), _is(None))},
    "logger.BurstLimit.gate": {
        "": Works(
            lambda _: _LIMIT.gate(logging.getLogger("test"), logging.INFO, "kind", None),
            _is(value=True),
        )
    },
    "logger.BurstLimit.passes": {
        "": Works(lambda _: _LIMIT.passes("test", "kind"), _is(value=True))
    },
    "logger.ProcessFilter.filter": {
        "": Works(
            lambda _: logger.ProcessFilter().filter(_RECORD) and getattr(_RECORD, "pid", None),
            _is(""),
        )
    },
    "logger.ThreadedHandler.prepare": {
        "": Works(lambda _: _HANDLER.prepare(_RECORD).msg, _is("a message"))
    },
    "logger.ThreadedHandler.write": {"": Works(lambda _: _HANDLER.write(_RECORD), _is(value=True))},
    "logger.StderrHandler.begin_in_child": {
        "": Works(lambda _: logger.StderrHandler().begin_in_child(), _is(None))
    },
    "logger.StderrHandler.close": {"": Works(lambda _: logger.StderrHandler().close(), _is(None))},
    "logger.StderrHandler.count_dropped": {
        "": Works(lambda _: logger.StderrHandler().count_dropped(), _is(None))
    },
    "logger.StderrHandler.emit": {"": Works(lambda _: _emit(), _is(None))},
    "logger.StderrHandler.flush": {"": Works(lambda _: _STDERR.flush(), _is(None))},
    "logger.StderrHandler.gives_up": {"": Works(lambda _: _STDERR.gives_up(), _is(value=False))},
    "logger.StderrHandler.handleError": {
        "": Works(lambda _: _STDERR.handleError(_RECORD), _is(None))
    },
    "logger.StderrHandler.prepare": {
        "": Works(lambda _: _STDERR.prepare(_RECORD).msg, _is("a message"))
    },
    "logger.StderrHandler.write": {"": Works(lambda _: _STDERR.write(_RECORD), _is(value=True))},
    "logger.configure": {"": Works(lambda _: logger.configure(level="warning"), _is(None))},
    "logger.get_metadata": {"": Works(lambda _: logger.get_metadata(), _is({}))},
    "logger.get_process_level": {"": Works(lambda _: logger.get_process_level(), _is(None))},
    "logger.install": {"": Works(lambda _: _install(), _is(None))},
    "logger.metadata": {"": Works(lambda _: logger.metadata(), _is(None))},
    "logger.put_logger_level": {
        "": Works(lambda _: logger.put_logger_level("test", None), _is(None))
    },
    "logger.put_process_level": {"": Works(lambda _: logger.put_process_level(None), _is(None))},
    "logger.reset_metadata": {"": Works(lambda _: logger.reset_metadata(), _is(None))},
    "logger.uninstall": {"": Works(lambda _: logger.uninstall(), _is(None))},
    # ---- errors
    "errors.not_one_of": {
        "": Works(lambda _: errors.not_one_of("field", 1, ("a",), "Here"), _is_a(Exception))
    },
}

# Nobody else does: each runs in the process that it is about.
CALLED_BY_BEHAVIOURS: Final = {
    "Application": "prep_stop start start_phase stop",
    "DynamicSupervisor": "init",
    "GenEventHandler": (
        "code_change format_status handle_call handle_event handle_info init terminate"
    ),
    "GenServer": (
        "code_change format_status handle_call handle_cast handle_continue handle_info init "
        "system_get_state system_replace_state terminate"
    ),
    "GenStatem": "code_change format_status handle_event init terminate",
    "Supervisor": "init",
    "ViaModule": "register_name send unregister_name whereis_name",
}
