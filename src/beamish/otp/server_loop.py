"""The loop of a GenServer's process: what happens to each message.

What it guarantees: one message at a time; ``handle_continue`` before the next message;
``terminate`` exactly once for a Stop, an error in a callback, an exit by the server itself and,
while it traps exits, an exit of its parent, and never when an exit signal has ended the process; the
caller of a stopping call is answered after ``terminate`` and before anyone hears of the death.

A message is looked at in the order in which messages are frequent. The type of a callback's
result is compared, never inspected: a call costs one coroutine in the server unless the
callback is itself ``async def``.

Source: stdlib, gen_server.erl's behaviour as gen_server(3) tells it (OTP 25 manual).
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, TypeAlias

from beamish import process
from beamish.terms import NORMAL, Atom, Exit, Pid, ProcessExit, Ref, Throw

from . import names, proc_lib
from .directives import UNSET, Continue, Ignore, NoReply, Reply, Stop, Then, Timeout
from .names import Name

if TYPE_CHECKING:
    from .gen_server import GenServer

__all__ = ["CALL", "CAST", "TIMEOUT", "Caller", "MethodCall", "answer", "enter"]

CALL: Final = Atom("$gen_call")
CAST: Final = Atom("$gen_cast")
SYSTEM: Final = Atom("system")
TIMEOUT: Final = Atom("timeout")

_TERMINATE: Final = Atom("terminate")
_OK: Final = Atom("ok")
_ERROR: Final = Atom("error")
_BAD_RETURN: Final = Atom("bad_return_value")
_CANCELLED: Final = Atom("cancelled")

# `type` is in it because NoReply and Ignore may be returned without being called.
_SPECIAL: Final = frozenset((Reply, NoReply, Stop, Continue, Timeout, Ignore, type))

# Who called, to be answered with gen_server.reply: the pid, and the address of its answer.
Caller: TypeAlias = tuple[Pid, Ref]


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


def answer(caller: Caller, value: Any) -> None:
    """Sends a caller its reply."""
    process.send(caller[1], (caller[1], value))


# ---- the beginning


async def enter(
    starter: Ref,
    cls: type[GenServer],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    name: Name | None,
    parent: Pid | None,
) -> None:
    """Runs a server's process from its first step to its last."""
    if not proc_lib.claim(starter, name):
        return
    server = cls()
    try:
        then = _after_init(await _run(server.init, *args, **kwargs))
        if then.__class__ is Stop:
            process.exit(then.reason)
    except BaseException:
        _unclaim(name)
        raise
    if then.__class__ is Ignore:
        _unclaim(name)
        proc_lib.ignore(starter)
        return
    proc_lib.acknowledge(starter)
    await _serve(server, parent, then)


def _unclaim(name: Name | None) -> None:
    """Frees a via name before anyone hears that the start failed; a local one goes by itself."""
    if name is not None:
        names.unregister(name)


async def _run(callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a callback, `def` or `async def`; what it throws is what it returns, as in OTP."""
    try:
        result = callback(*args, **kwargs)
        return await result if result.__class__ is CoroutineType else result
    except Throw as thrown:
        return thrown.value


def _after_init(result: Any) -> Any:
    """What comes after init: None, Continue, Timeout, Stop or Ignore."""
    if result is None or result.__class__ in (Continue, Timeout, Ignore, Stop):
        return result
    if result is Ignore:
        return Ignore()
    _bad_return(result)


# ---- the loop


async def _serve(server: GenServer, parent: Pid | None, then: Then) -> None:
    """Takes messages until a callback says Stop, or fails."""
    receive = process.receive
    handle_call = server.handle_call
    caller: Caller | None = None
    try:
        while True:
            if then is None:
                message = await receive()
            elif then.__class__ is Timeout:
                message = await _receive_within(then)
            elif then.__class__ is Continue:
                then = _after_message(await _run(server.handle_continue, then.arg))
                continue
            else:
                break

            if message.__class__ is tuple:
                size = len(message)
                if size == 3 and message[0] is CALL:
                    caller = message[1]
                    request = message[2]
                    try:
                        if request.__class__ is MethodCall:
                            result = request.run(server)
                        else:
                            result = handle_call(request, caller)
                        if result.__class__ is CoroutineType:
                            result = await result
                    except Throw as thrown:
                        result = thrown.value
                    if result.__class__ in _SPECIAL:
                        then = _after_call(result, caller)
                    else:
                        then = None
                        ref = caller[1]
                        process.send(ref, (ref, result))
                    continue
                if size == 2 and message[0] is CAST:
                    then = _after_message(await _cast(server, message[1]))
                    continue
                if size == 3 and message[0] is SYSTEM:
                    then = _system(message[1], message[2], then)
                    continue
            elif message.__class__ is Exit and message[1] is parent:
                then = Stop(message[2])
                continue
            then = _after_message(await _run(server.handle_info, message))
    except GeneratorExit:
        raise  # killed: no code of the server's runs any more
    except BaseException as error:
        await _failed(server, error)
        raise
    await _stop(server, then, caller)


async def _receive_within(limit: Timeout) -> Any:
    try:
        return await process.receive(timeout=limit.seconds)
    except TimeoutError:
        return TIMEOUT


async def _cast(server: GenServer, request: Any) -> Any:
    if request.__class__ is MethodCall:
        return await _run(request.run, server)
    return await _run(server.handle_cast, request)


def _after_call(result: Any, caller: Caller) -> Then:
    """What comes next where handle_call returned more than a reply."""
    kind = result.__class__
    if kind is Reply:
        answer(caller, result.value)
        return result.then
    if kind is NoReply:
        return result.then
    if result is NoReply:
        return None
    if kind is type and result is not Ignore:
        answer(caller, result)  # the reply is a class
        return None
    if kind is Ignore or result is Ignore:
        _bad_return(result)
    return result  # Stop, Continue, Timeout


def _after_message(result: Any) -> Then:
    """What comes next where there is nobody to answer."""
    if result is None or result is NoReply:
        return None
    kind = result.__class__
    if kind is Continue or kind is Timeout:
        return result
    if kind is NoReply:
        return result.then
    if kind is Stop and result.reply is UNSET:
        return result
    _bad_return(result)


def _bad_return(result: Any) -> NoReturn:
    process.exit((_BAD_RETURN, result))


def _system(caller: Caller, request: Any, then: Then) -> Then:
    """Answers a system message: what sys(3) asks of every behaviour."""
    match request:
        case (tag, reason) if tag == _TERMINATE:
            answer(caller, _OK)
            return Stop(reason)
        case _:
            answer(caller, (_ERROR, (Atom("unknown_system_msg"), request)))
            return then


# ---- the end


async def _stop(server: GenServer, stop: Any, caller: Caller | None) -> None:
    reason = stop.reason
    try:
        await _run(server.terminate, reason)
    finally:
        # After terminate, as in OTP: who is answered finds the server's work done.
        if stop.reply is not UNSET and caller is not None:
            answer(caller, stop.reply)
    if not (isinstance(reason, str) and reason == NORMAL):
        process.exit(reason)


async def _failed(server: GenServer, error: BaseException) -> None:
    """Lets a server that goes down by its own doing clean up."""
    if not process.alive(process.self()):
        return  # an exit signal ended it: only `finally` blocks run
    reason: Any = error
    if isinstance(error, ProcessExit):
        reason = error.reason
    elif isinstance(error, CancelledError):
        reason = _CANCELLED
    await _run(server.terminate, reason)
