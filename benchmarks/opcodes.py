"""What a workload costs in steps of the interpreter: ``python -m benchmarks.opcodes WORKLOAD``.

Time on a busy machine varies by a factor of two; the number of bytecodes and of calls for each
unit of work does not vary at all. It says nothing about the C code behind a call, so it is for
finding where the steps are, and for seeing that a change took some away; the figures to report are
those of ``python -m benchmarks``.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from types import FrameType
from typing import Any

import beamish
from benchmarks import workloads
from benchmarks.workload import InProcess

__all__ = ["Steps", "count", "main"]

Place = tuple[str, str]


class Steps:
    """Bytecodes and calls of each function, while it counts."""

    def __init__(self) -> None:
        self.opcodes: Counter[Place] = Counter()
        self.calls: Counter[Place] = Counter()

    def start(self) -> None:
        """Counts from here on, also in the frames that are active now: the scheduler's."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - there is no other way to it
        while frame is not None:
            self._watch(frame)
            frame = frame.f_back
        sys.settrace(self._trace)

    def stop(self) -> None:
        sys.settrace(None)

    def _watch(self, frame: FrameType) -> None:
        frame.f_trace = self._trace
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            self.opcodes[place(frame)] += 1
        elif event == "call":
            self.calls[place(frame)] += 1
            self._watch(frame)
        return self._trace


def place(frame: FrameType) -> Place:
    return frame.f_code.co_filename.rpartition("/")[2], frame.f_code.co_name


def count(workload: InProcess, size: int) -> Steps:
    """Runs the workload once to warm up and once to count."""
    steps = Steps()

    async def run() -> None:
        await workload.on_beamish(size)
        steps.start()
        try:
            await workload.on_beamish(size)
        finally:
            steps.stop()

    # Preemption would interrupt at other places each time.
    beamish.run(run, preempt=False)
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.opcodes", description=__doc__)
    parser.add_argument("workload", choices=workloads.NAMES)
    parser.add_argument("--size", type=int, default=10_000, help="units of work to count")
    parser.add_argument("--top", type=int, default=20, help="functions to print")
    options = parser.parse_args()
    workload = workloads.load(options.workload)
    if not isinstance(workload, InProcess):
        sys.exit(f"{options.workload} does not run inside of one process")
    logging.disable()
    show(count(workload, options.size), options.size, options.top)


def show(steps: Steps, size: int, top: int) -> None:
    total, calls = steps.opcodes.total() / size, steps.calls.total() / size
    print(f"{total:8.1f} bytecodes, {calls:6.2f} calls of Python functions for each unit")
    for where, opcodes in steps.opcodes.most_common(top):
        file, name = where
        print(f"{opcodes / size:8.1f}            {steps.calls[where] / size:6.2f}  {file} {name}")


if __name__ == "__main__":
    main()
