"""The same function by two names: of a module, as OTP has it, and of a class, as Elixir has it.

``gen_server.start_link(Counter, 5)`` is ``Counter.start_link(5)``, ``Supervisor.stop(pid)`` is
``gen_server.stop(pid)``.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any

from beamish.terms import NORMAL, Pid, Ref

from . import asking, names
from .names import Dest, Name
from .startable import Startable
from .starting import SpawnOptions

__all__ = ["Addressed", "start", "start_link", "start_monitor"]


def start_link(
    cls: type[Startable],
    /,
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Coroutine[Any, Any, Pid]:
    """``cls.start_link(*args, ...)``, by OTP's name.

    Source: gen_server:start_link/4, gen_statem:start_link/4.
    """
    return cls.start_link(
        *args, name=name, timeout=timeout, debug=debug, spawn_opt=spawn_opt, **kwargs
    )


def start(
    cls: type[Startable],
    /,
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Coroutine[Any, Any, Pid]:
    """``cls.start(*args, ...)``, by OTP's name.

    Source: gen_server:start/4, gen_statem:start/4.
    """
    return cls.start(*args, name=name, timeout=timeout, debug=debug, spawn_opt=spawn_opt, **kwargs)


def start_monitor(
    cls: type[Startable],
    /,
    *args: Any,
    name: Name | None = None,
    timeout: float | None = None,
    debug: Iterable[Any] = (),
    spawn_opt: SpawnOptions | None = None,
    **kwargs: Any,
) -> Coroutine[Any, Any, tuple[Pid, Ref]]:
    """``cls.start_monitor(*args, ...)``, by OTP's name.

    Source: gen_server:start_monitor/4, gen_statem:start_monitor/4.
    """
    return cls.start_monitor(
        *args, name=name, timeout=timeout, debug=debug, spawn_opt=spawn_opt, **kwargs
    )


class Addressed:
    """The functions that a behaviour's class has for whoever knows where its process is."""

    @staticmethod
    def stop(
        dest: Dest, reason: Any = NORMAL, timeout: float | None = None
    ) -> Coroutine[Any, Any, None]:
        """Does what ``gen_server.stop`` does."""
        return asking.stop(dest, reason, timeout)

    @staticmethod
    def whereis(dest: Dest) -> Pid | tuple[str, str] | None:
        """Does what ``gen_server.whereis`` does."""
        return names.whereis(dest)
