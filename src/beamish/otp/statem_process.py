"""The process of a state machine, from its first step to its last.

Its end is a GenServer's: ``terminate`` runs exactly once for a Stop, an error in a callback, an
exit by the machine itself and, while it traps exits, an exit of its parent, and never when an
exit signal has ended the process.
"""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from beamish import process
from beamish.terms import NORMAL, Atom, Pid, ProcessExit, Throw

from . import names, starting
from .awaiting import is_coroutine
from .directives import Fail, Ignore, Stop
from .names import Name
from .special import debug_options, handle_debug
from .statem_loop import Engine
from .statem_values import NextState

if TYPE_CHECKING:
    from .gen_statem import GenStatem

__all__ = ["Setup", "live", "run"]

_BAD_RETURN: Final = Atom("bad_return_from_init")
_TERMINATE: Final = Atom("terminate")
_CANCELLED: Final = Atom("cancelled")
_NO_KEYWORDS: Final[dict[str, Any]] = {}


class Setup(NamedTuple):
    """What a state machine is started with."""

    cls: type[GenStatem]
    base: type[GenStatem]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    name: Name | None
    parent: Pid | None
    debug: tuple[Any, ...] = ()


async def run(starter: starting.Starter, setup: Setup) -> None:
    """Runs a state machine's process."""
    begun = await starting.reporting(_begin, (starter, setup), _NO_KEYWORDS)
    if begun is not None:
        await live(*begun)


async def _begin(starter: starting.Starter, setup: Setup) -> tuple[Engine, NextState] | None:
    """Runs init and tells the starter; None if there shall be no machine."""
    if not starting.claim(starter, setup.name):
        return None
    try:
        machine = setup.cls()
        engine = Engine(machine, setup.base, setup.parent)
        result = await _run(machine.init, *setup.args, **setup.kwargs)
    except BaseException:
        _unclaim(setup.name)
        raise
    if isinstance(result, NextState):
        if setup.debug:
            debug_options(engine, setup.debug)
        starting.acknowledge(starter)
        return engine, result
    _unclaim(setup.name)
    if result is Ignore or isinstance(result, Ignore):
        starting.ignore(starter)
        return None
    if isinstance(result, Fail):
        starting.fail(starter, result.reason)
        return None
    raise ProcessExit(result.reason if isinstance(result, Stop) else (_BAD_RETURN, result))


def _unclaim(name: Name | None) -> None:
    """Frees a via name before anyone hears that the start failed; a local one goes by itself."""
    if name is not None:
        names.unregister(name)


async def live(engine: Engine, first: NextState) -> None:
    """Runs a machine that has started, to its end."""
    process.serving(engine)
    try:
        stop = await engine.begin(first) or await engine.run()
    except GeneratorExit:
        raise  # killed: no code of the machine's runs any more
    except BaseException as error:
        if not process.ending():  # else an exit signal ended it: only `finally` runs
            await starting.reporting(_failed, (engine, error), _NO_KEYWORDS)
            starting.report_exit(error)
        raise
    await starting.reporting(_stop, (engine, stop.reason), _NO_KEYWORDS)


async def _stop(engine: Engine, reason: Any) -> None:
    if engine.debug is not None:
        handle_debug(engine, (_TERMINATE, reason, engine.state))
    await _run(engine.machine.terminate, reason, engine.state)
    if not (isinstance(reason, str) and reason == NORMAL):
        process.exit(reason)


async def _failed(engine: Engine, error: BaseException) -> None:
    """Lets a machine that goes down by its own doing clean up."""
    reason: Any = error
    if isinstance(error, ProcessExit):
        reason = error.reason
    elif isinstance(error, CancelledError):
        reason = _CANCELLED
    await _run(engine.machine.terminate, reason, engine.state)


async def _run(callback: Any, *args: Any, **kwargs: Any) -> Any:
    """Calls a callback, `def` or `async def`; what it throws is what it returns, as in OTP."""
    try:
        result = callback(*args, **kwargs)
        return await result if is_coroutine(result) else result
    except Throw as thrown:
        return thrown.value
