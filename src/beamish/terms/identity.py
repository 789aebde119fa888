"""Identities: pids, references and the incarnation of a node that minted them.

Only a running node mints them, and they are unique, so two of them are equal exactly when they
are the same object. The underscored slots belong to the runtime, which fills a bare new object: an
``__init__`` would cost as much as all the rest of a new process' pid.
"""

from __future__ import annotations

from typing import Any, Final, final

__all__ = ["Incarnation", "MonitorRef", "Pid", "Ref", "TimerRef"]

_ID_BITS: Final = 28
_WORD: Final = 0xFFFFFFFF


@final
class Incarnation:
    """One life of a node: its name and the creation number of that life."""

    __slots__ = ("creation", "name")

    def __init__(self, name: str, creation: int) -> None:
        self.name: str = name
        self.creation: int = creation

    def __repr__(self) -> str:
        return f"{self.name}/{self.creation}"


class _Identity:
    """What pids and references share: a number and the node life that minted it."""

    __slots__ = ("_home", "_number")

    _number: int
    _home: Incarnation

    @property
    def node(self) -> str:
        """The name of the node that minted it."""
        return self._home.name

    @property
    def creation(self) -> int:
        """The creation number of that node's life."""
        return self._home.creation

    def _key(self) -> tuple[str, int, int]:
        return (self._home.name, self._home.creation, self._number)

    # Ordered, so that they can be sorted like Erlang terms.
    def __lt__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._key() < other._key()

    def __le__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._key() <= other._key()

    def __gt__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._key() > other._key()

    def __ge__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._key() >= other._key()

    # A copy of an identity is the identity.
    def __copy__(self) -> _Identity:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> _Identity:
        return self

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError(
            f"{self!r} means something only inside its node and cannot be pickled; "
            "send plain data to other OS processes"
        )


@final
class Pid(_Identity):
    """The address of a process; printed ``<0.160.0>``.

    Unique for the life of its node. A pid keeps its meaning after the process has died: no other
    process ever gets it.

    Source: the Erlang Reference Manual, "Data Types", Pid.
    """

    __slots__ = ("_process",)

    # The living process; None once its links and monitors hear of its death.
    _process: Any

    @property
    def id(self) -> int:
        """The number of the process within its serial."""
        return self._number & ((1 << _ID_BITS) - 1)

    @property
    def serial(self) -> int:
        """How often the ids have wrapped."""
        return self._number >> _ID_BITS

    def __repr__(self) -> str:
        return f"<0.{self.id}.{self.serial}>"


def new_pid(number: int, home: Incarnation, process: Any) -> Pid:
    """A pid, for the runtime."""
    pid = Pid()
    pid._number = number
    pid._home = home
    pid._process = process
    return pid


class Ref(_Identity):
    """A unique reference; printed ``#Ref<0.1.2.3>``. May be an alias of its maker.

    Source: the Erlang Reference Manual, "Data Types", Reference.
    """

    __slots__ = ("_alias", "_maker", "_mark")

    # The process that made it, and the place in its mailbox before which no message can hold it
    # (see runtime.mailbox).
    _maker: Pid
    _mark: int
    # The pid that this reference is an address of, while it is an active alias.
    _alias: Pid | None

    def __repr__(self) -> str:
        n = self._number
        return f"#Ref<0.{n >> 36 & _WORD}.{n >> 18 & 0x3FFFF}.{n & 0x3FFFF}>"


def new_ref(number: int, home: Incarnation, maker: Pid, mark: int) -> Ref:
    """A reference, for the runtime."""
    ref = Ref()
    ref._number = number
    ref._home = home
    ref._maker = maker
    ref._mark = mark
    ref._alias = None
    return ref


@final
class MonitorRef(Ref):
    """The reference of a monitor; nothing but a :class:`Ref` to its user."""

    __slots__ = ("_kind", "_options", "_watched")

    _watched: Any  # the process watched, while the monitor is active
    _kind: str | None  # how its alias ends; None if it is not an alias
    # What replaces "DOWN" in the message (None for "DOWN" itself), and (name, node) if it was made
    # by name; None for neither.
    _options: tuple[Any, tuple[str, str] | None] | None


def new_monitor(number: int, home: Incarnation, maker: Pid, mark: int) -> MonitorRef:
    """The reference of a monitor, for the runtime."""
    ref = MonitorRef()
    ref._number = number
    ref._home = home
    ref._maker = maker
    ref._mark = mark
    ref._alias = ref._watched = ref._options = ref._kind = None
    return ref


@final
class TimerRef(Ref):
    """The reference of a timer; nothing but a :class:`Ref` to its user."""

    __slots__ = ("_dest", "_due", "_message")

    # Never an alias, and nobody waits for one: no slots to fill.
    _alias = None
    _maker = Pid()
    _mark = 0

    _due: float  # loop time in seconds
    _dest: Any
    _message: Any  # None once fired or cancelled
