"""Programs that live in a node, for environments of all kinds; each runs in an OS process.

python -m tests.environments.lives NAME [NUMBER ...]
"""

from __future__ import annotations

import cProfile
import gc
import importlib
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import beamish
from beamish import Pid, process
from beamish.otp import ChildSpec, GenServer, Supervisor, gen_server

__all__ = ["must"]

_TURNS: Final = 2
_SOON: Final = 10.0  # seconds
_ROUNDS: Final = 3


def must(holds: object, what: str) -> None:
    """As assert, also where Python is told to leave these out."""
    if not holds:
        raise RuntimeError(what)


# ---- a life with a bit of all


class Length(GenServer):
    def handle_call(self, request: Any, caller: Any) -> int:
        return len(request)

    def handle_cast(self, request: Any) -> None:
        raise LookupError(request)


def computes() -> None:
    while True:
        step()


def step() -> None:
    """What tracers look for."""


async def waits() -> None:
    await process.receive("never")


async def live(turns: int = _TURNS, beside: Callable[..., Any] = computes) -> None:
    """Servers, a supervisor, timers, threads, ends, beside a process that computes."""
    hog = process.spawn(beside)
    top = await Supervisor.start_link([ChildSpec("length", (Length.start_link, ()))])
    child = (await Supervisor.which_children(top))[0].pid
    if not isinstance(child, Pid):
        raise TypeError(child)
    for turn in range(turns):
        step()
        must(await gen_server.call(child, "abc") == 3, "another reply")
        await process.sleep(0.001)
        must(await process.offload(len, "abc") == 3, "another result")
        pid, ref = process.spawn_monitor(waits)
        process.exit(pid, ("turn", turn))
        down = await process.receive(("DOWN", ref, ..., ..., ...))
        must(down[4] == ("turn", turn), "another reason")
    process.exit(hog, "kill")
    await gen_server.stop(top)


def lives() -> None:
    beamish.run(live)


# ---- many nodes, one after the other


def lives_often(times: str) -> None:
    """Nothing grows from one node to the next.

    What is made once, such as the modules for the first report of a node that was blocked, is in
    one round alone; what each node leaves behind is in all of them.
    """
    _live_for_a_round(10)
    before, nodes = _belongings(), int(times)
    grown = [_live_for_a_round(nodes)]
    while grown[-1] > nodes // 2 and len(grown) < _ROUNDS:
        grown.append(_live_for_a_round(nodes))
    after = _belongings()
    must(after == before, f"{before} has become {after}")
    must(grown[-1] <= nodes // 2, f"{grown} objects more after {nodes} nodes each: some for each")


def _live_for_a_round(times: int) -> int:
    """So many nodes; how many objects there are more than before."""
    _belongings()
    before = len(gc.get_objects())
    for _ in range(times):
        beamish.run(live, 1, waits)
    _belongings()
    return len(gc.get_objects()) - before


def _belongings() -> dict[str, object]:
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(_SOON)  # that of a node's work ends after the node
    gc.collect()
    return {
        "threads": threading.active_count(),
        "callbacks": len(gc.callbacks),
        "files": len(list(Path("/dev/fd").iterdir())),
        "handlers": [signal.getsignal(number) for number in signal.valid_signals()],
        "timers": signal.getitimer(signal.ITIMER_VIRTUAL),
        "tracers": (sys.gettrace(), sys.getprofile(), sys.unraisablehook, sys.excepthook),
    }


# ---- timers of the user's


def lives_with_timers() -> None:
    """The user's timers go on ticking, and what a node takes it gives back."""
    ticks: Counter[int] = Counter()

    def tick(number: int, _frame: FrameType | None) -> None:
        ticks[number] += 1

    for number in (signal.SIGALRM, signal.SIGPROF, signal.SIGVTALRM):
        signal.signal(number, tick)
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    signal.setitimer(signal.ITIMER_PROF, 0.002, 0.002)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.002, 0.002)

    async def until_all_have_ticked() -> None:
        while min(ticks[signal.SIGALRM], ticks[signal.SIGPROF]) < 3:
            await process.sleep(0)
        await live()

    beamish.run(until_all_have_ticked)
    ticks.clear()
    while min(ticks[number] for number in (signal.SIGALRM, signal.SIGPROF, signal.SIGVTALRM)) < 3:
        step()
    for which in (signal.ITIMER_REAL, signal.ITIMER_PROF, signal.ITIMER_VIRTUAL):
        signal.setitimer(which, 0)


