"""Rule B7, the places: where a cancellation may be raised in code that computes (may_interrupt)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any, Final

import pytest

from beamish.runtime.interrupting import may_interrupt

from .harness import on_virtual_clock

YES: Final = True
NO: Final = False

Ask = Callable[[], Any]


class _Asks:
    """Notes at each call whether its caller may be interrupted."""

    def __init__(self) -> None:
        self.answers: list[bool] = []

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.answers.append(may_interrupt(sys._getframe(1)))


# ---- code that may stop at any time


def in_a_loop(ask: Ask) -> None:
    for _ in range(2):
        ask()
    while True:
        ask()
        break


def below_other_calls(ask: Ask) -> None:
    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        ask()

    try:
        deep(1)
    except LookupError:
        pass


def in_expressions(ask: Ask) -> None:
    def numbers() -> Any:
        yield ask()

    _ = [ask() for _ in range(1)], {ask() for _ in range(1)}, list(numbers())
    (lambda: ask())()
    sorted([1], key=lambda _: ask())


def in_a_class_body_and_a_decorator(ask: Ask) -> None:
    def decorated(cls: type) -> type:
        ask()
        return cls

    @decorated
    class _Body:
        ask()


def in_a_match(ask: Ask) -> None:
    match [1, 2]:
        case [_, _] if ask():
            pass
        case _:
            ask()


# ---- exception handlers


def in_a_try_its_handler_and_after(ask: Ask) -> None:
    try:
        ask()
        raise LookupError
    except LookupError:
        ask()
    ask()


def in_a_handler_that_names_its_error(ask: Ask) -> None:
    for _ in range(1):
        try:
            raise LookupError
        except (ValueError, LookupError) as error:
            ask()
            del error
            continue
    ask()


def in_a_handler_of_groups(ask: Ask) -> None:
    try:
        ask()
        raise ExceptionGroup("", [LookupError(), ValueError()])
    except* LookupError:
        ask()
    except* ValueError:
        ask()
    ask()


def below_a_handler(ask: Ask) -> None:
    try:
        raise LookupError
    except LookupError:
        in_a_loop(ask)


def in_an_else(ask: Ask) -> None:
    try:
        pass
    except LookupError:
        ask()
    else:
        ask()


def in_a_handler_of_a_handler(ask: Ask) -> None:
    try:
        try:
            raise LookupError
        except LookupError:
            try:
                raise ValueError from None
            except ValueError:
                ask()
            ask()
            raise
    except LookupError:
        ask()
    ask()


# ---- finally


def in_a_finally(ask: Ask) -> None:
    try:
        ask()
    finally:
        ask()
    ask()


def in_a_finally_after_an_error(ask: Ask) -> None:
    with contextlib.suppress(LookupError):
        try:
            raise LookupError
        finally:
            ask()
    ask()


def in_a_finally_with_handlers_and_else(ask: Ask) -> None:
    for fails in (False, True):
        try:
            if fails:
                raise LookupError
        except LookupError:
            ask()
        else:
            ask()
        finally:
            ask()
    ask()


def in_a_finally_by_return(ask: Ask) -> int:
    try:
        ask()
        return len(())
    finally:
        ask()


def in_a_finally_by_break_and_continue(ask: Ask) -> None:
    for number in range(2):
        try:
            if number:
                break
            continue
        finally:
            ask()
    ask()


def in_a_loop_in_a_finally(ask: Ask) -> None:
    try:
        ask()
    finally:
        for _ in range(1):
            ask()
        while True:
            ask()
            break


def below_a_finally(ask: Ask) -> None:
    try:
        len(())  # the compiler drops a `try` of nothing
    finally:
        in_a_loop(ask)


def in_what_a_finally_holds(ask: Ask) -> None:
    try:
        len(())
    finally:
        try:
            ask()
            int("no number")
        except ValueError:
            ask()
        else:
            ask()
        finally:
            ask()
        with contextlib.nullcontext():
            ask()
        _ = [ask() for _ in range(1)]
        ask()
    ask()


def in_a_try_within_a_finally_that_loops(ask: Ask) -> None:
    try:
        len(())
    finally:
        for number in range(2):
            try:
                if number:
                    break
                raise LookupError
            except LookupError:
                pass
            ask()  # comes only after the handler


def in_a_finally_in_a_try(ask: Ask) -> None:
    try:
        try:
            ask()
            len(())
        finally:
            ask()
        ask()
    finally:
        ask()
    ask()


def in_a_loop_around_a_finally(ask: Ask) -> None:
    for _ in range(2):
        ask()
        len(())
        try:
            len(())
        finally:
            ask()


# ---- with


class _Context:
    """Asks when it is entered and left."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def __enter__(self) -> None:
        self._ask()

    def __exit__(self, *_: object) -> bool:
        self._ask()
        return True


