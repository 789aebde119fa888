"""Typed methods: a method of a server that is a call, or a cast, when used from outside.

Outside its server such a method is reached through the class and takes the server first; within it,
it is an ordinary method. The protocol is that of ``gen_server.call`` and ``gen_server.cast`` with
another request, so time-outs, exits and late replies are as they are there.

See the page "GenServer" in the documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from beamish.terms import BadArgError

from .gen import NOT_GIVEN, Dest, GivenTimeout, Request, send_request
from .gen_server import MethodCall
from .gen_server import call as call_server
from .gen_server import cast as cast_server

__all__ = ["CallMethod", "CastMethod", "call", "cast"]

P = ParamSpec("P")
R = TypeVar("R")
B = TypeVar("B")  # what the body returns inside the server: R, or a coroutine of R


class _Method(Generic[P, B]):
    """What both kinds have in common: a body under a name."""

    def __init__(self, body: Callable[Concatenate[Any, P], B]) -> None:
        _check_body(body)
        self.body = body
        self.name: str = body.__name__
        self.__name__: str = body.__name__
        self.__qualname__ = body.__qualname__
        self.__doc__ = body.__doc__
        self.__wrapped__ = body

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__qualname__}>"


class CallMethod(_Method[P, B], Generic[P, R, B]):
    """A method that is a call from outside; made by ``@call``."""

    def __init__(self, body: Callable[Concatenate[Any, P], B], timeout: GivenTimeout) -> None:
        super().__init__(body)
        self.timeout = timeout

    @overload
    def __get__(self, server: None, owner: type) -> CallMethod[P, R, B]: ...

    @overload
    def __get__(self, server: object, owner: type) -> Callable[P, B]: ...

    def __get__(self, server: object | None, owner: type) -> Any:
        return self if server is None else self.body.__get__(server, owner)

    def __call__(self, dest: Dest, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """Calls the method on a server.

        Args:
            dest: the server: a pid, name or via tuple.
            args: the method's arguments.
            kwargs: its keyword arguments.

        Returns:
            To be awaited: what the method returns.

        Raises:
            CallError: as ``gen_server.call``.
        """
        return call_server(dest, MethodCall(self.name, args, kwargs), self.timeout)

    def send_request(self, dest: Dest, /, *args: P.args, **kwargs: P.kwargs) -> Request[R]:
        """Sends the call and does not wait; the type checkers know the type of the reply.

        Args:
            dest: the server: a pid, name or via tuple.
            args: the method's arguments.
            kwargs: its keyword arguments.

        Returns:
            What ``gen_server.receive_response`` takes.

        Example::

            request = Counter.bump.send_request(pid, 2)
            ...
            n = await gen_server.receive_response(request, timeout=1.0)      # an int
        """
        return send_request(dest, MethodCall(self.name, args, kwargs))

    def within(self, timeout: float | None) -> CallMethod[P, R, B]:
        """The same method with another time-out, in seconds; None is forever."""
        other: CallMethod[P, R, B] = CallMethod(self.body, timeout)
        other.name = self.name
        return other


class CastMethod(_Method[P, Any]):
    """A method that is a cast from outside; made by ``@cast``."""

    @overload
    def __get__(self, server: None, owner: type) -> CastMethod[P]: ...

    @overload
    def __get__(self, server: object, owner: type) -> Callable[P, Any]: ...

    def __get__(self, server: object | None, owner: type) -> Any:
        return self if server is None else self.body.__get__(server, owner)

    def __call__(self, dest: Dest, /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Tells the server to run the method, and does not wait. Works from any thread.

        Args:
            dest: the server: a pid, name or via tuple.
            args: the method's arguments.
            kwargs: its keyword arguments.
        """
        cast_server(dest, MethodCall(self.name, args, kwargs))


class _CallWithTimeout:
    """What ``@call(timeout=...)`` decorates with."""

    def __init__(self, timeout: GivenTimeout) -> None:
        self._timeout = timeout

    @overload
    def __call__(
        self, body: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], /
    ) -> CallMethod[P, R, Coroutine[Any, Any, R]]: ...

    @overload
    def __call__(self, body: Callable[Concatenate[Any, P], R], /) -> CallMethod[P, R, R]: ...

    def __call__(self, body: Callable[..., Any], /) -> Any:
        return _call_method(body, self._timeout)


@overload
def call(
    body: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], /
) -> CallMethod[P, R, Coroutine[Any, Any, R]]: ...


@overload
def call(body: Callable[Concatenate[Any, P], R], /) -> CallMethod[P, R, R]: ...


@overload
def call(*, timeout: GivenTimeout = NOT_GIVEN) -> _CallWithTimeout: ...


def call(body: Callable[..., Any] | None = None, /, *, timeout: GivenTimeout = NOT_GIVEN) -> Any:
    """Makes a method of a GenServer a call: ``await Counter.bump(server, 2)``.

    This is the decorator; ``gen_server.call`` is the function that calls a server.

    Args:
        body: the method, ``def`` or ``async def``. What it returns is the reply.
        timeout: seconds that a caller waits, or None forever; 5.0 if it is not given, as in OTP.
            Give it as ``@call(timeout=30.0)``; one call's is
            ``Counter.bump.within(30.0)(server, 2)``.
    """
    if body is None:
        return _CallWithTimeout(timeout)
    return _call_method(body, timeout)


def _call_method(body: Callable[..., Any], timeout: GivenTimeout) -> CallMethod[..., Any, Any]:
    return CallMethod(body, timeout)


def cast(body: Callable[Concatenate[Any, P], Any], /) -> CastMethod[P]:
    """Makes a method of a GenServer a cast: ``Counter.reset(server)`` sends and does not wait.

    This is the decorator; ``gen_server.cast`` is the function that sends to a server.

    Args:
        body: the method, ``def`` or ``async def``; it returns None, or what handle_cast may.
    """
    return CastMethod(body)


def _check_body(body: Any) -> None:
    kind = type(body).__name__
    if not callable(body) or isinstance(body, type | staticmethod | classmethod):
        raise BadArgError(
            f"@call and @cast: expected a method; got {body!r} ({kind}); "
            "to call a server, use gen_server.call(server, request)"
        )
