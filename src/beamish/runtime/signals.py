"""Links, monitors, aliases and exit signals: the rules of the BEAM (docs/semantics.md).

Inside a node a signal takes effect when it is sent. So both sides of a link or monitor change
in one step, a signal never overtakes another, and no unlink protocol is needed. What a signal
*starts* (a process' end) happens on the run queue, so a chain of deaths is a loop and never a
recursion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from beamish.terms import (
    KILL,
    KILLED,
    NOPROC,
    NORMAL,
    Atom,
    BadArgError,
    Down,
    Exit,
    NoProcError,
    Pid,
    Ref,
)
from beamish.terms.careful import elements, is_a
from beamish.terms.errors import describe
from beamish.terms.identity import MonitorRef
from beamish.terms.messages import down_message, exit_message, new_tuple
from beamish.terms.words import DOWN, EXIT, PROCESS

from .aliases import EXPLICIT, activate, check_alias
from .fate import doom
from .giving_up import give_up
from .here import here, running_node
from .journal import SHORT, plain
from .mailbox import check, deliver
from .references import make_monitor_ref
from .reports import report_failure
from .searching import messages_from
from .states import DEAD, EXIT_PENDING, EXITING, WOKEN
from .ties import tie, tied, untie, unwatch, watch

if TYPE_CHECKING:
    from collections.abc import Collection

    from .node import Node
    from .process import Process

__all__ = [
    "demonitor",
    "die",
    "exit_signal",
    "is_watching",
    "link",
    "monitor",
    "send_exit",
    "send_exit_from",
    "unlink",
]


# ---- exit signals


def exit_signal(target: Process, sender: Pid, reason: Any, *, link: bool) -> None:
    """Applies an exit signal to a process: the decision table of rule X1.

    Row 1 (the link no longer exists) cannot happen here: see the head of this file.
    """
    if not link and str.__eq__(KILL, reason) is True:  # is_word, inlined
        here.journal.append((target.pid, KILLED, sender, False))
        doom(target, KILLED, force=True)
    elif target.trap_exit:
        deliver(target, exit_message(sender, reason))
    elif str.__eq__(NORMAL, reason) is not True or sender is target.pid:  # is_word, inlined
        here.journal.append((target.pid, plain(reason), sender, link))
        doom(target, reason)


def send_exit(sender: Process, pid: Any, reason: Any) -> None:
    """exit/2. A signal to the sender itself arrives before its next expression runs (X4)."""
    target = send_exit_from(sender.pid, pid, reason)
    if target is sender and sender.state == EXIT_PENDING:
        check(sender)


def send_exit_from(sender: Pid, pid: Any, reason: Any) -> Process | None:
    """An exit signal from whoever it is said to be from; returns the process that it reaches."""
    if pid.__class__ is not Pid:
        _check_pid("exit", pid)
    target: Process | None = pid._process
    if target is not None:
        exit_signal(target, sender, reason, link=False)
    return target


# ---- links


def link(proc: Process, pid: Any) -> None:
    """Links two processes; does nothing if they are already linked, or are the same."""
    _check_pid("link", pid)
    if pid is proc.pid:
        return
    target: Process | None = pid._process
    if target is None or target.state >= EXITING:
        if not proc.trap_exit:
            raise NoProcError(f"cannot link to {pid!r}: there is no such process (it has ended)")
        deliver(proc, exit_message(pid, NOPROC))
    elif target.state == EXIT_PENDING:
        # It still looks alive, but would be gone by the time the link reached it.
        exit_signal(proc, pid, NOPROC, link=True)
    else:
        join(proc, target)


def join(one: Process, other: Process) -> None:
    """Makes the link, on both sides or on none."""
    one.links = other.pid if one.links is None else tie(one.links, other.pid)
    try:
        other.links = one.pid if other.links is None else tie(other.links, one.pid)
    except BaseException:
        one.links = untie(one.links, other.pid)
        raise


def unlink(proc: Process, pid: Any) -> None:
    """Takes a link away, if there is one."""
    _check_pid("unlink", pid)
    if pid in tied(proc.links):
        proc.links = untie(proc.links, pid)
        target: Process = pid._process
        target.links = untie(target.links, proc.pid)


# ---- monitors


def monitor(node: Node, proc: Process, dest: Any, alias: str | None, tag: Any) -> Ref:
    """Watches a process given by pid, by name or by (name, node)."""
    check_alias(alias)
    target, named = _target_of(node, dest)
    ref = make_monitor_ref(node, proc)
    if tag is not None or named is not None:
        ref._options = (tag, named)
    if target is proc:
        return ref  # a process cannot hear of its own end
    if alias is not None:
        activate(proc, ref, alias)
    if target is None or target.state >= EXIT_PENDING:
        _send_down(proc, ref, dest, NOPROC)
    else:
        watch(proc, target, ref)
    return ref


def _target_of(node: Node, dest: Any) -> tuple[Process | None, tuple[str, str] | None]:
    """The process to watch, and (name, node) if it was given by name."""
    if isinstance(dest, Pid):
        return dest._process, None
    if isinstance(dest, str):
        return node.names.lookup(dest), (Atom(dest), node.name)
    if isinstance(dest, tuple):
        parts = cast("tuple[Any, ...]", dest)
        if len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], str):
            name, where = Atom(parts[0]), Atom(parts[1])
            return (node.names.lookup(name) if where == node.name else None), (name, where)
    raise BadArgError(
        f"monitor: expected a Pid, a registered name or (name, node); got {describe(dest)}"
    )


def is_watching(proc: Process, ref: Ref) -> bool:
    """Whether this is an active monitor of the process."""
    return isinstance(ref, MonitorRef) and ref._watched is not None and ref._maker is proc.pid


def demonitor(proc: Process, ref: Any, *, flush: bool) -> bool:
    """Ends a monitor of the process; returns whether it was active.

    Args:
        flush: remove its message from the mailbox as well.
    """
    if not isinstance(ref, Ref):
        raise BadArgError(f"demonitor takes a Ref; got {describe(ref)}")
    found = isinstance(ref, MonitorRef) and unwatch(proc, ref)
    if found and isinstance(ref, MonitorRef) and ref._kind is not EXPLICIT:
        ref._alias = None
    if flush and proc.mailbox:
        start = max(0, ref._mark - proc.removed) if ref._maker is proc.pid else 0
        for index, message in enumerate(messages_from(proc.mailbox, start), start):
            if is_down(message, ref):
                del proc.mailbox[index]
                proc.removed += 1
                break
    return found


def is_down(message: Any, ref: Ref) -> bool:
    """Whether a message is what the monitor sent, whatever its tag."""
    parts = elements(message)
    return len(parts) == 5 and parts[1] is ref


def _send_down(proc: Process, ref: MonitorRef, who: Any, reason: Any) -> None:
    if ref._kind is not None and ref._kind is not EXPLICIT:
        ref._alias = None
    tag, named = ref._options or _NO_OPTIONS
    who = named or who
    if tag is None:
        deliver(proc, down_message(ref, who, reason))
    else:
        deliver(proc, (tag, ref, PROCESS, who, reason))


_NO_OPTIONS: Final = (None, None)


# ---- the end of a process, as the others see it


def die(proc: Process, reason: Any) -> None:
    """Ends a process for good, and sends its signals: first along the links, then to the monitors.

    Both processes of a link or monitor keep it, and for most of them it is the only one of its
    kind. That makes the short cuts possible: see ties.py.
    """
    proc.state = DEAD
    pid = proc.pid
    pid._process = None
    node = here.node or running_node()
    node.processes.discard(proc)
    links = proc.links
    if links is not None:
        proc.links = None
        _tell_links(pid, (links,) if links.__class__ is Pid else links, reason)
    ref: Any = proc.watchers
    if ref is not None:
        proc.watchers = None
        if ref.__class__ is MonitorRef and ref._kind is None and ref._options is None:
            # _tell_watchers, inlined: the common case.
            ref._watched = None
            watcher = ref._maker._process
            try:
                if watcher.monitors is ref:
                    watcher.monitors = None
                else:
                    del watcher.monitors[ref]
                deliver(watcher, new_tuple(Down, (DOWN, ref, PROCESS, pid, reason)))
            except BaseException as failure:
                _not_told(watcher, failure)
        else:
            _tell_watchers(pid, tied(ref), reason)
    if proc.monitors is not None:
        _let_go(proc)
    if node.deaths is not None:
        node.deaths.set()


def _tell_links(pid: Pid, links: Any, reason: Any) -> None:
    is_normal: Any = str.__eq__(NORMAL, reason)  # is_word, inlined
    ends = is_normal is not True
    noted = reason
    if ends and (is_normal is NotImplemented or str.__len__(reason) > SHORT):
        noted = plain(reason)  # no word, or a long one
    for other_pid in links:
        other: Process = other_pid._process
        try:
            theirs: Any = other.links
            if theirs is pid:
                other.links = None
            else:
                del theirs[pid]
            # exit_signal, inlined.
            if other.trap_exit:
                deliver(other, new_tuple(Exit, (EXIT, pid, reason)))  # exit_message, inlined
            elif ends:
                here.journal.append((other_pid, noted, pid, True))
                doom(other, reason)
        except BaseException as failure:
            _not_told(other, failure)


def _tell_watchers(pid: Pid, refs: Collection[MonitorRef], reason: Any) -> None:
    for ref in refs:
        ref._watched = None
        watcher: Process = ref._maker._process
        try:
            theirs: Any = watcher.monitors
            if theirs is ref:
                watcher.monitors = None
            else:
                del theirs[ref]
            if ref._kind is not None or ref._options is not None:
                _send_down(watcher, ref, pid, reason)
                continue
            message = new_tuple(Down, (DOWN, ref, PROCESS, pid, reason))
            mailbox = watcher.mailbox
            if mailbox is not None and WOKEN <= watcher.state < EXIT_PENDING:
                mailbox.append(message)  # deliver, inlined: it has many monitors, and is at work
            else:
                deliver(watcher, message)
        except BaseException as failure:
            _not_told(watcher, failure)


def _not_told(proc: Process, failure: BaseException) -> None:
    """A process could not be told of an end; the others still are."""
    if is_a(failure, MemoryError):
        give_up()
    report_failure(proc, "could not be told of the end of another", failure)


def _let_go(proc: Process) -> None:
    """The monitors of a dead process end."""
    monitors, proc.monitors = proc.monitors, None
    for ref in tied(monitors):
        target: Process = ref._watched
        ref._watched = None
        target.watchers = untie(target.watchers, ref)


def _check_pid(what: str, pid: Any) -> None:
    if pid.__class__ is not Pid:
        raise BadArgError(f"{what} takes a Pid; got {describe(pid)}")
