"""The command line: ``beamish run MODULE[:FUNCTION]`` starts a program on a node.

What it does for the program, any Python script can have as well: ``run_program(main)`` sets up the
log, runs ``main`` as the first process of a node, and turns its end into an exit code.
"""

from .arguments import main
from .program import run_program

__all__ = ["main", "run_program"]
