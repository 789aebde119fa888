"""The class DynamicSupervisor: how it is started, and its requests."""

from __future__ import annotations

from typing import Any, ClassVar, overload

from beamish.otp.child import ChildLike, ChildType, Supervised, child_spec
from beamish.otp.gen import Addressed, Dest, Name
from beamish.terms import Pid

from . import client
from .children import ChildCount, ChildInfo
from .dynamic_process import DynamicSupervisorProcess
from .flags import DynamicSupervisorFlags

__all__ = ["DynamicSupervisor", "DynamicSupervisorFlags"]


class DynamicSupervisor(Addressed, Supervised):
    """Starts children on request; see the page "DynamicSupervisor"."""

    _spec_type: ClassVar[ChildType] = "supervisor"

    def init(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the flags; runs in the supervisor's process before start_link returns.

        Args:
            args: the arguments of start_link; none for ``DynamicSupervisor`` itself.
            kwargs: its keyword arguments; for ``DynamicSupervisor`` itself the fields of
                DynamicSupervisorFlags.

        Returns:
            ``DynamicSupervisorFlags(...)``.
            ``Ignore``: no supervisor is wanted; start_link raises StartIgnored.
            ``Stop(reason)``: start_link raises StartError(reason).
        """
        return DynamicSupervisorFlags(*args, **kwargs)

    @overload
    @classmethod
    async def start_link(
        cls,
        *,
        name: Name | None = ...,
        timeout: float | None = ...,
        max_children: int | None = ...,
        max_restarts: int = ...,
        max_seconds: float = ...,
        extra_arguments: tuple[Any, ...] = ...,
    ) -> Pid: ...
    @overload
    @classmethod
    async def start_link(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        max_children: int | None = ...,
        max_restarts: int = ...,
        max_seconds: float = ...,
        extra_arguments: tuple[Any, ...] = ...,
        **kwargs: Any,
    ) -> Pid: ...
    @classmethod
    async def start_link(
        cls, *args: Any, name: Name | None = None, timeout: float | None = None, **kwargs: Any
    ) -> Pid:
        """Starts a supervisor without children, linked to the caller.

        Args:
            args: the arguments of ``init``.
            name: registered before init runs.
            timeout: seconds that the start may take, or None for no limit (the default, as in
                OTP).
            kwargs: keyword arguments of init; for ``DynamicSupervisor`` itself
                ``max_children``, ``max_restarts``, ``max_seconds``, ``extra_arguments``.

        Returns:
            The pid.

        Raises:
            ChildSpecError: a flag of ``DynamicSupervisor`` itself makes no sense.
            StartError: ``("already_started", pid)``, or init's reason.
            StartIgnored: init returned Ignore.

        Source: Elixir's DynamicSupervisor.start_link/1.
        """
        return await cls._start(args, kwargs, name=name, timeout=timeout, link=True)

    @overload
    @classmethod
    async def start(
        cls,
        *,
        name: Name | None = ...,
        timeout: float | None = ...,
        max_children: int | None = ...,
        max_restarts: int = ...,
        max_seconds: float = ...,
        extra_arguments: tuple[Any, ...] = ...,
    ) -> Pid: ...
    @overload
    @classmethod
    async def start(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        max_children: int | None = ...,
        max_restarts: int = ...,
        max_seconds: float = ...,
        extra_arguments: tuple[Any, ...] = ...,
        **kwargs: Any,
    ) -> Pid: ...
    @classmethod
    async def start(
        cls, *args: Any, name: Name | None = None, timeout: float | None = None, **kwargs: Any
    ) -> Pid:
        """Like :meth:`start_link`, without a link: for a shell or a test."""
        return await cls._start(args, kwargs, name=name, timeout=timeout, link=False)

    @classmethod
    async def _start(
        cls,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        name: Name | None,
        timeout: float | None,
        link: bool,
    ) -> Pid:
        if cls.init is DynamicSupervisor.init:
            DynamicSupervisorFlags(*args, **kwargs)  # raises here, in the caller's code
        return await client.start_supervisor(
            DynamicSupervisorProcess, cls, args, kwargs, name=name, timeout=timeout, link=link
        )

    @staticmethod
    async def start_child(supervisor: Dest, child: ChildLike) -> Pid:
        """Starts a child.

        Args:
            supervisor: a pid, name or via tuple.
            child: a ChildSpec, a class or (class, args); its id is not used.

        Returns:
            Its pid.

        Raises:
            ChildSpecError: the child makes no sense.
            StartError: ``"max_children"``, or why it did not start.
            StartIgnored: its init returned Ignore; the child is not kept.

        Source: Elixir's DynamicSupervisor.start_child/2.
        """
        pid, _ = await client.start_child(supervisor, child_spec(child))
        return pid

    @staticmethod
    async def start_child_info(supervisor: Dest, child: ChildLike) -> tuple[Pid, Any]:
        """Like :meth:`start_child`, for a start function that returns ``(pid, info)``.

        Returns:
            The pid and the info; None if the start function returned no info.
        """
        return await client.start_child(supervisor, child_spec(child))

    @staticmethod
    async def terminate_child(supervisor: Dest, pid: Pid) -> None:
        """Stops a child as its spec says, and forgets it.

        Raises:
            ChildError: ``not_found``.

        Source: Elixir's DynamicSupervisor.terminate_child/2.
        """
        await client.terminate_child(supervisor, pid)

    @staticmethod
    async def which_children(supervisor: Dest) -> list[ChildInfo]:
        """All children, in the order of their start; their ids are None.

        Source: Elixir's DynamicSupervisor.which_children/1.
        """
        return await client.which_children(supervisor)

    @staticmethod
    async def count_children(supervisor: Dest) -> ChildCount:
        """How many children there are, of each kind.

        Source: Elixir's DynamicSupervisor.count_children/1.
        """
        return await client.count_children(supervisor)
