"""The class GenServer, and what starts servers or makes a process one."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, Final, NoReturn

from beamish import behaviour, process
from beamish.otp.child import SupervisedServer
from beamish.otp.directives import (
    Then,
)
from beamish.otp.gen import (
    GEN_CALL,
    Addressed,
    Called,
    Caller,
    Dest,
    Name,
    SpawnOptions,
    as_given,
    cast,
    check_name,
    spawn_options,
    start_opt,
    stop_as,
    whereis,
)
from beamish.otp.gen import call as gen_call
from beamish.otp.sys import check_options, debug_options
from beamish.terms import NORMAL, Atom, Pid
from beamish.terms.words import CALL, STOP

from .callbacks import GenServerCallbacks
from .client import reply
from .loop import run
from .multi import abcast, multi_call
from .work import Work

__all__ = ["GenServer", "enter_loop", "start_server"]


_GEN_SERVER: Final = Atom("GenServer")
_CALLED: Final[Called] = (_GEN_SERVER, CALL, None)


def start_server(
    cls: type[GenServerCallbacks],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    name: Name | None,
    timeout: float | None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    link: bool = False,
    watch: bool = False,
    label: str | None = None,
    initial_call: Any = None,
) -> Coroutine[Any, Any, Pid]:
    """Starts a server's process, for GenServer and the behaviours that are built on it.

    Reports show `label` and `initial_call`, by default the class' name and its init. With `watch`
    the result is the pid and the reference of a monitor.
    """
    shown = None
    if spawn_opt:
        chosen = spawn_options(spawn_opt)
        link = link or chosen.get("link", False)
        shown = (chosen.get("label", label or cls.__name__), initial_call or cls.init)
    elif label or initial_call:
        shown = (label or cls.__name__, initial_call or cls.init)
    work = Work(cls, args, kwargs, name, link, check_options(debug) if debug else (), shown)
    return start_opt(run, (work,), link, name, timeout, work, watch)


class GenServer(GenServerCallbacks, Addressed, SupervisedServer):
    """The base of a server: override what is needed; see the page "GenServer" for the whole.

    The class statement says how it is supervised:
    ``class Counter(GenServer, restart="transient", shutdown=10.0)``; see Supervised.
    """

    @classmethod
    def _start_opt(
        cls,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: Name | None,
        timeout: float | None,
        debug: Iterable[Any],
        spawn_opt: SpawnOptions | None,
        link: bool,
        watch: bool = False,
    ) -> Coroutine[Any, Any, Any]:
        if debug or spawn_opt:
            return start_server(cls, args, kwargs, name, timeout, debug, spawn_opt, link, watch)
        work = Work(cls, args, kwargs, name, link)  # start_server, in short
        return start_opt(run, (work,), link, name, timeout, work, watch)

    # The reasons of these two are those of Elixir's GenServer, with every argument.

    @staticmethod
    def call(dest: Dest, request: Any, timeout: float | None = 5.0) -> Coroutine[Any, Any, Any]:
        """Like ``gen_server.call``, with Elixir's reason.

        Raises:
            CallError: ``(reason, ("GenServer", "call", (dest, request, timeout)))``.

        Source: Elixir's GenServer.call/3.
        """
        return gen_call(dest, request, timeout, GEN_CALL, _CALLED)

    @staticmethod
    def stop(
        dest: Dest, reason: Any = NORMAL, timeout: float | None = None
    ) -> Coroutine[Any, Any, None]:
        """Like ``gen_server.stop``, with Elixir's reason.

        Raises:
            CallError: ``(reason, ("GenServer", "stop", (dest, reason, timeout)))``.

        Source: Elixir's GenServer.stop/3.
        """
        called = (_GEN_SERVER, STOP, (dest, reason, *as_given(timeout)))
        return stop_as(called, dest, reason, timeout)

    # The others are those of the module.

    @staticmethod
    def cast(dest: Dest, request: Any) -> None:
        """Does what ``gen_server.cast`` does."""
        cast(dest, request)

    @staticmethod
    def reply(caller: Caller, value: Any) -> None:
        """Does what ``gen_server.reply`` does."""
        reply(caller, value)

    @staticmethod
    def multi_call(
        name: str, request: Any, *, nodes: Iterable[str] | None = None, timeout: float | None = None
    ) -> Coroutine[Any, Any, tuple[list[tuple[str, Any]], list[str]]]:
        """Does what ``gen_server.multi_call`` does."""
        return multi_call(name, request, nodes=nodes, timeout=timeout)

    @staticmethod
    def abcast(name: str, request: Any, *, nodes: Iterable[str] | None = None) -> None:
        """Does what ``gen_server.abcast`` does."""
        abcast(name, request, nodes=nodes)


async def enter_loop(
    server: GenServer,
    *,
    name: Name | None = None,
    then: Then = None,
    debug: Iterable[Any] = (),
) -> NoReturn:
    """Makes the calling process a server; never returns.

    For a process that was started in its own way, by :mod:`beamish.otp.proc_lib`, and goes on as a
    server. ``init`` is not called.

    Args:
        server: an instance, with its state.
        name: the name that the process must be registered by; None checks nothing.
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
