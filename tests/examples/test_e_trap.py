"""The program ``e_trap``, held to its text where that is right, and else to real Erlang.

Its scenarios: q4, a process that traps outlives a chain under it; q5, the six ways to end.

What is called `ERLANG_...` was recorded in the shell of Erlang/OTP 25, with stacks shortened to
``Stack``, and without what the shell says about an error beyond its first line.
"""

import shutil
import subprocess
from collections.abc import Callable

import pytest

import beamish
from beamish import Atom, Exit, process, receive, spawn_link
from examples.texts.e_trap import written
from examples.texts.shell import erlang
from tests.examples.transcript import assert_follows, run_program

# From the text. It leaves out what spawn_link returns, and the pids in between.
TRAP = """
35> self().
<0.457.0>
36> spawn_link(e_trap, system_process, [5]).
new Process created. Pid : <0.565.0>
...
it will be died
...
=ERROR REPORT==== 11-Dec-2023::13:15:23.859000 ===
Error in process <0.569.0> with exit value:
...
37> self().
<0.457.0>
"""

ERLANG_REPORT = """
=ERROR REPORT==== 21-Nov-2026::01:49:22.573332 ===
Error in process <0.114.0> with exit value:
{badarg,Stack}
"""

# The text shows no transcript of these, only "normal" and "abnormal" beside each line.
ERLANG_SIX_WAYS = """
1> spawn_link(fun() -> ok end).
<0.117.0>
2> spawn_link(fun() -> exit(normal) end).
<0.120.0>
3> spawn_link(fun() -> exit(reason) end).
** exception exit: reason
4> spawn_link(fun() -> 1/0 end).
=ERROR REPORT==== 21-Nov-2026::01:49:24.779951 ===
Error in process <0.127.0> with exit value:
{badarith,Stack}
** exception exit: badarith
5> spawn_link(fun() -> erlang:error(reason) end).
=ERROR REPORT==== 21-Nov-2026::01:49:25.181594 ===
Error in process <0.131.0> with exit value:
{reason,Stack}
** exception exit: reason
6> spawn_link(fun() -> throw(rocks) end).
=ERROR REPORT==== 21-Nov-2026::01:49:25.583594 ===
Error in process <0.135.0> with exit value:
{{nocatch,rocks},Stack}
** exception exit: {nocatch,rocks}
"""

ERLANG_SIX_WAYS_TRAPPED = """
8> flush().
Shell got {'EXIT',<0.90.0>,normal}
Shell got {'EXIT',<0.93.0>,normal}
Shell got {'EXIT',<0.96.0>,reason}
Shell got {'EXIT',<0.99.0>,{badarith,Stack}}
Shell got {'EXIT',<0.102.0>,{reason,Stack}}
Shell got {'EXIT',<0.105.0>,{{nocatch,rocks},Stack}}
ok
"""

ERLANG_EXIT_2 = """
1> exit(spawn_link(fun() -> timer:sleep(50000) end), normal).
true
2> exit(spawn_link(fun() -> timer:sleep(50000) end), reason).
** exception exit: reason
3> exit(spawn_link(fun() -> timer:sleep(50000) end), kill).
** exception exit: killed
1> process_flag(trap_exit, true).
false
2> exit(spawn_link(fun() -> timer:sleep(50000) end), normal).
true
3> exit(spawn_link(fun() -> timer:sleep(50000) end), reason).
true
4> exit(spawn_link(fun() -> timer:sleep(50000) end), kill).
true
5> flush().
Shell got {'EXIT',<0.114.0>,reason}
Shell got {'EXIT',<0.117.0>,killed}
ok
"""

ERLANG_EXIT_SELF = """
1> exit(self(), normal).
** exception exit: normal
2> exit(self(), kill).
** exception exit: killed
3> process_flag(trap_exit, true).
false
4> exit(self(), kill).
** exception exit: killed
"""

# The text has this, and it is so ...
TEXT_KILL = """
3> exit(spawn_link(fun() -> timer:sleep(50000) end), kill)
** exception exit: killed
"""

# ... and it has `killed` here too, where real Erlang says:
ERLANG_EXIT_KILL = """
1> spawn_link(fun() -> exit(kill) end).
** exception exit: kill
2> process_flag(trap_exit, true).
false
3> spawn_link(fun() -> exit(kill) end).
<0.108.0>
4> flush().
Shell got {'EXIT',<0.108.0>,kill}
ok
"""


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    return run_program("e_trap", monkeypatch, capsys)


