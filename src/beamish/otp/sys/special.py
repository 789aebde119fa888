"""The process' side of sys: how a loop handles the system messages that it receives.

Source: stdlib, sys(3), "Process Implementation Functions" (OTP 25 manual).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from beamish import behaviour, process
from beamish.otp.directives import Stop
from beamish.otp.gen import is_coroutine
from beamish.terms import Atom, Pid
from beamish.terms.careful import elements, show
from beamish.terms.words import ERROR, EXIT, OK, RUNNING, SYSTEM, by_word, is_word

from .debugging import Debug, Event, check_options, install_spec

__all__ = [
    "SYSTEM",
    "Special",
    "Status",
    "debug_options",
    "get_log",
    "handle_debug",
    "handle_system_msg",
    "print_log",
]


_SUSPENDED: Final = Atom("suspended")
_CALLBACK_FAILED: Final = Atom("callback_failed")
_UNKNOWN: Final = Atom("unknown_system_msg")


@dataclass(frozen=True, slots=True)
class Status:
    """What ``sys.get_status`` tells of a process.

    Attributes:
        pid: the process.
        module: what runs there, such as the class of a server.
        dictionary: its process dictionary.
        state: ``"running"`` or ``"suspended"``.
        parent: who started it with a link, or None.
        debug: the debug options that are on.
        data: what the behaviour tells; ``data["State"]`` is its state, formatted.
    """

    pid: Pid
    module: Any
    dictionary: dict[Any, Any]
    state: Atom
    parent: Pid | None
    debug: list[Any]
    data: dict[str, Any] = field(default_factory=dict[str, Any])


class Special:
    """What a process offers to sys; subclass it and override what the process has.

    Attributes:
        debug: what is traced, logged or counted; None while nothing is. A loop tests this, and
            calls :func:`handle_debug` if it is not None.
    """

    debug: Debug | None = None

    def system_get_state(self) -> Any:
        """What ``sys.get_state`` returns; by default None, for a process without a state."""
        return None

    def system_replace_state(self, fn: Callable[[Any], Any]) -> Any:
        """Makes ``fn(state)`` the state and returns it; if `fn` raises, nothing has changed."""
        raise NotImplementedError(f"{type(self).__name__} cannot replace its state")

    def system_code_change(self, module: Any, old_vsn: Any, extra: Any) -> Any:
        """Takes the state over into new code; ``def`` or ``async def``.

        It is called while the process is suspended, with what ``sys.change_code`` was given. If it
        raises, the change is refused.
        """
        raise NotImplementedError(f"{type(self).__name__} has no code_change")

    def system_status(self) -> dict[str, Any]:
        """What ``sys.get_status`` shows as its data."""
        return {"State": self.system_get_state()}

    def system_module(self) -> Any:
        """What runs here; by default the class."""
        return type(self)

    def system_name(self) -> Any:
        """What traces and functions call the process; by default its name or pid."""
        me = process.self()
        return process.info(me, "registered_name") or me

    def system_format_event(self, event: Event) -> str:
        """One event in words, for traces; by default those of OTP's gen_server."""
        return f"*DBG* {self.system_name()!s} {event_words(event)}"


def handle_debug(special: Special, event: Event) -> None:
    """Passes an event to all that is switched on; called if ``special.debug`` is not None.

    Args:
        special: the process' own.
        event: ``("in", message)``, ``("out", reply, to)``, or another tuple that its
            ``system_format_event`` can put into words.

    Source: sys:handle_debug/4.
    """
    debug = special.debug
    if debug is not None:
        debug.handle(event, special.system_name())


def debug_options(special: Special, options: Iterable[Any]) -> None:
    """Switches on what debug options say, in a process that starts.

    Args:
        special: the process' own.
        options: ``"trace"``, ``"log"``, ``("log", size)``, ``"statistics"``, ``("log_to_file",
            path)``, ``("install", (function, state))``.

    Raises:
        BadArgError: an option is none of these.
        OSError: the file cannot be opened.

    Source: sys:debug_options/1.
    """
    _switch(special, lambda debug: debug.set(check_options(options)))


def get_log(special: Special) -> list[Event]:
    """The events that the process has logged, oldest first.

    Source: sys:get_log/1.
    """
    log: list[Event] = special.debug.log("get") if special.debug is not None else []
    return log


def print_log(special: Special) -> None:
    """Prints the events that the process has logged.

    Source: sys:print_log/1.
    """
    if special.debug is not None:
        special.debug.log("print")


