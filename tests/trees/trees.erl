%% Plays supervision trees on OTP's supervisor and writes what can be seen of them.
%%
%%   erl -noshell -run trees main IN OUT
%%
%% IN holds one term a scenario: {Tree, Steps}; OUT gets one line of JSON for each. What a tree, a
%% step and a result are is told in plan.py and play.py, which is this program on beamish.
-module(trees).
-behaviour(supervisor).
-export([main/1, init/1, start_worker/3, start_supervisor/3, worker/6, gate/1]).

main([In, Out]) ->
    logger:set_primary_config(level, none),
    {ok, Scenarios} = file:consult(In),
    {ok, File} = file:open(Out, [write]),
    [io:format(File, "~ts~n", [json(play(S))]) || S <- Scenarios],
    ok = file:close(File),
    halt().

play({Tree, Steps}) ->
    Me = self(),
    Pid = spawn(fun() -> Me ! {self(), scenario(Tree, Steps)} end),
    receive {Pid, Result} -> Result end.

scenario(Tree, Steps) ->
    process_flag(trap_exit, true),
    put(tag, {root, 0}),
    Counts = ets:new(counts, [public]),
    Me = self(),
    Recorder = spawn_link(fun() -> record(#{live => #{}, events => [], deaths => []}) end),
    World = {Counts, Recorder, Me},
    Began = clean(start_supervisor(World, Me, Tree)),
    First = observe(World, Began),
    [First | steps(World, Steps, First)].

steps(_, _, [_, _, _, gone]) -> [];
steps(World, [], _) ->
    Root = pid_of(World, root),
    exit(Root, shutdown),
    [observe(World, stopped)];
steps(World, [Step | Steps], _) ->
    Seen = observe(World, clean(step(World, Step))),
    [Seen | steps(World, Steps, Seen)].

%% ---- what is done to a tree

step(World, {both, Sup, One, Other}) -> while_busy(World, pid_of(World, Sup), [One, Other]);
step(World, {kill, Id}) -> on(World, Id, fun(Pid) -> exit(Pid, kill) end);
step(World, {signal, Id, Reason}) -> on(World, Id, fun(Pid) -> exit(Pid, Reason) end);
step(World, {tell, Id, What}) -> on(World, Id, fun(Pid) -> Pid ! {do, What} end);
step(World, {terminate, Sup, Id}) -> ask(World, Sup, fun(S) -> supervisor:terminate_child(S, Id) end);
step(World, {restart, Sup, Id}) -> ask(World, Sup, fun(S) -> supervisor:restart_child(S, Id) end);
step(World, {delete, Sup, Id}) -> ask(World, Sup, fun(S) -> supervisor:delete_child(S, Id) end);
step(World, {start, Sup, Child}) ->
    ask(World, Sup, fun(S) -> supervisor:start_child(S, spec(World, Child)) end).

%% Two children end while their supervisor waits for a third to start, which is ignored.
while_busy(_, none, _) -> none;
while_busy(World, Sup, Ends) ->
    Gate = #{id => gate, restart => temporary, start => {trees, gate, [self()]}},
    spawn(fun() -> supervisor:start_child(Sup, Gate) end),
    receive {gate, Sup} -> ok end,
    [ended(World, pid_of(World, element(2, End)), End) || End <- Ends],
    Sup ! open,
    both.

gate(Asker) ->
    Asker ! {gate, self()},
    receive open -> ignore end.

ended(_, none, _) -> ok;
ended(World, Pid, End) ->
    Ref = monitor(process, Pid),
    step(World, End),
    receive {'DOWN', Ref, _, _, _} -> ok end.

on(World, Id, Do) ->
    case pid_of(World, Id) of none -> none; Pid -> Do(Pid), ok end.

ask(World, Id, Do) ->
    case pid_of(World, Id) of
        none -> none;
        Pid -> try Do(Pid) catch exit:{Reason, _} -> {exits, Reason} end
    end.

%% ---- the tree

spec(World, {worker, Id, Restart, Shutdown, Significant, _, _} = Child) ->
    #{id => Id, restart => Restart, shutdown => Shutdown, significant => Significant,
      start => {trees, start_worker, [World, Child, Id]}};
spec(World, {supervisor, Id, Restart, Shutdown, Significant, _, _, _} = Child) ->
    #{id => Id, restart => Restart, shutdown => Shutdown, significant => Significant,
      type => supervisor, start => {trees, start_supervisor, [World, Id, Child]}}.

