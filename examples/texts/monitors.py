"""Monitors: to learn of a death without dying of it.

The third part of "Errors and Processes".

    python -m examples.texts.monitors

The text's first list under "Monitors" (two-way, the end of one is the end of the other, one at most
between two processes) describes links. A monitor goes one way, and there may be many.
"""

import beamish
from examples.texts.shell import session


async def down() -> None:
    """Half a second later there is a message in the mailbox."""
    await session(
        globals(),
        # erlang:monitor(process, spawn(fun() -> timer:sleep(500) end)).
        "monitor(spawn(process.sleep, 0.5))",
        1.0,
        "flush()",
    )


async def stacked() -> None:
    """Five monitors on one process are five references, and five messages when it dies."""
    await session(
        globals(),
        "pid = spawn(process.sleep, 0.5)",
        *["monitor(pid)"] * 5,
        1.0,
        "flush()",
        first=71,
    )


async def demonitored() -> None:
    """A monitor that was taken away says nothing."""
    await session(
        globals(),
        "pid = spawn(process.sleep, 0.5)",
        "ref = monitor(pid)",  # REF = erlang:monitor(process, Pid).
        "demonitor(ref)",  # erlang:demonitor(REF).
        1.0,
        "flush()",
        first=76,
    )


async def main() -> None:
    for part in (down, stacked, demonitored):
        await part()
        print()


if __name__ == "__main__":
    beamish.run(main)