async def handle_system_msg(
    special: Special, caller: Any, request: Any, parent: Pid | None
) -> Stop | None:
    """Handles a system message, and all that come while the process is suspended.

    Args:
        special: the process' own.
        caller: whom to reply to: the second element of the message.
        request: the third.
        parent: whose exit ends a suspended process that traps exits; None for nobody's.

    Returns:
        None: the loop goes on. ``Stop(reason)``: the process must clean up and exit with it.

    Source: sys:handle_system_msg/6.
    """
    behaviour.check_thread()
    suspended = False
    while True:
        match by_word(request):
            case ("terminate", reason):
                behaviour.reply(caller, (OK, None))
                return Stop(reason)
            case ("suspend" | "resume" as word,):
                suspended = word == "suspend"
                behaviour.reply(caller, (OK, None))
            case ("change_code", module, old_vsn, extra) if suspended:
                behaviour.reply(caller, await _change_code(special, module, old_vsn, extra))
            case _:
                state = _SUSPENDED if suspended else RUNNING
                behaviour.reply(caller, _answer(special, request, parent, state))
        if not suspended:
            return None
        message = await process.receive(
            (SYSTEM, tuple, ...), (EXIT, parent, ...), (EXIT, behaviour.init(), ...)
        )
        if is_word(message[0], EXIT):
            return Stop(message[2])
        _, caller, request = message


async def _change_code(special: Special, module: Any, old_vsn: Any, extra: Any) -> tuple[Atom, Any]:
    try:
        result = special.system_code_change(module, old_vsn, extra)
        if is_coroutine(result):
            await result
    except Exception as error:  # noqa: BLE001  # the caller gets whatever it raises
        return ERROR, (EXIT, error)
    return OK, None


def _answer(special: Special, request: Any, parent: Pid | None, state: Atom) -> tuple[Atom, Any]:
    match by_word(request):
        case ("get_state",):
            return _callback(special.system_get_state)
        case ("replace_state", fn):
            return _callback(special.system_replace_state, fn)
        case ("get_status",):
            return OK, _status(special, parent, state)
        case ("debug", what):
            match by_word(what):
                case (command, argument) if command in _COMMANDS:
                    return _debug(special, command, argument)
                case ("no_debug",):
                    return _debug(special, "no_debug", None)
                case _:
                    return ERROR, (_UNKNOWN, request)
        case _:
            return ERROR, (_UNKNOWN, request)


def _callback(callback: Callable[..., Any], *args: Any) -> tuple[Atom, Any]:
    try:
        return OK, callback(*args)
    except Exception as error:  # noqa: BLE001  # the same
        return ERROR, (_CALLBACK_FAILED, Atom(callback.__name__), error)


def _status(special: Special, parent: Pid | None, state: Atom) -> Status:
    me = process.self()
    return Status(
        me,
        special.system_module(),
        process.info(me, "dictionary"),
        state,
        parent,
        special.debug.options() if special.debug is not None else [],
        special.system_status(),
    )


# ---- debug requests

_COMMANDS: Final[dict[str, Callable[[Debug, Any], Any]]] = {
    "trace": lambda debug, flag: debug.trace(flag),
    "log": lambda debug, flag: debug.log(flag),
    "log_to_file": lambda debug, path: debug.log_to_file(path),
    "statistics": lambda debug, flag: debug.statistics(flag),
    "install": lambda debug, spec: debug.install(*install_spec(spec)),
    "remove": lambda debug, ident: debug.remove(ident),
    "no_debug": lambda debug, _: debug.no_debug(),
}


def _debug(special: Special, command: str, argument: Any) -> tuple[Atom, Any]:
    try:
        return OK, _switch(special, lambda debug: _COMMANDS[command](debug, argument))
    except Exception as error:  # noqa: BLE001  # a file that cannot be opened, say
        return ERROR, error


def _switch(special: Special, change: Callable[[Debug], Any]) -> Any:
    """Changes what is switched on; afterwards there is a Debug only if something is."""
    debug = special.debug
    if debug is None:
        debug = Debug(special.system_format_event)
    result = change(debug)
    special.debug = None if debug.is_off() else debug
    return result


def event_words(event: Event) -> str:
    """An event in words, without the name of the process."""
    match by_word(event):
        case ("in", message, *_):
            return _received(message)
        case ("out", reply, to, *state):
            who: Any = (elements(to) or [to])[0]
            tail = f", new state {show(state[0])}" if state else ""
            return f"sent {show(reply)} to {show(who)}{tail}"
        case ("noreply", state):
            return f"new state {show(state)}"
        case ("continue", arg):
            return f"continue {show(arg)}"
        case _:
            return f"dbg {show(event)}"


def _received(message: Any) -> str:
    match by_word(message):
        case ("$gen_call", caller, request) if len(elements(caller)) == 2:
            return f"got call {show(request)} from {show(elements(caller)[0])}"
        case ("$gen_cast", request):
            return f"got cast {show(request)}"
        case _:
            return f"got {show(message)}"
