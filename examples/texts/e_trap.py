"""Trapping exits, and the ways to end.

The second part of "Errors and Processes", module ``e_trap`` of the text.

    python -m examples.texts.e_trap

Where the text is wrong, this is what is right (real Erlang says the same):

- It says of ``spawn`` and ``spawn_link`` that one of them waits for the child, in two places and of
  a different one each time. Neither waits. What ``spawn_link`` adds is that there is no moment
  between the birth and the link.
- Its chain is to die by ``exit("crash by me. ~n", reason)``. That is exit/2, the one that takes a
  pid; a string is none, so the process dies of ``badarg``. This is an error, and hence the
  ERROR REPORT in the text's session. Death by exit/1 is not reported: see ``meant``.
- ``exit(Pid, normal)`` is listed as a way to end another process. It does nothing.
- ``exit(kill)``, exit/1, is shown to give ``killed``. It gives ``kill``: only a process that was
  killed from outside, by ``exit(Pid, kill)``, has ``killed`` for a reason.
- A dying process does not send a *message* to those linked to it, but a *signal*. The signal
  becomes the message ``{'EXIT', Pid, Reason}`` only where the receiver traps exits.
"""

from collections.abc import Callable
from typing import Any

import beamish
from beamish import Atom, link, process, receive, spawn
from examples.texts.shell import session

# ---- a system process, and a chain that falls against it


async def system_process(n: int, crash: Callable[[], None]) -> object:
    process.flag(trap_exit=True)  # process_flag(trap_exit, true),
    link(spawn(chain, n, crash))
    return await receive()  # receive X -> X end.


async def chain(n: int, crash: Callable[[], None]) -> None:
    if n == 0:
        print("it will be died")
        try:
            await receive(timeout=2.0)
        except TimeoutError:
            crash()
    else:
        pid = spawn(chain, n - 1, crash)
        link(pid)
        print(f"new Process created. Pid : {pid}")
        await receive()


def written() -> None:
    """What the text wrote: exit/2, with a string in the place of the pid."""
    process.exit("crash by me. ~n", Atom.reason)  # type: ignore[call-overload] # it is no pid


def meant() -> None:
    """What it meant: exit/1."""
    process.exit("crash by me. ~n")


async def trapping() -> None:
    """The chain dies, the system process gets it as a message, and the shell keeps its pid."""
    await session(
        globals(),
        "process.self()",
        "spawn_link(system_process, 5, written)",  # spawn_link(e_trap, system_process, [5]).
        3.0,
        "process.self()",
        "spawn_link(system_process, 5, meant)",
        3.0,
        "process.self()",
        first=35,
    )


# ---- six ways to end (and what the shell, linked to each of them, makes of it)

SIX_WAYS = (
    "spawn_link(lambda: Atom.ok)",  # spawn_link(fun() -> ok end).
    "spawn_link(lambda: process.exit(Atom.normal))",  # ... exit(normal) ...
    "spawn_link(lambda: process.exit(Atom.reason))",  # ... exit(reason) ...
    "spawn_link(lambda: 1 / 0)",  # ... 1/0 ...
    "spawn_link(lambda: process.error(Atom.reason))",  # ... erlang:error(reason) ...
    "spawn_link(lambda: process.throw(Atom.rocks))",  # ... throw(rocks) ...
)


async def six_ways() -> None:
    """Twice: the shell dies of the last four, unless it traps exits."""
    await session(globals(), *SIX_WAYS)
    await session(globals(), "process.flag(trap_exit=True)", *SIX_WAYS, "flush()")


# ---- exit/2: to end another process

EXIT_2 = (
    # exit(spawn_link(fun() -> timer:sleep(50000) end), normal).
    "process.exit(spawn_link(process.sleep, 50.0), Atom.normal)",
    "process.exit(spawn_link(process.sleep, 50.0), Atom.reason)",
    "process.exit(spawn_link(process.sleep, 50.0), Atom.kill)",
)


async def exit_2() -> None:
    """To another process normal does nothing, any other reason ends it, and kill ends it always.

    The shell is linked to it. So the shell goes as well, unless it traps exits.
    """
    await session(globals(), *EXIT_2)
    await session(globals(), "process.flag(trap_exit=True)", *EXIT_2, "flush()")


async def exit_self() -> None:
    """The same, sent to oneself: here normal does end the process."""
    await session(
        globals(),
        "process.exit(process.self(), Atom.normal)",  # exit(self(), normal).
        "process.exit(process.self(), Atom.kill)",
        "process.flag(trap_exit=True)",
        "process.exit(process.self(), Atom.kill)",
    )


async def exit_kill() -> None:
    """exit/1 with kill is a reason like any other: it can be trapped, and it stays ``kill``."""
    await session(
        globals(),
        "spawn_link(lambda: process.exit(Atom.kill))",  # spawn_link(fun() -> exit(kill) end).
        "process.flag(trap_exit=True)",
        "spawn_link(lambda: process.exit(Atom.kill))",
        "flush()",
    )


async def main() -> None:
    parts: tuple[Callable[[], Any], ...] = (trapping, six_ways, exit_2, exit_self, exit_kill)
    for part in parts:
        await part()
        print()


if __name__ == "__main__":
    beamish.run(main)
