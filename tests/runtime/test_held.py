"""Rule B9: who owns an RLock is not parked, for the others would get it as well."""

from __future__ import annotations

import functools
import multiprocessing
import sys
import threading
import types
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from beamish.runtime.held import held_in
from beamish.runtime.named import local_values

from .harness import PATIENCE

# Locks for forks need no tracker in an OS process of its own.
_FORK = multiprocessing.get_context("fork")
_PY_RLOCK: Any = getattr(threading, "_RLock", None)

KINDS: dict[str, Callable[[], Any]] = {
    "RLock": threading.RLock,
    "RLock in Python": _PY_RLOCK,
    "Condition": threading.Condition,
    "Condition over an RLock": lambda: threading.Condition(threading.RLock()),
    "Condition over an RLock in Python": lambda: threading.Condition(_PY_RLOCK()),
    "RLock of multiprocessing": _FORK.RLock,
    "Condition of multiprocessing": _FORK.Condition,
}
_NOT_OURS: dict[str, Callable[[], Any]] = {
    "Lock": threading.Lock,
    "Condition over a Lock": lambda: threading.Condition(threading.Lock()),
    "Semaphore": threading.Semaphore,
    "Lock of multiprocessing": _FORK.Lock,
}


def _held() -> int:
    """How many RLocks the caller and its caller hold, as preemption sees it."""
    frame: Any = sys._getframe(1)
    found = held_in([frame, frame.f_back])
    assert found is not None
    return len(found)


# ---- the kinds of locks


@pytest.mark.parametrize("kind", KINDS)
def test_b9_a_lock_of_a_thread_is_held_until_it_is_released(kind: str) -> None:
    lock = KINDS[kind]()
    answers = [_held()]
    with lock:
        answers.append(_held())
        with lock:
            answers.append(_held())
        answers.append(_held())
    answers.append(_held())

    assert answers == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("kind", _NOT_OURS)
def test_b9_other_locks_are_no_reason(kind: str) -> None:
    """Others wait for them, and the watchdog parks whoever waits."""
    lock = _NOT_OURS[kind]()
    with lock:
        assert _held() == 0


def test_b9_a_lock_that_another_thread_owns_is_no_reason() -> None:
    lock = threading.RLock()
    owned, enough = threading.Event(), threading.Event()

    def own() -> None:
        with lock:
            owned.set()
            enough.wait(PATIENCE)

    thread = threading.Thread(target=own)
    thread.start()
    owned.wait(PATIENCE)
    found = _held()
    enough.set()
    thread.join()

    assert found == 0


def test_b9_a_condition_that_waits_is_not_held() -> None:
    condition = threading.Condition()
    answers: list[int] = []

    def look() -> bool:
        answers.append(_held())
        return True

    with condition:
        condition.wait_for(look)
        waiting = condition._release_save()  # type: ignore[attr-defined]  # as wait() does
        answers.append(_held())
        condition._acquire_restore(waiting)  # type: ignore[attr-defined]

    assert answers == [1, 0]


# ---- how the code names it

_GLOBAL = threading.RLock()
_MODULE = types.ModuleType("module")
_MODULE.LOCK = threading.RLock()  # type: ignore[attr-defined]


class _Account:
    shared = threading.RLock()

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.state = types.SimpleNamespace(lock=threading.RLock())

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    def acquire(self) -> None:
        self.lock.acquire()

    def release(self) -> None:
        self.lock.release()

    def by_method(self) -> int:
        with self.lock:
            return _held()

    def by_class(self) -> int:
        with self.shared:
            return _held()

    def below(self) -> int:
        with self.lock:
            return self._deeper(3)

    def _deeper(self, depth: int) -> int:
        return self._deeper(depth - 1) if depth else held_count(sys._getframe())


def held_count(frame: types.FrameType | None) -> int:
    """The same from a frame that names nothing, through all of its callers."""
    frames: list[types.FrameType] = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return len(held_in(frames) or ())


