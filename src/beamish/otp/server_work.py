"""What a GenServer's process works on, and how it answers system messages.

One object for each server, beside the user's instance: it remembers the message that is worked on
(for crash reports, and to tell a cycle of calls), and speaks for the server to ``sys``.

The state of a server is its attributes: ``sys.get_state`` gets a dict of them. What the class
says itself with ``system_get_state`` and ``system_replace_state`` goes first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast, final

from beamish.terms import BadArgError, Pid
from beamish.terms.errors import describe

from .awaiting import is_coroutine
from .debugging import Debug
from .special import Special

if TYPE_CHECKING:
    from .gen_server import GenServer
    from .names import Name

__all__ = ["Work", "attributes_of", "set_attributes"]

_NOTHING: Final = object()


@final
class Work(Special):
    """A server's own account of itself.

    It is made by who starts the server, for the new process.

    Attributes:
        cls: the class that is started.
        args: what its init gets.
        kwargs: the same.
        name: what it is registered by.
        linked: whether it is linked to its starter, which is its parent then.
        shown: what reports call it, and what they show as its initial call; None: its class' name
            and init.
        options: the debug options that are on from the start.
        server: the user's instance, once it has started.
        parent: who started it with a link; None where nobody did.
        message: the last message that it has taken up.
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

    server: GenServer

    def __init__(
        self,
        cls: type[GenServer],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: Name | None,
        linked: bool,
        options: tuple[Any, ...] = (),
        shown: tuple[Any, Any] | None = None,
    ) -> None:
        self.cls = cls
        self.args = args
        self.kwargs = kwargs
        self.name = name
        self.linked = linked
        self.options = options
        self.shown = shown
        self.parent: Pid | None = None
        self.message: Any = _NOTHING
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
        """The state that ``sys.get_state`` answers."""
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
        status: dict[str, Any] = {"state": self.system_get_state()}
        if self.debug is not None and (log := self.debug.log("get")):
            status["log"] = log
        shown = self._formatted(status)
        data = {"State": shown.get("state")}
        if "log" in shown:
            data["Logged events"] = shown["log"]
        return data

    # ---- for the runtime's crash reports

    def crash_details(self, reason: Any) -> dict[str, Any]:
        """The last message and the state, as the server's ``format_status`` has them."""
        if not hasattr(self, "server"):
            return {}  # it has not started
        status: dict[str, Any] = {"reason": reason, "state": self.system_get_state()}
        if self.message is not _NOTHING:
            status["message"] = self.message
        if self.debug is not None and (log := self.debug.log("get")):
            status["log"] = log
        shown = self._formatted(status)
        if "message" in shown:
            shown["last_message"] = shown["message"]
        return shown

    def _formatted(self, status: dict[str, Any]) -> dict[str, Any]:
        """A failing format_status harms nobody: its failure is shown in the place of the state."""
        name = f"{type(self.server).__qualname__}.format_status"
        try:
            shown: Any = self.server.format_status(dict(status))
        except Exception:  # noqa: BLE001  # whatever the callback raises, Throw included
            return {**status, "state": f"{name} crashed"}
        if not isinstance(shown, dict):
            return {**status, "state": f"{name} did not return a dict"}
        return {**status, **cast("dict[str, Any]", shown)}


def attributes_of(instance: object) -> dict[str, Any]:
    """The attributes of an instance, those in slots too."""
    found: dict[str, Any] = {}
    for name in _slots(instance):
        if hasattr(instance, name):
            found[name] = getattr(instance, name)
    found.update(getattr(instance, "__dict__", {}))
    return found


def set_attributes(instance: object, state: Any) -> None:
    """Makes these the attributes of an instance, and no others."""
    if not isinstance(state, dict):
        raise BadArgError(
            "sys.replace_state: expected a dict of attributes from the function; "
            f"got {describe(state)}; to replace one: lambda state: {{**state, 'n': 5}}"
        )
    wanted = cast("dict[str, Any]", state)
    for name in attributes_of(instance).keys() - wanted.keys():
        delattr(instance, name)
    for name, value in wanted.items():
        setattr(instance, name, value)


def _slots(instance: object) -> list[str]:
    found: list[str] = []
    for cls in type(instance).__mro__:
        slots: Any = cls.__dict__.get("__slots__", ())
        found += [slots] if isinstance(slots, str) else list(slots)
    return [name for name in found if name not in ("__dict__", "__weakref__")]
