"""The process of an event manager: a list of handlers, and what becomes of each message.

It guarantees: a handler that fails, or returns what it must not, is taken out and reported, and
harms neither the manager nor the others; a process that added a handler with ``add_sup_handler``
hears of its end; the manager runs on without any handler.

Handlers are called in the order of the list, the newest first. A handler's callbacks run in the
manager's process, so one that takes long holds up the others.

Source: stdlib, gen_event(3) (OTP 25 manual); the order of what happens is that of a running OTP 25.
"""

from __future__ import annotations

import logging
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast, final

from beamish import behaviour, process
from beamish.otp.directives import Hibernate, Stop
from beamish.otp.gen import (
    Name,
    Starter,
    acknowledge,
    attributes_of,
    claim,
    is_coroutine,
    reporting,
    set_attributes,
)
from beamish.otp.sys import (
    SYSTEM,
    Debug,
    Special,
    debug_options,
    formatted,
    handle_debug,
    handle_system_msg,
)
from beamish.terms import NORMAL, SHUTDOWN, Atom, Exit, Pid, Ref, Throw
from beamish.terms.careful import class_of, is_a, same
from beamish.terms.ends import exit_reason
from beamish.terms.words import ERROR, EXIT, IN, OK, STOP, is_word

from .values import HandlerId, RemoveHandler, SwapHandler

__all__ = ["NOTIFY", "Setup", "run"]

NOTIFY: Final = Atom("notify")
SYNC_NOTIFY: Final = Atom("sync_notify")

_REMOVE: Final = Atom("remove_handler")
_SWAPPED: Final = Atom("swapped")
_CRASH: Final = Atom("crash")
_GEN_EVENT_EXIT: Final = Atom("gen_event_EXIT")
_NOT_FOUND: Final = Atom("module_not_found")
_BAD_MODULE: Final = Atom("bad_module")


class Setup(NamedTuple):
    """What a manager is started with."""

    name: Name | None
    linked: bool
    debug: tuple[Any, ...]


@final
class _Failed:
    """The result of a callback that raised.

    Attributes:
        reason: the exception, or the reason of a ``process.exit``.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: Any) -> None:
        self.reason = reason


@final
class Handler:
    """A handler in the list.

    Attributes:
        id: its class, or (class, id).
        instance: the user's object.
        owner: the process that supervises it: it hears of the handler's end, and ends it by its
            own.
    """

    __slots__ = ("id", "instance", "owner")

    def __init__(self, id: HandlerId, instance: Any, owner: Pid | None) -> None:
        self.id: HandlerId = id
        self.instance: Any = instance
        self.owner: Pid | None = owner


async def run(starter: Starter, setup: Setup) -> None:
    """Runs a manager's process."""
    if not claim(starter, setup.name):
        return
    process.flag(trap_exit=True)
    manager = _Manager(starter[0] if setup.linked else None)
    if setup.debug:
        debug_options(manager, setup.debug)
    behaviour.serving(manager)
    acknowledge(starter)
    await reporting(manager.run, (), {})


