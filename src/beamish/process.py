"""Processes: the user's door to the runtime (Elixir's ``Process``, Erlang's process BIFs).

A process is a function that runs on its own, has a mailbox, and shares nothing but messages. It
can be linked to others, so that they end together, or monitored, so that its end is told.

    >>> async def echo():
    ...     match await receive():
    ...         case (sender, text): send(sender, text.upper())
    >>> async def main():
    ...     pid = spawn(echo)
    ...     send(pid, (self(), "hello"))
    ...     return await receive(str, timeout=1.0)
    >>> beamish.run(main)
    'HELLO'

Calls go straight to the runtime: ``process.send -> runtime.mailbox.send``. Whatever is not marked
``async`` takes effect at once. Times are seconds; None is for ever, 0 looks without waiting. All
functions raise NotRunningError outside of a node, and BadArgError (Erlang's ``badarg``) for an
argument that they cannot take.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
from operator import attrgetter
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar, overload

from .runtime import adoption as _adoption
from .runtime import aliases as _aliases
from .runtime import info as _info
from .runtime import journal as _journal
from .runtime import mailbox as _mailbox
from .runtime import owned as _owned
from .runtime import priority as _priority
from .runtime import references as _references
from .runtime import signals as _signals
from .runtime import spawning as _spawning
from .runtime import timers as _timers
from .runtime.asyncio_task import TaskFace as _TaskFace
from .runtime.destinations import destination as _destination
from .runtime.fate import is_alive as _is_alive
from .runtime.groups import GROUP_LEADER as _GROUP_LEADER
from .runtime.here import current as _current
from .runtime.here import here as _here
from .runtime.here import running_node as _node
from .runtime.offload import offload as _offload
from .runtime.patterns import matches as _matches
from .runtime.waiting import suspend as _suspend
from .runtime.waiting import wake as _wake
from .terms import Atom, BadArgError, Pid, ProcessError, ProcessExit, Ref, Throw
from .terms.errors import describe
from .terms.numbers import FINITE, check_seconds
from .terms.words import ERROR, OK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

__all__ = [
    "adopt",
    "alias",
    "alive",
    "ancestors",
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
_SPAWN_REPLY: Final = Atom("spawn_reply")
_REPLIES: Final = ("yes", "no", "success_only", "error_only")

# ---- making processes


# Written in the runtime, so that a process costs no call more.
spawn = _spawning.spawn
spawn_link = _spawning.spawn_link
spawn_monitor = _spawning.spawn_monitor


@overload
def spawn_opt(
    fn: Callable[..., Any],
    /,
    *args: Any,
    link: bool = ...,
    monitor: Literal[False] = ...,
    name: str | None = ...,
    label: Any = ...,
    initial_call: Any = ...,
    **kw: Any,
) -> Pid: ...
@overload
def spawn_opt(
    fn: Callable[..., Any],
    /,
    *args: Any,
    link: bool = ...,
    monitor: Literal[True] | dict[str, Any],
    name: str | None = ...,
    label: Any = ...,
    initial_call: Any = ...,
    **kw: Any,
) -> tuple[Pid, Ref]: ...
def spawn_opt(
    fn: Callable[..., Any],
    /,
    *args: Any,
    link: bool = False,
    monitor: bool | dict[str, Any] = False,
    name: str | None = None,
    label: Any = None,
    initial_call: Any = None,
    **kw: Any,
) -> Pid | tuple[Pid, Ref]:
    """Starts a process with options, all in one step.

    Args:
        link: link it to the caller.
        monitor: monitor it; a dict holds the options of `monitor`: ``alias``, ``tag``.
        name: register it by this name. Where the name is taken nothing is started.
        label: what reports call it; see `set_label`.
        initial_call: what reports show as its initial call, a function or a text: for code
            that runs a function on behalf of another.

    Returns:
        The pid; with `monitor` the pid and the reference.

    Raises:
        BadArgError: the name cannot be registered.

    Source: erlang:spawn_opt/2.
    """
    node = _node()
    options = monitor if isinstance(monitor, dict) else {}
    if unknown := options.keys() - {"alias", "tag"}:
        raise BadArgError(f"monitor: expected the keys alias and tag; got {sorted(unknown)}")
    # All that can be refused is refused here, before anything is started.
    _aliases.check_alias(options.get("alias"))
    if name is not None:
        node.names.check_free(name)
    caller = _current() if link or monitor is not False else None
    proc = _spawning.spawn_process(fn, args, kw)
    _spawning.equip(node, proc, name, label, initial_call)
    if caller is None:
        return proc.pid
    if link:
        _signals.join(caller, proc)
    if monitor is False:
        return proc.pid
    ref = _signals.monitor(node, caller, proc.pid, options.get("alias"), options.get("tag"))
    return proc.pid, ref


def spawn_request(
    fn: Callable[..., Any],
    /,
    *args: Any,
    link: bool = False,
    monitor: bool | dict[str, Any] = False,
    reply: Literal["yes", "no", "success_only", "error_only"] = "yes",
    reply_tag: Any = _SPAWN_REPLY,
    **kw: Any,
) -> Ref:
    """Starts a process, and is told of it by a message: ``("spawn_reply", ref, "ok", pid)``.

    On this node the process is there when this returns, and so is the message; where a process is
    started on another node, both take their time.

    Args:
        fn: what it runs.
        link: link it to the caller.
        monitor: monitor it, with options as `spawn_opt`; the reference is the monitor's then.
        reply: which messages are wanted: an error's is ``("spawn_reply", ref, "error", reason)``.
        reply_tag: stands for ``"spawn_reply"``.

    Returns:
        The reference in the message.

    Source: erlang:spawn_request/5.
    """
    if reply not in _REPLIES:
        raise BadArgError(f"reply: expected one of {', '.join(_REPLIES)}; got {describe(reply)}")
    spawn_any: Callable[..., Pid | tuple[Pid, Ref]] = spawn_opt
    try:
        started: Any = spawn_any(fn, *args, link=link, monitor=monitor, **kw)
    except BadArgError:
        ref: Ref = make_ref()
        if reply in ("yes", "error_only"):
            send(self(), (reply_tag, ref, ERROR, Atom("badopt")))
        return ref
    pid, ref = (started, make_ref()) if isinstance(started, Pid) else started
    if reply in ("yes", "success_only"):
        send(self(), (reply_tag, ref, OK, pid))
    return ref


def spawn_request_abandon(ref: Ref) -> bool:
    """Gives up a `spawn_request` that is not done yet; returns whether there was one.

    A request to this node is done at once, so there is none.

    Source: erlang:spawn_request_abandon/1.
    """
    if not isinstance(ref, Ref):
        raise BadArgError(f"expected what spawn_request returned; got {describe(ref)}")
    return False


# ---- oneself


def self() -> Pid:  # Erlang's name, reached through the module
    """The pid of the calling process.

    Example:
        >>> async def main(): return alive(self())
        >>> beamish.run(main)
        True

    Source: erlang:self/0.
    """
    return (_here.process or _current()).pid


def parent() -> Pid | None:
    """The pid of the process that started this one; None where none did."""
    return _current().parent


def ancestors() -> builtins.list[Pid]:
    """The parent, its parent and so on, as far as they are alive."""
    return _current().ancestors()


def group_leader() -> Pid | None:
    """The leader of the caller's group: of its application, say; None where it is in no group.

    A process is in the group of the process that spawned it.

    Source: erlang:group_leader/0.
    """
    return _GROUP_LEADER.get()


def set_group_leader(leader: Pid | None) -> None:
    """Puts the calling process, and all that it spawns from now on, into another group.

    Args:
        leader: the leader's pid; None for no group.

    Source: erlang:group_leader/2, which can do so to others too.
    """
    _current()  # outside of a node there are no groups
    _GROUP_LEADER.set(leader)


def flag(*, trap_exit: bool) -> bool:
    """Sets whether exit signals come as messages instead of ending the process.

    Args:
        trap_exit: from now on, exit signals become ``Exit(pid, reason)`` messages (all but the
            one of ``exit(pid, "kill")``). What is in the mailbox already stays there.

    Returns:
        The old value.

    Source: erlang:process_flag/2.
    """
    proc = _current()
    old, proc.trap_exit = proc.trap_exit, bool(trap_exit)
    return old


def put(key: Any, value: Any) -> Any:
    """Sets an entry of the process dictionary; returns the old value, None if there was none."""
    rare = _current().ensure_rare()
    if rare.dictionary is None:
        rare.dictionary = {}
    old = rare.dictionary.get(key)
    rare.dictionary[key] = value
    return old


def get(key: Any, default: Any = None) -> Any:
    """An entry of the process dictionary, or the default."""
    rare = _current().rare
    return default if rare is None or rare.dictionary is None else rare.dictionary.get(key, default)


def erase(key: Any) -> Any:
    """Removes an entry of the process dictionary; returns its value, None if there was none."""
    rare = _current().rare
    return None if rare is None or rare.dictionary is None else rare.dictionary.pop(key, None)


def get_keys(*value: Any) -> builtins.list[Any]:
    """The keys of the process dictionary; with an argument those that have this value.

    Source: erlang:get_keys/0, /1.
    """
    return [key for key, found in dictionary().items() if not value or found == value[0]]


def dictionary() -> dict[Any, Any]:
    """The process dictionary, as a dict of one's own.

    Source: erlang:get/0.
    """
    rare = _current().rare
    return {} if rare is None or rare.dictionary is None else dict(rare.dictionary)


def set_label(label: Any) -> None:
    """Sets what reports and info call this process beside its pid; it need not be unique.

    Source: proc_lib:set_label/1 (OTP 27).
    """
    _current().ensure_rare().label = label


def label(pid: Pid) -> Any:
    """The label of a process; None where it has none or is dead."""
    return info(pid, "label")


# ---- messages


# Written in the runtime, so that a message costs no call more.
send = _mailbox.send


def send_threadsafe(dest: Any, message: Any) -> None:
    """Sends a message from any thread.

    What it raises where it is sent (an unregistered name, say) goes to the loop's exception
    handler.
    """
    node = _node()
    node.loop.call_soon_threadsafe(_mailbox.send, dest, message, context=node.scheduler.context)


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

for _function in (spawn, spawn_link, spawn_monitor, send, receive):
    _function.__module__ = __name__


def matches(pattern: Any, value: Any) -> bool:
    """Whether a value matches a pattern of ``receive``: for behaviours that select by patterns.

    Example:
        >>> matches(("user", int, ...), ("user", 7, None))
        True
    """
    return _matches(pattern, value)


def send_priority(alias: Ref, message: T) -> T:
    """Sends a message that comes before the ordinary ones of the receiver's mailbox.

    Args:
        alias: one that the receiver made with ``alias(priority=True)``; through another it is an
            ordinary message.
        message: any term; priority messages keep their order among themselves.

    Source: erlang:send/3 with the option priority (OTP 28).
    """
    if not isinstance(alias, Ref):
        raise BadArgError(f"send_priority takes a Ref that is an alias; got {describe(alias)}")
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
    a process too, from its first use as one: how it ends is its exit reason (``normal``,
    ``cancelled``, or its exception), and an exit signal cancels it.

    Raises:
        NoProcError: there is no such process, and the caller does not trap exits. One that
            traps gets ``Exit(pid, "noproc")`` as a message instead.

    Source: erlang:link/1.
    """
    _signals.link(_current(), pid if pid.__class__ is Pid else _pid_of(pid))
    return True


