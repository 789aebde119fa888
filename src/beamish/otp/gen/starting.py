"""How a process is started and acknowledges its start: what behaviours build on.

A behaviour runs ``start_opt(entry, ...)``; its entry gets a Starter, runs init, and tells the
starter how that went by :func:`acknowledge` or :func:`ignore`, or by ending. The users' door is
``proc_lib``.

Path of a start: start_opt -> behaviour.start -> the child's acknowledge -> behaviour.acknowledge.

Source: stdlib, proc_lib(3) (OTP 25 manual; the order of events at a failed start is OTP 26's).
"""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import Any, Final, TypeAlias, TypedDict, cast, final

from beamish import behaviour, process
from beamish.otp.errors import StartError, StartIgnored
from beamish.terms import Atom, BadArgError, Down, Pid, Ref, is_expected
from beamish.terms.careful import keep, kept
from beamish.terms.ends import exit_in
from beamish.terms.errors import describe
from beamish.terms.words import ALREADY_STARTED, EXIT, IGNORE, TIMEOUT

from .awaiting import is_coroutine
from .names import Name, check_name, register, whereis

__all__ = [
    "ACK",
    "STARTER",
    "Function",
    "Hibernation",
    "SpawnOptions",
    "Starter",
    "acknowledge",
    "check_callable",
    "claim",
    "fail",
    "hibernated",
    "ignore",
    "report_exit",
    "reporting",
    "self_starting",
    "spawn_options",
    "start_opt",
]

STARTER: Final = Atom("$starter")

ACK: Final = Atom("ack")
_NACK: Final = Atom("nack")

_REPORTED: Final = "_beamish_reported"

Function: TypeAlias = Callable[..., Any]

Starter: TypeAlias = tuple[Pid, Ref]
"""Who started a process and waits until it acknowledges; ``init_ack(starter=...)`` takes it."""


class SpawnOptions(TypedDict, total=False):
    """Options of a process that a start function makes.

    Attributes:
        label: what reports and ``process.info`` call it.
        link: whether it is linked to the caller.
    """

    label: object
    link: bool


