"""The class GenStatem, and what starts machines, speaks to them, or makes a process one."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, Final, NamedTuple, NoReturn, overload

from beamish import behaviour, process
from beamish.otp.child import Supervised
from beamish.otp.directives import Fail, Ignore
from beamish.otp.gen import (
    GEN_CALL,
    Called,
    Caller,
    Dest,
    Name,
    Request,
    RequestError,
    RequestIds,
    Response,
    SpawnOptions,
    cast,
    check_name,
    check_response,
    receive_response,
    reqids_add,
    reqids_new,
    reqids_size,
    reqids_to_list,
    send_request,
    spawn_options,
    start_opt,
    stop,
    wait_response,
    whereis,
)
from beamish.otp.gen import call as gen_call
from beamish.otp.sys import check_options, debug_options
from beamish.terms import NORMAL, Atom, BadArgError, Pid, Ref
from beamish.terms.words import CALL

from .callbacks import GenStatemCallbacks
from .engine import Engine
from .process import Setup, live, run
from .values import (
    Action,
    ChangeCallbackModule,
    EventTimeout,
    EventType,
    GenericTimeout,
    Hibernate,
    KeepState,
    NextEvent,
    NextState,
    PopCallbackModule,
    Postpone,
    PushCallbackModule,
    RepeatState,
    Reply,
    Result,
    StateTimeout,
    Stop,
    StopAndReply,
    is_reply,
)

__all__ = [
    "Action",
    "Caller",
    "ChangeCallbackModule",
    "Dest",
    "EventTimeout",
    "EventType",
    "Fail",
    "GenStatem",
    "GenericTimeout",
    "Hibernate",
    "Ignore",
    "KeepState",
    "Name",
    "NextEvent",
    "NextState",
    "PopCallbackModule",
    "Postpone",
    "PushCallbackModule",
    "RepeatState",
    "Reply",
    "Request",
    "RequestError",
    "RequestIds",
    "Response",
    "Result",
    "StateTimeout",
    "Stop",
    "StopAndReply",
    "call",
    "cast",
    "check_response",
    "enter_loop",
    "receive_response",
    "reply",
    "reqids_add",
    "reqids_new",
    "reqids_size",
    "reqids_to_list",
    "send_request",
    "start",
    "start_link",
    "start_monitor",
    "stop",
    "wait_response",
    "whereis",
]


_GEN_STATEM: Final = Atom("gen_statem")
_CALLED: Final[Called] = (_GEN_STATEM, CALL, None)


class GenStatem(GenStatemCallbacks, Supervised):
    """The base of a state machine: see the page "GenStatem" for the whole.

    How it wants to be supervised stands in the class statement, as for a GenServer:
    ``class Door(GenStatem, restart="transient", shutdown=10.0)``; see Supervised.
    """

    @classmethod
    async def start_link(
        cls,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Pid:
        """Starts a machine linked to the caller, and returns when its ``init`` is done.

        Args:
            args: what ``init`` gets.
            name: registered before init runs; a string, or ("via", registry, key).
            timeout: seconds that init may take, or None for ever (the default, as in OTP).
            debug: what of ``sys`` is on from the start: ``["trace", ("log", 20), "statistics"]``.
            spawn_opt: options of the process: ``{"label": ...}``.
            kwargs: keyword arguments of init.

        Returns:
            The pid.

        Raises:
            StartError: it did not start. The reason is init's, or ``("already_started", pid)``, or
                ``"timeout"``. A caller that does not trap exits dies with a failing init.
            StartIgnored: init returned Ignore.

        Source: gen_statem:start_link/4.
        """
        options = _Options(name, timeout, debug, spawn_opt, link=True)
        pid: Pid = await _start(cls, args, kwargs, options)
        return pid

    @classmethod
    async def start(
        cls,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Pid:
        """Like :meth:`start_link`, without a link: for a shell or a test.

        Source: gen_statem:start/4.
        """
        options = _Options(name, timeout, debug, spawn_opt, link=False)
        pid: Pid = await _start(cls, args, kwargs, options)
        return pid

    @classmethod
    async def start_monitor(
        cls,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> tuple[Pid, Ref]:
        """Like :meth:`start`, monitored by the caller.

        Returns:
            The pid, and the reference that the Down message will carry.

        Source: gen_statem:start_monitor/4.
        """
        options = _Options(name, timeout, debug, spawn_opt, link=False, watch=True)
        started: tuple[Pid, Ref] = await _start(cls, args, kwargs, options)
        return started


async def start_link(
    cls: type[GenStatem],
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Pid:
    """``cls.start_link(*args, ...)``, by OTP's name.

    Source: gen_statem:start_link/4.
    """
    options = _Options(name, timeout, debug, spawn_opt, link=True)
    started: Pid = await _start(cls, args, kwargs, options)
    return started


async def start(
    cls: type[GenStatem],
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Pid:
    """``cls.start(*args, ...)``, by OTP's name.

    Source: gen_statem:start/4.
    """
    options = _Options(name, timeout, debug, spawn_opt, link=False)
    started: Pid = await _start(cls, args, kwargs, options)
    return started


async def start_monitor(
    cls: type[GenStatem],
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> tuple[Pid, Ref]:
    """``cls.start_monitor(*args, ...)``, by OTP's name.

    Source: gen_statem:start_monitor/4.
    """
    options = _Options(name, timeout, debug, spawn_opt, link=False, watch=True)
    started: tuple[Pid, Ref] = await _start(cls, args, kwargs, options)
    return started


class _Options(NamedTuple):
    """How a machine is started."""

    name: Name | None
    timeout: float | None
    debug: Iterable[Any]
    spawn_opt: SpawnOptions | None
    link: bool
    watch: bool = False


async def _start(
    cls: type[GenStatem], args: tuple[Any, ...], kwargs: dict[str, Any], options: _Options
) -> Any:
    looked_at = check_options(options.debug) if options.debug else ()
    chosen = spawn_options(options.spawn_opt)
    parent = process.self() if options.link or chosen.pop("link", False) else None
    return await start_opt(
        run,
        (Setup(cls, GenStatem, args, kwargs, options.name, parent, looked_at),),
        link=parent is not None,
        name=options.name,
        timeout=options.timeout,
        label=chosen.get("label", cls.__name__),
        initial_call=cls.init,
        watch=options.watch,
    )


async def enter_loop(
    machine: GenStatem,
    state: Any,
    *actions: Action,
    name: Name | None = None,
    debug: Iterable[Any] = (),
) -> NoReturn:
    """Makes the calling process a state machine; never returns.

    For a process with a start of its own, by :mod:`beamish.otp.proc_lib`, that goes on as a
    machine. ``init`` is not called.

    Args:
        machine: an instance, with its data.
        state: the state that it enters first.
        actions: what else happens then.
        name: the name that the process is registered by, to be checked; None asks for none.
        debug: what of ``sys`` is on.

    Exits:
        ``process_not_registered`` or ``process_not_registered_via`` if the name is not its own.

    Source: gen_statem:enter_loop/4 to /6.
    """
    options = check_options(debug)
    check_name(name)
    if name is not None and whereis(name) != process.self():
        process.exit(Atom(f"process_not_registered{'' if isinstance(name, str) else '_via'}"))
    engine = Engine(machine, GenStatem, process.parent())
    debug_options(engine, options)
    await live(engine, NextState(state, *actions))
    process.exit(NORMAL)


# ---- the client's side


def call(
    dest: Dest, request: Any, timeout: float | tuple[str, float] | None = None
) -> Coroutine[Any, Any, Any]:
    """Sends a request to a machine and waits for its reply.

    Args:
        dest: a pid, a registered name, ``(name, node)`` or ``("via", registry, key)``.
        request: any term; it is the content of the event ``("call", caller)``.
        timeout: seconds to wait, or None forever: the default, as in OTP, for a machine may
            postpone a call as long as it likes. OTP's ``("clean_timeout", seconds)`` and
            ``("dirty_timeout", seconds)`` are taken, and mean the same: no late reply is seen.

    Returns:
        The reply.

    Exits:
        With ``(reason, ("gen_statem", "call", (dest, request, timeout)))``, ``"infinity"`` where
        the time-out is None. The reason is ``noproc``, ``timeout``, ``calling_self``,
        ``("call_cycle", cycle)``, or the machine's exit reason.

    Source: gen_statem:call/3.
    """
    if isinstance(timeout, tuple):
        called = (_GEN_STATEM, CALL, (dest, request, timeout))
        return gen_call(dest, GEN_CALL, request, timeout[1], called)
    return gen_call(dest, GEN_CALL, request, timeout, _CALLED)


@overload
def reply(caller: Caller, value: Any, /) -> None: ...
@overload
def reply(replies: Reply | list[Reply], /) -> None: ...
def reply(*args: Any) -> None:
    """Answers calls, from any process: ``reply(caller, value)``, or ``reply(Reply(...))``.

    Args:
        args: the caller, of an event type ``("call", caller)``, and the reply; or a Reply, or a
            list of them.

    Source: gen_statem:reply/1,2.
    """
    replies: Any = [Reply(*args)] if len(args) == 2 else args[0]
    for one in [replies] if isinstance(replies, Reply) else replies:
        if not is_reply(one):
            raise BadArgError(
                "gen_statem.reply: expected the `caller` of an event type ('call', caller) and a "
                f"value, a Reply or a list of them; got {one!r} ({type(one).__name__})"
            )
        behaviour.reply(one.caller, one.value)