def unlink(pid: Pid | asyncio.Task[Any]) -> Literal[True]:
    """Takes the link to a process away; nothing will come through it any more.

    An Exit message that is in the mailbox already stays there.

    Source: erlang:unlink/1.
    """
    _signals.unlink(_current(), pid if pid.__class__ is Pid else _pid_of(pid))
    return True


def adopt(task: asyncio.Task[Any]) -> Pid:
    """Takes an asyncio Task that runs already for a child: the counterpart of `spawn_link`.

    It is linked to the caller, which becomes its parent. The caller's end, or that of the node,
    cancels it. A Task that raises writes a crash report, as a process does; asyncio does not.

    Args:
        task: of the node's loop. It need not know of processes.

    Returns:
        The pid; where the Task is done, one of a process that has ended.

    Raises:
        NoProcError: the Task is done, and the caller does not trap exits.

    Example:
        >>> async def main():
        ...     pid = process.adopt(asyncio.create_task(poll()))
        ...     process.exit(pid, "shutdown")      # cancels it
    """
    return _adoption.adopt_as_child(_node(), _current(), task)


def _pid_of(what: Any) -> Any:
    """The pid of an asyncio Task; what is none is refused where a pid is."""
    is_task = isinstance(what, asyncio.Future | _TaskFace)
    return _adoption.pid_of(_node(), what) if is_task else what


