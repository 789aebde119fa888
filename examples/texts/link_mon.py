"""Links: those who are linked die together.

The first part of "Errors and Processes", module ``link_mon`` of the text. Above each line of the
session stands the Erlang one.

    python -m examples.texts.link_mon
"""

import beamish
from beamish import Atom, Pid, link, process, receive, spawn
from examples.texts.shell import session

# ---- one process that dies of its own


async def my_proc() -> None:
    await process.sleep(5.0)  # timer:sleep(5000),
    process.exit(Atom.reason)  # exit(reason).


# ---- a chain, which falls from its end


async def chain(n: int) -> None:
    if n == 0:
        try:
            await receive(timeout=2.0)  # receive _ -> ok after 2000 ->
        except TimeoutError:
            process.exit("chain dies here")
    else:
        link(spawn(chain, n - 1))  # Pid = spawn(?MODULE, chain, [N-1]), link(Pid),
        await receive()


# ---- two that link themselves to a third: b1 - a1 - c1


def a1() -> Atom:
    b = spawn(b1, process.self())
    c = spawn(c1, process.self())
    print(f"a1: {process.self()}, b1: {b}, c1: {c}")
    return Atom.ok  # what io:format returns


async def b1(a: Pid) -> None:
    link(a)
    await process.sleep(5.0)
    process.exit(Atom.no_answer)


async def c1(a: Pid) -> None:
    while True:
        link(a)  # it is linked already the second time; that changes nothing
        await process.sleep(2.0)
        print("c1 alive")


# ---- the sessions of the text


async def first() -> None:
    """The shell is linked to my_proc, so after five seconds it is another process."""
    await session(
        globals(),
        "process.self()",  # self().
        "link(spawn(my_proc))",  # link(spawn(fun link_mon:my_proc/0)).
        6.0,
        "process.self()",
        first=21,
    )


async def second() -> None:
    """Eleven processes in a line, the shell included. They all go, and nothing is left over."""
    await session(
        globals(),
        "len(process.list())",  # length(processes()).
        "await chain(10)",  # link_mon:chain(10).
        "len(process.list())",
        first=26,
    )


async def third() -> None:
    """At five seconds b1 takes a1, the shell, with it, and a1 takes c1: no third "c1 alive"."""
    await session(
        globals(),
        "a1()",  # link_mon:a1().
        9.0,
        first=29,
    )


async def main() -> None:
    for part in (first, second, third):
        await part()
        print()


if __name__ == "__main__":
    beamish.run(main)
