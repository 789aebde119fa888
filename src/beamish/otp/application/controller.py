"""The application controller: the one process of a node that starts and stops applications.

It is made on first use, without waiting, and outlives the process that first needed it. It starts
applications concurrently and stops them one at a time. When the node stops, it stops all of them,
the latest first. When a permanent application ends it does the same and then ends the program: the
node's main process gets the exit signal ``("application_terminated", name, reason)``.

Source: kernel, application(3), "Starting and Stopping" and the restart types (OTP 25 manual).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from beamish import behaviour, process
from beamish.terms import NORMAL, SHUTDOWN, Atom, Exit, Pid
from beamish.terms.careful import class_of, elements, is_a
from beamish.terms.words import ALREADY_STARTED, ERROR, OK, by_word, is_word

from .finding import NOT_LOADED, needs
from .master import APPLICATION_START_FAILURE, APPLICATION_STARTED, kill_group, master
from .table import NAME, Running, Table, keep_table, table_of_node

__all__ = ["REQUEST", "table"]

REQUEST: Final = Atom("$application")

_TERMINATED: Final = Atom("application_terminated")

# Seconds that the main process has to end, after a permanent application has ended.
_PATIENCE: Final = 5.0

_logger: Final = logging.getLogger("beamish")

Caller = tuple[Pid, Any]


def table() -> Table:
    """The table of the running node, and with it the controller, made on first use.

    Only the node's thread may change the table; readers on others use ``table_of_node``.
    """
    behaviour.check_thread()
    found = table_of_node()
    if found is None:
        found = Table()
        root = (process.ancestors() or [process.self()])[-1]
        pid = process.spawn_opt(_run, found, root, name=NAME, label="application controller")
        keep_table(pid, found)
    return found


async def _run(table: Table, root: Pid) -> None:
    process.flag(trap_exit=True)
    # It belongs to no application, whichever process made it.
    process.set_group_leader(None)
    await _Controller(table, root).run()


@dataclass(slots=True)
class _Application:
    """An application that runs or is starting.

    Attributes:
        name: its name.
        type: permanent, transient or temporary.
        callers: the callers that wait for its start.
    """

    name: str
    type: str
    callers: list[Caller] = field(default_factory=list[Caller])


class _HaltError(Exception):
    """The node must stop, for this reason."""

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)
        self.reason = reason


class _Controller:
    def __init__(self, table: Table, root: Pid) -> None:
        self.table = table
        self.root = root
        self.starting: dict[str, Pid] = {}
        # By master that has not ended, even if its application did not start.
        self.masters: dict[Pid, _Application] = {}

    async def run(self) -> None:
        """Serves until the node stops."""
        reason: Any = SHUTDOWN
        try:
            while not await self._next(await process.receive()):
                pass
        except _HaltError as halt:
            reason = (SHUTDOWN, halt.reason)
        await self._stop_all()
        if reason is not SHUTDOWN:
            process.spawn(_end_main, self.root, reason[1])
        process.exit(reason)

    async def _next(self, message: Any) -> bool:
        """Handles a message; returns whether it was the order to end."""
        if class_of(message) is Exit:
            pid, reason = message.pid, message.reason
            if not is_a(pid, Pid) or pid not in self.masters:
                return not is_word(reason, NORMAL)  # from the process that stops the node
            self._ended(pid, reason)
            return False
        match elements(message):
            case [tag, caller, request] if tag is REQUEST:
                await self._handle(caller, request)
            case [tag, pid, supervisor] if tag is APPLICATION_STARTED:
                self._started(pid, supervisor)
            case [tag, pid, reason, error] if tag is APPLICATION_START_FAILURE:
                self._failed(pid, reason, error)
            case _:
                pass
        return False

    async def _handle(self, caller: Caller, request: Any) -> None:
        match by_word(request):
            case ("start", name, kind):
                self._start(caller, name, kind)
            case ("stop", name):
                behaviour.reply(caller, await self._stop_one(name))
            case _:
                pass

    # ---- starting

    def _start(self, caller: Caller, name: str, kind: str) -> None:
        refusal = self._refusal(name)
        if refusal is not None:
            behaviour.reply(caller, (ERROR, refusal, None))
            return
        if name in self.starting:  # a second caller gets the same reply as the first
            self.masters[self.starting[name]].callers.append(caller)
            return
        cls = self.table.loaded[name].cls
        if cls.is_library():
            self.table.started[name] = Running(None, None)
            behaviour.reply(caller, (OK, None, None))
            return
        me = process.self()
        pid = process.spawn_opt(master, me, cls, "normal", link=True, label=f"application {name}")
        self.starting[name] = pid
        self.masters[pid] = _Application(name, kind, [caller])

    def _refusal(self, name: str) -> Any:
        """Why an application cannot be started now, in OTP's words; None if it can be."""
        if name not in self.table.loaded:
            return (NOT_LOADED, Atom(name))
        if name in self.table.started:
            return (ALREADY_STARTED, Atom(name))
        for needed in needs(self.table.loaded[name].cls):
            if needed not in self.table.started:
                return (Atom("not_started"), Atom(needed))
        return None

    def _started(self, pid: Pid, supervisor: Pid) -> None:
        app = self.masters.get(pid)
        if app is None or self.starting.pop(app.name, None) is None:
            return
        self.table.started[app.name] = Running(pid, supervisor)
        _logger.debug("Application %s started at %r", app.name, process.self())
        self._reply(app, (OK, None, None))

    def _failed(self, pid: Pid, reason: Any, error: BaseException | None) -> None:
        """Handles a failed start; the type of the application says what it means for the node."""
        app = self.masters.get(pid)
        if app is None or self.starting.pop(app.name, None) is None:
            return
        self._reply(app, (ERROR, reason, error))
        if app.type == "permanent" or (app.type == "transient" and not _ended_normally(reason)):
            # The caller of start reports it; a report here would be the second one.
            self._halt(app, (APPLICATION_START_FAILURE, Atom(app.name), reason), logging.DEBUG)

    def _reply(self, app: _Application, reply: tuple[Any, ...]) -> None:
        for caller in app.callers:
            behaviour.reply(caller, reply)
        app.callers.clear()

    # ---- the end of one

    def _ended(self, pid: Pid, reason: Any) -> None:
        """Handles the end of a master that was not ordered to end."""
        if self.masters[pid].name in self.starting:  # killed before it could report its start
            self._failed(pid, reason, None)
        app = self.masters.pop(pid)
        if self.table.started.pop(app.name, None) is None:
            return  # the application had not started
        if app.type == "permanent" or (app.type == "transient" and not is_word(reason, NORMAL)):
            self._halt(app, (_TERMINATED, Atom(app.name), reason), logging.ERROR)
        _report(logging.INFO, app, reason)

    def _halt(self, app: _Application, reason: Any, level: int) -> NoReturn:
        _report(level, app, reason[2], "; the node stops")
        raise _HaltError(reason)

    async def _stop_one(self, name: str) -> tuple[Any, ...]:
        """Stops an application on request."""
        running = self.table.started.pop(name, None)
        if running is None:
            return (ERROR, (Atom("not_started"), Atom(name)))
        if running.master is not None:
            app = self.masters.pop(running.master)
            await self._stop_master(name, running.master)
            _report(logging.INFO, app, Atom("stopped"))
        return (OK, None)

    async def _stop_all(self) -> None:
        """Stops all applications that run, the latest first, and those that are starting."""
        for name, pid in reversed(self.starting.items()):
            self._reply(self.masters[pid], (ERROR, SHUTDOWN, None))
            await _kill(pid)
            _logger.debug("Application %s was starting when the node stopped", name)
        while self.table.started:
            name, running = self.table.started.popitem()
            if running.master is not None:
                await self._stop_master(name, running.master)

    async def _stop_master(self, name: str, pid: Pid) -> None:
        """Stops an application in order; kills all of it if it takes too long."""
        limit = self.table.loaded[name].cls.shutdown
        process.unlink(pid)
        ref = process.monitor(pid)
        process.exit(pid, SHUTDOWN)
        try:
            await behaviour.receive_reply(ref, limit)
        except TimeoutError:
            process.demonitor(ref, flush=True)
            _logger.error(  # noqa: TRY400 - the time is over: that is all
                "Application %s did not stop within %s s and was killed", name, limit
            )
            await _kill(pid)


