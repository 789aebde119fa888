"""Processes: the user's door to the runtime (Elixir's ``Process``, Erlang's process BIFs).

A process is a function that runs on its own, has a mailbox, and shares nothing but messages. It
can be linked to other processes, so that they end together, or monitored, so that others hear of
its end.

    >>> async def echo():
    ...     match await receive():
    ...         case (sender, text): send(sender, text.upper())
    >>> async def main():
    ...     pid = spawn(echo)
    ...     send(pid, (self(), "hello"))
    ...     return await receive(str, timeout=1.0)
    >>> beamish.run(main)
    'HELLO'

Calls go straight to the runtime: ``process.send`` is ``runtime.mailbox.send``. Functions that are
not ``async`` take effect at once. Times are seconds; None is forever, 0 looks without waiting. All
functions raise NotRunningError outside of a node, and BadArgError (Erlang's ``badarg``) for an
argument that they cannot take.

On another thread than the node's

    send, send_priority, exit(pid, reason), spawn  are delivered, in the thread's order
    alive, whereis, registered, list, why, monotonic_time, parts of info  work as in a process
    send_threadsafe, call_threadsafe  are made for it; also where another event loop runs
    everything else  raises NotRunningError: the thread is no process
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar, overload

from .runtime import adoption as _adoption
from .runtime import aliases as _aliases
from .runtime import info as _info
from .runtime import journal as _journal
from .runtime import mailbox as _mailbox
from .runtime import priority as _priority
from .runtime import references as _references
from .runtime import signals as _signals
from .runtime.asyncio_task import TaskFace as _TaskFace
from .runtime.asyncio_task import state_of as _state_of
from .runtime.destinations import destination as _destination
from .runtime.dictionary import dictionary, erase, get, get_keys, put
from .runtime.fate import is_alive as _is_alive
from .runtime.groups import group_leader, set_group_leader
from .runtime.here import current as _current
from .runtime.here import here as _here
from .runtime.here import node_of_any_thread as _node_of_any_thread
from .runtime.here import running_node as _node
from .runtime.home import at_home as _at_home
from .runtime.inbox import elsewhere as _elsewhere
from .runtime.mailbox import send
from .runtime.offload import offload
from .runtime.owned import disown, give_away, own
from .runtime.patterns import matches
from .runtime.registered_names import register, registered, unregister, whereis
from .runtime.spawn_options import spawn_opt, spawn_request, spawn_request_abandon
from .runtime.spawning import spawn, spawn_link, spawn_monitor
from .runtime.threadsafe import call_threadsafe, send_threadsafe
from .runtime.timers import cancel_timer, monotonic_time, read_timer, send_after, sleep, start_timer
from .terms import BadArgError, Pid, ProcessError, ProcessExit, Ref, Throw
from .terms.errors import describe

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = [
    "adopt",
    "alias",
    "alive",
    "ancestors",
    "call_threadsafe",
    "cancel_timer",
    "critical",
    "demonitor",
    "dictionary",
    "disown",
    "erase",
    "error",
    "exit",
    "flag",
    "flush",
    "get",
    "get_keys",
    "give_away",
    "group_leader",
    "info",
    "label",
    "link",
    "list",
    "make_ref",
    "matches",
    "monitor",
    "monotonic_time",
    "offload",
    "own",
    "parent",
    "put",
    "read_timer",
    "receive",
    "register",
    "registered",
    "self",
    "send",
    "send_after",
    "send_priority",
    "send_threadsafe",
    "set_group_leader",
    "set_label",
    "sleep",
    "spawn",
    "spawn_link",
    "spawn_monitor",
    "spawn_opt",
    "spawn_request",
    "spawn_request_abandon",
    "start_timer",
    "throw",
    "unalias",
    "unlink",
    "unregister",
    "whereis",
    "why",
]

T = TypeVar("T")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")

_NUMBER: Final = attrgetter("_number")

# ---- oneself


def self() -> Pid:  # Erlang's name, reached through the module
    """The pid of the calling process.

    Example:
        >>> async def main(): return alive(self())
        >>> beamish.run(main)
        True

    Source: erlang:self/0.
    """
    return ((_at_home() and _here.process) or _current()).pid


def parent() -> Pid | None:
    """The pid of the process that started this one; None if none did."""
    return _current().parent


def ancestors() -> builtins.list[Pid]:
    """The parent, its parent and so on, as far as they are alive."""
    return _current().ancestors()


@overload
def flag(*, trap_exit: bool) -> bool: ...
@overload
def flag(*, async_cancel: bool) -> bool: ...
def flag(*, trap_exit: bool | None = None, async_cancel: bool | None = None) -> bool:
    """Sets a flag of the calling process; one in each call.

    Args:
        trap_exit: from now on, exit signals become ``Exit(pid, reason)`` messages, except the one
            of ``exit(pid, "kill")``, instead of ending the process. Messages that are already in
            the mailbox stay there. Off in a new process.
        async_cancel: whether a cancellation (``asyncio.timeout``, a TaskGroup, an anyio scope) is
            raised also where the process computes, once it has ignored it for 50 ms of its own CPU
            time; else only where it awaits. On in a new process. An adopted Task is never
            interrupted.

    Returns:
        The old value.

    Raises:
        TypeError: no flag was given, or two.

    Example:
        >>> async def main():
        ...     flag(trap_exit=True)
        ...     spawn_link(exit, "boom")
        ...     return (await receive(tuple))[2]
        >>> beamish.run(main)
        'boom'

    Source: erlang:process_flag/2; async_cancel is pthread_setcanceltype(3).
    """
    if (trap_exit is None) is (async_cancel is None):
        raise TypeError("flag takes one flag: trap_exit=..., or async_cancel=...")
    proc = _current()
    if trap_exit is not None:
        old, proc.trap_exit = proc.trap_exit, bool(trap_exit)
        return old
    state = _state_of(proc)
    deferred, state.deferred = state.deferred, not async_cancel
    return not deferred


def set_label(label: Any) -> None:
    """Sets a label that reports and info show beside the pid; it need not be unique.

    Source: proc_lib:set_label/1 (OTP 27).
    """
    _current().ensure_rare().label = label


def label(pid: Pid) -> Any:
    """The label of a process; None if it has none or is dead."""
    return info(pid, "label")


# ---- messages


if TYPE_CHECKING:

    @overload
    def receive(pattern: type[T], /, *, timeout: float | None = ...) -> Awaitable[T]: ...
    @overload
    def receive(
        one: type[T], two: type[T2], /, *, timeout: float | None = ...
    ) -> Awaitable[T | T2]: ...
    @overload
    def receive(
        one: type[T], two: type[T2], three: type[T3], /, *, timeout: float | None = ...
    ) -> Awaitable[T | T2 | T3]: ...
    @overload
    def receive(
        one: type[T],
        two: type[T2],
        three: type[T3],
        four: type[T4],
        /,
        *,
        timeout: float | None = ...,
    ) -> Awaitable[T | T2 | T3 | T4]: ...
    @overload
    def receive(*patterns: Any, timeout: float | None = ...) -> Awaitable[Any]: ...
    def receive(*patterns: Any, timeout: float | None = None) -> Awaitable[Any]: ...  # noqa: D103
else:
    receive = _mailbox.receive


def send_priority(alias: Ref, message: T) -> T:
    """Sends a message that comes before the ordinary ones of the receiver's mailbox.

    Args:
        alias: one that the receiver made with ``alias(priority=True)``; through any other alias
            the message is an ordinary one.
        message: any term; priority messages keep their order among themselves.

    Source: erlang:send/3 with the option priority (OTP 28).
    """
    if not isinstance(alias, Ref):
        raise BadArgError(f"send_priority takes a Ref that is an alias; got {describe(alias)}")
    if not _at_home():
        _elsewhere(send_priority, alias, message)
        return message
    proc = _destination(alias)
    if proc is not None:
        _priority.deliver_first(proc, alias, message)
    return message


def flush() -> builtins.list[Any]:
    """Takes all messages out of the mailbox, oldest first."""
    return _mailbox.flush(_current())


# ---- links, monitors, exits


def link(pid: Pid | asyncio.Task[Any]) -> Literal[True]:
    """Links the calling process and another: when one ends, the other gets an exit signal.

    A pair has at most one link; linking oneself does nothing. An asyncio Task of the node's loop is
    a process too, from its first use as one: its exit reason is ``normal``, ``cancelled`` or its
    exception, and an exit signal cancels it.

    Raises:
        NoProcError: there is no such process, and the caller does not trap exits. A caller that
            does gets the message ``Exit(pid, "noproc")`` instead.

    Source: erlang:link/1.
    """
    _signals.link(_current(), pid if pid.__class__ is Pid else _pid_of(pid))
    return True


def unlink(pid: Pid | asyncio.Task[Any]) -> Literal[True]:
    """Removes the link to a process; nothing will come through it any more.

    An Exit message that is already in the mailbox stays there.

    Source: erlang:unlink/1.
    """
    _signals.unlink(_current(), pid if pid.__class__ is Pid else _pid_of(pid))
    return True


def adopt(task: asyncio.Task[Any]) -> Pid:
    """Adopts an asyncio Task, already running, as a child: the counterpart of `spawn_link`.

    It is linked to the caller, which becomes its parent. The end of the caller, or of the node,
    cancels it. If the Task raises, a crash report is written, as for a process; asyncio does not
    report it.

    Args:
        task: a Task of the node's loop. It need not know about processes.

    Returns:
        The pid; if the Task is already done, the pid of an ended process.

    Raises:
        NoProcError: the Task is done, and the caller does not trap exits.

    Example:
        >>> async def main():
        ...     pid = process.adopt(asyncio.create_task(poll()))
        ...     process.exit(pid, "shutdown")      # cancels it
    """
    return _adoption.adopt_as_child(_node(), _current(), task)


def _pid_of(what: Any) -> Any:
    """The pid of an asyncio Task; anything else is returned, for the pid's own check."""
    is_task = isinstance(what, asyncio.Future | _TaskFace)
    return _adoption.pid_of(_node(), what) if is_task else what


