%% Gives gen_event random orders (see ours.py); one line of output for each list of orders.
-module(player).
-export([main/1]).

main(File) ->
    logger:set_primary_config(level, none),
    make_handler(),
    {ok, Lists} = file:consult(File),
    lists:foreach(
      fun(Orders) ->
              Me = self(),
              Pid = spawn_link(fun() -> Me ! {self(), drive(Orders)} end),
              receive {Pid, Trace} -> io:format("~w.~n", [Trace]) end
      end, Lists).

make_handler() ->
    Source =
        "-module(h).\n"
        "-compile([export_all, nowarn_export_all]).\n"
        "init({{Log, Id, How}, Handed}) -> Log ! {init, Id, How, plain(Handed)}, init(Log, Id, How);\n"
        "init({Log, Id, How}) -> Log ! {init, Id, How}, init(Log, Id, How).\n"
        "init(_, _, crash) -> error(crash);\n"
        "init(_, _, exit) -> exit(exit);\n"
        "init(_, _, error) -> {error, no};\n"
        "init(_, _, odd) -> odd;\n"
        "init(Log, Id, hibernate) -> {ok, {Log, Id}, hibernate};\n"
        "init(Log, Id, ok) -> {ok, {Log, Id}}.\n"
        "answer(Kind, Answers, {Log, Id} = S) ->\n"
        "    Given = proplists:get_value(Id, Answers, ok), Log ! {Kind, Id, Given},\n"
        "    case Given of\n"
        "        crash -> error(crash);\n"
        "        exit -> exit(exit);\n"
        "        throw -> throw(case Kind of call -> {remove_handler, undefined}; _ -> remove_handler end);\n"
        "        remove when Kind =:= call -> {remove_handler, reply};\n"
        "        remove -> remove_handler;\n"
        "        {swap, Arg, New, How} when Kind =:= call -> {swap_handler, reply, Arg, S, New, {Log, New, How}};\n"
        "        {swap, Arg, New, How} -> {swap_handler, Arg, S, New, {Log, New, How}};\n"
        "        odd when Kind =/= call -> odd;\n"
        "        odd -> {ok, odd, S};\n"
        "        hibernate when Kind =:= call -> {ok, reply, S, hibernate};\n"
        "        hibernate -> {ok, S, hibernate};\n"
        "        ok when Kind =:= call -> {ok, reply, S};\n"
        "        ok -> {ok, S}\n"
        "    end.\n"
        "handle_event(E, S) -> answer(event, E, S).\n"
        "handle_info({'EXIT', _, _}, S) -> {ok, S};\n"
        "handle_info(I, S) -> answer(info, I, S).\n"
        "handle_call(R, S) -> answer(call, R, S).\n"
        "terminate(Arg, {Log, Id}) ->\n"
        "    Log ! {terminate, Id, plain(Arg)},\n"
        "    case Arg of boom -> error(boom); _ -> {terminated, Arg} end.\n"
        "plain({'EXIT', {R, [{_, _, _, _} | _]}}) -> {'EXIT', plain(R)};\n"
        "plain(T) when is_tuple(T) -> list_to_tuple([plain(E) || E <- tuple_to_list(T)]);\n"
        "plain(P) when is_pid(P) -> pid;\n"
        "plain([_ | _] = L) -> [plain(E) || E <- L];\n"
        "plain(T) -> T.\n",
    {ok, Tokens, _} = erl_scan:string(Source),
    {ok, h, Code} = compile:forms(forms(Tokens)),
    {module, h} = code:load_binary(h, "h", Code).

forms([]) -> [];
forms(Tokens) ->
    {Form, [Dot | Rest]} = lists:splitwith(fun(T) -> element(1, T) =/= dot end, Tokens),
    {ok, Parsed} = erl_parse:parse_form(Form ++ [Dot]),
    [Parsed | forms(Rest)].

drive(Orders) ->
    {ok, M} = gen_event:start(),
    Me = self(),
    put(1, spawn(fun() -> owner(Me, 1) end)),
    put(2, spawn(fun() -> owner(Me, 2) end)),
    [begin
         Result = do(M, O),
         Handlers = gen_event:which_handlers(M),
         [begin get(N) ! {sync, N}, receive {synced, N} -> ok end end || N <- [1, 2]],
         {Owners, Told} = lists:partition(fun(T) -> element(1, T) =:= owner end,
                                          [h:plain(X) || X <- flush()]),
         {O, Result, Told ++ lists:keysort(2, Owners), Handlers}
     end || O <- Orders].

flush() -> receive X -> [X | flush()] after 0 -> [] end.

do(M, {add, Id, How}) -> result(gen_event:add_handler(M, Id, {self(), Id, How}));
do(M, {delete, Id, Arg}) -> result(gen_event:delete_handler(M, Id, Arg));
do(M, {swap, Id, Arg, New, How}) ->
    swapped(gen_event:swap_handler(M, {Id, Arg}, {New, {self(), New, How}}));
do(M, {add_sup, N, Id, How}) -> get(N) ! {add_sup, M, Id, How}, receive {result, R} -> R end;
do(M, {swap_sup, N, Id, Arg, New, How}) ->
    get(N) ! {swap_sup, M, Id, Arg, New, How}, receive {result, R} -> R end;
do(M, {notify, As}) -> gen_event:notify(M, As);
do(M, {sync, As}) -> gen_event:sync_notify(M, As);
do(M, {info, As}) -> M ! As, ok;
do(M, {call, Id, A}) ->
    case gen_event:call(M, Id, [{Id, A}]) of
        undefined -> ok;
        R -> h:plain(R)
    end;
do(_, {die, N, Reason}) ->
    Me = self(),
    Ref = monitor(process, get(N)),
    get(N) ! {die, Reason},
    receive {'DOWN', Ref, _, _, _} -> ok end,
    put(N, spawn(fun() -> owner(Me, N) end)),
    ok.

%% Where OTP returns what init returned, we raise a HandlerError.
result(odd) -> {error, odd};
result({'EXIT', _} = E) -> {error, h:plain(E)};
result(R) -> h:plain(R).

swapped({error, R}) -> result(R);
swapped(R) -> result(R).

owner(Driver, N) ->
    receive
        {sync, _} -> Driver ! {synced, N};
        {die, Reason} -> exit(Reason);
        {add_sup, M, Id, How} ->
            Driver ! {result, result(gen_event:add_sup_handler(M, Id, {Driver, Id, How}))};
        {swap_sup, M, Id, Arg, New, How} ->
            R = gen_event:swap_sup_handler(M, {Id, Arg}, {New, {Driver, New, How}}),
            Driver ! {result, swapped(R)};
        Message -> Driver ! {owner, N, h:plain(Message)}
    end,
    owner(Driver, N).
