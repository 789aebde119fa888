"""Registered names: one process per name, one name per process (rules N1 to N6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, final

from beamish.terms import Atom, BadArgError, Pid
from beamish.terms.errors import describe

from .here import node_of_any_thread, running_node
from .states import EXIT_PENDING

if TYPE_CHECKING:
    from .process import Process

__all__ = ["RegisteredNames", "register", "registered", "unregister", "whereis"]


@final
class RegisteredNames:
    """The name table of a node."""

    __slots__ = ("table",)

    def __init__(self) -> None:
        self.table: dict[str, Process] = {}

    def register(self, name: Any, pid: Any) -> None:
        """Gives a process a name; BadArgError says why that is impossible."""
        self.check_free(name)
        if not isinstance(pid, Pid):
            raise BadArgError(f"register takes a Pid; got {describe(pid)}")
        proc: Process | None = pid._process
        if proc is None or proc.state >= EXIT_PENDING:
            raise BadArgError(f"cannot register {pid!r} as {name!r}: it is not alive")
        rare = proc.ensure_rare()
        if rare.name is not None:
            raise BadArgError(f"{pid!r} has a name already: {rare.name!r}")
        atom = Atom(name)
        # A key has no code of the user's: others are compared with it.
        self.table[name if type(name) is str else atom] = proc
        rare.name = atom

    def check_free(self, name: Any) -> None:
        """Refuses a name that cannot be given now."""
        if not isinstance(name, str):
            raise BadArgError(f"a name is a str or an Atom; got {describe(name)}")
        if name == "undefined":
            raise BadArgError("'undefined' stands for no process and cannot be a name")
        if name in self.table:
            holder = self.table[name].pid
            raise BadArgError(f"the name {name!r} is taken by {holder!r}: unregister it first")

    def unregister(self, name: Any) -> None:
        """Takes a name away."""
        if not isinstance(name, str) or name not in self.table:
            raise BadArgError(f"no process is registered as {name!r}")
        self.release(self.table[name])

    def release(self, proc: Process) -> None:
        """Frees the name of a process, if it has one."""
        rare = proc.rare
        if rare is not None and rare.name is not None:
            name, rare.name = rare.name, None
            del self.table[name]

    def lookup(self, name: str) -> Process | None:
        """The process of this name."""
        return self.table.get(name)

    def all(self) -> list[Atom]:
        """Every name that is taken."""
        return [Atom(name) for name in list(self.table)]  # a copy: another thread may ask


# ---- what users call: process.register and so on


def register(name: str, pid: Pid) -> Literal[True]:
    """Gives a process a name, until it ends or the name is unregistered.

    Raises:
        BadArgError: the name is taken, the process has one already or is dead, the name is not
            a str or is "undefined".

    Source: erlang:register/2.
    """
    running_node().names.register(name, pid)
    return True


def unregister(name: str) -> Literal[True]:
    """Takes a name away.

    Raises:
        BadArgError: nobody has it.

    Source: erlang:unregister/1.
    """
    running_node().names.unregister(name)
    return True


def whereis(name: str) -> Pid | None:
    """The pid of a registered process, or None. Works from any thread.

    Source: erlang:whereis/1.
    """
    if not isinstance(name, str):
        raise BadArgError(f"a name is a str or an Atom; got {describe(name)}")
    proc = node_of_any_thread().names.lookup(name)
    return proc.pid if proc is not None else None


def registered() -> list[Atom]:
    """All registered names. Works from any thread."""
    return node_of_any_thread().names.all()
