"""Synchronous start: a new process whose starter waits until it acknowledges, in one step.

Every behaviour starts with it (OTP: proc_lib:start and init_ack).

It is ``spawn_opt`` with a link, a name and a monitor that ends with a reply, then
``receive_reply``, with the meaning of these. Supervisors live of this path; so it makes nothing
that a start does not need, and `start` is long because each call of a further function would cost
at every start. `acknowledge` is the other side.
"""

from __future__ import annotations

from asyncio import CancelledError
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, cast

from beamish.terms import Exit, ProcessExit
from beamish.terms.identity import MonitorRef

from .aliases import REPLY
from .calls import reply
from .here import current, here, running_node
from .mailbox import receive_reply
from .signals import demonitor, monitor, send_exit, unlink
from .spawning import equip, spawn_process
from .states import RUNNING, WAIT_REPLY, WOKEN
from .ties import tie, untie

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from beamish.terms import Pid, Ref

    from .process import Process, Serving

__all__ = ["acknowledge", "start"]

_NO_KEYWORDS: Final[dict[str, Any]] = {}


@coroutine
def start(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    *,
    link: bool = False,
    name: str | None = None,
    timeout: float | None = None,
    work: Serving | None = None,
    label: Any = None,
    initial_call: Any = None,
    watch: bool = False,
) -> Generator[Any, Any, tuple[Pid, Any, Ref | None]]:
    """Starts a process that runs ``fn(starter, *args)``, and waits until it says how that went.

    For behaviours. The process says so with ``acknowledge(starter, value)``, or `reply`, once. If
    it takes too long, or the caller is cancelled meanwhile, it is killed, and is gone when this
    raises.

    Args:
        fn: an ``async def`` function.
        args: what it gets after the starter.
        link: link it to the caller.
        name: register it by this name. Where the name is taken nothing is started.
        timeout: seconds to wait; None for ever.
        work: what it works on, as by `serving`, which may also say what reports call it.
        label: what they call it otherwise.
        initial_call: what they show as its initial call otherwise.
        watch: monitor it as well, unless this raises.

    Returns:
        The pid; ``(ref, value)``, or the Down of a process that died before that; the reference
        of the monitor, None if there is none.

    Raises:
        BadArgError: the name cannot be registered.
        TimeoutError: it said nothing in time.
    """
    asker = here.process or current()
    node = here.node or running_node()
    if name is not None:
        node.names.check_free(name)
    # signals.monitor, in short.
    ref = MonitorRef()
    ref._number = node.next_ref()
    ref._home = node.home
    ref._maker = ref._alias = asker.pid
    ref._mark = asker.removed + len(asker.mailbox) if asker.mailbox else 0
    ref._options = None
    ref._kind = REPLY
    proc = spawn_process(fn, ((asker.pid, ref), *args), _NO_KEYWORDS)
    pid = proc.pid
    ref._watched = proc
    proc.watchers = ref
    asker.monitors = ref if asker.monitors is None else tie(asker.monitors, ref)
    if link:
        proc.links = asker.pid
        asker.links = tie(asker.links, pid)
    proc.serving = work
    watching = None
    if name is not None or work is None or watch:
        watching = _equip(asker, proc, name, label, initial_call, watch=watch)
    try:
        if timeout is None and asker.state <= RUNNING:
            # receive_reply, in short: nothing can have come yet.
            asker.value = None
            asker.pattern = ref
            asker.state = WAIT_REPLY
            try:
                message = yield
            finally:
                asker.pattern = None
        else:
            wait: Any = receive_reply(ref, timeout)
            message = yield from cast("Generator[Any, Any, Any]", wait)
    except (TimeoutError, CancelledError) as error:
        if not isinstance(error, ProcessExit):  # else the link does it, where there is one
            yield from _give_up(asker, pid, ref)
        if watching is not None:
            demonitor(asker, watching, flush=True)
        raise
    return pid, message, watching


def _equip(
    asker: Process, proc: Process, name: str | None, label: Any, initial_call: Any, *, watch: bool
) -> Ref | None:
    """What not every process has that is started."""
    node = running_node()
    equip(node, proc, name, label, initial_call)
    return monitor(node, asker, proc.pid, None, None) if watch else None


def _give_up(asker: Process, pid: Pid, ref: MonitorRef) -> Generator[Any, Any, None]:
    """Kills a process that has not started, and waits until it is gone."""
    unlink(asker, pid)
    send_exit(asker, pid, "kill")
    wait: Any = receive_reply(ref)
    message = yield from cast("Generator[Any, Any, Any]", wait)
    if message[0] is ref:  # it was ready when the order came, and that ended the monitor
        wait = receive_reply(monitor(running_node(), asker, pid, None, None))
        yield from cast("Generator[Any, Any, Any]", wait)
    for index, message in enumerate(asker.mailbox or ()):
        if message.__class__ is Exit and message[1] is pid:  # it had ended before it was unlinked
            assert asker.mailbox is not None
            del asker.mailbox[index]
            asker.removed += 1
            break


def acknowledge(starter: tuple[Pid, Any], value: Any) -> None:
    """Says how a start went: `reply`, quick where the starter waits as it mostly does.

    Args:
        starter: what the function of `start` was given.
        value: any term.
    """
    ref = starter[1]
    asker: Process | None = starter[0]._process
    if asker is None or asker.state != WAIT_REPLY or asker.pattern is not ref:
        reply(starter, value)
        return
    proc: Process = ref._watched
    ref._alias = ref._watched = None
    asker.monitors = None if asker.monitors is ref else untie(asker.monitors, ref)
    proc.watchers = None if proc.watchers is ref else untie(proc.watchers, ref)
    asker.pattern = len(asker.mailbox) if asker.mailbox else 0  # as in deliver
    asker.state = WOKEN
    asker.value = (ref, value)
    here.push(asker)
