%% Differential oracle: runs process scenarios on a real Erlang node and prints
%% the canonical trace of each.  The language is described in scenario.md.
%%
%%   erlc oracle.erl
%%   erl -noshell -run oracle main IN.jsonl OUT.jsonl
%%   erl -noshell -run oracle main IN.jsonl OUT.jsonl jitter 7
%%
%% IN holds one scenario (a JSON object) a line; OUT gets one result a line, in
%% the same order.  With `jitter SEED` the run is disturbed at random wherever
%% Erlang promises no order (pauses between the operations of an actor, signals
%% of one step shuffled in the mailbox): a scenario whose trace changes then is
%% not deterministic.
%%
%% Works on OTP 25 and later; needs nothing beyond kernel and stdlib.
-module(oracle).
-export([main/0, main/1, run_file/3, run/2]).

-record(ctx, {ctl, name, tab, jit}).

main() -> main([]).

main([In, Out]) -> main([In, Out, "plain", "0"]);
main([In, Out, Mode, Seed]) ->
    _ = logger:set_primary_config(level, none),
    Jit = case Mode of
              "plain" -> none;
              "jitter" -> list_to_integer(Seed)
          end,
    Rc = try run_file(In, Out, Jit), 0
         catch C:R:S ->
                 io:format(standard_error, "oracle: ~p:~p~n~p~n", [C, R, S]),
                 1
         end,
    erlang:halt(Rc);
main(_) ->
    io:format(standard_error,
              "usage: erl -noshell -pa DIR -run oracle main "
              "IN.jsonl OUT.jsonl [jitter SEED]~n", []),
    erlang:halt(2).

run_file(In, Out, Jit) ->
    {ok, Bin} = file:read_file(In),
    {ok, Fd} = file:open(Out, [write, raw, {delayed_write, 1000000, 1000}]),
    Lines = [L || L <- binary:split(Bin, <<"\n">>, [global]), L =/= <<>>],
    lists:foldl(
      fun(L, N) ->
              Scn = json_decode(L),
              J = case Jit of none -> none; _ -> {Jit, N} end,
              Res = run(Scn, J),
              ok = file:write(Fd, [json_encode(Res), $\n]),
              N + 1
      end, 1, Lines),
    ok = file:close(Fd).

%% Runs one decoded scenario; the result is a term for json_encode/1.
run(Scn, Jit) ->
    Id = maps:get(<<"id">>, Scn, <<"?">>),
    {Pid, Ref} = spawn_monitor(fun() -> exit({done, scenario(Scn, Jit)}) end),
    receive
        {'DOWN', Ref, process, Pid, {done, {Trace, Final, Racy}}} ->
            {obj, [{<<"id">>, Id}, {<<"trace">>, Trace}, {<<"final">>, Final}
                   | [{<<"racy">>, true} || Racy]]};
        {'DOWN', Ref, process, Pid, Other} ->
            {obj, [{<<"id">>, Id},
                   {<<"oracle_error">>,
                    unicode:characters_to_binary(
                      io_lib:format("~0p", [Other]))}]}
    after 60000 ->
            exit(Pid, kill),
            {obj, [{<<"id">>, Id}, {<<"oracle_error">>, <<"timeout">>}]}
    end.

%% ------------------------------------------------------------------
%% The controller
%% ------------------------------------------------------------------

-record(st, {tab, jit,
             alive = #{},        % Name => Pid
             blocked = #{},      % Name => true
             res = #{},          % Name => [Result], newest first, this step
             died = [],          % [{Name, Reason}] this step
             woke = [],          % [{Name, Msg}] awaits satisfied this step
             boxes = #{},        % Name => raw mailbox at the last quiescence
             shown = #{},        % Name => mailbox as last shown
             events = 0,         % anything that may still have consequences
             timer = false,      % a timer of 0 ms was started
             racy = false}).

