"""Rule B10: who traces a program goes on after a process that computes has been ended."""

from __future__ import annotations

import bdb
import cProfile
import sys
import tempfile
import trace
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import coverage
import pytest

import beamish
from beamish import process
from tests.hostile.apart import Apart

pytestmark = pytest.mark.slow  # each runs in an OS process of its own

HERE = Path(__file__)


def _hog(ready: list[bool]) -> None:
    try:
        ready.append(True)
        while True:
            pass
    finally:
        _first_after()


def _hog_in_calls(ready: list[bool]) -> None:
    ready.append(True)
    while True:
        try:
            while True:
                len(ready)
        finally:
            _first_after()


def _first_after() -> None:
    _second_after()


def _second_after() -> None:
    pass


def _third_after() -> None:
    pass


AFTER = (_first_after, _second_after, _third_after)


def _end_hogs(hog: Callable[[list[bool]], None]) -> None:
    async def main() -> None:
        for _ in range(2):
            ready: list[bool] = []
            pid, ref = process.spawn_monitor(hog, ready)
            while not ready:
                await process.sleep(0)
            await process.sleep(0)
            process.exit(pid, "kill")
            await process.receive(("DOWN", ref, ..., ..., "killed"))

    beamish.run(main)
    _third_after()


# ---- those who trace; each gives the first lines of the functions that it has seen


def _with_a_trace_function(hog: Callable[[list[bool]], None]) -> set[int]:
    seen: set[int] = set()

    def tracer(frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line" and frame.f_code.co_filename == __file__:
            seen.add(frame.f_code.co_firstlineno)
        return tracer

    sys.settrace(tracer)
    _end_hogs(hog)
    assert sys.gettrace() is tracer
    sys.settrace(None)
    return seen


def _with_a_local_trace_function_for_each_call(hog: Callable[[list[bool]], None]) -> set[int]:
    seen: set[int] = set()
    lost: list[CodeType] = []

    def tracer(frame: FrameType, _event: str, _arg: object) -> Any:
        code = frame.f_code
        if code.co_filename != __file__:
            return None

        def local(again: FrameType, event: str, _arg: object) -> Any:
            if again.f_code is not code:
                lost.append(again.f_code)
            if event == "line":
                seen.add(code.co_firstlineno)
            return local

        return local

    sys.settrace(tracer)
    _end_hogs(hog)
    assert (sys.gettrace(), lost) == (tracer, [])
    sys.settrace(None)
    return seen


class _Debugger(bdb.Bdb):
    """As pdb, that steps all the way."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[int] = set()

    def user_line(self, frame: FrameType) -> None:
        self.seen.add(frame.f_code.co_firstlineno)


def _with_a_debugger(hog: Callable[[list[bool]], None]) -> set[int]:
    debugger = _Debugger()
    debugger.runcall(_end_hogs, hog)
    return debugger.seen


def _with_trace(hog: Callable[[list[bool]], None]) -> set[int]:
    tracer = trace.Trace(count=True, trace=False)
    tracer.runfunc(_end_hogs, hog)
    lines = {line for (name, line), _ in tracer.results().counts.items() if name == __file__}
    return _first_lines(lines)


def _with_coverage(hog: Callable[[list[bool]], None]) -> set[int]:
    with tempfile.TemporaryDirectory() as folder:
        tool = coverage.Coverage(data_file=f"{folder}/data", include=[__file__])
        tool.start()
        _end_hogs(hog)
        tool.stop()
        return _first_lines(tool.get_data().lines(__file__) or ())


def _first_lines(lines: Any) -> set[int]:
    """The functions whose bodies have one of these lines."""
    return {line - 1 for line in lines if line - 1 in [fn.__code__.co_firstlineno for fn in AFTER]}


def _with_a_profile_function(hog: Callable[[list[bool]], None]) -> set[int]:
    seen: set[int] = set()

    def profiler(frame: FrameType, event: str, _arg: object) -> None:
        if event == "call" and frame.f_code.co_filename == __file__:
            seen.add(frame.f_code.co_firstlineno)

    sys.setprofile(profiler)
    _end_hogs(hog)
    assert sys.getprofile() is profiler
    sys.setprofile(None)
    return seen


def _with_a_profiler(hog: Callable[[list[bool]], None]) -> set[int]:
    profiler = cProfile.Profile()
    profiler.enable()
    _end_hogs(hog)
    profiler.disable()
    return {
        entry.code.co_firstlineno
        for entry in profiler.getstats()
        if isinstance(entry.code, CodeType) and entry.code.co_filename == __file__
    }


_TRACERS = [
    *(_with_a_trace_function, _with_a_local_trace_function_for_each_call, _with_a_debugger),
    *(_with_trace, _with_coverage, _with_a_profile_function, _with_a_profiler),
]
_HOGS = [_hog, _hog_in_calls]


def see(tracer: str, hog: str) -> None:
    """Run in an OS process of its own."""
    names = globals()
    seen = names[tracer](names[hog])
    missing = [fn.__name__ for fn in AFTER if fn.__code__.co_firstlineno not in seen]
    assert missing == []


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as forks:
        yield forks


@pytest.mark.parametrize("hog", [fn.__name__ for fn in _HOGS])
@pytest.mark.parametrize("tracer", [fn.__name__ for fn in _TRACERS])
def test_b10_what_runs_after_the_end_of_a_hog_is_traced(
    tracer: str, hog: str, apart: Apart
) -> None:
    """In its `finally`, and in other code; the tool is still there."""
    outcome = apart.run(see, tracer, hog)

    assert outcome.code == 0, outcome.output
