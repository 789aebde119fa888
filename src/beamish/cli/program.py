"""Running a program: its log, its node, the message about its end, and the exit code.

    0     main returned, or Ctrl-C or SIGTERM stopped it and everything ended in order
    1     it failed: an expected failure prints one line, any other a traceback
    130   a second Ctrl-C (or SIGTERM), or one after main's end, ended everything at once

Expected failures are those that a person at the terminal can do something about: a taken port, a
missing file, a child that does not start. Any other exception is a mistake in the program, and is
shown with its traceback.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any, Final, Literal, cast

import beamish
from beamish import (
    BadArgError,
    BeamishError,
    CallError,
    NoProcError,
    ProcessError,
    ProcessExit,
    Throw,
    format_exit,
    process,
)
from beamish.terms.careful import elements, is_a
from beamish.terms.printable import in_lines, one_line
from beamish.terms.stderr import complain
from beamish.terms.tracebacks import describe
from beamish.terms.words import by_word

from .log import TerminalLog

__all__ = ["LOOPS", "LoopName", "ProgramError", "load", "run_program", "starts"]

LoopName = Literal["asyncio", "uvloop"]
LOOPS: Final[tuple[LoopName, ...]] = ("asyncio", "uvloop")

OK: Final = 0
FAILED: Final = 1
_PATIENCE: Final = 1.0  # seconds for the last words, should nobody read them

INTERRUPTED: Final = 130  # as in shells: 128 plus SIGINT's number

_logger: Final = logging.getLogger("beamish")


class ProgramError(Exception):
    """The program cannot be started; the text says what is wrong and what to write instead."""


_EXPECTED: Final = (ProgramError, OSError, BeamishError)
_MISTAKES: Final = (BadArgError, CallError, NoProcError, ProcessError, Throw)


def run_program(
    main: Callable[..., Any],
    *args: Any,
    name: str | None = None,
    loop: LoopName = "asyncio",
    log_level: str = "info",
    stop_time: float = 5.0,
    configure: Callable[[], object] | None = None,
) -> int:
    """Runs a program until it ends, and prints how it ended.

    The log goes to standard error. On Ctrl-C (SIGINT) or SIGTERM main gets the exit signal
    ``shutdown``, and the supervisors linked to it stop their children in reverse order. A second
    one ends everything at once.

    Args:
        main: an ``async def`` function; the first process of the node runs ``main(*args)``.
        name: the name of the program in messages; by default main's module.
        loop: the event loop, "asyncio" or "uvloop".
        log_level: the lowest level that is shown.
        stop_time: seconds that an orderly end may take; then all other processes are killed.
        configure: called in main's process before main, to read a configuration for example.

    Returns:
        The exit code: 0, 1 or 130.

    Example:
        >>> if __name__ == "__main__":
        ...     sys.exit(run_program(main))
    """
    ending = _Ending(configure)
    title = name or _name_of(main)
    try:
        loop_factory = _loop_factory(loop)
        with TerminalLog(log_level):
            beamish.run(
                ending.watch,
                main,
                args,
                loop_factory=loop_factory,
                on_signal=ending.on_signal,
                stop_time=stop_time,
            )
    except KeyboardInterrupt:
        return INTERRUPTED
    except ProcessExit as exited:
        return _exited(title, exited.reason)
    except Exception as error:  # noqa: BLE001 - whatever the program raises
        return _raised(title, error, ending.traceback_of(error))
    if ending.unasked is not None:
        return _failed(title, f"a process that it is linked to ended: {ending.unasked}")
    return OK


class _Ending:
    """What else there is to know about a program's end than what it returns or raises."""

    def __init__(self, configure: Callable[[], object] | None) -> None:
        self._configure = configure
        self.signals = 0
        self.unasked: str | None = None
        self._main_has_ended = False
        self._error: Exception | None = None
        self._traceback: TracebackType | None = None

    def on_signal(self, number: signal.Signals) -> None:
        """Ctrl-C or SIGTERM has come."""
        self.signals += 1
        if self._main_has_ended:
            _logger.info("%s: ending everything at once", number.name)
        elif self.signals == 1:
            _logger.info("%s: stopping (once more: at once)", number.name)

    async def watch(self, main: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Runs main in the calling process.

        The exit signal ``shutdown`` ends it quietly. That is right if somebody asked for the end;
        otherwise it comes from a supervisor that has given up, and the program has failed.
        """
        try:
            if self._configure is not None:
                self._configure()
            result = main(*args)
            if asyncio.iscoroutine(result):
                await result
        except ProcessExit as exited:
            if not self.signals and not process.alive(process.self()):
                self.unasked = format_exit(exited.reason)
            raise
        except Exception as error:
            self._error, self._traceback = error, error.__traceback__
            raise
        finally:
            self._main_has_ended = True

    def traceback_of(self, error: Exception) -> TracebackType | None:
        """The traceback of an error, without the frames of the runtime and of this file."""
        if error is not self._error or self._traceback is None:
            return error.__traceback__
        return self._traceback.tb_next or self._traceback


def _name_of(main: Callable[..., Any]) -> str:
    module = getattr(main, "__module__", None)
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if module == "__main__" and spec is not None:  # python -m: the name that was typed
        module = str(spec.name)
    return (module or "program").removesuffix(".__main__")


def _loop_factory(loop: LoopName) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if loop == "asyncio":
        return None
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = import_module(loop).new_event_loop
    except ModuleNotFoundError:
        raise ProgramError(f"{loop} is not installed: pip install beamish[{loop}]") from None
    return factory


def _raised(title: str, error: BaseException, where: TracebackType | None) -> int:
    """Prints the exception that the program raised."""
    cause = cause_of(error)
    if isinstance(cause, _EXPECTED) and not isinstance(cause, _MISTAKES):
        text = str(cause) or type(cause).__name__
        if _is_setting(cause):  # the value in it may have several lines
            return _failed("", one_line(text))
        return _failed(title, text)
    where = where if cause is error else cause.__traceback__
    complain(f"{describe(cause, where).text}\n", _PATIENCE)
    return FAILED


def _exited(title: str, reason: Any) -> int:
    """Prints the exit reason that the program ended with."""
    match by_word(reason):
        case ("application_start_failure", name, why):
            cause = _exception_in(why)
            if cause is not None:
                return _raised(title, cause, cause.__traceback__)
            return _failed(title, f"application {name} did not start: {format_exit(why)}")
        case ("application_terminated", name, why):
            return _failed(title, f"application {name} ended: {format_exit(why)}")
        case _:
            return _failed(title, f"exited with reason {format_exit(reason)}")


def cause_of(error: BaseException) -> BaseException:
    """What an application's start raised, if the error is about that; otherwise the error.

    A failed call shows its cause itself.
    """
    while not is_a(error, CallError) and is_a(reason := getattr(error, "reason", None), tuple):
        cause = _exception_in(reason)
        if cause is None:
            break
        error = cause
    return error


def _exception_in(term: Any) -> BaseException | None:
    """The first exception in a reason, or what raised it."""
    todo = [term]
    while todo:
        part = todo.pop()
        if is_a(part, BaseException):
            return part if part is term else cause_of(part)
        todo += reversed(elements(part))
    return None


def _is_setting(error: BaseException) -> bool:
    """Whether its text alone names what is wrong, such as an environment variable."""
    settings = sys.modules.get("beamish.otp.application.setting")
    return settings is not None and isinstance(error, settings.ConfigError)


def _failed(title: str, text: str) -> int:
    complain(in_lines(f"{title}: {text}" if title else text) + "\n", _PATIENCE)
    return FAILED


# ---- finding it


def load(target: str) -> Callable[..., Any]:
    """Imports what ``MODULE[:NAME]`` names: a function or an Application; by default ``main``.

    In a package without a main it looks in ``__main__``, which ``python -m`` would run. A module
    that has neither, but defines a single Application, means that.

    Returns:
        The function; for an application, one that starts it and the applications that it needs.

    Raises:
        ProgramError: there is no such module, or nothing to run in it.
    """
    module_name, _, name = target.partition(":")
    function = name or "main"
    if module_name.endswith(".py") or "/" in module_name or not module_name:
        written = module_name.removesuffix(".py").strip("./").replace("/", ".") or "package.module"
        raise ProgramError(f"expected the name of a module; got {module_name!r}: write {written}")
    places = [module_name]
    module = _import(module_name)
    if not hasattr(module, function) and hasattr(module, "__path__"):
        places.append(f"{module_name}.__main__")
        try:
            module = _import(places[-1])
        except ProgramError:
            places.pop()
    main = getattr(module, function, None)
    if main is None and not name:
        main = _only_application(sys.modules[module_name])
    if not callable(main):
        where = " or ".join(places)
        raise ProgramError(
            f"expected a function `async def {function}()` in {where}; there is none"
        )
    return starts(main) if _is_application(main) else cast("Callable[..., Any]", main)


def _is_application(thing: Any) -> bool:
    # Looked up, not imported: a program without applications should not wait for them.
    spec = sys.modules.get("beamish.otp.application.spec")
    return spec is not None and isinstance(thing, type) and issubclass(thing, spec.Application)


def _only_application(module: ModuleType) -> Any:
    """The single application that a module defines; None if there is none, or several."""
    things: list[Any] = list(vars(module).values())
    found = [
        thing
        for thing in things
        if _is_application(thing) and thing.__module__.startswith(module.__name__)
    ]
    return found[0] if len(found) == 1 else None


def starts(app: Any) -> Callable[..., Any]:
    """A main function that starts an application, and whose program ends with it."""

    async def main() -> None:
        from beamish.otp import application  # noqa: PLC0415 - see _is_application

        await application.ensure_all_started(app, "permanent")
        await process.sleep(None)

    main.__module__ = app.__module__
    return main


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        # If another module is missing, which this one imports, the traceback should show that.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ProgramError(
            f"there is no module {error.name!r}, in this folder or installed"
        ) from None
