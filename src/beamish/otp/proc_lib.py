"""proc_lib: processes that say when they have started, and that report how they failed.

What
----
Every behaviour starts its processes here. Two things make such a process different from one of
``process.spawn``:

- *It acknowledges its start.* ``start`` and ``start_link`` return when the new process has
  called :func:`init_ack`, and raise :class:`~beamish.otp.errors.StartError` when it died before
  that, or took too long. So who starts a process may use it at once, and a supervisor knows
  that a child is ready before it starts the next one.
- *It reports every unexpected end.* A plain process that ends by ``process.exit(reason)`` is
  silent; one started here writes a crash report unless the reason is ``normal``,
  ``shutdown`` or ``(shutdown, anything)``. (Errors and throws are reported for all processes.)

Example::

    async def counter(n: int) -> None:
        process.register("counter", process.self())
        proc_lib.init_ack()
        while True:
            n += await process.receive(int)

    pid = await proc_lib.start_link(counter, 1)
    assert process.whereis("counter") == pid      # it is ready: nothing to wait for

When not to use it
------------------
A process with a request-reply protocol is a :class:`~beamish.otp.gen_server.GenServer`; one that
does a single job is a :class:`~beamish.otp.task.Task`. Use proc_lib for a process with a loop of
its own that a supervisor is to start.

Path of a start: start_link -> process.spawn_opt -> the child's init_ack -> its reply alias.

Source: stdlib, proc_lib(3) (OTP 25 manual; the order of events at a failed start is OTP 26's).
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from types import CoroutineType
from typing import Any, Final, final

from beamish import process
from beamish.terms import NORMAL, Atom, BadArgError, Pid, ProcessExit, Ref, is_expected

from . import names
from .awaiting import is_coroutine
from .errors import StartError, StartIgnored
from .names import Name

__all__ = ["init_ack", "init_fail", "spawn", "spawn_link", "start", "start_link", "stop"]

_STARTER: Final = Atom("$starter")
_ACK: Final = Atom("ack")
_NACK: Final = Atom("nack")
_IGNORE: Final = Atom("ignore")
_EXIT: Final = Atom("EXIT")
_TIMEOUT: Final = Atom("timeout")
_SYSTEM: Final = Atom("system")
_TERMINATE: Final = Atom("terminate")
_ALREADY_STARTED: Final = Atom("already_started")

_REPLY: Final = {"alias": "reply_demonitor"}

Function = Callable[..., Any]


def spawn(fn: Function, *args: Any, **kwargs: Any) -> Pid:
    """Spawns a process that writes a crash report for every unexpected exit reason.

    Args:
        fn: an ``async def`` or plain function; it runs in the new process.
        args: its arguments.
        kwargs: its keyword arguments.

    Returns:
        The pid, at once.

    Source: proc_lib:spawn/3.
    """
    check_callable("proc_lib.spawn", fn)
    return process.spawn_opt(reporting, fn, args, kwargs, initial_call=fn)


def spawn_link(fn: Function, *args: Any, **kwargs: Any) -> Pid:
    """Like :func:`spawn`, linked to the caller in one atomic step.

    Source: proc_lib:spawn_link/3.
    """
    check_callable("proc_lib.spawn_link", fn)
    return process.spawn_opt(reporting, fn, args, kwargs, link=True, initial_call=fn)


async def start(
    fn: Function,
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    **kwargs: Any,
) -> Any:
    """Starts a process and waits until it has called :func:`init_ack`.

    Args:
        fn: runs in the new process; must call ``init_ack`` once it is ready.
        args: its arguments.
        name: registered before `fn` runs.
        timeout: seconds that the start may take, or None for ever (the default, as in OTP).
            A process that has not started by then is killed.
        kwargs: keyword arguments of `fn`.

    Returns:
        The pid, or ``(pid, info)`` where the process acknowledged with ``init_ack(info)``.

    Raises:
        StartError: it did not start. The reason is its exit reason, what it gave
            ``init_fail``, ``("already_started", pid)`` if the name is taken, or ``"timeout"``.

    Source: proc_lib:start/5.
    """
    check_callable("proc_lib.start", fn)
    return await start_opt(
        _self_starting, fn, args, kwargs, name=name, timeout=timeout, initial_call=fn
    )


async def start_link(
    fn: Function,
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    **kwargs: Any,
) -> Any:
    """Like :func:`start`, linked to the caller.

    If the process does not start, a caller that does not trap exits dies with it, unless its
    reason was ``normal``. A trapping caller gets the StartError and no ``Exit`` message.

    Source: proc_lib:start_link/5.
    """
    check_callable("proc_lib.start_link", fn)
    return await start_opt(
        _self_starting, fn, args, kwargs, link=True, name=name, timeout=timeout, initial_call=fn
    )


def init_ack(info: Any = None) -> None:
    """Tells who started the calling process that it is ready.

    Called in a process started by :func:`start` or :func:`start_link`, once; in any other process
    it does nothing.

    Args:
        info: something to return beside the pid.

    Source: proc_lib:init_ack/1.
    """
    starter = process.erase(_STARTER)
    if starter is not None:
        acknowledge(starter, info)


def init_fail(reason: Any, exit: Any = NORMAL) -> None:
    """Tells who started the calling process that it could not start, and exits.

    Args:
        reason: becomes the ``reason`` of the StartError.
        exit: the exit reason; ``normal`` by default, so that nothing is logged and no linked
            caller dies.

    Source: proc_lib:init_fail/2 (OTP 26).
    """
    starter = process.erase(_STARTER)
    if starter is not None:
        starter.tell(_NACK, reason)
    process.exit(exit)


async def stop(dest: names.Dest, reason: Any = NORMAL, timeout: float | None = None) -> None:
    """Asks a behaviour's process to terminate, and waits until it is gone.

    Args:
        dest: a pid, name or via tuple.
        reason: what it shall terminate with.
        timeout: seconds to wait, or None for ever (the default, as in OTP).

    Exits:
        ``noproc`` if there is no such process, ``timeout`` if it is not gone in time (it will
        still terminate), and with the process' reason if that turned out another.

    Source: proc_lib:stop/3.
    """
    pid = names.whereis(dest)
    me = process.self()
    if pid is None or pid is me:
        process.exit(Atom("noproc" if pid is None else "calling_self"))
    ref = process.monitor(pid)
    process.send(pid, (_SYSTEM, (me, process.make_ref()), (_TERMINATE, reason)))
    try:
        message = await process.receive_reply(ref, timeout)
    except TimeoutError:
        process.demonitor(ref, flush=True)
        process.exit(_TIMEOUT)
    if message[4] != reason:
        process.exit(message[4])


# ---- what behaviours use


@final
class Starter:
    """What a starting process and who started it have in common: how the start went.

    The starter learns it as a message to the reference of its monitor, which the new process is
    given here, for it exists only once the process does:

    1. the starter spawns   2. it is preempted   3. the new process is done with its init, and finds
    no reference: its outcome stays here   4. the starter sets the reference, and finds the outcome.

    Attributes:
        ref: the starter's monitor; None until it is known.
        outcome: (kind, value), once the new process has said it.
    """

    __slots__ = ("outcome", "ref")

    def __init__(self) -> None:
        self.ref: Ref | None = None
        self.outcome: tuple[Atom, Any] | None = None

    def tell(self, kind: Atom, value: Any) -> None:
        """Says, in the new process, how the start went."""
        outcome = self.outcome = (kind, value)
        if self.ref is not None:
            process.send(self.ref, (self.ref, outcome))


async def start_opt(
    entry: Function,
    *args: Any,
    link: bool = False,
    name: Name | None = None,
    timeout: float | None = None,
    label: object = None,
    initial_call: Any = None,
) -> Any:
    """Runs ``entry(starter, *args)`` in a new process and waits for its acknowledgement.

    For behaviours: the entry sees to its own reports (:func:`reporting`), and `starter` is what
    it gives :func:`acknowledge` or :func:`ignore`. A via name is registered by the child itself,
    with :func:`claim`, since a registry may want to be called by the process that registers.
    """
    if name is not None:
        names.check_name(name)
        _check_free(name)
    starter = Starter()
    pid, ref = process.spawn_opt(
        entry,
        starter,
        *args,
        link=link,
        monitor=_REPLY,
        name=name if isinstance(name, str) else None,
        label=label,
        initial_call=initial_call,
    )
    starter.ref = ref
    if starter.outcome is not None:  # see Starter: it was quicker than we
        process.demonitor(ref, flush=True)
        return await _started(pid, starter.outcome)
    try:
        message = await process.receive_reply(ref, timeout)
    except TimeoutError:
        await _give_up(pid, ref)
        raise StartError(_TIMEOUT) from None
    except CancelledError as cancelled:
        # Whoever waits was cancelled and may live on: what has not started is not left behind.
        if not isinstance(cancelled, ProcessExit):
            await _give_up(pid, ref)
        raise
    if message[0] is not ref:
        await _forget_exit(pid)
        raise StartError(message[4])
    kind, value = message[1]
    if kind is _ACK:
        return pid if value is None else (pid, value)
    return await _started(pid, message[1])


async def _started(pid: Pid, outcome: tuple[Atom, Any]) -> Any:
    """What start returns or raises, now that the process has said how it went."""
    kind, value = outcome
    if kind is _ACK:
        return pid if value is None else (pid, value)
    await _gone(pid)
    await _forget_exit(pid)
    raise StartIgnored if kind is _IGNORE else StartError(value)


def acknowledge(starter: Starter, info: Any = None) -> None:
    """The start has succeeded."""
    starter.tell(_ACK, info)


def ignore(starter: Starter) -> None:
    """There is no process to be, and that is no failure; the caller ends normally next."""
    starter.tell(_IGNORE, None)


def claim(starter: Starter, name: Name | None) -> bool:
    """Registers the calling process by a via name; False if it is taken (the starter is told)."""
    if name is None or isinstance(name, str) or names.register(name, process.self()):
        return True
    starter.tell(_NACK, (_ALREADY_STARTED, names.whereis(name)))
    return False


async def reporting(fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Runs a function, and reports it if it ends by ``exit/1`` with an unexpected reason."""
    try:
        result = fn(*args, **kwargs)
        return await result if is_coroutine(result) else result
    except ProcessExit as ended:
        report_exit(ended)
        raise