scenario(Scn, Jit) ->
    case Jit of
        none -> ok;
        {Seed, N} -> _ = rand:seed(exsss, {Seed, N, 77})
    end,
    Tab = ets:new(env, [set, public]),
    S0 = #st{tab = Tab, jit = Jit},
    ets:insert(Tab, [{{pid, self()}, <<"ctl">>}, {<<"@ctl">>, self()}]),
    S1 = lists:foldl(
           fun(Name, S) ->
                   Pid = spawn_actor(self(), Name, Tab, Jit, []),
                   adopt(Name, Pid, S)
           end, S0, maps:get(<<"actors">>, Scn)),
    {Trace, S2} = lists:mapfoldl(fun step/2, S1, maps:get(<<"steps">>, Scn)),
    Final = final(S2),
    [exit(P, kill) || P <- maps:values(S2#st.alive)],
    [receive {'DOWN', _, process, P, _} -> ok end
     || P <- maps:values(S2#st.alive)],
    {Trace, Final, S2#st.racy}.

%% The controller watches each actor.
adopt(Name, Pid, S) ->
    _ = erlang:monitor(process, Pid),
    S#st{alive = (S#st.alive)#{Name => Pid}}.

step(#{<<"by">> := By, <<"do">> := Ops}, S0) ->
    S1 = S0#st{res = #{}, died = [], woke = [], events = 0, timer = false},
    case {S1#st.alive, S1#st.blocked, ets:member(S1#st.tab, <<"@", By/binary>>)} of
        {_, #{By := _}, _} ->
            {{obj, [{<<"r">>, <<"busy">>}]}, S1};
        {#{By := Pid}, _, _} ->
            Pid ! {'$cmd', Ops},
            S2 = quiesce(wait_cmd(By, S1)),
            report(By, S2);
        {_, _, true} ->
            {{obj, [{<<"r">>, <<"dead">>}]}, S1};
        {_, _, false} ->
            {{obj, [{<<"r">>, <<"unbound">>}]}, S1}
    end.

%% Until the acting actor has finished its operations, waits, or is dead.
wait_cmd(By, S) ->
    {Ev, S1} = event(S),
    case Ev of
        {done, By} -> S1;
        {blocked, By} -> S1;
        {died, By} -> S1;
        _ -> wait_cmd(By, S1)
    end.

event(S) ->
    receive
        {'$born', Name, Pid, From} ->
            S1 = adopt(Name, Pid, S),
            From ! '$ack',
            {born, bump(S1)};
        {'$res', Name, R} ->
            Old = maps:get(Name, S#st.res, []),
            {res, bump(S#st{res = (S#st.res)#{Name => [R | Old]}})};
        {'$timer', _} ->
            {timer, bump(S#st{timer = true})};
        {'$done', Name} ->
            {{done, Name}, bump(S)};
        {'$blocked', Name} ->
            {{blocked, Name},
             bump(S#st{blocked = (S#st.blocked)#{Name => true}})};
        {'$woke', Name, Msg} ->
            {woke, bump(S#st{blocked = maps:remove(Name, S#st.blocked),
                             woke = [{Name, Msg} | S#st.woke]})};
        {'DOWN', _, process, Pid, Reason} ->
            [{_, Name}] = ets:lookup(S#st.tab, {pid, Pid}),
            {{died, Name},
             bump(S#st{alive = maps:remove(Name, S#st.alive),
                       blocked = maps:remove(Name, S#st.blocked),
                       boxes = maps:remove(Name, S#st.boxes),
                       shown = maps:remove(Name, S#st.shown),
                       died = [{Name, Reason} | S#st.died]})};
        {'$synced', Pid, K} ->
            {{synced, Pid, K}, S}
    after 20000 ->
            exit({no_quiescence, S#st.alive, S#st.blocked})
    end.

bump(S) -> S#st{events = S#st.events + 1}.

%% Rounds of asking every live actor to answer, until a whole round goes by
%% with nothing else happening.
quiesce(S0) ->
    case S0#st.timer of
        true -> timer:sleep(5);
        false -> ok
    end,
    K = make_ref(),
    Pids = maps:values(S0#st.alive),
    [P ! {'$sync', K} || P <- Pids],
    S1 = sync_round(maps:from_list([{P, true} || P <- Pids]), K,
                    S0#st{events = 0, timer = false}),
    case S1#st.events of
        0 when S0#st.events =:= 0 ->
            S1;
        _ ->
            %% something happened: let a dying process finish its signals
            case S0#st.died =/= S1#st.died orelse S1#st.events > 0
                orelse S1#st.died =/= [] of
                true -> timer:sleep(1);
                false -> ok
            end,
            quiesce(S1)
    end.

sync_round(Left, _K, S) when map_size(Left) =:= 0 ->
    drain(S);
sync_round(Left, K, S) ->
    {Ev, S1} = event(S),
    case Ev of
        {synced, Pid, K} -> sync_round(maps:remove(Pid, Left), K, S1);
        {died, Name} ->
            [{_, Pid}] = ets:lookup(S1#st.tab, <<"@", Name/binary>>),
            sync_round(maps:remove(Pid, Left), K, S1);
        _ -> sync_round(Left, K, S1)
    end.

drain(S) ->
    case process_info(self(), message_queue_len) of
        {_, 0} -> S;
        _ -> {_, S1} = event(S), drain(S1)
    end.

report(By, S) ->
    Tab = S#st.tab,
    Raw = maps:map(fun(_, P) -> mailbox(P) end, S#st.alive),
    S1 = check_racy(Raw, S),
    S2 = shuffle(Raw, S1),
    Shown = maps:map(fun(_, Ms) -> show_box(Ms, Tab) end, Raw),
    Changed = [{N, Box} || {N, Box} <- lists:sort(maps:to_list(Shown)),
                           Box =/= maps:get(N, S#st.shown, [])],
    Mine = lists:reverse(maps:get(By, S#st.res, [])),
    Late = [{N, lists:reverse(R)}
            || {N, R} <- lists:sort(maps:to_list(S#st.res)), N =/= By],
    Died = [{N, out(R, Tab)} || {N, R} <- lists:sort(S#st.died)],
    {{obj, [{<<"r">>, Mine}]
      ++ [{<<"late">>, {obj, Late}} || Late =/= []]
      ++ [{<<"died">>, {obj, Died}} || Died =/= []]
      ++ [{<<"mail">>, {obj, Changed}} || Changed =/= []]},
     S2#st{shown = Shown}}.

mailbox(Pid) ->
    case process_info(Pid, messages) of
        {messages, Ms} -> [M || M <- Ms, not internal(M)];
        undefined -> exit(actor_vanished)
    end.

internal(M) when is_tuple(M), tuple_size(M) >= 1 ->
    case element(1, M) of
        '$cmd' -> true;
        '$sync' -> true;
        '$shuffle' -> true;
        _ -> false
    end;
internal('$ack') -> true;
internal(_) -> false.

%% What a link or a monitor leaves in a mailbox, told by its form alone.
signal_key({'EXIT', P, _}, Tab) when is_pid(P) ->
    {true, <<"EXIT ", (out(P, Tab))/binary>>};
signal_key({_Tag, R, process, _, _}, Tab) when is_reference(R) ->
    {true, <<"DOWN ", (out(R, Tab))/binary>>};
signal_key(_, _) ->
    false.

%% Every run of consecutive signals is shown sorted (stably) by its key.
show_box(Ms, Tab) ->
    lists:append(
      [case Run of
           {plain, M} -> [out(M, Tab)];
           {signals, Ks} ->
               [out(M, Tab) || {_, M} <- lists:keysort(1, Ks)]
       end || Run <- runs(Ms, Tab)]).

runs([], _) -> [];
runs([M | T] = Ms, Tab) ->
    case signal_key(M, Tab) of
        false -> [{plain, M} | runs(T, Tab)];
        _ ->
            {Run, Rest} = lists:splitwith(
                            fun(X) -> signal_key(X, Tab) =/= false end, Ms),
            [{signals, [{element(2, signal_key(X, Tab)), X} || X <- Run]}
             | runs(Rest, Tab)]
    end.

%% The messages of New that were not in Old (which New keeps in order).
fresh(Old, New) -> fresh(Old, New, []).

fresh(_, [], Acc) -> {lists:reverse(Acc), []};
fresh([], New, Acc) -> {lists:reverse(Acc), New};
fresh([O | Old], [O | New], Acc) -> fresh(Old, New, [O | Acc]);
fresh([_ | Old], New, Acc) -> fresh(Old, New, Acc).

%% An actor woken by one signal while another came in the same step: which one
%% woke it is not promised.
check_racy(Raw, S) ->
    Tab = S#st.tab,
    Racy = lists:any(
             fun({N, Msg}) ->
                     signal_key(Msg, Tab) =/= false andalso
                         begin
                             New = element(2, fresh(maps:get(N, S#st.boxes, []),
                                                    maps:get(N, Raw, []))),
                             lists:any(fun(M) -> signal_key(M, Tab) =/= false end,
                                       New)
                         end
             end, S#st.woke),
    S#st{boxes = Raw, racy = S#st.racy orelse Racy}.

shuffle(_, S = #st{jit = none}) -> S;
shuffle(Raw, S = #st{tab = Tab, boxes = _}) ->
    %% S#st.boxes is already Raw; what was shown before tells the old length
    Boxes = maps:map(
              fun(N, Ms) ->
                      OldShown = maps:get(N, S#st.shown, []),
                      Kept = kept(OldShown, [out(M, Tab) || M <- Ms]),
                      {Old, New} = lists:split(Kept, Ms),
                      New1 = lists:append(
                               [case Run of
                                    {plain, M} -> [M];
                                    {signals, Ks} -> mix(Ks)
                                end || Run <- runs(New, Tab)]),
                      case Old ++ New1 of
                          Ms -> Ms;
                          Ms1 ->
                              P = maps:get(N, S#st.alive),
                              K = make_ref(),
                              P ! {'$shuffle', Ms1, K},
                              receive {'$synced', P, K} -> ok end,
                              Ms1
                      end
              end, Raw),
    S#st{boxes = Boxes}.

%% How many messages at the head of New were there before (as a multiset).
kept(Old, New) -> kept(Old, New, 0).

kept(_, [], N) -> N;
kept(Old, [M | T], N) ->
    case lists:member(M, Old) of
        true -> kept(lists:delete(M, Old), T, N + 1);
        false -> N
    end.

%% A random order of the keys, messages of one key staying in theirs.
mix(Ks) ->
    Rank = maps:from_list([{K, rand:uniform()} || {K, _} <- Ks]),
    [M || {_, M} <- lists:keysort(1, [{maps:get(K, Rank), M} || {K, M} <- Ks])].

final(S) ->
    Tab = S#st.tab,
    {obj,
     [begin
          {links, L} = process_info(P, links),
          {monitors, M} = process_info(P, monitors),
          {monitored_by, B} = process_info(P, monitored_by),
          {trap_exit, T} = process_info(P, trap_exit),
          Name = case process_info(P, registered_name) of
                     {registered_name, R} -> out(R, Tab);
                     [] -> <<>>
                 end,
          {N, {obj, [{<<"trap">>, T},
                     {<<"links">>, set(L, Tab)},
                     {<<"monitors">>, set([X || {_, X} <- M], Tab)},
                     {<<"monitored_by">>, set(lists:delete(self(), B), Tab)},
                     {<<"name">>, Name},
                     {<<"waiting">>, maps:is_key(N, S#st.blocked)},
                     {<<"mail">>, show_box(mailbox(P), Tab)}]}}
      end || {N, P} <- lists:sort(maps:to_list(S#st.alive))]}.

set(L, Tab) ->
    [J || {_, J} <- lists:sort([begin J = out(X, Tab),
                                      {iolist_to_binary(json_encode(J)), J}
                                end || X <- L])].

%% ------------------------------------------------------------------
%% The actors
%% ------------------------------------------------------------------

%% Spawned by the calling process, with the given spawn_opt options.
spawn_actor(Ctl, Name, Tab, Jit, Opts) ->
    C = #ctx{ctl = Ctl, name = Name, tab = Tab, jit = Jit},
    R = erlang:spawn_opt(fun() -> actor(C) end, Opts),
    Pid = case R of {P, _} -> P; P -> P end,
    ets:insert(Tab, [{<<"@", Name/binary>>, Pid}, {{pid, Pid}, Name}]),
    R.

actor(C = #ctx{jit = {Seed, N}, name = Name}) ->
    _ = rand:seed(exsss, {Seed, N, erlang:phash2(Name)}),
    loop(C);
actor(C) ->
    loop(C).

loop(C = #ctx{ctl = Ctl, name = Name}) ->
    receive
        {'$cmd', Ops} ->
            case ops(Ops, C) of
                stop -> ok;
                cont ->
                    Ctl ! {'$done', Name},
                    loop(C)
            end;
        {'$sync', K} ->
            Ctl ! {'$synced', self(), K},
            loop(C);
        {'$shuffle', Ms, K} ->
            reorder(Ms),
            Ctl ! {'$synced', self(), K},
            loop(C)
    end.

reorder(Ms) ->
    [receive M -> ok end || M <- Ms],
    [self() ! M || M <- Ms],
    ok.

ops([], _) -> cont;
ops([Op | Rest], C = #ctx{tab = Tab}) ->
    jitter(C),
    Die = case Op of
              [<<"return">>] -> stop;
              [<<"exit">>, R] -> die(exit, R, C);
              [<<"error">>, R] -> die(error, R, C);
              [<<"throw">>, R] -> die(throw, R, C);
              [<<"crash">>, Op1] ->
                  case bound(Op1, Tab) of
                      true ->
                          V = op(Op1, C),
                          result(value(Op1, V, C), C);
                      U -> result(U, C)
                  end;
              _ ->
                  R = case bound(Op, Tab) of
                          true ->
                              try value(Op, op(Op, C), C)
                              catch Class:Reason ->
                                      {obj, [{atom_to_binary(Class),
                                              out(Reason, Tab)}]}
                              end;
                          U -> U
                      end,
                  result(R, C)
          end,
    case Die of
        stop -> stop;
        _ -> ops(Rest, C)
    end.

die(Class, R, C = #ctx{tab = Tab}) ->
    case bound(R, Tab) of
        true ->
            T = in(R, Tab),
            case Class of
                exit -> exit(T);
                error -> erlang:error(T);
                throw -> throw(T)
            end;
        U -> result(U, C)
    end.

result(R, #ctx{ctl = Ctl, name = Name}) ->
    Ctl ! {'$res', Name, R},
    cont.

jitter(#ctx{jit = none}) -> ok;
jitter(_) ->
    case rand:uniform(4) of
        1 -> ok;
        2 -> erlang:yield();
        3 -> [erlang:yield() || _ <- lists:seq(1, rand:uniform(20))], ok;
        4 -> timer:sleep(rand:uniform(2))
    end.

%% Every name an operation uses must be bound, or the operation is skipped.
%% The names an operation binds stand where no value is looked up.
bound([<<"spawn">>, _, Opts], Tab) -> bound(maps:get(<<"tag">>, Opts, 0), Tab);
bound([<<"monitor">>, _, T, Opts], Tab) ->
    both(bound(T, Tab), maps:get(<<"tag">>, Opts, 0), Tab);
bound([<<"demonitor">>, R, _], Tab) -> bound(<<"#", R/binary>>, Tab);
bound([<<"alias">>, _, _], _) -> true;
bound([<<"unalias">>, R], Tab) -> bound(<<"#", R/binary>>, Tab);
bound([<<"send_after">>, _, _, T, M], Tab) -> both(bound(T, Tab), M, Tab);
bound([<<"start_timer">>, _, _, T, M], Tab) -> both(bound(T, Tab), M, Tab);
bound([<<"cancel_timer">>, R], Tab) -> bound(<<"#", R/binary>>, Tab);
bound([<<"read_timer">>, R], Tab) -> bound(<<"#", R/binary>>, Tab);
bound(L, Tab) when is_list(L) ->
    lists:foldl(fun(X, Acc) -> both(Acc, X, Tab) end, true, L);
bound(#{<<"l">> := L}, Tab) -> bound(L, Tab);
bound(<<C, _/binary>> = Name, Tab) when C =:= $@; C =:= $# ->
    case ets:member(Tab, Name) of
        true -> true;
        false -> {obj, [{<<"unbound">>, Name}]}
    end;
bound(_, _) -> true.

both(true, X, Tab) -> bound(X, Tab);
both(U, _, _) -> U.

%% A term of the scenario as an Erlang term.
in(true, _) -> true;
in(false, _) -> false;
in(N, _) when is_integer(N) -> N;
in(<<C, _/binary>> = Name, Tab) when C =:= $@; C =:= $# ->
    ets:lookup_element(Tab, Name, 2);
in(<<"node">>, _) -> node();
in(B, _) when is_binary(B) -> binary_to_atom(B);
in(L, Tab) when is_list(L) -> list_to_tuple([in(X, Tab) || X <- L]);
in(#{<<"l">> := L}, Tab) -> [in(X, Tab) || X <- L].

%% An Erlang term in canonical form.
out(true, _) -> true;
out(false, _) -> false;
out(A, _) when A =:= node() -> <<"node">>;
out(A, _) when is_atom(A) -> atom_to_binary(A);
out(N, _) when is_integer(N) -> N;
out(P, Tab) when is_pid(P) ->
    case ets:lookup(Tab, {pid, P}) of
        [{_, Name}] -> <<"@", Name/binary>>;
        [] -> <<"@?">>
    end;
out(R, Tab) when is_reference(R) ->
    case ets:lookup(Tab, {ref, R}) of
        [{_, Name}] -> <<"#", Name/binary>>;
        [] -> <<"#?">>
    end;
out(T, Tab) when is_tuple(T) -> [out(X, Tab) || X <- tuple_to_list(T)];
out([{M, F, A, Loc} | _], _)
  when is_atom(M), is_atom(F), is_list(Loc), (is_integer(A) orelse is_list(A)) ->
    <<"*stack">>;
out(L, Tab) when is_list(L) -> {obj, [{<<"l">>, [out(X, Tab) || X <- L]}]};
out(X, _) -> iolist_to_binary(io_lib:format("?~0p", [X])).

bind_ref(Name, Ref, #ctx{tab = Tab}) ->
    ets:insert(Tab, [{<<"#", Name/binary>>, Ref}, {{ref, Ref}, Name}]),
    Ref.

op([<<"spawn">>, Name, Opts], C) ->
    L = [link || maps:get(<<"link">>, Opts, false)],
    M = case Opts of
            #{<<"monitor">> := _} ->
                case monitor_opts(Opts, C) of
                    [] -> [monitor];
                    MO -> [{monitor, MO}]
                end;
            _ -> []
        end,
    R = spawn_actor(C#ctx.ctl, Name, C#ctx.tab, C#ctx.jit, L ++ M),
    Pid = case R of
              {P, Ref} -> bind_ref(maps:get(<<"monitor">>, Opts), Ref, C), P;
              P -> P
          end,
    C#ctx.ctl ! {'$born', Name, Pid, self()},
    receive '$ack' -> ok end,
    R;
op([<<"link">>, P], C) -> link(in(P, C#ctx.tab));
op([<<"unlink">>, P], C) -> unlink(in(P, C#ctx.tab));
op([<<"monitor">>, Name, T, Opts], C) ->
    Target = in(T, C#ctx.tab),
    Ref = case monitor_opts(Opts, C) of
              [] -> erlang:monitor(process, Target);
              MO -> erlang:monitor(process, Target, MO)
          end,
    bind_ref(Name, Ref, C);
op([<<"demonitor">>, Name, Opts], C) ->
    erlang:demonitor(in(<<"#", Name/binary>>, C#ctx.tab),
                     [binary_to_atom(O) || O <- Opts]);
op([<<"exit2">>, P, R], #ctx{tab = Tab}) -> exit(in(P, Tab), in(R, Tab));
op([<<"trap">>, B], _) -> process_flag(trap_exit, B);
op([<<"register">>, N, P], #ctx{tab = Tab}) -> register(in(N, Tab), in(P, Tab));
op([<<"unregister">>, N], #ctx{tab = Tab}) -> unregister(in(N, Tab));
op([<<"whereis">>, N], #ctx{tab = Tab}) -> whereis(in(N, Tab));
op([<<"send">>, T, M], #ctx{tab = Tab}) -> erlang:send(in(T, Tab), in(M, Tab));
op([<<"recv">>, Pat], C) -> recv(pattern(Pat, C), 0, C);
op([<<"await">>, Pat], C) ->
    P = pattern(Pat, C),
    case recv(P, 0, C) of
        timeout ->
            C#ctx.ctl ! {'$blocked', C#ctx.name},
            {got, M} = R = recv(P, infinity, C),
            C#ctx.ctl ! {'$woke', C#ctx.name, M},
            R;
        Got -> Got
    end;
op([<<"alive">>, P], #ctx{tab = Tab}) -> is_process_alive(in(P, Tab));
op([<<"info">>, P, Item], #ctx{tab = Tab}) ->
    Pid = in(P, Tab),
    process_info(Pid, binary_to_atom(Item));
op([<<"alias">>, Name, Opts], C) ->
    Ref = case Opts of
              [] -> erlang:alias();
              _ -> erlang:alias([binary_to_atom(O) || O <- Opts])
          end,
    bind_ref(Name, Ref, C);
op([<<"unalias">>, Name], #ctx{tab = Tab}) ->
    erlang:unalias(in(<<"#", Name/binary>>, Tab));
op([<<"send_after">>, Name, Time, T, M], C = #ctx{tab = Tab}) ->
    Ref = erlang:send_after(time(Time, C), in(T, Tab), in(M, Tab)),
    bind_ref(Name, Ref, C);
op([<<"start_timer">>, Name, Time, T, M], C = #ctx{tab = Tab}) ->
    Ref = erlang:start_timer(time(Time, C), in(T, Tab), in(M, Tab)),
    bind_ref(Name, Ref, C);
op([<<"cancel_timer">>, Name], #ctx{tab = Tab}) ->
    erlang:cancel_timer(in(<<"#", Name/binary>>, Tab));
op([<<"read_timer">>, Name], #ctx{tab = Tab}) ->
    erlang:read_timer(in(<<"#", Name/binary>>, Tab)).

monitor_opts(Opts, #ctx{tab = Tab}) ->
    [{alias, binary_to_atom(A)} || {<<"alias">>, A} <- maps:to_list(Opts)]
        ++ [{tag, in(T, Tab)} || {<<"tag">>, T} <- maps:to_list(Opts)].

time(<<"far">>, _) -> 10000000;
time(<<"now">>, C) ->
    C#ctx.ctl ! {'$timer', C#ctx.name},
    0.

%% What of an operation's value is shown.
value([<<"info">>, _, _], undefined, _) -> <<"undefined">>;
value([<<"info">>, _, Item], V, C = #ctx{tab = Tab}) ->
    case {Item, V} of
        {<<"registered_name">>, []} -> <<>>;
        {<<"links">>, {_, L}} -> {obj, [{<<"l">>, set(L, Tab)}]};
        {<<"monitors">>, {_, L}} ->
            {obj, [{<<"l">>, set([X || {_, X} <- L], Tab)}]};
        {<<"monitored_by">>, {_, L}} ->
            {obj, [{<<"l">>, set(lists:delete(C#ctx.ctl, L), Tab)}]};
        {<<"messages">>, {_, L}} ->
            {obj, [{<<"l">>,
                    show_box([M || M <- L, not internal(M)], Tab)}]};
        {_, {_, X}} -> out(X, Tab)
    end;
value([<<"cancel_timer">>, _], N, _) when is_integer(N) -> <<"left">>;
value([<<"read_timer">>, _], N, _) when is_integer(N) -> <<"left">>;
value(_, V, #ctx{tab = Tab}) -> out(V, Tab).

pattern(<<"any">>, _) -> any;
pattern(<<"atom">>, _) -> atom;
pattern(<<"int">>, _) -> int;
pattern([<<"is">>, T], #ctx{tab = Tab}) -> {is, in(T, Tab)};
pattern([<<"tag">>, A], #ctx{tab = Tab}) -> {tag, in(A, Tab)};
pattern([<<"tag2">>, A, B], #ctx{tab = Tab}) -> {tag2, in(A, Tab), in(B, Tab)}.

-define(HANDLE_SYNC,
        {'$sync', K} ->
               C#ctx.ctl ! {'$synced', self(), K},
               recv(Pat, Timeout, C);
        {'$shuffle', Ms, K} ->
               reorder(Ms),
               C#ctx.ctl ! {'$synced', self(), K},
               recv(Pat, Timeout, C)).

-define(USER(M),
        (not is_tuple(M)
         orelse tuple_size(M) =:= 0
         orelse (element(1, M) =/= '$sync'
                 andalso element(1, M) =/= '$cmd'
                 andalso element(1, M) =/= '$shuffle'))).

%% A true selective receive for each pattern of the language.
recv(any = Pat, Timeout, C) ->
    receive ?HANDLE_SYNC;
            M when ?USER(M) -> {got, M}
    after Timeout -> timeout end;
recv(atom = Pat, Timeout, C) ->
    receive ?HANDLE_SYNC;
            M when is_atom(M) -> {got, M}
    after Timeout -> timeout end;
recv(int = Pat, Timeout, C) ->
    receive ?HANDLE_SYNC;
            M when is_integer(M) -> {got, M}
    after Timeout -> timeout end;
recv({is, T} = Pat, Timeout, C) ->
    receive ?HANDLE_SYNC;
            M when M =:= T -> {got, M}
    after Timeout -> timeout end;
recv({tag, A} = Pat, Timeout, C) ->
    receive ?HANDLE_SYNC;
            M when is_tuple(M), tuple_size(M) >= 1, element(1, M) =:= A ->
                   {got, M}
    after Timeout -> timeout end;
recv({tag2, A, B} = Pat, Timeout, C) ->
    receive ?HANDLE_SYNC;
            M when is_tuple(M), tuple_size(M) >= 2,
                   element(1, M) =:= A, element(2, M) =:= B ->
                   {got, M}
    after Timeout -> timeout end.

%% ------------------------------------------------------------------
%% JSON, as much of it as the scenarios use
%% ------------------------------------------------------------------

json_decode(Bin) ->
    {V, Rest} = jvalue(ws(Bin)),
    <<>> = ws(Rest),
    V.

ws(<<C, R/binary>>) when C =:= $\s; C =:= $\t; C =:= $\n; C =:= $\r -> ws(R);
ws(R) -> R.

jvalue(<<"true", R/binary>>) -> {true, R};
jvalue(<<"false", R/binary>>) -> {false, R};
jvalue(<<"null", R/binary>>) -> {null, R};
jvalue(<<$", R/binary>>) -> jstring(R, <<>>);
jvalue(<<$[, R/binary>>) ->
    case ws(R) of
        <<$], R1/binary>> -> {[], R1};
        R1 -> jarray(R1, [])
    end;
jvalue(<<${, R/binary>>) ->
    case ws(R) of
        <<$}, R1/binary>> -> {#{}, R1};
        R1 -> jobject(R1, #{})
    end;
jvalue(<<$-, R/binary>>) ->
    {N, R1} = jint(R, 0),
    {-N, R1};
jvalue(<<C, _/binary>> = R) when C >= $0, C =< $9 ->
    jint(R, 0).

jint(<<C, R/binary>>, N) when C >= $0, C =< $9 -> jint(R, N * 10 + C - $0);
jint(R, N) -> {N, R}.

jarray(Bin, Acc) ->
    {V, R} = jvalue(ws(Bin)),
    case ws(R) of
        <<$,, R1/binary>> -> jarray(R1, [V | Acc]);
        <<$], R1/binary>> -> {lists:reverse([V | Acc]), R1}
    end.

jobject(Bin, Acc) ->
    <<$", R/binary>> = ws(Bin),
    {K, R1} = jstring(R, <<>>),
    <<$:, R2/binary>> = ws(R1),
    {V, R3} = jvalue(ws(R2)),
    Acc1 = Acc#{K => V},
    case ws(R3) of
        <<$,, R4/binary>> -> jobject(R4, Acc1);
        <<$}, R4/binary>> -> {Acc1, R4}
    end.

jstring(<<$", R/binary>>, Acc) -> {Acc, R};
jstring(<<$\\, C, R/binary>>, Acc) when C =:= $"; C =:= $\\; C =:= $/ ->
    jstring(R, <<Acc/binary, C>>);
jstring(<<"\\n", R/binary>>, Acc) -> jstring(R, <<Acc/binary, $\n>>);
jstring(<<"\\t", R/binary>>, Acc) -> jstring(R, <<Acc/binary, $\t>>);
jstring(<<"\\u", H:4/binary, R/binary>>, Acc) ->
    N = binary_to_integer(H, 16),
    jstring(R, <<Acc/binary, N/utf8>>);
jstring(<<C, R/binary>>, Acc) -> jstring(R, <<Acc/binary, C>>).

json_encode(true) -> "true";
json_encode(false) -> "false";
json_encode(null) -> "null";
json_encode(N) when is_integer(N) -> integer_to_list(N);
json_encode(B) when is_binary(B) -> [$", [jescape(C) || <<C>> <= B], $"];
json_encode(L) when is_list(L) ->
    [$[, lists:join($,, [json_encode(X) || X <- L]), $]];
json_encode({obj, KVs}) ->
    [${, lists:join($,, [[json_encode(K), $:, json_encode(V)] || {K, V} <- KVs]),
     $}].

jescape($") -> "\\\"";
jescape($\\) -> "\\\\";
jescape(C) when C < 32 -> io_lib:format("\\u~4.16.0b", [C]);
jescape(C) -> C.
