"""fork: a child starts clean, as asyncio's does since CPython 3.12.

There is no node in it, whatever its parent was doing: signals have the handlers from before the
node, and it may run a node of its own. The code that has forked goes on in it. The parent's other
code does not: where the child comes back to what would run that, it ends.

A signal that came between the fork and the change of its handler would be lost (asyncio's handlers
do nothing by themselves; what they wake is the parent). So those are held until the hooks are done.

Source: asyncio.events, ``on_fork``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from _thread import get_ident, interrupt_main
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from beamish.terms import NORMAL, SHUTDOWN, NotRunningError, ProcessExit
from beamish.terms.careful import do_all, is_a, print_error
from beamish.terms.words import is_word

from .here import Here, here
from .home import leave_home
from .states import FORKED

if TYPE_CHECKING:
    from .node import Node
    from .process import Process

__all__ = [
    "come_back",
    "forget_parents_pids",
    "give_signal_back",
    "leave",
    "wait_in_child",
    "watch_fork",
]

_SIGNALS: Final = (signal.SIGVTALRM, signal.SIGTERM, signal.SIGINT)


class _Fork(NamedTuple):
    """A fork that is being done."""

    mask: set[Any]  # the signals that its thread had blocked
    task: Any  # the asyncio Task that does it


# By thread; several where a signal handler forks during a fork.
_forks: Final[dict[int, list[_Fork]]] = {}

# The nodes of the parent and of its parents. Were they collected, the `finally` blocks of their
# processes would run.
_parents: Final[list[Node]] = []
_forgotten: Final[list[Node]] = []


@cache
def watch_fork() -> None:
    """Lets children start clean from now on; hooks cannot be removed, so there is one of each."""
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )


# ---- the hooks


def _before() -> None:
    if here.node is None:
        return
    fork = _Fork(signal.pthread_sigmask(signal.SIG_BLOCK, ()), _current_task())
    _forks.setdefault(get_ident(), []).append(fork)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _current_task() -> Any:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _after_in_parent() -> object:
    fork = _pop_fork()
    try:
        if fork is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, fork.mask)
    except KeyboardInterrupt:
        # What a hook raises is lost. No call follows this, so it is handled after the hook.
        return [*map(interrupt_main, (signal.SIGINT,))]
    return None


def _pop_fork() -> _Fork | None:
    forks = _forks.pop(get_ident(), [])
    fork = forks.pop() if forks else None
    if forks:
        _forks[get_ident()] = forks
    return fork


def _after_in_child() -> object:
    fork = _pop_fork()
    for thread in _forks.keys() - {get_ident()}:
        del _forks[thread]  # it is not here
    if here.node is not None:
        try:
            _leave_node(here.node, None if fork is None else fork.task)
        except BaseException:
            print_error()
    return None if fork is None else _let_signals_in(fork.mask)


def _let_signals_in(mask: set[Any]) -> object:
    """Unblocks the signals, and handles those that have come after the hook, as above."""
    handlers = {n: signal.getsignal(n) for n in _SIGNALS if callable(signal.getsignal(n))}
    came: list[signal.Signals] = []
    for number in handlers:
        signal.signal(number, lambda number, _: came.append(signal.Signals(number)))
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return [*map(signal.signal, handlers, handlers.values()), *map(interrupt_main, came)]


# ---- starting clean


def _leave_node(node: Node, task: Any) -> None:
    """Takes the parent's node away."""
    proc = here.process
    fresh = Here()
    for name in Here.__slots__:
        setattr(here, name, getattr(fresh, name))
    leave_home()
    _parents.append(node)
    node.forker = task
    if proc is not None:
        proc.ensure_rare()  # it is none of the common case any more
        proc.state = FORKED
    do_all([_leave_loop, node.scheduler.forget, *reversed(node.in_child)])


def _leave_loop() -> None:
    """What asyncio does itself from CPython 3.12 on."""
    signal.set_wakeup_fd(-1)
    asyncio._set_running_loop(None)
    if sys.version_info < (3, 12):
        events: Any = asyncio.events
        policy: Any = events._event_loop_policy
        if isinstance(policy, events.BaseDefaultEventLoopPolicy):
            policy._local = policy._Local()


def give_signal_back(number: int, ours: Any, before: Any) -> None:
    """Gives a signal its handler from before the node; not if the program has set another one."""
    if before is not None and signal.getsignal(number) == ours:
        signal.signal(number, before)


def forget_parents_pids() -> None:
    """The processes of the parent are none of this OS process; a node that begins must know."""
    while _parents:
        node = _parents.pop()
        _forgotten.append(node)
        for proc in node.processes:
            proc.pid._process = None


# ---- coming back


_WAITS: Final = (
    "a forked child has no node, so nothing wakes it: end it with os._exit(), "
    "or call beamish.run() in it"
)


def wait_in_child(proc: Process | None = None) -> NoReturn:
    """Raises an error where the process that has forked waits, in the child, and ends that."""
    waits = NotRunningError(_WAITS)
    try:
        if proc is not None:
            proc.coro.throw(waits)
    except StopIteration:
        leave(None)
    except BaseException as error:
        leave(error)
    leave(waits)


def come_back(node: Node, error: BaseException | None) -> NoReturn:
    """Ends a child that has come back to the loop of its parent's node.

    Args:
        error: what has ended the loop.
    """
    task = node.forker
    if is_a(error, SystemExit) or is_a(error, KeyboardInterrupt):
        leave(error)
    if not isinstance(task, asyncio.Task) or task.cancelled():
        leave(None)
    leave(task.exception() if task.done() else NotRunningError(_WAITS))


def leave(error: BaseException | None) -> NoReturn:
    """Ends this OS process, a forked child, without any of its parent's code.

    Args:
        error: what the code that has forked raised, if it did.
    """
    code = 1
    try:
        code = _exit_code(error)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
    finally:
        os._exit(code)


def _exit_code(error: BaseException | None) -> int:
    """The exit code, as of the interpreter; what is no exit is printed."""
    if error is None:
        return 0
    cause = error
    # On its way here it has passed code of servers that looked for the node.
    while is_a(cause, NotRunningError) and cause.__context__ is not None:
        cause = cause.__context__
    if is_a(cause, ProcessExit):
        return 0 if is_word(cause.reason, NORMAL) or is_word(cause.reason, SHUTDOWN) else 1
    if is_a(cause, SystemExit):
        if cause.code is None or is_a(cause.code, int):
            return (cause.code or 0) & 0xFF
        sys.stderr.write(f"{cause.code}\n")
        return 1
    sys.excepthook(type(error), error, error.__traceback__)
    if is_a(cause, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
    return 1
