"""The table of restart strategies."""

from __future__ import annotations

from typing import get_args

import pytest

from beamish.otp import ChildSpec, ChildSpecError, SupervisorFlags
from beamish.otp.supervisor.children import Child, Children
from beamish.otp.supervisor.strategies import STRATEGIES, Strategy


def test_every_strategy_of_the_type_is_in_the_table() -> None:
    assert list(STRATEGIES) == list(get_args(Strategy))


@pytest.mark.parametrize(
    ("strategy", "restarted"),
    [("one_for_one", ["b"]), ("one_for_all", ["a", "b", "c"]), ("rest_for_one", ["b", "c"])],
)
def test_a_strategy_says_who_is_restarted_with_a_child(
    strategy: Strategy, restarted: list[str]
) -> None:
    children = Children()
    for name in "abc":
        children.add(Child(ChildSpec(name, print)))
    ended = children.find("b")
    assert ended is not None

    group = STRATEGIES[strategy](children, ended)

    assert [child.spec.id for child in group] == restarted


def test_the_message_about_a_wrong_strategy_names_those_of_the_table() -> None:
    expected = "expected 'one_for_one', 'one_for_all' or 'rest_for_one'; got 'one_for_al'"

    with pytest.raises(ChildSpecError, match=expected):
        SupervisorFlags(strategy="one_for_al")  # type: ignore[arg-type]
