"""The Pythons that are compared."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

__all__ = ["Interpreter", "look"]

_SOURCE = """
import json, platform, sys
print(json.dumps([platform.python_implementation(), platform.python_version(), sys.base_prefix]))
"""


@dataclass(frozen=True)
class Interpreter:
    """One Python.

    Attributes:
        path: of its executable, or of that of a virtual environment.
        implementation: ``CPython``.
        version: such as ``3.13.0``.
        home: where it is installed; the same for all its virtual environments.
    """

    path: str
    implementation: str
    version: str
    home: str

    @property
    def name(self) -> str:
        """Such as ``CPython 3.13.0``."""
        return f"{self.implementation} {self.version}"

    @property
    def short(self) -> str:
        """Such as ``3.13``."""
        return ".".join(self.version.split(".")[:2])

    @property
    def tag(self) -> str:
        """For the name of a folder."""
        return f"{self.implementation.lower()}-{self.version}"


def look(path: str) -> Interpreter:
    """Asks an interpreter what it is; raises CalledProcessError or OSError if it does not run."""
    answer = subprocess.run([path, "-c", _SOURCE], stdout=subprocess.PIPE, check=True).stdout
    implementation, version, home = json.loads(answer)
    return Interpreter(path, implementation, version, home)
