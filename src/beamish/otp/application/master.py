"""The master of an application: the process that starts it, watches it and stops it.

It leads the group of all processes that the application's own code spawns, is linked to the
application controller, and is the parent of the application's top supervisor. Its life:

    start(type, args)       starts the top supervisor
    start_phase(...)        for each phase, if there are any
    tells the controller    that it has started
    waits                   for the end of the supervisor, or for the order to stop
    prep_stop()             only if it was ordered to stop
    exit(supervisor)        with "shutdown", and waits for its end
    stop()
    kills the rest          all processes that are still in its group

Source: kernel, application(3), "Callback Module" (OTP 25 manual).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from beamish import behaviour, process
from beamish.otp.errors import StartError
from beamish.otp.gen import is_coroutine
from beamish.terms import NORMAL, Atom, Pid, ProcessExit, Ref
from beamish.terms.careful import elements, is_a
from beamish.terms.ends import exit_in, exit_reason
from beamish.terms.errors import describe
from beamish.terms.reasons import SHUTDOWN
from beamish.terms.words import EXIT, is_word

if TYPE_CHECKING:
    from .spec import Application

__all__ = ["APPLICATION_STARTED", "APPLICATION_START_FAILURE", "kill_group", "master"]

APPLICATION_STARTED: Final = Atom("application_started")
APPLICATION_START_FAILURE: Final = Atom("application_start_failure")

_BAD_RETURN: Final = Atom("bad_return")
_START: Final = Atom("start")


async def master(controller: Pid, cls: type[Application], start_type: str) -> None:
    """Runs an application from its start to its end."""
    process.flag(trap_exit=True)
    process.set_group_leader(process.self())
    app = cls()
    try:
        supervisor = await _start(app, start_type)
        ref = process.monitor(supervisor)
        await _phases(app, start_type, supervisor, ref)
    except StartFailedError as failed:
        await kill_group(process.self())
        process.send(
            controller, (APPLICATION_START_FAILURE, process.self(), failed.reason, failed.error)
        )
        return
    process.send(controller, (APPLICATION_STARTED, process.self(), supervisor))
    reason = await _until_the_end(app, controller, supervisor, ref)
    await _call_back(app.stop)
    await kill_group(process.self())
    if not is_word(reason, NORMAL):
        process.exit(reason)


class StartFailedError(Exception):
    """The application did not start: the reason in OTP's form, and the exception."""

    def __init__(self, reason: Any, error: BaseException | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.error = error


async def _start(app: Application, start_type: str) -> Pid:
    """Calls the application's start; returns its top supervisor."""
    call = (Atom(app.name), _START, (Atom(start_type), app.args))
    try:
        result: Any = app.start(start_type, app.args)
        if is_coroutine(result):
            result = await result
    except StartError as error:
        raise StartFailedError((error.reason, call), error) from error
    except BaseException as error:
        failed = _start_failure(error, call)
        if failed is None:
            raise
        raise failed from failed.error
    if is_a(result, Pid):
        return result
    raise StartFailedError((_BAD_RETURN, (call, result)), _wrong_return(app, result))


def _start_failure(error: BaseException, call: Any) -> StartFailedError | None:
    """What it means that the application's start has raised this; None for an end of the master."""
    if not process.alive(process.self()):
        return None  # it was killed, and nobody waits for the start any more
    raised = error if is_a(error, Exception) else None
    exits = exit_in(error)
    if exits is None:
        return None if raised is None else StartFailedError((raised, call), raised)
    if is_word(exits.reason, NORMAL):
        return StartFailedError(((EXIT, NORMAL), call), raised)
    return StartFailedError((_BAD_RETURN, (call, (EXIT, exits.reason))), raised)


def _wrong_return(app: Application, result: Any) -> TypeError:
    return TypeError(
        f"{type(app).__name__}.start: expected the pid of the top supervisor, "
        f"as Supervisor.start_link returns it; got {describe(result)}"
    )


async def _phases(app: Application, start_type: str, supervisor: Pid, ref: Ref) -> None:
    for phase, args in app.start_phases:
        call = (Atom(app.name), Atom("start_phase"), (Atom(phase), Atom(start_type), args))
        try:
            result: Any = app.start_phase(phase, start_type, args)
            if is_coroutine(result):
                await result
        except Exception as error:
            process.exit(supervisor, "shutdown")
            await behaviour.receive_reply(ref)
            raise StartFailedError((exit_reason(error), call), error) from error


async def _until_the_end(app: Application, controller: Pid, supervisor: Pid, ref: Ref) -> Any:
    """Waits until the application has ended, by itself or by order of the controller."""
    while True:
        match elements(await process.receive()):
            case [_, pid, _] if pid is controller:
                await _call_back(app.prep_stop)
                process.exit(supervisor, "shutdown")
                await behaviour.receive_reply(ref)
                return SHUTDOWN
            case [_, pid, reason] if pid is supervisor:
                return reason
            case [_, watch, _, _, reason] if watch is ref and not _is_linked(supervisor):
                return reason
            case _:
                pass  # messages left over from the start, such as Exit messages


def _is_linked(supervisor: Pid) -> bool:
    """Whether its link will say why it ends; a monitor made after its end was decided cannot."""
    return supervisor in process.info(process.self(), "links")


async def _call_back(callback: Any) -> None:
    """Runs a callback at the end; if it raises, that is reported, and the end goes on."""
    try:
        result = callback()
        if is_coroutine(result):
            await result
    except (Exception, ProcessExit) as error:
        if not process.alive(process.self()):
            raise
        behaviour.report_crash(exit_reason(error))


async def kill_group(leader: Pid) -> None:
    """Kills all processes of a group except its leader, and waits until they are gone."""
    while members := _members(leader):
        refs = [process.monitor(pid) for pid in members]
        for pid in members:
            process.exit(pid, "kill")
        for ref in refs:
            await behaviour.receive_reply(ref)


def _members(leader: Pid) -> list[Pid]:
    me = process.self()
    return [pid for pid in behaviour.group_members(leader) if pid is not leader and pid is not me]
