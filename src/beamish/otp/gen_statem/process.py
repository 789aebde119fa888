"""The process of a state machine, from its first step to its last.

It ends as a GenServer does: ``terminate`` runs exactly once for a Stop, an error in a callback, an
exit by the machine itself and, while it traps exits, an exit of its parent, and never when an
exit signal has ended the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from beamish import behaviour, process
from beamish.otp.gen import (
    Name,
    Starter,
    acknowledge,
    claim,
    declined,
    report_exit,
    reporting,
    run_callback,
    unclaim,
)
from beamish.otp.sys import debug_options, handle_debug
from beamish.terms import NORMAL, Atom, ProcessExit
from beamish.terms.careful import is_a
from beamish.terms.ends import exit_reason
from beamish.terms.words import TERMINATE, is_word

from .engine import Engine
from .values import NextState

if TYPE_CHECKING:
    from .callbacks import GenStatemCallbacks

__all__ = ["Setup", "live", "run"]

_BAD_RETURN: Final = Atom("bad_return_from_init")
_NO_KEYWORDS: Final[dict[str, Any]] = {}


class Setup(NamedTuple):
    """What a state machine is started with."""

    cls: type[GenStatemCallbacks]
    base: type[GenStatemCallbacks]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    name: Name | None
    linked: bool
    debug: tuple[Any, ...] = ()


async def run(starter: Starter, setup: Setup) -> None:
    """Runs a state machine's process."""
    begun = await reporting(_begin, (starter, setup), _NO_KEYWORDS)
    if begun is not None:
        await live(*begun)


async def _begin(starter: Starter, setup: Setup) -> tuple[Engine, NextState] | None:
    """Runs init and tells the starter; None if there will be no machine."""
    if not claim(starter, setup.name):
        return None
    try:
        machine = setup.cls()
        engine = Engine(machine, setup.base, starter[0] if setup.linked else None)
        result = await run_callback(machine.init, *setup.args, **setup.kwargs)
    except BaseException:
        unclaim(setup.name)
        raise
    if is_a(result, NextState):
        if setup.debug:
            debug_options(engine, setup.debug)
        acknowledge(starter)
        return engine, result
    if declined(starter, setup.name, result):
        return None
    raise ProcessExit((_BAD_RETURN, result))


async def live(engine: Engine, first: NextState) -> None:
    """Runs a machine that has started until it ends."""
    behaviour.serving(engine)
    try:
        stop = await engine.begin(first) or await engine.run()
    except GeneratorExit:
        raise  # killed: none of the machine's code runs any more
    except BaseException as error:
        if not behaviour.ending():  # else an exit signal ended it: only `finally` runs
            await reporting(_failed, (engine, error), _NO_KEYWORDS)
            report_exit(error)
        raise
    await reporting(_stop, (engine, stop.reason), _NO_KEYWORDS)


async def _stop(engine: Engine, reason: Any) -> None:
    if engine.debug is not None:
        handle_debug(engine, (TERMINATE, reason, engine.state))
    await run_callback(engine.machine.terminate, reason, engine.state)
    if not is_word(reason, NORMAL):
        process.exit(reason)


async def _failed(engine: Engine, error: BaseException) -> None:
    """Lets a machine clean up that ends by an error or exit of its own."""
    await run_callback(engine.machine.terminate, exit_reason(error), engine.state)
