"""The process of a stream of Task.async_stream: it starts the tasks and keeps their results.

It traps exits, so that it outlives its tasks and sees the end of its consumer. If a linked task
fails and the consumer does not trap exits, the process exits with the task's reason. Its link takes
that to the consumer, as if the task had been linked to the consumer.

Source: Elixir's Task.async_stream/5; the order of events was checked on Elixir.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from beamish import behaviour, process
from beamish.otp.gen import LATE
from beamish.terms import NORMAL, Atom, BeamishError, Down, Exit, Pid, ProcessExit, Ref, TimerRef
from beamish.terms.careful import elements, is_a
from beamish.terms.words import DONE, FAILED, OK, TIMEOUT, is_word

from .process import give_job, kill
from .waiting import EXIT, failure

__all__ = [
    "END",
    "ITEM",
    "MORE",
    "NEXT",
    "STOP",
    "Launcher",
    "Plan",
    "serve_stream",
]

# The consumer's requests, and its remarks: another input (ITEM), or no more (END).
NEXT: Final = Atom("$next")
STOP: Final = Atom("$stop")
END: Final = Atom("end")
# The replies.
ITEM: Final = Atom("item")
MORE: Final = Atom("more")


# From (callers, function), starts a process that waits for its job, monitored by the caller.
Launcher: TypeAlias = Callable[[list[Pid], Callable[..., Any]], Awaitable[tuple[Pid, Ref]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of a stream's process.

    Args:
        fn: the function, called with each input followed by `args`.
        args: more arguments.
        launch: starts the tasks.
        asked_by: the ``$callers`` of the tasks; the consumer is the first.
        linked: whether a task that fails ends a consumer that does not trap exits.
        max_concurrency: how many tasks may run at a time.
        ordered: whether results come in the order of the inputs.
        timeout: seconds that a task may take, or None for no limit.
        kill_late: whether a task that takes too long gives an item; else the stream fails.
        zip_input: whether the item of a failed task contains its input.
    """

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    launch: Launcher
    asked_by: list[Pid]
    linked: bool
    max_concurrency: int
    ordered: bool
    timeout: float | None
    kill_late: bool
    zip_input: bool


async def serve_stream(plan: Plan) -> None:
    """The whole life of the process."""
    process.flag(trap_exit=True)
    await _StreamProcess(plan).run()


@final
class _Job:
    """A task and its outcome."""

    __slots__ = ("input", "late", "number", "outcome", "pid", "timer")

    def __init__(self, number: int, pid: Pid, given: Any, timer: TimerRef | None) -> None:
        self.number = number
        self.pid = pid
        self.input = given
        self.timer = timer
        self.outcome: tuple[Atom, Any] | None = None
        self.late = False