class _Slots:
    __slots__ = ("empty", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()


def _local() -> int:
    lock = threading.RLock()
    with lock:
        return _held()


def _argument_that_a_function_has_acquired() -> int:
    def take(lock: Any) -> None:
        lock.acquire()

    lock = threading.RLock()
    take(lock)
    found = _held()
    lock.release()
    return found


def _global() -> int:
    with _GLOBAL:
        return _held()


def _free_variable() -> int:
    lock = threading.RLock()

    def inner() -> int:
        with lock:
            return _held()

    return inner()


def _of_a_module() -> int:
    with _MODULE.LOCK:
        return _held()


def _method() -> int:
    return _Account().by_method()


def _method_of_the_class() -> int:
    return _Account().by_class()


def _class_method() -> int:
    with _Account.shared:
        return _held()


def _two_attributes() -> int:
    account = _Account()
    with account.state.lock:
        return _held()


def _slot() -> int:
    slots = _Slots()
    with slots.lock:
        return _held()


def _acquire_and_release() -> int:
    account = _Account()
    account.lock.acquire()
    try:
        return _held()
    finally:
        account.lock.release()


def _enter_of_the_users() -> int:
    account = _Account()
    with account:
        return _held()


def _methods_of_the_users() -> int:
    account = _Account()
    account.acquire()
    found = _held()
    account.release()
    return found


def _in_a_caller() -> int:
    return _Account().below()


def _generator() -> int:
    lock = threading.RLock()

    def numbers() -> Iterator[int]:
        with lock:
            yield _held()

    return next(numbers())


def _body_of_a_class() -> int:
    class Body:
        lock = threading.RLock()
        with lock:
            found = _held()

    return Body.found


def _exec() -> int:
    names: dict[str, Any] = {"lock": threading.RLock(), "held": _held}
    exec("with lock: found = held()", names)  # noqa: S102
    found: int = names["found"]
    return found


def _partial() -> int:
    lock = threading.RLock()
    with lock:
        return functools.partial(_held)()


def _both_of_two() -> int:
    first, second = threading.RLock(), threading.Condition()
    with first, second:
        return _held() - 1


_NAMED = [
    *(_local, _argument_that_a_function_has_acquired, _global, _free_variable, _of_a_module),
    *(_method, _method_of_the_class, _class_method, _two_attributes, _slot, _acquire_and_release),
    *(_enter_of_the_users, _methods_of_the_users, _in_a_caller, _generator, _body_of_a_class),
    *(_exec, _partial, _both_of_two),
]


@pytest.mark.parametrize("way", _NAMED, ids=lambda way: way.__name__.strip("_"))
def test_b9_it_is_found_by_what_the_code_names(way: Callable[[], int]) -> None:
    assert way() == 1


def _in_a_container() -> int:
    locks = [threading.RLock()]
    with locks[0]:
        return _held()


def _by_a_call() -> int:
    @contextmanager
    def locked(lock: Any) -> Generator[None]:
        with lock:
            yield

    with locked(threading.RLock()):
        return _held()


@pytest.mark.parametrize("way", [_in_a_container, _by_a_call])
def test_b9_a_lock_that_the_code_does_not_name_is_not_found(way: Callable[[], int]) -> None:
    """The limit that the documentation tells: use process.critical() there."""
    assert way() == 0


# ---- nothing of the user's runs, and nothing is changed


def _hostile() -> Any:
    """A class that answers nothing; it is in no module, or pytest would ask it."""

    def fail(*_: object) -> Any:
        raise AssertionError

    methods: dict[str, Any] = dict.fromkeys(
        ("__getattribute__", "__eq__", "__hash__", "__bool__", "__len__"), fail
    )
    return type("Meta", (type,), methods)("Hostile", (), dict(methods))


class _Computed:
    __dict__: Any = property(lambda self: self.lock)

    @property
    def lock(self) -> Any:
        raise AssertionError

    def __getattr__(self, name: str) -> Any:
        raise AssertionError


class _Bag:
    lock: Any


class _Dict(dict[str, Any]):
    def __getitem__(self, name: str) -> Any:
        raise AssertionError

    def __contains__(self, name: object) -> bool:
        raise AssertionError

    def __iter__(self) -> Iterator[str]:
        raise AssertionError


def _look_at(value: Any, *, never: bool = False) -> int:
    if never:
        print(value.lock.lock)
    return _held()


def _with_a_dict_of_its_own() -> _Bag:
    bag = _Bag()
    bag.__dict__ = _Dict(lock=1)
    return bag


@pytest.mark.parametrize(
    "make",
    [
        _hostile,  # a class
        lambda: object.__new__(_hostile()),
        _Computed,
        _with_a_dict_of_its_own,
        lambda: object.__new__(_Slots),  # whose slots are empty
        lambda: _Dict(lock=1),
    ],
    ids=["class", "value", "computed", "bag", "slots", "dict"],
)
def test_b9_no_code_of_the_users_runs_for_the_look(make: Callable[[], Any]) -> None:
    found: list[Any] = []
    try:
        found.append(_look_at(make()))
    except AssertionError:  # pytest would show the object
        found.append("failed")

    assert found == [0]


class _Thing:
    pass


def test_b9_the_look_keeps_nothing_alive() -> None:
    thing: _Thing | None = _Thing()
    gone = weakref.ref(thing)
    assert _held() == 0
    thing = None

    assert gone() is None


def test_b9_the_look_changes_no_dict_of_locals() -> None:
    one, two = 1, 2
    changed = locals()
    del changed["one"]
    assert _held() == 0

    assert "one" not in changed
    assert (one, two) == (1, 2)


def test_b9_the_look_changes_no_variable_while_the_code_is_traced() -> None:
    """Until CPython 3.12 what a trace function sets in f_locals counts when it returns."""
    seen: list[Any] = []

    def tracer(frame: types.FrameType, event: str, arg: object) -> Any:
        sys.settrace(None)
        seen.append(held_in([sys._getframe(), frame]))
        return None

    def traced(one: int) -> int:
        two = one + 1
        return one + two

    sys.settrace(tracer)
    result = traced(1)

    assert (result, seen) == (3, [None])


def test_b9_a_frame_that_is_looked_at_is_not_left() -> None:
    """A trace function has it: CPython traces nothing else until that returns."""

    def look() -> Any:
        caller = sys._getframe(1)
        assert caller is not None
        return held_in([sys._getframe(), caller])

    assert look() is None


def test_b9_locals_are_seen() -> None:
    one = 1
    cell = 2

    def inner() -> dict[str, Any]:
        return local_values(sys._getframe(1)) if cell else {}

    seen = inner()

    assert (seen["one"], seen["cell"], seen["inner"]) == (one, cell, inner)
