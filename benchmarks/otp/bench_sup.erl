%% A supervisor of one permanent child that lives through 100 restarts.
-module(bench_sup).
-behaviour(supervisor).
-export([init/1]).

init(Watcher) ->
    Child = #{id => child, start => {bench_server, start_link, [Watcher]}},
    {ok, {#{strategy => one_for_one, intensity => 100, period => 1}, [Child]}}.
