"""Step 4: question and answer are told by a reference.

The answer is known by the reference of its question, whoever gives it. So it does not matter who is
called "critic" by then, and a late answer to an older question is never taken for the answer to
this one.

    python -m examples.texts.critic.step4
"""

from collections.abc import Awaitable, Callable

import beamish
from beamish import Atom, Pid, Ref, make_ref, process, receive, send
from examples.texts.critic import step3
from examples.texts.critic.step1 import opinion
from examples.texts.critic.step3 import nothing, the_critic_is_replaced
from examples.texts.shell import session

__all__ = ["judge", "main", "start_critic", "the_critic_is_replaced"]


async def critic() -> None:
    while True:
        judge, ref, album = await receive((Pid, Ref, (str, str)))
        send(judge, (ref, opinion(album)))


def start_critic() -> Pid:
    return step3.start_critic(critic)


async def judge(band: str, album: str, meanwhile: Callable[[], Awaitable[None]] = nothing) -> str:
    ref = make_ref()  # Ref = make_ref(),
    send("critic", (process.self(), ref, (band, album)))  # critic ! {self(), Ref, {Band, Album}},
    await meanwhile()  # as in step 3
    try:
        _ref, answer = await receive((ref, str), timeout=2.0)  # {Ref, Msg} -> Msg
        return str(answer)
    except TimeoutError:
        return Atom.timeout


async def main() -> None:
    await session(
        globals(),
        "restarter = start_critic()",
        'await judge("Nirvana", "B")',
        # What was lost in step 3:
        'await judge("Nirvana", "B", the_critic_is_replaced)',
        'await judge("RATM", "A")',
        "flush()",
        "process.exit(restarter, Atom.kill)",
    )


if __name__ == "__main__":
    beamish.run(main)
