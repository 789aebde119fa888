"""Random orders to an event manager, and what comes of them on beamish."""

from __future__ import annotations

import logging
import random
from collections.abc import Coroutine
from typing import Any, cast

import beamish
from beamish import process
from beamish.otp import HandlerError, gen_event
from beamish.otp.gen_event import GenEventHandler, Hibernate, RemoveHandler, Stop, SwapHandler
from beamish.terms import Exit, Pid, to_erlang
from tests.interop.statem.ours import show

__all__ = ["orders", "play"]

_IDS: tuple[Any, ...] = ("h", ("h", 1), ("h", 2), ("h", 3))
_OWNERS = (1, 2)
_KINDS = (
    *("add", "add", "add_sup", "add_sup", "delete", "swap", "swap_sup"),
    *("notify", "notify", "sync", "call", "info", "die"),
)
_ANSWERS = ("ok", "ok", "hibernate", "remove", "odd", "crash", "exit", "throw")


# ---- orders


def orders(seed: str) -> list[Any]:
    """What is done to a manager, made by chance."""
    rng = random.Random(seed)
    return [_order(rng) for _ in range(rng.randint(4, 16))]


def _order(rng: random.Random) -> Any:
    id, other, owner = rng.choice(_IDS), rng.choice(_IDS), rng.choice(_OWNERS)
    kind = rng.choice(_KINDS)
    match kind:
        case "add":
            return (kind, id, _init(rng))
        case "add_sup":
            return (kind, owner, id, _init(rng))
        case "delete":
            return (kind, id, _arg(rng))
        case "swap":
            return (kind, id, _arg(rng), other, _init(rng))
        case "swap_sup":
            return (kind, owner, id, _arg(rng), other, _init(rng))
        case "call":
            return (kind, id, _answer(rng))
        case "die":
            return (kind, owner, rng.choice(("normal", "why")))
        case _:
            return (kind, [(each, _answer(rng)) for each in _IDS if rng.random() < 0.5])


def _init(rng: random.Random) -> str:
    return rng.choice(("ok", "ok", "ok", "ok", "hibernate", "error", "odd", "crash", "exit"))


def _arg(rng: random.Random) -> str:
    return rng.choice(("arg", "arg", "arg", "boom"))


def _answer(rng: random.Random) -> Any:
    # OTP 25 loses a handler that comes in by another's wish and whose init says hibernate.
    how = _init(rng).replace("hibernate", "ok")
    swap = ("swap", _arg(rng), rng.choice(_IDS), how)
    return rng.choice((*_ANSWERS, swap, swap))


# ---- the handler


class Told(GenEventHandler):
    """Tells the driver what it is told, and answers as the order says."""

    def init(self, *args: Any) -> Any:
        match args:
            case (((log, id, how), handed),):
                process.send(log, ("init", id, how, plain(handed)))
            case (log, id, how):
                process.send(log, ("init", id, how))
            case _:
                raise AssertionError(args)
        self.log, self.id = log, id
        leave(how)
        return {"error": Stop("no"), "odd": "odd", "hibernate": Hibernate}.get(how)

    def answer(self, kind: str, answers: list[Any]) -> Any:
        given = dict(answers).get(self.id, "ok")
        process.send(self.log, (kind, self.id, given))
        leave(given)
        match given:
            case ("swap", arg, id, how):
                new = (self.log, id, how)
                return SwapHandler(arg, handler(id), new, reply="reply")
            case _:
                simple = {"remove": RemoveHandler("reply"), "odd": "odd", "hibernate": Hibernate}
                return simple.get(given)

    def handle_event(self, event: Any) -> Any:
        return self.answer("event", event)

    def handle_info(self, message: Any) -> Any:
        if isinstance(message, Exit):
            return None  # OTP 25 stays linked after an add_sup_handler that failed, and hears more
        return self.answer("info", message)

    def handle_call(self, request: Any) -> Any:
        result = self.answer("call", request)
        return "reply" if result is None or result is Hibernate else result

    def terminate(self, arg: Any) -> Any:
        process.send(self.log, ("terminate", self.id, plain(arg)))
        if arg == "boom":
            process.error("boom")
        return ("terminated", arg)


