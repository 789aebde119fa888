"""The operations of scenarios that need no waiting, each one call of beamish's public door.

An operation gets the scenario's bindings and its arguments as they are written, and returns
what a scenario shows of its result. Nothing here knows what the result ought to be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, cast

from beamish import process
from beamish.terms import Pid, Ref, TimerRef

from .letters import Letter
from .terms import JSON, Bindings

__all__ = ["OPERATIONS", "Operation", "mentions", "monitor_options"]

Operation: TypeAlias = Callable[..., JSON]
AliasKind: TypeAlias = Literal["explicit_unalias", "demonitor", "reply_demonitor"]

NOW, FAR = 0, 10_000


def mentions(operation: list[JSON]) -> list[JSON]:
    """The terms whose names must be bound for the operation to run, in written order.

    The names that an operation binds are not among them.
    """
    match operation:
        case ["spawn", _, options]:
            return [options.get("tag", 0)]
        case ["monitor", _, target, options]:
            return [target, options.get("tag", 0)]
        case ["demonitor" | "unalias" | "cancel_timer" | "read_timer", ref, *_]:
            return [f"#{ref}"]
        case ["alias", *_]:
            return []
        case ["send_after" | "start_timer", _, _, target, message]:
            return [target, message]
        case ["crash", inner]:
            return mentions(inner)
        case [_, *arguments]:
            return arguments
        case _:
            raise ValueError(f"expected an operation of scenario.md; got {operation!r}")


def monitor_options(names: Bindings, options: dict[str, JSON]) -> dict[str, Any]:
    """The options of a monitor as ``process.monitor`` takes them."""
    wanted: dict[str, Any] = {}
    if "alias" in options:
        wanted["alias"] = cast("AliasKind", options["alias"])
    if "tag" in options:
        wanted["tag"] = names.term(options["tag"])
    return wanted


def _link(names: Bindings, pid: str) -> JSON:
    process.link(names.pid(pid))
    return True


def _unlink(names: Bindings, pid: str) -> JSON:
    process.unlink(names.pid(pid))
    return True


def _monitor(names: Bindings, ref: str, target: JSON, options: dict[str, JSON]) -> JSON:
    return _bound(
        names, ref, process.monitor(names.term(target), **monitor_options(names, options))
    )


def _demonitor(names: Bindings, ref: str, options: list[str]) -> JSON:
    return process.demonitor(names.ref(ref), flush="flush" in options, info="info" in options)


def _exit2(names: Bindings, pid: str, reason: JSON) -> JSON:
    return process.exit(names.pid(pid), names.term(reason))


def _exit(names: Bindings, reason: JSON) -> JSON:
    process.exit(names.term(reason))


def _error(names: Bindings, reason: JSON) -> JSON:
    process.error(names.term(reason))


def _throw(names: Bindings, value: JSON) -> JSON:
    process.throw(names.term(value))


def _trap(names: Bindings, flag: bool) -> JSON:
    return names.show(process.flag(trap_exit=flag))


def _register(names: Bindings, name: str, pid: str) -> JSON:
    process.register(names.term(name), names.pid(pid))
    return True


def _unregister(names: Bindings, name: str) -> JSON:
    process.unregister(names.term(name))
    return True


def _whereis(names: Bindings, name: str) -> JSON:
    pid = process.whereis(names.term(name))
    return "undefined" if pid is None else names.show(pid)


def _send(names: Bindings, to: JSON, message: JSON) -> JSON:
    return names.show(process.send(names.term(to), names.term(message)))


def _alive(names: Bindings, pid: str) -> JSON:
    return names.show(process.alive(names.pid(pid)))


def _info(names: Bindings, pid: str, item: str) -> JSON:
    return show_info(names, names.pid(pid), item)


def _alias(names: Bindings, ref: str, options: list[str]) -> JSON:
    return _bound(names, ref, process.alias(reply="reply" in options))


def _unalias(names: Bindings, ref: str) -> JSON:
    return names.show(process.unalias(names.ref(ref)))


def _send_after(names: Bindings, ref: str, when: str, to: JSON, message: JSON) -> JSON:
    timer = process.send_after(_seconds(when), names.term(to), names.term(message))
    return _bound(names, ref, timer)


def _start_timer(names: Bindings, ref: str, when: str, to: JSON, message: JSON) -> JSON:
    timer = process.start_timer(_seconds(when), names.term(to), names.term(message))
    return _bound(names, ref, timer)


def _cancel_timer(names: Bindings, ref: str) -> JSON:
    return _left(process.cancel_timer(_timer(names, ref)))


def _read_timer(names: Bindings, ref: str) -> JSON:
    return _left(process.read_timer(_timer(names, ref)))


def _bound(names: Bindings, name: str, ref: Ref) -> JSON:
    names.bind(f"#{name}", ref)
    return names.show(ref)


def _timer(names: Bindings, name: str) -> TimerRef:
    timer = names.ref(name)
    assert isinstance(timer, TimerRef), name
    return timer


def _seconds(when: str) -> float:
    return {"now": NOW, "far": FAR}[when]


def _left(seconds: float | None) -> JSON:
    return False if seconds is None else "left"


def show_info(names: Bindings, pid: Pid, item: str) -> JSON:
    """What ``process.info`` says, without what belongs to the controller of the scenario."""
    value = process.info(pid, item)
    if value is None:
        return "undefined"
    if item == "message_queue_len":
        # The controller's own messages are never counted.
        return value - len([m for m in messages(pid) if isinstance(m, Letter)])
    if item == "messages":
        return {"l": names.show_mailbox(m for m in value if not isinstance(m, Letter))}
    if item in ("links", "monitors", "monitored_by"):
        return {"l": names.show_set(relations(names, pid, item))}
    return "" if value == "" else names.show(value)


def relations(names: Bindings, pid: Pid, item: str) -> list[object]:
    """Links, monitors or watchers of a live process, without the controller as a watcher."""
    found = list(_info_list(pid, item))
    if item == "monitored_by":
        found.remove(names.pid("@ctl"))
    return found


def messages(pid: Pid) -> list[object]:
    """The mailbox of a live process, in its order."""
    return _info_list(pid, "messages")


def _info_list(pid: Pid, item: str) -> list[object]:
    value = process.info(pid, item)
    assert isinstance(value, list), f"{item} of a live process: expected a list; got {value!r}"
    return cast("list[object]", value)


OPERATIONS: dict[str, Operation] = {
    "alias": _alias,
    "alive": _alive,
    "cancel_timer": _cancel_timer,
    "demonitor": _demonitor,
    "error": _error,
    "exit": _exit,
    "exit2": _exit2,
    "info": _info,
    "link": _link,
    "monitor": _monitor,
    "read_timer": _read_timer,
    "register": _register,
    "send": _send,
    "send_after": _send_after,
    "start_timer": _start_timer,
    "throw": _throw,
    "trap": _trap,
    "unalias": _unalias,
    "unlink": _unlink,
    "unregister": _unregister,
    "whereis": _whereis,
}