def report_exit(error: BaseException) -> None:
    """Writes a crash report if a process ends by an ``exit/1`` of its own that is unexpected.

    An exit signal has decided already: the process is not alive any more, and not to blame.
    """
    if (
        isinstance(error, ProcessExit)
        and not is_expected(error.reason)
        and process.alive(process.self())
    ):
        process.report_crash(error.reason)


def check_callable(where: str, fn: Any) -> None:
    """Refuses what cannot be called, with a word about the common mistake."""
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
    holder = names.whereis(name)
    if holder is not None:
        raise StartError((_ALREADY_STARTED, holder))


async def _self_starting(
    starter: Starter, fn: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    process.put(_STARTER, starter)
    return await reporting(fn, args, kwargs)


async def _give_up(pid: Pid, ref: Ref) -> None:
    """Kills a process that has not started, and waits until it is gone."""
    process.unlink(pid)
    process.exit(pid, "kill")
    message = await process.receive_reply(ref)
    if message[0] is ref:  # it was ready when the order came, and that ended the monitor
        await _gone(pid)
    await _forget_exit(pid)


async def _gone(pid: Pid) -> Any:
    """Waits for the end of a process; returns its reason."""
    message = await process.receive_reply(process.monitor(pid))
    return message[4]


async def _forget_exit(pid: Pid) -> None:
    """Drops the message of a trapped exit signal of a process that is gone, as OTP 26 does."""
    if not process.info(process.self(), "trap_exit"):
        return
    process.unlink(pid)
    try:
        await process.receive((_EXIT, pid, ...), timeout=0)
    except TimeoutError:
        pass