def monitor(dest: Any, *, alias: str | None = None, tag: Any = None) -> Ref:
    """Asks to be told of the end of a process, by ``Down(ref, "process", pid, reason)``.

    Each call makes one more monitor. If there is no such process the message comes at once, with
    the reason ``noproc``.

    Args:
        dest: a Pid, a registered name, or ``(name, node)``; by name it watches whoever has the
            name now, and the message carries ``(name, node)`` instead of the pid. An asyncio Task
            is watched as a process, see `link`.
        alias: makes the reference an address of the caller as well, until
            ``"explicit_unalias"``: unalias; ``"demonitor"``: demonitor or the Down message;
            ``"reply_demonitor"``: these, or the first message through it, which ends the monitor.
        tag: stands for ``"DOWN"`` in the message, which is a plain tuple then.

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
        flush: also takes its message out of the mailbox.
        info: tells whether the monitor was still active.

    Returns:
        True; with `info` whether it was active: False once its message was sent.

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

    ``exit(reason)`` raises ProcessExit: ``finally`` blocks run, it can be caught, nothing is
    reported. ``exit(pid, reason)``: a process that traps exits gets ``Exit(sender, reason)`` as a
    message; one that does not ends with that reason, unless it is ``normal``. The reason ``kill``
    ends it in any case, with the reason ``killed``.

    Raises:
        BadArgError: with two arguments, the first is not a Pid.

    Source: erlang:exit/1, erlang:exit/2.
    """
    if len(args) == 2:
        pid, reason = args
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


