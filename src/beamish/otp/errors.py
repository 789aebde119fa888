"""The exceptions of the behaviours.

    BeamishError
      BadArgError
        ChildSpecError          a child spec, or a supervisor's flag, that makes no sense
      UndefinedCallbackError    undef: a callback that the class does not have
      StartError                a process did not start; `.reason` says why: {error, Reason}
        StartIgnored            its init returned Ignore: no process, and not a failure either
      ChildError                a supervisor cannot do that with that child
      HandlerError              an event handler was not added, or did not reply
      ApplicationError          an application cannot be loaded, unloaded or stopped
    AlreadyRegisteredError    the key of a unique registry is taken

They are raised where Erlang returns ``{error, Reason}``; ``reason`` is the same term. A process
that ends by such an error has, in Erlang's shape, the reason of a failed match of ``{ok, Pid}``:
``{{badmatch, {error, Reason}}, Stack}``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from beamish.terms import Atom, BadArgError, BeamishError, Pid, format_exit, to_erlang
from beamish.terms.careful import show
from beamish.terms.errors import describe, one_of
from beamish.terms.reasons import BADMATCH
from beamish.terms.words import DUPLICATE_CHILD_NAME, ERROR, IGNORE, is_word

__all__ = [
    "MISSING",
    "AlreadyRegisteredError",
    "ApplicationError",
    "ChildError",
    "ChildSpecError",
    "HandlerError",
    "StartError",
    "StartIgnored",
    "UndefinedCallbackError",
    "not_one_of",
]


class UndefinedCallbackError(BeamishError, NotImplementedError):
    """A behaviour has called a callback that its class does not have: Erlang's ``undef``."""

    erlang_term: Final = Atom("undef")


class StartError(BeamishError):
    """A process did not start: Erlang's ``{error, Reason}`` of a start function.

    Attributes:
        reason: why, as OTP's term: the exit reason of a failed init, ``("already_started", pid)``,
            ``"timeout"``, ``("shutdown", ("failed_to_start_child", id, reason))``, ...
    """

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def erlang_term(self) -> Any:
        """What ``{ok, Pid} = start(...)`` fails with in Erlang."""
        return (BADMATCH, (ERROR, to_erlang(self.reason)))

    def __str__(self) -> str:
        return f"could not start: {format_exit(self.reason)}"


class StartIgnored(StartError):
    """There is no process, because its ``init`` returned ``Ignore``; that is not a failure.

    A start function promises a pid and cannot give one, so it raises, as ``{ok, Pid} = ignore``
    does in Erlang. A supervisor does not count it as a failure, and starts the next child.
    """

    def __init__(self) -> None:
        super().__init__(IGNORE)

    @property
    def erlang_term(self) -> Any:
        """What ``{ok, Pid} = start(...)`` fails with in Erlang."""
        return (BADMATCH, self.reason)

    def __str__(self) -> str:
        return "init returned Ignore, so there is no process"


class ChildError(BeamishError):
    """A supervisor cannot do that with that child.

    Attributes:
        reason: ``"not_found"``, ``"running"`` or ``"restarting"``.
        child: the id (or pid) that was asked for.
    """

    def __init__(self, reason: str, child: Any) -> None:
        super().__init__(reason, child)
        self.reason: Atom = Atom(reason)
        self.child = child

    @property
    def erlang_term(self) -> Any:
        """What ``ok = terminate_child(...)`` fails with in Erlang."""
        return (BADMATCH, (ERROR, self.reason))

    def __str__(self) -> str:
        return f"child {show(self.child)}: {_CHILD_WORDS[self.reason]}"


_CHILD_WORDS = {
    "not_found": "this supervisor has no such child",
    "running": "it is running; terminate_child(supervisor, id) stops it",
    "restarting": "it is being restarted; terminate_child(supervisor, id) gives that up",
}


