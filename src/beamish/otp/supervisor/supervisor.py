"""The class Supervisor: how supervisors are started, and their requests."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, ClassVar, overload

from beamish.otp.child import ChildLike, ChildSpec, ChildType, Supervised, child_spec
from beamish.otp.gen import Addressed, Dest, Name
from beamish.terms import Pid

from . import client
from .children import ChildCount, ChildInfo
from .flags import (
    AutoShutdown,
    SupervisorFlags,
    check_childspecs,
    check_significant,
    specs_of,
)
from .process import SupervisorProcess
from .strategies import Strategy

__all__ = [
    "AutoShutdown",
    "ChildCount",
    "ChildInfo",
    "Strategy",
    "Supervisor",
    "SupervisorFlags",
]


class Supervisor(Addressed, Supervised):
    """Starts and restarts children; see the page "Supervisor"."""

    _spec_type: ClassVar[ChildType] = "supervisor"

    def init(self, *args: Any, **kwargs: Any) -> Any:
        """Says what to supervise; runs in the supervisor's process before start_link returns.

        Override it in a class of your own; ``Supervisor`` itself takes a list of children and
        the fields of SupervisorFlags.

        Args:
            args: the arguments of start_link.
            kwargs: its keyword arguments.

        Returns:
            ``(SupervisorFlags(...), children)``.
            ``children``: a list; the flags are the defaults.
            ``Ignore``: no supervisor is wanted; start_link raises StartIgnored.
            ``Stop(reason)``: start_link raises StartError(reason).
        """
        children, *_ = args
        return SupervisorFlags(**kwargs), children

    @overload
    @classmethod
    async def start_link(
        cls,
        children: Iterable[ChildLike] = ...,
        /,
        *,
        name: Name | None = ...,
        timeout: float | None = ...,
        strategy: Strategy = ...,
        max_restarts: int = ...,
        max_seconds: float = ...,
        auto_shutdown: AutoShutdown = ...,
    ) -> Pid: ...
    @overload
    @classmethod
    async def start_link(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        strategy: Strategy = ...,
        max_restarts: int = ...,
        max_seconds: float = ...,
        auto_shutdown: AutoShutdown = ...,
        **kwargs: Any,
    ) -> Pid: ...
    @classmethod
    async def start_link(
        cls, *args: Any, name: Name | None = None, timeout: float | None = None, **kwargs: Any
    ) -> Pid:
        """Starts a supervisor linked to the caller, and returns when all children have started.

        Args:
            args: the arguments of ``init``; for ``Supervisor`` itself, the list of children.
            name: registered before the children are started.
            timeout: seconds that the start may take, or None for no limit (the default, as in
                OTP).
            kwargs: keyword arguments of init; for ``Supervisor`` itself ``strategy``,
                ``max_restarts``, ``max_seconds``, ``auto_shutdown``, as in SupervisorFlags.

        Returns:
            The pid.

        Raises:
            ChildSpecError: a child or a flag of ``Supervisor`` itself makes no sense; in a class
                of your own it is the reason of the StartError.
            StartError: with ``("shutdown", ("failed_to_start_child", id, reason))`` if a child did
                not start (those before it have been stopped again), ``("start_spec",
                ("duplicate_child_name", id))``, ``("already_started", pid)``, or the reason that
                init gave. A caller that does not trap exits ends with it.
            StartIgnored: init returned Ignore.

        Source: supervisor:start_link/3; Elixir's Supervisor.start_link/2.
        """
        return await _start(cls, args, kwargs, name=name, timeout=timeout, link=True)

    @overload
    @classmethod
    async def start(
        cls,
        children: Iterable[ChildLike] = ...,
        /,
        *,
        name: Name | None = ...,
        timeout: float | None = ...,
        strategy: Strategy = ...,
        max_restarts: int = ...,
        max_seconds: float = ...,
        auto_shutdown: AutoShutdown = ...,
    ) -> Pid: ...
    @overload
    @classmethod
    async def start(
        cls,
        *args: Any,
        name: Name | None = ...,
        timeout: float | None = ...,
        strategy: Strategy = ...,
        max_restarts: int = ...,
        max_seconds: float = ...,
        auto_shutdown: AutoShutdown = ...,
        **kwargs: Any,
    ) -> Pid: ...
    @classmethod
    async def start(
        cls, *args: Any, name: Name | None = None, timeout: float | None = None, **kwargs: Any
    ) -> Pid:
        """Like :meth:`start_link`, without a link: for a shell or a test."""
        return await _start(cls, args, kwargs, name=name, timeout=timeout, link=False)

    @staticmethod
    async def start_child(supervisor: Dest, child: ChildLike) -> Pid:
        """Adds a child and starts it.

        Args:
            supervisor: a pid, name or via tuple.
            child: as in the list of start_link.

        Returns:
            Its pid.

        Raises:
            ChildSpecError: the child makes no sense.
            StartError: ``("already_started", pid)`` or ``"already_present"`` if the supervisor has
                a child with this id; else why it did not start, and the spec is not kept.
            StartIgnored: its init returned Ignore; the spec is kept unless it is temporary.

        Source: supervisor:start_child/2.
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
    async def terminate_child(supervisor: Dest, id: Hashable) -> None:
        """Stops a child as its spec says; the spec is kept unless it is temporary.

        Raises:
            ChildError: ``not_found``.

        Source: supervisor:terminate_child/2.
        """
        await client.terminate_child(supervisor, id)

    @staticmethod
    async def restart_child(supervisor: Dest, id: Hashable) -> Pid:
        """Starts a child that does not run; this does not count as a restart.

        Returns:
            Its pid.

        Raises:
            ChildError: ``not_found``, ``running`` or ``restarting``.
            StartError: it did not start.
            StartIgnored: its init returned Ignore.

        Source: supervisor:restart_child/2.
        """
        pid, _ = await client.restart_child(supervisor, id)
        return pid

    @staticmethod
    async def delete_child(supervisor: Dest, id: Hashable) -> None:
        """Forgets the spec of a child that does not run.

        Raises:
            ChildError: ``not_found``, ``running`` or ``restarting``.

        Source: supervisor:delete_child/2.
        """
        await client.request(supervisor, ("delete_child", id), id)

    @staticmethod
    async def get_childspec(supervisor: Dest, id: Hashable) -> ChildSpec:
        """The spec of a child.

        Raises:
            ChildError: ``not_found``.

        Source: supervisor:get_childspec/2.
        """
        spec: ChildSpec = await client.request(supervisor, ("get_childspec", id), id)
        return spec

    @staticmethod
    async def which_child(supervisor: Dest, id: Hashable) -> ChildInfo:
        """The entry of one child in which_children.

        Raises:
            ChildError: ``not_found``.

        Source: supervisor:which_child/2 (OTP 27).
        """
        info: ChildInfo = await client.request(supervisor, ("which_child", id), id)
        return info

    @staticmethod
    def check_childspecs(children: list[ChildLike], auto_shutdown: AutoShutdown = "never") -> None:
        """Checks a list of children without starting anything.

        Args:
            children: as for start_link.
            auto_shutdown: the flag of the supervisor that they are for.

        Raises:
            ChildSpecError: a child makes no sense, or two have the same id.

        Example:
            >>> Supervisor.check_childspecs([Counter, (Listener, 4040)])

        Source: supervisor:check_childspecs/1,2.
        """
        check_childspecs(children, auto_shutdown)

    @staticmethod
    async def which_children(supervisor: Dest) -> list[ChildInfo]:
        """All children, the last one started first, as in OTP.

        Source: supervisor:which_children/1.
        """
        return await client.which_children(supervisor)

    @staticmethod
    async def count_children(supervisor: Dest) -> ChildCount:
        """How many children there are, of each kind.

        Source: supervisor:count_children/1.
        """
        return await client.count_children(supervisor)


async def _start(
    cls: type[Supervisor],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    name: Name | None,
    timeout: float | None,
    link: bool,
) -> Pid:
    """Raises what can be found wrong here, in the caller's code; then starts the process."""
    if cls.init is Supervisor.init:
        flags = SupervisorFlags(**kwargs)
        (children,) = args or ([],)
        specs = specs_of(children)
        for spec in specs:
            if spec.significant:
                check_significant(flags, spec)
        args = (specs,)
    return await client.start_supervisor(
        SupervisorProcess, cls, args, kwargs, name=name, timeout=timeout, link=link
    )
