"""Rules V1 to V3: atoms, pids, references, Exit and Down."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import beamish
from beamish import Atom, Down, Exit, Pid, Ref, TimerRef, atom, process

# ---- atoms


def test_an_atom_is_interned() -> None:
    assert Atom("ok") is atom("ok") is Atom.ok is Atom(str(b"ok", "ascii"))


def test_an_atom_equals_its_text() -> None:
    assert Atom.ok == "ok"
    assert hash(Atom.ok) == hash("ok")
    assert {"ok": 1}[Atom.ok] == 1
    assert Atom.ok != "error"


def test_an_atom_works_in_match() -> None:
    match Atom.normal:
        case "normal":
            pass
        case _:
            raise AssertionError


def test_any_text_is_an_atom() -> None:
    assert [Atom(text) for text in ("", "a b", "ä", "__x")] == ["", "a b", "ä", "__x"]
    with pytest.raises(AttributeError):
        _ = Atom._private


def test_an_atom_survives_copy_and_pickle() -> None:
    for copied in (copy.copy(Atom.ok), copy.deepcopy([Atom.ok])[0]):
        assert copied is Atom.ok
    assert pickle.loads(pickle.dumps(Atom.ok)) is Atom.ok  # noqa: S301


# ---- identities


async def _three() -> tuple[Pid, Ref, TimerRef]:
    timer = process.send_after(60, process.self(), "never")
    return process.self(), process.make_ref(), timer


@pytest.fixture
def identities() -> tuple[Pid, Ref, TimerRef]:
    made: tuple[Pid, Ref, TimerRef] = beamish.run(_three)
    return made


def test_identities_print_as_in_erlang(identities: tuple[Pid, Ref, TimerRef]) -> None:
    pid, ref, timer = identities
    assert repr(pid) == f"<0.{pid.id}.{pid.serial}>"
    assert repr(ref).startswith("#Ref<0.")
    assert repr(ref).count(".") == 3
    assert repr(timer).startswith("#Ref<0.")


def test_identities_know_their_node(identities: tuple[Pid, Ref, TimerRef]) -> None:
    for one in identities:
        assert one.node == "nonode@nohost"
        assert one.creation > 0


def test_identities_are_immutable_keys(identities: tuple[Pid, Ref, TimerRef]) -> None:
    assert len({*identities, *identities}) == 3
    for one in identities:
        assert copy.copy(one) is copy.deepcopy(one) is one
        with pytest.raises(AttributeError):
            one.node = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_identities_cannot_be_pickled(identities: tuple[Pid, Ref, TimerRef]) -> None:
    for one in identities:
        with pytest.raises(TypeError, match="means something only inside its node"):
            pickle.dumps(one)


def test_pids_and_references_are_ordered_by_age() -> None:
    async def main() -> tuple[list[Pid], list[Ref]]:
        return [process.spawn(lambda: None) for _ in range(20)], [
            process.make_ref() for _ in range(20)
        ]

    pids, refs = beamish.run(main)

    assert sorted([*pids[10:], *pids[:10]]) == pids
    assert sorted([*refs[10:], *refs[:10]]) == refs
    assert pids[0] < pids[1] <= pids[1] < pids[2]
    assert refs[2] > refs[1] >= refs[1] > refs[0]


# ---- messages


def test_exit_is_the_tuple_of_erlang() -> None:
    message: Any = Exit(None, "boom")

    assert message == ("EXIT", None, "boom")
    assert (message.pid, message.reason) == (None, "boom")
    assert repr(message) == "Exit(pid=None, reason='boom')"
    assert type(message[0]) is Atom


def test_down_is_the_tuple_of_erlang() -> None:
    message: Any = Down(1, "process", 2, "boom")

    assert message == ("DOWN", 1, "process", 2, "boom")
    assert (message.ref, message.kind, message.pid, message.reason) == (1, "process", 2, "boom")
    assert repr(message) == "Down(ref=1, kind='process', pid=2, reason='boom')"
    assert [type(message[index]) for index in (0, 2)] == [Atom, Atom]


@pytest.mark.parametrize("message", [Exit(1, "boom"), Down(1, "process", 2, "boom")])
def test_messages_match_by_position_by_name_and_as_tuples(message: Any) -> None:
    match message:
        case Exit(pid, reason) | Down(_, _, pid, reason):
            assert (pid, reason) == (message.pid, "boom")
        case _:
            raise AssertionError
    match message:
        case Exit(reason="boom") | Down(reason="boom"):
            pass
        case _:
            raise AssertionError
    plain: Any = message
    match plain:
        case ("EXIT", _, "boom") | ("DOWN", _, "process", _, "boom"):
            pass
        case _:
            raise AssertionError


@pytest.mark.parametrize("message", [Exit(1, "boom"), Down(1, "process", 2, "boom")])
def test_messages_survive_copy_and_pickle(message: Any) -> None:
    for copied in (copy.deepcopy(message), pickle.loads(pickle.dumps(message))):  # noqa: S301
        assert copied == message
        assert type(copied) is type(message)


@pytest.mark.parametrize("message", [Exit(1, "boom"), Down(1, "process", 2, "boom")])
def test_messages_are_immutable(message: Any) -> None:
    with pytest.raises(AttributeError):
        message.reason = "other"
    with pytest.raises(AttributeError):
        message.more = 1
