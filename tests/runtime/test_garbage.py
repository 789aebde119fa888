"""What the garbage collector looks at while a node runs."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

import beamish
from beamish import process
from beamish.runtime.garbage import Collections, fewer_collections

_MANY = 1_000


async def _idle() -> None:
    await process.receive()


async def _spawn(count: int) -> list[beamish.Pid]:
    pids = [process.spawn(_idle) for _ in range(count)]
    await process.sleep(0)
    return pids


@pytest.fixture
def collections() -> Iterator[Collections]:
    """On a collector with nothing put aside, and without collections by itself."""
    gc.disable()
    gc.unfreeze()
    made = Collections()
    yield made
    made.take_back()
    gc.enable()
    gc.freeze()  # what earlier tests have left on purpose is not this test's


def _begin(collections: Collections, generation: int = 0) -> bool:
    """The beginning of a collection; tells whether what lives was put aside."""
    before = gc.get_freeze_count()
    collections.on_collection("start", {"generation": generation})
    return gc.get_freeze_count() > before


def test_growth_is_put_aside(collections: Collections) -> None:
    async def main() -> bool:
        await _spawn(_MANY)
        return _begin(collections)

    assert beamish.run(main)


def test_a_node_that_does_not_grow_is_looked_at(collections: Collections) -> None:
    async def main() -> bool:
        await _spawn(10)
        return _begin(collections)

    assert not beamish.run(main)


def test_processes_that_come_and_go_are_put_aside_once(collections: Collections) -> None:
    """Garbage that is put aside with them would be more each time."""

    async def come_and_go() -> bool:
        pids = await _spawn(_MANY)
        aside = _begin(collections)
        for pid in pids:
            process.exit(pid, "kill")
        while process.alive(pids[-1]) or len(process.list()) > 1:
            await process.sleep(0)
        _begin(collections)
        return aside

    async def main() -> list[bool]:
        return [await come_and_go() for _ in range(3)]

    assert beamish.run(main) == [True, False, False]


def test_growth_is_put_aside_again_when_there_are_more_than_ever(collections: Collections) -> None:
    async def grow() -> bool:
        await _spawn(_MANY)
        return _begin(collections)

    async def main() -> list[bool]:
        return [await grow() for _ in range(3)]

    assert beamish.run(main) == [True, True, True]


def test_a_full_collection_looks_at_everything(collections: Collections) -> None:
    async def main() -> int:
        await _spawn(_MANY)
        _begin(collections)
        _begin(collections, generation=2)
        return gc.get_freeze_count()

    assert beamish.run(main) == 0


def _in_a_new_interpreter(source: str) -> str:
    """The plugin of the tests puts things aside as well."""
    command = [sys.executable, "-c", textwrap.dedent(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Exception ignored" not in done.stderr  # by the collector, or at exit
    return done.stdout


@pytest.mark.slow  # starts an interpreter
def test_a_run_puts_growth_aside_and_takes_it_back_at_its_end() -> None:
    printed = _in_a_new_interpreter("""
        import gc
        from beamish import process, run
        async def idle():
            await process.receive()
        async def main():
            for _ in range(20_000):
                process.spawn(idle)
            print(gc.get_freeze_count() > before + 20_000)
        before, callbacks, threshold = gc.get_freeze_count(), gc.callbacks[:], gc.get_threshold()
        run(main)
        print(gc.get_freeze_count() <= before, gc.callbacks == callbacks)
        print(gc.get_threshold() == threshold)
    """)
    assert printed == "True\nTrue True\nTrue\n"


@pytest.mark.slow  # starts an interpreter
def test_a_cycle_dropped_while_processes_grow_is_collected_in_the_end() -> None:
    printed = _in_a_new_interpreter("""
        import gc, weakref
        from beamish import process, run
        class Thing: pass
        async def idle():
            await process.receive()
        async def main():
            thing = Thing()
            thing.itself = thing
            seen = weakref.ref(thing)
            del thing
            for _ in range(20_000):
                process.spawn(idle)
            print(seen() is None)
            gc.collect()
            print(seen() is None)
        run(main)
    """)
    assert printed == "False\nTrue\n"


def test_who_has_put_much_aside_keeps_it() -> None:
    held = [[] for _ in range(10_000)]  # type: ignore[var-annotated]
    gc.freeze()  # and so it stays: what earlier tests have left on purpose is aside with it
    before = gc.callbacks[:]

    with fewer_collections():
        assert gc.callbacks == before

    assert held


def test_thresholds_of_ones_own_are_left_alone() -> None:
    before = gc.get_threshold()
    gc.set_threshold(50_000, 5, 5)
    try:
        with fewer_collections():
            assert gc.get_threshold() == (50_000, 5, 5)
    finally:
        gc.set_threshold(*before)


@pytest.mark.slow  # starts an interpreter
def test_code_that_was_given_up_is_never_collected() -> None:
    """Not even at exit: collecting code that runs would complain, or never return."""
    printed = _in_a_new_interpreter("""
        import gc, weakref
        from beamish import Down, process, run
        from beamish.runtime.here import here
        async def ignore(parent):
            process.send(parent, "computing")
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        async def main():
            pid, _ = process.spawn_monitor(ignore, process.self())
            await process.receive("computing")
            process.exit(pid, "boom")
            await process.receive(Down)
            return [weakref.ref(one) for one in here.node.scheduler.abandoned]
        async def another():
            pass
        (given_up,) = run(main, grace=0.1)
        run(another)  # from here on nothing refers to the first node
        gc.collect()
        print(given_up() is not None)
    """)
    assert printed == "True\n"
