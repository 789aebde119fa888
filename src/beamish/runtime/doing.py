"""What a process does, in words: for the error of a call whose time is up.

It runs in the process that waited, so no code of the user's runs, not even a ``__repr__``, and
whatever fails, the text is only shorter. Many may time out at once with one server, so a process is
looked at once in a turn of the loop.
"""

from __future__ import annotations

import sys
from types import CoroutineType, FrameType, GeneratorType
from typing import TYPE_CHECKING, Any, Final

from beamish.terms import Pid
from beamish.terms.careful import class_name, elements, is_a, module_name
from beamish.terms.outline import outline
from beamish.terms.printable import one_line

from .here import running_node
from .states import (
    DEAD,
    EXIT_PENDING,
    OUTSIDE,
    WAIT_ANY,
    WAIT_FUTURE,
    WAIT_MATCH,
    WAIT_REPLY,
    WAIT_SCAN,
    WAIT_WAKE,
    WOKEN,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .node import Node
    from .process import Process

__all__ = ["doing"]

_HOPS: Final = 3  # processes of which each waits for the next
_DEEPEST: Final = 1000  # frames

_WAITS: Final = {
    WAIT_ANY: "waits for a message",
    WAIT_MATCH: "waits for a message that matches",
    WAIT_SCAN: "waits for a message that matches",
    WAIT_WAKE: "waits for a timer, a socket or the like",
}


def doing(pid: Pid) -> str | None:
    """What a process does, in words; None if that is not known.

    Its status, whom it waits for, where it runs, what it works on, and how long its queue is;
    likewise of the process that it waits for.

    Args:
        pid: a process of this node.
    """
    node = running_node()
    try:
        told = _told_in_this_turn(node)
        text = told.get(pid)
        if text is None:
            text = told[pid] = "; ".join(_chain(pid))
    except Exception:
        return None
    return text


_TOLD: Final = "doing"


def _told_in_this_turn(node: Node) -> dict[Pid, str]:
    told: dict[Pid, str] | None = node.things.get(_TOLD)
    if told is None:
        told = node.things[_TOLD] = {}
        node.loop.call_soon(node.things.pop, _TOLD, None, context=node.scheduler.context)
    return told


def _chain(pid: Pid) -> Iterator[str]:
    proc: Process | None = pid._process
    if proc is None:
        yield f"{pid!r} has ended"
    seen: list[Process] = []
    while proc is not None and proc not in seen and len(seen) < _HOPS:
        seen.append(proc)
        yield _one(proc)
        proc = _waits_for(proc)


def _waits_for(proc: Process) -> Process | None:
    """The process for whose reply this one waits."""
    if proc.state != WAIT_REPLY:
        return None
    found: Process | None = getattr(proc.pattern, "_watched", None)
    return found


def _one(proc: Process) -> str:
    """One process."""
    parts = [f"{_who(proc)} {_status(proc)}", *_where(proc), *_work(proc)]
    waiting = len(proc.mailbox or ())
    return f"{', '.join(parts)}, with {waiting} message{'s'[: waiting != 1]} in its queue"


def _who(proc: Process) -> str:
    called: Any = proc.rare.name if proc.rare is not None else None
    if called is None:
        called = proc.label()
    shown = one_line(str.__str__(called)) if is_a(called, str) else ""
    return f"{proc.pid!r} ({shown})" if shown else repr(proc.pid)


def _status(proc: Process) -> str:
    state = proc.state
    if state == WAIT_REPLY:
        other = _waits_for(proc)
        return f"waits for {_who(other)}" if other is not None else "waits for a reply"
    if state == WAIT_FUTURE:
        return f"awaits a {one_line(class_name(proc.waiter))}"
    if state == OUTSIDE:
        return "is an asyncio Task"
    if state >= EXIT_PENDING:
        return "has ended" if state == DEAD else "is ending"
    return _WAITS.get(state) or ("computes" if proc.parked is not None else "is about to run")


# ---- what it works on


def _work(proc: Process) -> list[str]:
    serving = proc.serving
    message = serving.message if serving is not None else None
    if message is None or type(message) is object:  # a behaviour has nothing at hand
        message = proc.value if proc.state != WOKEN else None
    if message is None:
        return []
    parts = elements(message)
    if len(parts) == 3 and len(elements(parts[1])) == 2:
        return [f"working on the request {outline(parts[2])}"]
    return [f"working on {outline(message)}"]


# ---- where it is


def _where(proc: Process) -> list[str]:
    """The innermost line of the user's code; else of what that has called."""
    frames = [*_frames(proc)]
    users = [one for one in frames if _is_users(one)]
    if not users:
        return []
    frame = users[-1]
    code = frame.f_code
    return [f"in {one_line(code.co_qualname)} ({one_line(code.co_filename)}:{frame.f_lineno})"]


def _is_users(frame: FrameType) -> bool:
    top = module_name(frame.f_globals).partition(".")[0]
    return top != "beamish" and top not in sys.stdlib_module_names


def _frames(proc: Process) -> Iterator[FrameType]:
    """The frames that it waits in, or was parked in, the outermost first."""
    if proc.parked is not None:
        inner: list[FrameType] = []
        frame: FrameType | None = proc.parked.gr_frame
        while frame is not None and len(inner) < _DEEPEST:
            inner.append(frame)
            frame = frame.f_back
        yield from reversed(inner)
        return
    outside = proc.rare.outside if proc.rare is not None else None
    yield from _suspended(proc.coro if outside is None else outside.task.get_coro())


def _suspended(awaited: Any) -> Iterator[FrameType]:
    """The frames of a coroutine and of those that it awaits."""
    frame: FrameType | None
    inner: Any
    for _ in range(_DEEPEST):
        if type(awaited) is CoroutineType:
            frame, inner = awaited.cr_frame, awaited.cr_await
        elif type(awaited) is GeneratorType:
            frame, inner = awaited.gi_frame, _inner(awaited)
        else:
            return
        if frame is None:
            return
        yield frame
        awaited = _begun(frame) if inner is None else inner


def _inner(generator: Any) -> Any:
    return generator.gi_yieldfrom


def _begun(frame: FrameType) -> Any:
    """The coroutine of a handler that a behaviour goes on with by hand (gen_server/steps.py)."""
    return frame.f_locals.get("begun") if _is_beamish(frame) else None


def _is_beamish(frame: FrameType) -> bool:
    return module_name(frame.f_globals).startswith("beamish.")
