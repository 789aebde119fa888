"""Making processes: ``process.spawn`` and its kin, in as few steps as can be."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from inspect import CO_COROUTINE
from types import FunctionType
from typing import TYPE_CHECKING, Any, ParamSpec

from beamish.terms import NotRunningError, Pid, Ref
from beamish.terms.identity import MonitorRef

from .adoption import adopt_current_task
from .here import current, enqueue, here, node_of_any_thread, running_node
from .home import at_home
from .inbox import elsewhere
from .process import Process, new_process
from .states import DEAD, RUNNING
from .ties import tie
from .trampoline import coroutine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .node import Node

__all__ = ["equip", "spawn", "spawn_link", "spawn_monitor", "spawn_process"]

P = ParamSpec("P")


def spawn_process(fn: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]) -> Process:
    """A new process that runs `fn(*args, **kw)` when its turn comes."""
    node = here.node or running_node()
    parent = here.process or _outside_parent()
    if fn.__class__ is FunctionType and fn.__code__.co_flags & CO_COROUTINE:
        try:
            coro = fn(*args, **kw) if kw else fn(*args)  # an empty dict would be merged, too
        except TypeError:
            coro = coroutine_of(fn, args, kw)  # it fails in the child
    else:
        coro = coroutine_of(fn, args, kw)
    # new_process, inlined.
    proc = Process()
    pid = proc.pid = Pid()
    pid._number = node.next_pid()
    pid._home = node.home
    pid._process = proc
    proc.parent = parent and parent.pid
    proc.send = coro.send
    proc.context = copy_context()
    proc.state = proc.removed = RUNNING
    proc.trap_exit = False
    proc.value = proc.mailbox = proc.pattern = proc.waiter = proc.parked = None
    proc.links = proc.monitors = proc.watchers = proc.fate = proc.rare = proc.serving = None
    try:
        node.processes.add(proc)
        here.push(proc)
    except BaseException:
        node.processes.discard(proc)  # it will never run
        raise
    return proc


def equip(node: Node, proc: Process, name: str | None, label: Any, initial_call: Any) -> None:
    """Gives a new process what few have: a name, and what reports call it."""
    if name is not None:
        node.names.register(name, proc.pid)
    if label is not None:
        proc.ensure_rare().label = label
    if initial_call is not None:
        proc.ensure_rare().initial_call = initial_call


def _outside_parent() -> Process | None:
    try:
        return adopt_current_task()
    except NotRunningError:
        return None  # from a callback of the loop: a process without a parent


def spawn(fn: Callable[P, Any], /, *args: P.args, **kw: P.kwargs) -> Pid:
    """Starts a process that runs ``fn(*args, **kw)``; returns its pid at once.

    Errors in the function or its arguments are the new process' own, never the caller's. A process
    that another thread than the node's has spawned has no parent.

    Args:
        fn: an ``async def`` function, or a plain one, which then cannot wait.

    Raises:
        BadArgError: `fn` is not a function: ``spawn(work())`` for ``spawn(work)``, for example.

    Source: erlang:spawn/1 (OTP 25 manual).
    """
    if not at_home():
        return _spawn_elsewhere(fn, args, kw)
    pid = spawn_process(fn, args, kw).pid
    if here.due:
        here.rest()
    return pid


def _spawn_elsewhere(fn: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]) -> Pid:
    """From another thread: the process is there at once, and begins when the loop comes to it."""
    node = node_of_any_thread()
    coro = coroutine_of(fn, args, kw)
    proc = new_process(node, coro.send, copy_context(), None)
    drop = partial(_drop, proc, coro)
    try:
        elsewhere(_begin, node, proc, drop=drop)
    except BaseException:
        drop()
        raise
    return proc.pid


def _begin(node: Node, proc: Process) -> None:
    node.processes.add(proc)
    enqueue(proc)


def _drop(proc: Process, coro: Coroutine[Any, Any, Any]) -> None:
    """The node has ended before the process began."""
    proc.state = DEAD
    proc.pid._process = None
    coro.close()


def spawn_link(fn: Callable[P, Any], /, *args: P.args, **kw: P.kwargs) -> Pid:
    """Starts a process and links it to the caller, in one step.

    Source: erlang:spawn_link/1.
    """
    caller = (at_home() and here.process) or current()
    proc = spawn_process(fn, args, kw)
    # signals.join, inlined.
    caller.links = proc.pid if caller.links is None else tie(caller.links, proc.pid)
    proc.links = caller.pid
    if here.due:
        here.rest()
    return proc.pid


def spawn_monitor(fn: Callable[P, Any], /, *args: P.args, **kw: P.kwargs) -> tuple[Pid, Ref]:
    """Starts a process and monitors it, in one step.

    Returns:
        The pid, and the reference that the Down message will carry.

    Source: erlang:spawn_monitor/1.
    """
    watcher = (at_home() and here.process) or current()
    proc = spawn_process(fn, args, kw)
    node = here.node or running_node()
    # signals.monitor, inlined.
    ref = MonitorRef()
    ref._number = node.next_ref()
    ref._home = node.home
    ref._maker = watcher.pid
    ref._mark = watcher.removed + len(watcher.mailbox) if watcher.mailbox else 0
    ref._alias = ref._options = ref._kind = None
    ref._watched = proc
    watcher.monitors = ref if watcher.monitors is None else tie(watcher.monitors, ref)
    proc.watchers = ref
    if here.due:
        here.rest()
    return proc.pid, ref
