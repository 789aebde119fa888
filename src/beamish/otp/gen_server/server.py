"""The class GenServer, and what starts servers or makes a process one."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, Final, NoReturn

from beamish import behaviour, process
from beamish.otp.child import Supervised
from beamish.otp.directives import (
    Continue,
    Fail,
    Hibernate,
    Ignore,
    NoReply,
    Reply,
    Stop,
    Then,
    Timeout,
)
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
    as_given,
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
    stop_as,
    wait_response,
    whereis,
)
from beamish.otp.gen import call as gen_call
from beamish.otp.sys import check_options, debug_options
from beamish.terms import NORMAL, Atom, Pid, Ref
from beamish.terms.words import CALL, STOP

from .callbacks import GenServerCallbacks
from .client import call, reply
from .loop import run
from .multi import abcast, multi_call
from .work import Work

__all__ = [
    "Caller",
    "Continue",
    "Dest",
    "Fail",
    "GenServer",
    "Hibernate",
    "Ignore",
    "Name",
    "NoReply",
    "Reply",
    "Request",
    "RequestError",
    "RequestIds",
    "Response",
    "Stop",
    "Timeout",
    "abcast",
    "call",
    "cast",
    "check_response",
    "enter_loop",
    "multi_call",
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


_GEN_SERVER: Final = Atom("GenServer")
_CALLED: Final[Called] = (_GEN_SERVER, CALL, None)


class GenServer(GenServerCallbacks, Supervised):
    """The base of a server: override what is needed; see the page "GenServer" for the whole.

    How it wants to be supervised stands in the class statement:
    ``class Counter(GenServer, restart="transient", shutdown=10.0)``; see Supervised.
    """

    # ---- the client's side

    # These are no coroutine functions themselves, but return start_opt's coroutine: one less in the
    # path of each child that a supervisor starts.

    @classmethod
    def start_link(
        cls,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]:
        """Starts a server linked to the caller, and returns when its ``init`` is done.

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

        Source: gen_server:start_link/4.
        """
        if not debug and not spawn_opt:  # start_server, in short
            work = Work(cls, args, kwargs, name, True)
            return start_opt(run, (work,), True, name, timeout, work)
        return start_server(
            cls,
            args,
            kwargs,
            name=name,
            timeout=timeout,
            debug=debug,
            spawn_opt=spawn_opt,
            link=True,
        )

    @classmethod
    def start(
        cls,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]:
        """Like :meth:`start_link`, without a link: for a shell or a test.

        Source: gen_server:start/4.
        """
        return start_server(
            cls,
            args,
            kwargs,
            name=name,
            timeout=timeout,
            debug=debug,
            spawn_opt=spawn_opt,
            link=False,
        )

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

        Source: gen_server:start_monitor/4.
        """
        started: Any = await start_server(
            cls,
            args,
            kwargs,
            name=name,
            timeout=timeout,
            debug=debug,
            spawn_opt=spawn_opt,
            link=False,
            watch=True,
        )
        return started[0], started[1]

    # These two say in an exit reason what Elixir's GenServer says, with every argument.

    @staticmethod
    def call(dest: Dest, request: Any, timeout: float | None = 5.0) -> Coroutine[Any, Any, Any]:
        """Like ``gen_server.call``, with Elixir's exit reason.

        Exits:
            With ``(reason, ("GenServer", "call", (dest, request, timeout)))``.

        Source: Elixir's GenServer.call/3.
        """
        return gen_call(dest, GEN_CALL, request, timeout, _CALLED)

    @staticmethod
    def stop(
        dest: Dest, reason: Any = NORMAL, timeout: float | None = None
    ) -> Coroutine[Any, Any, None]:
        """Like ``gen_server.stop``, with Elixir's exit reason.

        Exits:
            With ``(reason, ("GenServer", "stop", (dest, reason, timeout)))``.

        Source: Elixir's GenServer.stop/3.
        """
        called = (_GEN_SERVER, STOP, (dest, reason, *as_given(timeout)))
        return stop_as(called, dest, reason, timeout)

    cast = staticmethod(cast)
    reply = staticmethod(reply)
    whereis = staticmethod(whereis)
    multi_call = staticmethod(multi_call)
    abcast = staticmethod(abcast)


async def start_link(
    cls: type[GenServer],
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Pid:
    """``cls.start_link(*args, ...)``, by OTP's name.

    Source: gen_server:start_link/4.
    """
    return await start_server(
        cls, args, kwargs, name=name, timeout=timeout, debug=debug, spawn_opt=spawn_opt, link=True
    )


async def start(
    cls: type[GenServer],
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Pid:
    """``cls.start(*args, ...)``, by OTP's name.

    Source: gen_server:start/4.
    """
    return await start_server(
        cls, args, kwargs, name=name, timeout=timeout, debug=debug, spawn_opt=spawn_opt, link=False
    )


async def start_monitor(
    cls: type[GenServer],
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> tuple[Pid, Ref]:
    """``cls.start_monitor(*args, ...)``, by OTP's name.

    Source: gen_server:start_monitor/4.
    """
    started: Any = await start_server(
        cls,
        args,
        kwargs,
        name=name,
        timeout=timeout,
        debug=debug,
        spawn_opt=spawn_opt,
        link=False,
        watch=True,
    )
    return started[0], started[1]


async def enter_loop(
    server: GenServer,
    *,
    name: Name | None = None,
    then: Then = None,
    debug: Iterable[Any] = (),
) -> NoReturn:
    """Makes the calling process a server; never returns.

    For a process with a start of its own, by :mod:`beamish.otp.proc_lib`, that goes on as a
    server. ``init`` is not called.

    Args:
        server: an instance, with its state.
        name: the name that the process is registered by, to be checked; None asks for none.
        then: what comes first: None, ``Timeout(seconds)`` or ``Continue(arg)``.
        debug: what of ``sys`` is on.

    Exits:
        ``process_not_registered`` or ``process_not_registered_via`` if the name is not its own.

    Example::

        async def listener(port: int) -> None:
            server = Listener()
            server.socket = gen_tcp.listen(port)
            proc_lib.init_ack()
            await gen_server.enter_loop(server)

    Source: gen_server:enter_loop/3 to /5.
    """
    options = check_options(debug)
    check_name(name)
    me = process.self()
    if name is not None and whereis(name) != me:
        process.exit(Atom(f"process_not_registered{'' if isinstance(name, str) else '_via'}"))
    work = Work(type(server), (), {}, name, linked=True, shown=(None, None))
    work.server = server
    work.parent = process.parent()
    debug_options(work, options)
    behaviour.serving(work)
    await run(None, work, then)
    process.exit(NORMAL)


def start_server(
    cls: type[GenServer],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    name: Name | None,
    timeout: float | None,
    link: bool,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    watch: bool = False,
    label: str | None = None,
    initial_call: Any = None,
) -> Coroutine[Any, Any, Pid]:
    """Starts a server's process, for the behaviours that are built on GenServer.

    Its `label` and `initial_call` are what reports show; by default the class' name and init.
    With `watch` a monitor's reference is returned beside the pid.
    """
    shown = None
    if spawn_opt:
        chosen = spawn_options(spawn_opt)
        link = link or chosen.get("link", False)
        shown = (chosen.get("label", label or cls.__name__), initial_call or cls.init)
    elif label or initial_call:
        shown = (label or cls.__name__, initial_call or cls.init)
    work = Work(cls, args, kwargs, name, link, check_options(debug) if debug else (), shown)
    return start_opt(run, (work,), link, name, timeout, work, None, None, watch)
