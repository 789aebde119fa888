"""How a class says how it wants to be supervised."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, overload

from beamish.otp.gen import HasInit, Name, SpawnOptions, Startable
from beamish.terms import Atom

from .spec import DEFAULT, ChildSpec, ChildType, Restart, Shutdown

__all__ = ["Supervised", "SupervisedServer"]

P = ParamSpec("P")


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


class SupervisedServer(Startable, Supervised):
    """A child whose ``init`` gets the arguments of its start functions and its child spec."""

    if TYPE_CHECKING:
        # As the start functions of Startable, for type checkers alone.
        @overload  # type: ignore[override]
        @classmethod
        def child_spec(cls: type[HasInit[P]], *args: P.args, **kwargs: P.kwargs) -> ChildSpec: ...
        @overload
        @classmethod
        def child_spec(
            cls,
            *args: Any,
            id: Hashable,
            name: Name | None = ...,
            restart: Restart | None = ...,
            shutdown: Shutdown = ...,
            significant: bool = ...,
            timeout: float | None = ...,
            debug: Iterable[Any] = ...,
            spawn_opt: SpawnOptions | None = ...,
            **kwargs: Any,
        ) -> ChildSpec: ...
        @overload
        @classmethod
        def child_spec(
            cls,
            *args: Any,
            id: Hashable = ...,
            name: Name | None,
            restart: Restart | None = ...,
            shutdown: Shutdown = ...,
            significant: bool = ...,
            timeout: float | None = ...,
            debug: Iterable[Any] = ...,
            spawn_opt: SpawnOptions | None = ...,
            **kwargs: Any,
        ) -> ChildSpec: ...
        @overload
        @classmethod
        def child_spec(
            cls,
            *args: Any,
            id: Hashable = ...,
            name: Name | None = ...,
            restart: Restart | None,
            shutdown: Shutdown = ...,
            significant: bool = ...,
            timeout: float | None = ...,
            debug: Iterable[Any] = ...,
            spawn_opt: SpawnOptions | None = ...,
            **kwargs: Any,
        ) -> ChildSpec: ...
        @overload
        @classmethod
        def child_spec(
            cls,
            *args: Any,
            id: Hashable = ...,
            name: Name | None = ...,
            restart: Restart | None = ...,
            shutdown: Shutdown,
            significant: bool = ...,
            timeout: float | None = ...,
            debug: Iterable[Any] = ...,
            spawn_opt: SpawnOptions | None = ...,
            **kwargs: Any,
        ) -> ChildSpec: ...
        @overload
        @classmethod
        def child_spec(
            cls,
            *args: Any,
            id: Hashable = ...,
            name: Name | None = ...,
            restart: Restart | None = ...,
            shutdown: Shutdown = ...,
            significant: bool,
            timeout: float | None = ...,
            debug: Iterable[Any] = ...,
            spawn_opt: SpawnOptions | None = ...,
            **kwargs: Any,
        ) -> ChildSpec: ...
        @overload
        @classmethod
        def child_spec(
            cls,
            *args: Any,
            id: Hashable = ...,
            name: Name | None = ...,
            restart: Restart | None = ...,
            shutdown: Shutdown = ...,
            significant: bool = ...,
            timeout: float | None,
            debug: Iterable[Any] = ...,
            spawn_opt: SpawnOptions | None = ...,
            **kwargs: Any,
        ) -> ChildSpec: ...
        @overload
        @classmethod
        def child_spec(
            cls,
            *args: Any,
            id: Hashable = ...,
            name: Name | None = ...,
            restart: Restart | None = ...,
            shutdown: Shutdown = ...,
            significant: bool = ...,
            timeout: float | None = ...,
            debug: Iterable[Any],
            spawn_opt: SpawnOptions | None = ...,
            **kwargs: Any,
        ) -> ChildSpec: ...
        @overload
        @classmethod
        def child_spec(
            cls,
            *args: Any,
            id: Hashable = ...,
            name: Name | None = ...,
            restart: Restart | None = ...,
            shutdown: Shutdown = ...,
            significant: bool = ...,
            timeout: float | None = ...,
            debug: Iterable[Any] = ...,
            spawn_opt: SpawnOptions | None,
            **kwargs: Any,
        ) -> ChildSpec: ...
        @classmethod
        def child_spec(cls, *args: Any, **kwargs: Any) -> ChildSpec: ...  # noqa: D102
