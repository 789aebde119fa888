"""Elixir's Process: cases of its own suite, in our words."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import proc_lib
from beamish.terms import Exit, Pid
from tests.otp.support import down, ended_by, on_real_clock, on_virtual_clock, outcome


@on_real_clock
async def test_dictionary() -> None:
    """Elixir Process: dictionary."""
    assert process.put("a", 1) is None
    assert process.put("a", 2) == 1
    assert process.put("b", 2) is None
    assert (process.get("a"), process.get("x"), process.get("x", 7)) == (2, None, 7)
    assert process.get_keys() == ["a", "b"]
    assert process.get_keys(2) == ["a", "b"]
    assert process.get_keys(None) == []
    assert process.dictionary() == {"a": 2, "b": 2}
    assert (process.erase("a"), process.erase("a")) == (2, None)
    assert process.dictionary() == {"b": 2}


@pytest.mark.parametrize("kind", ["explicit_unalias", "demonitor", "reply_demonitor"])
@on_real_clock
async def test_monitor_with_monitor_options(kind: str) -> None:
    """Elixir Process: monitor/2 with monitor options."""
    pid = process.spawn(process.sleep, None)
    ref = process.monitor(pid, alias=kind)

    process.send(ref, "one")
    process.send(ref, "two")
    process.demonitor(ref)
    process.send(ref, "three")
    process.unalias(ref)
    process.send(ref, "four")

    expected = {
        "explicit_unalias": ["one", "two", "three"],
        "demonitor": ["one", "two"],
        "reply_demonitor": ["one"],
    }
    assert process.flush() == expected[kind]


@on_real_clock
async def test_sleep_with_2_32() -> None:
    """Elixir Process: sleep/1 with 2^32."""
    pid = process.spawn(process.sleep, 2**32 / 1000)

    assert await ended_by(pid, "kill") == "killed"


@on_virtual_clock
async def test_a_sleep_of_more_than_32_bits_ends_in_time() -> None:
    """Elixir Process: sleep/1 with 2^32."""
    began = process.monotonic_time()

    await process.sleep(2**32 / 1000 + 5)

    assert process.monotonic_time() - began == pytest.approx(2**32 / 1000 + 5)


@on_real_clock
async def test_info_with_registered_name() -> None:
    """Elixir Process: info/2 with registered name (the empty name stands for none)."""
    pid = process.spawn(process.sleep, None)

    before = process.info(pid, "registered_name")
    process.register("name", pid)

    assert (before, process.info(pid, "registered_name")) == ("", "name")


@on_virtual_clock
async def test_send_after() -> None:
    """Elixir Process: send_after/3 sends messages once expired."""
    process.send_after(0.01, process.self(), "hello")

    assert await process.receive(timeout=1.0) == "hello"


@on_virtual_clock
async def test_send_after_with_absolute_time() -> None:
    """Elixir Process: send_after/4 with absolute time sends message once expired."""
    await process.sleep(3.0)
    due = process.monotonic_time() + 0.5

    process.send_after(due, process.self(), "hello", abs=True)

    assert await process.receive(timeout=1.0) == "hello"
    assert process.monotonic_time() == pytest.approx(due)


@on_real_clock
async def test_exit_normal_does_not_end_another() -> None:
    """Elixir Process: exit(pid, :normal) does not cause the target process to exit."""

    async def trapping(witness: Pid) -> None:
        process.flag(trap_exit=True)
        process.send(witness, "ready")
        process.send(witness, await process.receive())

    plain = process.spawn(process.sleep, None)
    trap = process.spawn(trapping, process.self())
    await process.receive("ready")

    process.exit(plain, "normal")
    process.exit(trap, "normal")

    assert await process.receive() == Exit(process.self(), "normal")
    assert process.alive(plain)


@on_real_clock
async def test_exit_normal_ends_oneself() -> None:
    """Elixir Process: exit(self(), :normal) causes the calling process to exit."""

    async def suicide() -> None:
        process.exit(process.self(), "normal")
        await process.sleep(0)
        process.exit("lived on")

    assert await outcome(suicide) == "normal"


@on_real_clock
async def test_simple_alias_and_unalias() -> None:
    """Elixir Process: simple alias + unalias flow."""
    alias = process.alias()

    process.send(alias, "one")
    process.send(alias, "two")
    first = process.unalias(alias)
    process.send(alias, "three")

    assert (first, process.unalias(alias)) == (True, False)
    assert process.flush() == ["one", "two"]


@on_real_clock
async def test_labels_of_proc_lib() -> None:
    """Elixir Process: gets a process label, compatible with `:proc_lib.set_label/1`."""

    async def labelled(label: Any) -> None:
        proc_lib.set_label(label)
        proc_lib.init_ack()
        await process.receive("stop")

    pid = await proc_lib.start(labelled, ("worker", 5))

    assert process.label(pid) == proc_lib.get_label(pid) == ("worker", 5)
    ref = process.monitor(pid)
    process.send(pid, "stop")
    assert await down(ref) == "normal"
    assert process.label(pid) is None