@final
class _Manager(Special):
    """A running event manager."""

    __slots__ = ("debug", "handlers", "message", "parent")

    def __init__(self, parent: Pid | None) -> None:
        self.handlers: list[Handler] = []
        self.parent = parent
        self.message: Any = None
        self.debug: Debug | None = None

    async def run(self) -> None:
        receive: Any = process.receive
        while True:
            self.message = message = None  # keep nothing alive while it waits
            message = await receive()
            reason = await self._take(message)
            if reason is not None:
                await self._stop(reason)
                return

    async def _take(self, message: Any) -> Any:
        """Does what a message says; returns the exit reason if it ends the manager."""
        if class_of(message) is Exit:
            if message[1] is self.parent or message[1] is behaviour.init():
                return message[2]
            await self._owner_is_gone(message[1], message[2])
        elif class_of(message) is tuple:
            request = _request_in(message)
            if request is not None:
                pid, ref, head, args = request
                self.message = message
                behaviour.reply((pid, ref), await _REQUESTS[head](self, pid, *args))
                return None
            if len(message) == 3 and message[0] is SYSTEM:
                stop = await handle_system_msg(self, message[1], message[2], self.parent)
                return None if stop is None else stop.reason
            if len(message) == 2 and message[0] is NOTIFY:
                await self._notify("handle_event", message[1])
                return None
        await self._notify("handle_info", message)
        return None

    async def _stop(self, reason: Any) -> None:
        for handler in tuple(self.handlers):
            await self._remove(handler, STOP, SHUTDOWN)
        if not is_word(reason, NORMAL):
            process.exit(reason)

    # ---- events

    async def _notify(self, callback: str, event: Any) -> None:
        self.message = event
        if self.debug is not None:
            handle_debug(self, (IN, event))
        for handler in tuple(self.handlers):
            if handler in self.handlers:
                result = await _call(getattr(handler.instance, callback), event)
                if not (result is None or result is Hibernate or is_a(result, Hibernate)):
                    await self._obey(handler, result)

    async def sync_notify(self, caller: Pid, event: Any) -> Any:
        """Passes an event to all handlers before it replies."""
        await self._notify("handle_event", event)
        return (OK, None)

    async def call(self, caller: Pid, id: HandlerId, request: Any) -> Any:
        """Asks one handler."""
        handler = self._find(id)
        if handler is None:
            return (ERROR, _BAD_MODULE)
        result = await _call(handler.instance.handle_call, request)
        if is_a(result, _Failed):
            await self._obey(handler, result)
            return (ERROR, (EXIT, result.reason))
        if result is RemoveHandler:
            result = RemoveHandler()
        if is_a(result, RemoveHandler) or is_a(result, SwapHandler):
            await self._obey(handler, result)
            return (OK, result.reply)
        return (OK, result)

    async def _obey(self, handler: Handler, result: Any) -> None:
        """Does what a handler says, or what must be done with one that failed."""
        if result is RemoveHandler or is_a(result, RemoveHandler):
            await self._remove(handler, _REMOVE, NORMAL)
        elif is_a(result, SwapHandler):
            place = self.handlers.index(handler)
            owner = handler.owner
            handed = await self._swap_out(handler, result.args, result.handler, owner)
            new_args = (result.new_args, handed)
            added = await self._add(result.handler, (new_args,), {}, owner, place)
            if added[0] is ERROR and owner is not None:
                process.send(owner, (_GEN_EVENT_EXIT, result.handler, _CRASH))  # as in OTP
                self._unlink(owner)
        elif is_a(result, _Failed):
            exit = (EXIT, result.reason)
            self._report(handler, exit)
            await self._remove(handler, (ERROR, exit), exit)
        else:
            self._report(handler, result)
            await self._remove(handler, (ERROR, result), result)

    # ---- coming and going

    async def add_handler(self, caller: Pid, id: HandlerId, args: Any, kwargs: Any) -> Any:
        """Adds a handler."""
        return await self._add(id, args, kwargs, None, 0)

    async def add_sup_handler(self, caller: Pid, id: HandlerId, args: Any, kwargs: Any) -> Any:
        """Adds a handler that ends with the caller; the caller hears of the handler's end."""
        process.link(caller)
        added = await self._add(id, args, kwargs, caller, 0)
        if added[0] is ERROR:
            self._unlink(caller)
        return added

    async def _add(
        self, id: HandlerId, args: Any, kwargs: Any, owner: Pid | None, place: int
    ) -> Any:
        """Makes a handler and puts it in the list; returns the reply."""
        cls: Any = id[0] if isinstance(id, tuple) else id
        instance = await _call(cls)
        if is_a(instance, _Failed):
            return (ERROR, (EXIT, instance.reason))
        result = await _call(instance.init, *args, **kwargs)
        if result is None or result is Hibernate or is_a(result, Hibernate):
            self.handlers.insert(place, Handler(id, instance, owner))
            return (OK, None)
        if is_a(result, _Failed):
            return (ERROR, (EXIT, result.reason))
        return (ERROR, result.reason if is_a(result, Stop) else result)

    async def delete_handler(self, caller: Pid, id: HandlerId, args: Any) -> Any:
        """Takes a handler out; the reply is what its terminate returned."""
        handler = self._find(id)
        if handler is None:
            return (ERROR, _NOT_FOUND)
        result = await self._remove(handler, args, NORMAL)
        if is_a(result, _Failed):
            return (ERROR, (EXIT, result.reason))
        return (OK, result)

    async def swap_handler(
        self, caller: Pid, old: HandlerId, args: Any, new: HandlerId, new_args: Any
    ) -> Any:
        """Replaces a handler; the new one is supervised as the old one was."""
        handler = self._find(old)
        owner = handler.owner if handler is not None else None
        return await self._swap(handler, args, new, new_args, owner)

    async def swap_sup_handler(
        self, caller: Pid, old: HandlerId, args: Any, new: HandlerId, new_args: Any
    ) -> Any:
        """Replaces a handler; the new one is supervised by the caller."""
        process.link(caller)
        added = await self._swap(self._find(old), args, new, new_args, caller)
        if added[0] is ERROR:
            self._unlink(caller)
        return added

    async def _swap(
        self, handler: Handler | None, args: Any, new: HandlerId, new_args: Any, owner: Pid | None
    ) -> Any:
        handed: Any = ERROR  # as in OTP, if there was none
        if handler is not None:
            handed = await self._swap_out(handler, args, new, owner)
        return await self._add(new, ((new_args, handed),), {}, owner, 0)

    async def _swap_out(
        self, handler: Handler, args: Any, new: HandlerId, owner: Pid | None
    ) -> Any:
        """Takes a handler out in a swap; returns what it hands over."""
        result = await self._remove(handler, args, (_SWAPPED, new, owner), keep=owner)
        return (EXIT, result.reason) if is_a(result, _Failed) else result

    async def _remove(
        self, handler: Handler, args: Any, reason: Any, *, keep: Pid | None = None
    ) -> Any:
        """Takes a handler out and tells its owner; returns what terminate returned."""
        self.handlers.remove(handler)
        result = await _call(handler.instance.terminate, args)
        if is_a(result, _Failed):
            self._report(handler, (EXIT, result.reason))
        owner = handler.owner
        if owner is not None:
            process.send(owner, (_GEN_EVENT_EXIT, handler.id, reason))
            if owner is not keep:
                self._unlink(owner)
        return result

    async def _owner_is_gone(self, pid: Pid, reason: Any) -> None:
        for handler in tuple(self.handlers):
            if handler.owner is pid:
                handler.owner = None
                await self._remove(handler, (STOP, reason), reason)

    async def which_handlers(self, caller: Pid) -> Any:
        """The handlers, the newest first."""
        return (OK, [handler.id for handler in self.handlers])

    def _find(self, id: HandlerId) -> Handler | None:
        for handler in self.handlers:
            if same(handler.id, id):
                return handler
        return None

    def _unlink(self, pid: Pid) -> None:
        """Ends the link to an owner, unless there is another reason for it."""
        if pid is not self.parent and all(handler.owner is not pid for handler in self.handlers):
            process.unlink(pid)

    def _report(self, handler: Handler, reason: Any) -> None:
        """Reports a handler that is taken out because it failed."""
        pid, name = process.self(), self.system_name()

        def make() -> tuple[tuple[Any, ...], dict[str, Any]]:
            shown = _formatted(handler, {"reason": reason, "message": self.message})
            event, state, why = shown["message"], shown["state"], shown["reason"]
            fields = {"pid": pid, "handler": handler.id, "last_message": event, "state": state}
            return (handler.id, name, event, state, why), fields | {"reason": why}

        is_failure = class_of(reason) is tuple and reason[0] is EXIT
        behaviour.report(
            logging.ERROR,
            "event_handler",
            "gen_event handler %r crashed, and was removed from %r\n"
            "    Last event: %r\n    State: %r\n** %s",
            make,
            error=reason[1] if is_failure and is_a(reason[1], BaseException) else None,
        )

    # ---- for sys, and for the runtime's crash reports

    def system_get_state(self) -> Any:
        """For each handler its class, its id (None if it has none) and its attributes."""
        return [(*_parts(one.id), attributes_of(one.instance)) for one in self.handlers]

    def system_replace_state(self, fn: Callable[[Any], Any]) -> Any:
        """Calls the function for each handler; one for which it fails keeps its state."""
        for handler in self.handlers:
            before = attributes_of(handler.instance)
            try:
                _, _, state = fn((*_parts(handler.id), dict(before)))
                set_attributes(handler.instance, state)
            except Exception:  # noqa: BLE001  # as in OTP: whatever it raises, the state stays
                set_attributes(handler.instance, before)
        return self.system_get_state()

    async def system_code_change(self, module: Any, old_vsn: Any, extra: Any) -> None:
        """Gives handlers of a class of that name the new class."""
        for handler in self.handlers:
            instance: Any = handler.instance
            was = instance.__class__
            if isinstance(module, type) and was.__qualname__ == module.__qualname__:
                instance.__class__ = module
                result = await _call(instance.code_change, old_vsn, extra)
                if is_a(result, _Failed):
                    instance.__class__ = was
                    process.error((EXIT, result.reason))
                handler.id = (module, handler.id[1]) if isinstance(handler.id, tuple) else module

    def system_status(self) -> dict[str, Any]:
        """What ``sys.get_status`` shows: the handlers, as their ``format_status`` has them."""
        shown = [
            (*_parts(one.id), _formatted(one, {})["state"], one.owner) for one in self.handlers
        ]
        return {"State": [entry[:3] for entry in shown], "Installed handlers": shown}

    def crash_details(self, reason: Any) -> dict[str, Any]:
        """The last event and the handlers."""
        return {"last_message": self.message, "state": [one.id for one in self.handlers]}


