"""``beamish run``: what is run, how it ends, and what is said about it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

import beamish
from tests.cli.conftest import Beamish, Write

pytestmark = pytest.mark.slow  # each starts an OS process

Outcome = Callable[..., tuple[int, list[str]]]


# ---- what is run


def test_main_of_a_module_in_this_folder_is_run_as_a_process(
    write: Write, outcome: Outcome
) -> None:
    write(
        "hello",
        """
        from beamish import process
        async def main():
            print("hello from", process.self())
    """,
    )

    assert outcome("run", "hello") == (0, ["hello from <0.100.0>"])


def test_another_function_can_be_named(write: Write, outcome: Outcome) -> None:
    write(
        "hello",
        """
        async def greet():
            print("hello")
    """,
    )

    assert outcome("run", "hello:greet") == (0, ["hello"])


def test_a_plain_function_is_run_as_well(write: Write, outcome: Outcome) -> None:
    write(
        "hello",
        """
        def main():
            print("hello")
    """,
    )

    assert outcome("run", "hello") == (0, ["hello"])


def test_main_of_a_package_may_be_in_its_main_module(write: Write, outcome: Outcome) -> None:
    write("hello.__init__", "")
    write(
        "hello.__main__",
        """
        async def main():
            print("hello")
        if __name__ == "__main__":
            print("not like this")
    """,
    )

    assert outcome("run", "hello") == (0, ["hello"])


def test_arguments_behind_the_module_are_mains(write: Write, outcome: Outcome) -> None:
    write(
        "hello",
        """
        async def main(name, option, *more):
            print(name, option, more)
    """,
    )

    assert outcome("run", "hello", "Joe", "--loop", "x") == (0, ["Joe --loop ('x',)"])


@pytest.mark.parametrize(("loop", "cls"), [("asyncio", "beamish.net.loop"), ("uvloop", "uvloop")])
def test_the_event_loop_can_be_chosen(write: Write, outcome: Outcome, loop: str, cls: str) -> None:
    write(
        "hello",
        """
        import asyncio
        async def main():
            print(type(asyncio.get_running_loop()).__module__)
    """,
    )

    assert outcome("run", "--loop", loop, "hello") == (0, [cls])


def test_the_command_is_installed() -> None:
    command = Path(sys.executable).with_name("beamish")

    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"beamish {version('beamish')}\n"


def test_the_package_says_its_version(outcome: Outcome) -> None:
    assert outcome("--version") == (0, [f"beamish {beamish.__version__}"])


def test_without_arguments_it_shows_what_it_can_do(outcome: Outcome) -> None:
    code, lines = outcome()

    assert code == 0
    assert any("run a program" in line for line in lines)


def test_the_help_of_run_tells_the_exit_codes(outcome: Outcome) -> None:
    code, lines = outcome("run", "--help")

    assert code == 0
    assert "  130  a second Ctrl-C ended everything at once" in lines


# ---- the log


def test_the_log_is_readable(write: Write, outcome: Outcome) -> None:
    write(
        "hello",
        """
        import logging
        async def main():
            logging.getLogger("shop").info("open")
            logging.getLogger("shop").warning("closing soon")
            logging.getLogger("shop").debug("nobody here")
    """,
    )

    code, lines = outcome("run", "hello")

    assert code == 0
    assert [re.sub(r"^\d\d:\d\d:\d\d\.\d{3} ", "", line) for line in lines] == [
        "[info] open",
        "[warning] closing soon",
    ]


def test_the_log_level_can_be_chosen(write: Write, outcome: Outcome) -> None:
    write(
        "hello",
        """
        import logging
        async def main():
            logging.getLogger("shop").warning("closing soon")
            logging.getLogger("shop").error("closed")
    """,
    )

    code, lines = outcome("run", "--log-level", "error", "hello")

    assert code == 0
    assert [line[13:] for line in lines] == ["[error] closed"]


def test_a_program_that_sets_up_its_own_log_keeps_it(write: Write, outcome: Outcome) -> None:
    write(
        "hello",
        """
        import logging
        logging.basicConfig(format="mine: %(message)s")
        async def main():
            logging.info("open")
    """,
    )

    assert outcome("run", "hello") == (0, ["mine: open"])


# ---- how it ends


TREE = """
    from beamish import process
    from beamish.otp import GenServer, Supervisor
    class Loud(GenServer):
        def init(self, name):
            process.flag(trap_exit=True)
            self.name = name
        def terminate(self, reason):
            print(self.name, reason, flush=True)
    async def main():
        children = [Loud.child_spec(name, id=name) for name in ("first", "second")]
        await Supervisor.start_link(children)
        print("started", flush=True)
        await process.sleep(None)
