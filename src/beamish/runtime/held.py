"""What a process holds that is locked for a thread, and not for a process.

The processes share one thread: a second process gets the RLock that a parked one has, and that of a
Condition, which is made with one. So whoever holds one is not parked. Nobody that is parked holds
one, so what the thread owns is owned by the process that runs, or was kept over an ``await``. It is
found by the objects that the code names (see named.py).

A process with an RLock may wait for another lock, which a parked process holds. Then it is parked
as well, or it would wait for ever, and its RLocks are *lent*: as long as it is parked they belong
to an owner that no thread is. From CPython 3.14 on only the owner of an RLock can change that, so
there others get them meanwhile.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from types import (
    BuiltinFunctionType,
    FunctionType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
)
from typing import TYPE_CHECKING, Any, Final

from beamish.terms.careful import class_of

from .named import MISSING, attribute, attributes, named_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from .process import Process

_DEPTH: Final = 2  # of attributes

__all__ = ["Held", "held_in", "lend", "take_back"]


@dataclass(frozen=True, slots=True)
class Held:
    """An RLock that the calling thread owns.

    Attributes:
        lock: the lock; of a Condition, the one that it is made with.
        where: the line whose code names it, for reports.
    """

    lock: Any
    where: str


def held_in(frames: Iterable[FrameType]) -> list[Held] | None:
    """The RLocks that the code of these frames names and the calling thread owns.

    Args:
        frames: the innermost first.

    Returns:
        None where one of them has a hold of the frame that called it, as a trace function has.
        While that runs CPython traces nothing, whichever process runs; and until 3.12 what
        ``f_locals`` says by then becomes true when it returns.
    """
    _learn_shared()
    found: dict[int, Held] = {}
    seen: set[tuple[int, int]] = set()
    for frame in frames:
        values = named_in(frame)
        if id(frame.f_back) in map(id, values):
            return None
        for lock in _owned_in(frame, values, seen):
            where = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
            found.setdefault(id(lock), Held(lock, where))
    return [*found.values()]


# ---- looking


def _owned_in(frame: FrameType, last: list[Any], seen: set[tuple[int, int]]) -> list[Any]:
    """The owned locks among the variables, their attributes, and the named ones of these."""
    names = frame.f_code.co_names
    groups: list[tuple[Any, list[Any]]] = [(None, last)]
    for _ in range(_DEPTH):
        values, last = last, []
        for value in values:
            if id(class_of(value)) not in _PLAIN and (key := (id(value), id(names))) not in seen:
                seen.add(key)
                every, named = attributes(value, names)
                groups += (value, every), (value, named)
                last += named
    if _FINDERS.keys().isdisjoint(map(id, map(type, chain(*(group for _, group in groups))))):
        return []
    return [lock for of, group in groups for lock in _owned(group, of)]


def _owned(values: list[Any], of: Any) -> list[Any]:
    """The locks among these that the calling thread owns; attributes may be slots of an object."""
    found: list[Any] = []
    for value in values:
        one = value
        if type(value) is MemberDescriptorType:
            with suppress(AttributeError, TypeError):  # an empty slot, or one of the class itself
                one = value.__get__(of)
        find = _FINDERS.get(id(class_of(one)))
        lock = None if find is None else find(one)
        if lock is not None and id(lock) not in _left:
            found.append(lock)
    return found


def _rlock(lock: Any) -> Any:
    return lock if lock._is_owned() else None


def _shared_rlock(lock: Any) -> Any:
    return lock if attribute(lock, "_semlock")._is_mine() else None


def _condition(condition: Any) -> Any:
    lock = attribute(condition, "_lock")
    find = _FINDERS.get(id(class_of(lock)))
    return None if find is None or find is _condition else find(lock)


def _finders() -> dict[int, Callable[[Any], Any]]:
    """How to tell whether an object is owned, by the id of its exact class.

    By the id, because the hash of a class may be the user's.
    """
    rlocks: list[Any] = [type(threading.RLock()), getattr(threading, "_RLock", None)]
    known = [kind for kind in rlocks if hasattr(kind, "_is_owned")]
    return {id(threading.Condition): _condition, **{id(kind): _rlock for kind in known}}


_FINDERS: Final = _finders()
_FINDERS[id(MemberDescriptorType)] = lambda _: None
# What has no attributes to look at: functions and the like, and the locks themselves.
_PLAIN: Final = _FINDERS.keys() | map(
    id,
    (
        *(int, str, float, bool, bytes, type(None), list, dict, tuple, set, type(MISSING)),
        *(FunctionType, BuiltinFunctionType, MethodType, MethodDescriptorType, property),
    ),
)


def _learn_shared() -> None:
    """The locks of multiprocessing, once the program uses them: they belong to a thread as well."""
    module = sys.modules.get("multiprocessing.synchronize")
    if module is not None and hasattr(module, "RLock"):
        _FINDERS[id(module.RLock)] = _shared_rlock
        _FINDERS[id(module.Condition)] = _condition


# ---- lending

_left: Final[dict[int, Any]] = {}  # what parked processes hold and could not lend, by id


def lend(held: Iterable[Held], proc: Process) -> list[Any]:
    """Makes a process that is to be parked the owner of its RLocks, instead of the thread.

    They are free for a moment, between two calls: a *thread* that waits for one may get it there,
    and is waited for. No process runs meanwhile.

    Returns:
        the locks, for `take_back`.
    """
    locks = [one.lock for one in held]
    for lock in locks:
        if id(class_of(lock)) in _LENDABLE:
            _change_owner(lock, id(proc))
        else:
            _left[id(lock)] = lock
    return locks


def take_back(locks: Iterable[Any]) -> None:
    """Makes the calling thread the owner of lent RLocks again."""
    for lock in locks:
        if _left.pop(id(lock), None) is None:
            _change_owner(lock, threading.get_ident())


def _change_owner(lock: Any, owner: int) -> None:
    count, _ = lock._release_save()
    lock._acquire_restore((count, owner))


def _is_lendable(kind: Any) -> bool:
    lock = kind()
    lock.acquire()
    try:
        _change_owner(lock, 1)
        _change_owner(lock, threading.get_ident())
    except (AttributeError, RuntimeError):
        return False
    return bool(lock._is_owned())


_LENDABLE: Final = frozenset(
    id(kind)
    for kind in (type(threading.RLock()), getattr(threading, "_RLock", None))
    if hasattr(kind, "_is_owned") and _is_lendable(kind)
)
