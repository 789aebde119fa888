"""The command line: ``beamish run MODULE[:NAME]`` starts a program on a node.

Any Python script can do the same: ``run_program(main)`` sets up the log, runs ``main`` as the first
process of a node, and turns its end into an exit code.
"""

from collections.abc import Sequence

from .program import run_program

__all__ = ["main", "run_program"]


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``beamish``.

    Args:
        argv: its arguments; by default those of the OS process.

    Returns:
        The exit code.
    """
    # A program that calls run_program should not wait for argparse.
    from .arguments import main as command  # noqa: PLC0415

    return command(argv)
