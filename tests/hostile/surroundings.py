"""What a program has around its processes, and that fails: logs, hooks, the loop, the system."""

from __future__ import annotations

import asyncio
import gc
import importlib
import io
import logging
import os
import resource
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any, Final, NoReturn

import beamish
from beamish import Pid, process
from beamish.otp import ChildSpec, GenServer, Supervisor, Task, gen_server
from beamish.terms.careful import traceback_of

from . import objects
from .judging import Do, Echo, be_lenient, check, must, reason_of, report_broken

__all__ = ["SURROUNDINGS", "live_there"]

Surrounding = Callable[[Callable[[], NoReturn]], object]

SURROUNDINGS: Final[dict[str, Surrounding]] = {}

_FILES: Final = resource.getrlimit(resource.RLIMIT_NOFILE)
_LONG: Final = 30.0  # seconds; one process computes beside all others
_SET_TIMER: Final = signal.setitimer
_LOG: Final = logging.getLogger("beamish")


def surrounding(function: Surrounding) -> Surrounding:
    SURROUNDINGS[function.__name__] = function
    return function


# What fails there fails in the user's own calls, too.
_BEFORE: Final = ("no_threads", "no_timer", "no_signals")  # before there is a node
_NOT_ONLY_OURS: Final = ("no_threads", "no_files", "tracer", "profiler")


def live_there(name: str, raises: str) -> None:
    """Lives in such surroundings, and crashes there in every way; the node must end in order."""
    logging.basicConfig()
    if name in _NOT_ONLY_OURS or raises == "process.exit of itself":
        be_lenient()
    errors = os.dup(2)
    prepare, fail = SURROUNDINGS[name], objects.RAISES[raises]
    if name in _BEFORE:
        prepare(fail)
    try:
        beamish.run(_main, None if name in _BEFORE else prepare, fail, grace=0.5, stop_time=1.0)
    except BaseException as error:
        # asyncio's loop ends by these, where one of its callbacks comes upon them.
        ends = type(error) in (SystemExit, KeyboardInterrupt)
        check(ends, f"the node ended by {error!r}, {traceback_of(error)}")
    resource.setrlimit(resource.RLIMIT_NOFILE, _FILES)
    os.dup2(errors, 2)
    sys.stdout = sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - it is the end
    report_broken()


async def _main(prepare: Surrounding | None, fail: Callable[[], NoReturn]) -> None:
    neighbour = await Echo.start()
    if prepare is not None:
        prepare(fail)
    pid, ref = process.spawn_monitor(_crash_in_every_way)
    check(await reason_of(ref, _LONG) == "normal", "whoever watches others has failed")
    must(not process.alive(pid), "it is alive")
    must(await gen_server.call(neighbour, "echo") == "echo", "the neighbour is ill")
    asyncio.get_running_loop().set_task_factory(None)  # asyncio ends its loop with Tasks


async def _crash_in_every_way() -> None:
    hog = process.spawn(_computes if signal.setitimer is _SET_TIMER else _blocks)
    process.flag(trap_exit=True)
    check(type(await _reason(_fails)) is LookupError, "a process has not failed")
    check(type(await _reason(_fails_deep, 3)) is LookupError, "a chain has not failed")
    check(await _reason(_owns) == "normal", "an owner has not ended")
    check(type(await _reason(_offloads)) is LookupError, "a thread has not failed")
    check(await _reason(_blocks) == "normal", "what blocks has not ended")
    check(await _reason(_leaves_behind) == "normal", "what leaves things behind has not ended")
    await _reason(_awaits_a_task)
    await _supervise()
    process.exit(hog, "kill")


async def _reason(function: Callable[..., Any], *args: Any) -> Any:
    return await reason_of(process.spawn_monitor(function, *args)[1], _LONG)


def _computes() -> None:
    while True:
        pass


async def _fails() -> None:
    raise LookupError("on purpose")


async def _fails_deep(level: int) -> None:
    if level == 0:
        await _fails()
    process.spawn_link(_fails_deep, level - 1)
    await process.receive("never")


class _Resource:
    def close(self) -> None:
        raise LookupError("on purpose")


async def _owns() -> None:
    process.own(_Resource())


def _raise(*_: object) -> None:
    raise LookupError("on purpose")


async def _offloads() -> None:
    await process.offload(_raise)


async def _blocks() -> None:
    time.sleep(0.15)  # noqa: ASYNC251 - on purpose


class _Finalized:
    def __del__(self) -> None:
        raise LookupError("on purpose")


async def _leaves_behind() -> None:
    """Failures that only a hook hears of."""
    _Finalized()
    gc.collect()
    asyncio.get_running_loop().call_soon(_raise)
    thread = threading.Thread(target=_raise)
    thread.start()
    while thread.is_alive():
        await process.sleep(0.001)
    _ = _fails()  # never awaited


async def _awaits_a_task() -> None:
    asyncio.ensure_future(_fails())  # noqa: RUF006 - nobody will ask for its exception
    await Task.run_async(_fails).await_()


class _Server(GenServer):
    def handle_cast(self, request: Any) -> Any:
        return request.function()


async def _supervise() -> None:
    spec = ChildSpec("server", (_Server.start_link, ()))
    top = await Supervisor.start_link([spec], max_restarts=5)
    first = (await Supervisor.which_children(top))[0].pid
    assert isinstance(first, Pid)
    ref = process.monitor(first)
    gen_server.cast(first, Do(_raise))
    check(type(await reason_of(ref, _LONG)) is LookupError, "a server has not failed")
    second = (await Supervisor.which_children(top))[0].pid
    check(second is not first, "it was not restarted")
    await gen_server.stop(top)


