"""Making a process whose maker waits for its word: the first half of every start of a behaviour.

It is ``spawn_opt`` with a link, a name and a monitor that ends with an answer, in one step; the
second half is `receive_reply`. A supervisor lives of this path, so it makes nothing that a start
does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from beamish.terms.identity import MonitorRef

from .here import current, here, running_node
from .signals import REPLY
from .spawning import start
from .ties import tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from beamish.terms import Pid, Ref

    from .process import Serving

__all__ = ["spawn_replying"]

_NO_KEYWORDS: Final[dict[str, Any]] = {}


def spawn_replying(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    link: bool = False,
    name: str | None = None,
    work: Serving | None = None,
    label: Any = None,
    initial_call: Any = None,
) -> tuple[Pid, Ref]:
    """Starts a process that is to answer the caller: it runs ``fn(caller, *args)``.

    For behaviours. What it is given as `caller` is what `reply` takes, and the answer, or the Down
    of a process that died without one, is what `receive_reply` gives for the reference.

    Args:
        fn: an ``async def`` function.
        args: what it gets after the caller.
        link: link it to the caller.
        name: register it by this name. Where the name is taken nothing is started.
        work: what it works on, as by `serving`, which may also say what reports call it.
        label: what they call it otherwise.
        initial_call: what they show as its initial call otherwise.

    Returns:
        The pid and the reference.

    Raises:
        BadArgError: the name cannot be registered.
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
    proc = start(fn, ((asker.pid, ref), *args), _NO_KEYWORDS)
    ref._watched = proc
    proc.serving = work
    proc.watchers = ref
    asker.monitors = ref if asker.monitors is None else tie(asker.monitors, ref)
    if link:
        proc.links = asker.pid
        asker.links = tie(asker.links, proc.pid)
    if name is not None:
        node.names.register(name, proc.pid)
    if label is not None:
        proc.extra().label = label
    if initial_call is not None:
        proc.extra().initial_call = initial_call
    if here.due:
        here.rest()
    return proc.pid, ref
