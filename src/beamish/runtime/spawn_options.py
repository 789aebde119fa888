"""Spawning with options: ``process.spawn_opt``, and ``spawn_request``, which sends its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, overload

from beamish.terms import Atom, BadArgError, Pid, Ref
from beamish.terms.errors import describe
from beamish.terms.words import ERROR, OK

from . import signals
from .aliases import check_alias
from .here import current, running_node
from .mailbox import send
from .references import make_ref
from .spawning import equip, spawn_process

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["spawn_opt", "spawn_request", "spawn_request_abandon"]

_SPAWN_REPLY: Final = Atom("spawn_reply")
_REPLIES: Final = ("yes", "no", "success_only", "error_only")


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
        name: register it by this name. If the name is taken, nothing is started.
        label: what reports call it; see `set_label`.
        initial_call: what reports show as its initial call, a function or a str: for code that
            runs a function on behalf of another.

    Returns:
        The pid; with `monitor` the pid and the reference.

    Raises:
        BadArgError: the name cannot be registered.

    Source: erlang:spawn_opt/2.
    """
    node = running_node()
    options = monitor if isinstance(monitor, dict) else {}
    if unknown := options.keys() - {"alias", "tag"}:
        raise BadArgError(f"monitor: expected the keys alias and tag; got {sorted(unknown)}")
    # Whatever can be refused is refused here, before anything is started.
    check_alias(options.get("alias"))
    if name is not None:
        node.names.check_free(name)
    caller = current() if link or monitor is not False else None
    proc = spawn_process(fn, args, kw)
    equip(node, proc, name, label, initial_call)
    if caller is None:
        return proc.pid
    if link:
        signals.join(caller, proc)
    if monitor is False:
        return proc.pid
    ref = signals.monitor(node, caller, proc.pid, options.get("alias"), options.get("tag"))
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
    """Starts a process; a message brings the result: ``("spawn_reply", ref, "ok", pid)``.

    On this node both the process and the message are there when this returns; on another node
    both take their time.

    Args:
        fn: what it runs.
        link: link it to the caller.
        monitor: monitor it, with options as `spawn_opt`; the reference is then the monitor's.
        reply: which messages are wanted; an error's is ``("spawn_reply", ref, "error", reason)``.
        reply_tag: replaces ``"spawn_reply"``.

    Returns:
        The reference in the message.

    Source: erlang:spawn_request/5.
    """
    if reply not in _REPLIES:
        raise BadArgError(f"reply: expected one of {', '.join(_REPLIES)}; got {describe(reply)}")
    caller = current()
    spawn_any: Callable[..., Pid | tuple[Pid, Ref]] = spawn_opt
    try:
        started: Any = spawn_any(fn, *args, link=link, monitor=monitor, **kw)
    except BadArgError:
        ref: Ref = make_ref(running_node(), caller)
        if reply in ("yes", "error_only"):
            send(caller.pid, (reply_tag, ref, ERROR, Atom("badopt")))
        return ref
    pid, ref = (started, make_ref(running_node(), caller)) if isinstance(started, Pid) else started
    if reply in ("yes", "success_only"):
        send(caller.pid, (reply_tag, ref, OK, pid))
    return ref


def spawn_request_abandon(ref: Ref) -> bool:
    """Abandons a `spawn_request` that is not done yet; returns whether there was one.

    A request to this node is done at once, so there never is.

    Source: erlang:spawn_request_abandon/1.
    """
    if not isinstance(ref, Ref):
        raise BadArgError(f"expected what spawn_request returned; got {describe(ref)}")
    return False
