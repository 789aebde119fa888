"""Agent: a process that keeps one value, and nothing else.

Others send it functions of the value, which run in the agent, one at a time. A function that raises
ends the agent, and the caller with it; so nobody sees a half-changed value.

Source: Elixir's Agent.

See the page "Agent" in the documentation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, NamedTuple, TypeVar, overload

from beamish.terms import NORMAL, BadArgError, Pid
from beamish.terms.careful import elements, is_a
from beamish.terms.errors import describe
from beamish.terms.words import OK

from .child import Supervised
from .directives import Reply
from .gen import Caller, Dest, Name, SpawnOptions, check_callable, is_coroutine, whereis
from .gen_server import GenServer, start_server

__all__ = ["Agent"]

R = TypeVar("R")


class _Request(NamedTuple):
    """A function of the state, and what the agent is to do with its result."""

    kind: str
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Agent(Supervised):
    """Keeps a state; see the page "Agent"."""

    @classmethod
    def start_link(
        cls,
        fn: Callable[..., Any],
        /,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]:
        """Starts an agent linked to the caller.

        Args:
            fn: makes the first state; runs in the agent. ``def`` or ``async def``, or a class such
                as ``dict``.
            args: its arguments.
            name: registered before it runs.
            timeout: seconds that it may take, or None forever (the default, as in OTP).
            debug: what of ``sys`` is on from the start: ``["trace", ("log", 20), "statistics"]``.
            spawn_opt: options of the process: ``{"label": ...}``.
            kwargs: its keyword arguments.

        Returns:
            The pid.

        Raises:
            StartError: what `fn` raised, or ``("already_started", pid)``, or ``"timeout"``.

        Source: Elixir's Agent.start_link/2.
        """
        return _start(cls, (fn, args, kwargs), name, timeout, debug, spawn_opt, True)

    @classmethod
    def start(
        cls,
        fn: Callable[..., Any],
        /,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]:
        """Like :meth:`start_link`, without a link.

        Source: Elixir's Agent.start/2.
        """
        return _start(cls, (fn, args, kwargs), name, timeout, debug, spawn_opt, False)

    # A function of the state alone comes first in these overloads, so that the type checkers know
    # the parameter of a lambda.

    @overload
    @staticmethod
    async def get(
        agent: Dest, fn: Callable[[Any], Awaitable[R]], /, *, timeout: float | None = ...
    ) -> R: ...

    @overload
    @staticmethod
    async def get(agent: Dest, fn: Callable[[Any], R], /, *, timeout: float | None = ...) -> R: ...

    @overload
    @staticmethod
    async def get(
        agent: Dest,
        fn: Callable[..., Awaitable[R]],
        /,
        *args: Any,
        timeout: float | None = ...,
        **kwargs: Any,
    ) -> R: ...

    @overload
    @staticmethod
    async def get(
        agent: Dest,
        fn: Callable[..., R],
        /,
        *args: Any,
        timeout: float | None = ...,
        **kwargs: Any,
    ) -> R: ...

    @staticmethod
    async def get(
        agent: Dest,
        fn: Callable[..., Any],
        /,
        *args: Any,
        timeout: float | None = 5.0,
        **kwargs: Any,
    ) -> Any:
        """Returns what a function returns for the state.

        Args:
            agent: a pid, name or via tuple.
            fn: called in the agent with the state, then `args` and `kwargs`.
            args: further arguments.
            timeout: seconds to wait, or None forever; 5.0 as in Elixir.
            kwargs: keyword arguments.

        Returns:
            What the function returned.

        Raises:
            CallError: as ``GenServer.call``.

        Source: Elixir's Agent.get/3.
        """
        return await _ask(agent, _Request("get", fn, args, kwargs), timeout)

    @overload
    @staticmethod
    async def update(
        agent: Dest, fn: Callable[[Any], Any], /, *, timeout: float | None = ...
    ) -> None: ...

    @overload
    @staticmethod
    async def update(
        agent: Dest,
        fn: Callable[..., Any],
        /,
        *args: Any,
        timeout: float | None = ...,
        **kwargs: Any,
    ) -> None: ...

    @staticmethod
    async def update(
        agent: Dest,
        fn: Callable[..., Any],
        /,
        *args: Any,
        timeout: float | None = 5.0,
        **kwargs: Any,
    ) -> None:
        """Makes what a function returns the new state, and waits until that is done.

        Args:
            agent: a pid, name or via tuple.
            fn: called in the agent with the state, then `args` and `kwargs`; returns the new state.
            args: further arguments.
            timeout: seconds to wait, or None forever; 5.0 as in Elixir.
            kwargs: keyword arguments.

        Raises:
            CallError: as ``GenServer.call``.

        Source: Elixir's Agent.update/3.
        """
        await _ask(agent, _Request("update", fn, args, kwargs), timeout)

    @overload
    @staticmethod
    async def get_and_update(
        agent: Dest,
        fn: Callable[[Any], Awaitable[tuple[R, Any]]],
        /,
        *,
        timeout: float | None = ...,
    ) -> R: ...

    @overload
    @staticmethod
    async def get_and_update(
        agent: Dest, fn: Callable[[Any], tuple[R, Any]], /, *, timeout: float | None = ...
    ) -> R: ...

    @overload
    @staticmethod
    async def get_and_update(
        agent: Dest,
        fn: Callable[..., Awaitable[tuple[R, Any]]],
        /,
        *args: Any,
        timeout: float | None = ...,
        **kwargs: Any,
    ) -> R: ...

    @overload
    @staticmethod
    async def get_and_update(
        agent: Dest,
        fn: Callable[..., tuple[R, Any]],
        /,
        *args: Any,
        timeout: float | None = ...,
        **kwargs: Any,
    ) -> R: ...

    @staticmethod
    async def get_and_update(
        agent: Dest,
        fn: Callable[..., Any],
        /,
        *args: Any,
        timeout: float | None = 5.0,
        **kwargs: Any,
    ) -> Any:
        """Reads and changes the state in one step.

        Args:
            agent: a pid, name or via tuple.
            fn: called in the agent with the state, then `args` and `kwargs`; returns
                ``(reply, new_state)``. Anything else ends the agent.
            args: further arguments.
            timeout: seconds to wait, or None forever; 5.0 as in Elixir.
            kwargs: keyword arguments.

        Returns:
            The reply.

        Raises:
            CallError: as ``GenServer.call``.

        Source: Elixir's Agent.get_and_update/3.
        """
        return await _ask(agent, _Request("get_and_update", fn, args, kwargs), timeout)

    @overload
    @staticmethod
    def cast(agent: Dest, fn: Callable[[Any], Any], /) -> None: ...

    @overload
    @staticmethod
    def cast(agent: Dest, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None: ...

    @staticmethod
    def cast(agent: Dest, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
        """Like :meth:`update`, without waiting; never fails. Works from any thread.

        Source: Elixir's Agent.cast/2.
        """
        check_callable("Agent.cast", fn)
        GenServer.cast(agent, _Request("update", fn, args, kwargs))

    @staticmethod
    def whereis(dest: Dest) -> Pid | tuple[str, str] | None:
        """Does what ``gen_server.whereis`` does."""
        return whereis(dest)

    @staticmethod
    async def stop(agent: Dest, reason: Any = NORMAL, timeout: float | None = None) -> None:
        """Stops an agent and waits until it is gone.

        Args:
            agent: a pid, name or via tuple.
            reason: its exit reason; ``normal`` by default.
            timeout: seconds to wait, or None forever (the default, as in OTP).

        Raises:
            CallError: as ``GenServer.stop``.

        Source: Elixir's Agent.stop/3.
        """
        await GenServer.stop(agent, reason, timeout)


def _start(
    cls: type[Agent],
    begin: tuple[Any, ...],
    name: Name | None,
    timeout: float | None,
    debug: Iterable[Any],
    spawn_opt: SpawnOptions | None,
    link: bool,
) -> Coroutine[Any, Any, Pid]:
    """Starts an agent whose first state `begin` makes: a function and its arguments."""
    fn = begin[0]
    check_callable(f"{cls.__name__}.start_link", fn)
    return start_server(
        _AgentProcess,
        begin,
        {},
        name,
        timeout,
        debug,
        spawn_opt,
        link,
        label=cls.__name__,
        initial_call=fn,
    )


def _ask(agent: Dest, request: _Request, timeout: float | None) -> Coroutine[Any, Any, Any]:
    check_callable(f"Agent.{request.kind}", request.fn)
    return GenServer.call(agent, request, timeout)


class _AgentProcess(GenServer):
    """Keeps the state; users reach it through Agent's class methods."""

    state: Any

    async def init(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        result = fn(*args, **kwargs)
        self.state = await result if is_coroutine(result) else result

    def system_get_state(self) -> Any:
        return self.state

    async def code_change(self, old_vsn: Any, extra: Any) -> None:
        """As in Elixir, `extra` is a function of the state, or one with further arguments."""
        match extra:
            case (fn, *args) if callable(fn):
                result = fn(self.state, *args)
            case fn if callable(fn):
                result = fn(self.state)
            case _:
                raise BadArgError(
                    "Agent: sys.change_code: extra: expected a function of the state, or "
                    f"(function, argument, ...); got {extra!r} ({type(extra).__name__})"
                )
        self.state = await result if is_coroutine(result) else result

    def system_replace_state(self, fn: Callable[[Any], Any]) -> Any:
        self.state = fn(self.state)
        return self.state

    # Plain functions: a request costs no coroutine, unless its function is a coroutine function.

    def handle_call(self, request: Any, caller: Caller) -> Any:
        if not is_a(request, _Request):
            return super().handle_call(request, caller)
        result = request.fn(self.state, *request.args, **request.kwargs)
        if is_coroutine(result):
            return self._wait(request, result)
        # Always a Reply: what a function returns is a value, even if it looks like a directive.
        return Reply(self._taken(request, result))

    def handle_cast(self, request: Any) -> Any:
        if not is_a(request, _Request):
            return super().handle_cast(request)
        result = request.fn(self.state, *request.args, **request.kwargs)
        if is_coroutine(result):
            return self._wait_in_vain(request, result)
        self._taken(request, result)
        return None

    async def _wait(self, request: _Request, result: Any) -> Reply:
        return Reply(self._taken(request, await result))

    async def _wait_in_vain(self, request: _Request, result: Any) -> None:
        self._taken(request, await result)

    def _taken(self, request: _Request, result: Any) -> Any:
        """The reply to a request whose function has returned this; sets the state."""
        if request.kind == "get":
            return result
        if request.kind == "update":
            self.state = result
            return OK
        parts = elements(result)
        if len(parts) != 2:
            raise BadArgError(
                "Agent.get_and_update: expected (reply, new_state) from the function; "
                f"got {describe(result)}"
            )
        reply, self.state = parts
        return reply
