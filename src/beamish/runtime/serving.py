"""The receive loop of a server, without waking its coroutine for every message.

``await server.receive()`` waits as receive() does. But a message goes first to the server's *step*,
a plain function that runs in the process like the process' own code: in its context, and it can be
preempted and ended. Only what the step leaves over wakes the coroutine.

While the coroutine waits, `Server._send` replaces its own ``send``, so the scheduler need not know
about servers.
"""

from __future__ import annotations

from types import coroutine
from typing import TYPE_CHECKING, Any, Final, cast, final

from . import mailbox as _mailbox
from .handing import establish_handed
from .here import current, here
from .home import at_home
from .states import OUTSIDE, RUNNING, WAIT_ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from .process import Process

__all__ = ["Server", "Unanswered"]


@final
class Unanswered:
    """What `Server.receive` returns for a request that has no reply yet."""

    __slots__ = ("outcome",)

    def __init__(self, outcome: Any) -> None:
        self.outcome: Any = outcome


class _Raised:
    """What a step raised, on its way into the coroutine."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


_AGAIN: Final = object()  # for the coroutine: look at the process' state again


@final
class Server:
    """The receive loop of the process that calls `receive`.

    Both functions are called in the process and cannot wait. `receive` raises what they raise.
    They may be replaced while the process does not wait.

    Args:
        step: handles a message and returns None, or returns what `receive` should return.
        handle_call: handles a `behaviour.request` that comes while the process waits. It is given
            ``(tag, (pid, ref), request)``, and returns the reply, or ``Unanswered(result)`` with
            what `receive` should return.

    Example:
        >>> async def counter():
        ...     total = 0
        ...     def step(message):
        ...         match message:
        ...             case ("ask", caller, _): behaviour.reply(caller, handle_call(message))
        ...             case _: return message
        ...     def handle_call(request):
        ...         nonlocal total
        ...         total += request[2]
        ...         return total
        ...     return await behaviour.Server(step, handle_call).receive()
    """

    __slots__ = ("_proc", "_resume", "handle_call", "step")

    def __init__(self, step: Callable[[Any], Any], handle_call: Callable[[Any], Any]) -> None:
        self.step: Callable[[Any], Any] = step
        self.handle_call: Callable[[Any], Any] = handle_call
        self._proc: Any = None
        self._resume: Any = None

    @property
    def _coro(self) -> Coroutine[Any, Any, Any]:
        """The coroutine of the process, while it waits."""
        coro: Coroutine[Any, Any, Any] = self._resume.__self__
        return coro

    @coroutine
    def receive(self) -> Generator[Any, Any, Any]:
        """Waits until `step` returns something other than None, and returns that."""
        proc = self._proc = (at_home() and here.process) or current()
        step = self.step
        while True:
            if proc.state > RUNNING:
                if proc.state == OUTSIDE:
                    return (yield from _receive_outside(step))
                yield from _mailbox.go_on(proc)
            mailbox = proc.mailbox
            if mailbox:
                proc.removed += 1
                proc.value = message = mailbox.popleft()
                outcome = step(message)
            else:
                self._resume = proc.send
                proc.send = self._send
                proc.value = message = None  # keep nothing alive while it waits
                proc.pattern = self
                proc.state = WAIT_ANY
                try:
                    outcome = yield
                except BaseException:
                    # Ended or cancelled while it waited, not by a step.
                    self._wake(proc)
                    raise
                # From here to the next wait nothing of the process may change: a handler that the
                # step has begun may already wait for something.
                if type(outcome) is _Raised:
                    raise outcome.error
                if outcome is _AGAIN:
                    continue
            if outcome is not None:
                return outcome

    def _send(self, message: Any) -> Any:
        """Gives the step this message and those that came since, or resumes the coroutine."""
        try:
            outcome = self.step(message)
        except BaseException as error:
            outcome = _Raised(error)
        return self._go_on(outcome)

    def _go_on(self, outcome: Any) -> Any:
        """Continues after a step: with the next message, by waiting, or in the coroutine.

        Args:
            outcome: what the step returned, or the outcome of `handle_call`; None if the message
                is done with.
        """
        proc: Process = self._proc
        try:
            while outcome is None:
                if proc.state > RUNNING:
                    outcome = _AGAIN
                elif proc.mailbox:
                    proc.removed += 1
                    proc.value = message = proc.mailbox.popleft()
                    outcome = self.step(message)
                else:
                    proc.value = None
                    proc.pattern = self
                    proc.state = WAIT_ANY
                    return None
        except BaseException as error:
            outcome = _Raised(error)
        if here.handed is not None:
            establish_handed()
        return self._wake(proc)(outcome)

    def _fail(self, error: BaseException) -> Any:
        """Resumes the coroutine with what `handle_call` raised."""
        return self._go_on(_Raised(error))

    def _wake(self, proc: Process) -> Callable[[Any], Any]:
        """Puts the coroutine's own ``send`` back."""
        if proc.pattern is self:
            proc.pattern = None
        resume: Callable[[Any], Any] = self._resume
        proc.send = resume
        return resume


def _receive_outside(step: Callable[[Any], Any]) -> Generator[Any, Any, Any]:
    """The same in an adopted Task, message by message."""
    while True:
        wait: Any = _mailbox.receive()
        outcome = step((yield from cast("Generator[Any, Any, Any]", wait)))
        if outcome is not None:
            return outcome
