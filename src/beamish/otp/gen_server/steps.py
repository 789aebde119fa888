"""A server's own messages, and what it does with them while it waits.

Calls and casts are handled in plain functions, without waking the server's coroutine: see
behaviour.Server. What a handler begins and cannot end at once is ended by the coroutine: see
loop.py.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import CoroutineType, GeneratorType, coroutine
from typing import Any, Final, NamedTuple, cast

from beamish import behaviour
from beamish.otp.directives import Continue, Hibernate, Ignore, NoReply, Reply, Stop, Timeout
from beamish.otp.gen import GEN_CALL, GEN_CAST, Caller, is_protocol
from beamish.terms import Exit, Throw
from beamish.terms.careful import class_of
from beamish.terms.words import is_word

from .work import Work

__all__ = ["Later", "MethodCall", "dispatch", "finish", "loop_of"]


# What handle_call may return that is not the reply. `type`, because NoReply and Ignore may be
# returned uncalled; generators, because process.sleep returns one.
_SPECIAL: Final = frozenset(
    (Reply, NoReply, Stop, Continue, Timeout, Hibernate, Ignore, type, GeneratorType)
)


class MethodCall(NamedTuple):
    """The request of a typed method; see methods.py."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def run(self, server: object) -> Any:
        """Runs the method's body on the server."""
        return getattr(type(server), self.name).body(server, *self.args, **self.kwargs)

    def __repr__(self) -> str:
        args = [repr(arg) for arg in self.args]
        args += [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"{self.name}({', '.join(args)})"


class Later:
    """What a handler has begun or returned, if it is more than a reply.

    Attributes:
        caller: whom to reply to; None if it was not a call.
        result: what it returned.
        begun: the coroutine that it returned instead, which has been begun.
        awaits: what that awaits.
    """

    __slots__ = ("awaits", "begun", "caller", "result")

    def __init__(
        self, caller: Caller | None, result: Any, begun: Any = None, awaits: Any = None
    ) -> None:
        self.caller: Caller | None = caller
        self.result: Any = result
        self.begun: Any = begun
        self.awaits: Any = awaits


def loop_of(work: Work) -> behaviour.Server:
    """The receive loop of a server; it returns other messages as ``(message,)``, or a Later."""
    answer = _answering(work)

    def step(message: Any) -> Any:
        if class_of(message) is tuple and len(message) == 3:
            if message[0] is GEN_CALL:
                result = answer(message)
                if class_of(result) is behaviour.Unanswered:
                    return result.outcome
                behaviour.reply(message[1], result)
                return None
            if is_protocol(message):
                return (message,)
        try:
            result = dispatch(work, message)
        except Throw as thrown:
            result = thrown.value
        except BaseException:
            work.message = message
            raise
        if result is None:
            return None
        work.message = message
        return Later(None, result)

    return behaviour.Server(step, answer)


def _answering(work: Work) -> Callable[[Any], Any]:
    """What a server does with a call."""
    server = work.server

    def answer(message: Any) -> Any:
        if message[0] is not GEN_CALL:
            return behaviour.Unanswered((message,))
        _, caller, request = message
        try:
            if class_of(request) is MethodCall:
                result = request.run(server)
            else:
                result = server.handle_call(request, caller)
            cls = class_of(result)
            if cls is CoroutineType:
                try:
                    awaits = result.send(None)
                except StopIteration as stop:
                    result = stop.value
                    cls = class_of(result)
                else:
                    return behaviour.Unanswered(Later(caller, None, result, awaits))
        except Throw as thrown:
            result = thrown.value
            cls = class_of(result)
        try:
            if cls not in _SPECIAL:
                return result
        except BaseException:  # noqa: BLE001 - the hash of a class is its metaclass' affair
            return result
        if cls is Reply and result.then is None:
            return result.value
        work.message = message
        return behaviour.Unanswered(Later(caller, result))

    return answer


def dispatch(work: Work, message: Any) -> Any:
    """Calls the callback for any message but a call; its result may have to be awaited."""
    server = work.server
    cls = class_of(message)
    if cls is tuple:
        if len(message) == 2 and is_word(message[0], GEN_CAST):
            request = message[1]
            if class_of(request) is MethodCall:
                return request.run(server)
            return server.handle_cast(request)
    elif cls is Exit and (message[1] is work.parent or message[1] is behaviour.init()):
        # ends_server, inlined.
        behaviour.because(message[1])
        return Stop(message[2])
    return server.handle_info(message)


@coroutine
def finish(begun: Any, awaits: Any) -> Generator[Any, Any, Any]:
    """Awaits the rest of a coroutine that has been begun."""
    while True:
        try:
            value = yield awaits
        except GeneratorExit:
            begun.close()
            raise
        except BaseException as error:  # noqa: BLE001  # it is thrown into it
            step = begun.throw, error
        else:
            if value is None:
                return (yield from cast("Generator[Any, Any, Any]", begun))
            step = begun.send, value
        try:
            awaits = step[0](step[1])
        except StopIteration as stop:
            return stop.value
