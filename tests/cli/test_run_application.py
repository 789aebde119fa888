"""``beamish run APP``: an application as a program, its configuration and its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.cli.conftest import Beamish, Write

pytestmark = pytest.mark.slow  # each starts an OS process

Outcome = Callable[..., tuple[int, list[str]]]

HELLO = """
    from beamish import process
    from beamish.otp import Application, Setting, Supervisor, Task, application

    class Greeting(Application):
        env = {"text": "hello"}

    class Hello(Application):
        applications = (Greeting,)
        env = {"times": Setting(1, variable="TIMES")}

        async def start(self, type, args):
            text = application.get_env("greeting", "text")
            print(text, application.fetch_env(None, "times"),
                  flush=True)
            return await Supervisor.start_link([Task.child_spec(work, restart="permanent")])

        async def stop(self):
            print("stopped", flush=True)

    async def work():
        await process.sleep(None)
"""


def test_an_application_runs_until_it_is_told_to_stop(write: Write, beamish: Beamish) -> None:
    write("hello", HELLO)

    with beamish("run", "hello:Hello") as program:
        program.wait_for("hello 1")
        program.signal(SIGTERM)
        program.wait_for("SIGTERM: stopping")
        program.wait_for("stopped")
        assert program.wait() == 0


def test_a_module_with_one_application_means_that(write: Write, beamish: Beamish) -> None:
    write("only.app", HELLO)
    write("only.__init__", "from .app import Hello")

    with beamish("run", "only") as program:
        program.wait_for("hello 1")


def test_a_configuration_is_read_before_it_starts(
    write: Write, beamish: Beamish, tmp_path: Path
) -> None:
    write("hello", HELLO)
    (tmp_path / "c.toml").write_text('[greeting]\ntext = "hi"\n[hello]\ntimes = 5\n')

    with beamish("run", "--config", "c.toml", "--set", "hello.times=7", "hello:Hello") as program:
        program.wait_for("hi 7")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--set", "hello.times=x"), "hello.times: expected a whole number; got 'x'"),
        (("--config", "no.toml"), "cannot read no.toml: No such file or directory"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(
    write: Write, outcome: Outcome, arguments: tuple[str, ...], line: str
) -> None:
    write("hello", HELLO)

    assert outcome("run", *arguments, "hello:Hello") == (1, [line])


@pytest.mark.parametrize(
    ("option", "text"),
    [
        (("--set", "x"), "expected APP.KEY=VALUE; got 'x'"),
        (("--stop-time", "soon"), "expected seconds; got 'soon'"),
    ],
)
def test_a_wrong_option_is_refused(
    write: Write, outcome: Outcome, option: tuple[str, ...], text: str
) -> None:
    write("hello", HELLO)

    code, lines = outcome("run", *option, "hello:Hello")

    assert code == 2
    assert text in lines[-1]


def failing(does: str) -> str:
    return f"""
        from beamish import process
        from beamish.otp import Application, Supervisor

        class Wrong(Application):
            async def start(self, type, args):
                pid = await Supervisor.start_link([])
                {does}
                return pid
    """


def test_a_start_that_fails_as_it_may_is_told_in_one_line(write: Write, outcome: Outcome) -> None:
    write("wrong", failing('raise OSError("no disk")'))

    assert outcome("run", "wrong") == (1, ["wrong: no disk"])


def test_a_start_that_fails_by_a_mistake_is_shown_with_its_traceback(
    write: Write, outcome: Outcome
) -> None:
    write("wrong", failing("1 / 0"))

    code, lines = outcome("run", "wrong")

    assert code == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_the_end_of_the_application_is_the_end_of_the_program(
    write: Write, outcome: Outcome
) -> None:
    write("wrong", failing('process.exit(pid, "kill")'))

    code, [log, line] = outcome("run", "wrong")

    assert code == 1
    assert "[error] Application wrong exited: killed (it is permanent; the node stops)" in log
    assert line == "wrong: application wrong ended: killed"


def test_what_does_not_stop_in_time_is_killed(write: Write, beamish: Beamish) -> None:
    write("hello", HELLO.replace('print("stopped", flush=True)', "await process.sleep(None)"))

    with beamish("run", "--stop-time", "0.2", "hello:Hello") as program:
        program.wait_for("hello 1")
        assert program.stop(SIGTERM) == 0
