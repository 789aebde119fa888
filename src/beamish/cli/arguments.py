"""The arguments of the command ``beamish``."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Final

from beamish import __version__
from beamish.terms.printable import in_lines
from beamish.terms.stderr import complain

from .log import LEVELS
from .program import FAILED, INTERRUPTED, LOOPS, ProgramError, load, run_program

__all__ = ["main"]

_EXIT_CODES: Final = """\
exit codes:
  0    the program ended, by itself or because it was told to (Ctrl-C, SIGTERM)
  1    it failed
  2    the command line makes no sense
  130  a second Ctrl-C ended everything at once
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``beamish``.

    Args:
        argv: its arguments; by default those of the OS process.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(argv)
    if options.command is None:
        _parser().print_help()
        return 0
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - pathlib is slow to import, and not needed
    try:
        program = load(options.program)
        _check_arguments(program, options.program, options.arguments)
    except ProgramError as error:
        complain(f"beamish run: {in_lines(str(error))}\n", 1.0)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - whatever the module raises while it is imported
        traceback.print_exc()
        return FAILED
    return run_program(
        program,
        *options.arguments,
        name=options.program,
        loop=options.loop,
        log_level=options.log_level,
        stop_time=options.stop_time,
        configure=_configuration(options),
    )


def _configuration(options: argparse.Namespace) -> Callable[[], None] | None:
    """Reads the configuration of applications; None if there is none."""
    if not options.config and not options.set:
        return None

    def configure() -> None:
        from beamish.otp import application  # noqa: PLC0415 - only with a configuration

        for file in options.config:
            application.load_config(file)
        for app, key, value in options.set:
            application.configure(app, **{key: value})

    return configure


def _setting(text: str) -> tuple[str, str, str]:
    """``APP.KEY=VALUE``."""
    name, equals, value = text.partition("=")
    app, dot, key = name.partition(".")
    if not (equals and dot and app and key):
        raise argparse.ArgumentTypeError(f"expected APP.KEY=VALUE; got {text!r}")
    return app, key, value


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise argparse.ArgumentTypeError(f"expected seconds; got {text!r}")
    return seconds


def _check_arguments(program: Callable[..., Any], name: str, arguments: list[str]) -> None:
    try:
        signature = inspect.signature(program)
    except (TypeError, ValueError):  # some built-in callables have no signature
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise ProgramError(
            f"{name} takes the arguments {signature}; got {arguments}: {error} "
            "(options of beamish come before the module)"
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="beamish", description="Erlang/OTP for Python.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"beamish {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run a program on a node, or an application",
        description="Run `async def main()` of a module as the first process of a node, or start "
        "an application and all that it needs.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    run.add_argument("--loop", choices=LOOPS, default="asyncio", help="the event loop")
    run.add_argument(
        "--log-level", choices=LEVELS, default="info", help="the lowest level that is logged"
    )
    run.add_argument(
        "--config", metavar="FILE", action="append", default=[], help="TOML: a table for each app"
    )
    run.add_argument(
        "--set",
        metavar="APP.KEY=VALUE",
        action="append",
        default=[],
        type=_setting,
        help="a setting of an application",
    )
    run.add_argument(
        "--stop-time",
        metavar="SECONDS",
        default=5.0,
        type=_seconds,
        help="how long an orderly end may take (default: 5)",
    )
    run.add_argument(
        "program",
        metavar="MODULE[:NAME]",
        help="what to run: a function, by default main, or a class that is an Application",
    )
    run.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARG", help="handed to the function, as text"
    )
    return parser
