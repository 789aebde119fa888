"""The class TaskSupervisor: a DynamicSupervisor whose children are tasks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar, Unpack, overload

from beamish import process
from beamish.otp.child import ChildSpec, ChildType, Restart, Runs, Shutdown, Supervised
from beamish.otp.gen import Addressed, Dest, Name, check_callable, reporting
from beamish.otp.supervisor import (
    ChildCount,
    DynamicSupervisor,
    DynamicSupervisorFlags,
    start_child,
)
from beamish.terms import Pid, Ref

from .process import callers, give_job, run_for_supervised_owner, run_task
from .stream import Inputs, StreamOptions, TaskStream
from .stream_process import Launcher
from .task import Task
from .waiting import TASK

__all__ = ["TaskSupervisor"]

P = ParamSpec("P")
A = TypeVar("A")
R = TypeVar("R")


class SupervisedStreamOptions(StreamOptions, total=False):
    """The options of a stream of supervised tasks.

    Args:
        shutdown: how long a task may take to stop when its supervisor does: seconds,
            ``"brutal_kill"`` or None; 5.0 by default.
    """

    shutdown: Shutdown


class TaskSupervisor(Addressed, Supervised):
    """Starts tasks; see the page "TaskSupervisor"."""

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
            name: its registered name.
            max_children: how many tasks may run at a time; None for any number.
            max_restarts: as for a Supervisor, for tasks that are not temporary; 3, as in Elixir.
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
            The pid, as soon as the process exists; it may already have ended.

        Raises:
            StartError: ``"max_children"``.

        Source: Elixir's Task.Supervisor.start_child/3.
        """
        check_callable("TaskSupervisor.start_child", fn)
        job = (run_task, (callers(), fn, args, kwargs))
        return await _start(supervisor, fn, job, restart, shutdown)

    @overload
    @staticmethod
    async def run_async(
        supervisor: Dest,
        fn: Callable[..., Coroutine[Any, Any, R]],
        /,
        *args: Any,
        shutdown: Shutdown,
        **kwargs: Any,
    ) -> Task[R]: ...

    @overload
    @staticmethod
    async def run_async(
        supervisor: Dest, fn: Callable[..., R], /, *args: Any, shutdown: Shutdown, **kwargs: Any
    ) -> Task[R]: ...

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
        supervisor: Dest,
        fn: Callable[..., Any],
        /,
        *args: Any,
        **kwargs: Any,
    ) -> Task[Any]:
        """Starts a task under the supervisor, linked to the caller, which gets its result.

        Args:
            supervisor: a pid, name or via tuple.
            fn: ``async def`` or plain.
            args: its arguments.
            shutdown: how long it may take to stop when its supervisor does: seconds,
                ``"brutal_kill"`` or None; 5.0 by default.
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
        fn: Callable[..., Coroutine[Any, Any, R]],
        /,
        *args: Any,
        shutdown: Shutdown,
        **kwargs: Any,
    ) -> Task[R]: ...

    @overload
    @staticmethod
    async def async_nolink(
        supervisor: Dest, fn: Callable[..., R], /, *args: Any, shutdown: Shutdown, **kwargs: Any
    ) -> Task[R]: ...

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
        supervisor: Dest,
        fn: Callable[..., Any],
        /,
        *args: Any,
        **kwargs: Any,
    ) -> Task[Any]:
        """Like :meth:`run_async`, but the caller only monitors the task, and outlives its crash.

        The result comes as ``(task.ref, result)``, a failure as ``Down(task.ref, ...)``. A
        GenServer may handle them in handle_info instead of waiting.

        Source: Elixir's Task.Supervisor.async_nolink/3.
        """
        return await _async(supervisor, fn, args, kwargs, link=False)

    @overload
    @staticmethod
    def async_stream(
        supervisor: Dest,
        inputs: Inputs[A],
        fn: Callable[[A], Coroutine[Any, Any, R]],
        /,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[R]: ...

    @overload
    @staticmethod
    def async_stream(
        supervisor: Dest,
        inputs: Inputs[A],
        fn: Callable[[A], R],
        /,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[R]: ...

    @overload
    @staticmethod
    def async_stream(
        supervisor: Dest,
        inputs: Inputs[A],
        fn: Callable[Concatenate[A, ...], Coroutine[Any, Any, R]],
        /,
        *args: Any,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[R]: ...

    @overload
    @staticmethod
    def async_stream(
        supervisor: Dest,
        inputs: Inputs[A],
        fn: Callable[Concatenate[A, ...], R],
        /,
        *args: Any,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[R]: ...

    @staticmethod
    def async_stream(
        supervisor: Dest,
        inputs: Inputs[Any],
        fn: Callable[..., Any],
        /,
        *args: Any,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[Any]:
        """Task.async_stream with tasks of the supervisor, which are also linked to the consumer.

        Args:
            supervisor: a pid, name or via tuple.
            inputs: an iterable or async iterable.
            fn: ``async def`` or plain; called with an input followed by `args`.
            args: more arguments.
            options: as for Task.async_stream, and ``shutdown``: how long a task may take to stop
                when its supervisor does. ``max_concurrency`` must not be larger than
                ``max_children`` of the supervisor.

        Returns:
            An async iterator over ``("ok", value)`` and ``("exit", reason)``.

        Raises:
            BadArgError: an option has a value that it cannot have.
            StartError: from the iterator: ``"max_children"``.

        Source: Elixir's Task.Supervisor.async_stream/6.
        """
        return _stream(supervisor, inputs, fn, args, options, link=True)

    @overload
    @staticmethod
    def async_stream_nolink(
        supervisor: Dest,
        inputs: Inputs[A],
        fn: Callable[[A], Coroutine[Any, Any, R]],
        /,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[R]: ...

    @overload
    @staticmethod
    def async_stream_nolink(
        supervisor: Dest,
        inputs: Inputs[A],
        fn: Callable[[A], R],
        /,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[R]: ...

    @overload
    @staticmethod
    def async_stream_nolink(
        supervisor: Dest,
        inputs: Inputs[A],
        fn: Callable[Concatenate[A, ...], Coroutine[Any, Any, R]],
        /,
        *args: Any,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[R]: ...

    @overload
    @staticmethod
    def async_stream_nolink(
        supervisor: Dest,
        inputs: Inputs[A],
        fn: Callable[Concatenate[A, ...], R],
        /,
        *args: Any,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[R]: ...

    @staticmethod
    def async_stream_nolink(
        supervisor: Dest,
        inputs: Inputs[Any],
        fn: Callable[..., Any],
        /,
        *args: Any,
        **options: Unpack[SupervisedStreamOptions],
    ) -> TaskStream[Any]:
        """Like :meth:`async_stream`, but a failed task is a result, and does not end the consumer.

        Source: Elixir's Task.Supervisor.async_stream_nolink/6.
        """
        return _stream(supervisor, inputs, fn, args, options, link=False)

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


class _Tasks(DynamicSupervisor):
    """The supervisor itself: a DynamicSupervisor with flags that the caller has checked."""

    def init(self, flags: DynamicSupervisorFlags) -> DynamicSupervisorFlags:
        return flags


class _RunsTask(Runs):
    """The start function of every task; runs in the supervisor."""

    __slots__ = ()

    def __call__(self, body: Callable[..., Any], args: tuple[Any, ...]) -> Pid:
        return process.spawn_opt(reporting, body, args, {}, link=True, initial_call=self.fn)

    def given(self, *start: Any) -> tuple[tuple[Any, ...], Mapping[str, Any]] | None:
        if not start or start[0] is not run_task:
            return None  # it comes as a message
        return (start[1][2], start[1][3])


async def _start(
    supervisor: Dest,
    fn: Callable[..., Any],
    job: tuple[Callable[..., Any], tuple[Any, ...]],
    restart: Restart,
    shutdown: Shutdown,
) -> Pid:
    start = (_RunsTask(fn), job)
    spec = ChildSpec(TASK, start, restart=restart, shutdown=shutdown, modules=(TASK,))
    pid, _ = await start_child(supervisor, spec)
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
    shutdown: Shutdown = kwargs.pop("shutdown", 5.0)
    pid, ref = await _start_for_owner(supervisor, callers(), fn, shutdown, link=link)
    give_job(pid, ref, fn, args, kwargs)
    return Task(pid, ref, process.self())


async def _start_for_owner(
    supervisor: Dest, asked_by: list[Pid], fn: Callable[..., Any], shutdown: Shutdown, *, link: bool
) -> tuple[Pid, Ref]:
    """Starts a task that waits for its job, monitored by the caller and linked to it if `link`."""
    job = (run_for_supervised_owner, (asked_by, process.self(), link))
    pid = await _start(supervisor, fn, job, "temporary", shutdown)
    if link:
        process.link(pid)
    return pid, process.monitor(pid, alias="demonitor")


def _stream(
    supervisor: Dest,
    inputs: Inputs[Any],
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    options: SupervisedStreamOptions,
    *,
    link: bool,
) -> TaskStream[Any]:
    launch = _launcher(supervisor, options.get("shutdown", 5.0), link=link)
    rest: Any = {name: value for name, value in options.items() if name != "shutdown"}
    return TaskStream(inputs, fn, args, rest, launch, linked=link)


def _launcher(supervisor: Dest, shutdown: Shutdown, *, link: bool) -> Launcher:
    """The function by which a stream starts its tasks under a supervisor."""
    ChildSpec(TASK, _RunsTask(run_task), shutdown=shutdown)  # refuses a wrong shutdown

    async def launch(asked_by: list[Pid], fn: Callable[..., Any]) -> tuple[Pid, Ref]:
        return await _start_for_owner(supervisor, asked_by, fn, shutdown, link=link)

    return launch
