"""Rules E1, E2 and E5: exit reasons, as a monitor sees them and in their Erlang shape."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from beamish import Atom, ProcessError, Throw, process, to_erlang

from .harness import down_of, on_real_clock, on_virtual_clock, settle, sleeper, watched_end


def _raise(error: BaseException) -> None:
    raise error


def _divide_by_zero() -> float:
    return 1 / 0


def _link_to_the_dead() -> None:
    dead = process.spawn(lambda: None)
    process.exit(dead, "kill")
    assert not process.alive(dead)
    process.link(dead)


def _match_nothing() -> None:
    {"ok": 1}["error"]


@pytest.mark.parametrize(
    ("fn", "args", "error"),
    [
        (_divide_by_zero, (), "badarith"),
        (process.error, ("e",), "e"),
        (process.error, (("tuple", 1),), ("tuple", 1)),
        (process.throw, ("v",), ("nocatch", "v")),
        (process.link, ("no pid",), "badarg"),
        (process.send, ("nobody", 1), "badarg"),
        (_link_to_the_dead, (), "noproc"),
        (int, ("x",), "badarg"),
        (len, (1,), "badarg"),
        (_match_nothing, (), ("badkey", "error")),
        (_raise, (RuntimeError("text"),), ("RuntimeError", "text")),
    ],
)
@on_virtual_clock
async def test_an_error_has_the_shape_of_error_and_stack(
    fn: Callable[..., Any], args: tuple[Any, ...], error: Any
) -> None:
    """E1: {E, Stack}."""
    reason = await watched_end(fn, *args)

    term, stack = to_erlang(reason)
    assert isinstance(reason, Exception)
    assert term == error
    for module, function, arity, where in stack:
        assert isinstance(module, Atom)
        assert isinstance(function, Atom)
        assert isinstance(arity, int)
        assert [key for key, _ in where] in ([], ["file", "line"])
    assert stack


@pytest.mark.parametrize(
    "reason", ["reason", ("tuple", 1), 42, None, ["a", "list"], "normal", "shutdown", "kill"]
)
@on_virtual_clock
async def test_exit_1_gives_exactly_its_reason(reason: Any) -> None:
    """E1: exit(R) uncaught -> R."""
    assert await watched_end(process.exit, reason) is reason


@on_virtual_clock
async def test_error_1_gives_the_instance_and_its_term() -> None:
    """E1: error(E) -> {E, Stack}; in Python the reason is the exception."""
    reason = await watched_end(process.error, ("term", 1))

    assert isinstance(reason, ProcessError)
    assert reason.reason == ("term", 1)


@on_virtual_clock
async def test_throw_1_gives_the_instance_and_its_value() -> None:
    """E1: throw(V) uncaught -> {{nocatch, V}, Stack}."""
    reason = await watched_end(process.throw, "rocks")

    assert isinstance(reason, Throw)
    assert reason.value == "rocks"


@on_virtual_clock
async def test_the_stack_begins_with_the_innermost_call() -> None:
    """E2: Stack is a list of {M, F, A, [{file, F}, {line, L}]}, innermost first."""

    async def outer() -> None:
        inner(1, 2)

    def inner(_a: int, _b: int) -> None:
        _divide_by_zero()

    _, stack = to_erlang(await watched_end(outer))

    here = "test_the_stack_begins_with_the_innermost_call.<locals>."
    assert [(function, arity) for _, function, arity, _ in stack] == [
        ("_divide_by_zero", 0),
        (f"{here}inner", 2),
        (f"{here}outer", 0),
    ]
    module, _, _, where = stack[0]
    assert module == __name__
    assert dict(where)["file"] == __file__
    assert dict(where)["line"] == _divide_by_zero.__code__.co_firstlineno + 1


@on_virtual_clock
async def test_kill_becomes_killed() -> None:
    """E1: exit(Pid, kill) received -> killed."""
    pid, ref = process.spawn_monitor(sleeper)

    process.exit(pid, "kill")

    assert await down_of(ref) == "killed"


@on_virtual_clock
async def test_a_reason_goes_through_a_link_unchanged() -> None:
    """E1: the link partner's reason is R, unchanged, stack included."""

    async def partner() -> None:
        process.spawn_link(_divide_by_zero)
        await process.sleep(None)

    _, first = process.spawn_monitor(partner)
    reason = await down_of(first)

    assert isinstance(reason, ZeroDivisionError)
    assert to_erlang(reason)[1][0][1] == "_divide_by_zero"