_REQUESTS: Final[dict[str, Callable[..., Any]]] = {
    "add_handler": _Manager.add_handler,
    "add_sup_handler": _Manager.add_sup_handler,
    "delete_handler": _Manager.delete_handler,
    "swap_handler": _Manager.swap_handler,
    "swap_sup_handler": _Manager.swap_sup_handler,
    "sync_notify": _Manager.sync_notify,
    "call": _Manager.call,
    "which_handlers": _Manager.which_handlers,
}


def _request_in(message: tuple[Any, ...]) -> tuple[Pid, Ref, str, Any] | None:
    """Who asks, and for what, if a message is a request; it may be any tuple."""
    if len(message) != 3 or class_of(message[0]) is not Pid:
        return None
    _, caller, asked = message
    if (
        class_of(caller) is not tuple
        or class_of(asked) is not tuple
        or len(caller) != 2
        or not asked
    ):
        return None
    pid, ref = caller
    head, *args = asked
    if class_of(pid) is not Pid or not is_a(ref, Ref) or class_of(head) not in (str, Atom):
        return None
    return (pid, ref, head, args) if head in _REQUESTS else None


async def _call(callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a handler's callback; returns _Failed if it raises."""
    try:
        result = callback(*args, **kwargs)
        return await result if is_coroutine(result) else result
    except Throw as thrown:
        return thrown.value
    except BaseException as error:  # a handler's error is not the manager's
        if class_of(error) is CancelledError or not process.alive(process.self()):
            raise  # the manager itself has been killed
        return _Failed(exit_reason(error))


def _parts(id: HandlerId) -> tuple[Any, Any]:
    return cast("tuple[Any, Any]", id) if isinstance(id, tuple) else (id, None)


def _formatted(handler: Handler, more: dict[str, Any]) -> dict[str, Any]:
    """A handler's state, and more, as its format_status shows them."""
    return formatted(handler.instance, {"state": attributes_of(handler.instance), **more})
