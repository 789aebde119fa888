"""Rules N1 to N6: registered names."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import Atom, BadArgError, Down, Exit, Ref, atom, process

from .harness import PATIENCE, down_of, ended, on_virtual_clock, settle, sleeper

# ---- N1


@on_virtual_clock
async def test_n1_register_gives_a_name() -> None:
    """N1: register(Name, Pid) -> true."""
    pid = process.spawn(sleeper)

    assert process.register("worker", pid) is True

    assert process.whereis("worker") is pid
    assert process.info(pid, "registered_name") == "worker"


@on_virtual_clock
async def test_n1_a_name_that_is_taken_is_refused() -> None:
    """N1: badarg, also by the same pid."""
    pid = process.spawn(sleeper)
    process.register("worker", pid)

    for other in (pid, process.self()):
        with pytest.raises(BadArgError, match=f"'worker' is taken by {pid!r}: unregister it first"):
            process.register("worker", other)


@on_virtual_clock
async def test_n1_a_process_has_one_name() -> None:
    """N1: badarg if the pid already has a name."""
    process.register("first", process.self())

    with pytest.raises(BadArgError, match="has a name already: 'first'"):
        process.register("second", process.self())

    assert process.whereis("second") is None


@on_virtual_clock
async def test_n1_a_dead_process_gets_no_name() -> None:
    """N1."""
    with pytest.raises(BadArgError, match="not alive"):
        process.register("late", await ended())


@pytest.mark.parametrize("reason", ["boom", "kill"])
@on_virtual_clock
async def test_n1_a_process_that_was_told_to_end_gets_no_name(reason: str) -> None:
    """N1, P5."""
    pid = process.spawn(sleeper)
    process.exit(pid, reason)

    with pytest.raises(BadArgError, match="not alive"):
        process.register("late", pid)


@pytest.mark.parametrize("name", [None, 42, ("a", "b"), b"name"])
@on_virtual_clock
async def test_n1_a_name_is_text(name: Any) -> None:
    """N1: badarg if the name is not an atom."""
    with pytest.raises(BadArgError, match="a name is a str or an Atom; got"):
        process.register(name, process.self())


@on_virtual_clock
async def test_n1_undefined_is_no_name() -> None:
    """N1: badarg if the name is undefined."""
    with pytest.raises(BadArgError, match="'undefined'"):
        process.register("undefined", process.self())


@pytest.mark.parametrize("thing", [None, 42, "pid"])
@on_virtual_clock
async def test_n1_only_a_pid_is_registered(thing: Any) -> None:
    """N1."""
    with pytest.raises(BadArgError, match="register takes a Pid"):
        process.register("name", thing)


@on_virtual_clock
async def test_n1_text_and_atom_are_one_name() -> None:
    """N1: names are str or atoms."""
    process.register(atom("worker"), process.self())

    assert process.whereis("worker") is process.self()
    assert [type(name) for name in process.registered()] == [Atom]


# ---- N2


@on_virtual_clock
async def test_n2_whereis_of_an_unknown_name_is_none() -> None:
    """N2: undefined."""
    assert process.whereis("nobody") is None


@pytest.mark.parametrize("name", [None, 42])
@on_virtual_clock
async def test_n2_whereis_takes_a_name_only(name: Any) -> None:
    """N2: badarg."""
    with pytest.raises(BadArgError, match="a name is a str"):
        process.whereis(name)


@on_virtual_clock
async def test_n2_unregister_frees_the_name_and_the_process() -> None:
    """N2: the name can be given again, the process can get another."""
    process.register("first", process.self())

    assert process.unregister("first") is True

    assert process.whereis("first") is None
    assert process.info(process.self(), "registered_name") == ""
    process.register("second", process.self())
    process.register("first", process.spawn(sleeper))
    assert sorted(process.registered()) == ["first", "second"]


@pytest.mark.parametrize("name", ["nobody", None, 42, []])
@on_virtual_clock
async def test_n2_unregister_of_an_unknown_name_is_badarg(name: Any) -> None:
    """N2."""
    with pytest.raises(BadArgError, match="no process is registered as"):
        process.unregister(name)


# ---- N3


@pytest.mark.parametrize("reason", ["normal", "boom", "kill"])
@on_virtual_clock
async def test_n3_the_name_is_free_when_the_death_is_told(reason: str) -> None:
    """N3: before any EXIT or DOWN about that death is delivered."""
    process.flag(trap_exit=True)

    for _ in range(50):
        pid = process.spawn_opt(process.receive, name="worker", link=True)
        process.monitor("worker")
        if reason == "normal":
            process.send(pid, "end")
        else:
            process.exit(pid, reason)
        for _ in range(2):
            assert isinstance(await process.receive(timeout=PATIENCE), Down | Exit)
            assert process.whereis("worker") is None


@on_virtual_clock
async def test_n3_the_name_is_free_when_alive_says_no() -> None:
    """N3: before any alive-reply about that death."""
    pid = process.spawn_opt(sleeper, name="worker")

    process.exit(pid, "kill")

    assert not process.alive(pid)
    assert process.whereis("worker") is None


@on_virtual_clock
async def test_n3_a_name_can_be_taken_while_its_old_owner_cleans_up() -> None:
    """N3, C1: ending, its name is free."""
    parent = process.self()

    async def slow_to_end() -> None:
        try:
            await process.sleep(None)
        finally:
            await process.offload(lambda: None)
            process.send(parent, process.whereis("worker"))

    old, ref = process.spawn_opt(slow_to_end, name="worker", monitor=True)
    await settle()
    process.exit(old, "boom")
    new = process.spawn_opt(sleeper, name="worker")

    assert await process.receive(timeout=PATIENCE) is new
    assert await down_of(ref) == "boom"
    assert process.whereis("worker") is new


# ---- N4


@on_virtual_clock
async def test_n4_a_message_to_an_unknown_name_is_badarg() -> None:
    """N4."""
    with pytest.raises(BadArgError, match="cannot send to 'nobody': no process is registered"):
        process.send("nobody", 1)


@pytest.mark.parametrize("where", ["nonode@nohost", "elsewhere@nohost"])
@on_virtual_clock
async def test_n4_a_message_to_name_and_node_is_never_an_error(where: str) -> None:
    """N4: silently returns the message."""
    assert process.send(("nobody", where), "message") == "message"


@on_virtual_clock
async def test_n4_a_message_to_name_and_this_node_arrives() -> None:
    """N4."""
    process.register("me", process.self())

    process.send(("me", process.self().node), "message")

    assert process.flush() == ["message"]


@on_virtual_clock
async def test_n4_a_message_to_the_dead_is_dropped() -> None:
    """N4: silently returns the message."""
    assert process.send(await ended(), "message") == "message"


@pytest.mark.parametrize(
    "dest", [None, 42, (), ("a",), ("a", 1), ("a", "b", "c"), ["a", "b"], b"name"]
)
@on_virtual_clock
async def test_n4_a_message_to_what_is_no_destination_is_badarg(dest: Any) -> None:
    """N4: and the text lists the forms."""
    with pytest.raises(BadArgError, match="expected a Pid, a registered name"):
        process.send(dest, 1)


class _Table:
    """What a behaviour's registry offers to ("via", registry, name)."""

    @staticmethod
    def whereis_name(name: Any) -> Any:
        return process.self() if name == "me" else None


