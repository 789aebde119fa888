"""Task: a process that runs one function.

What
----
``Task.start_link(fn, *args)`` runs a function in a process of its own, linked to the caller; its
result is thrown away. ``Task.run_async`` does the same for a caller that wants the result, and
gets it with ``await_`` (Elixir's ``Task.async``; `async` is a keyword in Python).

Smallest example
----------------
::

    task = Task.run_async(fetch, url)
    rows = query()
    page = await task.await_(timeout=10.0)
    assert (rows, page) == (["row"], "page of example.org")

Supervising
-----------
``Task.child_spec(accept, 4040, restart="permanent")`` is a child for a Supervisor. Mind the
restart: a task is ``"temporary"`` unless you say otherwise, since most tasks end when they are
done. A server's acceptor must be permanent, or it never comes back.

Who dies with whom
------------------
A task is linked to its caller: either's abnormal end is the other's. To start tasks that may
fail without harm, use TaskSupervisor.

Functions
---------
``async def`` or plain. A plain function runs without giving others a turn (it is preempted); one
that blocks belongs into ``process.offload``.

When not to use it
------------------
For state, or for more than one message: that is a GenServer or an Agent.

Debugging
---------
A task that fails writes one crash report to the logger ``beamish``. Its process dictionary holds
``$callers``: who asked for it, and for whom they ran, nearest first.

Source: Elixir's Task.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final, Generic, Literal, ParamSpec, TypeVar, cast, overload

from beamish import process
from beamish.terms import KILLED, NOPROC, SHUTDOWN, Atom, BadArgError, Pid, ProcessExit, Ref

from .child_spec import DEFAULT, ChildSpec, Restart, Shutdown
from .proc_lib import check_callable, reporting
from .supervised import Supervised

__all__ = ["Task"]

P = ParamSpec("P")
R = TypeVar("R")  # of the class: what a task's function returns
T = TypeVar("T")  # the same where a task is made

CALLERS: Final = Atom("$callers")
ANCESTORS: Final = Atom("$ancestors")

_RUN: Final = Atom("$task")
_DOWN: Final = Atom("DOWN")
_TASK: Final = Atom("Task")
_OK: Final = cast("Literal['ok']", Atom("ok"))
_EXIT: Final = cast("Literal['exit']", Atom("exit"))
_TIMEOUT: Final = Atom("timeout")


class Task(Supervised, Generic[R], restart="temporary"):
    """A function in a process of its own, and the handle of one whose result is awaited.

    Attributes:
        pid: the task's process.
        ref: tells its messages: the result comes as ``(ref, result)``, its failure as
            ``Down(ref, ...)``.
        owner: the process that made it, and that alone may wait for it.
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
        """Like :meth:`start`, linked to the caller: the start function of a supervised task.

        Source: Elixir's Task.start_link/3.
        """
        check_callable("Task.start_link", fn)
        return process.spawn_opt(
            reporting, run_task, (callers(), fn, args, kwargs), {}, link=True, initial_call=fn
        )

    @classmethod
    def child_spec(  # type: ignore[override]  # a task has no name: every keyword is the function's
        cls,
        fn: Callable[..., Any],
        /,
        *args: Any,
        id: Hashable = None,
        restart: Restart | None = None,
        shutdown: Shutdown = DEFAULT,
        significant: bool = False,
        **kwargs: Any,
    ) -> ChildSpec:
        """How a supervisor runs a function as a task.

        Args:
            fn: ``async def`` or plain.
            args: its arguments.
            id: ``"Task"`` by default, so two of them in one supervisor need ids.
            restart: ``"temporary"`` by default. What must go on for ever is ``"permanent"``.
            shutdown: 5.0 seconds by default.
            significant: see ChildSpec.
            kwargs: keyword arguments of `fn`.

        Source: Elixir's Task.child_spec/1.
        """
        check_callable("Task.child_spec", fn)
        return ChildSpec(
            cls._id(None) if id is None else id,
            (cls.start_link, (fn, *args), kwargs),
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
        """Runs a function in a process linked to and watched by the caller, who wants its result.

        Args:
            fn: ``async def`` or plain.
            args: its arguments.
            kwargs: its keyword arguments.

        Returns:
            The task, at once; ``await task.await_()`` gives the result.

        Source: Elixir's Task.async/3.
        """
        check_callable("Task.run_async", fn)
        pid, ref = process.spawn_opt(
            reporting,
            run_for_owner,
            (callers(),),
            {},
            link=True,
            monitor={"alias": "demonitor"},
            initial_call=fn,
        )
        process.send(pid, (_RUN, ref, fn, args, kwargs))
        return Task(pid, ref, process.self())

    async def await_(self, timeout: float | None = 5.0) -> R:
        """Waits for the result of a task; by its owner, once.

        Args:
            timeout: seconds, or None for ever; 5.0 as in Elixir.

        Returns:
            What the function returned.

        Raises:
            BadArgError: the caller did not make this task.

        Exits:
            With ``(reason, ("Task", "await", (task, timeout)))``: ``timeout`` (the task runs on),
            or the reason that the task ended with. A caller that does not trap exits has then
            been ended by the link already.

        Source: Elixir's Task.await/2.
        """
        self._check_owner()
        match await self._wait(timeout) or await self._forget():
            case ("ok", result):
                return result
            case ("exit", reason):
                raise ProcessExit((reason, (_TASK, Atom("await"), (self, timeout))))
            case None:
                raise ProcessExit((_TIMEOUT, (_TASK, Atom("await"), (self, timeout))))

    async def yield_(
        self, timeout: float | None = 5.0
    ) -> tuple[Literal["ok"], R] | tuple[Literal["exit"], Any] | None:
        """Looks for the result of a task for a while; it may be asked again after None.

        Args:
            timeout: seconds, or None for ever; 5.0 as in Elixir.

        Returns:
            ``("ok", result)``, ``("exit", reason)`` if the task ended without one, or None if there
            is none yet.

        Raises:
            BadArgError: the caller did not make this task.

        Source: Elixir's Task.yield/2.
        """
        self._check_owner()
        return await self._wait(timeout)

    async def shutdown(
        self, timeout: float | Literal["brutal_kill"] | None = 5.0
    ) -> tuple[Literal["ok"], R] | tuple[Literal["exit"], Any] | None:
        """Stops a task, and waits until it is gone.

        Args:
            timeout: seconds that it has after ``exit(task, "shutdown")`` until it is killed, None
                to wait for ever, or ``"brutal_kill"`` to kill it at once; 5.0 as in Elixir.

        Returns:
            None if it was stopped; ``("ok", result)`` if it had answered before; ``("exit",
            reason)`` if it had ended otherwise, or was killed because its time was over.

        Raises:
            BadArgError: the caller did not make this task.

        Source: Elixir's Task.shutdown/2.
        """
        self._check_owner()
        brutal = timeout == "brutal_kill"
        process.unlink(self.pid)
        watch = process.monitor(self.pid)
        process.exit(self.pid, "kill" if brutal else SHUTDOWN)
        try:
            limit = None if isinstance(timeout, str) else timeout
            down = await process.receive_reply(watch, limit)
        except TimeoutError:
            process.exit(self.pid, "kill")
            down = await process.receive_reply(watch)
        outcome = await self._wait(0)
        await self._forget()
        if outcome is not None and outcome[0] is _OK:
            return outcome
        reason = down[4]
        if _is(reason, NOPROC):  # it had ended before: its own monitor knows why
            reason = outcome[1] if outcome is not None else reason
            return (_EXIT, reason)
        return None if _is(reason, KILLED if brutal else SHUTDOWN) else (_EXIT, reason)

    def _check_owner(self) -> None:
        me = process.self()
        if self.owner is not me:
            raise BadArgError(
                f"{self!r} can be waited for only by the process that made it, {self.owner!r}; "
                f"this is {me!r}"
            )

    async def _wait(
        self, timeout: float | None
    ) -> tuple[Literal["ok"], R] | tuple[Literal["exit"], Any] | None:
        ref = self.ref
        try:
            message = await process.receive_reply(ref, timeout)
        except TimeoutError:
            return None
        if message[0] is ref:
            process.demonitor(ref, flush=True)
            return (_OK, message[1])
        return (_EXIT, message[4])

    async def _forget(self) -> tuple[Literal["ok"], R] | tuple[Literal["exit"], Any] | None:
        """Nobody will wait any more; what has come meanwhile is taken."""
        process.demonitor(self.ref, flush=True)
        return await self._wait(0)


def _is(reason: Any, atom: Atom) -> bool:
    return isinstance(reason, str) and reason == atom


# ---- what runs in a task's process


def callers() -> list[Pid]:
    """Who asks, and for whom they run, nearest first: the ``$callers`` of a task to be."""
    return [process.self(), *process.get(CALLERS, ())]


def mark(asked_by: list[Pid]) -> None:
    """Notes in the process dictionary for whom this task runs."""
    process.put(CALLERS, asked_by)
    process.put(ANCESTORS, process.ancestors())


async def run_task(
    asked_by: list[Pid], fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The whole life of a task that nobody waits for."""
    mark(asked_by)
    result = fn(*args, **kwargs)
    return await result if inspect.isawaitable(result) else result


async def run_for_owner(asked_by: list[Pid]) -> None:
    """The whole life of a task that somebody waits for."""
    mark(asked_by)
    _, ref, fn, args, kwargs = await process.receive((_RUN, ..., ..., ..., ...))
    result = fn(*args, **kwargs)
    process.send(ref, (ref, await result if inspect.isawaitable(result) else result))


async def run_for_supervised_owner(asked_by: list[Pid], owner: Pid, link: bool) -> None:
    """The same under a TaskSupervisor, which starts it: its owner may be gone before it says what.

    1. the supervisor starts this process   2. the owner dies   3. nobody will ever send the job:
    the watch on the owner ends the wait. Linked, the owner's link follows with the job.
    """
    watch = process.monitor(owner)
    message = await process.receive((_RUN, ..., ..., ..., ...), (_DOWN, watch, ..., ..., ...))
    if message[0] is _DOWN:
        if link:
            process.exit((SHUTDOWN, message[4]))
        return
    process.demonitor(watch, flush=True)
    mark(asked_by)
    _, ref, fn, args, kwargs = message
    result = fn(*args, **kwargs)
    process.send(ref, (ref, await result if inspect.isawaitable(result) else result))