def leave(how: Any) -> None:
    """Ends a callback otherwise than by returning, if it says so."""
    if how == "crash":
        process.error("crash")
    if how == "exit":
        process.exit("exit")
    if how == "throw":
        process.throw(RemoveHandler)


def handler(id: Any) -> Any:
    return (Told, id[1]) if isinstance(id, tuple) else Told


def plain(term: Any) -> Any:
    """A term without stacks, classes and pids."""
    match term:
        case BaseException():
            return plain(to_erlang(term)[0])
        case Pid():
            return "pid"
        case tuple():
            return tuple(map(plain, cast("tuple[Any, ...]", term)))
        case list():
            return list(map(plain, cast("list[Any]", term)))
        case _:
            return "h" if term is Told else term


# ---- the driver


def play(given: list[Any]) -> str:
    """What is told, order by order."""
    logging.disable()
    try:
        trace: list[Any] = beamish.run(_drive, given, preempt=False)
    finally:
        logging.disable(logging.NOTSET)
    return show(trace)


async def _drive(given: list[Any]) -> list[Any]:
    manager = await gen_event.start()
    me = process.self()
    owners = {number: process.spawn(_owner, me, number) for number in _OWNERS}
    trace: list[Any] = []
    for order in given:
        result = await _do(manager, owners, order)
        handlers = plain(await gen_event.which_handlers(manager))
        for number, pid in owners.items():
            process.send(pid, ("sync", number))
            await process.receive(("synced", number))
        told = [plain(one) for one in process.flush()]
        # Of two owners nobody knows who is told first: what they were told stands at the end.
        told.sort(key=lambda one: one[1] if one[0] == "owner" else 0)
        trace.append((plain(order), result, told, handlers))
    return trace


async def _do(manager: Pid, owners: dict[int, Pid], order: Any) -> Any:
    me = process.self()
    match order:
        case ("add", id, how):
            adding = gen_event.add_handler(manager, handler(id), me, id, how)
            return await _result(adding)
        case ("delete", id, arg):
            return await _result(gen_event.delete_handler(manager, handler(id), arg))
        case ("swap", id, arg, other, how):
            out, new = (handler(id), arg), (handler(other), (me, other, how))
            return await _result(gen_event.swap_handler(manager, out, new))
        case ("add_sup" | "swap_sup", owner, *rest):
            process.send(owners[owner], (order[0], manager, *rest))
            return (await process.receive(("result", ...)))[1]
        case ("notify", answers):
            gen_event.notify(manager, answers)
        case ("sync", answers):
            await gen_event.sync_notify(manager, answers)
        case ("info", answers):
            process.send(manager, answers)
        case ("call", id, answer):
            asking = gen_event.call(manager, handler(id), [(id, answer)])
            return await _result(asking)
        case ("die", owner, reason):
            ref = process.monitor(owners[owner])
            process.send(owners[owner], ("die", reason))
            await process.receive(("DOWN", ref, ..., ..., ...))
            owners[owner] = process.spawn(_owner, me, owner)
        case _:
            raise AssertionError(order)
    return "ok"


async def _result(asking: Coroutine[Any, Any, Any]) -> Any:
    try:
        result = await asking
    except HandlerError as error:
        return ("error", plain(error.reason))
    return "ok" if result is None else plain(result)


async def _owner(driver: Pid, number: int) -> None:
    while True:
        match await process.receive():
            case ("sync", _):
                process.send(driver, ("synced", number))
            case ("die", reason):
                process.exit(reason)
            case ("add_sup", manager, id, how):
                adding = gen_event.add_sup_handler(manager, handler(id), driver, id, how)
                process.send(driver, ("result", await _result(adding)))
            case ("swap_sup", manager, id, arg, other, how):
                out, new = (handler(id), arg), (handler(other), (driver, other, how))
                swapping = gen_event.swap_sup_handler(manager, out, new)
                process.send(driver, ("result", await _result(swapping)))
            case message:
                process.send(driver, ("owner", number, plain(message)))
