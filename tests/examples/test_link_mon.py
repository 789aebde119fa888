"""The program ``link_mon``, held to the transcripts of its text.

Its scenarios: q1, a process linked to the shell ends; q2, a chain of ten dies as one; q3, b1 takes
a1 with it, and a1 takes c1.
"""

import pytest

from tests.examples.transcript import assert_follows, run_program

# From the text, as it stands there.
MY_PROC = """
21> self().
<0.160.0>
22> link(spawn(fun link_mon:my_proc/0)).
true
** exception error: reason
23> self().
<0.171.0>
"""

CHAIN = """
26> length(processes()).
43
27> link_mon:chain(10).
** exception exit: "chain dies here"
28> length(processes()).
43
"""

A1_B1_C1 = """
29> link_mon:a1().
a1: <0.201.0>, b1: <0.204.0>, c1: <0.205.0>
ok
c1 alive
c1 alive
** exception error: no_answer
"""


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    return run_program("link_mon", monkeypatch, capsys)


def test_q1_the_shell_dies_with_my_proc_and_is_another_process_afterwards(printed: str) -> None:
    assert_follows(printed, MY_PROC)


def test_q2_a_chain_of_ten_dies_as_one_and_leaves_no_process_behind(printed: str) -> None:
    assert_follows(printed, CHAIN)


def test_q3_b1_takes_a1_with_it_and_a1_takes_c1(printed: str) -> None:
    assert_follows(printed, A1_B1_C1)


def test_q3_c1_is_not_alive_a_third_time(printed: str) -> None:
    assert printed.count("c1 alive") == 2
