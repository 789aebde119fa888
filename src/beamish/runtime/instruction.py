"""The instruction at which a signal has interrupted a process: what it does, and raising there.

A signal is handled between two bytecodes, or by a C function that waits: for a lock, for a file.
The interrupted instruction tells which: that of a call names the function that it calls. A signal
that comes in a call of a function in C may be handled right after it, so where the call is one of
those below, the process may be in it.
"""

from __future__ import annotations

import _io
import dis
import functools
import opcode
import sys
import weakref
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any, Final

from beamish.terms.careful import class_of

from .named import MISSING, attribute, named_in, variable

if TYPE_CHECKING:
    from types import CodeType, FrameType

__all__ = ["is_at_a_file", "is_at_a_lock", "raise_in"]

_NOP: Final = opcode.opmap["NOP"]
_CACHE: Final = opcode.opmap["CACHE"]

# The functions that wait for a lock. Until CPython 3.12 a thread is joined by its lock.
_OF_LOCKS: Final = frozenset({"acquire", "__enter__", "join", "_acquire_restore"})

# The functions of files, for a file that the code does not name.
_OF_FILES: Final = frozenset(
    (
        *("write", "writelines", "flush", "print", "truncate", "close", "detach", "seek", "tell"),
        *("read", "read1", "readinto", "readline", "readlines", "readall", "peek", "input"),
    )
)


def _instruction(frame: FrameType) -> tuple[int, str]:
    """The offset of the instruction, and its name."""
    code, offset = frame.f_code.co_code, frame.f_lasti
    while code[offset] == _CACHE:  # in CPython 3.11, while a function in Python is called
        offset -= 2
    return offset, opcode.opname[code[offset]]


def is_at_a_lock(frame: FrameType) -> bool:
    """Whether it is in, or right after, a call that waits for a lock."""
    if _instruction(frame)[1] == "BEFORE_WITH":
        return True
    _, name = _method(frame)
    return _is_one_of(name, _OF_LOCKS, frame)


def is_at_a_file(frame: FrameType) -> bool:
    """Whether it is in, or right after, a call of a file: it may be in the middle of its buffer.

    Whoever uses the file then gets a RuntimeError ("reentrant call").
    """
    if _instruction(frame)[1] == "FOR_ITER":  # no signal is handled after it, so it is in it
        return True
    owner, name = _method(frame)
    if name == "__exit__":
        return any(map(_is_file, named_in(frame)))
    return _is_file(owner) if owner is not MISSING else _is_one_of(name, _OF_FILES, frame)


def _method(frame: FrameType) -> tuple[Any, str]:
    """The object whose method the interrupted instruction calls, or MISSING; and the method."""
    path = _called(frame)
    if path is None:
        return MISSING, "no call"
    owner = MISSING
    value = variable(frame, path[0])
    for name in path[1:]:
        owner, value = value, attribute(value, name)
    if type(value) is BuiltinFunctionType:  # `write = file.write`
        return value.__self__, value.__name__
    return owner, path[-1]


def _is_one_of(name: str, functions: frozenset[str], frame: FrameType) -> bool:
    """Whether the call is of one of these; without a name, whether its code names one of them."""
    return name in functions or (not name and not functions.isdisjoint(frame.f_code.co_names))


def _is_file(value: Any) -> bool:
    kind = class_of(value)
    return issubclass(kind, _io._IOBase) and kind not in (_io.BytesIO, _io.StringIO)


# ---- what is called


def _called(frame: FrameType) -> tuple[str, ...] | None:
    """The names by which the interrupted instruction calls a function: `("self", "out", "write")`.

    The first is empty where it is no variable, and so is the last where it is not known (without
    the columns of the source, by `python -X no_debug_ranges`). None if it does not call.
    """
    offset, instruction = _instruction(frame)
    if "CALL" not in instruction:
        return None
    code = frame.f_code
    known = _calls.get(id(code))
    if known is None:
        if len(_calls) >= _MOST:
            _calls.clear()
        known = _calls[id(code)] = (code, _calls_in(code))
    return known[1].get(offset, ("", ""))


_MOST: Final = 1000
_calls: Final[dict[int, tuple[CodeType, dict[int, tuple[str, ...]]]]] = {}


def _calls_in(code: CodeType) -> dict[int, tuple[str, ...]]:
    steps = [step for step in dis.get_instructions(code) if step.opname != "PRECALL"]
    return {
        step.offset: _callee(steps, place)
        for place, step in enumerate(steps)
        if "CALL" in step.opname
    }


def _callee(steps: list[dis.Instruction], place: int) -> tuple[str, ...]:
    """Of a `with`, the methods that it calls; else what has the place of the call in the source."""
    if steps[place - 1].opname == "LOAD_SPECIAL":
        return "", steps[place - 1].argrepr
    begin, end = _range(steps[place])
    nones = steps[max(place - 3, 0) : place]
    if all(step.argval is None and _range(step) == (begin, end) for step in nones):
        return "", "__exit__"
    for before in range(place - 1, -1, -1):
        first, last = _range(steps[before])
        if first == begin and last < end and _names(steps[before]):
            return _path(steps, before)
    return "", ""


def _range(step: dis.Instruction) -> tuple[tuple[int, int], tuple[int, int]]:
    at = step.positions
    if at is None or at.col_offset is None or at.end_col_offset is None:
        return (0, 0), (0, 0)
    return (at.lineno or 0, at.col_offset), (at.end_lineno or 0, at.end_col_offset)


def _path(steps: list[dis.Instruction], place: int) -> tuple[str, ...]:
    path: list[str] = []
    while place >= 0 and (names := _names(steps[place])):
        path.insert(0, names[-1])
        if steps[place].opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            return tuple(path)
        place -= 1
    return "", *path


def _names(step: dis.Instruction) -> tuple[str, ...]:
    """What an instruction loads, by its name; two of them in some."""
    if not step.opname.startswith("LOAD_") or "CONST" in step.opname:
        return ()
    return (step.argval,) if isinstance(step.argval, str) else tuple(step.argval or ())


# ---- raising


def raise_in(frame: FrameType, error: BaseException) -> None:
    """Raises an exception in an interrupted frame.

    Until CPython 3.12 an exception from a signal handler that interrupts a backward jump is looked
    up one instruction before the jump's target. If a `try` begins with the loop, that is before the
    `try`, and its `finally` would be skipped. So a trace function raises at the next instruction,
    which is in the `try`.

    CPython drops a trace function that raises, and the global one with it. The frame lets go of
    ours last, so that is when the user's are put back.
    """
    if sys.version_info >= (3, 13) or "JUMP_BACKWARD" not in _instruction(frame)[1]:
        raise error
    trace = functools.partial(_throw, error)
    users = sys.gettrace(), frame.f_trace, frame.f_trace_opcodes
    weakref.finalize(trace, _put_back, frame, *users).atexit = False
    frame.f_trace, frame.f_trace_opcodes = trace, True
    sys.settrace(_no_trace)


def _throw(error: BaseException, frame: FrameType, _event: str, _arg: object) -> None:
    """Raises, but not at a NOP: that of a `try:` is in the range of no handler around it."""
    if frame.f_code.co_code[frame.f_lasti] != _NOP:
        raise error


def _put_back(frame: FrameType, tracer: Any, local: Any, opcodes: bool) -> None:
    frame.f_trace, frame.f_trace_opcodes = local, opcodes
    sys.settrace(tracer)


def _no_trace(_frame: FrameType, _event: str, _arg: object) -> None:
    """Traces nothing: tracing must be on for a frame's own trace function to be called."""
