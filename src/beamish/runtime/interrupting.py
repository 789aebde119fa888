"""When and where a cancellation is raised in code that computes.

A process answers a cancellation where it awaits. One that computes instead is interrupted, once it
has ignored the cancellation for a while, where it is. Not in what must run to its end: an except
handler, a `finally`, the exit of a ``with``; the next tick tries again.

A handler is known by the exception that is being handled. A `finally` or an exit that runs because
all went well is known by the bytecode: the compiler writes it a second time, for when something is
raised, and both copies have the same place in the source.
"""

from __future__ import annotations

import dis
import sys
from functools import lru_cache
from time import thread_time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from .asyncio_task import state_or_none, take_cancellation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

    from .process import Process

__all__ = ["count_time", "ignored_cancellation", "may_interrupt"]

PATIENCE: Final = 0.05  # seconds of its own CPU time for which a process may ignore a cancellation

_Point: TypeAlias = tuple[int, tuple[int, ...]]  # an offset in a function; see _successors

_EXITS: Final = ("__exit__", "__aexit__")


def count_time(proc: Process) -> None:
    """Counts what a process has computed since it was resumed: it is about to be parked."""
    state = state_or_none(proc)
    if state is not None and state.resumed is not None:
        state.ignored += thread_time() - state.resumed


def ignored_cancellation(proc: Process, frame: FrameType) -> BaseException | None:
    """The CancelledError to raise in a process that goes on after it was parked, if there is one.

    Args:
        frame: where it goes on.
    """
    state = state_or_none(proc)
    if state is None or not state.must_cancel:
        return None
    if state.ignored >= PATIENCE and not state.deferred and may_interrupt(frame):
        return take_cancellation(proc)
    state.resumed = thread_time()
    return None


def may_interrupt(frame: FrameType) -> bool:
    """Whether an exception may be raised in this frame, with regard to all that have called it."""
    if sys.exc_info()[0] is not None or frame.f_lasti in _places(frame.f_code).before:
        return False
    caller: FrameType | None = frame
    while caller is not None:
        code = caller.f_code
        if code.co_name in _EXITS:
            return False
        if caller is not frame and caller.f_lasti in _places(code).within:
            return False
        caller = caller.f_back
    return True


class _Places(NamedTuple):
    """The offsets in a function at which it must not be interrupted.

    Attributes:
        within: of the instructions that must run to their end.
        before: the same for a function that was stopped between two instructions: it stands at the
            first of them.
    """

    within: frozenset[int]
    before: frozenset[int]


@lru_cache(maxsize=1000)
def _places(code: CodeType) -> _Places:
    if not code.co_exceptiontable:
        return _Places(frozenset(), frozenset())
    try:
        function = _Function(code)
        within = frozenset(function.clean_ups())
        return _Places(within, frozenset(function.before(within)))
    except Exception:  # bytecode that no compiler has written: nothing is known of it
        everywhere = frozenset(range(0, len(code.co_code), 2))
        return _Places(everywhere, everywhere)


class _Function:
    """The bytecode of a function with exception handlers."""

    def __init__(self, code: CodeType) -> None:
        bytecode: Any = dis.Bytecode(code)
        self._steps: list[dis.Instruction] = list(bytecode)
        self._index = {step.offset: number for number, step in enumerate(self._steps)}
        self._end = len(code.co_code)
        self._table: list[Any] = bytecode.exception_entries
        # By where it begins, the first range of what it protects.
        self._handlers = {one.target: one for one in reversed(self._table) if self._is_handler(one)}

    def clean_ups(self) -> Iterator[int]:
        """The instructions outside of all handlers of which a handler has a copy."""
        copies = {target: self._handled(entry) for target, entry in self._handlers.items()}
        handled = set[int]().union(*copies.values())
        for target, offsets in copies.items():
            places = {self._place(self._at(offset)) for offset in offsets} - {None}
            begin = self._handlers[target].start
            for step, end in self._extents():
                if (
                    step.offset >= begin  # a `with` is entered from the same place
                    and self._place(step) in places
                    and step.offset not in handled
                    and not self._protects(target, step.offset)
                ):
                    yield from range(step.offset, end, 2)

    def before(self, within: frozenset[int]) -> Iterator[int]:
        """The offsets at which it has stopped if it goes on in one of these, or into a `try`."""
        protected = {entry.start for entry in self._handlers.values()}
        for step, end in self._extents():
            after = step.argval if "JUMP_BACKWARD" in step.opname else end
            is_call = step.opname.startswith("CALL")
            if after in within or (is_call and self._is_put_away(end, protected)):
                yield from range(step.offset, end, 2)

    def _extents(self) -> Iterator[tuple[dis.Instruction, int]]:
        """The instructions, and where each ends: until CPython 3.12 a call stands at its end."""
        ends = [step.offset for step in self._steps[1:]]
        return zip(self._steps, [*ends, self._end], strict=True)

    def _protects(self, handler: int, offset: int) -> bool:
        return any(
            entry.target == handler and entry.start <= offset < entry.end for entry in self._table
        )

    def _is_put_away(self, offset: int, protected: set[int]) -> bool:
        """Whether a result is put away from here on, no more, before a `try` or ``with`` begins.

        It may be a lock or a file, which is released there.
        """
        for step in self._steps[self._index.get(offset, len(self._steps)) :]:
            if step.offset in protected or step.opname in _ENTERS:
                return True
            if not step.opname.startswith(_PUT_AWAY):
                break
        return False

    def _handled(self, entry: Any) -> set[int]:
        """The instructions that run while an exception is handled that came to this handler."""
        found: set[int] = set()
        todo: list[_Point] = [(entry.target, (entry.depth + entry.lasti,))]
        seen = set(todo)
        while todo:
            offset, slots = todo.pop()
            if self._at(offset).opname == "POP_EXCEPT":
                slots = slots[:-1]
            if slots:
                found.add(offset)
                new = set(self._successors(offset, slots)) - seen
                seen |= new
                todo += new
        return found

    def _successors(self, offset: int, slots: tuple[int, ...]) -> Iterator[_Point]:
        """Where the function may go on.

        Args:
            slots: where on its stack it keeps what was handled before each of the exceptions that
                it handles now.
        """
        step, number = self._at(offset), self._index[offset] + 1
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            yield step.argval, slots
        if number < len(self._steps) and not step.opname.startswith(_ENDS):
            yield self._steps[number].offset, slots
        for entry in self._table:
            if entry.start <= offset < entry.end:
                kept = tuple(slot for slot in slots if slot < entry.depth)
                slot = (entry.depth + entry.lasti,) if self._is_handler(entry) else ()
                yield entry.target, kept + slot

    def _is_handler(self, entry: Any) -> bool:
        """Whether code of the user's follows; else it only tidies up, and raises again."""
        return self._at(entry.target).opname == "PUSH_EXC_INFO"

    def _at(self, offset: int) -> dis.Instruction:
        return self._steps[self._index[offset]]

    @staticmethod
    def _place(step: dis.Instruction) -> tuple[int | None, ...] | None:
        positions = step.positions
        return None if positions is None or positions.lineno is None else tuple(positions)


_ENTERS: Final = ("BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL")
_PUT_AWAY: Final = ("STORE_", "POP_TOP", "NOP", "COPY", "SWAP")

# After these the next instruction does not run.
_ENDS: Final = ("RETURN_", "RAISE_", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD")
