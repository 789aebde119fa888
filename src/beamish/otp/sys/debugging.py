"""What sys(3) can attach to a process that handles system messages: trace, log, counts, functions.

A process that nobody looks at has no Debug at all, so its loop pays one comparison a message.
Events are tuples in OTP's shapes; a behaviour says which events it has, and how they read.

Source: stdlib, sys(3), "system_event()" and "dbg_opt()" (OTP 25 manual).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import IO, Any, Final, NamedTuple, TypeAlias, cast, final

from beamish import process
from beamish.terms import Atom, BadArgError
from beamish.terms.careful import same
from beamish.terms.errors import describe
from beamish.terms.numbers import is_whole
from beamish.terms.words import DONE, IN, OUT, is_word

__all__ = ["Debug", "DebugFunction", "Event", "Statistics", "check_options"]

Event: TypeAlias = tuple[Any, ...]
"""What happened, in OTP's shapes.

``("in", message)``, ``("out", reply, to, state)`` or ``("noreply", state)``.
"""

DebugFunction: TypeAlias = Callable[[Any, Event, Any], Any]
"""A function of its own state, an event and the name of the process.

It returns its next state, or ``"done"`` to be removed.
"""

LOG_SIZE: Final = 10

_NO_STATISTICS: Final = Atom("no_statistics")

_OPTIONS: Final = (
    "'trace', 'log', ('log', size), 'statistics', ('log_to_file', path), "
    "('install', (function, state)) or ('install', (id, function, state))"
)


class Statistics(NamedTuple):
    """How much a process has done since counting began.

    Attributes:
        start_time: when counting began, in seconds of the node's clock.
        current_time: when it was asked.
        messages_in: messages that it has received.
        messages_out: replies that it has sent.
    """

    start_time: float
    current_time: float
    messages_in: int
    messages_out: int


@final
class Debug:
    """What is switched on for one process.

    Args:
        words: puts an event into words.
    """

    __slots__ = ("_began", "_file", "_functions", "_in", "_log", "_out", "_path", "_trace", "words")

    def __init__(self, words: Callable[[Event], str]) -> None:
        self.words: Callable[[Event], str] = words
        self._trace = False
        self._log: deque[Event] | None = None
        self._file: IO[str] | None = None
        self._path = ""
        self._began: float | None = None
        self._in = self._out = 0
        self._functions: dict[Any, tuple[DebugFunction, Any]] = {}

    def is_off(self) -> bool:
        """Whether nothing is switched on, so that it can be dropped."""
        return not self.options()

    def options(self) -> list[Any]:
        """What is switched on, as debug options; the functions by their ids."""
        found: list[Any] = ["trace"] if self._trace else []
        if self._log is not None:
            found.append(("log", self._log.maxlen))
        if self._file is not None:
            found.append(("log_to_file", self._path))
        if self._began is not None:
            found.append("statistics")
        found += [("install", ident) for ident in self._functions]
        return found

    def handle(self, event: Event, name: Any) -> None:
        """Tells an event to all that is switched on."""
        if self._trace:
            sys.stdout.write(self.words(event) + "\n")
        if self._log is not None:
            self._log.append(event)
        if self._file is not None:
            self._file.write(self.words(event) + "\n")
            self._file.flush()
        if is_word(event[0], IN):
            self._in += 1
        elif is_word(event[0], OUT):
            self._out += 1
        if self._functions:
            self._run_functions(event, name)

    def _run_functions(self, event: Event, name: Any) -> None:
        # The newest first, as in OTP; a function that fails is removed, and nobody is harmed.
        for ident, (fn, state) in reversed(list(self._functions.items())):
            try:
                state = fn(state, event, name)  # noqa: PLW2901  # its next state
            except Exception:  # noqa: BLE001  # whatever the user's function raises
                state = DONE  # noqa: PLW2901
            if is_word(state, DONE):
                self._functions.pop(ident, None)
            elif ident in self._functions:
                self._functions[ident] = (fn, state)

    # ---- switching: what the requests of sys do. Each returns what is answered.

    def trace(self, flag: bool) -> None:
        """Prints each event to standard output, or does not."""
        self._trace = flag

    def log(self, flag: Any) -> Any:
        """True, a size, False, "get" or "print"; see sys.log."""
        if flag is False:
            self._log = None
        elif is_word(flag, "get"):
            return list(self._log or ())
        elif is_word(flag, "print"):
            for event in self._log or ():
                sys.stdout.write(self.words(event) + "\n")
        else:
            size = LOG_SIZE if flag is True else flag
            self._log = deque(self._log or (), size)
        return None

    def log_to_file(self, path: str | None) -> None:
        """Writes each event to a file from now on; None closes it."""
        if self._file is not None:
            process.disown(self._file)
            self._file.close()
            self._file = None
        if path is not None:
            # Owned; and opened without pathlib, which every server would wait for at its start.
            self._file = process.own(open(path, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
            self._path = path

    def statistics(self, flag: Any) -> Any:
        """True, False or "get"; see sys.statistics."""
        now = process.monotonic_time()
        if is_word(flag, "get"):
            began = self._began
            return _NO_STATISTICS if began is None else Statistics(began, now, self._in, self._out)
        self._began = now if flag else None
        self._in = self._out = 0
        return None

    def install(self, ident: Any, fn: DebugFunction, state: Any) -> None:
        """Adds a function, unless there is one of that id."""
        self._functions.setdefault(ident, (fn, state))

    def remove(self, ident: Any) -> None:
        """Takes a function away, by its id or by itself."""
        for known, (fn, _) in list(self._functions.items()):
            if same(ident, known) or same(ident, fn):
                del self._functions[known]

    def no_debug(self) -> None:
        """Switches everything off."""
        self._trace = False
        self._log = None
        self.log_to_file(None)
        self._began = None
        self._functions.clear()

    def set(self, options: Iterable[Any]) -> None:
        """Switches on what debug options say; they are checked already."""
        for option in options:
            match option:
                case "trace":
                    self.trace(True)
                case "log":
                    self.log(True)
                case ("log", size):
                    self.log(size)
                case "statistics":
                    self.statistics(True)
                case ("log_to_file", path):
                    self.log_to_file(str(path))
                case ("install", spec):
                    self.install(*install_spec(spec))
                case _:
                    pass


def install_spec(spec: Any) -> tuple[Any, DebugFunction, Any]:
    """(id, function, state) of what `install` takes; the id of a bare function is itself."""
    match spec:
        case (fn, state) if callable(fn):
            return fn, fn, state
        case (ident, fn, state) if callable(fn):
            return ident, fn, state
        case _:
            raise BadArgError(
                "install: expected (function, state) or (id, function, state); "
                f"got {describe(spec)}"
            )


def check_options(options: Any) -> tuple[Any, ...]:
    """Refuses what are no debug options, before a process is started with them."""
    if isinstance(options, str) or not isinstance(options, Iterable):
        raise BadArgError(f"debug: expected a list of {_OPTIONS}; got {describe(options)}")
    checked = tuple(cast("Iterable[Any]", options))
    for option in checked:
        _check_option(option)
    return checked


def _check_option(option: Any) -> None:
    match option:
        case "trace" | "log" | "statistics" | ("log_to_file", _):
            return
        case ("log", size) if is_whole(size, 1):
            return
        case ("install", spec):
            install_spec(spec)
        case _:
            raise BadArgError(f"debug: expected {_OPTIONS}; got {describe(option)}")
