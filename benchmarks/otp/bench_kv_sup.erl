%% Over the buckets, and over the tasks: its children are started as they are asked for.
-module(bench_kv_sup).
-behaviour(supervisor).
-export([start_link/1, init/1]).

start_link(Module) ->
    supervisor:start_link({local, Module}, ?MODULE, Module).

init(Module) ->
    Start = case Module of
                bench_kv -> start_task;
                _ -> start_link
            end,
    {ok, {#{strategy => simple_one_for_one},
          [#{id => Module, start => {Module, Start, []}, restart => temporary}]}}.
