"""The class GenStatem, and what starts machines, speaks to them, or makes a process one."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, Final, NoReturn, overload

from beamish import behaviour, process
from beamish.otp.child import SupervisedServer
from beamish.otp.gen import (
    GEN_CALL,
    Called,
    Caller,
    Dest,
    Name,
    SpawnOptions,
    check_name,
    spawn_options,
    start_opt,
    whereis,
)
from beamish.otp.gen import call as gen_call
from beamish.otp.sys import check_options, debug_options
from beamish.terms import NORMAL, Atom, BadArgError
from beamish.terms.words import CALL

from .callbacks import GenStatemCallbacks
from .engine import Engine
from .process import Setup, live, run
from .values import (
    Action,
    NextState,
    Reply,
    is_reply,
)

__all__ = ["GenStatem", "call", "enter_loop", "reply"]


_GEN_STATEM: Final = Atom("gen_statem")
_CALLED: Final[Called] = (_GEN_STATEM, CALL, None)


class GenStatem(GenStatemCallbacks, SupervisedServer):
    """The base of a state machine: see the page "GenStatem" for the whole.

    The class statement says how it is supervised, as for a GenServer:
    ``class Door(GenStatem, restart="transient", shutdown=10.0)``; see Supervised.
    """

    @classmethod
    def _start_opt(
        cls,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: Name | None,
        timeout: float | None,
        debug: Iterable[Any],
        spawn_opt: SpawnOptions | None,
        link: bool,
        watch: bool = False,
    ) -> Coroutine[Any, Any, Any]:
        chosen = spawn_options(spawn_opt)
        link = link or chosen.get("link", False)
        options = check_options(debug) if debug else ()
        setup = Setup(cls, GenStatem, args, kwargs, name, link, options)
        label = chosen.get("label", cls.__name__)
        return start_opt(run, (setup,), link, name, timeout, None, watch, label, cls.init)


async def enter_loop(
    machine: GenStatem,
    state: Any,
    *actions: Action,
    name: Name | None = None,
    debug: Iterable[Any] = (),
) -> NoReturn:
    """Makes the calling process a state machine; never returns.

    For a process that was started in its own way, by :mod:`beamish.otp.proc_lib`, and goes on as a
    machine. ``init`` is not called.

    Args:
        machine: an instance, with its data.
        state: the state that it enters first.
        actions: what else happens then.
        name: the name that the process must be registered by; None checks nothing.
        debug: what of ``sys`` is on.

    Exits:
        ``process_not_registered`` or ``process_not_registered_via`` if the name is not its own.

    Source: gen_statem:enter_loop/4 to /6.
    """
    options = check_options(debug)
    check_name(name)
    if name is not None and whereis(name) != process.self():
        process.exit(Atom(f"process_not_registered{'' if isinstance(name, str) else '_via'}"))
    engine = Engine(machine, GenStatem, process.parent())
    debug_options(engine, options)
    await live(engine, NextState(state, *actions))
    process.exit(NORMAL)


# ---- the client's side


def call(
    dest: Dest, request: Any, timeout: float | tuple[str, float] | None = None
) -> Coroutine[Any, Any, Any]:
    """Sends a request to a machine and waits for its reply.

    Args:
        dest: a pid, a registered name, ``(name, node)`` or ``("via", registry, key)``.
        request: any term; it is the content of the event ``("call", caller)``.
        timeout: seconds to wait, or None forever: the default, as in OTP, because a machine may
            postpone a call as long as it likes. OTP's ``("clean_timeout", seconds)`` and
            ``("dirty_timeout", seconds)`` are accepted and mean the same: a late reply is never
            seen.

    Returns:
        The reply.

    Raises:
        CallError: ``(reason, ("gen_statem", "call", (dest, request, timeout)))``, with
            ``"infinity"`` for a time-out of None. The inner reason is ``noproc``, ``timeout``,
            ``calling_self``, ``("call_cycle", cycle)``, or the machine's exit reason.

    Source: gen_statem:call/3.
    """
    if isinstance(timeout, tuple):
        called = (_GEN_STATEM, CALL, (dest, request, timeout))
        return gen_call(dest, request, timeout[1], GEN_CALL, called)
    return gen_call(dest, request, timeout, GEN_CALL, _CALLED)


@overload
def reply(caller: Caller, value: Any, /) -> None: ...
@overload
def reply(replies: Reply | list[Reply], /) -> None: ...
def reply(*args: Any) -> None:
    """Replies to calls: ``reply(caller, value)``, ``reply(Reply(...))``; also from another thread.

    Args:
        args: the caller, from an event type ``("call", caller)``, and the reply; or a Reply, or a
            list of them.

    Source: gen_statem:reply/1,2.
    """
    replies: Any = [Reply(*args)] if len(args) == 2 else args[0]
    for one in [replies] if isinstance(replies, Reply) else replies:
        if not is_reply(one):
            raise BadArgError(
                "gen_statem.reply: expected the `caller` of an event type ('call', caller) and a "
                f"value, a Reply or a list of them; got {one!r} ({type(one).__name__})"
            )
        behaviour.reply(one.caller, one.value)