def why(pid: Pid) -> _journal.Why | None:
    """Who ended a process that is dead, and why: along links, exit signals and supervisors.

    The result is put together from a journal of the last 1,000 deaths of the node.

    Args:
        pid: a process that has died not long ago, and not normally.

    Returns:
        Deaths, each because of the next one: its own first, the root cause last (``.root``); they
        print as lines to be read. None if it lives, ended normally, or died too long ago.

    Example:
        >>> print(process.why(pid))
        <0.107.0> was sent an exit signal by <0.104.0> (App.Supervisor): shutdown
          because <0.106.0> ended by itself: ValueError: boom
    """
    return _journal.why(pid)


def error(reason: Any) -> NoReturn:
    """Raises an error with a term for its reason; uncaught, the exit reason is ``(reason, stack)``.

    Source: erlang:error/1.
    """
    raise ProcessError(reason)


def throw(value: Any) -> NoReturn:
    """Throws a term; uncaught, the exit reason is ``((nocatch, value), stack)``.

    Source: erlang:throw/1.
    """
    raise Throw(value)


# ---- names, references, aliases


def register(name: str, pid: Pid) -> Literal[True]:
    """Gives a process a name, until it ends or `unregister`.

    Raises:
        BadArgError: the name is taken, the process has one already or is dead, the name is not
            a str or is "undefined".

    Source: erlang:register/2.
    """
    _node().names.register(name, pid)
    return True


def unregister(name: str) -> Literal[True]:
    """Takes a name away.

    Raises:
        BadArgError: nobody has it.

    Source: erlang:unregister/1.
    """
    _node().names.unregister(name)
    return True


def whereis(name: str) -> Pid | None:
    """The pid of a registered process, or None.

    Source: erlang:whereis/1.
    """
    if not isinstance(name, str):
        raise BadArgError(f"a name is a str or an Atom; got {describe(name)}")
    proc = _node().names.lookup(name)
    return proc.pid if proc is not None else None


def registered() -> builtins.list[Atom]:
    """All registered names."""
    return _node().names.all()


def make_ref() -> Ref:
    """A new, unique reference.

    Source: erlang:make_ref/0.
    """
    return _references.make_ref(_node(), _current())


def alias(reply: bool = False, *, priority: bool = False) -> Ref:
    """A new reference that is an address of the calling process, until `unalias`.

    Args:
        reply: ends it with the first message that comes through it.
        priority: lets what `send_priority` sends through it come before ordinary messages.

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
    """Whether a process is alive; what the caller has sent it is taken into account.

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
    """What is known of a process, as a dict; of one item, its value; None if it is dead.

    Items: registered_name ("" for none), label, initial_call, status ("running", "runnable",
    "waiting"), trap_exit, message_queue_len, messages, links, monitors (pids, or (name, node)),
    monitored_by, parent, ancestors, dictionary, owned, group_leader.

    Source: erlang:process_info/1,2.
    """
    return _info.process_info(pid, item)


