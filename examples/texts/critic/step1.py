"""Step 1: a critic whom nobody brings back.

The text kills its critic and asks again; the answer is ``timeout``. So it is, but not for that
reason: the text's ``critic()`` does not loop. It ends, normally, with its first answer, and was
dead before it was killed. ``one_answer`` is that critic; ``critic`` is the one that was meant.

    python -m examples.texts.critic.step1
"""

from collections.abc import Callable, Coroutine

import beamish
from beamish import Atom, Pid, process, receive, send, spawn
from examples.texts.shell import session

Critic = Callable[[], Coroutine[object, None, None]]


async def one_answer() -> None:
    """The text's critic()."""
    judge, album = await receive((Pid, (str, str)))
    send(judge, (process.self(), opinion(album)))


def opinion(album: tuple[str, str]) -> str:
    match album:
        case ("RATM", "A"):
            return "They are great!"
        case ("Nirvana", "B"):
            return "They are good!"
        case _:
            return "is it best?"


async def critic() -> None:
    while True:
        await one_answer()


def start_critic(critic: Critic = critic) -> Pid:
    return spawn(critic)


async def judge(critic: Pid, band: str, album: str) -> str:
    send(critic, (process.self(), (band, album)))  # Pid ! {self(), {Band, Album}},
    try:
        _from, answer = await receive((Pid, str), timeout=2.0)
        return str(answer)
    except TimeoutError:
        return Atom.timeout


async def main() -> None:
    # As the text has it: the answer is timeout although nobody has killed the critic.
    await session(
        globals(),
        "critic = start_critic(one_answer)",
        'await judge(critic, "hello", "ballo")',
        "process.alive(critic)",
        'await judge(critic, "hello", "ballo")',
    )
    # As it was meant: the critic answers as often as it is asked, until it is killed.
    await session(
        globals(),
        "critic = start_critic()",  # P_step1 = e_naming_process_step1:start_critic().
        'await judge(critic, "RATM", "A")',
        "process.alive(critic)",
        'await judge(critic, "hello", "ballo")',
        "process.exit(critic, Atom.no_answer)",  # exit(P_step1, no_answer).
        'await judge(critic, "hello", "ballo")',
        first=29,
    )


if __name__ == "__main__":
    beamish.run(main)