class _Renamed(_Context):
    """The method that leaves it has another name in its code."""

    def _leave(self, *_: object) -> bool:
        self._ask()
        return True

    __exit__ = _leave


class _Asynchronous(_Context):
    async def __aenter__(self) -> None:
        self._ask()

    async def __aexit__(self, *_: object) -> bool:
        self._ask()
        return True


@contextlib.contextmanager
def _generated(ask: Ask) -> Generator[None]:
    ask()
    yield
    ask()


@contextlib.asynccontextmanager
async def _generated_asynchronously(ask: Ask) -> AsyncGenerator[None]:
    ask()
    len(())
    try:
        yield
    finally:
        ask()


def in_a_with(ask: Ask) -> None:
    with _Context(ask):
        ask()
    ask()


def in_a_with_that_is_left_by_an_error(ask: Ask) -> None:
    with _Context(ask):
        raise LookupError
    ask()


def in_a_with_that_is_left_by_return(ask: Ask) -> None:
    with _Context(ask):
        ask()
        return


def in_a_with_of_a_renamed_exit(ask: Ask) -> None:
    with _Renamed(ask):
        ask()
    with _Renamed(ask):
        raise LookupError


def in_a_with_of_two(ask: Ask) -> None:
    with _Context(ask), _Context(ask) as _:
        ask()


def in_a_with_of_a_generator(ask: Ask) -> None:
    with _generated(ask):
        ask()
    ask()


def in_a_loop_of_with(ask: Ask) -> None:
    for _ in range(2):
        with contextlib.nullcontext():
            ask()
        ask()


def in_what_a_stack_calls(ask: Ask) -> None:
    with contextlib.ExitStack() as stack:
        stack.callback(ask)
        ask()
    stack.callback(ask)
    stack.close()


def in_what_is_closed(ask: Ask) -> None:
    class _Thing:
        def close(self) -> None:
            ask()

    with contextlib.closing(_Thing()):
        ask()


async def in_an_async_with(ask: Ask) -> None:
    async with _Asynchronous(ask):
        ask()
    async with _Asynchronous(ask):
        int("no number")
    ask()


async def in_an_async_with_of_a_generator(ask: Ask) -> None:
    async with _generated_asynchronously(ask):
        ask()
    ask()


# ---- generators and coroutines


def _numbers(ask: Ask) -> Generator[int]:
    try:
        ask()
        yield 1
        ask()
    finally:
        ask()


def in_a_generator_that_ends(ask: Ask) -> None:
    for _ in _numbers(ask):
        ask()


def in_a_generator_that_is_closed(ask: Ask) -> None:
    numbers = _numbers(ask)
    next(numbers)
    numbers.close()
    ask()


async def in_a_coroutine(ask: Ask) -> None:
    async def inner() -> None:
        try:
            ask()
        finally:
            ask()

    await inner()
    try:
        len(())
    finally:
        await inner()


async def in_an_asynchronous_generator(ask: Ask) -> None:
    async def numbers() -> AsyncGenerator[int]:
        try:
            ask()
            yield 1
        finally:
            ask()

    async for _ in numbers():
        ask()


