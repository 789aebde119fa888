"""The callbacks of a state machine: what a class may override, and what each does by default."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias

from beamish.otp.errors import UndefinedCallbackError
from beamish.terms.careful import show

__all__ = ["CallbackMode", "GenStatemCallbacks"]


_Shape: TypeAlias = Literal["state_functions", "handle_event_function"]


CallbackMode: TypeAlias = (
    _Shape | tuple[_Shape, Literal["state_enter"]] | tuple[Literal["state_enter"], _Shape]
)
"""``"state_functions"`` or ``"handle_event_function"``, alone or with ``"state_enter"``."""


class GenStatemCallbacks:
    """The callbacks of a GenStatem.

    Attributes:
        callback_mode: ``"state_functions"`` or ``"handle_event_function"``; a pair with
            ``"state_enter"`` if the class wants state enter calls.
    """

    callback_mode: ClassVar[CallbackMode] = "state_functions"

    def init(self, *args: Any, **kwargs: Any) -> Any:
        """Chooses the first state; runs in the new process while its starter waits.

        Args:
            args: what start_link was given.
            kwargs: the same.

        Returns:
            ``NextState(state, *actions)``: the machine has started in that state.
            ``Ignore``: no machine is wanted; start_link raises StartIgnored.
            ``Fail(reason)``: start_link raises StartError(reason), and nothing is reported.
            ``Stop(reason)``: the same, and the process exits with the reason.

        An exception is a failed start, too: it is the reason of the StartError.
        """
        raise UndefinedCallbackError(
            f"{type(self).__name__} has no init: expected `def init(self): return NextState(...)`"
        )

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        """Handles every event, with ``callback_mode = "handle_event_function"``.

        With state functions, the methods named after the states do: ``def open(self, event_type,
        content)``.

        Args:
            event_type: ``("call", caller)``, ``"cast"``, ``"info"``, ``"internal"``,
                ``"timeout"``, ``"state_timeout"``, ``("timeout", name)``, or ``"enter"``.
            content: the request or message; the content of a time-out; for ``"enter"`` the state
                that was left (at the beginning, the first state itself).
            state: the current state.

        Returns:
            ``None``, ``KeepState(*actions)``: the machine stays in its state.
            ``NextState(state, *actions)``: it goes to that one.
            ``RepeatState(*actions)``: it stays, and the state enter call is made again.
            ``Stop(reason)``: terminate runs and the machine ends.
            ``StopAndReply(reason, *replies)``: the same, once the replies are sent.
            anything else ends it with ``("bad_return_from_state_function", value)``.

            An ``"enter"`` call must not change the state, postpone, or insert events.
        """
        raise UndefinedCallbackError(
            f"{type(self).__name__} has no handle_event, and got {show(event_type)} "
            f"{show(content)} in state {show(state)}"
        )

    def terminate(self, reason: Any, state: Any) -> Any:
        """Cleans up when the machine ends itself or, if it traps exits, its parent exits.

        It does not run when an exit signal ends the machine.

        Args:
            reason: the coming exit reason; an exception if a callback failed.
            state: the state in which it ends.

        Returns:
            Anything; it is ignored.
        """

    def code_change(self, old_vsn: Any, state: Any, extra: Any) -> Any:
        """Takes state and data over when the class has been changed: see ``sys.change_code``.

        The machine is already one of the new class; ``self`` still has what the old one kept.

        Args:
            old_vsn: the version before, as given to ``sys.change_code``.
            state: the current state.
            extra: whatever else was given there.

        Returns:
            ``NextState(state)`` if the state has another name now; anything else keeps it. An
            exception refuses the change: the machine keeps its old class.
        """

    def format_status(self, status: dict[str, Any]) -> dict[str, Any]:
        """What ``sys.get_status`` and crash reports show of the machine.

        Override it to leave out what is secret, or too long to read.

        Args:
            status: a dict with ``state``, ``data`` (the attributes), ``postponed`` and
                ``timeouts``; in a crash report also with ``reason`` and ``queue`` (the event that
                is handled, and those that wait), and with ``log`` while events are logged.

        Returns:
            The dict to be shown, with the same keys. If this fails, its failure is shown instead of
            the data.
        """
        return status


# Crash reports show it as the initial call, by the name that users know.
GenStatemCallbacks.init.__module__ = "beamish.otp.gen_statem"
GenStatemCallbacks.init.__qualname__ = "GenStatem.init"
