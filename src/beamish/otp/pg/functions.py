"""The functions that join, leave, read and monitor groups, and that start a scope."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Final, cast, overload

from beamish import behaviour, process
from beamish.otp.child import ChildSpec, Restart
from beamish.otp.gen_server import call, start_server
from beamish.terms import Atom, BadArgError, Pid, Ref
from beamish.terms.careful import show
from beamish.terms.errors import describe
from beamish.terms.keys import from_key
from beamish.terms.reasons import BADARG

from .scope import GROUPS, Groups, Scope, members_of

__all__ = [
    "child_spec",
    "demonitor",
    "get_local_members",
    "get_members",
    "join",
    "leave",
    "monitor",
    "monitor_scope",
    "start",
    "start_link",
    "which_groups",
]

DEFAULT_SCOPE: Final = Atom("pg")


async def start_link(scope: str = DEFAULT_SCOPE) -> Pid:
    """Starts a scope linked to the caller.

    Args:
        scope: its name, which is the registered name of its process.

    Raises:
        BadArgError: the name is not a str.
        StartError: ``("already_started", pid)``.

    Source: pg:start_link/1.
    """
    return await _start(scope, link=True)


async def start(scope: str = DEFAULT_SCOPE) -> Pid:
    """Like :func:`start_link`, without a link.

    Source: pg:start/1.
    """
    return await _start(scope, link=False)


def child_spec(
    scope: str = DEFAULT_SCOPE, *, id: Hashable = None, restart: Restart = "permanent"
) -> ChildSpec:
    """The spec of a scope as a supervisor's child; the id is the scope's name by default."""
    return ChildSpec(
        Atom(_name(scope)) if id is None else id,
        (start_link, (scope,)),
        restart=restart,
        modules=("pg",),
    )


@overload
async def join(group: Hashable, pids: Pid | Iterable[Pid], /, *, scope: str = ...) -> None: ...
@overload
async def join(scope: str, group: Hashable, pids: Pid | Iterable[Pid], /) -> None: ...
async def join(*args: Any, scope: str = DEFAULT_SCOPE) -> None:
    """Makes processes members of a group: ``join(group, pids)`` or ``join(scope, group, pids)``.

    Args:
        args: the group, any hashable value, and a pid or several. Each call counts: a process that
            has joined twice is listed twice.
        scope: the scope's name.

    Raises:
        BadArgError: one of them is not a pid, or is one of another node.
        CallError: ``noproc``, as of ``gen_server.call``, if there is no such scope.

    Source: pg:join/3.
    """
    where, group, pids = _scoped("join", args, scope, 2)
    await _of_a_group(where, ("join", group, _pids("join", pids)))


@overload
async def leave(group: Hashable, pids: Pid | Iterable[Pid], /, *, scope: str = ...) -> bool: ...
@overload
async def leave(scope: str, group: Hashable, pids: Pid | Iterable[Pid], /) -> bool: ...
async def leave(*args: Any, scope: str = DEFAULT_SCOPE) -> bool:
    """Removes processes from a group, each once: ``leave(group, pids)``, ``leave(scope, ...)``.

    Returns:
        Whether any of them was a member; False is OTP's ``not_joined``.

    Raises:
        BadArgError: one of them is not a pid.

    Source: pg:leave/3.
    """
    where, group, pids = _scoped("leave", args, scope, 2)
    return bool(await _of_a_group(where, ("leave", group, _pids("leave", pids))))


@overload
def get_members(group: Hashable, /, *, scope: str = ...) -> list[Pid]: ...
@overload
def get_members(scope: str, group: Hashable, /) -> list[Pid]: ...
def get_members(*args: Any, scope: str = DEFAULT_SCOPE) -> list[Pid]:
    """The members of a group: ``get_members(group)`` or ``get_members(scope, group)``.

    Works from any thread.

    Returns:
        The pids of living processes; none if there is no such group or scope.

    Source: pg:get_members/2.
    """
    where, group = _scoped("get_members", args, scope, 1)
    return members_of(_groups(where) or {}, group)


@overload
def get_local_members(group: Hashable, /, *, scope: str = ...) -> list[Pid]: ...
@overload
def get_local_members(scope: str, group: Hashable, /) -> list[Pid]: ...
def get_local_members(*args: Any, scope: str = DEFAULT_SCOPE) -> list[Pid]:
    """The members of a group that live on this node; see :func:`get_members`.

    Works from any thread.

    Source: pg:get_local_members/2.
    """
    where, group = _scoped("get_local_members", args, scope, 1)
    here = behaviour.init().node
    return [pid for pid in members_of(_groups(where) or {}, group) if pid.node == here]


def which_groups(scope: str = DEFAULT_SCOPE) -> list[Hashable]:
    """The groups of a scope. Works from any thread.

    Raises:
        BadArgError: there is no such scope.

    Source: pg:which_groups/1.
    """
    groups = _groups(scope)
    if groups is None:
        raise BadArgError(f"pg: there is no scope {scope!r}; pg.start_link({scope!r}) starts one")
    found = [from_key(key) for key in list(groups)]
    return [group for group in found if members_of(groups, group)]


@overload
async def monitor(group: Hashable, /, *, scope: str = ...) -> tuple[Ref, list[Pid]]: ...
@overload
async def monitor(scope: str, group: Hashable, /) -> tuple[Ref, list[Pid]]: ...
async def monitor(*args: Any, scope: str = DEFAULT_SCOPE) -> tuple[Ref, list[Pid]]:
    """Sends the caller the changes of a group: ``monitor(group)`` or ``monitor(scope, group)``.

    Returns:
        The reference of the messages ``(ref, "join", group, pids)`` and ``(ref, "leave", group,
        pids)``, and the present members of the group, which need not exist yet.

    Source: pg:monitor/2.
    """
    where, group = _scoped("monitor", args, scope, 1)
    return cast("tuple[Ref, list[Pid]]", await _of_a_group(where, ("monitor", group)))


async def monitor_scope(
    scope: str = DEFAULT_SCOPE,
) -> tuple[Ref, dict[Hashable, list[Pid]]]:
    """Sends the caller the changes of all groups of a scope; see :func:`monitor`.

    Returns:
        The reference of the messages, and the groups with their members.

    Source: pg:monitor_scope/1.
    """
    return cast("tuple[Ref, dict[Hashable, list[Pid]]]", await call(scope, "monitor_scope", None))


@overload
async def demonitor(ref: Ref, /, *, scope: str = ...) -> bool: ...
@overload
async def demonitor(scope: str, ref: Ref, /) -> bool: ...
async def demonitor(*args: Any, scope: str = DEFAULT_SCOPE) -> bool:
    """Ends a monitor, and removes its messages from the caller's mailbox.

    Returns:
        Whether there was such a monitor.

    Source: pg:demonitor/2.
    """
    where, ref = _scoped("demonitor", args, scope, 1)
    if not isinstance(ref, Ref):
        raise BadArgError(f"pg.demonitor: expected what pg.monitor returned; got {describe(ref)}")
    found = bool(await call(where, ("demonitor", ref), None))
    while found:
        try:
            await process.receive((ref, ..., ..., ...), timeout=0)
        except TimeoutError:
            break
    return found


async def _of_a_group(scope: str, request: tuple[Any, ...]) -> Any:
    """Asks a scope for something that has to do with a group."""
    reply = await call(scope, request, None)
    if reply is BADARG:
        raise BadArgError(f"pg: a group must be hashable; got {show(request[1], describe)}")
    return reply


async def _start(scope: str, *, link: bool) -> Pid:
    name = _name(scope)
    return await start_server(Scope, (), {}, name=name, timeout=None, link=link, label="pg")


def _name(scope: Any) -> str:
    if isinstance(scope, str):
        return scope
    raise BadArgError(f"pg: expected the name of a scope (a str); got {describe(scope)}")


def _scoped(what: str, args: tuple[Any, ...], scope: str, size: int) -> tuple[Any, ...]:
    """The scope and the other arguments, in whichever way the scope was given."""
    if len(args) == size:
        return (_name(scope), *args)
    if len(args) == size + 1:
        return (_name(args[0]), *args[1:])
    raise TypeError(f"pg.{what} takes {size} arguments, and the scope before them; got {args!r}")


def _pids(what: str, given: Any) -> list[Pid]:
    pids: list[Any] = [given] if isinstance(given, Pid) else _listed(given)
    here = process.self().node
    for pid in pids:
        if not isinstance(pid, Pid) or pid.node != here:
            raise BadArgError(
                f"pg.{what}: expected a pid of this node, or several; got {describe(given)}"
            )
    return pids


def _listed(given: Any) -> list[Any]:
    iterable = isinstance(given, Iterable) and not isinstance(given, str | dict)
    return list(cast("Iterable[Any]", given)) if iterable else [given]


def _groups(scope: str) -> Groups | None:
    pid = process.whereis(scope)
    dictionary = process.info(pid, "dictionary") if pid is not None else None
    return dictionary.get(GROUPS) if dictionary else None
