%% Maps names to buckets, and forgets a bucket that dies.
-module(bench_kv_registry).
-behaviour(gen_server).
-export([start_link/0, lookup/1, create/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

lookup(Name) ->
    gen_server:call(?MODULE, {lookup, Name}).

create(Name) ->
    gen_server:call(?MODULE, {create, Name}).

init(none) ->
    {ok, {#{}, #{}}}.

handle_call({lookup, Name}, _From, {Buckets, _} = State) ->
    {reply, maps:find(Name, Buckets), State};
handle_call({create, Name}, _From, {Buckets, Names} = State) ->
    case Buckets of
        #{Name := Pid} ->
            {reply, Pid, State};
        #{} ->
            {ok, Pid} = supervisor:start_child(bench_kv_bucket, [Name]),
            Ref = monitor(process, Pid),
            {reply, Pid, {Buckets#{Name => Pid}, Names#{Ref => Name}}}
    end.

handle_cast(_, State) ->
    {noreply, State}.

handle_info({'DOWN', Ref, process, _, _}, {Buckets, Names}) ->
    {Name, Left} = maps:take(Ref, Names),
    {noreply, {maps:remove(Name, Buckets), Left}}.
