%% A supervisor of one permanent child that lives through 100 restarts; of one that may be restarted
%% forever, {long, Watcher}; of many children, {children, N}.
-module(bench_sup).
-behaviour(supervisor).
-export([init/1]).

init({long, Watcher}) ->
    Child = #{id => child, start => {bench_server, start_link, [Watcher]}},
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 3600}, [Child]}};
init({children, N}) ->
    Start = {gen_server, start_link, [bench_server, none, []]},
    {ok, {#{strategy => one_for_one}, [#{id => Id, start => Start} || Id <- lists:seq(1, N)]}};
init(Watcher) ->
    Child = #{id => child, start => {bench_server, start_link, [Watcher]}},
    {ok, {#{strategy => one_for_one, intensity => 100, period => 1}, [Child]}}.
