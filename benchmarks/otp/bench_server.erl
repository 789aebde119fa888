%% The smallest gen_server: it counts its calls. One that is told so reports that it is up, which
%% is how the restart workload learns the pid of a new child.
-module(bench_server).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2]).

start_link(Watcher) ->
    gen_server:start_link(?MODULE, {up, Watcher}, []).

init({up, Watcher}) ->
    Watcher ! {up, self()},
    {ok, 0};
init(none) ->
    {ok, 0}.

handle_call(ping, _From, N) ->
    {reply, N, N + 1}.

handle_cast(_, N) ->
    {noreply, N}.