@on_virtual_clock
async def test_n4_a_via_tuple_asks_its_registry() -> None:
    """N4: a behaviour's via tuple is a destination."""
    process.send(("via", _Table, "me"), "message")

    assert process.flush() == ["message"]
    with pytest.raises(BadArgError, match="no process is registered by that name"):
        process.send(("via", _Table, "nobody"), "message")


# ---- N5


@on_virtual_clock
async def test_n5_an_answer_is_told_by_its_reference() -> None:
    """N5: a name can denote another process a moment later; a ref cannot."""

    async def server() -> None:
        while True:
            pid, ref = await process.receive()
            process.send(pid, (ref, "answer"))

    first = process.spawn_opt(server, name="server")
    ref = process.make_ref()
    process.send("server", (process.self(), ref))
    process.exit(first, "kill")
    process.spawn_opt(server, name="server")

    again = process.make_ref()
    process.send("server", (process.self(), again))

    assert await process.receive((again, ...), timeout=PATIENCE) == (again, "answer")
    assert isinstance(ref, Ref)


# ---- N6


@on_virtual_clock
async def test_n6_names_do_not_outlive_the_node() -> None:
    """N6: a name is a process' and goes with it."""
    process.register("me", process.self())


@on_virtual_clock
async def test_n6_a_new_node_knows_no_names() -> None:
    """N6: see the test before."""
    assert process.registered() == []
