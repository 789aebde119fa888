"""The loop of a GenServer's process: what happens to each message.

What it guarantees: one message at a time; ``handle_continue`` before the next message;
``terminate`` exactly once for a Stop, an error in a callback, an exit by the server itself and,
while it traps exits, an exit of its parent, and never when an exit signal has ended the process;
the caller of a stopping call is answered after ``terminate`` and before anyone hears of the death.

A message is looked at in the order in which messages are frequent. The type of a callback's
result is compared, never inspected: a call costs one coroutine in the server unless the
callback is itself ``async def``. While sys(3) looks on, every message goes the longer way,
which tells what happens.

Source: stdlib, gen_server.erl's behaviour as gen_server(3) tells it (OTP 25 manual).
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import Callable, Generator
from types import CoroutineType, GeneratorType, coroutine
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from beamish import process
from beamish.terms import NORMAL, Atom, Exit, Pid, ProcessExit, Ref, Throw

from . import names, starting
from .awaiting import is_coroutine
from .directives import (
    UNSET,
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
from .names import Name
from .server_work import Work
from .special import SYSTEM, debug_options, handle_debug, handle_system_msg

if TYPE_CHECKING:
    from .gen_server import GenServer

__all__ = ["CALL", "CAST", "TIMEOUT", "Caller", "MethodCall", "answer", "run"]

CALL: Final = Atom("$gen_call")
CAST: Final = Atom("$gen_cast")
TIMEOUT: Final = Atom("timeout")

_BAD_RETURN: Final = Atom("bad_return_value")
_CANCELLED: Final = Atom("cancelled")
_IN: Final = Atom("in")
_OUT: Final = Atom("out")
_NOREPLY: Final = Atom("noreply")
_CONTINUE: Final = Atom("continue")

_NO_KEYWORDS: Final[dict[str, Any]] = {}

# What handle_call may return that is not the reply. `type`, because NoReply and Ignore may be
# returned without being called; generators, because what process.sleep returns is one.
_SPECIAL: Final = frozenset(
    (Reply, NoReply, Stop, Continue, Timeout, Hibernate, Ignore, type, GeneratorType)
)

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


# What `begin` returns where there shall be no server.
_NO_SERVER: Final = Stop(NORMAL)


def begin(starter: starting.Starter, work: Work) -> Any:
    """Runs init, in the new process, and tells the starter.

    An init that neither waits nor has more to say than None costs no coroutine: thousands of
    children start like this.

    Returns:
        What comes next, or _NO_SERVER; or a coroutine that returns it.
    """
    if work.name is not None and not starting.claim(starter, work.name):
        return _NO_SERVER
    if work.linked:
        work.parent = starter[0]
    server: Any = None
    try:
        server = work.cls()
        result = server.init(*work.args, **work.kwargs)
    except Throw as thrown:
        if server is None:
            raise
        result = thrown.value
    except starting.Hibernation as jump:
        _unclaim(work.name)
        return _hibernate(jump)
    except BaseException as error:
        _unclaim(work.name)
        starting.report_exit(error)
        raise
    if result is not None or work.options:
        return starting.reporting(_begun, (starter, work, server, result), _NO_KEYWORDS)
    work.server = server
    process.acknowledge(starter, starting.ACK)
    return None


async def _begun(starter: starting.Starter, work: Work, server: GenServer, result: Any) -> Then:
    """The same, where init waits, or has more to say."""
    try:
        if is_coroutine(result):
            result = await result
    except Throw as thrown:
        result = thrown.value
    except BaseException:
        _unclaim(work.name)
        raise
    if result is None or result is Hibernate or isinstance(result, Continue | Timeout | Hibernate):
        if work.options:
            debug_options(work, work.options)
        work.server = server
        starting.acknowledge(starter)
        then: Then = result
        return then
    _unclaim(work.name)
    if result is Ignore or isinstance(result, Ignore):
        starting.ignore(starter)
        return _NO_SERVER
    if isinstance(result, Fail):
        starting.fail(starter, result.reason)
        return _NO_SERVER
    raise ProcessExit(result.reason) if isinstance(result, Stop) else _bad_return(result)


async def _hibernate(jump: starting.Hibernation) -> Then:
    """Init has thrown the call stack away, and the server with it."""
    fn, args, kwargs = jump.call
    await starting.hibernated(fn, args, kwargs)
    return _NO_SERVER


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


async def run(  # noqa: C901, PLR0912, PLR0915  # see below
    starter: starting.Starter | None, work: Work, then: Then = None
) -> None:
    """Runs a server's process from its first step to its last.

    The loop stands in the process' own function, and a message is handled in the loop: each
    coroutine between them would have to be passed through for every message.

    Args:
        starter: who waits for its start; None where the server has been made already.
        work: the process'.
        then: what comes first, where the server has been made (enter_loop).
    """
    if starter is not None:
        begun: Any = begin(starter, work)
        if begun.__class__ is CoroutineType:
            begun = await begun
        if begun is _NO_SERVER:
            return
        then = begun
    server = work.server
    receive: Any = process.receive
    handle_call = server.handle_call
    wait: Any = _loop_of(work).receive
    message: Any
    try:
        while True:
            if then is None:
                message = (await receive(),) if work.debug is not None else await wait()
                if message.__class__ is _Later:
                    then = await _go_on_with(message)
                    continue
                message = message[0]
            elif isinstance(then, Stop):
                break
            elif isinstance(then, Timeout):
                message = await _receive_within(then)
            elif isinstance(then, Continue):
                then = await _continue(work, then.arg)
                continue
            else:  # Hibernate: see there
                then = None
                continue
            if work.debug is None and not _is_protocol(message):
                try:
                    result = _dispatch(work, message)
                    if result is not None and is_coroutine(result):
                        result = await result
                except Throw as thrown:
                    result = thrown.value
                then = None if result is None else _after_message(result)
                continue
            then = await _handle(work, message, then)
            if server.handle_call != handle_call:  # new code
                handle_call = server.handle_call
                wait = _loop_of(work).receive
    except GeneratorExit:
        raise  # killed: no code of the server's runs any more
    except BaseException as error:
        if not process.ending():  # else an exit signal ended it: only `finally` runs
            await starting.reporting(_failed, (server, error), _NO_KEYWORDS)
            starting.report_exit(error)
        raise
    await starting.reporting(_stop, (work, then), _NO_KEYWORDS)


class _Later:
    """A call or cast that takes more than a turn of its handler.

    Attributes:
        caller: whom to answer; None of a cast.
        result: what handle_call returned, which is not the reply.
        begun: the coroutine that it returned, which has been begun instead.
        awaits: what that awaits.
    """

    __slots__ = ("awaits", "begun", "caller", "result")

    def __init__(
        self, caller: Caller | None, result: Any, begun: Any = None, awaits: Any = None
    ) -> None:
        self.caller = caller
        self.result = result
        self.begun = begun
        self.awaits = awaits


def _loop_of(work: Work) -> process.Server:
    """The receive loop of a server, in which calls that are answered at once are dealt with."""
    server = work.server
    handle_call = server.handle_call
    handle_cast = server.handle_cast

    def answer(message: Any) -> Any:
        if message[0] is not CALL:
            return process.Unanswered((message,))
        work.message = message
        _, caller, request = message
        try:
            if request.__class__ is MethodCall:
                result = request.run(server)
            else:
                result = handle_call(request, caller)
            if result.__class__ is CoroutineType:
                try:
                    awaits = result.send(None)
                except StopIteration as stop:
                    result = stop.value
                else:
                    return process.Unanswered(_Later(caller, None, result, awaits))
        except Throw as thrown:
            result = thrown.value
        if result.__class__ in _SPECIAL:
            return process.Unanswered(_Later(caller, result))
        return result

    def step(message: Any) -> Any:
        if message.__class__ is tuple:
            tag = message[0] if message else None
            if tag is CALL and len(message) == 3:
                result = answer(message)
                if result.__class__ is process.Unanswered:
                    return result.outcome
                process.reply(message[1], result)
                return None
            if tag is CAST and len(message) == 2 and message[1].__class__ is not MethodCall:
                work.message = message
                try:
                    result = handle_cast(message[1])
                except Throw as thrown:
                    result = thrown.value
                return None if result is None else _Later(None, result)
        return (message,)

    return process.Server(step, answer)


@coroutine
def _finish(begun: Any, awaits: Any) -> Generator[Any, Any, Any]:
    """Awaits the rest of a coroutine that has been begun."""
    while True:
        try:
            value = yield awaits
        except GeneratorExit:
            begun.close()
            raise
        except BaseException as error:
            step = begun.throw, error
        else:
            if value is None:
                return (yield from begun)
            step = begun.send, value
        try:
            awaits = step[0](step[1])
        except StopIteration as stop:
            return stop.value


async def _go_on_with(later: _Later) -> Then:
    """Ends what a handler has begun, answers, and tells what comes next."""
    result = later.result
    try:
        if later.begun is not None:
            result = await _finish(later.begun, later.awaits)
        elif later.caller is None and is_coroutine(result):
            result = await result
    except Throw as thrown:
        result = thrown.value
    if later.caller is None:
        return _after_message(result)
    return await _after_call(result, later.caller)


async def _receive_within(wait: Timeout) -> Any:
    seconds = wait.seconds
    if wait.abs:
        seconds = max(0, seconds - asyncio.get_running_loop().time())
    try:
        return await process.receive(timeout=seconds)
    except TimeoutError:
        return wait.message


async def _continue(work: Work, arg: Any) -> Then:
    if work.debug is not None:
        handle_debug(work, (_CONTINUE, arg))
    then = _after_message(await _run(work.server.handle_continue, arg))
    _tell_state(work)
    return then


def _is_protocol(message: Any) -> bool:
    """Whether this may be a system message, or a call."""
    # Compared as text there: who writes the protocol by hand need not know of Atoms.
    return message.__class__ is tuple and len(message) == 3 and isinstance(message[0], str)


async def _handle(work: Work, message: Any, then: Then) -> Then:
    """Handles a message by the longer way, on which sys can look on."""
    if _is_protocol(message):
        if message[0] == SYSTEM:
            stop = await handle_system_msg(work, message[1], message[2], work.parent)
            return then if stop is None else stop
        if message[0] == CALL:
            return await _handle_call(work, message)
    if work.debug is not None:
        handle_debug(work, (_IN, message))
    then = _after_message(await _run(_dispatch, work, message))
    _tell_state(work)
    return then


def _dispatch(work: Work, message: Any) -> Any:
    """Calls the callback for a message that is no call; what it returns may have to be awaited."""
    work.message = message
    server = work.server
    if message.__class__ is tuple:
        if len(message) == 2 and _is(CAST, message[0]):
            request = message[1]
            if request.__class__ is MethodCall:
                return request.run(server)
            return server.handle_cast(request)
    elif message.__class__ is Exit and message[1] in (work.parent, process.init()):
        process.because(message[1])
        return Stop(message[2])
    return server.handle_info(message)


def _is(atom: Atom, tag: Any) -> bool:
    return tag is atom or (isinstance(tag, str) and tag == atom)


async def _handle_call(work: Work, message: Any) -> Then:
    """Handles a call by the longer way, on which sys can look on."""
    work.message = message
    if work.debug is not None:
        handle_debug(work, (_IN, message))
    _, caller, request = message
    if request.__class__ is MethodCall:
        result = await _run(request.run, work.server)
    else:
        result = await _run(work.server.handle_call, request, caller)
    then = await _after_call(result, caller)
    if work.debug is not None:
        reply = _reply_in(result)
        state = work.system_get_state()
        handle_debug(work, (_NOREPLY, state) if reply is UNSET else (_OUT, reply, caller, state))
    return then


def _reply_in(result: Any) -> Any:
    """The reply that was sent for a result of handle_call; UNSET if none was."""
    if isinstance(result, Reply):
        return result.value
    none = result is NoReply or result is Hibernate
    silent = none or isinstance(result, NoReply | Stop | Continue | Timeout | Hibernate)
    return UNSET if silent else result


def _tell_state(work: Work) -> None:
    if work.debug is not None:
        handle_debug(work, (_NOREPLY, work.system_get_state()))


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
        case Stop() | Continue() | Timeout() | Hibernate():
            return result
        case _ if result is NoReply or result is Hibernate:
            return None
        case _ if result is Ignore or isinstance(result, Ignore):
            raise _bad_return(result)
        case _:
            answer(caller, result)  # the reply is a class, or came from a generator
            return None


def _after_message(result: Any) -> Then:
    """What comes next where there is nobody to answer."""
    if result is None or result is NoReply or result is Hibernate:
        return None
    if isinstance(result, NoReply):
        return result.then
    if isinstance(result, Continue | Timeout | Hibernate) or (
        isinstance(result, Stop) and result.reply is UNSET
    ):
        return result
    raise _bad_return(result)


def _bad_return(result: Any) -> ProcessExit:
    return ProcessExit((_BAD_RETURN, result))


# ---- the end


async def _stop(work: Work, stop: Any) -> None:
    reason = stop.reason
    try:
        await _run(work.server.terminate, reason)
    finally:
        # After terminate, as in OTP: who is answered finds the server's work done.
        if stop.reply is not UNSET and _is_call(work.message):
            answer(work.message[1], stop.reply)
    if not (isinstance(reason, str) and reason == NORMAL):
        process.exit(reason)


def _is_call(message: Any) -> bool:
    return message.__class__ is tuple and len(message) == 3 and _is(CALL, message[0])


async def _failed(server: GenServer, error: BaseException) -> None:
    """Lets a server that goes down by its own doing clean up."""
    reason: Any = error
    if isinstance(error, ProcessExit):
        reason = error.reason
    elif isinstance(error, CancelledError):
        reason = _CANCELLED
    await _run(server.terminate, reason)