@final
class _StreamProcess:
    __slots__ = (
        "consumer",
        "delivered",
        "failure",
        "last",
        "open",
        "plan",
        "read",
        "ready",
        "running",
        "started",
        "taken",
        "waiting",
    )

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.consumer = plan.asked_by[0]
        self.running: dict[Ref, _Job] = {}
        self.open = True  # whether there may be more input
        self.read = 0  # inputs that the consumer has sent, its END included
        self.started = 0
        # Items to take: by number if the stream is ordered, else in the order of arrival.
        self.ready: dict[int, Any] = {}
        self.taken: deque[int] = deque()
        self.delivered = 0
        self.last: Any = None  # the latest item: its reply may be lost, and requested again
        self.failure: BaseException | None = None
        self.waiting: tuple[Pid, Ref] | None = None

    async def run(self) -> None:
        """Takes messages until the stream is over."""
        while True:
            message = await process.receive()
            parts = elements(message)
            if type(message) is Down:
                self._ended(message)
            elif type(message) is Exit:
                await self._exit_signal(message)
            elif len(parts) == 2:
                self._replied(*parts)
            elif len(parts) == 3:
                if parts[0] is NEXT:
                    await self._next(parts[1], *parts[2])
                elif parts[0] is STOP:
                    return await self._stop(parts[1])
                else:
                    self._timed_out(parts)
            if self.waiting is not None and self._reply(self.waiting):
                return None

    # ---- the consumer

    async def _next(
        self, caller: tuple[Pid, Ref], seen: int, number: int, kind: Any, given: Any
    ) -> None:
        self.waiting = caller
        if number > self.read:  # else the remark was repeated
            self.read = number
            if kind is END:
                self.open = False
            elif kind is ITEM:
                await self._start(given)
        if seen < self.delivered:
            # 1. the item was sent   2. the consumer had stopped waiting   3. it requests it again.
            behaviour.reply(caller, (ITEM, self.last))
            self.waiting = None

    def _reply(self, caller: tuple[Pid, Ref]) -> bool:
        """Replies to the consumer if possible; returns whether the stream is over."""
        if self.failure is not None:
            reply: Any = (FAILED, self.failure)
        elif self._has_item():
            self.last = self._take_item()
            reply = (ITEM, self.last)
        elif self.open and len(self.running) < self.plan.max_concurrency:
            reply = (MORE, None)
        elif self.open or self.running:
            return False
        else:
            reply = (DONE, None)
            process.unlink(self.consumer)
        self.waiting = None
        behaviour.reply(caller, reply)
        return reply[0] is DONE

    def _has_item(self) -> bool:
        return self.delivered in self.ready if self.plan.ordered else bool(self.taken)

    def _take_item(self) -> Any:
        number = self.delivered if self.plan.ordered else self.taken.popleft()
        self.delivered += 1
        return self.ready.pop(number)

    async def _stop(self, caller: tuple[Pid, Ref] | None) -> None:
        await self._kill_all()
        process.unlink(self.consumer)
        if caller is not None:
            behaviour.reply(caller, None)

    async def _exit_signal(self, message: Exit) -> None:
        """Handles the end of the consumer, or of the stream; a task's end comes as a Down."""
        if any(job.pid is message.pid for job in self.running.values()):
            return
        if message.pid is self.consumer or not is_word(message.reason, NORMAL):
            await self._kill_all()
            process.exit(NORMAL if message.pid is self.consumer else message.reason)

    # ---- the tasks

    async def _start(self, given: Any) -> None:
        plan = self.plan
        try:
            pid, ref = await plan.launch(plan.asked_by, plan.fn)
        except (BeamishError, ProcessExit) as error:
            if isinstance(error, ProcessExit) and not process.alive(process.self()):
                raise
            self.failure = error.with_traceback(None)
            return
        timer = None
        if plan.timeout is not None:
            timer = process.start_timer(plan.timeout, process.self(), ref)
        self.running[ref] = _Job(self.started, pid, given if plan.zip_input else None, timer)
        self.started += 1
        give_job(pid, ref, plan.fn, (given, *plan.args), {})

    def _replied(self, ref: Any, result: Any) -> None:
        job = self.running.get(ref) if is_a(ref, Ref) else None
        if job is not None and job.outcome is None and not job.late:
            job.outcome = (OK, result)
            if job.timer is not None:
                process.cancel_timer(job.timer)

    def _timed_out(self, message: Any) -> None:
        job = self.running.get(message[2]) if is_a(message[2], Ref) else None
        if job is None or job.timer is not message[1] or job.outcome is not None:
            return
        job.late = True
        if not self.plan.kill_late:
            self.failure = failure(LATE, "async_stream", self.plan.timeout, pid=job.pid)
        process.unlink(job.pid)
        kill(job.pid)

    def _ended(self, message: Down) -> None:
        job = self.running.pop(message.ref, None) if is_a(message.ref, Ref) else None
        if job is None:
            return
        if job.timer is not None:
            process.cancel_timer(job.timer)
        if job.outcome is None:
            reason = TIMEOUT if job.late else message.reason
            if self.plan.linked and not job.late:
                self._fail_with(reason)
            job.outcome = (EXIT, (job.input, reason) if self.plan.zip_input else reason)
        self.ready[job.number] = job.outcome
        if not self.plan.ordered:
            self.taken.append(job.number)

    def _fail_with(self, reason: Any) -> None:
        """Fails with a linked task, unless the consumer traps exits."""
        if is_word(reason, NORMAL) or process.info(self.consumer, "trap_exit") is not False:
            return
        for job in self.running.values():
            kill(job.pid)
        process.exit(reason)

    async def _kill_all(self) -> None:
        """Kills the tasks, and waits until they are gone."""
        for job in self.running.values():
            kill(job.pid)
        for ref, job in self.running.items():
            await process.receive(("DOWN", ref, "process", job.pid, ...))
