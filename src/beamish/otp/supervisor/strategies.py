"""Restart strategies: which children are stopped and started again with one that has ended.

A strategy is a name in the type and a function in the table, both here; nothing else depends on it.

Source: "Supervision Principles", Restart Strategy (OTP 25 manual).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from .children import Child, Children

__all__ = ["STRATEGIES", "Strategy"]

Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]
"""Which children are restarted when one has ended.

``"one_for_one"``, ``"one_for_all"`` or ``"rest_for_one"``.
"""


def _itself(_: Children, ended: Child) -> list[Child]:
    return [ended]


def _all(children: Children, _: Child) -> list[Child]:
    return list(children)


def _rest(children: Children, ended: Child) -> list[Child]:
    listed = list(children)
    return listed[listed.index(ended) :]


# From all children and the one that has ended, each function gives the children to restart, the
# ended one among them, in the order of their start.
STRATEGIES: Final[dict[Strategy, Callable[[Children, Child], list[Child]]]] = {
    "one_for_one": _itself,
    "one_for_all": _all,
    "rest_for_one": _rest,
}