# ---- tracers


def lives_with(tracer: str) -> None:
    """A tracer sees what runs before, in and after a node, where a process was killed at work."""
    seen: Counter[CodeType] = Counter()
    stop = _TRACERS[tracer](seen)
    for part in ("before", "in", "after"):
        seen.clear()
        if part == "in":
            beamish.run(live)
        else:
            step()
        must(seen[step.__code__], f"{tracer} has seen nothing {part} the node")
    stop()


def _trace(seen: Counter[CodeType]) -> Callable[[], object]:
    def trace(frame: FrameType, _event: str, _arg: object) -> Any:
        seen[frame.f_code] += 1
        return trace

    sys.settrace(trace)
    threading.settrace(trace)
    return lambda: must(sys.gettrace() is trace, "the tracer is gone")


def _profile(seen: Counter[CodeType]) -> Callable[[], object]:
    def profile(frame: FrameType, _event: str, _arg: object) -> None:
        seen[frame.f_code] += 1

    sys.setprofile(profile)
    return lambda: must(sys.getprofile() is profile, "the profiler is gone")


def _monitor(seen: Counter[CodeType]) -> Callable[[], object]:
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None:  # before CPython 3.12
        return _profile(seen)

    def start(code: CodeType, _offset: int) -> None:
        seen[code] += 1

    monitoring.use_tool_id(monitoring.PROFILER_ID, "test")
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.PY_START, start)
    monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.PY_START)
    return lambda: must(monitoring.get_tool(monitoring.PROFILER_ID) == "test", "the tool is gone")


_TRACERS: Final = {"settrace": _trace, "setprofile": _profile, "monitoring": _monitor}


def lives_with_cprofile() -> None:
    """cProfile counts the calls of processes as well, also of those that were parked."""
    profile = cProfile.Profile()
    profile.enable()
    step()
    beamish.run(live)
    step()
    profile.disable()
    entries: Any = profile.getstats()
    calls = {entry.code: entry.callcount for entry in entries}
    must(calls[step.__code__] >= _TURNS + 2, "it has not counted")


def lives_with_coverage() -> None:
    """Coverage measures the lines of processes, and those after the node."""
    coverage: Any = importlib.import_module("coverage")
    measured = coverage.Coverage(data_file=None, include=[__file__])
    measured.start()
    beamish.run(live)
    after_it()
    measured.stop()
    lines = measured.get_data().lines(__file__)
    for function in (after_it, Length.handle_call, live):
        line = function.__code__.co_firstlineno
        must(any(line < found <= line + 3 for found in lines), f"{function} was not measured")


def after_it() -> int:
    number = 1
    return number + 1


# ---- signals


def lives_until_a_signal() -> None:
    """Says what it has done, until it is told to end; ends by saying so."""

    async def works(number: int) -> None:
        while True:
            await live(1)
            print("turn", number, flush=True)

    async def main() -> None:
        for number in range(2):
            process.spawn_link(works, number)
        process.spawn_link(computes)
        await process.receive("never")

    beamish.run(main, grace=0.5, stop_time=2.0)
    print("ended", flush=True)


def ends_with_a_node_running() -> None:
    """The loop of an embedded node is left as it is."""

    async def main() -> None:
        await beamish.node().__aenter__()
        process.spawn(computes)
        await process.sleep(0.02)

    importlib.import_module("asyncio").new_event_loop().run_until_complete(main())
    begin = time.process_time()
    while time.process_time() - begin < 0.1:
        step()


if __name__ == "__main__":
    _functions: dict[str, Callable[..., object]] = dict(vars())
    _functions[sys.argv[1]](*sys.argv[2:])
