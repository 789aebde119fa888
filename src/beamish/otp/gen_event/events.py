"""The class GenEvent, and the functions that speak to an event manager."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, Final, Unpack

from beamish import process
from beamish.otp.child import Supervised
from beamish.otp.errors import HandlerError
from beamish.otp.gen import (
    NOT_GIVEN,
    Called,
    Dest,
    GivenTimeout,
    Name,
    SpawnOptions,
    StartOptions,
    as_given,
    spawn_options,
    start_opt,
)
from beamish.otp.gen import call as gen_call
from beamish.otp.sys import check_options
from beamish.terms import Atom, BadArgError, Pid, Ref
from beamish.terms.words import CALL, OK

from .handler import GenEventHandler
from .manager import NOTIFY, Setup, run
from .values import HandlerId

__all__ = [
    "GenEvent",
    "add_handler",
    "add_sup_handler",
    "call",
    "delete_handler",
    "notify",
    "start",
    "start_link",
    "start_monitor",
    "swap_handler",
    "swap_sup_handler",
    "sync_notify",
    "which_handlers",
]

_GEN_EVENT: Final = Atom("gen_event")


class GenEvent(Supervised):
    """An event manager, as a supervisor's child: ``GenEvent.child_spec(name="alarms")``."""

    @classmethod
    def start_link(cls, **options: Unpack[StartOptions]) -> Coroutine[Any, Any, Pid]:
        """Starts an event manager linked to the caller.

        Args:
            options: ``name``, ``timeout``, ``debug`` and ``spawn_opt``, as for a GenServer.

        Returns:
            The pid.

        Raises:
            StartError: the name is taken: ``("already_started", pid)``.

        Source: gen_event:start_link/2.
        """
        return _start(link=True, **options)

    @classmethod
    def start(cls, **options: Unpack[StartOptions]) -> Coroutine[Any, Any, Pid]:
        """Like :meth:`start_link`, without a link.

        Source: gen_event:start/2.
        """
        return _start(**options)

    @classmethod
    def start_monitor(cls, **options: Unpack[StartOptions]) -> Coroutine[Any, Any, tuple[Pid, Ref]]:
        """Like :meth:`start`, monitored by the caller.

        Returns:
            The pid, and the reference that the Down message will carry.

        Source: gen_event:start_monitor/2.
        """
        return _start(watch=True, **options)


def start_link(**options: Unpack[StartOptions]) -> Coroutine[Any, Any, Pid]:
    """``GenEvent.start_link``, by OTP's name.

    Source: gen_event:start_link/2.
    """
    return GenEvent.start_link(**options)


def start(**options: Unpack[StartOptions]) -> Coroutine[Any, Any, Pid]:
    """``GenEvent.start``, by OTP's name.

    Source: gen_event:start/2.
    """
    return GenEvent.start(**options)


def start_monitor(**options: Unpack[StartOptions]) -> Coroutine[Any, Any, tuple[Pid, Ref]]:
    """``GenEvent.start_monitor``, by OTP's name.

    Source: gen_event:start_monitor/2.
    """
    return GenEvent.start_monitor(**options)


def _start(
    *,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    link: bool = False,
    watch: bool = False,
) -> Coroutine[Any, Any, Any]:
    chosen = spawn_options(spawn_opt)
    link = link or chosen.get("link", False)
    setup = Setup(name, link, check_options(debug) if debug else ())
    label = chosen.get("label", GenEvent.__name__)
    return start_opt(run, (setup,), link, name, timeout, None, watch, label, GenEvent)


# ---- handlers


async def add_handler(manager: Dest, handler: HandlerId, *args: Any, **kwargs: Any) -> None:
    """Adds a handler before all others.

    Args:
        manager: a pid, name or via tuple.
        handler: its class, or ``(class, id)``.
        args: what its ``init`` gets.
        kwargs: the same.

    Raises:
        HandlerError: its init failed, ``("EXIT", reason)``, or refused, with what it returned.
        CallError: ``noproc``, or the reason if the manager ends before it replies.

    Source: gen_event:add_handler/3.
    """
    await _ask(manager, handler, ("add_handler", _checked(handler), args, kwargs))


async def add_sup_handler(manager: Dest, handler: HandlerId, *args: Any, **kwargs: Any) -> None:
    """Like :func:`add_handler`, and ties the handler to the caller; see the page "GenEvent".

    Source: gen_event:add_sup_handler/3.
    """
    await _ask(manager, handler, ("add_sup_handler", _checked(handler), args, kwargs))


