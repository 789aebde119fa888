"""The class Task: starting tasks, and waiting for their results."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import (
    Any,
    Concatenate,
    Final,
    Generic,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from beamish import process
from beamish.otp.child import DEFAULT, ChildSpec, Restart, Shutdown, Supervised
from beamish.otp.gen import LATE, check_callable, reporting
from beamish.terms import KILLED, NOPROC, SHUTDOWN, BadArgError, Pid, Ref
from beamish.terms.words import OK, is_word

from .process import callers, give_job, run_task, spawn_for_owner
from .stream import Inputs, StreamOptions, TaskStream
from .waiting import (
    EXIT,
    check_yield_many,
    collect,
    failure,
    forget,
    known,
    stop,
    wait,
)

__all__ = ["Outcome", "Task"]

P = ParamSpec("P")
R = TypeVar("R")  # the result of a task's function
A = TypeVar("A")  # an input of a stream
T = TypeVar("T")  # a result, in the functions that make tasks

Outcome: TypeAlias = tuple[Literal["ok"], R] | tuple[Literal["exit"], Any]
"""How a task ended, ``("ok", result)`` or ``("exit", reason)``."""

_OK: Final = cast("Literal['ok']", OK)
_EXIT: Final = cast("Literal['exit']", EXIT)


class Task(Supervised, Generic[R], restart="temporary"):
    """A function that runs in a process of its own, and the handle by which to wait for its result.

    Attributes:
        pid: the task's process; None for :meth:`completed`.
        ref: the reference in its messages: its result comes as ``(ref, result)``, its failure as
            ``Down(ref, ...)``.
        owner: the process that made it, the only one that may wait for it.
    """

    def __init__(self, pid: Pid, ref: Ref, owner: Pid) -> None:
        self.pid = pid
        self.ref = ref
        self.owner = owner

    def __repr__(self) -> str:
        return f"Task(pid={self.pid!r}, ref={self.ref!r}, owner={self.owner!r})"

    # ---- tasks that nobody waits for

    @staticmethod
    def start(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Pid:
        """Runs a function in a process of its own; returns the pid at once.

        Args:
            fn: ``async def`` or plain.
            args: its arguments.
            kwargs: its keyword arguments.

        Source: Elixir's Task.start/3.
        """
        check_callable("Task.start", fn)
        return process.spawn_opt(
            reporting, run_task, (callers(), fn, args, kwargs), {}, initial_call=fn
        )

    @staticmethod
    def start_link(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Pid:
        """Like :meth:`start`, linked to the caller; this is how a supervisor starts a task.

        Source: Elixir's Task.start_link/3.
        """
        check_callable("Task.start_link", fn)
        return process.spawn_opt(
            reporting, run_task, (callers(), fn, args, kwargs), {}, link=True, initial_call=fn
        )

    @classmethod
    def child_spec(  # a task has no name: every keyword is the function's
        cls,
        /,
        *args: Any,
        id: Hashable = None,
        restart: Restart | None = None,
        shutdown: Shutdown = DEFAULT,
        significant: bool = False,
        **kwargs: Any,
    ) -> ChildSpec:
        """The spec of a child that runs a function as a task.

        In a subclass that defines ``start_link``, the arguments are those of ``start_link``.

        Args:
            args: the function, ``async def`` or plain, and its arguments.
            id: ``"Task"`` by default, so two tasks of one supervisor need other ids.
            restart: ``"temporary"`` by default. A task that must always run is ``"permanent"``.
            shutdown: 5.0 seconds by default.
            significant: see ChildSpec.
            kwargs: keyword arguments of the function.

        Source: Elixir's Task.child_spec/1.
        """
        if cls.start_link is Task.start_link:
            check_callable("Task.child_spec", args[0] if args else None)
        return ChildSpec(
            cls._id(None) if id is None else id,
            (cls.start_link, args, kwargs),
            restart=cls._spec_restart if restart is None else restart,
            shutdown=cls._spec_shutdown if shutdown is DEFAULT else shutdown,
            significant=significant,
            modules=(cls.__name__,),
        )

    # ---- tasks whose result is awaited

    @overload
    @staticmethod
    def run_async(
        fn: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Task[T]: ...

    @overload
    @staticmethod
    def run_async(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Task[T]: ...

    @staticmethod
    def run_async(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Task[Any]:
        """Runs a function in a process, linked to the caller, which gets its result.

        Args:
            fn: ``async def`` or plain.
            args: its arguments.
            kwargs: its keyword arguments.

        Returns:
            The task, at once; ``await task.await_()`` gives the result.

        Source: Elixir's Task.async/3.
        """
        check_callable("Task.run_async", fn)
        pid, ref = spawn_for_owner(callers(), fn)
        give_job(pid, ref, fn, args, kwargs)
        return Task(pid, ref, process.self())

    @staticmethod
    def completed(result: T) -> Task[T]:
        """A task that already has its result, and no process; for code that must return a task.

        Source: Elixir's Task.completed/1.
        """
        me = process.self()
        ref = process.make_ref()
        process.send(me, (ref, result))
        # The type of `pid` is Pid all the same, so that programs need not test every task for None.
        return Task(cast("Pid", None), ref, me)

    async def await_(self, timeout: float | None = 5.0) -> R:
        """Waits for the result of the task. Its owner may do this once.

        Args:
            timeout: seconds, or None forever; 5.0, as in Elixir.

        Returns:
            What the function returned.

        Raises:
            BadArgError: the caller did not make this task.
            CallError: the task has ended without a result: ``(reason, ("Task", "await", (task,
                timeout)))`` with its exit reason. The link of :meth:`run_async` ends a caller that
                does not trap exits before that; to catch the error, use
                ``TaskSupervisor.async_nolink``, or trap exits.
            CallTimeout: no result came in time; the task runs on.

        Source: Elixir's Task.await/2.
        """
        _check_owners([self])
        outcome = await wait(self.ref, timeout) or await forget(self.ref)
        if outcome is not None and outcome[0] is OK:
            result: R = outcome[1]
            return result
        reason = LATE if outcome is None else outcome[1]
        raise failure(reason, "await", self, timeout, pid=self.pid)

    async def yield_(self, timeout: float | None = 5.0) -> Outcome[R] | None:
        """Waits for the result of the task for a while. It may be repeated after None.

        Args:
            timeout: seconds, or None forever; 5.0, as in Elixir.

        Returns:
            ``("ok", result)``, ``("exit", reason)`` if the task ended without one, or None if the
            task still runs.

        Raises:
            BadArgError: the caller did not make this task.
            CallError: ``(("nodedown", node), ...)`` if the task's node can no longer be reached.

        Source: Elixir's Task.yield/2.
        """
        _check_owners([self])
        outcome: Outcome[R] | None = known(await wait(self.ref, timeout), "yield", self, timeout)
        return outcome

    async def ignore(self) -> Outcome[R] | None:
        """Stops waiting for the task, which runs on: unlinks it, and drops its result.

        Returns:
            ``("ok", result)`` or ``("exit", reason)`` if it has already ended, else None.

        Raises:
            BadArgError: the caller did not make this task.

        Source: Elixir's Task.ignore/1.
        """
        _check_owners([self])
        pid: Any = self.pid
        if pid is not None:
            process.unlink(pid)
        found = await wait(self.ref, 0) or await forget(self.ref)
        outcome: Outcome[R] | None = known(found, "ignore", self)
        return outcome

    async def shutdown(
        self, timeout: float | Literal["brutal_kill"] | None = 5.0
    ) -> Outcome[R] | None:
        """Stops the task, and waits until it is gone.

        Args:
            timeout: seconds that it has after ``exit(task, "shutdown")`` before it is killed; None
                to wait forever; ``"brutal_kill"`` to kill it at once. 5.0, as in Elixir.

        Returns:
            None if it was stopped; ``("ok", result)`` if its result had already come; ``("exit",
            reason)`` if it had ended otherwise, or was killed because it took too long.

        Raises:
            BadArgError: the caller did not make this task.

        Source: Elixir's Task.shutdown/2.
        """
        pid: Any = self.pid
        if pid is None:
            return await self.ignore()
        _check_owners([self])
        brutal = timeout == "brutal_kill"
        reason = await stop(pid, self.ref, timeout)
        outcome = await wait(self.ref, 0) or await forget(self.ref)
        if outcome is not None and outcome[0] is OK:
            return (_OK, outcome[1])
        if outcome is not None and is_word(reason, NOPROC):
            known(outcome, "shutdown", self, timeout)
            reason = outcome[1]  # it had already ended, and its own monitor knows why
        return None if is_word(reason, KILLED if brutal else SHUTDOWN) else (_EXIT, reason)

    # ---- several tasks

    @staticmethod
    async def await_many(tasks: Iterable[Task[T]], timeout: float | None = 5.0) -> list[T]:
        """Waits for the results of several tasks. Their owner may do this once.

        Args:
            tasks: the tasks.
            timeout: seconds for all of them together, or None forever; 5.0, as in Elixir.

        Returns:
            The results in the order of the tasks.

        Raises:
            BadArgError: the caller did not make one of them.
            CallError: one of them has ended without a result: ``(reason, ("Task", "await_many",
                (tasks, timeout)))``. The others run on. As with :meth:`await_`, a link ends a
                caller that does not trap exits before that.
            CallTimeout: not all results came in time.

        Source: Elixir's Task.await_many/2.
        """
        wanted = list(tasks)
        _check_owners(wanted)
        refs = {task.ref for task in wanted}
        found = await collect(refs, timeout, first_failure=True)
        failed = [value for kind, value in found.values() if kind is not OK]
        if not failed and len(found) == len(refs):
            return [found[task.ref][1] for task in wanted]
        for ref in refs:
            await forget(ref)
        raise failure(failed[0] if failed else LATE, "await_many", wanted, timeout)

    @staticmethod
    async def yield_many(
        tasks: Iterable[Task[T]],
        timeout: float | None = 5.0,
        *,
        limit: int | None = None,
        on_timeout: Literal["nothing", "ignore", "kill_task"] = "nothing",
    ) -> list[tuple[Task[T], Outcome[T] | None]]:
        """Waits for the results of several tasks for a while.

        Args:
            tasks: the tasks.
            timeout: seconds for all of them together, or None forever; 5.0, as in Elixir.
            limit: return as soon as this many have ended; then `on_timeout` has no effect.
            on_timeout: what to do with the tasks that have no result in time: ``"nothing"``,
                ``"ignore"``, as :meth:`ignore` does, or ``"kill_task"``.

        Returns:
            ``[(task, ("ok", result) | ("exit", reason) | None), ...]`` in the order of the tasks;
            None for a task that has no result yet.

        Raises:
            BadArgError: the caller did not make one of them, or an option has a value that it
                cannot have.

        Example:
            >>> for task, outcome in await Task.yield_many(tasks, 1.0, on_timeout="kill_task"):
            ...     print(outcome[1] if outcome else "too late")

        Source: Elixir's Task.yield_many/2.
        """
        wanted = list(tasks)
        check_yield_many(limit, on_timeout)
        _check_owners(wanted)
        found = await collect([task.ref for task in wanted], timeout, limit=limit)
        outcomes: dict[Ref, Outcome[T] | None] = {
            ref: known(outcome, "yield_many", wanted, timeout) for ref, outcome in found.items()
        }
        if limit is None or len(found) < limit:
            for task in wanted:
                if task.ref not in outcomes:
                    outcomes[task.ref] = await _is_late(task, on_timeout)
        return [(task, outcomes.get(task.ref)) for task in wanted]

    @overload
    @staticmethod
    def async_stream(
        inputs: Inputs[A],
        fn: Callable[[A], Coroutine[Any, Any, T]],
        /,
        **options: Unpack[StreamOptions],
    ) -> TaskStream[T]: ...

    @overload
    @staticmethod
    def async_stream(
        inputs: Inputs[A], fn: Callable[[A], T], /, **options: Unpack[StreamOptions]
    ) -> TaskStream[T]: ...

    @overload
    @staticmethod
    def async_stream(
        inputs: Inputs[A],
        fn: Callable[Concatenate[A, ...], Coroutine[Any, Any, T]],
        /,
        *args: Any,
        **options: Unpack[StreamOptions],
    ) -> TaskStream[T]: ...

    @overload
    @staticmethod
    def async_stream(
        inputs: Inputs[A],
        fn: Callable[Concatenate[A, ...], T],
        /,
        *args: Any,
        **options: Unpack[StreamOptions],
    ) -> TaskStream[T]: ...

    @staticmethod
    def async_stream(
        inputs: Inputs[Any],
        fn: Callable[..., Any],
        /,
        *args: Any,
        **options: Unpack[StreamOptions],
    ) -> TaskStream[Any]:
        """Runs a function for each of many inputs, a few at a time; the results are a stream.

        A task that fails ends the consumer, as one of :meth:`run_async` does; a consumer that
        traps exits gets ``("exit", reason)`` for it. To be safe from failures use
        TaskSupervisor.async_stream_nolink.

        Args:
            inputs: an iterable or async iterable. The consumer reads it, only as fast as it takes
                results and tasks can start.
            fn: ``async def`` or plain; called with an input followed by `args`.
            args: more arguments.
            options: ``max_concurrency``, ``ordered``, ``timeout`` (seconds that each task may
                take), ``on_timeout`` (``"exit"`` or ``"kill_task"``), ``zip_input_on_exit``: see
                :class:`~beamish.otp.task.stream.StreamOptions`.

        Returns:
            An async iterator over ``("ok", value)`` and ``("exit", reason)``. Nothing starts
            before the first result is requested. Leaving the loop, in whatever way, kills the
            tasks that run.

        Raises:
            BadArgError: an option has a value that it cannot have.

        Example:
            >>> async for kind, size in Task.async_stream(paths, measure, ordered=False):
            ...     total += size

        Source: Elixir's Task.async_stream/5.
        """
        return TaskStream(inputs, fn, args, options, _launch, linked=True)


def _check_owners(tasks: list[Task[T]]) -> None:
    me = process.self()
    for task in tasks:
        if task.owner is not me:
            raise BadArgError(
                f"{task!r} can be waited for only by the process that made it, {task.owner!r}; "
                f"this is {me!r}"
            )


async def _is_late(task: Task[T], on_timeout: str) -> Outcome[T] | None:
    if on_timeout == "kill_task":
        return await task.shutdown("brutal_kill")
    return await task.ignore() if on_timeout == "ignore" else None


async def _launch(asked_by: list[Pid], fn: Callable[..., Any]) -> tuple[Pid, Ref]:
    """Starts a task of a stream, linked to the stream's process and monitored by it."""
    return spawn_for_owner(asked_by, fn)
