"""What a GenServer's process works on, and how it answers system messages.

There is one such object for each server, beside the user's instance. It holds the message that the
server works on (for crash reports, and to find cycles of calls), and speaks for the server to
``sys``.

The state of a server is its attributes: ``sys.get_state`` returns a dict of them, unless the class
defines ``system_get_state`` and ``system_replace_state``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from beamish.otp.gen import is_coroutine
from beamish.otp.sys import Debug, Special, formatted
from beamish.terms import Pid

if TYPE_CHECKING:
    from beamish.otp.gen import Name

    from .callbacks import GenServerCallbacks

__all__ = ["NOTHING", "Work"]

NOTHING: Final = object()


@final
class Work(Special):
    """A server's own account of itself.

    Whoever starts the server makes it, for the new process.

    Attributes:
        cls: the class that is started.
        args: what its init gets.
        kwargs: the same.
        name: what it is registered by.
        linked: whether it is linked to its starter, which is then its parent.
        shown: what reports call it, and what they show as its initial call; None: its class' name
            and init.
        options: the debug options that are on from the start.
        server: the user's instance, once it has started.
        parent: who started it with a link, or None.
        message: the message that it works on, if it cannot be done with it in one step (see
            steps.py); NOTHING while it waits, for then nobody needs it.
        debug: what sys(3) has switched on; None while nothing is.
    """

    __slots__ = (
        "args",
        "cls",
        "debug",
        "kwargs",
        "linked",
        "message",
        "name",
        "options",
        "parent",
        "server",
        "shown",
    )

    server: GenServerCallbacks

    def __init__(
        self,
        cls: type[GenServerCallbacks],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: Name | None,
        linked: bool,
        options: tuple[Any, ...] = (),
        shown: tuple[Any, Any] | None = None,
    ) -> None:
        self.cls: type[GenServerCallbacks] = cls
        self.args: tuple[Any, ...] = args
        self.kwargs: dict[str, Any] = kwargs
        self.name: Name | None = name
        self.linked: bool = linked
        self.options: tuple[Any, ...] = options
        self.shown: tuple[Any, Any] | None = shown
        self.parent: Pid | None = None
        self.message: Any = NOTHING
        self.debug: Debug | None = None

    # ---- for the runtime's reports

    @property
    def label(self) -> Any:
        """What reports call its process."""
        return self.cls.__name__ if self.shown is None else self.shown[0]

    @property
    def initial_call(self) -> Any:
        """What they show as its initial call."""
        return self.cls.init if self.shown is None else self.shown[1]

    # ---- for sys

    def system_get_state(self) -> Any:
        """The state that ``sys.get_state`` returns."""
        return self.server.system_get_state()

    def system_replace_state(self, fn: Callable[[Any], Any]) -> Any:
        """Makes ``fn(state)`` the state."""
        return self.server.system_replace_state(fn)

    async def system_code_change(self, module: Any, old_vsn: Any, extra: Any) -> None:
        """Makes the server one of the new class, and has it take its state over."""
        server = self.server
        was = server.__class__
        if isinstance(module, type):
            server.__class__ = module
        try:
            result = server.code_change(old_vsn, extra)
            if is_coroutine(result):
                await result
        except BaseException:
            server.__class__ = was
            raise

    def system_module(self) -> Any:
        """The server's class."""
        return type(self.server)

    def system_status(self) -> dict[str, Any]:
        """What ``sys.get_status`` shows, as the server's ``format_status`` has it."""
        shown = formatted(self.server, {"state": self.system_get_state()}, self.debug)
        data = {"State": shown.get("state")}
        if "log" in shown:
            data["Logged events"] = shown["log"]
        return data

    # ---- for the runtime's crash reports

    @property
    def supervisor(self) -> str | None:
        """What the reports of its children call a supervisor; None if it is none."""
        return getattr(getattr(self, "server", None), "supervisor_title", None)

    def crash_details(self, reason: Any) -> dict[str, Any]:
        """The last message and the state, as the server's ``format_status`` has them."""
        if not hasattr(self, "server"):
            return {}  # it has not started
        status: dict[str, Any] = {"reason": reason, "state": self.system_get_state()}
        if self.message is not NOTHING:
            status["message"] = self.message
        shown = formatted(self.server, status, self.debug)
        if "message" in shown:
            shown["last_message"] = shown["message"]
        return shown
