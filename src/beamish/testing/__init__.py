"""Testing tools: a node for each test, nothing left behind, and no waiting by guessing.

What
----
A pytest plugin, which is there as soon as beamish is installed, and a few functions::

    import pytest
    from beamish import process
    from beamish.testing import expect, settle

    @pytest.mark.beamish
    async def test_the_counter_tells_who_asks():
        pid = await Counter.start_link(5)

        process.send(pid, ("ask", process.self()))

        assert await expect((int, ...)) == (5, "hello")

A test that is marked so is a process on a node of its own. It passes when it returns; then what is
linked to it ends, as with any process that exits with ``shutdown``, and the leak check looks at
what is left: processes, timers, asyncio Tasks; and in the OS process files, sockets, threads, child
processes, signal handlers. What was left behind fails the test, with words on where it came from.

    @pytest.mark.beamish(clock="virtual")       an hour of timers passes in milliseconds
    @pytest.mark.beamish(leaks=False)           no leak check

In the configuration of pytest:

    beamish_mode = "auto"       every ``async def`` test is marked
    beamish_clock = "virtual"   the clock where a mark says nothing; "real" otherwise
    beamish_leaks = "all"       tests without a node are checked for leaks, too; "nodes" (the
                                default): only those with one; "off": none

Waiting
-------
``expect(pattern)`` waits for a message and fails with what is in the mailbox; ``refute(pattern)``
makes sure that none comes; ``expect_down(pid)`` waits for an end. ``settle()`` returns when every
process waits: what was sent before has been dealt with.

Time
----
On the virtual clock nothing waits: when all processes wait, the time jumps to the next timer. A
test that waits for what can never come fails at once. See :mod:`beamish.testing.clock`.

Without pytest
--------------
``run_test(function)`` runs a test from anywhere.
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
