"""Calls: a request to a process and the wait for its reply, in one step.

A call means ``monitor(alias="reply_demonitor")``, ``send`` and ``receive_reply`` with one
reference, at a third of their cost: every behaviour is made of calls. An idle server is handed the
call, and a call that has to wait is made visible first; both are in handing.py. Calls with the same
time-out share one timer (timers.Limit). `request` is one long function because each further call
would cost at every request.
"""

from __future__ import annotations

from types import coroutine
from typing import TYPE_CHECKING, Any, cast

from beamish.terms import NOPROC, Pid
from beamish.terms.errors import CallCycleError
from beamish.terms.identity import MonitorRef
from beamish.terms.messages import Down, down_message

from .aliases import REPLY
from .cycles import called, find_cycle
from .destinations import check_destination, destination
from .handing import establish, establish_handed
from .here import current, here, running_node
from .home import at_home
from .inbox import elsewhere
from .mailbox import check_timeout, deliver, go_on, is_reply, receive_reply
from .serving import Server
from .signals import demonitor, monitor
from .states import EXIT_PENDING, OUTSIDE, RUNNING, WAIT_ANY, WAIT_REPLY, WOKEN
from .ties import untie

if TYPE_CHECKING:
    from collections.abc import Generator

    from .process import Process

__all__ = ["call_cycle", "reply", "request"]


@coroutine
def request(
    pid: Pid, tag: Any, message: Any, timeout: float | None = None
) -> Generator[Any, Any, Any]:
    """Sends ``(tag, (self, ref), message)`` and waits for the reply.

    The step under every call (Erlang's ``gen:call``). The receiver answers by `reply`, given the
    pair ``(pid, ref)``. A reply that comes too late is dropped and never seen.

    Args:
        pid: the process to ask.
        tag: the first element of the message, by which the receiver recognises a request.
        message: any term.
        timeout: seconds to wait; None for forever.

    Returns:
        ``(ref, reply)``; or a Down whose reason says why there is no reply: ``noproc``, or what
        the process died of.

    Raises:
        TimeoutError: no reply came in time.
        CallCycleError: `pid` is the caller, or waits, directly or through others, for a reply of
            the caller.

    Example:
        >>> async def main():
        ...     match await request(server, "ask", "what is it?", timeout=5.0):
        ...         case Down(reason=reason): process.exit(reason)
        ...         case (_, reply): return reply
    """
    proc = (at_home() and here.process) or current()
    if proc.state > RUNNING:
        yield from go_on(proc)
        if proc.state == OUTSIDE:
            wait: Any = _request_outside(proc, pid, tag, message, timeout)
            return (yield from cast("Generator[Any, Any, Any]", wait))
    node = here.node or running_node()
    if timeout is not None and timeout != 5.0:  # the default needs no check
        check_timeout(timeout)
    target: Process | None = pid._process
    # new_monitor, inlined.
    ref: Any = MonitorRef()
    ref._number = node.next_ref()
    ref._home = node.home
    ref._maker = proc.pid
    ref._mark = proc.removed + len(proc.mailbox) if proc.mailbox else 0
    ref._alias = ref._watched = ref._options = ref._kind = None
    call: Any = (proc, target, (tag, (proc.pid, ref), message), timeout)
    if (
        target is None
        or target.state != WAIT_ANY
        or target.pattern.__class__ is not Server
        or timeout == 0  # too late for a reply
    ):
        if target is None or target.state >= EXIT_PENDING:
            return down_message(ref, pid, NOPROC)
        if target.state == WAIT_REPLY or target is proc:
            _refuse_cycle(proc, target, message)
        establish(proc, target, ref, timeout)
        deliver(target, call[2])
        if timeout == 0:
            _forget(proc, ref)
            raise TimeoutError("no answer came within 0 s")
        call = None
    proc.value = None
    proc.pattern = ref
    proc.state = WAIT_REPLY
    try:
        received = yield call
    except BaseException:
        _forget(proc, ref)
        raise
    finally:
        proc.pattern = None
        if timeout is not None and ref._kind is not None:  # it was established
            node.timers.call_ended(ref, timeout)
    if received.__class__ is tuple or received.__class__ is Down:
        return received
    # 1. the time-out wakes the caller   2. the server replies   3. the caller runs: the reply
    # is in its mailbox, and must be taken now or it stays forever.
    received = _forget(proc, ref)
    if received is None:
        raise TimeoutError(f"no answer came within {timeout} s")
    return received


def reply(caller: tuple[Pid, Any], value: Any) -> None:
    """Sends the reply to a request.

    The first reply is taken; later ones are dropped, as is one that nobody waits for any more.

    Args:
        caller: the pair ``(pid, ref)`` that came with the request.
        value: the reply, any term.
    """
    ref = caller[1]
    if not at_home():
        check_destination(ref)
        elsewhere(reply, caller, value)
        return
    if here.handed is not None:
        establish_handed()
    if ref.__class__ is not MonitorRef or ref._kind is not REPLY:
        proc = destination(ref)
        if proc is not None:
            deliver(proc, (ref, value))
        return
    alias = ref._alias
    if alias is None:
        return
    proc = alias._process
    if proc is None:
        return
    answer = (ref, value)
    waits = proc.state == WAIT_REPLY and proc.pattern is ref
    if waits:
        here.push(proc)
    ref._alias = None
    target = ref._watched
    if target is not None:
        ref._watched = None
        proc.monitors = None if proc.monitors is ref else untie(proc.monitors, ref)
        target.watchers = None if target.watchers is ref else untie(target.watchers, ref)
    if waits:
        proc.pattern = len(proc.mailbox) if proc.mailbox else 0  # as in deliver
        proc.state = WOKEN
        proc.value = answer
    else:
        deliver(proc, answer)


def call_cycle(pid: Pid) -> tuple[tuple[Any, Any], ...] | None:
    """The calls by which a process already waits for the caller, (caller, request) each; or None.

    For code that is about to wait for a reply by other means than `request`.
    """
    caller = current()
    target: Process | None = pid._process
    steps = find_cycle(caller, target) if target is not None else None
    return None if steps is None else tuple(steps)


def _refuse_cycle(proc: Process, target: Process, message: Any) -> None:
    """Raises CallCycleError if the callee, which waits for a reply, waits for the caller."""
    cycle = find_cycle(proc, target) if target is not proc else []
    if cycle is not None:
        raise CallCycleError((called(proc), message), *cycle)


def _forget(proc: Process, ref: MonitorRef) -> Any:
    """Ends the wait for a reply; returns the one that has already come, or None."""
    demonitor(proc, ref, flush=False)
    for index, message in enumerate(proc.mailbox or ()):
        if is_reply(ref, message):
            assert proc.mailbox is not None
            del proc.mailbox[index]
            proc.removed += 1
            return message
    return None


@coroutine
def _request_outside(
    proc: Process, pid: Pid, tag: Any, message: Any, timeout: float | None
) -> Generator[Any, Any, Any]:
    """The same from an adopted Task, step by step."""
    if pid is proc.pid:
        _refuse_cycle(proc, proc, message)
    ref = monitor(running_node(), proc, pid, REPLY, None)
    assert isinstance(ref, MonitorRef)
    target: Process | None = pid._process
    if target is not None:
        deliver(target, (tag, (proc.pid, ref), message))
    try:
        wait: Any = receive_reply(ref, timeout)
        return (yield from cast("Generator[Any, Any, Any]", wait))
    except TimeoutError:
        received = _forget(proc, ref)
        if received is None:
            raise
        return received
    except BaseException:
        _forget(proc, ref)
        raise
