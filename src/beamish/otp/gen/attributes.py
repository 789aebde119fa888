"""The state of a server as others see it: the attributes of an instance."""

from __future__ import annotations

from typing import Any, cast

from beamish.terms import BadArgError
from beamish.terms.errors import describe

__all__ = ["attributes_of", "set_attributes"]


def attributes_of(instance: object) -> dict[str, Any]:
    """The attributes of an instance, those in slots too."""
    found: dict[str, Any] = {}
    for name in _slots(instance):
        if hasattr(instance, name):
            found[name] = getattr(instance, name)
    found.update(getattr(instance, "__dict__", {}))
    return found


def set_attributes(instance: object, state: Any) -> None:
    """Makes these the attributes of an instance, and no others."""
    if not isinstance(state, dict):
        raise BadArgError(
            "sys.replace_state: expected a dict of attributes from the function; "
            f"got {describe(state)}; to replace one: lambda state: {{**state, 'n': 5}}"
        )
    wanted = cast("dict[str, Any]", state)
    for name in attributes_of(instance).keys() - wanted.keys():
        delattr(instance, name)
    for name, value in wanted.items():
        setattr(instance, name, value)


def _slots(instance: object) -> list[str]:
    found: list[str] = []
    for cls in type(instance).__mro__:
        slots: Any = cls.__dict__.get("__slots__", ())
        found += [slots] if isinstance(slots, str) else list(slots)
    return [name for name in found if name not in ("__dict__", "__weakref__")]
