"""The four steps of ``critic``, held to the transcript of their text: scenario q7 of the texts.

What is called `ERLANG_...` was recorded in the shell of Erlang/OTP 25, running the text's own
modules.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import beamish
from beamish import process, receive, register, send, spawn
from examples.texts.critic import step1, step3, step4
from tests.examples.transcript import assert_follows, run_program
from tests.support.clock import VirtualClockLoop

STEPS = ("step1", "step2", "step3", "step4")

# From the text. It does not show its prompts 30 and 31.
STEP_1 = """
29> P_step1 = e_naming_process_step1:start_critic().
<0.847.0>
...
32> e_naming_process_step1:judge(P_step1, "hello", "ballo").
"is it best?"
33> exit(P_step1, no_answer).
true
34> e_naming_process_step1:judge(P_step1, "hello", "ballo").
timeout
"""

# The text's critic, which answers once: it is dead before anybody kills it.
ERLANG_STEP_1 = """
1> P = critic1:start_critic().
<0.83.0>
2> critic1:judge(P, "hello", "ballo").
"is it best?"
3> is_process_alive(P).
false
4> critic1:judge(P, "hello", "ballo").
timeout
"""

# The same in step 3: after one answer there is no critic and no restarter.
ERLANG_STEP_3 = """
1> R = critic3:start_critic().
<0.89.0>
2> critic3:judge("RATM", "A").
"They are great!"
3> whereis(critic).
undefined
4> critic3:judge("Nirvana", "B").
** exception error: badarg
"""

STEP_2 = """
1> Restarter = start_critic().
<0.1.0>
2> Critic = critic_of(Restarter).
<0.2.0>
3> judge(Critic, "Nirvana", "B").
"They are good!"
4> exit(Critic, no_answer).
true
5> critic_of(Restarter).
<0.3.0>
6> judge(Critic, "Nirvana", "B").
timeout
7> judge(critic_of(Restarter), "Nirvana", "B").
"They are good!"
"""

RACE_LOST = """
5> judge("Nirvana", "B").
timeout
6> flush().
Shell got {<0.1.0>,"They are good!"}
ok
"""

RACE_WON = """
3> judge("Nirvana", "B").
"They are good!"
4> judge("RATM", "A").
"They are great!"
5> flush().
ok
"""


@pytest.fixture
def printed(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    return run_program(f"critic.{request.param}", monkeypatch, capsys)


def step(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("printed", [name], indirect=True)


@step("step1")
def test_q7_step_1_a_critic_that_was_killed_does_not_answer(printed: str) -> None:
    assert_follows(printed, STEP_1)


@step("step1")
def test_q7_step_1_the_critic_of_the_text_is_dead_after_one_answer(printed: str) -> None:
    assert_follows(printed, ERLANG_STEP_1)


@step("step2")
def test_q7_step_2_a_critic_that_was_killed_is_back_with_another_pid(printed: str) -> None:
    assert_follows(printed, STEP_2)


@step("step3")
def test_q7_step_3_a_critic_that_was_killed_is_back_under_its_name(printed: str) -> None:
    assert printed.count('"They are good!"\n3>') == 1
    assert printed.count('"They are good!"\n5>') == 1


@step("step3")
def test_q7_step_3_the_race_is_lost_and_the_answer_is_left_over(printed: str) -> None:
    assert_follows(printed, RACE_LOST)


@step("step3")
def test_q7_step_3_to_send_to_the_critic_of_the_text_a_second_time_is_badarg(
    printed: str,
) -> None:
    assert_follows(printed, ERLANG_STEP_3)


@step("step4")
def test_q7_step_4_the_race_cannot_be_lost(printed: str) -> None:
    assert_follows(printed, RACE_WON)


def test_all_steps_run_as_one_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    together = run_program("critic.__main__", monkeypatch, capsys)

    for name in STEPS:
        assert_follows(together, run_program(f"critic.{name}", monkeypatch, capsys))


# ---- late answers: a critic that answers after three seconds, when the judge waits for two


async def slow_at_first(answer: Callable[[Any, str], object]) -> None:
    """Answers its first question late, and those after it at once."""
    question = await receive()
    await process.sleep(3.0)
    answer(question, "the first answer")
    while True:
        answer(await receive(), "the second answer")


def answer_by_pid(question: Any, text: str) -> None:
    judge, _album = question
    send(judge, (process.self(), text))


def answer_by_ref(question: Any, text: str) -> None:
    judge, ref, _album = question
    send(judge, (ref, text))


async def ask_twice_in_step_1() -> str:
    critic = spawn(slow_at_first, answer_by_pid)
    assert await step1.judge(critic, "RATM", "A") == "timeout"
    return await step1.judge(critic, "Nirvana", "B")


async def ask_twice_in_step_3() -> str:
    register("critic", spawn(slow_at_first, answer_by_pid))
    assert await step3.judge("RATM", "A") == "timeout"
    return await step3.judge("Nirvana", "B")


async def ask_twice_in_step_4() -> str:
    register("critic", spawn(slow_at_first, answer_by_ref))
    assert await step4.judge("RATM", "A") == "timeout"
    return await step4.judge("Nirvana", "B")


def in_virtual_time(main: Callable[[], Awaitable[str]]) -> object:
    return beamish.run(main, loop_factory=VirtualClockLoop)


@pytest.mark.parametrize("ask_twice", [ask_twice_in_step_1, ask_twice_in_step_3])
def test_by_pid_a_late_answer_is_taken_for_the_answer_to_the_next_question(
    ask_twice: Callable[[], Awaitable[str]],
) -> None:
    assert in_virtual_time(ask_twice) == "the first answer"


def test_q7_step_4_by_ref_a_late_answer_is_never_taken_for_another() -> None:
    assert in_virtual_time(ask_twice_in_step_4) == "the second answer"
