%% Responses to a collection of requests: benchmarks/workloads/responses.py, in Erlang.
-module(bench_responses).
-behaviour(gen_server).
-export([run/1, init/1, handle_call/3, handle_cast/2]).

-define(REQUESTS, 10000).

run(Size) ->
    Rounds = Size div ?REQUESTS,
    {ok, Server} = gen_server:start_link(?MODULE, [], []),
    Took = lists:sum([take(Server) || _ <- lists:seq(1, Rounds)]),
    ok = gen_server:stop(Server),
    Rounds * ?REQUESTS * 1.0e9 / Took.

take(Server) ->
    Requests = lists:foldl(fun(N, Ids) -> gen_server:send_request(Server, N, N, Ids) end,
                           gen_server:reqids_new(), lists:seq(1, ?REQUESTS)),
    _ = gen_server:call(Server, others),
    Start = erlang:monotonic_time(nanosecond),
    responses(Requests, ?REQUESTS),
    erlang:monotonic_time(nanosecond) - Start.

responses(_, 0) ->
    ok;
responses(Requests, N) ->
    {_, _, Rest} = gen_server:receive_response(Requests, infinity, true),
    responses(Rest, N - 1).

init([]) -> {ok, []}.

handle_call(Request, _, State) -> {reply, Request, State}.

handle_cast(_, State) -> {noreply, State}.
