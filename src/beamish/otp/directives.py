"""What a callback may return besides a plain value.

A callback that returns ``None`` (or, for handle_call, the reply) lets its server go on. These say
more: there is a value for each of OTP's tuples.

See the page "GenServer" in the documentation.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias, final

from beamish.terms import NORMAL, BadArgError
from beamish.terms.numbers import check_seconds
from beamish.terms.words import TIMEOUT

__all__ = [
    "Continue",
    "Directive",
    "Fail",
    "Hibernate",
    "Ignore",
    "NoReply",
    "Reply",
    "Stop",
    "Then",
    "Timeout",
]


class _Unset:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<no reply>"


UNSET: Final = _Unset()


class Directive:
    """The base of all directives."""

    __slots__ = ()

    def __repr__(self) -> str:
        names: tuple[str, ...] = getattr(self, "__match_args__", ())
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__name__}({fields})"


@final
class Ignore(Directive):
    """From init: no process is wanted, and that is not a failure.

    ``start_link`` raises StartIgnored; a supervisor keeps the child spec without a process.
    """

    __slots__ = ()


@final
class Fail(Directive):
    """From init: the start fails, and nothing is reported.

    ``start_link`` raises StartError(reason). The process exits with ``normal``, so unlike with Stop
    a caller that is linked to it and does not trap exits lives on.

    Args:
        reason: the reason of the StartError.

    Source: gen_server(3), ``{error, Reason}`` of init (OTP 26).
    """

    __slots__ = ("reason",)
    __match_args__ = ("reason",)

    def __init__(self, reason: Any) -> None:
        self.reason: Any = reason


@final
class Continue(Directive):
    """Runs ``handle_continue(arg)`` next, before any message.

    Args:
        arg: handed to handle_continue.
    """

    __slots__ = ("arg",)
    __match_args__ = ("arg",)

    def __init__(self, arg: Any = None) -> None:
        self.arg: Any = arg


@final
class Timeout(Directive):
    """Runs ``handle_info("timeout")`` if no message comes for that long.

    Any message ends the wait, even one that is not for this server; a callback that wants to go
    on waiting returns it again. For something that must happen at a time, use
    ``process.send_after``.

    Args:
        seconds: how long to wait; 0 looks whether a message is there.
        message: what handle_info gets; ``"timeout"`` by default.
        abs: `seconds` is a time on the clock of ``process.monotonic_time()``.

    Source: gen_server(3), ``{timeout, Time, Message, Options}`` (OTP 28).
    """

    __slots__ = ("abs", "message", "seconds")
    __match_args__ = ("seconds", "message", "abs")

    def __init__(self, seconds: float, message: Any = TIMEOUT, *, abs: bool = False) -> None:
        if seconds.__class__ is not float or not seconds >= 0.0:
            hint = "; to wait forever, return no Timeout"
            check_seconds("Timeout", seconds, forever=False, hint=hint)
        self.seconds: float = seconds
        self.message: Any = message
        self.abs: bool = abs


@final
class Hibernate(Directive):
    """Lets the server wait for its next message; it has no effect.

    On the BEAM it shrinks the process' memory until then. Python frees at once what is not used, so
    there is nothing to shrink; it exists for servers that were written with it.
    """

    __slots__ = ()


@final
class Stop(Directive):
    """Ends the server: ``terminate(reason)`` runs, then it exits with the reason.

    Args:
        reason: the exit reason; all but ``normal``, ``shutdown`` and ``(shutdown, _)`` are reported
            as a crash.
        reply: the reply to this call, sent after terminate has run.
    """

    __slots__ = ("reason", "reply")
    __match_args__ = ("reason", "reply")

    def __init__(self, reason: Any = NORMAL, *, reply: Any = UNSET) -> None:
        self.reason: Any = reason
        self.reply: Any = reply


@final
class NoReply(Directive):
    """Sends no reply now: ``gen_server.reply(caller, value)`` does it later.

    Args:
        then: what comes next; None is the next message.
    """

    __slots__ = ("then",)
    __match_args__ = ("then",)

    def __init__(self, *, then: Then = None) -> None:
        self.then: Then = _checked("NoReply", then)


@final
class Reply(Directive):
    """Replies to a call, and says what comes next.

    Args:
        value: the reply.
        then: Continue, Timeout or Stop; None is the next message.
    """

    __slots__ = ("then", "value")
    __match_args__ = ("value", "then")

    def __init__(self, value: Any = None, *, then: Then = None) -> None:
        self.value: Any = value
        self.then: Then = _checked("Reply", then)


Then: TypeAlias = Continue | Timeout | Stop | Hibernate | type[Hibernate] | None


def _checked(where: str, then: Any) -> Then:
    if then is None or isinstance(then, Continue | Timeout | Stop | Hibernate):
        return then
    if then is Hibernate:
        return Hibernate()
    raise BadArgError(
        f"{where}: then: expected Continue(arg), Timeout(seconds), Stop(reason), Hibernate "
        f"or None; got {then!r} ({type(then).__name__})"
    )
