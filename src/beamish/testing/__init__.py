"""testing: a node for each test, nothing left behind, and no waiting by guessing.

A pytest plugin and a few functions. A test with the mark ``beamish`` is a process on a node of its
own, and fails if it leaves a process, timer, Task, file, socket, thread, child process or signal
handler behind. On the virtual clock, time jumps to the next timer when every process waits.

See the page "testing" in the documentation.
"""

from .clock import NothingWillHappenError, VirtualClockLoop
from .expecting import expect, expect_down, refute, settle
from .leaks import LeakError, Surroundings
from .running import Clock, run_test

__all__ = [
    "Clock",
    "LeakError",
    "NothingWillHappenError",
    "Surroundings",
    "VirtualClockLoop",
    "expect",
    "expect_down",
    "refute",
    "run_test",
    "settle",
]
