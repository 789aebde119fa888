"""Switches between the greenlets of the scheduler, among those of other libraries.

SQLAlchemy's async engine, greenback and the like run plain code in a greenlet of their own, and
await by a switch to the greenlet that ran the process when theirs was made: its parent, or one that
they remember. That is a worker of the scheduler's, and the process may be run by another one by
then, while the first is parked with the stack of another process, or idle.

So what comes to a greenlet that has no turn is not for it: a value, an exception, the end of a
greenlet. It is passed on to the greenlet that has the turn, where the process waits for it. Only
the scheduler gives a turn, and it does so with `TURN`.

Limits: code in such a greenlet is not parked, for its process is not below it on the stack (see
preemption.py); and ``getcurrent()`` does not say which process runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from greenlet import GreenletExit, getcurrent, greenlet

if TYPE_CHECKING:
    from .scheduler import Scheduler

__all__ = ["give_turn"]

TURN: Final = object()


def give_turn(scheduler: Scheduler, to: greenlet) -> None:
    """Gives the turn to another greenlet; returns when this one has it again.

    Raises:
        BaseException: what has ended the other one, if this is its parent; GreenletExit if this one
            is to end.
    """
    scheduler.running = to
    try:
        value = to.switch(TURN)
    except BaseException as error:
        if _is_for(getcurrent(), scheduler, error):
            raise
        _pass_on(scheduler, None, error)
    else:
        if value is not TURN:
            _pass_on(scheduler, value, None)


def _is_for(me: greenlet, scheduler: Scheduler, error: BaseException) -> bool:
    """Whether it ends this greenlet, or has ended the worker that had the turn."""
    running = scheduler.running
    if running.dead:
        scheduler.running = running = me
    return running is me or isinstance(error, GreenletExit)


def _pass_on(scheduler: Scheduler, value: Any, error: BaseException | None) -> None:
    me = getcurrent()
    while value is not TURN and (running := scheduler.running) is not me:
        try:
            if error is None:
                value = running.switch(value)
            else:
                # The frames of this greenlet are none of the exception's business.
                traceback, thrown, error = error.__traceback__, error, None
                rest = None if traceback is None else traceback.tb_next
                value = running.throw(type(thrown), thrown, rest)
        except BaseException as another:
            if _is_for(me, scheduler, another):
                raise
            error = another
