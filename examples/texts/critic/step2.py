"""Step 2: a restarter brings the critic back, but the judge does not know where.

With the text's critic, which answers once and ends normally (see step 1), the restarter would
take the first answer for the end of all work, and stop.

    python -m examples.texts.critic.step2
"""

import beamish
from beamish import Exit, Pid, process, receive, spawn, spawn_link
from examples.texts.critic.step1 import Critic, critic, judge
from examples.texts.shell import session

__all__ = ["judge", "main", "start_critic"]


def start_critic(critic: Critic = critic) -> Pid:
    return spawn(restarter, critic)


async def restarter(critic: Critic) -> None:
    process.flag(trap_exit=True)  # process_flag(trap_exit, true),
    while True:
        spawn_link(critic)
        match await receive(Exit):
            case Exit(reason="normal" | "shutdown"):
                return
            case _:  # {'EXIT', Pid, _} -> restarter()
                pass


def critic_of(restarter: Pid) -> Pid:
    """The critic of the moment: who is linked to the restarter. The judge has no such way."""
    links: list[Pid] = process.info(restarter, "links")
    return links[0]


async def main() -> None:
    await session(
        globals(),
        "restarter = start_critic()",
        "critic = critic_of(restarter)",
        'await judge(critic, "Nirvana", "B")',
        "process.exit(critic, Atom.no_answer)",
        "critic_of(restarter)",  # there is one again, and it is another one
        'await judge(critic, "Nirvana", "B")',  # but this is whom the judge knows
        'await judge(critic_of(restarter), "Nirvana", "B")',
        "process.exit(restarter, Atom.kill)",
    )


if __name__ == "__main__":
    beamish.run(main)