class ChildSpecError(BadArgError):
    """A child spec, or a supervisor's flag, that makes no sense.

    Attributes:
        field: which part is wrong.
        value: what came.
        expected: the accepted forms, in words.
        where: which child or supervisor; None if that is not known.
        hint: what to write instead; None if `expected` says it all.
        combined: the field, with its value, that conflicts with this one; None for most mistakes.
    """

    def __init__(
        self,
        field: str,
        value: Any,
        expected: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        combined: tuple[str, Any] | None = None,
    ) -> None:
        super().__init__(field, value, expected)
        self.combined = combined
        self.field = field
        self.value = value
        self.expected = expected
        self.where = where
        self.hint = hint

    @property
    def reason(self) -> Any:
        """OTP's term for the mistake: ``("invalid_shutdown", value)``, ``"missing_id"``, ..."""
        if self.value is MISSING:
            return Atom(f"missing_{self.field}")
        if self.combined is not None:
            return (Atom("bad_combination"), [self.combined, (Atom(self.field), self.value)])
        if self.field == "id" and self.where == "supervisor":
            return (DUPLICATE_CHILD_NAME, self.value)
        word = _OTP_WORDS.get(self.field, self.field)
        return (Atom(f"invalid_{word}"), self.value)

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        field = f"{self.field}: " if self.field else ""
        hint = f"; {self.hint}" if self.hint else ""
        if self.value is MISSING:
            return f"{where}{field}expected {self.expected}; it is missing{hint}"
        came = f"got {describe(self.value)}"
        return f"{where}{field}expected {self.expected}; {came}{hint}"


def not_one_of(field: str, value: Any, choices: Iterable[str], where: str) -> ChildSpecError:
    """The error for a value that is not one of the words that a field takes."""
    return ChildSpecError(field, value, one_of(choices), where=where)


class HandlerError(BeamishError):
    """An event handler was not added, is not there, or failed.

    Attributes:
        reason: as OTP's term: ``"module_not_found"`` and ``"bad_module"`` if there is no such
            handler, ``("EXIT", reason)`` if its callback failed, or else what that returned.
        handler: which one.
    """

    def __init__(self, reason: Any, handler: Any) -> None:
        super().__init__(reason, handler)
        self.reason = reason
        self.handler = handler

    @property
    def erlang_term(self) -> Any:
        """What ``ok = gen_event:add_handler(...)`` fails with in Erlang."""
        return (BADMATCH, (ERROR, to_erlang(self.reason)))

    def __str__(self) -> str:
        if is_word(self.reason, "module_not_found") or is_word(self.reason, "bad_module"):
            return f"handler {show(self.handler)}: this event manager has no such handler"
        return f"handler {show(self.handler)}: {format_exit(self.reason)}"


# The value of a missing field.
MISSING: Final[Any] = object()

# What OTP calls a field in its error, if not by the field's own name.
_OTP_WORDS: Final = {
    "": "child_spec",
    "start": "mfa",
    "restart": "restart_type",
    "type": "child_type",
    "max_restarts": "intensity",
    "max_seconds": "period",
}


class ApplicationError(BeamishError):
    """An application cannot be loaded, unloaded or stopped: Erlang's ``{error, Reason}``.

    Attributes:
        reason: ``("not_loaded", name)``, ``("already_loaded", name)``, ``("running", name)`` or
            ``("not_started", name)``.
    """

    def __init__(self, reason: tuple[Atom, Atom]) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def erlang_term(self) -> Any:
        """What ``ok = application:stop(...)`` fails with in Erlang."""
        return (BADMATCH, (ERROR, self.reason))

    def __str__(self) -> str:
        word, name = self.reason
        return f"application {name!r} {_APPLICATION_WORDS[word]}"


_APPLICATION_WORDS = {
    "not_loaded": "is not loaded: give its class instead of its name, or load it first",
    "already_loaded": "is loaded already",
    "running": "runs; application.stop(app) stops it",
    "not_started": "does not run",
}


class AlreadyRegisteredError(BeamishError):
    """The key of a unique registry is taken: Elixir's ``{:error, {:already_registered, pid}}``.

    Attributes:
        key: the key.
        pid: the process that has it.
    """

    def __init__(self, key: Any, pid: Pid) -> None:
        super().__init__(key, pid)
        self.key = key
        self.pid = pid

    @property
    def erlang_term(self) -> Any:
        """What ``{:ok, _} = Registry.register(...)`` fails with in Elixir."""
        return (BADMATCH, (ERROR, (Atom("already_registered"), self.pid)))

    def __str__(self) -> str:
        return f"key {show(self.key)} is already registered by {self.pid!r}"
