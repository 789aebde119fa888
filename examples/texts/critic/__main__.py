"""All four steps, one after the other."""

import beamish
from examples.texts.critic import step1, step2, step3, step4


async def main() -> None:
    for step in (step1, step2, step3, step4):
        print(f"% {(step.__doc__ or '').splitlines()[0]}")
        await step.main()
        print()


if __name__ == "__main__":
    beamish.run(main)
