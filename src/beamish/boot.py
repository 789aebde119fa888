"""Starting and stopping a node: ``run`` and ``node``."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, overload

from .net import new_event_loop
from .runtime import spawning
from .runtime.exiting import GRACE
from .runtime.forking import come_back, give_signal_back
from .runtime.garbage import fewer_collections
from .runtime.giving_up import give_up
from .runtime.here import here
from .runtime.node import Node
from .runtime.reports import report_error, report_missing
from .runtime.signals import exit_signal
from .runtime.stopping import close, hurry, stop
from .terms import KILL, NORMAL, SHUTDOWN, BadArgError, ProcessExit
from .terms.careful import do_all, is_a
from .terms.words import is_word

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .runtime.process import Process

__all__ = ["node", "run"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
STOP_TIME: Final = 5.0

R = TypeVar("R")


@overload
def run(
    main: Callable[..., Coroutine[Any, Any, R]],
    *args: Any,
    name: str = ...,
    grace: float = ...,
    stop_time: float = ...,
    preempt: bool = ...,
    handle_signals: bool = ...,
    on_signal: Callable[[signal.Signals], object] | None = ...,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = ...,
    **kw: Any,
) -> R: ...
@overload
def run(
    main: Callable[..., R],
    *args: Any,
    name: str = ...,
    grace: float = ...,
    stop_time: float = ...,
    preempt: bool = ...,
    handle_signals: bool = ...,
    on_signal: Callable[[signal.Signals], object] | None = ...,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = ...,
    **kw: Any,
) -> R: ...
def run(
    main: Callable[..., Any],
    *args: Any,
    name: str = "nonode@nohost",
    grace: float = GRACE,
    stop_time: float = STOP_TIME,
    preempt: bool = True,
    handle_signals: bool = True,
    on_signal: Callable[[signal.Signals], object] | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    **kw: Any,
) -> Any:
    """Starts a node, runs `main` as its first process, shuts the node down, returns main's result.

    On SIGINT or SIGTERM main gets the exit signal `shutdown`; what it is linked to (a supervisor,
    which ends its children in reverse order) ends after it. A second signal, or one that comes
    when main has ended, kills everything at once.

    Args:
        main: an ``async def`` (or plain) function; called as ``main(*args, **kw)``.
        name: the name of the node.
        grace: seconds that the clean-up of an ending process may take; default 5.0.
        stop_time: seconds that an orderly end of the node may take; then the rest is killed.
        preempt: whether processes are preempted; False for measuring.
        handle_signals: whether SIGINT and SIGTERM end the node in order (main thread only).
        on_signal: called with each of these signals before anything ends, to print it for example.
        loop_factory: makes the event loop, e.g. ``uvloop.new_event_loop``; default: asyncio's
            selector loop with beamish's own selector.

    Returns:
        What main returned; None if a signal ended it.

    Raises:
        Whatever main raised, a CallError too. ProcessExit: main ended with a reason other than
        normal or shutdown.
        KeyboardInterrupt: a signal killed everything.

    Example:
        >>> async def main(): return 42
        >>> run(main)
        42
    """
    if asyncio._get_running_loop() is not None:  # noqa: SLF001
        raise RuntimeError(
            "beamish.run() starts an event loop and cannot be called where one runs: "
            "in a process use process.spawn, in an asyncio Task `async with beamish.node():`"
        )
    host = _Host(main, args, kw, grace=grace, stop_time=stop_time, on_signal=on_signal)
    try:
        with (
            fewer_collections() as collector,
            asyncio.Runner(loop_factory=loop_factory or new_event_loop) as runner,
        ):
            return host.run_in(
                runner, collector, name=name, preempt=preempt, handle_signals=handle_signals
            )
    finally:
        host.close()


class _Host:
    """The run of one main process."""

    _node: Node | None = None

    def __init__(
        self,
        main: Callable[..., Any],
        args: tuple[Any, ...],
        kw: dict[str, Any],
        *,
        grace: float,
        stop_time: float,
        on_signal: Callable[[signal.Signals], object] | None,
    ) -> None:
        self._main = main
        self._args = args
        self._kw = kw
        self._grace = grace
        self._stop_time = stop_time
        self._tell = on_signal
        self._proc: Process | None = None  # main
        self._signals = 0
        self._ended = False  # main is dead
        self._forced = False
        self._collector: fewer_collections | None = None
        self._sigint: Any = signal.getsignal(signal.SIGINT)  # asyncio replaces it

    def run_in(self, runner: asyncio.Runner, collector: fewer_collections, **options: Any) -> Any:
        self._collector = collector
        try:
            return runner.run(self._run(**options))
        except BaseException as error:
            if self._node is not None and self._node.scheduler.forked:
                come_back(self._node, error)
            if is_a(error, MemoryError) and self._is_running():
                give_up()  # the loop has failed, and would hang if it went on
            raise

    def _is_running(self) -> bool:
        return self._node is not None and here.node is self._node

    async def _run(self, *, name: str, preempt: bool, handle_signals: bool) -> Any:
        loop = asyncio.get_running_loop()
        node = self._node = Node(loop, name=name, grace=self._grace, preempt=preempt)
        with _SignalHandlers(loop, self._on_signal if handle_signals else None) as handlers:
            self._clean_in_child(node, handlers)
            try:
                return await self._run_main(loop)
            finally:
                await stop(node, self._stop_time)
                if self._forced:
                    raise KeyboardInterrupt

    def _clean_in_child(self, node: Node, handlers: _SignalHandlers) -> None:
        """What a forked child of this node needs to start clean."""
        before = {**handlers.before, signal.SIGINT: self._sigint}
        for number, handler in before.items():
            ours = signal.getsignal(number)
            node.in_child.append(partial(give_signal_back, number, ours, handler))
        if self._collector is not None:
            node.in_child.append(self._collector.forget)
        node.in_child.append(getattr(node.loop, "end_in_child", node.loop.stop))

    def close(self) -> None:
        """Ends a node that its loop did not end: it has failed itself, or there is no memory."""
        if self._node is not None and self._is_running():
            self._node.reserve.end()
            close(self._node)

    async def _run_main(self, loop: asyncio.AbstractEventLoop) -> Any:
        ended: asyncio.Future[tuple[Any, Any]] = loop.create_future()

        def on_end(reason: Any, result: Any) -> None:
            self._ended = True
            if not ended.done():
                ended.set_result((reason, result))

        def start() -> None:
            try:
                self._proc = spawning.spawn_process(self._main, self._args, self._kw)
            except BadArgError as error:
                ended.set_exception(error)  # not a function, as in `run(main())`
                return
            rare = self._proc.ensure_rare()
            rare.on_end = on_end
            rare.quiet = True  # whoever called run() gets the exception
            if self._signals:
                self._shut_down()

        # From a callback, where no Task is current, so that main has no parent.
        loop.call_soon(start)
        reason, result = await ended
        if is_a(reason, BaseException):
            raise reason
        if is_word(reason, NORMAL) or is_word(reason, SHUTDOWN):
            return result
        raise ProcessExit(reason)

    def _on_signal(self, number: signal.Signals) -> None:
        self._signals += 1
        try:
            if self._tell is not None:
                self._tell(number)
        except BaseException as error:  # noqa: BLE001 - the signal ends the node all the same
            report_error("on_signal has failed", error)
        if self._signals == 1 and not self._ended:
            self._shut_down()
        else:
            self._forced = True
            if self._node is not None:
                hurry(self._node)

    def _shut_down(self) -> None:
        node, main = self._node, self._proc
        if node is None or main is None:
            return  # it is done when main begins
        exit_signal(main, node.init_pid, SHUTDOWN, link=False)
        node.timers.call_later(
            self._stop_time, lambda: exit_signal(main, node.init_pid, KILL, link=False)
        )


class _SignalHandlers:
    """SIGINT and SIGTERM go to `handler` meanwhile; on the main thread only.

    No generator: at its exit contextlib sets an attribute of the exception that passes, which may
    take none.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, handler: Callable[[signal.Signals], None] | None
    ) -> None:
        self._loop = loop
        self._handler = handler
        self.before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._handle()
        return self

    def _handle(self) -> None:
        handler = self._handler
        if handler is None:
            return
        for number in _SIGNALS:
            before = signal.getsignal(number)
            try:
                self._loop.add_signal_handler(number, handler, number)
            except Exception as error:  # noqa: BLE001 - the node runs all the same
                report_missing(f"{number.name} does not end the node in order", error)
            else:
                self.before[number] = before

    def __exit__(self, *_: object) -> None:
        do_all([partial(self._give_back, *signals) for signals in self.before.items()])

    def _give_back(self, number: signal.Signals, before: Any) -> None:
        self._loop.remove_signal_handler(number)
        if before is not None:  # else it was none that Python knows of
            signal.signal(number, before)


