%% What an operation costs while many other processes are alive: benchmarks/flat.py, in Erlang.
-module(bench_flat).
-export([main/1, answering/0, up/1]).

-define(BATCHES, 20).
-define(BATCH, 1000).

main([Alive]) ->
    Waiting = list_to_tuple([Pid || {Pid, _} <- spawn_all(list_to_integer(Alive))]),
    {Spawn, Send, Kill} = batches(?BATCHES, Waiting, {0, 0, 0}),
    Each = ?BATCHES * ?BATCH * 1000,
    io:format("{\"spawn\": ~.3f, \"send\": ~.3f, \"kill\": ~.3f}~n",
              [Spawn / Each, Send / Each, Kill / Each]),
    erlang:halt(0).

batches(0, _, Took) ->
    Took;
batches(N, Waiting, {Spawn, Send, Kill}) ->
    Chosen = [element(rand:uniform(tuple_size(Waiting)), Waiting) || _ <- lists:seq(1, ?BATCH)],
    Begin = erlang:monotonic_time(nanosecond),
    Made = spawn_all(?BATCH),
    Spawned = erlang:monotonic_time(nanosecond),
    ask(Chosen, 0),
    Sent = erlang:monotonic_time(nanosecond),
    kill(Made),
    Killed = erlang:monotonic_time(nanosecond),
    batches(N - 1, Waiting, {Spawn + Spawned - Begin, Send + Sent - Spawned, Kill + Killed - Sent}).

%% The latest comes first.
spawn_all(Count) ->
    Made = [spawn_monitor(?MODULE, answering, []) || _ <- lists:seq(1, Count - 1)],
    Last = spawn_monitor(?MODULE, up, [self()]),
    receive up -> [Last | lists:reverse(Made)] end.

ask([], _) ->
    ok;
ask([Pid | Rest], N) ->
    Pid ! {self(), N},
    receive _ -> ask(Rest, N + 1) end.

kill([]) ->
    ok;
kill([{Pid, Ref} | Rest]) ->
    exit(Pid, kill),
    receive {'DOWN', Ref, process, _, _} -> kill(Rest) end.

answering() ->
    receive {From, N} -> From ! N, answering() end.

%% The last of many: it runs after all that were spawned before it have reached their receive.
up(Main) ->
    Main ! up,
    answering().