"""


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_signal_stops_the_children_in_reverse_order(
    write: Write, beamish: Beamish, number: Signals
) -> None:
    write("tree", TREE)
    with beamish("run", "tree") as program:
        program.wait_for("started")

        assert program.stop(number) == 0
        lines = program.written()

    assert [re.sub(r"^\S+ \[", "[", line) for line in lines] == [
        f"[info] {number.name}: stopping (once more: at once)",
        "second shutdown",
        "first shutdown",
    ]


def test_a_second_signal_ends_everything_at_once(write: Write, beamish: Beamish) -> None:
    write(
        "stubborn",
        """
        from beamish import process
        async def main():
            try:
                print("started", flush=True)
                await process.sleep(None)
            finally:
                print("one moment", flush=True)
                import asyncio
                await asyncio.sleep(3600)
    """,
    )
    with beamish("run", "stubborn") as program:
        program.wait_for("started")
        program.signal(SIGINT)
        program.wait_for("one moment")

        assert program.stop(SIGINT) == 130
        assert program.written() == []


def test_a_wrong_argument_is_shown_with_its_traceback(write: Write, outcome: Outcome) -> None:
    write(
        "wrong",
        """
        from beamish import send
        async def main():
            send(1, "hello")
    """,
    )

    code, lines = outcome("run", "wrong")

    assert code == 1
    assert '    send(1, "hello")' in lines
    assert "BadArgError: " in lines[-1]


def test_a_failed_call_is_shown_with_its_traceback_and_its_cause(
    write: Write, outcome: Outcome
) -> None:
    write(
        "wrong",
        """
        from beamish.otp import GenServer, gen_server
        class Server(GenServer):
            def handle_call(self, request, caller):
                raise KeyError("no such key")
        async def main():
            server = await Server.start()
            await gen_server.call(server, "x")
    """,
    )

    code, lines = outcome("run", "wrong")

    assert code == 1
    assert lines.count("KeyError: 'no such key'") == 2  # in the server's report, and as the cause
    assert '    await gen_server.call(server, "x")' in lines
    assert lines[-1].endswith("failed: KeyError: 'no such key'")


def test_an_uncaught_error_is_shown_with_its_traceback(write: Write, outcome: Outcome) -> None:
    write(
        "wrong",
        """
        async def main():
            return 1 / 0
    """,
    )

    code, lines = outcome("run", "wrong")

    assert code == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('wrong.py", line 3, in main')
    assert lines[2] == "    return 1 / 0"
    assert lines[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('open("/nothing/here")', "No such file or directory: '/nothing/here'"),
        ('raise StartError("no port")', "could not start: no port"),
        ('gen_tcp.listen(0, ip="192.0.2.1")', "listen on 192.0.2.1:0: this machine has no such"),
        ('process.exit("out of milk")', "exited with reason out of milk"),
        ('process.exit(process.self(), "kill")', "exited with reason killed"),
    ],
)
def test_an_expected_failure_is_told_in_one_line(
    write: Write, outcome: Outcome, body: str, text: str
) -> None:
    write(
        "wrong",
        f"""
        from beamish import process
        from beamish.net import gen_tcp
        from beamish.otp import StartError
        async def main():
            {body}
            await process.sleep(None)
    """,
    )

    code, [line] = outcome("run", "wrong")

    assert code == 1
    assert line.startswith("wrong: ")
    assert text in line


def test_a_text_given_to_sys_exit_is_told_as_it_is(write: Write, outcome: Outcome) -> None:
    write(
        "wrong",
        """
        import sys
        async def main():
            sys.exit("there is no milk")
    """,
    )

    assert outcome("run", "wrong") == (1, ["there is no milk"])


def test_a_number_given_to_sys_exit_is_the_exit_code(write: Write, outcome: Outcome) -> None:
    write(
        "wrong",
        """
        import sys
        async def main():
            sys.exit(7)
    """,
    )

    assert outcome("run", "wrong") == (7, [])


def test_a_supervisor_that_gives_up_is_a_failure(write: Write, outcome: Outcome) -> None:
    write(
        "tree",
        """
        import logging
        from beamish import process
        from beamish.otp import Supervisor, Task
        async def fail():
            process.exit("no luck")
        async def main():
            logging.disable()
            await Supervisor.start_link([Task.child_spec(fail, restart="permanent")])
            await process.sleep(None)
    """,
    )

    assert outcome("run", "tree") == (1, ["tree: a process that it is linked to ended: shutdown"])


def test_main_may_end_by_shutdown_of_its_own_will(write: Write, outcome: Outcome) -> None:
    write(
        "tree",
        """
        from beamish import process
        async def main():
            process.exit("shutdown")
    """,
    )

    assert outcome("run", "tree") == (0, [])


# ---- what cannot be run


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("nowhere", "there is no module 'nowhere', in this folder or installed"),
        ("hello.nowhere", "there is no module 'hello.nowhere', in this folder or installed"),
        ("hello:greet", "expected a function `async def greet()` in hello; there is none"),
        ("hello.py", "expected the name of a module; got 'hello.py': write hello"),
        (
            "./shop/hello.py",
            "expected the name of a module; got './shop/hello.py': write shop.hello",
        ),
        ("package", "expected a function `async def main()` in package; there is none"),
        ("hello", "hello takes the arguments (name); got []: missing a required argument: 'name'"),
    ],
)
def test_what_cannot_be_run_is_told_in_one_line(
    write: Write, outcome: Outcome, target: str, text: str
) -> None:
    write("hello", "async def main(name): pass")
    write("package.__init__", "")

    code, [line] = outcome("run", target)

    assert code == 1
    assert line.startswith(f"beamish run: {text}")


def test_a_mistake_in_the_module_is_shown_with_its_traceback(
    write: Write, outcome: Outcome
) -> None:
    write("wrong", "import a_module_that_is_not_there")

    code, lines = outcome("run", "wrong")

    assert code == 1
    assert "    import a_module_that_is_not_there" in lines
    assert lines[-1] == "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"


def test_an_unknown_option_is_a_usage_error(outcome: Outcome) -> None:
    code, lines = outcome("run", "--fast", "hello")

    assert code == 2
    assert lines[-1].startswith("beamish")
