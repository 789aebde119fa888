"""Rule B4, debuggers: a process at a prompt is not reported, and not parked there."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any, Final

import pytest

from beamish.runtime.debugging import is_in_debugger
from beamish.runtime.preemption import can_park

from .harness import on_virtual_clock

_PATIENCE: Final = 60.0  # seconds, in which nothing passes but a test that fails
_ROOT: Final = Path(__file__).parents[2]
_PROMPTS: Final = ("(Pdb) ", ">>> ")


class _Terminal:
    """A program at a terminal of its own, with a debugger's prompt."""

    def __init__(self, script: Path) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            cwd=_ROOT,
            env={**os.environ, "TERM": "dumb", "NO_COLOR": "1", "PYTHONPATH": str(_ROOT / "src")},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.output = ""

    def answer(self, line: str) -> None:
        """Types a line at the next prompt."""
        seen = self.output.count(self._prompt())
        os.write(self._master, f"{line}\n".encode())
        self._read_until(lambda: self.output.count(self._prompt()) > seen or self._has_ended())

    def wait_for(self, text: str) -> None:
        """Reads until it has written this."""
        self._read_until(lambda: text in self.output)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def _prompt(self) -> str:
        return next((prompt for prompt in _PROMPTS if prompt in self.output), "no prompt")

    def _has_ended(self) -> bool:
        return self._process.poll() is not None

    def _read_until(self, enough: Any) -> None:
        end = time.monotonic() + _PATIENCE
        while not enough():
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"it has written nothing else than\n{self.output}"
            try:
                self.output += os.read(self._master, 10_000).decode()
            except OSError:  # it has ended
                return


_PROGRAM: Final = """
import code, logging, time
import beamish
from beamish import process

logging.basicConfig(format="%(message)s")
turns = 0

def hog():
    global turns
    while True:
        turns += 1

async def debugged():
    n = 1
    while turns == 0:
        pass
    STOP
    last = turns
    while turns == last:
        pass
    print("it goes on beside the others")

async def blocks():
    time.sleep(0.5)

async def main():
    process.spawn(hog)
    for function in (debugged, blocks):
        _, ref = process.spawn_monitor(function)
        await process.receive(("DOWN", ref, ..., ..., ...))
    print("the end")

beamish.run(main)
"""


@pytest.mark.slow  # a second at a prompt
@pytest.mark.parametrize(
    ("stop", "prompt", "leave"),
    [
        ("breakpoint()", "(Pdb) ", "continue"),
        ("import pdb; pdb.Pdb(nosigint=True).set_trace()", "(Pdb) ", "continue"),
        ("code.interact(local=globals())", ">>> ", "raise SystemExit"),
    ],
)
def test_b4_a_process_at_a_prompt_is_not_reported_and_nothing_else_runs(
    stop: str, prompt: str, leave: str, tmp_path: Path
) -> None:
    """The node stands still, and goes on afterwards; what blocks it then is reported."""
    if leave == "raise SystemExit":
        stop = f"""try: {stop}
    except SystemExit: pass"""
    script = tmp_path / "debugged.py"
    script.write_text(textwrap.dedent(_PROGRAM).replace("STOP", stop))
    terminal = _Terminal(script)
    try:
        terminal.wait_for(prompt)
        terminal.answer("before = turns; import time; time.sleep(1.0)")
        terminal.answer("[None for _ in range(2_000_000)].clear()")
        terminal.answer("print('moved', turns - before)")
        assert "has blocked the node" not in terminal.output
        assert "moved 0" in terminal.output
        terminal.answer(leave)
        terminal.wait_for("the end")
    finally:
        terminal.close()
    assert "it goes on beside the others" in terminal.output
    reported = re.findall(r"main__.(\w+)\) has blocked the node for (\d+) ms", terminal.output)
    assert "blocks" in [name for name, _ in reported]
    # (Where the machine has no time for it, a process is reported that only computes.)
    assert all(int(milliseconds) < 1000 for name, milliseconds in reported if name == "debugged")


# ---- other debuggers


@pytest.mark.parametrize(
    ("name", "file", "debugs"),
    [
        ("pydevd", "/site-packages/debugpy/_vendored/pydevd/pydevd.py", True),
        ("_pydevd_bundle.pydevd_frame", "/site-packages/pydevd_frame.py", True),
        ("debugpy.server.api", "/site-packages/debugpy/server/api.py", True),
        ("IPython.terminal.embed", "/site-packages/IPython/terminal/embed.py", True),
        ("pudb.debugger", "/site-packages/pudb/debugger.py", True),
        ("code", "/home/me/code.py", False),
        ("bdb", "/home/me/bdb.py", False),
        ("pudbish", "/home/me/pudbish.py", False),
    ],
)
@on_virtual_clock
async def test_b4_debuggers_are_known_by_their_package(name: str, file: str, debugs: bool) -> None:
    answers: list[bool] = []

    def ask() -> None:
        frame = sys._getframe(0)
        answers.extend((is_in_debugger(frame), can_park(frame)))

    namespace: dict[str, Any] = {"__name__": name, "ask": ask}
    exec(compile("def interact(): ask()", file, "exec"), namespace)  # noqa: S102
    namespace["interact"]()

    assert answers == [debugs, not debugs]
