"""Starting a server or state machine by OTP's names: ``gen_server.start_link(Counter, 5)``."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ParamSpec, Protocol

from beamish.terms import Pid, Ref

__all__ = ["start", "start_link", "start_monitor"]

P = ParamSpec("P")


class _Linked(Protocol[P]):
    def start_link(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, Pid]: ...


class _Alone(Protocol[P]):
    def start(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, Pid]: ...


class _Monitored(Protocol[P]):
    def start_monitor(
        self, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, tuple[Pid, Ref]]: ...


def start_link(cls: _Linked[P], /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, Pid]:
    """``cls.start_link(*args, ...)``, by OTP's name.

    Source: gen_server:start_link/4, gen_statem:start_link/4.
    """
    return cls.start_link(*args, **kwargs)


def start(cls: _Alone[P], /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, Pid]:
    """``cls.start(*args, ...)``, by OTP's name.

    Source: gen_server:start/4, gen_statem:start/4.
    """
    return cls.start(*args, **kwargs)


def start_monitor(
    cls: _Monitored[P], /, *args: P.args, **kwargs: P.kwargs
) -> Coroutine[Any, Any, tuple[Pid, Ref]]:
    """``cls.start_monitor(*args, ...)``, by OTP's name.

    Source: gen_server:start_monitor/4, gen_statem:start_monitor/4.
    """
    return cls.start_monitor(*args, **kwargs)
