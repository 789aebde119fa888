"""TaskSupervisor: starts tasks whose failure harms nobody else.

What
----
``TaskSupervisor.start_child(sup, fn, *args)`` runs a function in a process that is linked to the
*supervisor*, not to the caller: its crash is logged and touches nothing else, and it ends when the
supervisor ends. It is a DynamicSupervisor of tasks: they are not restarted (``"temporary"``),
have 5 seconds to stop, and are all told at the same time.

Smallest example
----------------
A server of many connections::

    async def accept(port: int) -> None:
        listener = gen_tcp.listen(port, packet="line", reuseaddr=True)
        while True:
            client = await gen_tcp.accept(listener)
            pid = await TaskSupervisor.start_child("connections", serve, client)
            gen_tcp.controlling_process(client, pid)

    children = [
        TaskSupervisor.child_spec(name="connections"),
        Task.child_spec(accept, 4040, restart="permanent"),
    ]

The supervisor stands before the acceptor, so that it is there when the first connection comes.

Results
-------
:meth:`TaskSupervisor.run_async` links the task to the caller as well, as Task.run_async does;
:meth:`TaskSupervisor.async_nolink` only watches it, for a caller that wants to outlive it.

When not to use it
------------------
For a task that belongs to its caller, Task.run_async. For processes that keep state,
DynamicSupervisor.

Source: Elixir's Task.Supervisor.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final, ParamSpec, TypeVar, overload

from beamish import process
from beamish.terms import Atom, Pid

from .child_spec import ChildSpec, ChildType, Restart, Shutdown
from .children import ChildCount, started
from .client import call, stop
from .dynamic_supervisor import DynamicSupervisor, DynamicSupervisorFlags
from .names import Dest, Name, whereis
from .proc_lib import check_callable, reporting
from .supervised import Supervised
from .task import Task, callers, run_for_supervised_owner, run_task

__all__ = ["TaskSupervisor"]

P = ParamSpec("P")
R = TypeVar("R")

_TASK: Final = Atom("Task")


class TaskSupervisor(Supervised):
    """Starts tasks; see the module's page."""

    _spec_type: ClassVar[ChildType] = "supervisor"

    @classmethod
    async def start_link(
        cls,
        *,
        name: Name | None = None,
        max_children: int | None = None,
        max_restarts: int = 3,
        max_seconds: float = 5,
    ) -> Pid:
        """Starts a supervisor of tasks, linked to the caller.

        Args:
            name: registered for it.
            max_children: how many tasks may run at a time; None for any number.
            max_restarts: as for a Supervisor, for tasks that are not temporary; 3 as in Elixir.
            max_seconds: as for a Supervisor; 5 seconds.

        Returns:
            The pid.

        Raises:
            StartError: ``("already_started", pid)``.

        Source: Elixir's Task.Supervisor.start_link/1.
        """
        flags = DynamicSupervisorFlags(max_children, max_restarts, max_seconds)
        return await _Tasks.start_link(flags, name=name)

    @staticmethod
    async def start_child(
        supervisor: Dest,
        fn: Callable[..., Any],
        /,
        *args: Any,
        restart: Restart = "temporary",
        shutdown: Shutdown = 5.0,
        **kwargs: Any,
    ) -> Pid:
        """Starts a task that nobody waits for.

        Args:
            supervisor: a pid, name or via tuple.
            fn: ``async def`` or plain.
            args: its arguments.
            restart: ``"temporary"`` by default.
            shutdown: seconds, ``"brutal_kill"`` or None; 5.0 by default.
            kwargs: keyword arguments of `fn`.

        Returns:
            The pid, as soon as the process exists; it may have ended already.

        Raises:
            StartError: ``"max_children"``.

        Source: Elixir's Task.Supervisor.start_child/3.
        """
        check_callable("TaskSupervisor.start_child", fn)
        job = (fn, run_task, (callers(), fn, args, kwargs))
        return await _start(supervisor, job, restart, shutdown)

    @overload
    @staticmethod
    async def run_async(
        supervisor: Dest,
        fn: Callable[P, Coroutine[Any, Any, R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Task[R]: ...

    @overload
    @staticmethod
    async def run_async(
        supervisor: Dest, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Task[R]: ...

    @staticmethod
    async def run_async(
        supervisor: Dest, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Task[Any]:
        """Starts a task under the supervisor and links it to the caller, who wants its result.

        Args:
            supervisor: a pid, name or via tuple.
            fn: ``async def`` or plain.
            args: its arguments.
            kwargs: its keyword arguments.

        Returns:
            The task; ``await task.await_()`` gives the result.

        Raises:
            StartError: ``"max_children"``.

        Source: Elixir's Task.Supervisor.async/3.
        """
        return await _async(supervisor, fn, args, kwargs, link=True)

    @overload
    @staticmethod
    async def async_nolink(
        supervisor: Dest,
        fn: Callable[P, Coroutine[Any, Any, R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Task[R]: ...

    @overload
    @staticmethod
    async def async_nolink(
        supervisor: Dest, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Task[R]: ...

    @staticmethod
    async def async_nolink(
        supervisor: Dest, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Task[Any]:
        """Like :meth:`run_async`, but the caller only watches the task, and outlives its crash.

        The result comes as ``(task.ref, result)``, a failure as ``Down(task.ref, ...)``: a
        GenServer may take them in handle_info instead of waiting.

        Source: Elixir's Task.Supervisor.async_nolink/3.
        """
        return await _async(supervisor, fn, args, kwargs, link=False)

    @staticmethod
    async def children(supervisor: Dest) -> list[Pid]:
        """The pids of the tasks that run.

        Source: Elixir's Task.Supervisor.children/1.
        """
        infos = await DynamicSupervisor.which_children(supervisor)
        return [info.pid for info in infos if isinstance(info.pid, Pid)]

    @staticmethod
    async def terminate_child(supervisor: Dest, pid: Pid) -> None:
        """Stops a task.

        Raises:
            ChildError: ``not_found``.

        Source: Elixir's Task.Supervisor.terminate_child/2.
        """
        await DynamicSupervisor.terminate_child(supervisor, pid)

    @staticmethod
    async def count_children(supervisor: Dest) -> ChildCount:
        """How many tasks there are."""
        return await DynamicSupervisor.count_children(supervisor)

    stop = staticmethod(stop)
    whereis = staticmethod(whereis)


class _Tasks(DynamicSupervisor):
    """The supervisor itself: DynamicSupervisor's, with flags that were made by the caller."""

    def init(self, flags: DynamicSupervisorFlags) -> DynamicSupervisorFlags:
        return flags


def _start_process(initial_call: Any, body: Callable[..., Any], args: tuple[Any, ...]) -> Pid:
    """The start function of every task: runs in the supervisor."""
    return process.spawn_opt(reporting, body, args, {}, link=True, initial_call=initial_call)


async def _start(
    supervisor: Dest, job: tuple[Any, Any, Any], restart: Restart, shutdown: Shutdown
) -> Pid:
    spec = ChildSpec(
        _TASK, (_start_process, job), restart=restart, shutdown=shutdown, modules=(_TASK,)
    )
    pid, _ = started(await call(supervisor, ("start_child", spec), None), _TASK)
    return pid


async def _async(
    supervisor: Dest,
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    link: bool,
) -> Task[Any]:
    check_callable("TaskSupervisor", fn)
    me = process.self()
    job = (fn, run_for_supervised_owner, (callers(), me, link))
    pid = await _start(supervisor, job, "temporary", 5.0)
    if link:
        process.link(pid)
    ref = process.monitor(pid, alias="demonitor")
    process.send(pid, (Atom("$task"), ref, fn, args, kwargs))
    return Task(pid, ref, me)
