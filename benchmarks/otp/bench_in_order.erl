%% 20,000 lines of a socket, taken in their order: benchmarks/workloads/in_order.py, in Erlang.
-module(bench_in_order).
-export([run/1]).

-define(LINES, 20000).

run(Size) ->
    Rounds = Size div ?LINES,
    Took = lists:sum([take(make_ref()) || _ <- lists:seq(1, Rounds)]),
    Rounds * ?LINES * 1.0e9 / Took.

take(Socket) ->
    [self() ! {tcp, Socket, <<"line\n">>} || _ <- lists:seq(1, ?LINES)],
    Start = erlang:monotonic_time(nanosecond),
    lines(Socket, ?LINES),
    erlang:monotonic_time(nanosecond) - Start.

lines(_, 0) ->
    ok;
lines(Socket, N) ->
    receive
        {tcp, Socket, _} -> lines(Socket, N - 1);
        {tcp_closed, Socket} -> ok
    end.