@on_virtual_clock
async def test_the_reason_is_the_very_exception_that_was_raised() -> None:
    """E2: an uncaught exception ends the process with that instance as the reason."""
    error = LookupError("mine")

    assert await watched_end(_raise, error) is error


@on_virtual_clock
async def test_a_cancelled_process_ends_as_cancelled() -> None:
    """E5, F2: asyncio's cancel() is not an exit signal; uncaught, the reason is an Atom."""
    tasks: list[Any] = []

    async def child() -> None:
        tasks.append(asyncio.current_task())
        await process.sleep(None)

    _, ref = process.spawn_monitor(child)
    await settle()
    tasks[0].cancel()

    reason = await down_of(ref)
    assert reason == "cancelled"
    assert isinstance(reason, Atom)


@on_virtual_clock
async def test_an_exit_inside_of_a_task_group_gives_its_reason() -> None:
    """E5: what a TaskGroup wraps around an exit does not hide its reason."""

    async def child() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
            process.exit("from within")

    assert await watched_end(child) == "from within"


# ---- the Erlang that is installed, as judge


_SCRIPT = """
    Reason = fun(F) -> {_, R} = spawn_monitor(F), receive {'DOWN', R, _, _, X} -> X end end,
    Shape = fun({E, [{_, _, _, _} | _]}) -> {E, stack}; (X) -> X end,
    Fs = [fun() -> ok end, fun() -> exit(reason) end, fun() -> exit(kill) end,
          fun() -> error(e) end, fun() -> throw(v) end, fun() -> 1 / list_to_integer("0") end,
          fun() -> link(list_to_atom("no_pid")) end, fun() -> exit(self(), kill) end,
          fun() -> exit(self(), normal) end, fun() -> exit(normal) end,
          fun() -> process_flag(trap_exit, true), exit(self(), kill), ok end],
    [io:format("~w~n", [Shape(Reason(F))]) || F <- Fs],
    halt().
"""


def _exit_self(reason: str) -> Callable[[], None]:
    def run() -> None:
        process.exit(process.self(), reason)

    return run


def _trap_and_kill_oneself() -> None:
    process.flag(trap_exit=True)
    process.exit(process.self(), "kill")


def _as_erlang_prints(term: Any) -> str:
    match term:
        case (error, [(_, _, _, _), *_]):
            return f"{{{_as_erlang_prints(error)},stack}}"
        case tuple():
            return "{" + ",".join(map(_as_erlang_prints, term)) + "}"  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return str(term)


@pytest.mark.slow  # starts an Erlang
@on_real_clock
async def test_the_reasons_are_those_of_a_real_erlang() -> None:
    """E1: the table, asked of real Erlang."""
    erl = ["erl", "-noshell", "-kernel", "logger_level", "none", "-eval", _SCRIPT]
    expected = await asyncio.to_thread(
        subprocess.run, erl, capture_output=True, text=True, check=True, timeout=60
    )
    functions: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (lambda: None, ()),
        (process.exit, ("reason",)),
        (process.exit, ("kill",)),
        (process.error, ("e",)),
        (process.throw, ("v",)),
        (_divide_by_zero, ()),
        (process.link, ("no_pid",)),
        (_exit_self("kill"), ()),
        (_exit_self("normal"), ()),
        (process.exit, ("normal",)),
        (_trap_and_kill_oneself, ()),
    ]

    reasons = [await watched_end(fn, *args) for fn, args in functions]

    assert [_as_erlang_prints(to_erlang(one)) for one in reasons] == expected.stdout.split()
