"""How a class of a behaviour is started: the methods that GenServer and GenStatem share."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, ParamSpec, Protocol, TypedDict, overload

from beamish.terms import Pid, Ref

from .names import Name
from .starting import SpawnOptions

__all__ = ["HasInit", "StartOptions", "Startable"]


class StartOptions(TypedDict, total=False):
    """The options of a start function.

    Attributes:
        name: registered before ``init`` runs; a string, or ("via", registry, key).
        timeout: seconds that init may take, or None forever (the default, as in OTP).
        debug: what of ``sys`` is on from the start: ``["trace", ("log", 20), "statistics"]``.
        spawn_opt: options of the process: ``{"label": ...}``.
    """

    name: Name | None
    timeout: float | None
    debug: Iterable[Any]
    spawn_opt: SpawnOptions | None


P = ParamSpec("P")


class HasInit(Protocol[P]):
    """A class whose ``init`` takes these arguments."""

    def init(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """What the start functions pass their arguments to."""


class Startable:
    """The start functions of a behaviour's class.

    Type checkers compare the arguments with those of ``init``. Where an option is given as well
    they cannot: no type says "the arguments of that function, and a keyword more". So there is one
    signature for each option that is given, and the one without options is ignored where it is
    compared with the function, whose options an ``init`` might have as well.
    An ``init`` that takes every keyword, as the one of a class that defines none, hides a wrong
    option.
    """

    # These are not coroutine functions but return start_opt's coroutine: one frame less in the
    # start of each of a supervisor's children.

    @overload
    @classmethod
    def start_link(
        cls: type[HasInit[P]], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, Pid]: ...
    @overload
    @classmethod
    def start_link(
        cls,
        *args: Any,
        name: Name | None,
        timeout: float | None = ...,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]: ...
    @overload
    @classmethod
    def start_link(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]: ...
    @overload
    @classmethod
    def start_link(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        debug: Iterable[Any],
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]: ...
    @overload
    @classmethod
    def start_link(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]: ...
    @classmethod  # type: ignore[misc]
    def start_link(
        cls,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]:
        """Starts a process linked to the caller, and returns when its ``init`` is done.

        Args:
            args: what ``init`` gets.
            name: registered before init runs; a string, or ("via", registry, key).
            timeout: seconds that init may take, or None forever (the default, as in OTP).
            debug: what of ``sys`` is on from the start: ``["trace", ("log", 20), "statistics"]``.
            spawn_opt: options of the process: ``{"label": ...}``.
            kwargs: keyword arguments of init.

        Returns:
            The pid.

        Raises:
            StartError: it did not start. The reason is init's, ``("already_started", pid)`` or
                ``"timeout"``. A caller that does not trap exits dies with a failing init.
            StartIgnored: init returned Ignore.

        Source: gen_server:start_link/4, gen_statem:start_link/4.
        """
        return cls._start_opt(args, kwargs, name, timeout, debug, spawn_opt, True)

    @overload
    @classmethod
    def start(
        cls: type[HasInit[P]], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, Pid]: ...
    @overload
    @classmethod
    def start(
        cls,
        *args: Any,
        name: Name | None,
        timeout: float | None = ...,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]: ...
    @overload
    @classmethod
    def start(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]: ...
    @overload
    @classmethod
    def start(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        debug: Iterable[Any],
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]: ...
    @overload
    @classmethod
    def start(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]: ...
    @classmethod  # type: ignore[misc]
    def start(
        cls,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Pid]:
        """Like :meth:`start_link`, without a link: for a shell or a test.

        Source: gen_server:start/4, gen_statem:start/4.
        """
        return cls._start_opt(args, kwargs, name, timeout, debug, spawn_opt, False)

    @overload
    @classmethod
    def start_monitor(
        cls: type[HasInit[P]], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, tuple[Pid, Ref]]: ...
    @overload
    @classmethod
    def start_monitor(
        cls,
        *args: Any,
        name: Name | None,
        timeout: float | None = ...,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, tuple[Pid, Ref]]: ...
    @overload
    @classmethod
    def start_monitor(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, tuple[Pid, Ref]]: ...
    @overload
    @classmethod
    def start_monitor(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        debug: Iterable[Any],
        spawn_opt: SpawnOptions | None = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, tuple[Pid, Ref]]: ...
    @overload
    @classmethod
    def start_monitor(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        debug: Iterable[Any] = ...,
        spawn_opt: SpawnOptions | None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, tuple[Pid, Ref]]: ...
    @classmethod  # type: ignore[misc]
    def start_monitor(
        cls,
        *args: Any,
        name: Name | None = None,
        timeout: float | None = None,
        debug: Iterable[Any] = (),
        spawn_opt: SpawnOptions | None = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, tuple[Pid, Ref]]:
        """Like :meth:`start`, monitored by the caller.

        Returns:
            The pid, and the reference that the Down message will carry.

        Source: gen_server:start_monitor/4, gen_statem:start_monitor/4.
        """
        return cls._start_opt(args, kwargs, name, timeout, debug, spawn_opt, False, True)

    @classmethod
    def _start_opt(
        cls,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: Name | None,
        timeout: float | None,
        debug: Iterable[Any],
        spawn_opt: SpawnOptions | None,
        link: bool,
        watch: bool = False,
    ) -> Coroutine[Any, Any, Any]:
        """Starts a process of the class; each behaviour has its own."""
        raise NotImplementedError
