"""What can be known of a process: info, the dictionary, labels, parents."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest

from beamish import Atom, BadArgError, Pid, behaviour, process

from .harness import PATIENCE, on_virtual_clock, settle, sleeper

_ITEMS = {
    "ancestors",
    "dictionary",
    "initial_call",
    "label",
    "links",
    "message_queue_len",
    "messages",
    "monitored_by",
    "monitors",
    "owned",
    "parent",
    "registered_name",
    "status",
    "trap_exit",
}


@on_virtual_clock
async def test_info_of_a_new_process() -> None:
    pid = process.spawn(sleeper)
    me = process.self()

    info = process.info(pid)

    assert info is not None
    assert info.keys() >= _ITEMS
    assert {key: info[key] for key in sorted(_ITEMS - {"initial_call", "status"})} == {
        "ancestors": [me],
        "dictionary": {},
        "label": None,
        "links": [],
        "message_queue_len": 0,
        "messages": [],
        "monitored_by": [],
        "monitors": [],
        "owned": [],
        "parent": me,
        "registered_name": "",
        "trap_exit": False,
    }
    assert type(info["registered_name"]) is Atom


@on_virtual_clock
async def test_info_of_one_item() -> None:
    for item in _ITEMS:
        whole = process.info(process.self())
        assert whole is not None
        assert process.info(process.self(), item) == whole[item]


@on_virtual_clock
async def test_an_unknown_item_is_badarg() -> None:
    with pytest.raises(BadArgError, match=r"info: expected one of .*links.*; got 'nothing'"):
        process.info(process.self(), "nothing")


@on_virtual_clock
async def test_the_status_of_a_process() -> None:
    """Running, runnable, waiting."""
    waits = [
        process.spawn(sleeper),
        process.spawn(process.receive),
        process.spawn(process.receive, "pattern"),
        process.spawn(asyncio.sleep, 3600),
    ]
    assert process.info(waits[0], "status") == "runnable"
    await settle()

    assert [process.info(pid, "status") for pid in waits] == ["waiting"] * 4
    assert process.info(process.self(), "status") == "running"
    process.send(waits[1], "wakes it")
    assert process.info(waits[1], "status") == "runnable"


async def _named() -> None:
    await process.sleep(None)


class _Callable:
    async def __call__(self) -> None:
        await process.sleep(None)

    async def method(self) -> None:
        await process.sleep(None)


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (_named, f"{__name__}._named"),
        (_Callable().method, f"{__name__}._Callable.method"),
        (functools.partial(_named), f"{__name__}._named"),
    ],
)
@on_virtual_clock
async def test_the_initial_call_names_the_function(fn: Any, name: str) -> None:
    pid = process.spawn(fn)
    await settle()

    assert process.info(pid, "initial_call") == name


@on_virtual_clock
async def test_the_initial_call_can_be_said() -> None:
    """spawn_opt(initial_call=), a text or a function."""
    text = process.spawn_opt(sleeper, initial_call="Counter.init")
    function = process.spawn_opt(sleeper, initial_call=_named)

    assert process.info(text, "initial_call") == "Counter.init"
    assert process.info(function, "initial_call") == f"{__name__}._named"


# ---- parents


@on_virtual_clock
async def test_parents_and_ancestors() -> None:
    top = process.self()

    async def child() -> None:
        process.spawn(grandchild)
        await process.sleep(None)

    async def grandchild() -> None:
        process.send(top, (process.parent(), process.ancestors()))

    pid = process.spawn(child)

    assert await process.receive(timeout=PATIENCE) == (pid, [pid, top])
    assert process.parent() is None
    assert process.ancestors() == []


# ---- the dictionary


@on_virtual_clock
async def test_the_dictionary_is_the_processs_own() -> None:
    process.put("key", "mine")
    parent = process.self()

    process.spawn(lambda: process.send(parent, process.get("key", "none")))

    assert await process.receive(timeout=PATIENCE) == "none"
    assert process.get("key") == "mine"
    assert process.info(process.self(), "dictionary") == {"key": "mine"}


@on_virtual_clock
async def test_put_and_erase_return_the_old_value() -> None:
    assert process.get("key") is None
    assert process.put("key", 1) is None
    assert process.put("key", 2) == 1
    assert process.erase("key") == 2
    assert process.erase("key") is None
    assert process.get("key", "default") == "default"


# ---- labels


@on_virtual_clock
async def test_a_label_is_seen_by_all_and_need_not_be_unique() -> None:
    one, other = (process.spawn_opt(sleeper, label=("worker", 1)) for _ in range(2))

    assert process.label(one) == process.label(other) == ("worker", 1)
    process.set_label("main")
    assert process.label(process.self()) == "main"


@on_virtual_clock
async def test_list_holds_the_living_in_order_of_age() -> None:
    pids: list[Pid] = [process.spawn(sleeper) for _ in range(20)]

    assert process.list() == [process.self(), *pids]


@on_virtual_clock
async def test_messages_of_an_idle_server_that_was_just_woken() -> None:
    def step(message: Any) -> Any:
        return message if message == "end" else None

    async def serve() -> Any:
        return await behaviour.Server(step, step).receive()

    pid = process.spawn(serve)
    await settle()
    for message in ("first", "second"):
        process.send(pid, message)

    assert process.info(pid, "messages") == ["first", "second"]
    assert process.info(pid, "message_queue_len") == 2