_PLACES: Final[list[tuple[Callable[[Ask], Any], list[bool]]]] = [
    (in_a_loop, [YES, YES, YES]),
    (below_other_calls, [YES, YES]),
    (in_expressions, [YES] * 5),
    (in_a_class_body_and_a_decorator, [YES, YES]),
    (in_a_match, [YES, YES]),
    (in_a_try_its_handler_and_after, [YES, NO, YES]),
    (in_a_handler_that_names_its_error, [NO, YES]),
    (in_a_handler_of_groups, [YES, NO, NO, YES]),
    (below_a_handler, [NO, NO, NO]),
    (in_an_else, [YES]),
    (in_a_handler_of_a_handler, [NO, NO, NO, YES]),
    (in_a_finally, [YES, NO, YES]),
    (in_a_finally_after_an_error, [NO, YES]),
    (in_a_finally_with_handlers_and_else, [YES, NO, NO, NO, YES]),
    (in_a_finally_by_return, [YES, NO]),
    (in_a_finally_by_break_and_continue, [NO, NO, YES]),
    (in_a_loop_in_a_finally, [YES, NO, NO]),
    (below_a_finally, [NO, NO, NO]),
    (in_what_a_finally_holds, [NO] * 6 + [YES]),
    (in_a_try_within_a_finally_that_loops, [NO]),
    (in_a_finally_in_a_try, [YES, NO, YES, NO, YES]),
    (in_a_loop_around_a_finally, [YES, NO, YES, NO]),
    (in_a_with, [YES, YES, NO, YES]),
    (in_a_with_that_is_left_by_an_error, [YES, NO, YES]),
    (in_a_with_that_is_left_by_return, [YES, YES, NO]),
    (in_a_with_of_a_renamed_exit, [YES, YES, NO, YES, NO]),
    (in_a_with_of_two, [YES, YES, YES, NO, NO]),
    (in_a_with_of_a_generator, [YES, YES, NO, YES]),
    (in_a_loop_of_with, [YES, YES, YES, YES]),
    (in_what_a_stack_calls, [YES, NO, NO]),
    (in_what_is_closed, [YES, NO]),
    (in_an_async_with, [YES, YES, NO, YES, NO, YES]),
    (in_an_async_with_of_a_generator, [YES, YES, NO, YES]),
    (in_a_generator_that_ends, [YES, YES, YES, NO]),
    (in_a_generator_that_is_closed, [YES, NO, YES]),
    (in_a_coroutine, [YES, NO, NO, NO]),
    (in_an_asynchronous_generator, [YES, YES, NO]),
]


@pytest.mark.parametrize(("place", "answers"), _PLACES)
@on_virtual_clock
async def test_b7_code_that_must_run_to_its_end_is_not_interrupted(
    place: Callable[[Ask], Any], answers: list[bool]
) -> None:
    ask = _Asks()

    result = place(ask)
    if isinstance(result, Awaitable):
        await result

    assert ask.answers == answers


# ---- a resource that has just been taken


def before_a_try(ask: Ask) -> None:
    ask()
    try:
        ask()
    finally:
        pass


def kept_before_a_try(ask: Ask) -> None:
    _ = ask()
    try:
        ask()
    except LookupError:
        pass


def some_steps_before_a_try(ask: Ask) -> None:
    _ = ask() or 1
    del _
    try:
        ask()
    except LookupError:
        pass


@pytest.mark.parametrize(
    ("place", "answers"),
    [
        (before_a_try, [NO, YES]),
        (kept_before_a_try, [NO, YES]),
        (some_steps_before_a_try, [YES, YES]),
    ],
)
@on_virtual_clock
async def test_b7_between_a_call_and_the_try_that_follows_it_is_not_interrupted(
    place: Callable[[Ask], Any], answers: list[bool]
) -> None:
    """What was called may have taken a lock, which the `try` releases."""
    ask = _Asks()

    place(ask)

    assert ask.answers == answers
