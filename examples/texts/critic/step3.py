"""Step 3: the critic has a name; and the judge a race to lose.

``judge`` sends to whoever is called "critic" now, and then waits for an answer of whoever is called
"critic" a moment later:

1. The judge sends its question; it reaches the critic ``<0.1.0>``.
2. The critic answers and dies. The restarter starts ``<0.50.0>`` and gives it the name.
3. The judge asks ``whereis`` for the name, and is told ``<0.50.0>``.
4. The judge waits for an answer from ``<0.50.0>``, who was asked nothing. The answer of ``<0.1.0>``
   is in its mailbox all the while, and stays there.

    python -m examples.texts.critic.step3
"""

from collections.abc import Awaitable, Callable

import beamish
from beamish import Atom, Exit, Pid, process, receive, register, send, spawn, spawn_link, whereis
from examples.texts.critic.step1 import Critic, critic, one_answer
from examples.texts.shell import session

__all__ = ["judge", "main", "nothing", "one_answer", "start_critic", "the_critic_is_replaced"]


def start_critic(critic: Critic = critic) -> Pid:
    return spawn(restarter, critic)


async def restarter(critic: Critic) -> None:
    process.flag(trap_exit=True)
    while True:
        register("critic", spawn_link(critic))
        match await receive(Exit):
            case Exit(reason="normal" | "shutdown"):
                return
            case _:
                pass


async def nothing() -> None:
    """What mostly happens between two lines."""


async def the_critic_is_replaced() -> None:
    """What may happen between two lines: the critic answers, dies, and another one is started."""
    critic = whereis("critic")
    assert critic is not None
    watching = process.monitor(critic)
    await process.sleep(0)  # time for the answer
    process.exit(critic, Atom.kill)
    await receive((Atom.DOWN, watching, ..., ..., ...))
    while whereis("critic") is None:
        await process.sleep(0)  # time for the restarter


async def judge(band: str, album: str, meanwhile: Callable[[], Awaitable[None]] = nothing) -> str:
    send("critic", (process.self(), (band, album)))  # critic ! {self(), {Band, Album}},
    await meanwhile()  # the text has no such line, but this is where anything may happen
    critic = whereis("critic")  # Pid = whereis(critic),
    try:
        _critic, answer = await receive((critic, str), timeout=2.0)  # {Pid, Msg} -> Msg
        return str(answer)
    except TimeoutError:
        return Atom.timeout


async def main() -> None:
    # A critic that was killed is back under its name.
    await session(
        globals(),
        "restarter = start_critic()",
        'await judge("Nirvana", "B")',
        'process.exit(whereis("critic"), Atom.no_answer)',
        'await judge("Nirvana", "B")',
        # The race: the judge waits for the wrong one, and the answer is left over.
        'await judge("Nirvana", "B", the_critic_is_replaced)',
        "flush()",
        "process.exit(restarter, Atom.kill)",
    )
    # The text's critic ends normally with its first answer. So the restarter stops, the name is
    # nobody's, and to send to it is badarg.
    await session(
        globals(),
        "start_critic(one_answer)",
        'await judge("RATM", "A")',
        'whereis("critic")',
        'await judge("Nirvana", "B")',
    )


if __name__ == "__main__":
    beamish.run(main)