# ---- logs


def _method(fail: Callable[[], NoReturn]) -> Callable[..., Any]:
    return lambda *_, **__: fail()


@surrounding
def log_filter(fail: Callable[[], NoReturn]) -> None:
    _LOG.addFilter(_method(fail))


@surrounding
def log_filter_of_a_handler(fail: Callable[[], NoReturn]) -> None:
    logging.root.handlers[0].addFilter(_method(fail))


@surrounding
def log_handler(fail: Callable[[], NoReturn]) -> None:
    _LOG.addHandler(type("Hostile", (logging.Handler,), {"emit": _method(fail)})())


@surrounding
def log_handler_of_everything(fail: Callable[[], NoReturn]) -> None:
    names = ("emit", "handle", "filter", "acquire", "release", "createLock", "handleError")
    made = logging.Handler()
    vars(made).update(dict.fromkeys(names, _method(fail)))
    logging.root.addHandler(made)


@surrounding
def log_formatter(fail: Callable[[], NoReturn]) -> None:
    formatter = type("Hostile", (logging.Formatter,), {"format": _method(fail)})()
    logging.root.handlers[0].setFormatter(formatter)


@surrounding
def log_stream(fail: Callable[[], NoReturn]) -> None:
    stream = type("Hostile", (io.StringIO,), dict.fromkeys(("write", "flush"), _method(fail)))()
    logging.root.addHandler(logging.StreamHandler(stream))


@surrounding
def log_records(fail: Callable[[], NoReturn]) -> None:
    logging.setLogRecordFactory(_method(fail))


@surrounding
def log_records_that_are_none(_: Callable[[], NoReturn]) -> None:
    logging.setLogRecordFactory(lambda *_, **__: None)  # type: ignore[arg-type]


@surrounding
def log_that_fails_itself(fail: Callable[[], NoReturn]) -> None:
    names = ("log", "_log", "makeRecord", "handle", "callHandlers", "error")
    vars(_LOG).update(dict.fromkeys(names, _method(fail)))


# ---- hooks


@surrounding
def hooks(fail: Callable[[], NoReturn]) -> None:
    sys.unraisablehook = sys.excepthook = threading.excepthook = _method(fail)


@surrounding
def hook_of_warnings(fail: Callable[[], NoReturn]) -> None:
    warnings.simplefilter("always")
    warnings.showwarning = _method(fail)


@surrounding
def warnings_are_errors(_: Callable[[], NoReturn]) -> None:
    warnings.simplefilter("error")


@surrounding
def hook_of_the_collector(fail: Callable[[], NoReturn]) -> None:
    gc.callbacks.insert(0, _method(fail))
    gc.callbacks.append(_method(fail))


@surrounding
def tracer(fail: Callable[[], NoReturn]) -> None:
    asyncio.get_running_loop().call_soon(sys.settrace, _method(fail))


@surrounding
def profiler(fail: Callable[[], NoReturn]) -> None:
    asyncio.get_running_loop().call_soon(sys.setprofile, _method(fail))


@surrounding
def no_output(_: Callable[[], NoReturn]) -> None:
    sys.stderr = sys.stdout = None


@surrounding
def closed_output(_: Callable[[], NoReturn]) -> None:
    sys.stderr.close()
    sys.stdout.close()
    for number in (0, 1, 2):
        os.close(number)


@surrounding
def output(fail: Callable[[], NoReturn]) -> None:
    sys.stderr = type("Hostile", (), {"__getattr__": _method(fail)})()
    sys.stdout = sys.stderr


@surrounding
def tracebacks(fail: Callable[[], NoReturn]) -> None:
    names = ("format_exception", "print_exc", "format_tb", "format_stack", "print_exception")
    for name in names:
        setattr(traceback, name, _method(fail))


# ---- the loop


@surrounding
def loop_handler(fail: Callable[[], NoReturn]) -> None:
    asyncio.get_running_loop().set_exception_handler(_method(fail))


@surrounding
def loop_reports(fail: Callable[[], NoReturn]) -> None:
    vars(asyncio.get_running_loop())["default_exception_handler"] = _method(fail)


@surrounding
def loop_factory_of_tasks(fail: Callable[[], NoReturn]) -> None:
    asyncio.get_running_loop().set_task_factory(_method(fail))


@surrounding
def debugging(_: Callable[[], NoReturn]) -> None:
    asyncio.get_running_loop().set_debug(True)


# ---- the system, which says itself what it raises


def _refused(error: Exception) -> Callable[..., Any]:
    def refuse(*_: object) -> NoReturn:
        raise error

    return refuse


@surrounding
def no_threads(_: Callable[[], NoReturn]) -> None:
    refused = _refused(RuntimeError("can't start new thread"))
    threading.Thread.start = refused  # type: ignore[method-assign]


@surrounding
def no_timer(_: Callable[[], NoReturn]) -> None:
    signal.setitimer = _refused(OSError("no timers"))


@surrounding
def no_signals(_: Callable[[], NoReturn]) -> None:
    refused = _refused(ValueError("signal only works in main thread of the main interpreter"))
    signal.signal = signal.set_wakeup_fd = signal.pthread_kill = refused
    signal.setitimer = refused


@surrounding
def no_files(_: Callable[[], NoReturn]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, _FILES[1]))


@surrounding
def greenlet_tracer(fail: Callable[[], NoReturn]) -> None:
    importlib.import_module("greenlet").settrace(_method(fail))