def list() -> builtins.list[Pid]:  # Elixir's name, reached through the module
    """The pids of all living processes, oldest first.

    Source: erlang:processes/0.
    """
    pids = [proc.pid for proc in _node().processes if _is_alive(proc.pid)]
    pids.sort(key=_NUMBER)  # as pids compare, in a tenth of the time
    return pids


# ---- time


# Written in the runtime, so that a timer costs no call more.
send_after = _timers.send_after
start_timer = _timers.start_timer
cancel_timer = _timers.cancel_timer
read_timer = _timers.read_timer

for _timed in (send_after, start_timer, cancel_timer, read_timer):
    _timed.__module__ = __name__


def monotonic_time() -> float:
    """The node's clock, which timers go by: seconds that never go back, from an unsaid beginning.

    Source: erlang:monotonic_time/0.
    """
    return _node().loop.time()


@coroutine
def sleep(seconds: float | None) -> Generator[Any, Any, None]:
    """Waits; messages stay in the mailbox meanwhile.

    Args:
        seconds: 0 or more; 0 lets the others run once; None waits for ever.

    Source: timer:sleep/1.
    """
    if seconds.__class__ is not float or not 0.0 <= seconds <= FINITE:
        check_seconds("sleep", seconds, FINITE)
    pid = self()
    timer: _timers.Timer | asyncio.Handle | None = None
    if seconds:
        timer = _node().timers.call_later(seconds, _wake, pid)
    elif seconds is not None:
        timer = _node().loop.call_soon(_wake, pid)
    try:
        yield from _suspend()  # pyright: ignore[reportGeneralTypeIssues]
    finally:
        if timer is not None:
            timer.cancel()


# ---- work that blocks, work that must not be interrupted


async def offload(fn: Callable[..., T], /, *args: Any, cpu: bool = False) -> T:
    """Runs ``fn(*args)`` beside the node, and waits for its result.

    The caller can be ended meanwhile; the work is then dropped if it has not begun, else its
    result is.

    Args:
        cpu: False: on a thread, for calls that block. True: on an OS process, for work that
            computes; function, arguments and result are pickled, and a script needs the usual
            ``if __name__ == "__main__":``.

    Raises:
        Whatever the function raises.
    """
    result: T = await _offload(fn, args, cpu=cpu)
    return result


@contextlib.contextmanager
def critical() -> Generator[None]:
    """In this block the process is not preempted: for code that holds a lock that others take.

    Example:
        >>> with critical():
        ...     with lock: ...
    """
    rare = _current().ensure_rare()
    rare.critical += 1
    try:
        yield
    finally:
        rare.critical -= 1


# ---- ownership


def own(resource: T, close: Callable[[T], Any] | None = None) -> T:
    """Makes the calling process the owner of a resource; returns the resource.

    When the process ends, for whatever reason, the resource is closed before anyone hears of the
    death.

    Args:
        resource: a file, socket, connection, subprocess, asyncio.Task or anything else with
            ``aclose()``, ``close()``, ``cancel()``, ``kill()`` or ``terminate()``.
        close: how to close it, where these do not say; may return an awaitable.

    Raises:
        BadArgError: nothing says how to close it.

    Example:
        >>> file = own(open("data"))
    """
    _owned.add_owned(_current(), resource, close)
    return resource


def disown(resource: Any) -> bool:
    """Ends the ownership without closing; returns whether there was one."""
    return _owned.remove_owned(_current(), resource)


def give_away(resource: Any, pid: Pid) -> Literal[True]:
    """Makes another process the owner of what the calling process owns.

    Raises:
        BadArgError: the caller does not own it, or the other is not alive.
    """
    if not isinstance(pid, Pid) or not _is_alive(pid):
        raise BadArgError(f"give_away takes the Pid of a living process; got {pid!r}")
    heir = pid._process  # pyright: ignore[reportPrivateUsage]
    _owned.give_away(_current(), resource, heir)
    return True