class _Embedded(contextlib.AsyncContextDecorator):
    """A node in a loop that runs already; no generator, as above."""

    _node: Node

    def __init__(self, stop_time: float, **options: Any) -> None:
        self._stop_time = stop_time
        self._options = options

    async def __aenter__(self) -> None:
        self._node = Node(asyncio.get_running_loop(), **self._options)

    async def __aexit__(self, *_: object) -> None:
        await stop(self._node, self._stop_time)

    def _recreate_cm(self) -> _Embedded:
        return _Embedded(self._stop_time, **self._options)


def node(
    *,
    name: str = "nonode@nohost",
    grace: float = GRACE,
    stop_time: float = STOP_TIME,
    preempt: bool = True,
) -> contextlib.AbstractAsyncContextManager[None]:
    """Embeds a node in the running loop.

    In this block every asyncio Task of the loop may use process operations: on first use it gets a
    process of its own, which ends with the Task. At the end of the block all other processes are
    ended in order (see ``run``).

    Example:
        >>> async def handler():
        ...     async with node():
        ...         pid = process.spawn(worker)
        ...         process.send(pid, (process.self(), "hello"))
        ...         return await process.receive(timeout=1.0)

    Raises:
        NotRunningError: a node runs in this OS process already.
    """
    return _Embedded(stop_time, name=name, grace=grace, preempt=preempt)
