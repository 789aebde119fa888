"""The exits of failed calls: a table; a real Erlang and a real Elixir say whether it is right."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import pytest

from beamish import process
from beamish.otp import DynamicSupervisor, GenServer, PartitionSupervisor, Supervisor, call
from beamish.terms import Pid

from .failed_calls import ELIXIR, ERLANG, Asked, Line
from .support import exit_reason, on_real_clock, on_virtual_clock

_PATIENCE = 120.0

_ERLANG = """
main(_) ->
    Me = self(),
    F = fun lists:sort/1,
    Silent = spawn(fun() -> receive after infinity -> ok end end),
    Write = fun(Term) -> lists:flatten(io_lib:format("~0p", [Term])) end,
    Named = fun({What, Name}, Text) -> string:replace(Text, Write(What), Name, all) end,
    Show = fun(Reason) ->
        lists:foldl(Named, Write(Reason), [{Me, "Me"}, {Silent, "Silent"}, {F, "F"}])
    end,
    Hide = fun(Reason, none) -> Reason;
              ({Reason, {Module, Function, Args}}, N) ->
                  {Before, [_ | After]} = lists:split(N, Args),
                  {Reason, {Module, Function, Before ++ ['Hidden'] ++ After}}
           end,
    Exit = fun(Call, Hidden) ->
        try io:format("~0p~n", [{returned, Call()}])
        catch exit:Reason -> io:format("~s~n", [Show(Hide(Reason, Hidden))]) end
    end,
    %s.
"""

_ELIXIR = """
me = self()
f = fn state -> state end
silent = spawn(fn -> Process.sleep(:infinity) end)
write = fn term -> to_string(:io_lib.format(~c"~0p", [term])) end
show = fn reason ->
  write.(reason)
  |> String.replace(write.(me), "Me")
  |> String.replace(write.(silent), "Silent")
  |> String.replace("Elixir.", "")
end
hide = fn
  reason, nil -> reason
  {reason, {module, function, args}}, n ->
    {reason, {module, function, List.replace_at(args, n, :Hidden)}}
end
exits = fn call, hidden ->
  try do
    IO.puts(write.({:returned, call.()}))
  catch
    :exit, reason -> IO.puts(show.(hide.(reason, hidden)))
  end
end
%s
"""


@pytest.mark.parametrize("line", [*ERLANG, *ELIXIR], ids=lambda line: line.theirs)
@on_virtual_clock
async def test_a_failed_call_says_what_was_called(line: Line) -> None:
    to = Asked(process.self(), process.spawn(process.sleep, None))

    reason = await exit_reason(line.ours(to))

    names = {to.me: "Me", to.silent: "Silent"}
    assert as_erlang_writes(reason, names, line.hidden) == line.reason


@pytest.mark.parametrize("kind", [DynamicSupervisor, PartitionSupervisor, Supervisor])
@on_real_clock
async def test_supervisors_of_all_kinds_fail_as_erlangs(kind: Any) -> None:
    reason = await exit_reason(kind.which_children("nobody"))

    assert reason == ("noproc", ("gen_server", "call", ("nobody", "which_children", "infinity")))


@on_real_clock
async def test_a_method_that_is_a_call_fails_as_gen_server_does() -> None:
    class Counter(GenServer):
        @call
        def bump(self, by: int) -> int:
            return by

        @call(timeout=1.0)
        def slow(self) -> None: ...

    async def shown(asked: Any) -> tuple[str, Any]:
        _, (module, function, (dest, request, *timeout)) = await exit_reason(asked)
        assert (module, function, dest) == ("gen_server", "call", "nobody")
        return repr(request), timeout

    assert await shown(Counter.bump("nobody", 2)) == ("bump(2)", [])
    assert await shown(Counter.bump.within(0.1)("nobody", 2)) == ("bump(2)", [0.1])
    assert await shown(Counter.bump.within(None)("nobody", 2)) == ("bump(2)", ["infinity"])
    assert await shown(Counter.slow("nobody")) == ("slow()", [1.0])


@pytest.mark.slow  # starts an Erlang
def test_the_table_is_what_a_real_erlang_says(tmp_path: Path) -> None:
    calls = [
        f"Exit(fun() -> {line.theirs.replace('a@b', repr('a@b'))} end, "
        f"{'none' if line.hidden is None else line.hidden})"
        for line in ERLANG
    ]
    script = tmp_path / "calls.escript"
    script.write_text("#!/usr/bin/env escript\n" + _ERLANG % ",\n    ".join(calls))

    said = printed("escript", str(script))

    assert said == [line.reason for line in ERLANG]


@pytest.mark.slow  # starts an Elixir
def test_the_table_is_what_a_real_elixir_says(tmp_path: Path) -> None:
    calls = [
        f"exits.(fn -> {line.theirs} end, {'nil' if line.hidden is None else line.hidden})"
        for line in ELIXIR
    ]
    script = tmp_path / "calls.exs"
    script.write_text(_ELIXIR % "\n".join(calls))

    said = printed("elixir", str(script))

    assert said == [line.reason for line in ELIXIR]


def as_erlang_writes(term: Any, names: dict[Pid, str], hidden: int | None = None) -> str:
    """A term as Erlang writes it, the arguments of a call as a list."""
    match term:
        case (reason, (str() as module, function, tuple())):
            arguments: tuple[Any, ...] = term[1][2]
            args = [as_erlang_writes(one, names) for one in arguments]
            if hidden is not None:
                args[hidden] = "Hidden"
            call = f"{module},{as_erlang_writes(function, names)},[{','.join(args)}]"
            return f"{{{as_erlang_writes(reason, names)},{{{call}}}}}"
        case tuple():
            parts = cast("tuple[Any, ...]", term)
            return "{" + ",".join(as_erlang_writes(part, names) for part in parts) + "}"
        case Pid():
            return names[term]
        case bool():
            return str(term).lower()
        case float():
            return str(round(term * 1000))
        case type():
            return term.__name__.lower()
        case FunctionType():
            return "F"
        case _:
            return str(term)


def printed(*command: str) -> list[str]:
    """What a program prints, without the quotes of its atoms."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.replace("'", "").splitlines()
