"""The program ``monitors``, held to the transcripts of its text: scenario q6 of the texts."""

import pytest

from tests.examples.transcript import assert_follows, run_program

# From the text; it cuts off the `ok` that flush() returns.
DOWN = """
1> erlang:monitor(process, spawn(fun() -> timer:sleep(500) end)).
#Ref<0.1093098695.3203661825.197446>
2> flush().
Shell got {'DOWN',#Ref<0.1093098695.3203661825.197446>,process,<0.659.0>,
          normal}
"""

FIVE = """
72> erlang:monitor(process, Pid).
#Ref<0.1093098695.3203661829.196950>
73> erlang:monitor(process, Pid).
#Ref<0.1093098695.3203661829.196957>
74> erlang:monitor(process, Pid).
#Ref<0.1093098695.3203661829.196964>
75> erlang:monitor(process, Pid).
#Ref<0.1093098695.3203661829.196971>
76> erlang:monitor(process, Pid).
#Ref<0.1093098695.3203661829.196978>
"""

DEMONITOR = """
77> REF = erlang:monitor(process, Pid).
#Ref<0.1093098695.3203661829.196994>
78> erlang:demonitor(REF).
true
"""

# The text does not go on. Erlang/OTP 25 does, with a process that ends meanwhile:
FIVE_DOWN = """
71> P5 = spawn(fun() -> timer:sleep(300) end).
<0.107.0>
...
77> flush().
Shell got {'DOWN',#Ref<0.1755041406.1188036609.22869>,process,<0.107.0>,
                  normal}
Shell got {'DOWN',#Ref<0.1755041406.1188036609.22874>,process,<0.107.0>,
                  normal}
Shell got {'DOWN',#Ref<0.1755041406.1188036609.22879>,process,<0.107.0>,
                  normal}
Shell got {'DOWN',#Ref<0.1755041406.1188036609.22884>,process,<0.107.0>,
                  normal}
Shell got {'DOWN',#Ref<0.1755041406.1188036609.22889>,process,<0.107.0>,
                  normal}
ok
"""

NOTHING = """
78> demonitor(Ref).
true
79> flush().
ok
"""


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    return run_program("monitors", monkeypatch, capsys)


def test_q6_a_monitor_tells_of_a_normal_end_half_a_second_later(printed: str) -> None:
    assert_follows(printed, DOWN)


def test_q6_five_monitors_on_one_process_are_five_references(printed: str) -> None:
    assert_follows(printed, FIVE)


def test_q6_five_monitors_on_one_process_tell_of_its_end_five_times(printed: str) -> None:
    assert_follows(printed, FIVE_DOWN)


def test_q6_a_monitor_can_be_taken_away(printed: str) -> None:
    assert_follows(printed, DEMONITOR)


def test_m5_a_monitor_that_was_taken_away_says_nothing(printed: str) -> None:
    assert_follows(printed, NOTHING)