@final
class Hibernation(BaseException):
    """What :func:`hibernate` raises: the way out of the call stack."""

    def __init__(self, fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(
            "proc_lib.hibernate: only in a process started by proc_lib.start, proc_lib.spawn or "
            "their likes; a GenServer returns Hibernate"
        )
        self.call: tuple[Function, tuple[Any, ...], dict[str, Any]] = (fn, args, kwargs)


def spawn_options(given: Any) -> dict[str, Any]:
    """Checks the spawn options of a start function; returns what start_opt takes of them."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise BadArgError(f"spawn_opt: expected a dict; got {describe(given)}")
    options = cast("dict[str, Any]", given)
    if "monitor" in options:
        raise BadArgError("spawn_opt: monitor is not for start functions; use start_monitor")
    if unknown := options.keys() - {"label", "link"}:
        raise BadArgError(
            f"spawn_opt: expected the keys 'label' and 'link'; got {sorted(map(repr, unknown))}: "
            "there are no priorities and heaps of processes here"
        )
    return dict(options)


async def start_opt(
    entry: Function,
    args: tuple[Any, ...],
    link: bool = False,
    name: Name | None = None,
    timeout: float | None = None,
    work: Any = None,
    watch: bool = False,
    label: object = None,
    initial_call: Any = None,
) -> Any:
    """Runs ``entry(starter, *args)`` in a new process and waits for its acknowledgement.

    For behaviours: the entry writes its own reports (:func:`reporting`), and passes `starter` to
    :func:`acknowledge` or :func:`ignore`. A via name is registered by the child itself, with
    :func:`claim`, because a registry may expect the call from the process that registers. `work`
    says what reports call the process (see ``behaviour.serving``), or `label` and `initial_call`
    do. With `watch` it returns the reference of a monitor as well.
    """
    local = None
    if name is not None:
        behaviour.check_thread()
        check_name(name)
        _check_free(name)
        local = name if isinstance(name, str) else None
    try:
        # By position: names cost a start more than all that this function does.
        pid, message, watching = await behaviour.start(
            entry, args, link, local, timeout, work, label, initial_call, watch
        )
    except TimeoutError:
        raise StartError(TIMEOUT) from None
    if message[1] is ACK:
        return pid if watching is None else (pid, watching)
    try:
        started = await _outcome(pid, message)
    except BaseException:
        if watching is not None:
            process.demonitor(watching, flush=True)
        raise
    return started if watching is None else (started, watching)


async def _outcome(pid: Pid, message: Any) -> Any:
    """What a start returns or raises if it is more than a process that has started."""
    if message.__class__ is Down:
        await _forget_exit(pid)
        raise StartError(message[4])
    kind, value = message[1]
    if kind is ACK:
        return pid, value
    await _gone(pid)
    await _forget_exit(pid)
    raise StartIgnored if kind is IGNORE else StartError(value)


def acknowledge(starter: Starter, info: Any = None) -> None:
    """Tells the starter that the start has succeeded."""
    behaviour.acknowledge(starter, ACK if info is None else (ACK, info))


def ignore(starter: Starter) -> None:
    """Tells the starter that there will be no process, by choice; the caller then ends normally."""
    behaviour.acknowledge(starter, (IGNORE, None))


def fail(starter: Starter, reason: Any) -> None:
    """Tells the starter that the start has failed, and why; the caller then ends normally."""
    behaviour.acknowledge(starter, (_NACK, reason))


def claim(starter: Starter, name: Name | None) -> bool:
    """Registers the calling process by a via name; if it is taken, fails the start: False."""
    if name is None or isinstance(name, str) or register(name, process.self()):
        return True
    fail(starter, (ALREADY_STARTED, whereis(name)))
    return False


async def reporting(fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Runs a function, and reports it if it ends by an exit with an unexpected reason."""
    while True:
        try:
            result = fn(*args, **kwargs)
            return await result if is_coroutine(result) else result
        except Hibernation as jump:
            fn, args, kwargs = jump.call
        except BaseException as error:
            report_exit(error)
            raise
        await _message_is_there()


async def hibernated(fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Waits for a message, and goes on with what a Hibernation says."""
    await _message_is_there()
    return await reporting(fn, args, kwargs)


async def _message_is_there() -> None:
    """Waits until there is a message, and leaves it where it is."""

    def wake(_: object) -> bool:
        raise _Woken  # a predicate's error is the receiver's, and the message is left alone

    try:
        await process.receive(wake)
    except _Woken:
        pass


class _Woken(Exception):  # not an error
    """There is a message."""


def report_exit(error: BaseException) -> None:
    """Writes a crash report if a process ends by an exit of its own that is unexpected.

    That is ``exit/1``, or a failed call. If an exit signal has decided the end, the process is no
    longer alive, and not to blame.
    """
    exits = exit_in(error)
    if (
        exits is not None
        and not is_expected(exits.reason)
        and kept(error, _REPORTED) is None
        and process.alive(process.self())
    ):
        keep(error, _REPORTED, True)  # else the entered loop and its start would both report
        behaviour.report_crash(exits.reason)


def check_callable(where: str, fn: Any) -> None:
    """Refuses what cannot be called, with a hint at the common mistake."""
    if callable(fn):
        return
    kind = type(fn).__name__
    hint = ""
    if isinstance(fn, CoroutineType):
        fn.close()  # it will never be awaited, and need not warn of that
        hint = f"; pass the function and its arguments: {where}(function, argument)"
    raise BadArgError(f"{where}: expected a function; got {fn!r} ({kind}){hint}")


# ---- how a start goes wrong


def _check_free(name: Name | None) -> None:
    if name is None:
        return
    holder = whereis(name)
    if holder is not None:
        raise StartError((ALREADY_STARTED, holder))


async def self_starting(
    starter: Starter, fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Runs a function that acknowledges its start itself."""
    process.put(STARTER, starter)
    return await reporting(fn, args, kwargs)


async def _gone(pid: Pid) -> Any:
    """Waits for the end of a process; returns its reason."""
    message = await behaviour.receive_reply(process.monitor(pid))
    return message[4]


async def _forget_exit(pid: Pid) -> None:
    """Drops the message of a trapped exit signal of a process that is gone, as OTP 26 does."""
    if not process.info(process.self(), "trap_exit"):
        return
    process.unlink(pid)
    try:
        await process.receive((EXIT, pid, ...), timeout=0)
    except TimeoutError:
        pass
