"""How a class says how it wants to be supervised."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from beamish.otp.gen import Name
from beamish.terms import Atom

from .spec import DEFAULT, ChildSpec, ChildType, Restart, Shutdown

__all__ = ["Supervised"]


class Supervised:
    """The base of every class that can be a supervisor's child.

    In the class statement: ``class Worker(GenServer, restart="transient", shutdown=10.0)``.

    Args:
        restart: ``"permanent"`` (the default), ``"transient"`` or ``"temporary"``.
        shutdown: seconds, ``"brutal_kill"``, or None forever; by default 5.0 for a worker and None
            for a supervisor.
        id: the id in its child spec; by default its registered name, else the name of the class.

    Source: Elixir's GenServer, "child_spec/1" and the options of ``use GenServer``.
    """

    _spec_restart: ClassVar[Restart] = "permanent"
    _spec_shutdown: ClassVar[Shutdown] = DEFAULT
    _spec_type: ClassVar[ChildType] = "worker"
    _spec_id: ClassVar[Hashable] = None

    def __init_subclass__(
        cls,
        *,
        restart: Restart | None = None,
        shutdown: Shutdown = DEFAULT,
        id: Hashable = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if restart is not None:
            cls._spec_restart = restart
        if shutdown is not DEFAULT:
            cls._spec_shutdown = shutdown
        if id is not None:
            cls._spec_id = id

    @classmethod
    def child_spec(
        cls,
        *args: Any,
        id: Hashable = None,
        name: Name | None = None,
        restart: Restart | None = None,
        shutdown: Shutdown = DEFAULT,
        significant: bool = False,
        **kwargs: Any,
    ) -> ChildSpec:
        """How a supervisor starts a process of this class.

        Args:
            args: the arguments of ``start_link``.
            id: by default that of the class statement, else the registered name, else the name of
                the class.
            name: as for start_link.
            restart: by default that of the class statement, else ``"permanent"``.
            shutdown: by default that of the class statement, else 5.0 seconds for a worker and None
                (forever) for a supervisor.
            significant: see ChildSpec.
            kwargs: keyword arguments of start_link.

        Source: Elixir's Supervisor, "child_spec/1".
        """
        if name is not None:
            kwargs["name"] = name
        return ChildSpec(
            cls._id(name) if id is None else id,
            (cls.start_link, args, kwargs),  # type: ignore[attr-defined]
            restart=cls._spec_restart if restart is None else restart,
            shutdown=cls._spec_shutdown if shutdown is DEFAULT else shutdown,
            type=cls._spec_type,
            significant=significant,
            modules=(cls.__name__,),
        )

    @classmethod
    def _id(cls, name: Name | None) -> Hashable:
        if cls._spec_id is not None:
            return cls._spec_id
        return Atom(name if isinstance(name, str) else cls.__name__)