def monitor(dest: Any, *, alias: str | None = None, tag: Any = None) -> Ref:
    """Monitors a process: its end brings the message ``Down(ref, "process", pid, reason)``.

    Each call makes another monitor. If there is no such process the message comes at once, with
    the reason ``noproc``.

    Args:
        dest: a Pid, a registered name, or ``(name, node)``. A name means the process that has it
            now, and the message carries ``(name, node)`` instead of the pid. An asyncio Task is
            monitored as a process, see `link`.
        alias: makes the reference an address of the caller as well, until
            ``"explicit_unalias"``: unalias; ``"demonitor"``: demonitor or the Down message;
            ``"reply_demonitor"``: these, or the first message through it, which ends the monitor.
        tag: replaces ``"DOWN"`` in the message, which is then a plain tuple.

    Source: erlang:monitor/2,3.
    """
    node = _node()
    if dest.__class__ is not Pid:
        dest = _pid_of(dest)
    ref = _signals.monitor(node, _current(), dest, alias, tag)
    if _here.due:
        _here.rest()
    return ref


def demonitor(ref: Ref, flush: bool = False, info: bool = False) -> bool:
    """Ends a monitor of the calling process.

    Args:
        ref: what `monitor` returned.
        flush: also remove its message from the mailbox.
        info: return whether the monitor was still active.

    Returns:
        True; with `info`, whether it was active: False once its message was sent.

    Source: erlang:demonitor/1,2.
    """
    found = _signals.demonitor(_current(), ref, flush=flush)
    return found if info else True