async def delete_handler(manager: Dest, handler: HandlerId, args: Any = None) -> Any:
    """Takes a handler out.

    Args:
        manager: a pid, name or via tuple.
        handler: as it was added.
        args: what its ``terminate`` gets.

    Returns:
        What its terminate returns.

    Raises:
        HandlerError: ``"module_not_found"``, or ``("EXIT", reason)`` if its terminate failed.

    Source: gen_event:delete_handler/3.
    """
    return await _ask(manager, handler, ("delete_handler", handler, args))


async def swap_handler(
    manager: Dest, old: tuple[HandlerId, Any], new: tuple[HandlerId, Any]
) -> None:
    """Replaces a handler by another, in one step.

    Args:
        manager: a pid, name or via tuple.
        old: ``(handler, args)``: its ``terminate(args)`` runs.
        new: ``(handler, args)``: its ``init((args, result))`` runs; `result` is what terminate
            returned, or ``"error"`` if there was no such handler.

    Raises:
        HandlerError: the new one could not be added; the old one is gone.

    Source: gen_event:swap_handler/3.
    """
    await _ask(manager, new[0], ("swap_handler", *old, _checked(new[0]), new[1]))


async def swap_sup_handler(
    manager: Dest, old: tuple[HandlerId, Any], new: tuple[HandlerId, Any]
) -> None:
    """Like :func:`swap_handler`, and ties the new handler to the caller.

    Source: gen_event:swap_sup_handler/3.
    """
    await _ask(manager, new[0], ("swap_sup_handler", *old, _checked(new[0]), new[1]))


async def which_handlers(manager: Dest) -> list[HandlerId]:
    """The handlers, in the order in which they see an event.

    Source: gen_event:which_handlers/1.
    """
    handlers: list[HandlerId] = await _ask(manager, None, ("which_handlers",))
    return handlers


# ---- events


def notify(manager: Dest, event: Any) -> None:
    """Sends a manager an event, and does not wait.

    Args:
        manager: a pid, name or via tuple. An unknown name is an error, a dead pid is not.
        event: any term.

    Works from any thread.

    Raises:
        BadArgError: no process has that name.

    Source: gen_event:notify/2.
    """
    process.send(manager, (NOTIFY, event))


async def sync_notify(manager: Dest, event: Any) -> None:
    """Sends a manager an event; returns when every handler has seen it.

    Source: gen_event:sync_notify/2.
    """
    await _ask(manager, None, ("sync_notify", event))


async def call(
    manager: Dest,
    handler: HandlerId,
    request: Any,
    timeout: GivenTimeout = NOT_GIVEN,
) -> Any:
    """Asks one handler, and waits for its reply.

    Args:
        manager: a pid, name or via tuple.
        handler: as it was added.
        request: what its ``handle_call`` gets.
        timeout: seconds to wait, or None forever; 5.0 if it is not given, as in OTP.

    Raises:
        HandlerError: ``"bad_module"`` if there is no such handler, ``("EXIT", reason)`` if it
            failed.
        CallError: ``(reason, ("gen_event", "call", (manager, handler, request)))``; a time-out that
            was given comes after these.

    Source: gen_event:call/3, /4.
    """
    called = (_GEN_EVENT, CALL, (manager, handler, request, *as_given(timeout)))
    return await _ask(manager, handler, (CALL, handler, request), timeout, called)


def _checked(handler: Any) -> Any:
    match handler:
        case type() | (type(), _):
            cls: Any = handler[0] if isinstance(handler, tuple) else handler
            if issubclass(cls, GenEventHandler):
                return handler
        case _:
            pass
    raise BadArgError(
        "gen_event: expected a handler's class, or (class, id), of a class that is a "
        f"GenEventHandler; got {handler!r} ({type(handler).__name__})"
    )


async def _ask(
    manager: Dest,
    handler: Any,
    request: Any,
    timeout: GivenTimeout = None,
    called: Called | None = None,
) -> Any:
    """Asks the manager; as in OTP, only the exit reason of ``call`` shows the call."""
    kind, value = await gen_call(manager, request, timeout, process.self(), called)
    if kind != OK:
        raise HandlerError(value, handler)
    return value
