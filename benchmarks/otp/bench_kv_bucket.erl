%% Keeps keys and values, and tells who has subscribed of each change.
-module(bench_kv_bucket).
-behaviour(gen_server).
-export([start_link/1, get/2, put/3]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link(Name) ->
    gen_server:start_link(?MODULE, Name, []).

get(Bucket, Key) ->
    gen_server:call(Bucket, {get, Key}).

put(Bucket, Key, Value) ->
    gen_server:call(Bucket, {put, Key, Value}).

init(Name) ->
    {ok, {Name, #{}}}.

handle_call({get, Key}, _From, {_, Items} = State) ->
    {reply, maps:get(Key, Items, <<>>), State};
handle_call({put, Key, Value}, _From, {Name, Items}) ->
    [Pid ! {put, Key, Value} || {_, Pid} <- ets:lookup(kv_subscribers, Name)],
    {reply, ok, {Name, Items#{Key => Value}}}.

handle_cast(_, State) ->
    {noreply, State}.