start_worker(World, {worker, Id, _, _, _, Kind, Fails}, Id) ->
    N = count(World, Id),
    case lists:keyfind(N, 1, Fails) of
        {N, error} -> {error, why};
        {N, ignore} -> ignore;
        {N, odd} -> odd;
        {N, crash} -> error(broken);
        {N, die} -> proc_lib:start_link(trees, worker, [World, self(), get(tag), {Id, N}, Kind, die]);
        false -> proc_lib:start_link(trees, worker, [World, self(), get(tag), {Id, N}, Kind, live])
    end.

worker(World, Parent, Above, Tag, Kind, How) ->
    process_flag(trap_exit, Kind =/= plain),
    note(World, up, Above, Tag, worker),
    How =:= die andalso exit(unborn),
    proc_lib:init_ack(Parent, {ok, self()}),
    live(World, Parent, Above, Tag, Kind).

live(World, Parent, Above, Tag, Kind) ->
    receive
        {do, {exit, Reason}} -> exit(Reason);
        {do, raise} -> error(broken);
        {do, unlink} -> unlink(Parent), live(World, Parent, Above, Tag, Kind);
        {'EXIT', Parent, shutdown} when Kind =:= stubborn -> live(World, Parent, Above, Tag, Kind);
        {'EXIT', Parent, shutdown} -> note(World, stopping, Above, Tag, worker), exit(shutdown);
        {'EXIT', Parent, Reason} -> exit(Reason);
        {'EXIT', _, _} -> live(World, Parent, Above, Tag, Kind)
    end.

start_supervisor(World, _, {supervisor, Id, _, _, _, _, _, Fails} = Tree) ->
    N = count(World, Id),
    case lists:keyfind(N, 1, Fails) of
        {N, error} -> {error, why};
        {N, How} -> supervisor:start_link(trees, {World, get(tag), {Id, N}, Tree, How});
        false -> supervisor:start_link(trees, {World, get(tag), {Id, N}, Tree, live})
    end.

init({World, Above, Tag, {supervisor, _, _, _, _, Flags, Children, _}, How}) ->
    put(tag, Tag),
    note(World, up, Above, Tag, supervisor),
    {Strategy, Intensity, AutoShutdown} = Flags,
    case How of
        ignore -> ignore;
        live ->
            {ok, {#{strategy => Strategy, intensity => Intensity, period => 1000,
                    auto_shutdown => AutoShutdown},
                  [spec(World, Child) || Child <- Children]}}
    end.

count({Counts, _, _}, Id) -> ets:update_counter(Counts, Id, 1, {Id, 0}).

%% ---- the recorder: who was started, who stopped, who died of what

note({_, Recorder, _}, What, Above, Tag, Kind) ->
    Ref = make_ref(),
    Recorder ! {note, self(), Ref, What, Above, Tag, Kind},
    receive Ref -> ok end.

