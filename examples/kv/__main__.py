"""The program: ``python -m examples.kv``, ``beamish run examples.kv`` or ``make run``.

HOST and PORT in the environment say where it listens: 127.0.0.1 and 4040 unless they are set;
``HOST=0.0.0.0`` is for clients on other machines, ``PORT=0`` takes any free port. ``--data FILE``
keeps the buckets in a file. Ctrl-C stops it.
"""

import argparse
import sys

from beamish import process
from beamish.cli import run_program
from beamish.otp import application

from .apps.kv_server import KVServer


async def main(*arguments: str) -> None:
    """Starts the applications, and waits for the order to stop.

    They are ``permanent``: the program ends when one of them does.
    """
    options = parser().parse_args(arguments)
    if options.data is not None:
        application.configure("kv", data=options.data)
    await application.ensure_all_started(KVServer, "permanent")
    await process.sleep(None)


def parser() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    made = argparse.ArgumentParser(
        "examples.kv",
        description="A key-value server.",
        epilog="HOST and PORT in the environment say where it listens; default: 127.0.0.1 and 4040",
        allow_abbrev=False,
    )
    made.add_argument("--data", metavar="FILE", help="keep the buckets in this file")
    return made


if __name__ == "__main__":
    sys.exit(run_program(main, *sys.argv[1:]))