@overload
def exit(reason: Any, /) -> NoReturn: ...
@overload
def exit(pid: Pid | asyncio.Task[Any], reason: Any, /) -> Literal[True]: ...
def exit(*args: Any) -> Literal[True]:  # Erlang's name, reached through the module
    """``exit(reason)`` ends the calling process; ``exit(pid, reason)`` sends an exit signal.

    ``exit(reason)`` raises ProcessExit: ``finally`` blocks run, it can be caught, and nothing is
    reported. With ``exit(pid, reason)``, a process that traps exits gets the message
    ``Exit(sender, reason)``; any other ends with that reason, unless it is ``normal``. The reason
    ``kill`` ends it in any case, with the reason ``killed``.

    Raises:
        BadArgError: with two arguments, the first is not a Pid.

    Source: erlang:exit/1, erlang:exit/2.
    """
    if len(args) == 2:
        pid, reason = args
        if not _at_home():
            _exit_elsewhere(pid, reason)
            return True
        _signals.send_exit(_current(), pid if pid.__class__ is Pid else _pid_of(pid), reason)
        if _here.due:
            _here.rest()
        return True
    if len(args) != 1:
        raise TypeError(f"exit takes (reason) or (pid, reason); got {len(args)} arguments")
    problem = ProcessExit(*args)
    rare = _current().rare
    if rare is not None and rare.outside is not None:
        rare.outside.exit = problem
    raise problem


def _exit_elsewhere(pid: Any, reason: Any) -> None:
    if not isinstance(pid, Pid | asyncio.Future | _TaskFace):
        raise BadArgError(f"exit takes a Pid; got {describe(pid)}")
    _elsewhere(_exit_from_inbox, pid, reason)


def _exit_from_inbox(pid: Any, reason: Any) -> None:
    _signals.send_exit_from(
        _node().inbox.pid, pid if pid.__class__ is Pid else _pid_of(pid), reason
    )


