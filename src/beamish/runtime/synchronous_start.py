"""Synchronous start: a new process whose starter waits until it acknowledges, in one step.

Every behaviour starts with it (OTP: proc_lib:start and init_ack).

It means ``spawn_opt`` with a link, a name and a monitor that ends with a reply, then
``receive_reply``. Supervisors depend on this path, so it allocates nothing that a start does not
need, and `start` is one long function because each further call would cost at every start.
`acknowledge` is the other side.
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
from .home import at_home
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
    link: bool = False,
    name: str | None = None,
    timeout: float | None = None,
    work: Serving | None = None,
    label: Any = None,
    initial_call: Any = None,
    watch: bool = False,
) -> Generator[Any, Any, tuple[Pid, Any, Ref | None]]:
    """Starts a process that runs ``fn(starter, *args)``, and waits until it acknowledges.

    For behaviours. The process calls ``acknowledge(starter, value)``, or `reply`, once. If it takes
    too long, or the caller is cancelled while waiting, the process is killed, and is gone when
    this raises.

    Args:
        fn: an ``async def`` function.
        args: its arguments after the starter.
        link: link it to the caller.
        name: register it by this name. If the name is taken, nothing is started.
        timeout: seconds to wait; None for forever.
        work: what it works on, as for `serving`; it may also say what reports call the process.
        label: what reports call the process otherwise.
        initial_call: what reports show as its initial call otherwise.
        watch: monitor it as well, unless this raises.

    Returns:
        The pid; ``(ref, value)``, or the Down of a process that died before it acknowledged; the
        reference of the monitor, or None.

    Raises:
        BadArgError: the name cannot be registered.
        TimeoutError: it did not acknowledge in time.
    """
    asker = (at_home() and here.process) or current()
    node = here.node or running_node()
    if name is not None:
        node.names.check_free(name)
    # signals.monitor, inlined.
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
            # receive_reply, inlined: nothing can have come yet.
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
        if not isinstance(error, ProcessExit):  # else the link ends it, if there is one
            yield from _give_up(asker, pid, ref)
        if watching is not None:
            demonitor(asker, watching, flush=True)
        raise
    return pid, message, watching


def _equip(
    asker: Process, proc: Process, name: str | None, label: Any, initial_call: Any, *, watch: bool
) -> Ref | None:
    """The parts of a start that few starts have."""
    node = running_node()
    equip(node, proc, name, label, initial_call)
    return monitor(node, asker, proc.pid, None, None) if watch else None


def _give_up(asker: Process, pid: Pid, ref: MonitorRef) -> Generator[Any, Any, None]:
    """Kills a process that has not started, and waits until it is gone."""
    unlink(asker, pid)
    send_exit(asker, pid, "kill")
    wait: Any = receive_reply(ref)
    message = yield from cast("Generator[Any, Any, Any]", wait)
    if message[0] is ref:  # it acknowledged before it was killed, and that ended the monitor
        wait = receive_reply(monitor(running_node(), asker, pid, None, None))
        yield from cast("Generator[Any, Any, Any]", wait)
    for index, message in enumerate(asker.mailbox or ()):
        if type(message) is Exit and message[1] is pid:  # it had ended before it was unlinked
            assert asker.mailbox is not None
            del asker.mailbox[index]
            asker.removed += 1
            break


def acknowledge(starter: tuple[Pid, Any], value: Any) -> None:
    """Tells the starter how the start went: a `reply`, with a fast path for the usual wait.

    Args:
        starter: the first argument of the function that `start` runs.
        value: any term.
    """
    ref = starter[1]
    asker: Process | None = starter[0]._process
    if asker is None or asker.state != WAIT_REPLY or asker.pattern is not ref or not at_home():
        reply(starter, value)
        return
    proc: Process = ref._watched
    answer = (ref, value)
    here.push(asker)
    ref._alias = ref._watched = None
    asker.monitors = None if asker.monitors is ref else untie(asker.monitors, ref)
    proc.watchers = None if proc.watchers is ref else untie(proc.watchers, ref)
    asker.pattern = len(asker.mailbox) if asker.mailbox else 0  # as in deliver
    asker.state = WOKEN
    asker.value = answer
