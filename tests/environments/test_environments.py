"""A node lives in OS processes of all kinds, and leaves them as they were.

Each is a program of its own. (What a fork, exec or an unread stderr does is looked at elsewhere.)
"""

from __future__ import annotations

import importlib.util
import os
import random
import shlex
import signal
import subprocess
import sys
from typing import Final

import pytest

from tests.hostile.test_objects import SEED, SOAK
from tests.support.program import PATIENCE, ROOT, Program

pytestmark = pytest.mark.slow  # interpreters

LIVES: Final = ("-m", "tests.environments.lives")
TIMES: Final = 1_000 if SOAK else 50
SIGNALS: Final = 50 if SOAK else 2


def run(*args: str, options: tuple[str, ...] = (), env: dict[str, str] | None = None) -> str:
    """Runs a program to its end, which must be a good one; what it has written."""
    done = subprocess.run(
        [sys.executable, *options, *LIVES, *args],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE * (30 if SOAK else 2),
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    "options",
    [(), ("-X", "dev"), ("-bb",), ("-W", "error"), ("-O",), ("-OO",), ("-X", "faulthandler")],
    ids=" ".join,
)
def test_a_node_lives_with_options_of_the_interpreter(options: tuple[str, ...]) -> None:
    run("lives", options=options)


@pytest.mark.parametrize(
    "setting", ["PYTHONASYNCIODEBUG=1", "PYTHONMALLOC=debug", "PYTHONUNBUFFERED=1", "HOME="]
)
def test_a_node_lives_with_settings_of_the_environment(setting: str) -> None:
    name, _, value = setting.partition("=")
    run("lives", env={name: value})


@pytest.mark.parametrize("closed", ["2>&-", "1>&-", "0<&-", "2>&- 1>&- 0<&-"])
def test_a_node_lives_without_the_standard_files(closed: str) -> None:
    command = f"exec {shlex.quote(sys.executable)} {' '.join(LIVES)} lives {closed}"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=env, timeout=PATIENCE, check=False)

    assert done.returncode == 0


def test_nothing_grows_from_node_to_node() -> None:
    run("lives_often", str(TIMES))


def test_timers_of_the_users_tick_before_and_after_a_node() -> None:
    run("lives_with_timers")


@pytest.mark.parametrize("tracer", ["settrace", "setprofile", "monitoring"])
def test_a_tracer_sees_all(tracer: str) -> None:
    run("lives_with", tracer)


def test_cprofile_counts_all() -> None:
    run("lives_with_cprofile")


@pytest.mark.skipif(importlib.util.find_spec("coverage") is None, reason="it is not installed")
def test_coverage_measures_all() -> None:
    run("lives_with_coverage")


def test_a_program_that_ends_with_its_node_running_does_not_die_of_the_timer() -> None:
    run("ends_with_a_node_running")


def _endings() -> list[tuple[str, int]]:
    chosen = random.Random(SEED)
    return [(chosen.choice(("SIGINT", "SIGTERM")), chosen.randrange(12)) for _ in range(SIGNALS)]


@pytest.mark.parametrize(("name", "turns"), _endings())
def test_a_signal_at_any_time_ends_a_node_in_order(name: str, turns: int) -> None:
    with Program(sys.executable, *LIVES, "lives_until_a_signal", env=_path()) as program:
        program.wait_for("turn")
        for _ in range(turns):
            program.wait_for("turn")
        assert program.stop(signal.Signals[name]) == 0
        program.wait_for("ended")


@pytest.mark.parametrize(("name", "turns"), _endings())
def test_two_signals_at_any_time_end_a_node(name: str, turns: int) -> None:
    with Program(sys.executable, *LIVES, "lives_until_a_signal", env=_path()) as program:
        program.wait_for("turn")
        for _ in range(turns):
            program.wait_for("turn")
        os.kill(program.pid, signal.Signals[name])
        # By then it may have ended in order; else it raises KeyboardInterrupt.
        assert program.stop(signal.SIGINT) in (0, -signal.SIGINT)


def _path() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(sys.path)}
