"""The loop of a GenServer's process: what happens to each message.

It guarantees: one message at a time; ``handle_continue`` before the next message; ``terminate``
exactly once for a Stop, an error in a callback, an exit by the server itself and, while it traps
exits, an exit of its parent, and never when an exit signal has ended the process; the reply to a
call that stops the server after ``terminate`` and before anyone hears of the end.

Calls and casts are handled in steps.py, without waking the coroutine of this loop, which does what
is rarer. The type of a callback's result is compared, never inspected. While sys(3) looks on, every
message comes here and takes the longer way, which reports what happens.

Source: stdlib, gen_server.erl's behaviour as gen_server(3) describes it (OTP 25 manual).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from beamish import behaviour, process
from beamish.otp.directives import (
    UNSET,
    Continue,
    Hibernate,
    Ignore,
    NoReply,
    Reply,
    Stop,
    Then,
    Timeout,
)
from beamish.otp.gen import (
    ACK,
    GEN_CALL,
    Caller,
    Hibernation,
    Starter,
    acknowledge,
    claim,
    declined,
    hibernated,
    is_coroutine,
    is_protocol,
    report_exit,
    reporting,
    run_callback,
    unclaim,
)
from beamish.otp.sys import SYSTEM, debug_options, handle_debug, handle_system_msg
from beamish.terms import NORMAL, Atom, ProcessExit, Throw
from beamish.terms.careful import class_of, is_a
from beamish.terms.ends import exit_reason
from beamish.terms.words import IN, OUT, is_word

from .steps import Later, MethodCall, dispatch, finish, loop_of
from .work import NOTHING, Work

if TYPE_CHECKING:
    from .callbacks import GenServerCallbacks

__all__ = ["run"]


_BAD_RETURN: Final = Atom("bad_return_value")
_NOREPLY: Final = Atom("noreply")
_CONTINUE: Final = Atom("continue")

_NO_KEYWORDS: Final[dict[str, Any]] = {}

_LATER: Final = (Continue, Timeout, Hibernate)
_NEXT: Final = (Stop, *_LATER)
_SILENT: Final = (NoReply, *_NEXT)


# ---- the beginning


# What `begin` returns if there will be no server.
_NO_SERVER: Final = Stop(NORMAL)


def begin(starter: Starter, work: Work) -> Any:
    """Runs init, in the new process, and tells the starter.

    An init that does not wait, and returns None, costs no coroutine: thousands of children start
    like this.

    Returns:
        What comes next, or _NO_SERVER; or a coroutine that returns it.
    """
    if work.name is not None and not claim(starter, work.name):
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
    except Hibernation as jump:
        unclaim(work.name)
        return _hibernate(jump)
    except BaseException as error:
        unclaim(work.name)
        report_exit(error)
        raise
    if result is not None or work.options:
        return reporting(_begun, (starter, work, server, result), _NO_KEYWORDS)
    work.server = server
    behaviour.acknowledge(starter, ACK)
    return None


async def _begun(starter: Starter, work: Work, server: GenServerCallbacks, result: Any) -> Then:
    """The same, if init waits or returns more than None."""
    try:
        if is_coroutine(result):
            result = await result
    except Throw as thrown:
        result = thrown.value
    except BaseException:
        unclaim(work.name)
        raise
    if result is None or result is Hibernate or _is_one_of(result, _LATER):
        if work.options:
            debug_options(work, work.options)
        work.server = server
        acknowledge(starter)
        then: Then = result
        return then
    if declined(starter, work.name, result):
        return _NO_SERVER
    raise _bad_return(result)


async def _hibernate(jump: Hibernation) -> Then:
    """Init has thrown the call stack away, and the server with it."""
    fn, args, kwargs = jump.call
    await hibernated(fn, args, kwargs)
    return _NO_SERVER


# ---- the loop


async def run(  # noqa: C901  # see below
    starter: Starter | None, work: Work, then: Then = None
) -> None:
    """Runs a server's process from its first step to its last.

    The loop is in the process' own function, and messages are handled in the loop: every message
    would have to pass through each coroutine between them.

    Args:
        starter: who waits for its start; None if the server exists already (enter_loop).
        work: the process' own.
        then: what comes first, if the server exists already.
    """
    if starter is not None:
        begun: Any = begin(starter, work)
        if begun is not None:
            then = begun if begun is _NO_SERVER else await begun
            if then is _NO_SERVER:
                return
    server = work.server
    receive: Any = process.receive
    wait: Any = None  # made with the first message: many servers hardly ever get one
    message: Any
    try:
        while True:
            message = None  # keep nothing alive while it waits
            if then is None:
                work.message = NOTHING
                if work.debug is not None or wait is None:
                    message = await receive()
                    wait = wait or loop_of(work).receive
                else:
                    message = await wait()
                    if message.__class__ is Later:  # it is the loop's own
                        then = await _go_on_with(message)
                        continue
                    message = message[0]
            elif isinstance(then, Stop):
                break
            elif isinstance(then, Timeout):
                work.message = NOTHING
                message = await _receive_within(then)
            elif isinstance(then, Continue):
                then = await _continue(work, then.arg)
                continue
            else:  # Hibernate: see there
                then = None
                continue
            then = await _handle(work, message, then)
    except GeneratorExit:
        raise  # killed: none of the server's code runs any more
    except BaseException as error:
        if not behaviour.ending():  # else an exit signal ended it: only `finally` runs
            await reporting(_failed, (server, error), _NO_KEYWORDS)
            report_exit(error)
        raise
    await reporting(_stop, (work, then), _NO_KEYWORDS)


async def _go_on_with(later: Later) -> Then:
    """Ends what a handler has begun, replies, and returns what comes next."""
    result = later.result
    try:
        if later.begun is not None:
            result = await finish(later.begun, later.awaits)
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
        seconds = max(0, seconds - process.monotonic_time())
    try:
        return await process.receive(timeout=seconds)
    except TimeoutError:
        return wait.message


async def _continue(work: Work, arg: Any) -> Then:
    if work.debug is not None:
        handle_debug(work, (_CONTINUE, arg))
    then = _after_message(await run_callback(work.server.handle_continue, arg))
    _tell_state(work)
    return then


async def _handle(work: Work, message: Any, then: Then) -> Then:
    """Handles a message the longer way, on which sys can look on."""
    if is_protocol(message):
        if is_word(message[0], SYSTEM):
            stop = await handle_system_msg(work, message[1], message[2], work.parent)
            return then if stop is None else stop
        if is_word(message[0], GEN_CALL):
            return await _handle_call(work, message)
    if work.debug is not None:
        handle_debug(work, (IN, message))
    work.message = message
    then = _after_message(await run_callback(dispatch, work, message))
    _tell_state(work)
    return then


async def _handle_call(work: Work, message: Any) -> Then:
    """Handles a call the longer way, on which sys can look on."""
    work.message = message
    if work.debug is not None:
        handle_debug(work, (IN, message))
    _, caller, request = message
    if class_of(request) is MethodCall:
        result = await run_callback(request.run, work.server)
    else:
        result = await run_callback(work.server.handle_call, request, caller)
    then = await _after_call(result, caller)
    if work.debug is not None:
        reply = _reply_in(result)
        state = work.system_get_state()
        handle_debug(work, (_NOREPLY, state) if reply is UNSET else (OUT, reply, caller, state))
    return then


def _reply_in(result: Any) -> Any:
    """The reply that was sent for a result of handle_call; UNSET if none was."""
    if is_a(result, Reply):
        return result.value
    if result is NoReply or result is Hibernate or _is_one_of(result, _SILENT):
        return UNSET
    return result


def _tell_state(work: Work) -> None:
    if work.debug is not None:
        handle_debug(work, (_NOREPLY, work.system_get_state()))


async def _after_call(result: Any, caller: Caller) -> Then:
    """What comes next if handle_call returned more than a reply."""
    if is_coroutine(result):
        result = await result
    if is_a(result, Reply):
        behaviour.reply(caller, result.value)
        return result.then
    if is_a(result, NoReply):
        return result.then
    if _is_one_of(result, _NEXT):
        then: Then = result
        return then
    if result is NoReply or result is Hibernate:
        return None
    if result is Ignore or is_a(result, Ignore):
        raise _bad_return(result)
    behaviour.reply(caller, result)  # the reply is a class, or came from a generator
    return None


def _after_message(result: Any) -> Then:
    """What comes next if there is nobody to reply to."""
    if result is None or result is NoReply or result is Hibernate:
        return None
    if is_a(result, NoReply):
        return result.then
    if _is_one_of(result, _LATER) or (is_a(result, Stop) and result.reply is UNSET):
        then: Then = result
        return then
    raise _bad_return(result)


def _is_one_of(result: Any, directives: tuple[type, ...]) -> bool:
    """Whether a result, which may be any object, is one of these directives."""
    return any(class_of(result) is directive for directive in directives)


def _bad_return(result: Any) -> ProcessExit:
    return ProcessExit((_BAD_RETURN, result))


# ---- the end


async def _stop(work: Work, stop: Any) -> None:
    reason = stop.reason
    try:
        await run_callback(work.server.terminate, reason)
    finally:
        # After terminate, as in OTP: whoever gets the reply finds the server's work done.
        if stop.reply is not UNSET and _is_call(work.message):
            behaviour.reply(work.message[1], stop.reply)
    if not is_word(reason, NORMAL):
        process.exit(reason)


def _is_call(message: Any) -> bool:
    return class_of(message) is tuple and len(message) == 3 and is_word(message[0], GEN_CALL)


async def _failed(server: GenServerCallbacks, error: BaseException) -> None:
    """Lets a server clean up that ends by an error or exit of its own."""
    await run_callback(server.terminate, exit_reason(error))
