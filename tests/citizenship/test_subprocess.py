"""asyncio's subprocesses in processes."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from beamish import process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway

# Programs that need no Python: they start in a millisecond.
CAT = ("cat",)
SLEEP = ("sleep", "60")


def children() -> set[str]:
    """The child processes, those that nobody has waited for included."""
    found: set[str] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            found |= set(listing.read_text().split())
    return found


async def ended(child: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(PATIENCE):
        return await child.wait()


def test_communicate_feeds_a_program_and_returns_its_output(run: Run) -> None:
    async def main() -> tuple[bytes, int | None]:
        child = await asyncio.create_subprocess_exec(*CAT, stdin=PIPE, stdout=PIPE)
        output, _ = await child.communicate(b"hello")
        return output, child.returncode

    assert run(main) == (b"hello", 0)


def test_shell_command_is_run(run: Run) -> None:
    async def main() -> tuple[bytes, int | None]:
        child = await asyncio.create_subprocess_shell("echo hello; exit 3", stdout=PIPE)
        output, _ = await child.communicate()
        return output, child.returncode

    assert run(main) == (b"hello\n", 3)


def test_process_talks_with_a_program_line_by_line(run: Run) -> None:
    async def main() -> list[bytes]:
        child = await asyncio.create_subprocess_exec(*CAT, stdin=PIPE, stdout=PIPE)
        assert child.stdin is not None
        assert child.stdout is not None
        lines: list[bytes] = []
        for word in (b"one\n", b"two\n"):
            child.stdin.write(word)
            await child.stdin.drain()
            lines.append(await child.stdout.readline())
        child.stdin.close()
        await ended(child)
        return lines

    assert run(main) == [b"one\n", b"two\n"]


def test_several_processes_run_programs_at_once(run: Run) -> None:
    async def main() -> list[bytes]:
        parent = process.self()

        async def worker(text: bytes) -> None:
            child = await asyncio.create_subprocess_exec(*CAT, stdin=PIPE, stdout=PIPE)
            process.send(parent, (await child.communicate(text))[0])

        for text in (b"a", b"b", b"c"):
            process.spawn(worker, text)
        return sorted([await process.receive(timeout=PATIENCE) for _ in range(3)])

    assert run(main) == [b"a", b"b", b"c"]


def test_program_is_not_disturbed_by_the_timer_of_the_node(run: Run) -> None:
    """The preemption timer is the node's own: a child that computes must not die of its signal."""

    async def main() -> tuple[bytes, int | None]:
        code = (
            "import signal, time\n"
            "start = time.process_time()\n"
            "while time.process_time() - start < 0.05: 0\n"
            "print(signal.getitimer(signal.ITIMER_VIRTUAL))"
        )
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE)
        output, _ = await child.communicate()
        return output.strip(), child.returncode

    assert run(main) == (b"(0.0, 0.0)", 0)


def test_program_that_a_process_owns_is_killed_with_it(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, bool]:
        children: list[asyncio.subprocess.Process] = []

        async def body(scene: Scene) -> None:
            child = process.own(await asyncio.create_subprocess_exec(*SLEEP))
            children.append(child)
            scene.ready()
            await child.wait()

        reason, _ = await end_midway(way, body)
        return reason, children[0].returncode is not None

    assert run(main) == (REASONS[way], True)


def test_process_ends_in_communicate(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        child = process.own(await asyncio.create_subprocess_exec(*CAT, stdin=PIPE, stdout=PIPE))
        assert child.stdin is not None
        scene.ready()
        await child.stdout.read()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]

    assert run(end_midway, way, body) == (REASONS[way], [])


def test_finally_ends_the_program_of_a_process_that_ends(run: Run, way: Way) -> None:
    async def main() -> Any:
        children: list[asyncio.subprocess.Process] = []

        async def body(scene: Scene) -> None:
            child = await asyncio.create_subprocess_exec(*SLEEP)
            children.append(child)
            try:
                scene.ready()
                await child.wait()
            finally:
                child.kill()
                await child.wait()

        reason, _ = await end_midway(way, body)
        await ended(children[0])  # a killed process has not waited for it
        return reason

    assert run(main) == REASONS[way]


def test_process_ends_while_its_program_is_being_started(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        scene.ready()
        child = process.own(await asyncio.create_subprocess_exec(*SLEEP, stdout=PIPE))
        await child.wait()

    async def main() -> Any:
        before = children()
        reason, _ = await end_midway(way, body)
        async with asyncio.timeout(PATIENCE):
            while children() - before:  # it is killed, and the loop hears of it
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        return reason

    assert run(main) == REASONS[way]


def test_program_that_does_not_exist_is_an_error(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(FileNotFoundError):
            await asyncio.create_subprocess_exec("/no/such/program")

    run(main)
