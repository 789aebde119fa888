"""The loop of a GenServer's process: what happens to each message.

What it guarantees: one message at a time; ``handle_continue`` before the next message;
``terminate`` exactly once for a Stop, an error in a callback, an exit by the server itself and,
while it traps exits, an exit of its parent, and never when an exit signal has ended the process;
the caller of a stopping call is answered after ``terminate`` and before anyone hears of the death.

A message is looked at in the order in which messages are frequent. The type of a callback's
result is compared, never inspected: a call costs one coroutine in the server unless the
callback is itself ``async def``.

Source: stdlib, gen_server.erl's behaviour as gen_server(3) tells it (OTP 25 manual).
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from beamish import process
from beamish.terms import NORMAL, Atom, Exit, Pid, ProcessExit, Ref, Throw

from . import names, proc_lib
from .awaiting import is_coroutine
from .directives import UNSET, Continue, Ignore, NoReply, Reply, Stop, Then, Timeout
from .names import Name

if TYPE_CHECKING:
    from .gen_server import GenServer

__all__ = ["CALL", "CAST", "TIMEOUT", "Caller", "MethodCall", "Setup", "answer", "run"]

CALL: Final = Atom("$gen_call")
CAST: Final = Atom("$gen_cast")
SYSTEM: Final = Atom("system")
TIMEOUT: Final = Atom("timeout")

_TERMINATE: Final = Atom("terminate")
_OK: Final = Atom("ok")
_ERROR: Final = Atom("error")
_BAD_RETURN: Final = Atom("bad_return_value")
_CANCELLED: Final = Atom("cancelled")

_NO_KEYWORDS: Final[dict[str, Any]] = {}

# What handle_call may return that is not the reply. `type`, because NoReply and Ignore may be
# returned without being called; generators, because what process.sleep returns is one.
_SPECIAL: Final = frozenset((Reply, NoReply, Stop, Continue, Timeout, Ignore, type, GeneratorType))

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
    process.reply(caller, value)


# ---- the beginning


class Setup(NamedTuple):
    """What a server is started with."""

    cls: type[GenServer]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    name: Name | None
    parent: Pid | None


async def _begin(starter: proc_lib.Starter, setup: Setup) -> tuple[GenServer, Then] | None:
    """Runs init and tells the starter; None if there shall be no server."""
    if not proc_lib.claim(starter, setup.name):
        return None
    server = setup.cls()
    try:
        result = server.init(*setup.args, **setup.kwargs)
        if is_coroutine(result):
            result = await result
    except Throw as thrown:
        result = thrown.value
    except BaseException:
        _unclaim(setup.name)
        raise
    if result is None or isinstance(result, Continue | Timeout):
        proc_lib.acknowledge(starter)
        return server, result
    _unclaim(setup.name)
    if result is Ignore or isinstance(result, Ignore):
        proc_lib.ignore(starter)
        return None
    raise ProcessExit(result.reason) if isinstance(result, Stop) else _bad_return(result)


def _unclaim(name: Name | None) -> None:
    """Frees a via name before anyone hears that the start failed; a local one goes by itself."""
    if name is not None:
        names.unregister(name)


async def _run(callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a callback, `def` or `async def`; what it throws is what it returns, as in OTP."""
    try:
        result = callback(*args, **kwargs)
        return await result if is_coroutine(result) else result
    except Throw as thrown:
        return thrown.value


# ---- the loop


async def run(starter: proc_lib.Starter, setup: Setup) -> None:  # noqa: C901, PLR0912  # see below
    """Runs a server's process from its first step to its last.

    The loop stands in the process' own function, and a call is handled in the loop: each coroutine
    between them would have to be passed through for every message.
    """
    begun = await proc_lib.reporting(_begin, (starter, setup), _NO_KEYWORDS)
    if begun is None:
        return
    server: GenServer = begun[0]
    then: Then = begun[1]
    parent = setup.parent
    receive: Any = process.receive
    handle_call = server.handle_call
    caller: Any = None
    message: Any
    try:
        while True:
            if then is None:
                message = await receive()
            elif isinstance(then, Stop):
                break
            elif isinstance(then, Timeout):
                message = await _receive_within(then.seconds)
            else:
                then = _after_message(await _run(server.handle_continue, then.arg))
                continue

            if not (message.__class__ is tuple and len(message) == 3 and message[0] is CALL):
                then = await _handle(server, parent, message, then)
                continue
            _, caller, request = message
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
                then = await _after_call(result, caller)
            else:
                then = None
                process.reply(caller, result)
    except GeneratorExit:
        raise  # killed: no code of the server's runs any more
    except BaseException as error:
        if process.alive(process.self()):  # else an exit signal ended it: only `finally` runs
            await proc_lib.reporting(_failed, (server, error), _NO_KEYWORDS)
            proc_lib.report_exit(error)
        raise
    await proc_lib.reporting(_stop, (server, then, caller), _NO_KEYWORDS)


async def _receive_within(seconds: float) -> Any:
    try:
        return await process.receive(timeout=seconds)
    except TimeoutError:
        return TIMEOUT


async def _handle(server: GenServer, parent: Pid | None, message: Any, then: Then) -> Then:
    """Handles a message that is no call."""
    callback: Callable[[Any], Any] = server.handle_info
    if message.__class__ is tuple:
        if len(message) == 2 and message[0] is CAST:
            message = message[1]
            if message.__class__ is MethodCall:
                callback, message = message.run, server
            else:
                callback = server.handle_cast
        elif len(message) == 3 and message[0] is SYSTEM:
            return _system(message[1], message[2], then)
    elif message.__class__ is Exit and message[1] is parent:
        return Stop(message[2])
    return _after_message(await _run(callback, message))


async def _after_call(result: Any, caller: Caller) -> Then:
    """What comes next where handle_call returned more than a reply."""
    if is_coroutine(result):
        result = await result
    match result:
        case Reply():
            answer(caller, result.value)
            return result.then
        case NoReply():
            return result.then
        case Stop() | Continue() | Timeout():
            return result
        case _ if result is NoReply:
            return None
        case _ if result is Ignore or isinstance(result, Ignore):
            raise _bad_return(result)
        case _:
            answer(caller, result)  # the reply is a class, or came from a generator
            return None


def _after_message(result: Any) -> Then:
    """What comes next where there is nobody to answer."""
    if result is None or result is NoReply:
        return None
    if isinstance(result, NoReply):
        return result.then
    if isinstance(result, Continue | Timeout) or (
        isinstance(result, Stop) and result.reply is UNSET
    ):
        return result
    raise _bad_return(result)


def _bad_return(result: Any) -> ProcessExit:
    return ProcessExit((_BAD_RETURN, result))


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
    reason: Any = error
    if isinstance(error, ProcessExit):
        reason = error.reason
    elif isinstance(error, CancelledError):
        reason = _CANCELLED
    await _run(server.terminate, reason)