def test_q4_a_shell_linked_to_a_trapping_process_outlives_the_chain_under_it(
    printed: str,
) -> None:
    assert_follows(printed, TRAP)


def test_q4_the_chain_has_five_processes_that_say_who_they_are(printed: str) -> None:
    trapping = printed.partition("38>")[0]

    assert trapping.count("new Process created. Pid : <0.") == 5


def test_the_crash_as_the_text_wrote_it_is_a_badarg_and_is_reported(printed: str) -> None:
    assert_follows(printed, ERLANG_REPORT)


def test_the_crash_as_the_text_meant_it_is_not_reported(printed: str) -> None:
    meant = printed.partition("38>")[2].partition("39>")[0]

    assert "it will be died" in meant
    assert "ERROR REPORT" not in meant


def test_q5_six_ways_to_end_seen_by_a_linked_process(printed: str) -> None:
    assert_follows(printed, ERLANG_SIX_WAYS)


def test_q5_six_ways_to_end_seen_by_a_linked_process_that_traps(printed: str) -> None:
    assert_follows(printed, ERLANG_SIX_WAYS_TRAPPED)


def test_q5_exit_2_with_normal_reason_and_kill(printed: str) -> None:
    assert_follows(printed, ERLANG_EXIT_2)


def test_q5_exit_2_with_kill_shows_as_killed(printed: str) -> None:
    assert_follows(printed, TEXT_KILL)


def test_q5_exit_2_to_oneself(printed: str) -> None:
    assert_follows(printed, ERLANG_EXIT_SELF)


def test_x2_exit_1_with_kill_stays_kill(printed: str) -> None:
    assert_follows(printed, ERLANG_EXIT_KILL)


# Each expression in a process linked to one that traps exits; and what the latter sees.
ENDS = """
    process_flag(trap_exit, true),
    Strip = fun({R, [{_, _, _, _} | _]}) -> {R, 'Stack'}; (R) -> R end,
    See = fun(F) -> P = spawn_link(F), receive {'EXIT', P, R} -> Strip(R) end end,
    Sleep = fun() -> timer:sleep(50000) end,
    Shoot = fun(R) -> P = spawn_link(Sleep), exit(P, R), receive {'EXIT', P, Q} -> Q end end,
    Nil = length([A || A <- registered(), A =:= nobody]),
    io:format("~w~n", [[See(fun() -> ok end), See(fun() -> exit(normal) end),
        See(fun() -> exit(reason) end), See(fun() -> 1 / Nil end),
        See(fun() -> error(reason) end), See(fun() -> throw(rocks) end),
        See(fun() -> exit("crash by me. ~n", reason) end), See(fun() -> exit(kill) end),
        Shoot(reason), Shoot(kill)]]),
    halt().
"""

SEEN = (
    "[normal,normal,reason,{badarith,Stack},{reason,Stack},{{nocatch,rocks},Stack},"
    "{badarg,Stack},kill,reason,killed]"
)


async def see(fn: Callable[..., object], *args: object) -> object:
    pid = spawn_link(fn, *args)
    _exit, _pid, reason = await receive((Atom.EXIT, pid, ...))
    return reason


async def shoot(reason: Atom) -> object:
    pid = spawn_link(process.sleep, 50.0)
    process.exit(pid, reason)
    return (await receive(Exit)).reason


async def all_ends() -> str:
    process.flag(trap_exit=True)
    return erlang(
        [
            await see(lambda: Atom.ok),
            await see(process.exit, Atom.normal),
            await see(process.exit, Atom.reason),
            await see(lambda: 1 / 0),
            await see(process.error, Atom.reason),
            await see(process.throw, Atom.rocks),
            await see(written),
            await see(process.exit, Atom.kill),
            await shoot(Atom.reason),
            await shoot(Atom.kill),
        ]
    )


def recorded() -> str:
    return SEEN


def real_erlang() -> str:
    program = ["erl", "-noshell", "-kernel", "logger_level", "none", "-eval", ENDS]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip().replace("'Stack'", "Stack")


JUDGES = [recorded, real_erlang] if shutil.which("erl") else [recorded]


@pytest.mark.slow  # starts Erlang
@pytest.mark.parametrize("judge", JUDGES)
def test_a_linked_process_sees_of_each_end_what_it_sees_in_erlang(
    judge: Callable[[], str],
) -> None:
    assert beamish.run(all_ends) == judge()
