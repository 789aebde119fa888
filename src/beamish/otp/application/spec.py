"""The class Application, by which an application describes itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, cast

from beamish.terms import Atom, BadArgError
from beamish.terms.numbers import LONGEST, check_seconds

__all__ = ["Application", "ApplicationInfo"]

_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class ApplicationInfo(NamedTuple):
    """An entry of which_applications."""

    name: Atom
    description: str
    vsn: str


class Application:
    """The base of an application; see the page "Application".

    Attributes:
        name: by default from the name of the class: ``kv_server`` for ``KVServer`` or
            ``KVServerApplication``.
        description: a line about it.
        vsn: its version.
        applications: those that must run before it starts: classes, or "package.module:Class".
        optional_applications: those of them that need not be installed.
        env: its settings, each a default or a Setting.
        args: the second argument of `start`.
        registered: the names of its processes, for the reader.
        start_phases: (phase, argument) pairs; `start_phase` is called for each after `start`.
        shutdown: seconds that it may take to stop, after which all of it is killed; None for no
            limit.
    """

    name: ClassVar[str] = ""
    description: ClassVar[str] = ""
    vsn: ClassVar[str] = ""
    applications: ClassVar[Sequence[type[Application] | str]] = ()
    optional_applications: ClassVar[Sequence[type[Application] | str]] = ()
    env: ClassVar[Mapping[str, Any]] = {}
    args: ClassVar[Any] = ()
    registered: ClassVar[Sequence[str]] = ()
    start_phases: ClassVar[Sequence[tuple[str, Any]]] = ()
    shutdown: ClassVar[float | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            words = cls.__name__.removesuffix("Application") or cls.__name__
            cls.name = _WORDS.sub("_", words).lower()
        _check_class(cls)

    # ---- callbacks

    def start(self, type: str, args: Any) -> Any:
        """Starts the top supervisor; runs in the application's master. May be ``async def``.

        An application without it is a library, with settings but no processes.

        Args:
            type: ``"normal"``.
            args: the ``args`` of the class.

        Returns:
            The pid of the top supervisor, which ``start_link`` has linked to the caller.

        Raises:
            Exception: the application does not start, for this reason.
        """
        raise NotImplementedError

    def start_phase(self, phase: str, type: str, args: Any) -> Any:
        """Does one phase of the start, after the supervisor has started; see ``start_phases``."""
        raise NotImplementedError(f"{self.__class__.__name__} has no start_phase for {phase!r}")

    def prep_stop(self) -> Any:
        """Runs before the supervisor is stopped. May be ``async def``."""

    def stop(self) -> Any:
        """Runs when the application's processes have ended. May be ``async def``."""

    # ---- about the class

    @classmethod
    def is_library(cls) -> bool:
        """Whether it has only settings, and no processes."""
        return cls.start is Application.start


def _check_class(cls: type[Application]) -> None:
    """Refuses attributes that make no sense, at the class statement."""
    if not isinstance(cast("Any", cls.name), str) or not cls.name:
        raise _wrong(cls, "name", "a text")
    if not isinstance(cast("Any", cls.env), Mapping):
        raise _wrong(cls, "env", "a mapping of settings to defaults")
    for field in ("applications", "optional_applications"):
        if not isinstance(needed := getattr(cls, field), list | tuple):
            shown = needed.__name__ if isinstance(needed, type) else repr(needed)
            raise _wrong(cls, field, "a list of classes", f": write {field} = [{shown}]")
    if not all(_is_pair(phase) for phase in cls.start_phases):
        raise _wrong(cls, "start_phases", "pairs of a phase's name and an argument")
    check_seconds(f"{cls.__name__}.shutdown", cls.shutdown, LONGEST)


def _wrong(cls: type[Application], field: str, expected: str, hint: str = "") -> BadArgError:
    came = getattr(cls, field)
    return BadArgError(f"{cls.__name__}.{field}: expected {expected}; got {came!r}{hint}")


def _is_pair(phase: Any) -> bool:
    return isinstance(phase, tuple) and len(cast("tuple[Any, ...]", phase)) == 2
