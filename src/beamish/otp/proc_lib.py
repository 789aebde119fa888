"""proc_lib: processes that say when they have started, and that report how they failed.

A start returns when the new process has acknowledged it, and raises StartError if the process died
first, or took too long. Every end is reported except ``normal``, ``shutdown`` and
``(shutdown, anything)``. Every behaviour starts its processes this way.

Source: stdlib, proc_lib(3) (OTP 25 manual; the order of events at a failed start is OTP 26's).

See the page "proc_lib" in the documentation.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, NoReturn, cast

from beamish import process
from beamish.process import label as get_label
from beamish.process import set_label
from beamish.terms import NORMAL, Pid, Ref

from .gen import (
    STARTER,
    Function,
    Hibernation,
    Name,
    SpawnOptions,
    Starter,
    acknowledge,
    check_callable,
    fail,
    reporting,
    self_starting,
    spawn_options,
    start_opt,
    stop,
)

__all__ = [
    "Hibernation",
    "SpawnOptions",
    "Starter",
    "get_label",
    "hibernate",
    "init_ack",
    "init_fail",
    "initial_call",
    "set_label",
    "spawn",
    "spawn_link",
    "spawn_monitor",
    "start",
    "start_link",
    "start_monitor",
    "starter",
    "stop",
    "translate_initial_call",
]


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


def spawn_monitor(fn: Function, *args: Any, **kwargs: Any) -> tuple[Pid, Ref]:
    """Like :func:`spawn`, monitored by the caller in one atomic step.

    Source: proc_lib:spawn_opt/4 with the option monitor.
    """
    check_callable("proc_lib.spawn_monitor", fn)
    return process.spawn_opt(reporting, fn, args, kwargs, monitor=True, initial_call=fn)


def start(
    fn: Function,
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Coroutine[Any, Any, Any]:
    """Starts a process and waits until it has called :func:`init_ack`.

    Args:
        fn: runs in the new process; must call ``init_ack`` once it is ready.
        args: its arguments.
        name: registered before `fn` runs.
        timeout: seconds that the start may take, or None forever (the default, as in OTP).
            A process that has not started by then is killed.
        spawn_opt: options of the process: ``{"label": ...}``, what reports call it, and
            ``{"link": True}``. (``monitor`` is refused as in OTP: see :func:`start_monitor`.)
        kwargs: keyword arguments of `fn`.

    Returns:
        The pid, or ``(pid, info)`` if the process acknowledged with ``init_ack(info)``.

    Raises:
        StartError: it did not start. The reason is its exit reason, what it gave
            ``init_fail``, ``("already_started", pid)`` if the name is taken, or ``"timeout"``.

    Source: proc_lib:start/5.
    """
    return _start("start", (fn, args, kwargs), name, timeout, spawn_opt)


def start_link(
    fn: Function,
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Coroutine[Any, Any, Any]:
    """Like :func:`start`, linked to the caller.

    If the process does not start, a caller that does not trap exits dies with it, unless the
    reason was ``normal``. A caller that traps exits gets the StartError and no ``Exit`` message.

    Source: proc_lib:start_link/5.
    """
    return _start("start_link", (fn, args, kwargs), name, timeout, spawn_opt, link=True)


def start_monitor(
    fn: Function,
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Coroutine[Any, Any, tuple[Any, Ref]]:
    """Like :func:`start`, with a monitor.

    Returns:
        What ``start`` returns, and the reference that the Down message will carry, with the
        process' own reason even if it ends at once. If it does not start there is no such message.

    Source: proc_lib:start_monitor/5.
    """
    return _start("start_monitor", (fn, args, kwargs), name, timeout, spawn_opt, watch=True)


async def _start(
    where: str,
    call: tuple[Any, tuple[Any, ...], dict[str, Any]],
    name: Name | None,
    timeout: float | None,
    spawn_opt: SpawnOptions | None,
    *,
    link: bool = False,
    watch: bool = False,
) -> Any:
    fn = call[0]
    check_callable(f"proc_lib.{where}", fn)
    options = spawn_options(spawn_opt)
    link = link or options.get("link", False)
    label = options.get("label")
    return await start_opt(self_starting, call, link, name, timeout, None, watch, label, fn)


def init_ack(info: Any = None, *, starter: Starter | None = None) -> None:
    """Acknowledges a start: the process is ready.

    Called once, in a process started by :func:`start` or its likes; in any other it does nothing.

    Args:
        info: something to return with the pid.
        starter: what :func:`starter` returned in the process that starts, if another process
            acknowledges for it; then it works from any thread.

    Source: proc_lib:init_ack/1, /2.
    """
    whom = process.erase(STARTER) if starter is None else starter
    if whom is not None:
        acknowledge(whom, info)


def starter() -> Starter | None:
    """A token for whoever waits for this process to start, so that another can acknowledge for it.

    Returns:
        What ``init_ack(starter=...)`` takes, in any process; None if nobody waits.

    Example::

        async def server(port: int) -> None:
            process.spawn_link(open_port, port, proc_lib.starter())
            ...

        async def open_port(port: int, starter: proc_lib.Starter) -> None:
            ...
            proc_lib.init_ack(starter=starter)

    Source: the argument Parent of proc_lib:init_ack/2.
    """
    return cast("Starter | None", process.get(STARTER))


def hibernate(fn: Function, *args: Any, **kwargs: Any) -> NoReturn:
    """Throws the call stack away, waits for a message, and goes on with ``fn(*args, **kwargs)``.

    Never returns: the process ends when the function does. ``finally`` blocks on the stack run. The
    message that wakes it stays in the mailbox.

    Args:
        fn: ``def`` or ``async def``.
        args: its arguments.
        kwargs: its keyword arguments.

    Raises:
        Hibernation: in a process that was started by :func:`start`, :func:`spawn` or their likes
            it is caught there; elsewhere it ends the process.

    Source: proc_lib:hibernate/3.
    """
    process.self()
    check_callable("proc_lib.hibernate", fn)
    raise Hibernation(fn, args, kwargs)


def initial_call(pid: Pid) -> str | None:
    """What a process was started to run, ``module.function``; None if it is dead.

    Source: proc_lib:initial_call/1.
    """
    call: str | None = process.info(pid, "initial_call")
    return call


translate_initial_call = initial_call


def init_fail(reason: Any, exit: Any = NORMAL, *, starter: Starter | None = None) -> None:
    """Tells the starter that the process could not start, and exits.

    Args:
        reason: becomes the ``reason`` of the StartError.
        exit: the exit reason; ``normal`` by default, so that nothing is logged and no linked
            caller dies.
        starter: what :func:`starter` returned in the process that starts, if another process
            calls this for it; that other process exits.

    Source: proc_lib:init_fail/2 (OTP 26).
    """
    process.self()  # refuses another thread, before anything is looked at
    whom = process.erase(STARTER) if starter is None else starter
    if whom is not None:
        fail(whom, reason)
    process.exit(exit)