def why(pid: Pid) -> _journal.Why | None:
    """Who ended a dead process, and why: along links, exit signals and supervisors.

    The result comes from a journal of the last 1,000 deaths of the node. An exit reason that takes
    more than 32 KB is not kept there, only the beginning of its strings, tuples and lists, and the
    classes of other objects.

    Args:
        pid: a process that died recently, and not normally.

    Returns:
        Deaths, each because of the next one: its own first, the root cause last (``.root``). They
        print as lines for people. None if it is alive, ended normally, or died too long ago.

    Raises:
        BadArgError: `pid` is not a Pid.

    Example:
        >>> print(process.why(pid))
        <0.107.0> was sent an exit signal by <0.104.0> (App.Supervisor): shutdown
          because <0.106.0> ended by itself: ValueError: boom
    """
    if not isinstance(pid, Pid):
        raise BadArgError(f"why takes a Pid; got {describe(pid)}")
    return _journal.why(pid)


def error(reason: Any) -> NoReturn:
    """Raises an error with a term as reason; uncaught, the exit reason is ``(reason, stack)``.

    Source: erlang:error/1.
    """
    raise ProcessError(reason)


def throw(value: Any) -> NoReturn:
    """Throws a term; uncaught, the exit reason is ``((nocatch, value), stack)``.

    Source: erlang:throw/1.
    """
    raise Throw(value)


# ---- names, references, aliases


def make_ref() -> Ref:
    """A new, unique reference.

    Source: erlang:make_ref/0.
    """
    return _references.make_ref(_node(), _current())


def alias(reply: bool = False, *, priority: bool = False) -> Ref:
    """A new reference that is an address of the calling process, until `unalias`.

    Args:
        reply: the first message through it ends it.
        priority: messages that `send_priority` sends through it come before ordinary ones.

    Source: erlang:alias/1.
    """
    proc = _current()
    node = _node()
    ref: Ref
    if reply:
        ref = _references.make_monitor_ref(node, proc)  # one that watches nobody
        _aliases.activate(proc, ref, "reply_demonitor")
    else:
        ref = _references.make_ref(node, proc)
        _aliases.activate(proc, ref, "explicit_unalias")
    if priority:
        _priority.allow(proc, ref)
    return ref


def unalias(ref: Ref) -> bool:
    """Ends an alias of the calling process; returns whether it was active.

    Source: erlang:unalias/1.
    """
    return _aliases.unalias(_current(), ref)


# ---- looking at processes


def alive(pid: Pid) -> bool:
    """Whether a process is alive, once the caller's own signals have reached it.

    Works from any thread; there it says nothing of signals that the thread has sent.

    Source: erlang:is_process_alive/1.
    """
    if not isinstance(pid, Pid):
        raise BadArgError(f"alive takes a Pid; got {describe(pid)}")
    return _is_alive(pid)


@overload
def info(pid: Pid) -> dict[str, Any] | None: ...
@overload
def info(pid: Pid, item: str) -> Any: ...
def info(pid: Pid, item: str | None = None) -> Any:
    """Information about a process as a dict, or the value of one item; None if it is dead.

    Items: registered_name ("" for none), label, initial_call, status ("running", "runnable",
    "waiting"), trap_exit, message_queue_len, messages, links, monitors (pids, or (name, node)),
    monitored_by, parent, ancestors, dictionary, owned, group_leader. Another thread than the
    node's may ask for registered_name, trap_exit, parent, ancestors, dictionary and group_leader.

    Source: erlang:process_info/1,2.
    """
    return _info.process_info(pid, item)


def list() -> builtins.list[Pid]:  # Elixir's name, reached through the module
    """The pids of all living processes, oldest first. Works from any thread.

    Source: erlang:processes/0.
    """
    procs = builtins.list(_node_of_any_thread().processes)  # a copy: another thread may ask
    pids = [proc.pid for proc in procs if _is_alive(proc.pid)]
    pids.sort(key=_NUMBER)  # the order of pids, in a tenth of the time
    return pids


# ---- work that must not be interrupted


class critical(contextlib.ContextDecorator):  # noqa: N801 - used like a function
    """Prevents preemption of the process in this block: for code that holds a lock of others.

    Example:
        >>> with critical():
        ...     with lock: ...
    """

    # No generator: at its exit contextlib sets an attribute of the exception that passes.

    def __enter__(self) -> None:
        rare = self._rare = _current().ensure_rare()
        rare.critical += 1

    def __exit__(self, *_: object) -> None:
        self._rare.critical -= 1

    def _recreate_cm(self) -> critical:
        return critical()


# Imported from the runtime, so that a message, a process or a timer costs no further call; users
# find them here.
for _written in (
    *(spawn, spawn_link, spawn_monitor, spawn_opt, spawn_request, spawn_request_abandon),
    *(group_leader, set_group_leader, put, get, erase, get_keys, dictionary),
    *(send, receive, matches, register, unregister, whereis, registered),
    *(send_after, start_timer, cancel_timer, read_timer, monotonic_time, sleep),
    *(offload, own, disown, give_away),
    *(send_threadsafe, call_threadsafe),
):
    _written.__module__ = __name__
