"""Waiting in a test: for a message, for an end, for silence."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from beamish import process
from beamish.process import receive
from beamish.terms import Pid, Ref, format_exit
from beamish.terms.careful import same, show

from .clock import VirtualClockLoop

__all__ = ["expect", "expect_down", "refute", "settle"]

# Seconds that a test waits for something expected; they pass only in a test that fails.
PATIENCE: Final = 1.0

# How often in a row there must be nothing to do, on the real clock, before all is quiet: what one
# turn of the loop makes ready runs in the next.
_QUIET_TURNS: Final = 3

# How many messages a failure shows.
_SHOWN: Final = 20


async def settle(timeout: float = 5.0) -> None:
    """Returns when every process waits: for messages, for timers, or for something outside.

    By then all earlier messages and their consequences have been handled. The virtual clock does
    not move. On the real one, results of sockets and threads that are under way are not waited
    for: wait for what they bring.

    Args:
        timeout: seconds after which to give up, on the real clock. On the virtual one a process
            that computes endlessly blocks everything.

    Raises:
        AssertionError: some processes do not come to rest.
    """
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualClockLoop):
        await loop.idle()
        return
    quiet, end = 0, loop.time() + timeout
    while quiet < _QUIET_TURNS:
        await process.sleep(0)
        runs = _who_runs()
        quiet = 0 if runs else quiet + 1
        if runs and loop.time() >= end:
            raise AssertionError(f"expected all processes to wait within {timeout} s; {runs} run")


def _who_runs() -> list[Pid]:
    me = process.self()
    others = [pid for pid in process.list() if pid is not me]
    return [pid for pid in others if process.info(pid, "status") == "runnable"]


async def expect(*patterns: Any, timeout: float | None = PATIENCE) -> Any:
    """Waits for a message, and fails the test if it does not come.

    Args:
        patterns: as those of ``process.receive``: a value, ``...``, a type, a tuple, list or dict
            of patterns, or a predicate.
        timeout: seconds to wait.

    Returns:
        The first message that matches one of them.

    Raises:
        AssertionError: none came; the text shows what is in the mailbox.

    Example:
        >>> ref, value = await expect((ref, ...))

    Source: Elixir's ExUnit.Assertions, assert_receive/3.
    """
    try:
        return await receive(*patterns, timeout=timeout)
    except TimeoutError:
        raise AssertionError(
            f"expected a message that matches {_shown(patterns)} within {timeout} s; {_mailbox()}"
        ) from None


async def refute(*patterns: Any, timeout: float = 0.0) -> None:
    """Makes sure that no such message comes.

    Args:
        patterns: as those of `expect`.
        timeout: seconds to wait for it. With 0, the default, it settles, and then looks: messages
            that were under way have come by then.

    Raises:
        AssertionError: one came.

    Source: Elixir's ExUnit.Assertions, refute_receive/3.
    """
    if not timeout:
        await settle()
    try:
        message = await receive(*patterns, timeout=timeout)
    except TimeoutError:
        return
    raise AssertionError(
        f"expected no message that matches {_shown(patterns)}; got {show(message)}"
    )


async def expect_down(
    process_or_ref: Pid | Ref | str, reason: Any = ..., *, timeout: float | None = PATIENCE
) -> Any:
    """Waits for the end of a process.

    Args:
        process_or_ref: its pid or name; or the reference of a monitor that the test has made.
        reason: a pattern that its exit reason must match.
        timeout: seconds to wait.

    Returns:
        The exit reason; ``noproc`` if it ended before this call and before any monitor.

    Raises:
        AssertionError: it is still alive, or ended for another reason.
    """
    monitored = isinstance(process_or_ref, Ref)
    ref = process_or_ref if isinstance(process_or_ref, Ref) else process.monitor(process_or_ref)
    try:
        found = (await receive(("DOWN", ref, ..., ..., ...), timeout=timeout))[4]
    except TimeoutError:
        if not monitored:
            process.demonitor(ref, flush=True)
        raise AssertionError(
            f"expected {process_or_ref!r} to end within {timeout} s; it lives on"
        ) from None
    if reason is not ... and not await _matches(found, reason):
        raise AssertionError(
            f"expected {process_or_ref!r} to end with {_shown((reason,))}; "
            f"it ended with {format_exit(found)}"
        )
    return found


async def _matches(value: Any, pattern: Any) -> bool:
    """Whether receive takes a value by a pattern."""
    if same(value, pattern):
        return True
    tag = process.make_ref()
    process.send(process.self(), (tag, value))
    try:
        await receive((tag, pattern), timeout=0)
    except TimeoutError:
        await receive((tag, ...), timeout=0)
        return False
    return True


def _shown(patterns: tuple[Any, ...]) -> str:
    if not patterns:
        return "anything"
    return " or ".join(_pattern(one) for one in patterns)


def _pattern(pattern: Any) -> str:
    if pattern is ...:
        return "..."
    if isinstance(pattern, type):
        return pattern.__name__
    if type(pattern) is tuple:
        parts = cast("tuple[Any, ...]", pattern)
        return f"({', '.join(_pattern(part) for part in parts)})"
    return show(pattern)


def _mailbox() -> str:
    messages: list[Any] = process.info(process.self(), "messages")
    if not messages:
        return "the mailbox is empty"
    shown = "\n".join(f"    {show(message)}" for message in messages[:_SHOWN])
    more = f"\n    and {len(messages) - _SHOWN} more" if len(messages) > _SHOWN else ""
    return f"the mailbox holds\n{shown}{more}"