record(#{live := Live, events := Events, deaths := Deaths} = State) ->
    receive
        {note, Pid, Ref, up, Above, Tag, Kind} ->
            monitor(process, Pid),
            Pid ! Ref,
            record(State#{live := Live#{Pid => {Tag, Kind}}, events := [{Above, up, Tag} | Events]});
        {note, Pid, Ref, What, Above, Tag, _} ->
            Pid ! Ref,
            record(State#{events := [{Above, What, Tag} | Events]});
        {'DOWN', _, _, Pid, Reason} ->
            #{Pid := {Tag, _}} = Live,
            record(State#{live := maps:remove(Pid, Live), deaths := [{Tag, Reason} | Deaths]});
        {live, From} ->
            From ! {live, Live},
            record(State);
        {number, From} ->
            From ! {number, length(Events) + length(Deaths)},
            record(State);
        {take, From} ->
            From ! {took, lists:reverse(Events), lists:reverse(Deaths)},
            record(State#{events := [], deaths := []})
    end.

live_ones({_, Recorder, _}) ->
    Recorder ! {live, self()},
    receive {live, Live} -> Live end.

number({_, Recorder, _}) ->
    Recorder ! {number, self()},
    receive {number, N} -> N end.

%% The latest process of that id that lives.
pid_of(World, Id) ->
    case lists:sort([{N, Pid} || {Pid, {{I, N}, _}} <- maps:to_list(live_ones(World)), I =:= Id]) of
        [] -> none;
        Found -> element(2, lists:last(Found))
    end.

%% ---- what is seen

observe(World, Result) ->
    settle(World, none, 0),
    {_, Recorder, _} = World,
    Recorder ! {take, self()},
    receive {took, Events, Deaths} -> ok end,
    Seen = case pid_of(World, root) of none -> gone; Root -> tree(World, Root) end,
    [Result, Events, Deaths, Seen].

tree(World, Sup) ->
    Children = [[Id, seen(World, Pid, Type)] || {Id, Pid, Type, _} <- supervisor:which_children(Sup)],
    Counts = supervisor:count_children(Sup),
    [Children, [proplists:get_value(K, Counts) || K <- [specs, active, supervisors, workers]]].

seen(World, Pid, Type) when is_pid(Pid) ->
    case {is_process_alive(Pid), Type} of
        {false, _} -> ghost;
        {true, supervisor} -> tree(World, Pid);
        {true, worker} -> running
    end;
seen(_, Pid, _) -> Pid.

%% All is quiet when nothing has happened in three looks at processes that all wait; a supervisor
%% answers only when it is done with what it was doing.
settle(_, _, 3) -> ok;
settle(World, Before, Quiet) ->
    Live = maps:to_list(live_ones(World)),
    [catch supervisor:which_children(Pid) || {Pid, {_, supervisor}} <- Live],
    erlang:yield(),
    Number = number(World),
    case Number =:= Before andalso lists:all(fun({Pid, _}) -> waits(Pid) end, Live) of
        true -> settle(World, Number, Quiet + 1);
        false -> settle(World, Number, 0)
    end.

waits(Pid) ->
    process_info(Pid, [status, message_queue_len]) =:= [{status, waiting}, {message_queue_len, 0}].

clean({ok, Pid}) when is_pid(Pid) -> ok;
clean({ok, undefined}) -> ignored;
clean({error, {already_started, Pid}}) when is_pid(Pid) -> {error, already_started};
clean({error, {Reason, Child}}) when is_tuple(Child), element(1, Child) =:= child -> {error, Reason};
clean(Other) -> Other.

%% ---- JSON; tuples are lists, a stack is the word

json([{_, _, Arity, [_ | _]} | _]) when is_integer(Arity); is_list(Arity) -> "\"stack\"";
json([{_, _, Arity, []} | _]) when is_integer(Arity); is_list(Arity) -> "\"stack\"";
json(List) when is_list(List) -> ["[", lists:join(",", [json(One) || One <- List]), "]"];
json(Tuple) when is_tuple(Tuple) -> json(tuple_to_list(Tuple));
json(Number) when is_integer(Number) -> integer_to_list(Number);
json(Atom) when is_atom(Atom) -> ["\"", atom_to_list(Atom), "\""];
json(Pid) when is_pid(Pid) -> "\"pid\"".