async def _kill(pid: Pid) -> None:
    """Kills a master and its group."""
    process.unlink(pid)
    ref = process.monitor(pid)
    process.exit(pid, "kill")
    await kill_group(pid)
    await behaviour.receive_reply(ref)


async def _end_main(root: Pid, reason: Any) -> None:
    """Ends the main process, and with it the program; kills it if it does not end in time."""
    ref = process.monitor(root)
    process.exit(root, reason)
    try:
        await behaviour.receive_reply(ref, _PATIENCE)
    except TimeoutError:
        process.exit(root, "kill")


def _ended_normally(reason: Any) -> bool:
    """Whether a start called ``exit(normal)``: {{'EXIT', normal}, Call}."""
    match by_word((elements(reason) or [None])[0]):
        case ("EXIT", why):
            return is_word(why, NORMAL)
        case _:
            return False


def _report(level: int, app: _Application, reason: Any, then: str = "") -> None:
    behaviour.report(
        level,
        "application",
        "Application %s exited: %s (it is %s%s)",
        lambda: (
            (app.name, _shown(reason), app.type, then),
            {"application": app.name, "reason": reason, "type": app.type},
        ),
    )


def _shown(reason: Any) -> Any:
    """The failure, without the call that OTP's reasons include."""
    parts = elements(reason)
    return parts[0] if parts and is_a(parts[0], Exception) else reason
