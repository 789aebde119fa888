"""GenEventHandler: what an event handler may do; its callbacks."""

from __future__ import annotations

import logging
from typing import Any

from beamish import behaviour, process
from beamish.otp.errors import UndefinedCallbackError

__all__ = ["GenEventHandler"]


class GenEventHandler:
    """The base of an event handler: override what is needed; state lives on ``self``.

    Callbacks may be ``def`` or ``async def``. They run in the manager's process.
    """

    def init(self, *args: Any, **kwargs: Any) -> Any:
        """Makes the first state.

        Args:
            args: what add_handler was given; for a handler that replaces another,
                ``(args, handed_over)``, where the latter is what the other's terminate returned.
            kwargs: keyword arguments of add_handler.

        Returns:
            ``None``: the handler is added.
            ``Stop(reason)`` or anything else: it is not, and add_handler raises HandlerError.
        """

    def handle_event(self, event: Any) -> Any:
        """Handles an event.

        Args:
            event: what ``notify`` or ``sync_notify`` was given.

        Returns:
            ``None``: the handler goes on.
            ``RemoveHandler``: it is taken out.
            ``SwapHandler(args, handler, new_args)``: another one replaces it.
            anything else is an error: it is taken out, and ``terminate(("error", value))`` runs.
        """
        raise UndefinedCallbackError(
            f"{type(self).__name__} has no handle_event, and was notified of {event!r}"
        )

    def handle_call(self, request: Any) -> Any:
        """Replies to a call.

        Args:
            request: what ``call`` was given.

        Returns:
            ``RemoveHandler(reply)``: the reply, and the handler is taken out.
            ``SwapHandler(..., reply=reply)``: the reply, and another one replaces it.
            anything else: the reply.
        """
        raise UndefinedCallbackError(
            f"{type(self).__name__} has no handle_call, and was called with {request!r}"
        )

    def handle_info(self, message: Any) -> Any:
        """Handles every other message to the manager; a handler without it logs them.

        Args:
            message: the message.

        Returns:
            As handle_event.
        """
        pid, name = process.self(), type(self).__name__
        behaviour.report(
            logging.WARNING,
            "unexpected_message",
            "gen_event handler %r in %r received an unexpected message: %r",
            lambda: ((name, pid, message), {"pid": pid, "message": message}),
        )

    def terminate(self, arg: Any) -> Any:
        """Cleans up when the handler is taken out.

        Args:
            arg: ``"remove_handler"``, ``"stop"`` (the manager ends), ``("stop", reason)`` (the
                process that supervises it has ended), ``("error", value)`` (it returned that
                value, or failed: ``("EXIT", reason)``), or else what delete_handler or a swap
                gives it.

        Returns:
            What delete_handler returns, or what the next handler of a swap is handed.
        """

    def code_change(self, old_vsn: Any, extra: Any) -> Any:
        """Takes the state over when the class has been changed: see ``sys.change_code``.

        Args:
            old_vsn: the version before, as given to ``sys.change_code``.
            extra: whatever else was given there.
        """

    def format_status(self, status: dict[str, Any]) -> dict[str, Any]:
        """What ``sys.get_status`` and reports show of the handler.

        Args:
            status: a dict with ``state`` (the attributes); in a report also with ``reason`` and
                ``message`` (the last event).

        Returns:
            The dict to be shown, with the same keys.
        """
        return status
