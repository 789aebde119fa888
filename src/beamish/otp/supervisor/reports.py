"""What supervisors log to ``beamish.supervisor`` and ``beamish.progress``: a record for each event.

Source: sasl, "Error Logging", Supervisor Report and Progress Report (OTP 25 manual).
"""

from __future__ import annotations

import logging
import reprlib
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from beamish import behaviour
from beamish.otp.child import ChildSpec, Runs
from beamish.terms import Pid
from beamish.terms.careful import elements, is_a, show
from beamish.terms.tracebacks import raised_in

__all__ = ["Context", "progress", "progress_is_on", "report", "reports_are_on"]

Context: TypeAlias = Literal["child_terminated", "start_error", "shutdown_error", "shutdown"]

_LOGGER: Final = "beamish.supervisor"
_PROGRESS: Final = "beamish.progress"
_progress: Final = logging.getLogger(_PROGRESS)
if _progress.level == logging.NOTSET:
    _progress.setLevel(logging.WARNING)

# Tested on the path of each restart, before a report is made.
reports_are_on: Final = partial(logging.getLogger(_LOGGER).isEnabledFor, logging.ERROR)
progress_is_on: Final = partial(_progress.isEnabledFor, logging.INFO)

_WORDS: Final[dict[str, str]] = {
    "child_terminated": "Child %r of Supervisor %s terminated",
    "start_error": "Child %r of Supervisor %s failed to start",
    "shutdown_error": "Child %r of Supervisor %s shut down abnormally",
    "shutdown": "Child %r of Supervisor %s was restarted too often: it gives up",
}
_FACTS: Final = """
    Pid: %s
    Start call: %s
    Restart: %s
    Shutdown: %s
    Type: %s"""


def report(
    context: Context, reason: Any, supervisor: str, spec: ChildSpec, pid: Pid | None
) -> None:
    """Writes a supervisor report.

    Args:
        context: what happened, in OTP's words.
        reason: the child's exit reason.
        supervisor: the supervisor's name, or pid and class.
        spec: the child's spec.
        pid: its pid; None if it has none.
    """

    def make() -> tuple[tuple[Any, ...], dict[str, Any]]:
        facts = _facts(supervisor, spec, pid)
        args = (spec.id, supervisor, reason, *_shown_facts(facts, spec))
        return args, facts | {"context": context, "reason": reason}

    error = _error_in(reason)
    behaviour.report(
        logging.ERROR,
        "supervisor",
        f"{_WORDS[context]}\n** (exit) %s{_FACTS}",
        make,
        logger=_LOGGER,
        error=error,
        exc_text=None if error is None else raised_in(error),
    )


def _error_in(reason: Any) -> BaseException | None:
    """The exception that a reason is; also that of a start function, ``("EXIT", error)``."""
    parts = elements(reason)
    error = parts[1] if len(parts) == 2 else reason
    return error if is_a(error, BaseException) else None


def progress(supervisor: str, spec: ChildSpec, pid: Pid | None, *, asked: bool = False) -> None:
    """Writes a progress report: a child has started.

    Args:
        supervisor: the supervisor's name, or pid and class.
        spec: the child's spec.
        pid: its pid; None for a child that is ignored, which is not reported.
        asked: whether the start was requested, by start_child or restart_child.
    """
    if pid is None:
        return

    def make() -> tuple[tuple[Any, ...], dict[str, Any]]:
        facts = _facts(supervisor, spec, pid)
        return (spec.id, supervisor, *_shown_facts(facts, spec)), facts

    level = logging.DEBUG if asked else logging.INFO
    text = f"Child %r of Supervisor %s started{_FACTS}"
    behaviour.report(level, "progress", text, make, logger=_PROGRESS)


def _facts(supervisor: str, spec: ChildSpec, pid: Pid | None) -> dict[str, Any]:
    """What the record of every report says about the child."""
    return {
        "supervisor": supervisor,
        "pid": pid,
        "child_id": spec.id,
        "start": _start_of(spec),
        "restart": spec.restart,
        "shutdown": spec.shutdown,
        "child_type": spec.type,
    }


def _shown_facts(facts: dict[str, Any], spec: ChildSpec) -> tuple[Any, ...]:
    return (facts["pid"], facts["start"], spec.restart, _shutdown(spec), spec.type)


def _start_of(spec: ChildSpec) -> str:
    """The call that starts the child, or that of the user's function which it runs."""
    fn, args, kwargs = spec.function()
    if is_a(fn, Runs):
        given = fn.given(*args)
        return show(fn.fn, _name) + ("(...)" if given is None else _arguments(*given))
    return show(fn, _name) + _arguments(args, kwargs)


def _name(fn: Any) -> str:
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, type):  # an inherited start_link is shown as that of the child's class
        return f"{owner.__name__}.{fn.__name__}"
    return getattr(fn, "__qualname__", None) or repr(fn)


def _arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    shown = [show(arg, reprlib.repr) for arg in args]
    shown += [f"{key}={show(value, reprlib.repr)}" for key, value in kwargs.items()]
    return f"({', '.join(shown)})"


def _shutdown(spec: ChildSpec) -> str:
    if spec.shutdown is None:
        return "infinity"
    return spec.shutdown if isinstance(spec.shutdown, str) else f"{spec.shutdown} s"
