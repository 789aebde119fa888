%% Plays scenarios (see scenario.py) on gen_statem; one line of output for each.
%% The state machines' callback modules sf, sfe, he and hee are made of this module's functions.
-module(player).
-export([main/2, init/1, answer/4, terminate/3]).

main(File, Count) ->
    logger:set_primary_config(level, none),
    make_modules(),
    {ok, Scenarios} = file:consult(File),
    Count = length(Scenarios),
    Me = self(),
    Pids = [begin
                timer:sleep(2),  % so that few begin at one time
                spawn_link(fun() -> Me ! {self(), drive(S)} end)
            end || S <- Scenarios],
    lists:foreach(
      fun(Pid) -> receive {Pid, Trace} -> io:format("~w.~n", [Trace]) end end, Pids).

make_modules() ->
    [make_module(M, Mode) ||
        {M, Mode} <- [{sf, "state_functions"}, {sfe, "[state_functions,state_enter]"},
                      {he, "handle_event_function"}, {hee, "[handle_event_function,state_enter]"}]].

make_module(M, Mode) ->
    Name = atom_to_list(M),
    Lines =
        ["-module(" ++ Name ++ ").", "-compile([export_all,nowarn_export_all]).",
         "callback_mode() -> " ++ Mode ++ ".",
         "init(Args) -> player:init(Args).",
         "terminate(R, S, D) -> player:terminate(R, S, D).",
         "handle_event(T, C, S, _) -> player:answer(" ++ Name ++ ", T, C, S)."]
        ++ [S ++ "(T, C, _) -> player:answer(" ++ Name ++ ", T, C, " ++ S ++ ")."
            || S <- ["s0", "s1", "s2", "s3"]],
    Forms = [begin
                 {ok, Tokens, _} = erl_scan:string(Line),
                 {ok, Form} = erl_parse:parse_form(Tokens),
                 Form
             end || Line <- Lines],
    {ok, M, Code} = compile:forms(Forms),
    {module, M} = code:load_binary(M, Name, Code).

%% ---- the machine

init({Log, {_, {State, Actions}, Rules, _}, Most}) ->
    Log ! {here, self()},
    receive go -> ok end,
    put(log, Log),
    put(rules, maps:from_list(Rules)),
    put(left, Most),
    {ok, State, data, do(Actions)}.

answer(Module, Type, Content, State) ->
    Kind = case Type of
               {call, From} -> put(caller, From), call;
               _ -> Type
           end,
    get(log) ! {event, Module, Kind, Content, State},
    case put(left, get(left) - 1) of
        0 -> stop;
        _ -> answer_in_turn({State, Kind, Content})
    end.

answer_in_turn(Key) ->
    case get(rules) of
        #{Key := Answers} ->
            Turn = case get({turn, Key}) of undefined -> 0; N -> N end,
            put({turn, Key}, Turn + 1),
            {Result, Actions} = lists:nth(Turn rem length(Answers) + 1, Answers),
            result(Result, Actions);
        _ ->
            keep_state_and_data
    end.

result({next_state, State}, As) -> {next_state, State, data, do(As)};
result(keep_state, As) -> {keep_state, data, do(As)};
result(keep_state_and_data, As) -> {keep_state_and_data, do(As)};
result(repeat_state, As) -> {repeat_state, data, do(As)};
result(repeat_state_and_data, As) -> {repeat_state_and_data, do(As)};
result({throw, Result}, As) -> throw(result(Result, As));
result({stop_and_reply, Reason, As}, _) -> {stop_and_reply, Reason, do(As)};
result({error, Reason}, _) -> error(Reason);
result({exit, Reason}, _) -> exit(Reason);
result(Other, _) -> Other.

do(Actions) -> lists:flatmap(fun action/1, Actions).

action({reply, Value}) -> with_caller(fun(From) -> {reply, From, Value} end);
action({next_event, call, C}) -> with_caller(fun(From) -> {next_event, {call, From}, C} end);
action({hibernate}) -> [hibernate];
action({postpone, true}) -> [postpone];
action({timer, Kind, {abs, Later}, C}) ->
    [{Kind, erlang:monotonic_time(millisecond) + Later, C, [{abs, true}]}];
action({timer, Kind, cancel, _}) -> [{Kind, cancel}];
action({timer, Kind, Time, C}) -> [{Kind, Time, C}];
action({change, M}) -> [{change_callback_module, M}];
action({push, M}) -> [{push_callback_module, M}];
action({pop, _}) -> [pop_callback_module];
action(Other) -> [Other].

with_caller(Make) ->
    case get(caller) of
        undefined -> [];
        From -> [Make(From)]
    end.

terminate(Reason, State, _) -> get(log) ! {terminate, tag(Reason), State}.

tag(Reason) when is_tuple(Reason) -> element(1, Reason);
tag(Reason) -> Reason.

%% ---- the world around it

drive({Module, _, _, Script} = Scenario) ->
    Me = self(),
    spawn(fun() -> gen_statem:start(Module, {Me, Scenario, 80}, []), Me ! started end),
    Pid = receive {here, New} -> New end,
    Ref = monitor(process, Pid),
    Pid ! go,
    receive started -> ok end,
    Start = erlang:monotonic_time(millisecond),
    {Calls, Last} = lists:foldl(
        fun({Wait, Events}, {Calls0, At}) ->
            sleep_until(At + Wait),
            {lists:foldl(fun(E, Cs) -> send(Pid, E, Cs) end, Calls0, Events), At + Wait}
        end, {#{}, Start}, Script),
    sleep_until(Last + 600),
    exit(Pid, kill),
    lines(Ref, Calls).

sleep_until(Time) ->
    receive after max(0, Time - erlang:monotonic_time(millisecond)) -> ok end.

send(Pid, {cast, C}, Calls) -> gen_statem:cast(Pid, C), Calls;
send(Pid, {info, C}, Calls) -> Pid ! C, Calls;
send(Pid, {call, C}, Calls) ->
    Tag = [alias | alias()],
    Pid ! {'$gen_call', {self(), Tag}, C},
    Calls#{Tag => maps:size(Calls)}.

lines(Ref, Calls) ->
    receive
        {'DOWN', Ref, _, _, Reason} -> [{down, tag(tag(Reason))}];
        {Tag, Reply} when is_map_key(Tag, Calls) ->
            [{reply, maps:get(Tag, Calls), Reply} | lines(Ref, Calls)];
        Told -> [Told | lines(Ref, Calls)]
    end.
