"""The callbacks of a server: what a class may override, and what each of them does by default."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from beamish import behaviour, process
from beamish.otp.errors import UndefinedCallbackError
from beamish.otp.gen import Caller, attributes_of, set_attributes

__all__ = ["GenServerCallbacks"]


class GenServerCallbacks:
    """The callbacks of a GenServer.

    Their parameters and results are Any so that a subclass can declare its own types, and make them
    ``async def``.
    """

    def init(self, *args: Any, **kwargs: Any) -> Any:
        """Makes the first state; runs in the new process while its starter waits.

        Args:
            args: what start_link was given.
            kwargs: the same.

        Returns:
            ``None``: the server has started.
            ``Continue(arg)``: it has started, and handle_continue(arg) runs before any message.
            ``Timeout(seconds)``: it has started; handle_info("timeout") runs if no message comes.
            ``Ignore``: no server is wanted; start_link raises StartIgnored.
            ``Stop(reason)``: start_link raises StartError(reason), and the process exits with it.
            ``Fail(reason)``: start_link raises StartError(reason); the process exits with
                ``normal``, so nothing is reported and a linked caller lives on.

        An exception is a failed start, too: it is the reason of the StartError.
        """

    def handle_call(self, request: Any, caller: Caller) -> Any:
        """Replies to a call.

        Args:
            request: what the caller gave ``call``.
            caller: who called: (pid, reference), for ``gen_server.reply``.

        Returns:
            ``Reply(value, then=...)``: the reply, and what comes next.
            ``NoReply``: no reply yet; ``gen_server.reply(caller, value)`` sends it later.
            ``Continue(arg)``, ``Timeout(seconds)``: as NoReply, and that comes next.
            ``Stop(reason, reply=value)``: terminate runs, the reply is sent, the server ends.
            ``Stop(reason)``: the same without a reply; the call fails with the reason.
            anything else: it is the reply.
        """
        raise UndefinedCallbackError(
            f"{type(self).__name__} has no handle_call, and was called with {request!r}"
        )

    def handle_cast(self, request: Any) -> Any:
        """Handles a cast.

        Args:
            request: what the sender gave ``cast``.

        Returns:
            ``None`` or ``NoReply``: the server goes on.
            ``Continue(arg)``: handle_continue(arg) runs before any message.
            ``Timeout(seconds)``: handle_info("timeout") runs if no message comes.
            ``Stop(reason)``: terminate(reason) runs and the server ends.
            anything else ends the server with ``("bad_return_value", value)``.
        """
        raise UndefinedCallbackError(
            f"{type(self).__name__} has no handle_cast, and was cast {request!r}"
        )

    def handle_info(self, message: Any) -> Any:
        """Handles every other message: timers, Down, Exit if it traps exits, "timeout".

        A server without it logs them.

        Args:
            message: the message.

        Returns:
            As handle_cast.
        """
        pid, name = process.self(), type(self).__name__
        behaviour.report(
            logging.ERROR,
            "unexpected_message",
            "GenServer %r (%s) received an unexpected message: %r",
            lambda: ((pid, name, message), {"pid": pid, "message": message}),
        )

    def handle_continue(self, arg: Any) -> Any:
        """Runs after a callback that returned ``Continue(arg)``, before any message.

        Args:
            arg: what Continue was given.

        Returns:
            As handle_cast.
        """
        raise UndefinedCallbackError(
            f"{type(self).__name__} has no handle_continue, and returned Continue({arg!r})"
        )

    def terminate(self, reason: Any) -> Any:
        """Cleans up when the server ends itself or, if it traps exits, its parent exits.

        It does not run when an exit signal ends the server. What must be cleaned up in any case
        needs a process of its own, or ``process.own``.

        Args:
            reason: the coming exit reason; an exception if a callback failed.

        Returns:
            Anything; it is ignored.
        """

    def code_change(self, old_vsn: Any, extra: Any) -> Any:
        """Takes the state over when the class has been changed: see ``sys.change_code``.

        The instance is already one of the new class; ``self`` still has what the old one kept.

        Args:
            old_vsn: the version before, as given to ``sys.change_code``.
            extra: whatever else was given there.

        Returns:
            Anything; it is ignored. An exception refuses the change: the class stays the old one.
        """

    def format_status(self, status: dict[str, Any]) -> dict[str, Any]:
        """What ``sys.get_status`` and crash reports show of the server.

        Override it to leave out what is secret, or too long to read.

        Args:
            status: a dict with ``state``; in a crash report also with ``reason`` and ``message``
                (the last one), and with ``log`` while events are logged.

        Returns:
            The dict to be shown, with the same keys. If this fails, its failure is shown instead of
            the state.
        """
        return status

    def system_get_state(self) -> Any:
        """What ``sys.get_state`` returns; by default a dict of the attributes."""
        return attributes_of(self)

    def system_replace_state(self, fn: Callable[[Any], Any]) -> Any:
        """Makes ``fn(state)`` the state, for ``sys.replace_state``; returns it."""
        state = fn(attributes_of(self))
        set_attributes(self, state)
        return state


# Crash reports show it as the initial call, by the name that users know.
GenServerCallbacks.init.__module__ = "beamish.otp.gen_server"
GenServerCallbacks.init.__qualname__ = "GenServer.init"
